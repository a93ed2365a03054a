"""Trajectories on a landscape, and their losses beside it, playing in step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.background import background
from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, SHAPES, Theme
from gdviz.charts.timeline import PICK, animated
from gdviz.descent import Trajectory
from gdviz.landscapes import Point

Array = NDArray[np.float64]
LossScale = Literal["log", "linear"]
ScaleKind = Literal["linear", "log", "symlog"]

CLICK_CELLS = 64
"""A click is answered with the centre of one of this many cells along each axis."""
_EVERY = 150
"""Trails are drawn with every step up to this one..."""
_MORE = 250
"""...and with this many points for all later steps: more than a screen can show."""
LOWEST_LOG = 1e-16
"""A logarithmic axis ends here: differences this small are rounding."""
_FAR = 3.0
"""Lines that leave the plot are led this many plot widths beyond its edge, in their true direction."""


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels of the two plots, and whether they stand side by side."""

    side_by_side: bool
    landscape: tuple[int, int]
    loss: tuple[int, int]


def layout(width: int, domain: tuple[Point, Point]) -> Layout:
    """Sizes that fit into ``width`` pixels, axes included."""
    (xmin, xmax), (ymin, ymax) = domain
    aspect = float(np.clip((ymax - ymin) / (xmax - xmin), 0.6, 1.1))
    if width < 720:
        inner = max(200, width - 64)
        return Layout(False, (inner, round(inner * aspect)), (inner, 200))
    left = min(round(0.56 * width) - 64, 760, round(640 / aspect))
    right = min(width - left - 150, 900)
    return Layout(True, (left, round(left * aspect)), (right, round(left * aspect)))


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
        names: What to call the runs, in place of their own :func:`labels`.

    Raises:
        ValueError: There are no trajectories, more than there are colours, or several landscapes.
    """
    runs = [trajectories] if isinstance(trajectories, Trajectory) else list(trajectories)
    theme = DARK_THEME if dark else LIGHT_THEME
    if not 1 <= len(runs) <= len(theme.runs):
        raise ValueError(f"trajectories must be 1 to {len(theme.runs)} runs; got {len(runs)}")
    landscape = runs[0].setup.landscape
    if any(run.setup.landscape != landscape for run in runs):
        raise ValueError("trajectories must all be on the same landscape")
    names = labels(runs) if names is None else list(names)
    ground = background(landscape, theme)
    heights = _heights(runs, loss_scale)
    axis = _loss_axis(runs, heights, loss_scale)
    spec = _template(
        tuple(names),
        landscape.domain,
        (axis.title, axis.kind),
        layout(width, landscape.domain),
        theme,
        max(run.steps for run in runs),
        clickable,
    )
    return Figure(
        spec=spec,
        tables={
            "heatmap": ground.image,
            "contours": ground.contours,
            "minima": _points(_inside(landscape.minima, landscape.domain)),
            "start": _points([runs[0].setup.start]),
            "ends": {"low": [axis.low], "high": [axis.high]},
            "trails": _trails(runs, names, [axis.led_out(height) for height in heights]),
        },
        title=f"Paths of optimizers on the {landscape.label} landscape, and their losses against the step",
        description=summary(runs, names),
    )


def labels(runs: Sequence[Trajectory]) -> list[str]:
    """A name for each run: its own; where several share it, with the learning rate, and then with a number."""
    names = [run.label for run in runs]
    rated = [f"{run.label}, η {run.setup.optimizer.learning_rate:.4g}" for run in runs]
    names = [full if names.count(name) > 1 else name for name, full in zip(names, rated, strict=True)]
    return [f"{name} #{names[: i + 1].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def summary(runs: Sequence[Trajectory], names: Sequence[str] | None = None) -> str:
    """The chart in words."""
    start = runs[0].setup.start
    told = [
        f"{name}: {run.status} after {run.steps} steps at ({run.theta[-1][0]:.3g}, {run.theta[-1][1]:.3g}), "
        f"loss {run.loss[-1]:.3g}."
        for name, run in zip(names or labels(runs), runs, strict=True)
    ]
    heading = f"{runs[0].setup.landscape.label} landscape; all runs start at ({start[0]:.4g}, {start[1]:.4g})."
    return " ".join([heading, *told])


def left_plot(run: Trajectory) -> int | None:
    """The first step at which a run is outside the part of the landscape that is drawn; None where it never is."""
    low, high = np.array(run.setup.landscape.domain).T
    outside = np.flatnonzero(~np.all((run.theta >= low) & (run.theta <= high), axis=1))
    return int(outside[0]) if len(outside) else None


def colour_scale(run: Trajectory) -> str:
    """Which scale the heatmap's colours are on: linear or logarithmic."""
    return background(run.setup.landscape, LIGHT_THEME).scale


