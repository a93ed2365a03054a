"""One measurement of several runs, against the epoch, the step or the time."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME

_MOST_POINTS = 500
"""Longer series are thinned evenly: more points than a screen can show take time to send."""
_STOPS = 200
"""So many places under the pointer, at most, have the values of all runs."""


def overlay(
    series: Mapping[str, tuple[Sequence[float], Sequence[Any]]],
    what: str,
    *,
    across: str = "epoch",
    scale: Literal["log", "linear"] = "linear",
    smoothing: float = 0.0,
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several runs in one chart, each in a colour and a dash of its own; under the pointer, the values of all.

    Values that are not finite or, on a logarithmic axis, not above 0 are left out; the description says so. Both axes
    end where the data end.

    Args:
        series: Places and values of each run, by its label; at most eight runs.
        what: The measurement.
        across: The unit of the places: "epoch", "step" or "seconds".
        scale: Of the vertical axis.
        smoothing: The weight of what came before in an exponential average, from 0 (none) to below 1. The values
            themselves stay, faint.
        width: In pixels.
        dark: True on dark ground.
    """
    rows: dict[str, list[Any]] = {"run": [], "at": [], "value": [], "smooth": [], "alone": []}
    sentences, drawn_of = [], []
    for name, (places, values) in series.items():
        at = np.asarray(places, dtype=np.float64)
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        usable = np.flatnonzero(np.isfinite(numbers) & ((numbers > 0) | (scale == "linear")))
        sentences.append(_in_words(name, across, at, numbers, len(usable)))
        averaged = smoothed(numbers[usable], smoothing)
        drawn_of.append((at[usable], averaged))
        thinned = np.arange(len(usable))
        if len(usable) > _MOST_POINTS:
            thinned = np.linspace(0, len(usable) - 1, _MOST_POINTS).round().astype(int)
        rows["run"] += [name] * len(thinned)
        rows["at"] += at[usable[thinned]].tolist()
        rows["value"] += numbers[usable[thinned]].tolist()
        rows["smooth"] += averaged[thinned].tolist()
        rows["alone"] += [int(len(thinned) == 1)] * len(thinned)
    tables: dict[str, Table] = {"runs": rows, "pointer": _pointer(drawn_of)}
    spec = _spec(list(series), what, across, scale, smoothing > 0, width, dark)
    said = f" Smoothed with {smoothing:g}." if smoothing else ""
    return Figure(spec, tables, f"{what} against the {_AXES[across].lower()}", " ".join(sentences) + said)


_AXES = {"epoch": "epoch", "step": "step", "seconds": "time of training, in seconds"}


def smoothed(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """The exponential average with its start corrected: s ← w s + (1 - w) v, divided by 1 - wᵗ.

    >>> smoothed(np.array([1.0, 2.0, 3.0]), 0.5).round(3).tolist()
    [1.0, 1.667, 2.429]
    """
    if not weight or not len(values):
        return values
    average, averages = 0.0, np.empty_like(values)
    for i, value in enumerate(values.tolist()):
        average = weight * average + (1 - weight) * value
        averages[i] = average / (1 - weight ** (i + 1))
    return averages


def _pointer(drawn: list[tuple[NDArray[Any], NDArray[Any]]]) -> Table:
    """At places along the axis, the value of every run that has reached it: its last one up to there."""
    stops = np.unique(np.concatenate([at for at, _ in drawn] or [np.empty(0)]))
    if len(stops) > _STOPS:
        stops = stops[np.linspace(0, len(stops) - 1, _STOPS).round().astype(int)]
    table: dict[str, Any] = {"at": stops.tolist()}
    for number, (at, values) in enumerate(drawn):
        place = np.searchsorted(at, stops, side="right") - 1
        there = (place >= 0) & (stops <= at[-1]) if len(at) else np.zeros(len(stops), dtype=bool)
        table[f"run{number}"] = [
            f"{values[p]:.4g}" if t else "–" for p, t in zip(place.tolist(), there.tolist(), strict=True)
        ]
    return table


def _spec(
    names: list[str], what: str, across: str, scale: Literal["log", "linear"], averaged: bool, width: int, dark: bool
) -> dict[str, Any]:
    theme = DARK_THEME if dark else LIGHT_THEME
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=1 if width < 500 else 2,
        labelLimit=min(320, width - 90),
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=2,
        symbolFillColor="transparent",
        symbolOpacity=1,
    )
    colour = alt.Color("run:N", scale=alt.Scale(domain=names, range=list(theme.runs[: len(names)])), legend=legend)
    dash = alt.StrokeDash("run:N", scale=alt.Scale(domain=names, range=[*DASHES[: len(names)]]))
    x = alt.X(
        "at:Q",
        title=_AXES[across],
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(tickCount=6, format="~s", tickMinStep=0 if across == "seconds" else 1),
    )
    y = alt.Y("smooth:Q", title=what, scale=alt.Scale(type=scale, zero=False), axis=alt.Axis(format=".3~g"))
    base = alt.Chart(alt.NamedData(name="runs")).encode(x=x, y=y, color=colour)
    lines = base.mark_line(tooltip=None, strokeWidth=1.8).encode(strokeDash=dash)
    raw = base.mark_line(tooltip=None, strokeWidth=1, opacity=0.3).encode(y=alt.Y("value:Q", title=what))
    # A run of one epoch has no line.
    points = base.mark_point(tooltip=None, filled=True, size=60).transform_filter("datum.alone == 1")
    near = alt.selection_point(
        name="near", on="pointerover", clear="pointerout", nearest=True, fields=["at"], empty=False
    )
    said = [alt.Tooltip("at:Q", title=_AXES[across], format=",.4~g")]
    said += [alt.Tooltip(f"run{number}:N", title=name) for number, name in enumerate(names)]
    pointer = (
        alt.Chart(alt.NamedData(name="pointer"))
        .mark_rule(color=theme.ink, strokeWidth=1)
        .encode(x=x, opacity=alt.condition(near, alt.value(0.6), alt.value(0)), tooltip=said)
        .add_params(near)
    )
    layers = [*([raw] if averaged else []), lines, points, pointer]
    chart = alt.layer(*layers, width=max(180, width - 80), height=220)
    return {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}}


def _in_words(name: str, across: str, at: NDArray[Any], numbers: NDArray[Any], usable: int) -> str:
    if not len(numbers):
        return f"{name}: nothing recorded."
    finite = np.flatnonzero(np.isfinite(numbers))
    if not len(finite):
        return f"{name}: never finite."
    best, last = finite[np.argmin(numbers[finite])], len(numbers) - 1
    ends = f"{numbers[last]:.4g}" if np.isfinite(numbers[last]) else "not finite"
    left_out = f"; {len(numbers) - usable} values cannot be drawn" if usable < len(numbers) else ""
    where = "at {:g} seconds" if across == "seconds" else f"at {across} {{:.0f}}"
    return f"{name}: {ends} {where.format(at[last])}, lowest {numbers[best]:.4g} {where.format(at[best])}{left_out}."
