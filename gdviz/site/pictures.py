"""The site's pictures of sweeps: those of the Sweeps page's stories, drawn when the site is written."""

import html
import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from PIL import Image

from gdviz.charts import sweeps as charts
from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK_THEME, Theme
from gdviz.descent.experiment import Experiment
from gdviz.export.pictures import to_png
from gdviz.stories import Story, of_page
from gdviz.sweeps import studies

Drawn = Iterator[tuple[str, Callable[..., Figure]]]
"""The name of each picture, and what draws it: for ``dark=True``, on dark ground."""


def pictures_html(folder: Path, schemes: Mapping[str, Theme]) -> str:
    """Draw the pictures of all stories of sweeps into ``pictures`` in the folder; the HTML that shows them."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    return "".join(_story(folder, story, schemes) for story in of_page("sweeps"))


def _story(folder: Path, story: Story, schemes: Mapping[str, Theme]) -> str:
    figures = []
    for name, draw in DRAWN[str(story.view["mode"])](story.setup):
        file = f"{story.name}-{name}"
        for scheme, theme in schemes.items():
            made = draw(dark=theme is DARK_THEME)
            with Image.open(io.BytesIO(to_png(made, theme))) as drawn:
                width, height = drawn.width // 2, drawn.height // 2
                small = drawn.convert("RGB").quantize(48)  # a tenth of the bytes
                small.save(folder / "pictures" / f"{file}-{scheme}.png", optimize=True)
        words = html.escape(f"{made.title}. {made.description}", quote=True)
        figures.append(
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="pictures/{file}-dark.png">'
            f'<img src="pictures/{file}-light.png" alt="{words}" loading="lazy" width="{width}" height="{height}">'
            "</picture>"
        )
    hash_ = html.escape("#" + urlencode({**story.setup.to_link()}, doseq=True), quote=True)
    return (
        f"<figure><div>{''.join(figures)}</div><figcaption><strong>{html.escape(story.title)}.</strong> "
        f'{html.escape(story.text)} <a href="{hash_}">Watch these runs</a></figcaption></figure>'
    )


def _basins(experiment: Experiment) -> Drawn:
    for run in experiment.descents():
        *_, found = studies.basins(run, 96)
        yield run.optimizer.name, partial(charts.basins, found, width=340)


def _window(experiment: Experiment) -> Drawn:
    found = [studies.window(run, np.geomspace(1e-4, 10, 61)) for run in experiment.descents()]
    yield "window", partial(charts.windows, found, width=960)


def _map(experiment: Experiment) -> Drawn:
    values = {"learning_rate": np.geomspace(1e-3, 1, 41), "momentum": np.linspace(0, 0.99, 41)}
    found = studies.hyperparameter_map(experiment.descents()[0], values)
    for quantity in ("steps", *(["theory"] if found.theory is not None else [])):
        yield quantity, partial(_heatmap, found, quantity)


def _heatmap(found: studies.Map, quantity: str, *, dark: bool) -> Figure:
    """One ramp of colours serves both grounds."""
    return charts.heatmap(found, quantity, width=400)


def _sensitivity(experiment: Experiment) -> Drawn:
    values = np.geomspace(1, 1000, 25)
    found = [studies.sensitivity(run, "condition number", values) for run in experiment.descents()]
    yield "sensitivity", partial(charts.sensitivities, found, width=960)


DRAWN: Mapping[str, Callable[[Experiment], Drawn]] = {
    "basins": _basins,
    "window": _window,
    "map": _map,
    "sensitivity": _sensitivity,
}
"""How the picture of each mode of the Sweeps page is drawn."""
