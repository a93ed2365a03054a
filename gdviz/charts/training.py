"""Curves of a training run: losses and metrics, learning rate, and what happens in each layer."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME

_MOST_POINTS = 400
"""Longer series are thinned evenly: more points than a screen can show take time to send."""

Series = Mapping[str, tuple[Sequence[int], Sequence[Any]]]
"""Where (steps or epochs) and values, by name."""


def curves(
    series: Series,
    across: str,
    up: str,
    *,
    scale: Literal["log", "linear"] = "linear",
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several series against the step or the epoch. What is not finite, and on a logarithmic axis what is not above 0,
    is left out.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    names = list(series)
    rows: dict[str, list[Any]] = {"series": [], "at": [], "value": []}
    for name, (places, values) in series.items():
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        usable = np.flatnonzero(np.isfinite(numbers) & ((numbers > 0) | (scale == "linear")))
        if len(usable) > _MOST_POINTS:
            usable = usable[np.linspace(0, len(usable) - 1, _MOST_POINTS).round().astype(int)]
        rows["series"] += [name] * len(usable)
        rows["at"] += [places[i] for i in usable.tolist()]
        rows["value"] += numbers[usable].tolist()
    colours = (
        list(theme.runs[: len(names)]) if len(names) <= len(theme.runs) else [*theme.runs, *theme.runs][: len(names)]
    )
    chart = (
        alt.Chart(alt.NamedData(name="curves"))
        .transform_calculate(dash="datum.series")
        .mark_line(tooltip=None, strokeWidth=1.8)
        .encode(
            x=alt.X("at:Q", title=across),
            y=alt.Y(
                "value:Q", title=up, scale=alt.Scale(type=scale, zero=False), axis=alt.Axis(format=".3~g", tickCount=6)
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(title=None, orient="top", columns=2 if width < 500 else 3, labelLimit=200),
            ),
            strokeDash=alt.StrokeDash(
                "dash:N", scale=alt.Scale(domain=names, range=[DASHES[i % 8] for i in range(len(names))]), legend=None
            ),
        )
        .properties(width=max(180, width - 80), height=220)
    )
    lasts = [
        f"{name}: {_number(values[-1])} at {across} {places[-1]}"
        for name, (places, values) in series.items()
        if len(values)
    ]
    spec = {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}}
    return Figure(spec, {"curves": rows}, f"{up} against the {across}", "; ".join(lasts) + ".")


def by_layer(series: tuple[Sequence[int], Sequence[Any]]) -> Series:
    """A measurement that has a value for each layer, as one series a layer."""
    places, values = series
    layers = max((len(value) for value in values), default=0)
    return {f"layer {i + 1}": (places, [value[i] for value in values]) for i in range(layers)}


def _number(value: Any) -> str:
    return "not finite" if value is None else f"{value:.4g}"
