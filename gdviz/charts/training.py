"""Curves of a training run: losses and metrics, learning rate, sharpness, and what happens in each layer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure, Table, live_spec
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, ramp

_MOST_POINTS = 250
"""Longer series are thinned evenly: more points than a screen can show take time to send."""

Scale = Literal["log", "linear"]
Series = Mapping[str, tuple[Any, Any]]
"""Where (steps or epochs) and values, by name."""


def curves(
    series: Series,
    across: str,
    up: str,
    *,
    scale: Scale = "linear",
    ordered: bool = False,
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several series against the step or the epoch. What is not finite, and on a logarithmic axis what is not above 0,
    is left out.

    Args:
        series: Where, and what was measured there, by name.
        across, up: The titles of the axes.
        scale: Of the vertical axis.
        ordered: True where the series have an order, as layers have: they run through a ramp of colours, and their
            numbers stand at their ends.
        width: In pixels.
        dark: True on dark ground.
    """
    names: list[np.ndarray[Any, Any]] = []
    places: list[np.ndarray[Any, Any]] = []
    values: list[np.ndarray[Any, Any]] = []
    lasts = []
    for name, (at, measured) in series.items():
        numbers = np.array([np.nan if value is None else value for value in measured], dtype=np.float64)
        usable = np.flatnonzero(np.isfinite(numbers) & ((numbers > 0) | (scale == "linear")))
        if len(usable) > _MOST_POINTS:
            usable = usable[np.linspace(0, len(usable) - 1, _MOST_POINTS).round().astype(int)]
        names.append(np.full(len(usable), name))
        places.append(np.asarray(at)[usable])
        values.append(numbers[usable])
        if len(numbers):
            lasts.append(f"{name}: {_number(numbers[-1])} at {across} {at[-1]}")
    rows = {"series": _joined(names), "at": _joined(places), "value": _joined(values)}
    tables: dict[str, Table] = {"curves": rows}
    if ordered:
        drawn = [(i, place, value) for i, (place, value) in enumerate(zip(places, values, strict=True)) if len(place)]
        tables["ends"] = {
            "series": [list(series)[i] for i, _, _ in drawn],
            "number": [str(i + 1) for i, _, _ in drawn],
            "at": [place[-1] for _, place, _ in drawn],
            "value": [value[-1] for _, _, value in drawn],
        }
    spec = _spec(tuple(series), across, up, scale, ordered, width, dark)
    return Figure(spec, tables, f"{up} against the {across}", "; ".join(lasts) + ".")


@lru_cache(maxsize=128)
def _spec(names: tuple[str, ...], across: str, up: str, scale: Scale, ordered: bool, width: int, dark: bool) -> Any:
    """Kept, because making it takes longer than all the rest, and a live chart is drawn again twice a second."""
    theme, count = DARK_THEME if dark else LIGHT_THEME, len(names)
    colours = ramp(count, dark) if ordered else [theme.runs[i % len(theme.runs)] for i in range(count)]
    dashes = [DASHES[0 if ordered else i % len(DASHES)] for i in range(count)]
    legend = alt.Legend(title=None, orient="top", columns=2 if width < 500 else 3, labelLimit=200, symbolSize=400)
    x = alt.X(
        "at:Q",
        title=across,
        scale=alt.Scale(nice=False),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5),
    )
    y = alt.Y(
        "value:Q",
        title=up,
        scale=alt.Scale(type=scale, zero=False, nice=scale == "linear"),
        axis=alt.Axis(format=".3~g", tickCount=6),
    )
    colour = alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend)
    lines = (
        alt.Chart(alt.NamedData(name="curves"))
        .mark_line(tooltip=None, strokeWidth=1.8, invalid=None)  # the rows are checked already
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=list(names), range=dashes)),
        )
    )
    numbers = (
        alt.Chart(alt.NamedData(name="ends"))
        .mark_text(tooltip=None, align="left", dx=4, fontSize=11, fontWeight="bold", invalid=None)
        .encode(x=x, y=y, color=colour, text=alt.Text("number:N"))
    )
    size = {"width": max(180, width - (100 if ordered else 80)), "height": 220}
    return live_spec(alt.layer(lines, numbers, **size) if ordered else lines.properties(**size))


def by_layer(series: tuple[Any, Any], names: Sequence[str] = ()) -> Series:
    """A measurement that has a value for each layer, as one series a layer.

    Args:
        series: Where, and for each place the values of the layers.
        names: What the layers are called; by default, by their numbers.
    """
    places, values = series
    table = np.asarray(values, dtype=np.float64)
    count = table.shape[1] if table.ndim == 2 else 0
    called = names if len(names) == count else [f"layer {i + 1}" for i in range(count)]
    return {name: (places, table[:, i]) for i, name in enumerate(called)}


def _joined(arrays: list[np.ndarray[Any, Any]]) -> Any:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "not finite"
