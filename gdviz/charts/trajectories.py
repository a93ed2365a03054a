"""Trajectories on a landscape, and their losses beside it, playing in step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np

from gdviz.charts.background import background
from gdviz.charts.clicks import click_grid
from gdviz.charts.figure import Figure, Table, lean
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, MOST_RUNS, SHAPES, Theme
from gdviz.charts.timeline import animated
from gdviz.charts.trails import LossScale, ScaleKind, clipped, heights, loss_axis, rate_axis, trails
from gdviz.descent import Trajectory
from gdviz.descent.trajectory import labels, summary
from gdviz.landscapes import Point
from gdviz.schedules import Constant

_BETWEEN = 36
"""Pixels between the plots of loss and learning rate: room for the numbers of the axis."""


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels of the two plots, and whether they stand side by side."""

    side_by_side: bool
    landscape: tuple[int, int]
    loss: tuple[int, int]
    rate: tuple[int, int] | None
    """The plot of the learning rate; None where it is constant, and not drawn."""


def layout(width: int, domain: tuple[Point, Point], rates: bool = False) -> Layout:
    """Sizes that fit into ``width`` pixels, axes included."""
    (xmin, xmax), (ymin, ymax) = domain
    aspect = float(np.clip((ymax - ymin) / (xmax - xmin), 0.6, 1.1))
    if width < 720:
        inner = max(200, width - 64)
        return Layout(False, (inner, round(inner * aspect)), (inner, 200), (inner, 110) if rates else None)
    left = min(round(0.56 * width) - 64, 760, round(640 / aspect))
    right, height = min(width - left - 150, 900), round(left * aspect)
    rate = round(0.24 * height) if rates else 0
    return Layout(
        True,
        (left, height),
        (right, height - rate - _BETWEEN if rates else height),
        (right, rate) if rates else None,
    )


