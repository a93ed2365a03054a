"""Curves of a training run: losses and metrics, learning rate, sharpness, and what happens in each layer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure, live_spec
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME

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
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several series against the step or the epoch. What is not finite, and on a logarithmic axis what is not above 0,
    is left out.
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
    spec = _spec(tuple(series), across, up, scale, width, dark)
    return Figure(spec, {"curves": rows}, f"{up} against the {across}", "; ".join(lasts) + ".")


@lru_cache(maxsize=128)
def _spec(names: tuple[str, ...], across: str, up: str, scale: Scale, width: int, dark: bool) -> Any:
    """Kept, because making it takes longer than all the rest, and a live chart is drawn again twice a second."""
    theme = DARK_THEME if dark else LIGHT_THEME
    colours = [theme.runs[i % len(theme.runs)] for i in range(len(names))]
    dashes = [DASHES[i % len(DASHES)] for i in range(len(names))]
    chart = (
        alt.Chart(alt.NamedData(name="curves"))
        .mark_line(tooltip=None, strokeWidth=1.8, invalid=None)  # the rows are checked already
        .encode(
            x=alt.X(
                "at:Q",
                title=across,
                scale=alt.Scale(nice=False),
                axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5),
            ),
            y=alt.Y(
                "value:Q",
                title=up,
                scale=alt.Scale(type=scale, zero=False, nice=scale == "linear"),
                axis=alt.Axis(format=".3~g", tickCount=6),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=list(names), range=colours),
                legend=alt.Legend(
                    title=None, orient="top", columns=2 if width < 500 else 3, labelLimit=200, symbolSize=400
                ),
            ),
            strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=list(names), range=dashes)),
        )
        .properties(width=max(180, width - 80), height=220)
    )
    return live_spec(chart)


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
