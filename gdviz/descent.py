"""One run of one optimizer on one landscape: :func:`descend` and its record, the :class:`Trajectory`.

Nothing is clamped, rescaled or clipped unless the caller asked for it. A run that leaves the finite numbers has
diverged: it stops there, keeps what it has, and says at which step.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from gdviz import outcome
from gdviz.catalogue import Entry, knob
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.outcome import Array, Status
from gdviz.schedules import SCHEDULES, Constant, Schedule
from gdviz.walk import walk

MOST_STEPS = 100_000
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Stop(Entry):
    """Conditions that end a run before its last step. None switches a condition off.

    >>> Stop(loss_change=1e-8).changes()
    {'loss_change': 1e-08}
    """

    label = "Stop"

    loss: float | None = knob(None, help="stop as soon as the loss is at most this (when climbing: at least)")
    loss_change: float | None = knob(None, 0.0, log=True, help="stop when a step changes the loss by at most this")
    gradient_norm: float | None = knob(None, 0.0, log=True, help="stop when the gradient is at most this long")

    def first(self, loss: Array, gradient: Array, maximize: bool = False) -> tuple[int, str] | None:
        """The first row at which a condition holds, and which it is; None where none ever holds.

        Args:
            loss: Shape (T+1,).
            gradient: Shape (T+1, d).
            maximize: The run climbs, and ends when the loss is at least ``Stop.loss``.
        """
        sign = -1.0 if maximize else 1.0
        watched = {
            f"the loss is at {'least' if maximize else 'most'} {self.loss}": (
                None if self.loss is None else sign * self.loss,
                sign * loss,
            ),
            f"the loss changed by at most {self.loss_change}": (
                self.loss_change,
                np.abs(np.diff(loss, prepend=np.inf)),
            ),
            f"the gradient's norm is at most {self.gradient_norm}": (
                self.gradient_norm,
                np.linalg.norm(gradient, axis=1),
            ),
        }
        met = [
            (int(np.argmax(values <= limit)), sentence)
            for sentence, (limit, values) in watched.items()
            if limit is not None and np.any(values <= limit)
        ]
        return min(met, default=None)


@dataclass(frozen=True)
class Averaging(Entry):
    """An exponential moving average (EMA) of the positions, as the arguments of the same names of Keras's optimizers.

    a ← θ at the first step, then a ← βa + (1-β)θ;   every k steps θ ← a

    The average is recorded as ``Trajectory.state["average"]``.

    >>> Averaging(ema_momentum=0.9).changes()
    {'ema_momentum': 0.9}
    """

    label = "Averaging"

    ema_momentum: float = knob(0.99, 0.0, 1.0, help="memory of the average (β)")
    ema_overwrite_frequency: int = knob(0, 0, help="steps from one θ ← a to the next (k); 0: never")

    def keras_code(self) -> str:
        """The arguments of a Keras optimizer that do the same."""
        return (
            f"use_ema=True, ema_momentum={self.ema_momentum!r}, "
            f"ema_overwrite_frequency={self.ema_overwrite_frequency or None!r}"
        )


@dataclass(frozen=True)
class Descent:
    """Everything that determines a run: the same Descent gives the same numbers on any machine.

    ``schedule.initial_learning_rate`` and ``optimizer.learning_rate`` are the same number.
    """

    landscape: Landscape
    optimizer: Optimizer
    schedule: Schedule
    start: Point
    steps: int = 200
    clip: Clipper | None = None
    noise: float = 0.0
    seed: int = 0
    stop: Stop = Stop()
    weight_decay: float = 0.0
    averaging: Averaging | None = None
    batch_size: int | None = None
    maximize: bool = False
    """Climb: the optimizer is given -L in place of the loss L."""

    def __post_init__(self) -> None:
        check_whole("steps", self.steps, 1, MOST_STEPS)
        check_whole("seed", self.seed, 0, MOST_SEED)
        if self.batch_size is not None:
            if not isinstance(self.landscape, DataLandscape):
                raise ValueError(
                    f"batch_size must be None: {self.landscape.label} has no data; got {self.batch_size!r}"
                )
            check_whole("batch_size", self.batch_size, 1, self.landscape.examples)
        for name in ("noise", "weight_decay"):
            value = getattr(self, name)
            if not _is_finite(value) or value < 0:
                raise ValueError(f"{name} must be a number with 0 ≤ {name}; got {value!r}")
        if len(self.start) != 2 or not all(map(_is_finite, self.start)):
            raise ValueError(f"start must be two finite numbers, x and y; got {self.start!r}")

    def run(self) -> "Trajectory":
        """Take the steps and record them."""
        with np.errstate(all="ignore"):  # overflow is a result here, not an accident
            steps = walk(self)
            theta, exact = steps.theta, steps.gradient
            loss = np.asarray(self.landscape.value(theta.T))
            bad = outcome.first_non_finite(theta, loss, exact)
            met = self.stop.first(loss, exact, self.maximize)
            last = min((end[0] for end in (bad, met) if end), default=self.steps)
            theta, loss, exact = theta[: last + 1], loss[: last + 1], exact[: last + 1]
            status: Status
            if bad and bad[0] == last:
                status, reason = "diverged", outcome.divergence(*bad, loss, exact, self.maximize)
            else:
                status, reason = outcome.judge(self.landscape, theta, loss, exact, self.maximize)
                if status == "stalled":
                    reason += outcome.slowed_down(steps.learning_rate[:last])
                if met:
                    status = "converged" if met[1].startswith("the loss is at") else status
                    reason = f"Stopped after step {last}: {met[1]}. {reason}"
        return Trajectory(
            setup=self,
            theta=theta,
            loss=loss,
            gradient=exact,
            used_gradient=steps.used_gradient[:last],
            clipped=steps.clipped[:last],
            learning_rate=steps.learning_rate[:last],
            state={name: values[: last + 1] for name, values in steps.state.items()},
            evaluations={what: counts[:last] for what, counts in steps.evaluations.items()},
            status=status,
            stopped_at=last if bad or met else None,
            reason=reason,
        )


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The record of a run of T steps. Row t of an array with T+1 rows belongs to the point after t steps."""

    setup: Descent
    """What was run."""
    theta: Array
    """Positions, shape (T+1, d). Of a diverged run, the last row is the first that is not all finite."""
    loss: Array
    """Losses, shape (T+1,)."""
    gradient: Array
    """Exact gradients, shape (T+1, d)."""
    used_gradient: Array
    """What the optimizer was given at each step, after noise and clipping, shape (T, d)."""
    clipped: NDArray[np.bool_]
    """Which steps had their gradient clipped, shape (T,)."""
    learning_rate: Array
    """Learning rate of each step, shape (T,)."""
    state: dict[str, Array]
    """The optimizer's named quantities, each of shape (T+1, ...)."""
    evaluations: dict[str, NDArray[np.int64]]
    """How often each step evaluated a "gradient", a "loss" and a "hessian" for the optimizer, each of shape (T,)."""
    status: Status
    """converged (at a minimum), running (still moving), stalled (stopped elsewhere) or diverged (not finite)."""
    stopped_at: int | None
    """The step that ended the run early; None where it took all its steps."""
    reason: str
    """One sentence or two on why ``status`` is what it is."""

    @property
    def steps(self) -> int:
        """The number of steps taken, T."""
        return len(self.learning_rate)

    @property
    def label(self) -> str:
        """What to call this run."""
        return self.setup.optimizer.label

    @cached_property
    def distance(self) -> Array:
        """Distance to the nearest known minimum, shape (T+1,); NaN where the landscape has none."""
        if not self.setup.landscape.minima:
            return np.full(len(self.theta), np.nan)
        apart = self.theta[:, None, :] - np.array(self.setup.landscape.minima)[None, :, :]
        return np.asarray(np.linalg.norm(apart, axis=-1).min(axis=1))

    @cached_property
    def steps_to_converge(self) -> int | None:
        """The number of steps after which the loss stays at that of the minimum; None where it has not converged."""
        if self.status != "converged":
            return None
        loss = -self.loss if self.setup.maximize else self.loss
        lowest, end = self.setup.landscape.lowest, float(loss[-1])
        known = lowest is not None and not self.setup.maximize and outcome.reaches(loss, lowest)[-1]
        above = np.flatnonzero(~outcome.reaches(loss, lowest if known and lowest is not None else end))
        return int(above[-1]) + 1 if len(above) else 0

    @property
    def gradient_evaluations(self) -> int:
        """How many gradients the optimizer needed: one a step, and those that it asked for besides."""
        return int(self.evaluations["gradient"].sum())

    @property
    def loss_evaluations(self) -> int:
        """How many losses the optimizer needed; those recorded for the charts are not counted."""
        return int(self.evaluations["loss"].sum())

    @property
    def hessian_evaluations(self) -> int:
        """How many matrices of second derivatives the optimizer needed."""
        return int(self.evaluations["hessian"].sum())


