"""The still parts of a live figure: axes, heatmap, contours and minima, as Vega-Lite built with Altair.

The browser draws what moves on a canvas over it. Sizes and the ends of the axes that follow the runs are parameters,
which the browser sets, so that one specification serves every width and every run.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt

from gdviz.charts.figure import lean
from gdviz.charts.palette import Theme
from gdviz.charts.theme import themed
from gdviz.charts.trails import ScaleKind
from gdviz.landscapes import Point

PADDING = {"left": 56, "right": 12, "top": 8, "bottom": 40}
"""Pixels around each plot: room for the axes. Fixed, so that the canvas knows where the plot is."""


_NUMBER = "abs(datum.value) < 1e5 ? format(datum.value, '~g') : replace(format(datum.value, '.1~e'), 'e+', 'e')"
"""Short enough for the room beside an axis, also where the view follows a run far out."""


@dataclass(frozen=True)
class StepAxis:
    """The vertical axis of a plot against the step."""

    title: str
    kind: ScaleKind


@lru_cache(maxsize=64)
def landscape_plot(domain: tuple[Point, Point], theme: Theme) -> dict[str, Any]:
    """Heatmap, contours and minima; the tables ``heatmap`` (see :func:`heatmap`), ``contours`` and ``minima`` are to be
    put in.

    Parameters: ``x_low``, ``x_high``, ``y_low``, ``y_high``.
    """
    ends = {f"{axis}_{end}": value for axis, pair in zip("xy", domain, strict=True) for end, value in
            zip(("low", "high"), pair, strict=True)}  # fmt: skip
    x, y = (scale(axis, alt.Axis(labelExpr=_NUMBER, tickCount=8, grid=False)) for axis, scale in (("x", _x), ("y", _y)))
    ground = (
        alt.Chart(alt.NamedData(name="heatmap"))
        .mark_image(aspect=False, clip=True)
        .encode(url=alt.Url("url:N"), x=x, x2="x2", y=y, y2="y2")
    )
    contours = (
        alt.Chart(alt.NamedData(name="contours"))
        .mark_line(clip=True, strokeWidth=0.7, opacity=0.7, color=theme.line)
        .encode(x=x, y=y, detail=alt.Detail("line:N"), order=alt.Order("at:Q"))
    )
    minima = (
        alt.Chart(alt.NamedData(name="minima"))
        .mark_text(text="★", fontSize=18, color=theme.ink, stroke=theme.halo, strokeWidth=0.6, tooltip="known minimum")
        .encode(x=x, y=y)
    )
    return _finished(alt.layer(ground, contours, minima), ends, theme)


def heatmap(url: str, domain: tuple[Point, Point]) -> list[dict[str, Any]]:
    """The table of a picture that covers the domain."""
    (x, x2), (y, y2) = domain
    return [{"url": url, "x": x, "x2": x2, "y": y, "y2": y2}]


@lru_cache(maxsize=64)
def step_plot(axis: StepAxis, across: str, theme: Theme) -> dict[str, Any]:
    """An empty plot against the step. Parameters: ``last``, ``low``, ``high``."""
    ends: dict[str, float] = {"last": 1, "low": 1 if axis.kind == "log" else 0, "high": 10}
    kind: Any = axis.kind
    domain = [alt.ExprRef("low"), alt.ExprRef("high")]
    scale = lean(alt.Scale(type=kind, domain=domain, nice=False, zero=alt.Undefined if kind == "log" else False))
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    ticks = (
        alt.Axis(labelExpr=f"{decade} ? format(datum.value, '~e') : ''", tickCount=6)
        if axis.kind == "log"
        else alt.Axis(format="~g", tickCount=5)
    )
    steps = lean(alt.Scale(domain=[0, alt.ExprRef("last")], nice=False))
    chart = (
        alt.Chart(alt.InlineData(values=[{"step": 0, "value": 1}]))
        .mark_point(opacity=0)
        .encode(
            x=alt.X("step:Q", title=across or None, scale=steps, axis=lean(alt.Axis(tickCount=6, grid=False))),
            y=alt.Y("value:Q", title=axis.title, scale=scale, axis=lean(ticks)),
        )
    )
    return _finished(chart, ends, theme)


def _x(axis: str, ticks: Any) -> Any:
    return alt.X("x:Q", title="x", scale=_followed(axis), axis=lean(ticks))


def _y(axis: str, ticks: Any) -> Any:
    return alt.Y("y:Q", title="y", scale=_followed(axis), axis=lean(ticks))


def _followed(axis: str) -> Any:
    ends = [alt.ExprRef(f"{axis}_low"), alt.ExprRef(f"{axis}_high")]
    return lean(alt.Scale(domain=ends, nice=False, zero=False))


def _finished(chart: Any, parameters: dict[str, float], theme: Theme) -> dict[str, Any]:
    """The specification with its parameters, in the colours of the theme, sized by the browser."""
    words = {"labelColor": theme.ink, "titleColor": theme.ink}
    return themed(
        {
            **chart.to_dict(validate=False),
            "params": [{"name": name, "value": value} for name, value in parameters.items()],
            "width": 400,
            "height": 300,
            "padding": PADDING,
            "autosize": "none",
            "background": None,
            "config": {"axis": words, "mark": {"aria": False, "tooltip": None}},
        }
    )