# Data ---------------------------------------------------------------------------------------------------------------


def _inside(points: Sequence[Point], domain: tuple[Point, Point]) -> list[Point]:
    (xmin, xmax), (ymin, ymax) = domain
    return [(x, y) for x, y in points if xmin <= x <= xmax and ymin <= y <= ymax]


def _points(points: Sequence[Point]) -> Table:
    return {"x": [x for x, _ in points], "y": [y for _, y in points]}


def _heights(runs: Sequence[Trajectory], scale: LossScale) -> list[Array]:
    """What is drawn as the loss: on a logarithmic scale, the loss above the lowest one."""
    lowest = runs[0].setup.landscape.lowest
    if scale == "linear" or lowest is None:
        return [run.loss for run in runs]
    return [np.maximum(run.loss - lowest, LOWEST_LOG) for run in runs]


def drawn_steps(steps: int) -> NDArray[np.int64]:
    """The steps that are drawn of a run of ``steps``: all of a short run, ever fewer of a long one."""
    if steps <= _EVERY + _MORE:
        return np.arange(steps + 1)
    return np.concatenate([np.arange(_EVERY), np.linspace(_EVERY, steps, _MORE).round().astype(np.int64)])


def _trails(runs: Sequence[Trajectory], names: Sequence[str], heights: Sequence[Array]) -> Table:
    """One row for each drawn point. ``next`` is the step at which the following point takes over as the head."""
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "step", "next", "x", "y", "loss")}
    for run, name, height in zip(runs, names, heights, strict=True):
        finite = np.isfinite(run.theta).all(axis=1) & np.isfinite(height)
        steps = drawn_steps(run.steps)
        steps = steps[finite[steps]]
        if not len(steps):
            continue
        columns["run"] += [name] * len(steps)
        columns["step"].append(steps)
        columns["next"].append(np.append(steps[1:], 2**31 - 1))
        x, y = _led_out(run.theta[steps], run.setup.landscape.domain).T
        columns["x"].append(x)
        columns["y"].append(y)
        columns["loss"].append(height[steps])
    return {"run": columns.pop("run"), **{name: np.concatenate(parts) for name, parts in columns.items() if parts}}


def _led_out(theta: Array, domain: tuple[Point, Point]) -> Array:
    """Far points brought near, along the line from the point before, so that a line still leaves where it did."""
    low, high = np.array(domain).T
    middle, reach = (low + high) / 2, _FAR * (high - low)
    drawn = theta.copy()
    for i in range(len(drawn)):
        apart = np.abs(drawn[i] - middle) / reach
        if apart.max() > 1:
            origin = drawn[i - 1] if i else middle
            step = theta[i] - origin
            room = (np.where(step > 0, middle + reach, middle - reach) - origin) / np.where(step == 0, 1.0, step)
            drawn[i] = origin + step * max(0.0, float(np.min(room[step != 0], initial=1.0)))
    return drawn


@dataclass(frozen=True)
class _LossAxis:
    title: str
    kind: ScaleKind
    low: float
    high: float

    def led_out(self, height: Array) -> Array:
        """Losses far beyond the axis, brought to just outside it: the line still leaves at its top or bottom."""
        if self.kind == "log":
            return np.minimum(height, 1e9 * self.high)
        reach = _FAR * (self.high - self.low)
        return np.clip(height, self.low - reach, self.high + reach)