def descent(
    trajectories: Trajectory | Sequence[Trajectory],
    *,
    loss_scale: LossScale = "log",
    width: int = 960,
    dark: bool = False,
    clickable: bool = False,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw runs on one landscape: growing trails over heatmap and contours, and loss against step beside it.

    Args:
        trajectories: One run or several on the same landscape.
        loss_scale: ``"log"`` draws the loss above the landscape's lowest one.
        width: Pixels to fit into.
        dark: Colours for a dark ground.
        clickable: Add the selection ``pick``, whose x and y are those of a click on the landscape.
        names: Names of the runs, in place of their own :func:`labels`.

    Raises:
        ValueError: There are no trajectories, more than there are colours, or several landscapes.
    """
    runs = comparable(trajectories)
    theme = DARK_THEME if dark else LIGHT_THEME
    landscape = runs[0].setup.landscape
    names = labels(runs) if names is None else list(names)
    ground = background(landscape, theme)
    drawn = heights(runs, loss_scale)
    losses = loss_axis(runs, drawn, loss_scale)
    scheduled = any(not isinstance(run.setup.schedule, Constant) for run in runs)
    rates = rate_axis(runs) if scheduled else None
    led_out = [losses.led_out(height) for height in drawn]
    spec = _template(
        tuple(names),
        landscape.domain,
        (losses.title, losses.kind),
        None if rates is None else (rates.title, rates.kind),
        layout(width, landscape.domain, scheduled),
        theme,
        max(run.steps for run in runs),
        clickable,
        any(run.setup.clip for run in runs),
    )
    ends = {"loss_low": [losses.low], "loss_high": [losses.high]}
    if rates is not None:
        ends |= {"rate_low": [rates.low], "rate_high": [rates.high]}
    return Figure(
        spec=spec,
        tables={
            "heatmap": ground.image,
            "contours": ground.contours,
            "minima": _points(_inside(landscape.minima, landscape.domain)),
            "start": _points([runs[0].setup.start]),
            "ends": ends,
            "trails": trails(runs, names, led_out, rates),
            **({"clipped": clipped(runs, names, led_out)} if any(run.setup.clip for run in runs) else {}),
        },
        title=f"Paths of optimizers on the {landscape.label} landscape, and their losses against the step",
        description=summary(runs, names),
        runs=runs,
    )


def comparable(trajectories: Trajectory | Sequence[Trajectory]) -> list[Trajectory]:
    """One run or several as a list.

    Raises:
        ValueError: They cannot be drawn together: there are none, more than there are colours, or several landscapes.
    """
    runs = [trajectories] if isinstance(trajectories, Trajectory) else list(trajectories)
    if not 1 <= len(runs) <= MOST_RUNS:
        raise ValueError(f"trajectories must be 1 to {MOST_RUNS} runs; got {len(runs)}")
    if any(run.setup.landscape != runs[0].setup.landscape for run in runs):
        raise ValueError("trajectories must all be on the same landscape")
    return runs


def colour_scale(run: Trajectory) -> str:
    """The scale of the heatmap's colours: linear or logarithmic."""
    return background(run.setup.landscape, LIGHT_THEME).scale


def _inside(points: Sequence[Point], domain: tuple[Point, Point]) -> list[Point]:
    (xmin, xmax), (ymin, ymax) = domain
    return [(x, y) for x, y in points if xmin <= x <= xmax and ymin <= y <= ymax]


def _points(points: Sequence[Point]) -> Table:
    return {"x": [x for x, _ in points], "y": [y for _, y in points]}


# Specification ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _template(
    names: tuple[str, ...],
    domain: tuple[Point, Point],
    loss: tuple[str, ScaleKind],
    rate: tuple[str, ScaleKind] | None,
    sizes: Layout,
    theme: Theme,
    steps: int,
    clickable: bool,
    clips: bool,
) -> dict[str, Any]:
    """The specification without its data. Made once for a shape of chart: Altair takes its time."""
    colours, dashes, shapes = (
        lean(alt.Scale(domain=list(names), range=list(looks[: len(names)]))) for looks in (theme.runs, DASHES, SHAPES)
    )
    columns = _legend_columns(names, sizes.landscape[0])
    legend = lean(alt.Legend(title=None, orient="top", columns=columns, labelLimit=300))
    look = _Look(
        colour=alt.Color("run:N", scale=colours, legend=legend),
        # A field of its own, or the dashes would be drawn around the legend's symbols too.
        dash=alt.StrokeDash("dash:N", scale=dashes, legend=None),
        shape=alt.Shape("run:N", scale=shapes, legend=legend),
        theme=theme,
    )
    landscape = _landscape_plot(look, domain, sizes.landscape, clickable, clips)
    plots = [_step_plot(look, "loss", loss, sizes.loss, steps, "step" if rate is None else "")]
    if rate is not None and sizes.rate is not None:
        plots.append(_step_plot(look, "rate", rate, sizes.rate, steps, "step"))
    # Descriptions and tooltips of single marks would be made anew in every frame; the heads have tooltips of their own,
    # and the figure as a whole has a description.
    config = alt.Config(mark=alt.MarkConfig(aria=False, tooltip=None))
    chart = (
        alt.hconcat(landscape, alt.vconcat(*plots, spacing=8), spacing=24, config=config)
        if sizes.side_by_side
        else alt.vconcat(landscape, *plots, spacing=16, config=config)
    )
    names_of_ends = [f"{what}_{end}" for what in ("loss", "rate")[: len(plots)] for end in ("low", "high")]
    ends = {
        name: f"length(data('ends')) ? data('ends')[0].{name} : {1 + name.endswith('high')}" for name in names_of_ends
    }
    return animated(chart.to_dict(validate=False), steps, clickable, ends)


@dataclass(frozen=True)
class _Look:
    colour: Any
    dash: Any
    shape: Any
    theme: Theme


_GROWN = "datum.step <= step"
_HEAD = "datum.step <= step && step < datum.next"


