"""Learning-rate schedules: functions from the step, counting from 0 as in Keras, to the learning rate."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviz.catalogue import Catalogue, Entry, knob


def initial_learning_rate() -> Any:
    """The knob that all schedules have."""
    return knob(0.01, low=0.0, usual=(1e-5, 10.0), log=True, help="learning rate at step 0 (η₀)")


@dataclass(frozen=True)
class Schedule(Entry):
    """A learning rate that depends on the step alone, so that any optimizer can use it."""

    keras_class: ClassVar[str | None] = None
    """The class of ``keras.optimizers.schedules`` that gives the same learning rates."""

    initial_learning_rate: float

    def __call__(self, step: ArrayLike) -> Any:
        """The learning rate at ``step``: an integer, or an array of integers, counting from 0."""
        raise NotImplementedError

    def starting_at(self, learning_rate: float) -> Self:
        """The same schedule with another learning rate at step 0."""
        return replace(self, initial_learning_rate=learning_rate)

    def keras_code(self) -> str:
        """The Keras expression for this schedule."""
        if self.keras_class is None:
            return repr(self.initial_learning_rate)
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.values().items())
        return f"keras.optimizers.schedules.{self.keras_class}({arguments})"


SCHEDULES: Catalogue[Schedule] = Catalogue("schedule")


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same learning rate at every step.

    >>> Constant(0.1)(np.array([0, 7])).tolist()
    [0.1, 0.1]
    """

    label = "Constant"
    formula = r"\eta_t = \eta_0"

    initial_learning_rate: float = initial_learning_rate()

    def __call__(self, step: ArrayLike) -> Any:
        return self.initial_learning_rate + 0.0 * np.asarray(step)


@SCHEDULES.register("exponential_decay")
@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    r"""Multiplied by the decay rate once in every ``decay_steps`` steps, smoothly or, as a staircase, at once.

    η_t = η₀ · rᵗᐟˢ,   with the exponent rounded down for a staircase      as in Keras

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(np.array([0, 5, 20])).round(12).tolist()
    [0.1, 0.070710678119, 0.025]
    """

    label = "Exponential decay"
    formula = r"\eta_t = \eta_0 \, r^{\,t/s}"
    source = "https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/"
    keras_class = "ExponentialDecay"

    initial_learning_rate: float = initial_learning_rate()
    decay_steps: int = knob(100, 1, usual=(1, 1000), log=True, help="steps from one multiplication to the next (s)")
    decay_rate: float = knob(0.5, above=0.0, usual=(0.01, 1.0), help="factor (r)")
    staircase: bool = knob(False, help="change the learning rate at once, every decay_steps steps")

    def __call__(self, step: ArrayLike) -> Any:
        exponent = np.asarray(step) / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (np.floor(exponent) if self.staircase else exponent)