def _loss_axis(runs: Sequence[Trajectory], heights: Sequence[Array], scale: LossScale) -> _LossAxis:
    """An axis that holds all losses up to a thousand times (linear: twice) the first; higher ones leave at its top."""
    known = runs[0].setup.landscape.lowest is not None
    finite = [height[np.isfinite(height)] for height in heights]
    low = min(float(height.min(initial=np.inf)) for height in finite)
    high = max(float(height.max(initial=-np.inf)) for height in finite)
    first = float(heights[0][0])
    if scale == "log" and known:
        high = min(high, 1e3 * max(first, low))
        decades = np.floor(np.log10(low)), np.ceil(np.log10(max(high, 1.001 * low)))
        return _LossAxis("loss above the lowest (log scale)", "log", 10.0 ** decades[0], 10.0 ** decades[1])
    span = max(abs(first), 1.0)
    low, high = max(low, first - 1e3 * span), min(high, first + span)
    if scale == "log":
        return _LossAxis("loss (symmetric log scale)", "symlog", *_rounded_out(low, high))
    return _LossAxis("loss", "linear", *_rounded_out(low, high))


def _rounded_out(low: float, high: float) -> tuple[float, float]:
    """Ends widened to round numbers, so that an axis stays still while losses change a little."""
    unit = 10.0 ** np.floor(np.log10(max(high - low, 1e-300))) / 2
    low, high = float(np.floor(low / unit) * unit), float(np.ceil(high / unit) * unit)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


