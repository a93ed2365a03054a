"""Everything that determines a run: the landscape, the rule, the conditions, and when to stop."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import Entry, knob
from gdviz.clipping import Clipper
from gdviz.landscapes import Landscape, Point
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Optimizer
from gdviz.schedules import Schedule

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


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or not low <= int(value) <= high:
        raise ValueError(f"{name} must be a whole number with {low} ≤ {name} ≤ {high}; got {value!r}")
