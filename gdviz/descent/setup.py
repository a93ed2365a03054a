"""Everything that determines a run: the landscape, the rule, the conditions, and when to stop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import gdviz.landscapes.own  # noqa: F401 - links and files name the landscape of a formula
from gdviz.catalogue import Entry, Setup, knob, numbers, one_of, optional, part
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, OneRate, Schedule

Array = NDArray[np.float64]

MOST_STEPS = 100_000
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Stop(Entry):
    """Conditions that end a run before its last step. None switches a condition off.

    >>> Stop(loss_change=1e-8).changes()
    {'loss_change': 1e-08}
    """

    label = "Stop"
    maker = "gdviz.Stop"

    loss: float | None = knob(
        None, label="Stop at loss", help="stop as soon as the loss is at most this (when climbing: at least)"
    )
    loss_change: float | None = knob(
        None, 0.0, log=True, label="Stop at loss change", help="stop when a step changes the loss by at most this"
    )
    gradient_norm: float | None = knob(
        None, 0.0, log=True, label="Stop at gradient norm", help="stop when the gradient is at most this long"
    )

    def first(self, loss: Array, gradient: Array, maximize: bool = False) -> tuple[int, str] | None:
        """The first row at which a condition holds, and its name; None where none ever holds.

        Where several hold at once, it is the one that ``gdviz.tracing.stages.CONDITIONS`` names first.

        Args:
            loss: Shape (T+1,).
            gradient: Shape (T+1, d).
            maximize: The run climbs, and ends when the loss is at least ``Stop.loss``.
        """
        sign, watched = -1.0 if maximize else 1.0, dict[str, NDArray[np.bool_]]()
        if self.gradient_norm is not None:
            watched["gradient_norm"] = np.linalg.norm(gradient, axis=1) <= self.gradient_norm
        if self.loss_change is not None:
            watched["loss_change"] = np.abs(np.diff(loss, prepend=np.inf)) <= self.loss_change
        if self.loss is not None:
            watched["loss"] = sign * loss <= sign * self.loss
        met = [(int(np.argmax(holds)), name) for name, holds in watched.items() if np.any(holds)]
        return min(met, key=lambda found: found[0], default=None)


@dataclass(frozen=True)
class Averaging(Entry):
    """An exponential moving average (EMA) of the positions, as the arguments of the same names of Keras's optimizers.

    a ← θ at the first step, then a ← βa + (1-β)θ;   every k steps θ ← a

    The average is recorded as ``Trajectory.state["average"]``.

    >>> Averaging(ema_momentum=0.9).changes()
    {'ema_momentum': 0.9}
    """

    label = "Averaging"
    maker = "gdviz.Averaging"

    ema_momentum: float = knob(0.99, 0.0, 1.0, help="memory of the average", symbol="β")
    ema_overwrite_frequency: int = knob(0, 0, help="steps from one θ ← a to the next; 0: never", symbol="k")

    def keras_code(self) -> str:
        """The arguments of a Keras optimizer that do the same."""
        return (
            f"use_ema=True, ema_momentum={self.ema_momentum!r}, "
            f"ema_overwrite_frequency={self.ema_overwrite_frequency or None!r}"
        )


@dataclass(frozen=True, kw_only=True)
class Conditions(Setup):
    """The conditions of a run that have nothing to do with where it starts and by which rule it moves."""

    clip: Clipper | None = optional(CLIPPERS, label="Gradient clipping", help="bounds what the optimizer is given")
    noise: float = knob(
        0.0,
        0.0,
        step=0.1,
        label="Gradient noise",
        help="standard deviation of the normal noise that is added to each coordinate of the gradient",
    )
    seed: int = knob(0, 0, MOST_SEED, step=1, label="Seed", help="determines the noise and the order of the examples")
    stop: Stop = part(Stop)
    weight_decay: float = knob(
        0.0,
        0.0,
        step=0.001,
        label="Weight decay",
        help="each step first takes off this share of θ, times the learning rate",
    )
    averaging: Averaging | None = optional(Averaging, label="Moving average of the positions")
    batch_size: int | None = knob(
        None, 1, whole=True, label="Batch size", help="examples that each gradient is taken over; None: all, exactly"
    )
    maximize: bool = knob(
        False,
        words=("descent", "ascent"),
        link="direction",
        label="Direction",
        help="ascent gives every optimizer the loss times -1, so that it climbs",
    )


@dataclass(frozen=True)
class Descent(OneRate, Conditions):
    """Everything that determines a run: the same Descent gives the same numbers on any machine.

    ``schedule.initial_learning_rate`` and ``optimizer.learning_rate`` are the same number; see
    :class:`gdviz.schedules.OneRate`.

    Raises:
        ValueError: A value is not allowed, or two do not go together; names the field, the value and what is allowed.

    >>> Descent("quadratic", OPTIMIZERS["adam"](learning_rate=0.1), SCHEDULES["constant"](0.5))
    Traceback (most recent call last):
    ValueError: learning_rate must be one number: Adam has 0.1, its schedule (Constant) begins at 0.5
    """

    noun = "a descent"
    maker = "gdviz.Descent"

    landscape: Landscape = one_of(LANDSCAPES, "himmelblau")
    optimizer: Optimizer = one_of(OPTIMIZERS, "adam")
    schedule: Schedule = one_of(SCHEDULES, None, derived=("initial_learning_rate",))
    """None stands for the optimizer's own learning rate, constant."""
    start: Point = numbers(("x", "y"), help="where the run starts")
    """None stands for the landscape's own start."""
    steps: int = knob(200, 1, MOST_STEPS, help="number of steps")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start is None:
            object.__setattr__(self, "start", self.landscape.start)
        if self.batch_size is None:
            return
        if not isinstance(self.landscape, DataLandscape):
            raise ValueError(f"batch_size must be None: {self.landscape.label} has no data; got {self.batch_size!r}")
        if self.batch_size > self.landscape.examples:
            raise ValueError(
                f"batch_size must be a whole number with 1 ≤ batch_size ≤ {self.landscape.examples}; "
                f"got {self.batch_size!r}"
            )
