"""A static site: ``python -m gdviz.site OUT`` writes it, any web server or CDN serves it, also under a path of its own.

Any recorded rule on any recorded landscape, or on the reader's own formula, in the reader's browser; the stories of
Descent with their texts; recorded trainings that play again; pictures of sweeps; and the place of each lesson. What the
first page needs is small; landscapes, stories and trainings are loaded when they are opened, in the reader's colour
scheme. Nothing is asked of any other host.
"""

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from gdviz.charts.background import background
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME, Theme
from gdviz.descent.experiment import DEFAULT
from gdviz.landscapes import LANDSCAPES
from gdviz.live import chosen_of, figure_data, scripts
from gdviz.live.data import landscape_data, slider, sliders, theme_data
from gdviz.live.parts import rule_record
from gdviz.live.rules import rule_formula
from gdviz.live.still import StepAxis, heatmap, landscape_plot, step_plot
from gdviz.live.words import WORDS
from gdviz.optimizers import OPTIMIZERS
from gdviz.site.lessons import lessons_html
from gdviz.site.pictures import pictures_html
from gdviz.site.trainings import TRAININGS, training_data
from gdviz.stories import of_page
from gdviz.tracing import why_not

SCHEMES = {"light": LIGHT_THEME, "dark": DARK_THEME}
"""The colour schemes; the files to load are in a folder for each."""


def write(folder: Path, home: str = "") -> None:
    """Write the site into a folder.

    Args:
        folder: Is made if it is not there; files of the same names are replaced.
        home: Where the app is, for a link; empty for none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gdviz.js").write_text(scripts.core(site=True), encoding="utf-8")
    (folder / "vega.js").write_text(scripts.vega(), encoding="utf-8")
    stories = [(story, story.setup.run()) for story in of_page("descent")]
    for scheme, theme in SCHEMES.items():
        own = folder / scheme
        _write_json(own / "rules.json", _rules(theme))
        for name in LANDSCAPES:
            _write_json(own / "landscapes" / f"{name}.json", _landscape(name, theme))
        for story, runs in stories:
            data = figure_data(runs, dark=theme is DARK_THEME)
            _write_json(own / "stories" / f"{story.name}.json", {"data": data, "text": story.text})
        for name in TRAININGS:
            _write_json(own / "trainings" / f"{name}.json", training_data(name, theme))
    trainings = {name: story.title for name, story in TRAININGS.items()}
    parts = {
        "style": scripts.style(),
        "stories": _links("story", {story.name: story.title for story, _ in stories}),
        "trainings": _links("training", trainings),
        "lessons": lessons_html(),
        "pictures": pictures_html(folder, SCHEMES),
        "opening": DEFAULT.landscape.name,
        "app": f'<a href="{html.escape(home, quote=True)}">the app</a>' if home else "the app",
    }
    text = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    page = re.sub(r"<!--(\w+)-->|/\*(\w+)\*/", lambda found: parts[found[1] or found[2]], text)
    (folder / "index.html").write_text(page, encoding="utf-8")


def _links(kind: str, titles: dict[str, str]) -> str:
    return "".join(f'<li><a href="#{kind}={name}">{html.escape(title)}</a></li>' for name, title in titles.items())


def _rules(theme: Theme) -> dict[str, Any]:
    """The explorer's data before a landscape is chosen."""
    kinds = {
        "log": StepAxis("loss above the lowest (log)", "log"),
        "symlog": StepAxis("loss (symmetric log)", "symlog"),
    }
    chosen = chosen_of(DEFAULT.descents())
    return {
        "rules": {name: _rule(name) for name in OPTIMIZERS if not why_not(DEFAULT.landscape, OPTIMIZERS.make(name))},
        "landscapes": {name: entry.label for name, entry in LANDSCAPES.items()},
        "still": {
            "landscape": landscape_plot(DEFAULT.landscape.domain, theme),
            **{kind: step_plot(axis, "step", theme) for kind, axis in kinds.items()},
        },
        "theme": theme_data(theme),
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
        "formula": rule_formula(rule, made["state"]),
        **made,
        "knobs": {knob: value for knob, value in made["knobs"].items() if knob not in slid},
    }


def _landscape(name: str, theme: Theme) -> dict[str, Any]:
    landscape = LANDSCAPES.make(name)
    drawn = background(landscape, theme)
    minima = [{"x": x, "y": y} for x, y in landscape.minima]
    picture = heatmap(drawn.image["url"][0], landscape.domain)
    contours = {name: np.asarray(values).tolist() for name, values in drawn.contours.items() if name != "at"}
    still = {"heatmap": picture, "contours": contours, "minima": minima}
    return {**landscape_data(landscape, whole=True), "start": landscape.start, "still": still}


def _write_json(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
