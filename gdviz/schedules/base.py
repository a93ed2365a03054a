"""The base of all schedules, and the catalogue that lists them."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviz.catalogue import Catalogue, Entry, Value, knob


def initial_learning_rate() -> Any:
    """The knob that all schedules have."""
    return knob(0.01, low=0.0, usual=(1e-5, 10.0), log=True, help="learning rate at step 0", symbol="η₀")


def decay_steps() -> Any:
    """The knob of schedules with a time scale."""
    return knob(100, 1, usual=(1, 1000), log=True, help="time scale in steps", symbol="s")


def staircase() -> Any:
    """The knob of schedules that can change in jumps."""
    return knob(False, help="change the learning rate at once, every decay_steps steps")


def warmup_steps() -> Any:
    """The knob that lets any schedule begin with a linear warm-up."""
    return knob(0, 0, usual=(0, 500), help="steps over which the learning rate first rises from 0 to η₀; 0: none")


@dataclass(frozen=True)
class Schedule(Entry):
    """A learning rate that depends on the step, so that any optimizer can use it.

    Any schedule can begin with a linear warm-up: η_t = η₀ t/w for t < w, and from then on the schedule itself, as if it
    started at step w. As in Keras's CosineDecay and in Optax, the learning rate of the very first step is then 0.
    """

    keras_class: ClassVar[str | None] = None
    """The class of ``keras.optimizers.schedules`` that gives the same learning rates."""
    keras_fixed: ClassVar[dict[str, Value]] = {}
    """Arguments of that class which make it this schedule."""
    follows_loss: ClassVar[bool] = False
    """True where the learning rate depends on the losses of the run too, by :meth:`after`."""

    initial_learning_rate: float

    def __call__(self, step: ArrayLike) -> Any:
        """The learning rate at ``step``: an integer, or an array of integers, counting from 0."""
        warmup: Any = self.values()["warmup_steps"]
        if not warmup:
            return self.decay(np.asarray(step))
        rising = self.initial_learning_rate * np.asarray(step) / warmup
        decaying = self.decay(np.maximum(np.asarray(step) - warmup, 0))
        return np.where(np.asarray(step) < warmup, rising, decaying)

    def decay(self, step: Any) -> Any:
        """The learning rate ``step`` steps after the warm-up, for an array of integers."""
        raise NotImplementedError

    def starting_at(self, learning_rate: float) -> Self:
        """The same schedule with another learning rate at step 0."""
        return replace(self, initial_learning_rate=learning_rate)

    def keras_code(self) -> str:
        """The Keras expression for this schedule. A schedule without a class in Keras is written out."""
        warmup: Any = self.values()["warmup_steps"]
        if not warmup:
            return self.keras_decay()
        peak = repr(self.initial_learning_rate)
        decay = self.keras_decay()
        after = decay if decay == peak else f"{decay}(keras.ops.maximum(step - {warmup}, 0))"
        return written_out(f"keras.ops.where(step < {warmup}, {peak} * step / {warmup}, {after})")

    def keras_decay(self) -> str:
        """The Keras expression for :meth:`decay`."""
        if self.keras_class is None:
            return repr(self.initial_learning_rate)
        values = {**self.values(), **self.keras_fixed}
        arguments = ", ".join(f"{name}={value!r}" for name, value in values.items() if name != "warmup_steps")
        return f"keras.optimizers.schedules.{self.keras_class}({arguments})"


def written_out(formula: str) -> str:
    """The Keras expression for a schedule that is given as a formula of ``step``."""
    call = f'lambda self, step: (lambda step: {formula})(keras.ops.cast(step, "float32"))'
    return f'type("Schedule", (keras.optimizers.schedules.LearningRateSchedule,), {{"__call__": {call}}})()'


SCHEDULES: Catalogue[Schedule] = Catalogue("schedule", "gdviz.SCHEDULES")