# Specification ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _template(
    names: tuple[str, ...],
    domain: tuple[Point, Point],
    loss_axis: tuple[str, ScaleKind],
    sizes: Layout,
    theme: Theme,
    steps: int,
    clickable: bool,
) -> dict[str, Any]:
    """The specification without its data. Made once for a shape of chart: Altair takes its time."""
    colour = alt.Color("run:N", scale=alt.Scale(domain=list(names), range=list(theme.runs[: len(names)])))
    legend = alt.Legend(title=None, orient="top", columns=_legend_columns(names, sizes.landscape[0]), labelLimit=300)
    look = _Look(
        colour=colour.legend(legend),
        # A field of its own, or the dashes would be drawn around the legend's symbols too.
        dash=alt.StrokeDash(
            "dash:N", scale=alt.Scale(domain=list(names), range=list(DASHES[: len(names)])), legend=None
        ),
        shape=alt.Shape("run:N", scale=alt.Scale(domain=list(names), range=list(SHAPES[: len(names)])), legend=legend),
        theme=theme,
    )
    plots = [
        _landscape_plot(look, domain, sizes.landscape, clickable),
        _loss_plot(look, loss_axis, sizes.loss, steps),
    ]
    chart = alt.hconcat(*plots, spacing=24) if sizes.side_by_side else alt.vconcat(*plots, spacing=16)
    # Descriptions and tooltips of single marks would be made anew in every frame; the heads have tooltips of their own,
    # and the figure as a whole has a description.
    chart = chart.configure_mark(aria=False, tooltip=None)
    ends = {
        f"loss_{end}": f"length(data('ends')) ? data('ends')[0].{end} : {i}" for i, end in ((1, "low"), (2, "high"))
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


def _landscape_plot(look: _Look, domain: tuple[Point, Point], size: tuple[int, int], clickable: bool) -> Any:
    theme = look.theme
    x_scale, y_scale = (alt.Scale(domain=list(ends), nice=False, zero=False) for ends in domain)
    ticks = alt.Axis(format="~g", tickCount=8)
    x, y = alt.X("x:Q", title="x", scale=x_scale, axis=ticks), alt.Y("y:Q", title="y", scale=y_scale, axis=ticks)
    trails = alt.Chart(alt.NamedData(name="trails")).encode(x=x, y=y)
    grown = trails.transform_filter(_GROWN).transform_calculate(dash="datum.run")
    layers = [
        alt.Chart(alt.NamedData(name="heatmap"))
        .mark_image(width=size[0], height=size[1], aspect=False)
        .encode(x=x, y=y, url="url:N"),
        alt.Chart(alt.NamedData(name="contours"))
        .mark_line(clip=True, strokeWidth=0.7, opacity=0.7, color=theme.line, interpolate="linear")
        .encode(x=x, y=y, detail="line:N", order="at:Q"),
        grown.mark_line(clip=True, strokeWidth=4, opacity=0.8, color=theme.halo).encode(detail="run:N", order="step:Q"),
        grown.mark_line(clip=True, strokeWidth=2).encode(order="step:Q", color=look.colour, strokeDash=look.dash),
        alt.Chart(alt.NamedData(name="minima"))
        .mark_text(text="★", fontSize=18, color=theme.ink, stroke=theme.halo, strokeWidth=0.6, tooltip="known minimum")
        .encode(x=x, y=y),
        alt.Chart(alt.NamedData(name="start"))
        .mark_point(clip=True, shape="circle", size=160, strokeWidth=2, color=theme.ink, tooltip="start")
        .encode(x=x, y=y),
        trails.transform_filter(_HEAD)
        .mark_point(clip=True, filled=True, size=110, opacity=1, stroke=theme.halo, strokeWidth=1)
        .encode(color=look.colour, shape=look.shape, tooltip=["run:N", "step:Q", "x:Q", "y:Q"]),
    ]
    if clickable:
        layers.append(_click_grid(domain, x_scale, y_scale))
    return alt.layer(*layers).properties(width=size[0], height=size[1])


def _click_grid(domain: tuple[Point, Point], x_scale: Any, y_scale: Any) -> Any:
    """Invisible cells, generated in the browser, that tell where a click was."""
    (xmin, xmax), (ymin, ymax) = domain
    width, height = (xmax - xmin) / CLICK_CELLS, (ymax - ymin) / CLICK_CELLS
    pick = alt.selection_point(name=PICK, fields=["x", "y"], on="click", empty=False, toggle=False, clear=False)
    return (
        alt.Chart(alt.sequence(0, CLICK_CELLS**2, as_="cell"))
        .transform_calculate(left=f"{xmin} + {width} * (datum.cell % {CLICK_CELLS})")
        .transform_calculate(bottom=f"{ymin} + {height} * floor(datum.cell / {CLICK_CELLS})")
        .transform_calculate(right=f"datum.left + {width}", top=f"datum.bottom + {height}")
        .transform_calculate(x=f"datum.left + {width / 2}", y=f"datum.bottom + {height / 2}")
        .mark_rect(opacity=0, tooltip=None, cursor="crosshair")
        .encode(x=alt.X("left:Q", scale=x_scale), x2="right", y=alt.Y("bottom:Q", scale=y_scale), y2="top")
        .add_params(pick)
    )


def _loss_scale(kind: ScaleKind) -> Any:
    """A scale whose ends are data: were they in the specification, a new one would start the animation again."""
    ends = [alt.ExprRef("loss_low"), alt.ExprRef("loss_high")]
    return (
        alt.Scale(type=kind, domain=ends, nice=False)
        if kind == "log"
        else alt.Scale(type=kind, domain=ends, zero=False)
    )


def _loss_ticks(kind: ScaleKind) -> Any:
    if kind != "log":
        return alt.Axis(format="~g")
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    return alt.Axis(labelExpr=f"{decade} ? format(datum.value, '~e') : ''", tickCount=8)


def _loss_plot(look: _Look, axis: tuple[str, ScaleKind], size: tuple[int, int], steps: int) -> Any:
    title, kind = axis
    x = alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, steps], nice=False))
    y = alt.Y("loss:Q", title=title, scale=_loss_scale(kind), axis=_loss_ticks(kind))
    trails = alt.Chart(alt.NamedData(name="trails")).encode(x=x, y=y)
    return alt.layer(
        alt.Chart(alt.NamedData(name="ends")).mark_point(opacity=0),  # draws nothing: it brings the data in
        trails.mark_line(clip=True, strokeWidth=1, opacity=0.35).encode(order="step:Q", color=look.colour),
        trails.transform_filter(_GROWN)
        .transform_calculate(dash="datum.run")
        .mark_line(clip=True, strokeWidth=2)
        .encode(order="step:Q", color=look.colour, strokeDash=look.dash),
        trails.transform_filter(_HEAD)
        .mark_point(clip=True, filled=True, size=90, opacity=1, stroke=look.theme.halo, strokeWidth=1)
        .encode(color=look.colour, shape=look.shape, tooltip=["run:N", "step:Q", "loss:Q"]),
    ).properties(width=size[0], height=size[1])