def descend(
    landscape: str | Landscape,
    optimizer: str | Optimizer,
    learning_rate: float | str | Schedule | None = None,
    start: Sequence[float] | None = None,
    steps: int = 200,
    clip: str | Clipper | None = None,
    noise: float = 0.0,
    batch_size: int | None = None,
    seed: int = 0,
    stop: Stop | None = None,
    weight_decay: float = 0.0,
    averaging: Averaging | None = None,
    maximize: bool = False,
) -> Trajectory:
    """Run an optimizer on a landscape and record every step.

    Args:
        landscape: An entry of ``gdviz.LANDSCAPES``, or its name.
        optimizer: An entry of ``gdviz.OPTIMIZERS``, or its name.
        learning_rate: A number; or a schedule; or the name of a schedule, which then starts at the optimizer's own
            learning rate. None stands for the optimizer's own learning rate, constant.
        start: Where to start, (x, y). None stands for the landscape's own start.
        steps: The number of steps, from 1 to 100,000.
        clip: An entry of ``gdviz.CLIPPERS``, or its name. None: nothing is clipped.
        noise: Standard deviation of the normal noise that is added to each coordinate of the gradient.
        batch_size: On a landscape of data, how many examples each gradient is taken over: stochastic gradients, in a
            new order every epoch. None: all.
        seed: Determines the noise and the order of the examples.
        stop: Conditions that end the run early. Divergence always does.
        weight_decay: Share of the position that is taken off before each step, times the learning rate. As in Keras,
            that is apart from the gradient, whatever the optimizer.
        averaging: Average the positions, as Keras does with ``use_ema``. None: no average.
        maximize: Climb instead: the optimizer is given -L in place of the loss L, as PyTorch does with ``maximize``.

    Raises:
        ValueError: An argument is not allowed; the message names it, its value, and what is allowed.

    >>> run = descend("rosenbrock", "adam", learning_rate=0.05, steps=300)
    >>> run.theta.shape, run.status
    ((301, 2), 'running')
    """
    ground = LANDSCAPES.make(landscape)
    rule = OPTIMIZERS.make(optimizer)
    schedule: Schedule
    if isinstance(learning_rate, Schedule):
        schedule = SCHEDULES.make(learning_rate)
    elif isinstance(learning_rate, str):
        schedule = SCHEDULES.make(learning_rate, initial_learning_rate=rule.learning_rate)
    else:
        if learning_rate is not None:
            rule = replace(rule, learning_rate=learning_rate)
        schedule = Constant(rule.learning_rate)
    return Descent(
        landscape=ground,
        optimizer=replace(rule, learning_rate=schedule.initial_learning_rate),
        schedule=schedule,
        start=_point(ground.start if start is None else start),
        steps=steps,
        clip=None if clip is None else CLIPPERS.make(clip),
        noise=noise,
        seed=seed,
        stop=Stop() if stop is None else stop,
        weight_decay=weight_decay,
        averaging=averaging,
        batch_size=batch_size,
        maximize=maximize,
    ).run()


def _point(start: Sequence[float]) -> Point:
    try:
        x, y = start
        return float(x), float(y)
    except (TypeError, ValueError):
        raise ValueError(f"start must be two finite numbers, x and y; got {start!r}") from None


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or not low <= int(value) <= high:
        raise ValueError(f"{name} must be a whole number with {low} ≤ {name} ≤ {high}; got {value!r}")