def _legend_columns(names: Sequence[str], width: int) -> int:
    longest = max(len(name) for name in names)
    return max(1, min(len(names), width // (7 * longest + 26)))


def _landscape_plot(
    look: _Look, domain: tuple[Point, Point], size: tuple[int, int], clickable: bool, clips: bool
) -> Any:
    theme = look.theme
    x_scale, y_scale = (lean(alt.Scale(domain=list(ends), nice=False, zero=False)) for ends in domain)
    ticks = lean(alt.Axis(format="~g", tickCount=8))
    x, y = alt.X("x:Q", title="x", scale=x_scale, axis=ticks), alt.Y("y:Q", title="y", scale=y_scale, axis=ticks)
    trails = alt.Chart(alt.NamedData(name="trails")).encode(x=x, y=y)
    grown = trails.transform_filter(_GROWN).transform_calculate(dash="datum.run")
    layers = [
        alt.Chart(alt.NamedData(name="heatmap"))
        .mark_image(width=size[0], height=size[1], aspect=False)
        .encode(x=x, y=y, url=alt.Url("url:N")),
        alt.Chart(alt.NamedData(name="contours"))
        .mark_line(clip=True, strokeWidth=0.7, opacity=0.7, color=theme.line, interpolate="linear")
        .encode(x=x, y=y, detail=alt.Detail("line:N"), order=alt.Order("at:Q")),
        grown.mark_line(clip=True, strokeWidth=4, opacity=0.8, color=theme.halo).encode(
            detail=alt.Detail("run:N"), order=alt.Order("step:Q")
        ),
        grown.mark_line(clip=True, strokeWidth=2).encode(
            order=alt.Order("step:Q"), color=look.colour, strokeDash=look.dash
        ),
        alt.Chart(alt.NamedData(name="minima"))
        .mark_text(text="★", fontSize=18, color=theme.ink, stroke=theme.halo, strokeWidth=0.6, tooltip="known minimum")
        .encode(x=x, y=y),
        alt.Chart(alt.NamedData(name="start"))
        .mark_point(clip=True, shape="circle", size=160, strokeWidth=2, color=theme.ink, tooltip="start")
        .encode(x=x, y=y),
        trails.transform_filter(_HEAD)
        .mark_point(clip=True, filled=True, size=110, opacity=1, stroke=theme.halo, strokeWidth=1)
        .encode(
            color=look.colour,
            shape=look.shape,
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("step:Q"), alt.Tooltip("x:Q"), alt.Tooltip("y:Q")],
        ),
    ]
    if clips:
        layers.insert(
            2,
            alt.Chart(alt.NamedData(name="clipped"))
            .transform_filter("datum.step <= step")
            .mark_line(clip=True, strokeWidth=10, opacity=0.3, color=theme.ink)
            .encode(x=x, y=y, detail=alt.Detail("part:N"), order=alt.Order("step:Q")),
        )
    if clickable:
        layers.append(click_grid(domain, x_scale, y_scale))
    return alt.layer(*layers, width=size[0], height=size[1])


def _axis_scale(kind: ScaleKind, name: str) -> Any:
    """A scale whose ends are data: were they in the specification, a new one would start the animation again."""
    ends = [alt.ExprRef(f"{name}_low"), alt.ExprRef(f"{name}_high")]
    return lean(
        alt.Scale(type=kind, domain=ends, nice=False)
        if kind == "log"
        else alt.Scale(type=kind, domain=ends, zero=False)
    )


def _ticks(kind: ScaleKind, count: int) -> Any:
    if kind != "log":
        return lean(alt.Axis(format="~g", tickCount=count))
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    return lean(alt.Axis(labelExpr=f"{decade} ? format(datum.value, '~e') : ''", tickCount=count))


def _step_plot(
    look: _Look, field: str, axis: tuple[str, ScaleKind], size: tuple[int, int], steps: int, across: str
) -> Any:
    """A column of the trails against the step: faint as a whole, strong as far as it has been played."""
    title, kind = axis
    x = alt.X("step:Q", title=across or None, scale=lean(alt.Scale(domain=[0, steps], nice=False)))
    y = alt.Y(f"{field}:Q", title=title, scale=_axis_scale(kind, field), axis=_ticks(kind, max(3, size[1] // 40)))
    trails = alt.Chart(alt.NamedData(name="trails")).encode(x=x, y=y)
    return alt.layer(
        alt.Chart(alt.NamedData(name="ends")).mark_point(opacity=0),  # draws nothing: it brings the data in
        trails.mark_line(clip=True, strokeWidth=1, opacity=0.35).encode(order=alt.Order("step:Q"), color=look.colour),
        trails.transform_filter(_GROWN)
        .transform_calculate(dash="datum.run")
        .mark_line(clip=True, strokeWidth=2)
        .encode(order=alt.Order("step:Q"), color=look.colour, strokeDash=look.dash),
        trails.transform_filter(_HEAD)
        .mark_point(clip=True, filled=True, size=90, opacity=1, stroke=look.theme.halo, strokeWidth=1)
        .encode(
            color=look.colour,
            shape=look.shape,
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("step:Q"), alt.Tooltip(f"{field}:Q")],
        ),
        width=size[0],
        height=size[1],
    )
