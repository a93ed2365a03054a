"""The data of a training in a picture, before it starts."""

from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure, Table, live_spec
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME, SHAPES
from gdviz.charts.pictures import montage, png
from gdviz.charts.theme import plot_height
from gdviz.training.datasets import Loaded

_MOST_POINTS = 500
_CELL, _IMAGE = 44, 40
_MOST_BARS = 20


def data_preview(loaded: Loaded, image: tuple[int, int, int] | None, *, width: int = 320, dark: bool = False) -> Figure:
    """The data: images, points in the plane of two inputs, the target over one input, or how often each target is.

    Args:
        loaded: The data as they are loaded.
        image: Height, width and channels, where the inputs are pixels.
        width: In pixels.
        dark: True on dark ground.
    """
    if image is not None:
        return _images(loaded, image, width)
    if loaded.x.shape[1] <= 2:
        return _points(loaded, width, dark)
    return _targets(loaded, width, dark)


def _images(loaded: Loaded, image: tuple[int, int, int], width: int) -> Figure:
    columns, rows = max(3, (width - 20) // _CELL), plot_height(width) // _CELL
    shown = loaded.x[: columns * rows].reshape(-1, *image).mean(axis=-1).astype(float)
    low, spread = float(shown.min()), float(np.ptp(shown)) or 1.0
    grey = ("#000000", "#808080", "#FFFFFF")
    sheet = montage(2 * (shown - low) / spread - 1, columns, _IMAGE, (_CELL, _CELL), grey)
    height, across = sheet.shape[:2]
    mark = alt.Chart(alt.NamedData(name="sheet")).mark_image(width=across, height=height, tooltip=None)
    drawn = mark.encode(url=alt.Url("url:N"), x=alt.value(across / 2), y=alt.value(height / 2))
    spec = live_spec(drawn.properties(width=across, height=height))
    return Figure(spec, {"sheet": {"url": [png(sheet)]}}, "The first images", f"The first {len(shown)} images.")


def _points(loaded: Loaded, width: int, dark: bool) -> Figure:
    theme, x, y = DARK_THEME if dark else LIGHT_THEME, loaded.x[:_MOST_POINTS], loaded.y[:_MOST_POINTS]
    classes = list(loaded.classes)
    tables: dict[str, Table] = {
        "points": {
            "x": x[:, 0],
            "y": x[:, 1] if x.shape[1] == 2 else y,
            "class": [classes[int(i)] for i in y] if classes else ["data"] * len(y),
        }
    }
    up = loaded.inputs[1] if x.shape[1] == 2 else "target"
    names, count = classes or ["data"], max(1, len(classes))
    colours = [theme.runs[(i if classes else 1) % len(theme.runs)] for i in range(count)]
    legend: Any = alt.Legend(title=None, orient="top", columns=4) if classes else None
    chart = (
        alt.Chart(alt.NamedData(name="points"))
        .mark_point(filled=True, size=22, opacity=0.8, tooltip=None, invalid=None)
        .encode(
            x=alt.X("x:Q", title=loaded.inputs[0], scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", title=up, scale=alt.Scale(zero=False)),
            color=alt.Color("class:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            shape=alt.Shape(
                "class:N",
                scale=alt.Scale(domain=names, range=[SHAPES[i % len(SHAPES)] for i in range(count)]),
                legend=legend,
            ),
        )
        .properties(width=max(160, width - 80), height=plot_height(width))
    )
    words = f"The first {len(y)} of {len(loaded.y)} points, {up} against {loaded.inputs[0]}."
    return Figure(live_spec(chart), tables, "The data", words)


def _targets(loaded: Loaded, width: int, dark: bool) -> Figure:
    """How many rows each class has, or each range of a number."""
    theme = DARK_THEME if dark else LIGHT_THEME
    if loaded.classes:
        counts = np.bincount(loaded.y.astype(int), minlength=len(loaded.classes))
        order = np.argsort(-counts, kind="stable")[:_MOST_BARS]
        names, counts = [loaded.classes[i] for i in order], counts[order]
    else:
        counts, edges = np.histogram(loaded.y.astype(float), bins=10)
        names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    bars = (
        alt.Chart(alt.NamedData(name="targets"))
        .mark_bar(color=theme.runs[1], tooltip=None)
        .encode(
            x=alt.X("rows:Q", title="rows", axis=alt.Axis(tickCount=4)),
            y=alt.Y("target:N", title=None, sort=names, axis=alt.Axis(labelLimit=90)),
        )
        .properties(width=max(160, width - 130), height=plot_height(width))
    )
    tables: dict[str, Table] = {"targets": {"target": names, "rows": counts}}
    words = "; ".join(f"{name}: {count} rows" for name, count in zip(names, counts, strict=True))
    return Figure(live_spec(bars), tables, "How often each target is", f"{words}.")
