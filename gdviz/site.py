"""A static site: ``python -m gdviz.site OUT`` writes it, any web server or CDN serves it, also under a path of its own.

Any recorded rule on any recorded landscape, or on the reader's own formula, in the reader's browser; the stories of
Descent with their texts; and pictures of basins. What the first page needs is small; landscapes and stories are loaded
when they are opened. Nothing is asked of any other host.
"""

import argparse
import html
import io
import json
import re
from pathlib import Path
from typing import Any

from PIL import Image

from gdviz.charts.background import background
from gdviz.charts.figure import records
from gdviz.charts.palette import LIGHT_THEME
from gdviz.charts.sweeps import basin_words, basins
from gdviz.descent import descend
from gdviz.descent.experiment import DEFAULT
from gdviz.export.pictures import to_png
from gdviz.landscapes import LANDSCAPES
from gdviz.live import chosen_of, figure_data, scripts
from gdviz.live.data import landscape_data, slider, sliders, theme_data
from gdviz.live.parts import rule_record
from gdviz.live.still import StepAxis, landscape_plot, step_plot
from gdviz.live.words import WORDS
from gdviz.optimizers import OPTIMIZERS
from gdviz.stories import of_page
from gdviz.sweeps.studies import basins as studied
from gdviz.tracing import why_not

PICTURES = (("himmelblau", "momentum", 0.01), ("himmelblau", "adam", 0.1), ("three_hump_camel", "nesterov", 0.05))
"""Landscape, optimizer and learning rate of each picture of basins."""


def write(folder: Path, home: str = "") -> None:
    """Write the site into a folder.

    Args:
        folder: Is made if it is not there; files of the same names are replaced.
        home: Where the app is, for a link; empty for none.
    """
    for name in ("landscapes", "stories", "pictures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "gdviz.js").write_text(scripts.core(site=True), encoding="utf-8")
    (folder / "vega.js").write_text(scripts.vega(), encoding="utf-8")
    _write_json(folder / "rules.json", _rules())
    for name in LANDSCAPES:
        _write_json(folder / "landscapes" / f"{name}.json", _landscape(name))
    links = []
    for story in of_page("descent"):
        _write_json(
            folder / "stories" / f"{story.name}.json", {"data": figure_data(story.setup.run()), "text": story.text}
        )
        links.append(f'<li><a href="#story={story.name}">{html.escape(story.title)}</a></li>')
    parts = {
        "style": scripts.style(),
        "stories": "".join(links),
        "pictures": "".join(_picture(folder, *one) for one in PICTURES),
        "app": f'<a href="{html.escape(home, quote=True)}">the app</a>' if home else "the app",
    }
    text = (scripts.FOLDER / "site.html").read_text(encoding="utf-8")
    page = re.sub(r"<!--(\w+)-->|/\*(\w+)\*/", lambda found: parts[found[1] or found[2]], text)
    (folder / "index.html").write_text(page, encoding="utf-8")


def _rules() -> dict[str, Any]:
    """What the explorer needs before a landscape is chosen."""
    kinds = {
        "log": StepAxis("loss above the lowest (log)", "log"),
        "symlog": StepAxis("loss (symmetric log)", "symlog"),
    }
    chosen = chosen_of(DEFAULT.descents())
    return {
        "rules": {name: _rule(name) for name in OPTIMIZERS if not why_not(DEFAULT.landscape, OPTIMIZERS.make(name))},
        "landscapes": {name: entry.label for name, entry in LANDSCAPES.items()},
        "still": {
            "landscape": landscape_plot(DEFAULT.landscape.domain, LIGHT_THEME),
            **{kind: step_plot(axis, "step", LIGHT_THEME) for kind, axis in kinds.items()},
        },
        "theme": theme_data(LIGHT_THEME),
        "words": WORDS,
        "opening": {
            "landscape": DEFAULT.landscape.name,
            "formula": "(x-1)^2 + sin(3y)",
            "domain": [-5, 5, -5, 5],
            "runs": [
                {"rule": rule.name, "values": values}
                for rule, values in zip(DEFAULT.optimizers, chosen["values"], strict=True)
            ],
            "start": None,
            "steps": DEFAULT.steps,
        },
    }


def _rule(name: str) -> dict[str, Any]:
    rule = OPTIMIZERS.make(name)
    made = rule_record(rule).to_dict()
    slid = {f"optimizer.{knob.name}" for knob in sliders(rule)}
    return {
        "label": rule.label,
        "summary": rule.summary(),
        "sliders": [slider(knob) for knob in sliders(rule)],
        "values": {knob.name: rule.values()[knob.name] for knob in sliders(rule)},
        **made,
        "knobs": {knob: value for knob, value in made["knobs"].items() if knob not in slid},
    }


def _landscape(name: str) -> dict[str, Any]:
    landscape = LANDSCAPES.make(name)
    drawn = background(landscape, LIGHT_THEME)
    minima = [{"x": x, "y": y} for x, y in landscape.minima]
    still = {"heatmap": records(drawn.image), "contours": records(drawn.contours), "minima": minima}
    return {**landscape_data(landscape, whole=True), "start": landscape.start, "still": still}


def _picture(folder: Path, landscape: str, optimizer: str, rate: float) -> str:
    """Draw the basins of a rule; the figure's HTML, which leads to it in the explorer."""
    setup = descend(landscape, optimizer, rate, steps=300).setup
    *_, found = studied(setup)
    name = f"{landscape}-{optimizer}.png"
    with Image.open(io.BytesIO(to_png(basins(found)))) as drawn:
        drawn.convert("RGB").quantize(48).save(folder / "pictures" / name, optimize=True)  # a tenth of the bytes
    address = html.escape(f"#landscape={landscape}&run={optimizer},learning_rate={rate}&steps=300", quote=True)
    words = html.escape(basin_words(found))
    what = html.escape(f"{setup.optimizer.label} on {setup.landscape.label}")
    return (
        f'<figure><a href="{address}"><img src="pictures/{name}" alt="{words}" loading="lazy" width="320" height="320">'
        f"</a><figcaption>{what}: a colour a minimum, paler the slower.</figcaption></figure>"
    )


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m gdviz.site", description="Write the static site.")
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--home", default="", help="where the app is, for a link to it")
    arguments = parser.parse_args()
    write(arguments.out, arguments.home)
    total = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out}: {total / 1e6:.1f} MB; open index.html through any web server")


if __name__ == "__main__":
    main()
