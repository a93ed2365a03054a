"""One measurement of several runs, against the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME

_MOST_POINTS = 500
"""Longer series are thinned evenly: more points than a screen can show take time to send."""


def overlay(
    series: Mapping[str, tuple[Sequence[int], Sequence[Any]]],
    what: str,
    *,
    scale: Literal["log", "linear"] = "linear",
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several runs in one chart, each in a colour and a dash of its own.

    What is not finite and, on a logarithmic axis, what is not above 0 is left out; the description says so.

    Args:
        series: Epochs and values of each run, by its label; at most eight runs.
        what: What is measured.
        scale: Of the vertical axis.
        width: In pixels.
        dark: True on dark ground.
    """
    theme, names = DARK_THEME if dark else LIGHT_THEME, list(series)
    rows: dict[str, list[Any]] = {"run": [], "epoch": [], "value": [], "alone": []}
    sentences = []
    for name, (epochs, values) in series.items():
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        usable = np.flatnonzero(np.isfinite(numbers) & ((numbers > 0) | (scale == "linear")))
        sentences.append(_in_words(name, epochs, numbers, len(usable)))
        drawn = usable
        if len(drawn) > _MOST_POINTS:
            drawn = drawn[np.linspace(0, len(drawn) - 1, _MOST_POINTS).round().astype(int)]
        rows["run"] += [name] * len(drawn)
        rows["epoch"] += [int(epochs[i]) for i in drawn.tolist()]
        rows["value"] += numbers[drawn].tolist()
        rows["alone"] += [int(len(drawn) == 1)] * len(drawn)
    colour = alt.Color(
        "run:N",
        scale=alt.Scale(domain=names, range=list(theme.runs[: len(names)])),
        legend=alt.Legend(
            title=None,
            orient="top",
            columns=1 if width < 500 else 2,
            labelLimit=min(320, width - 90),
            symbolType="stroke",
            symbolSize=500,
            symbolStrokeWidth=2,
            symbolFillColor="transparent",
            symbolOpacity=1,
        ),
    )
    dash = alt.StrokeDash("run:N", scale=alt.Scale(domain=names, range=[*DASHES[: len(names)]]))
    base = alt.Chart(alt.NamedData(name="runs")).encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, tickCount=6, format="~s")),
        y=alt.Y("value:Q", title=what, scale=alt.Scale(type=scale, zero=False), axis=alt.Axis(format=".3~g")),
        color=colour,
    )
    lines = base.mark_line(tooltip=None, strokeWidth=1.8).encode(strokeDash=dash)
    # A run of one epoch has no line.
    points = base.mark_point(tooltip=None, filled=True, size=60).transform_filter("datum.alone == 1")
    chart = alt.layer(lines, points, width=max(180, width - 80), height=220)
    spec = {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}}
    return Figure(spec, {"runs": rows}, f"{what} against the epoch", " ".join(sentences))


def _in_words(name: str, epochs: Sequence[int], numbers: Any, usable: int) -> str:
    if not len(numbers):
        return f"{name}: nothing recorded."
    finite = np.flatnonzero(np.isfinite(numbers))
    if not len(finite):
        return f"{name}: never finite."
    best, last = finite[np.argmin(numbers[finite])], len(numbers) - 1
    ends = f"{numbers[last]:.4g}" if np.isfinite(numbers[last]) else "not finite"
    left_out = f"; {len(numbers) - usable} values cannot be drawn" if usable < len(numbers) else ""
    return f"{name}: {ends} at epoch {epochs[last]}, lowest {numbers[best]:.4g} at epoch {epochs[best]}{left_out}."
