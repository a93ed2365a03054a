"""Runs as they are drawn: the points of their trails, and the axes that hold their losses and learning rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gdviz.charts.figure import Table
from gdviz.descent import Trajectory
from gdviz.landscapes import Point

Array = NDArray[np.float64]
LossScale = Literal["log", "linear"]
ScaleKind = Literal["linear", "log", "symlog"]

_EVERY = 150
"""Trails are drawn with every step up to this one..."""
_MORE = 250
"""...and with this many points for all later steps: more than a screen can show."""
LOWEST_LOG = 1e-16
"""A logarithmic axis ends here: differences this small are rounding."""
_FAR = 3.0
"""Lines that leave the plot are led this many plot widths beyond its edge, in their true direction."""


def heights(runs: Sequence[Trajectory], scale: LossScale) -> list[Array]:
    """The loss as it is drawn: on a logarithmic scale, the loss above the lowest one."""
    lowest = runs[0].setup.landscape.lowest
    if scale == "linear" or lowest is None:
        return [run.loss for run in runs]
    return [np.maximum(run.loss - lowest, LOWEST_LOG) for run in runs]


def drawn_steps(steps: int) -> NDArray[np.int64]:
    """The steps that are drawn of a run of ``steps``: all of a short run, ever fewer of a long one."""
    if steps <= _EVERY + _MORE:
        return np.arange(steps + 1)
    return np.concatenate([np.arange(_EVERY), np.linspace(_EVERY, steps, _MORE).round().astype(np.int64)])


def trails(runs: Sequence[Trajectory], names: Sequence[str], heights: Sequence[Array], rates: "Axis | None") -> Table:
    """One row for each drawn point. ``next`` is the step at which the following point takes over as the head.

    Args:
        runs: The runs.
        names: Their names.
        heights: Their losses as they are drawn.
        rates: The axis for a column with the learning rate of the step that follows; None: no such column.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "step", "next", "x", "y", "loss", "rate")}
    for run, name, height in zip(runs, names, heights, strict=True):
        steps, drawn = _drawn(run, height)
        if not len(steps):
            continue
        columns["run"] += [name] * len(steps)
        columns["step"].append(steps)
        columns["next"].append(np.append(steps[1:], 2**31 - 1))
        x, y = drawn.T
        columns["x"].append(x)
        columns["y"].append(y)
        columns["loss"].append(height[steps])
        if rates is not None:
            columns["rate"].append(rates.led_out(run.learning_rate[np.minimum(steps, run.steps - 1)]))
    return {"run": columns.pop("run"), **{name: np.concatenate(parts) for name, parts in columns.items() if parts}}


def clipped(runs: Sequence[Trajectory], names: Sequence[str], heights: Sequence[Array]) -> Table:
    """The parts of the trails that steps with a clipped gradient drew, numbered: one row for each of their points."""
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "part", "step", "x", "y")}
    part = 0
    for run, name, height in zip(runs, names, heights, strict=True):
        steps, drawn = _drawn(run, height)
        cut = [bool(run.clipped[first:last].any()) for first, last in pairwise(steps)]
        for i, is_cut in enumerate(cut):
            if not is_cut:
                part += 1
                continue
            begins = i == 0 or not cut[i - 1]
            for row in (i, i + 1) if begins else (i + 1,):
                for column, value in zip(columns.values(), (name, part, steps[row], *drawn[row]), strict=True):
                    column.append(value)
        part += 1
    return columns


def _drawn(run: Trajectory, height: Array) -> tuple[NDArray[np.int64], Array]:
    """The steps of a run whose points are drawn, and where, shape (n, 2)."""
    finite = np.isfinite(run.theta).all(axis=1) & np.isfinite(height)
    steps = drawn_steps(run.steps)
    steps = steps[finite[steps]]
    return steps, _led_out(run.theta[steps], run.setup.landscape.domain)


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
class Axis:
    """The vertical axis of a plot against the step."""

    title: str
    kind: ScaleKind
    low: float
    high: float

    def led_out(self, height: Array) -> Array:
        """Numbers far beyond the axis, brought to just outside it: the line still leaves at its top or bottom."""
        if self.kind == "log":
            return np.clip(height, 1e-9 * self.low, 1e9 * self.high)
        reach = _FAR * (self.high - self.low)
        return np.clip(height, self.low - reach, self.high + reach)


def loss_axis(runs: Sequence[Trajectory], heights: Sequence[Array], scale: LossScale) -> Axis:
    """An axis that holds all losses up to a thousand times (linear: twice) the first; higher ones leave at its top."""
    known = runs[0].setup.landscape.lowest is not None
    finite = [height[np.isfinite(height)] for height in heights]
    low = min(float(height.min(initial=np.inf)) for height in finite)
    high = max(float(height.max(initial=-np.inf)) for height in finite)
    first = float(heights[0][0])
    if scale == "log" and known:
        high = min(high, 1e3 * max(first, low))
        decades = np.floor(np.log10(low)), np.ceil(np.log10(max(high, 1.001 * low)))
        return Axis("loss above the lowest (log scale)", "log", 10.0 ** decades[0], 10.0 ** decades[1])
    span = max(abs(first), 1.0)
    low, high = max(low, first - 1e3 * span), min(high, first + span)
    if scale == "log":
        return Axis("loss (symmetric log scale)", "symlog", *_rounded_out(low, high))
    return Axis("loss", "linear", *_rounded_out(low, high))


def rate_axis(runs: Sequence[Trajectory]) -> Axis:
    """An axis for the learning rates of all runs: logarithmic where their largest differ by a factor above 10."""
    largest = [float(run.learning_rate.max(initial=0.0)) for run in runs]
    high = max(largest)
    if 0 < min(largest) < high / 10:
        rates = np.concatenate([run.learning_rate for run in runs])
        low = max(float(rates[rates > 0].min()), 1e-4 * min(largest))
        return Axis(
            "learning rate (log scale)", "log", 10.0 ** np.floor(np.log10(low)), 10.0 ** np.ceil(np.log10(high))
        )
    return Axis("learning rate", "linear", 0.0, _rounded_out(0.0, high)[1] if high else 1.0)


def _rounded_out(low: float, high: float) -> tuple[float, float]:
    """Ends widened to round numbers, so that an axis stays still while losses change a little."""
    unit = 10.0 ** np.floor(np.log10(max(high - low, 1e-300))) / 2
    low, high = float(np.floor(low / unit) * unit), float(np.ceil(high / unit) * unit)
    return (low, high) if high > low else (low - 1.0, high + 1.0)
