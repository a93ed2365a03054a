"""A schedule that follows the loss of the run."""

import math
from dataclasses import dataclass
from typing import Any

from numpy import maximum, where

from gdviz.catalogue import knob
from gdviz.schedules.base import (
    SCHEDULES,
    Schedule,
    initial_learning_rate,
    warmup_steps,
)

Plateau = tuple[Any, Any, Any, Any]
"""The memory of reduce on plateau: the learning rate, the best loss, and the steps waited and still to cool down."""


@SCHEDULES.register("reduce_on_plateau")
@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    r"""Multiplied by a factor whenever the loss has not improved for some steps: a schedule by performance.

    After each step: if L < L_best - δ, L_best ← L; else, after ``patience`` such steps, η ← max(fη, η_min)

    As Keras's callback ReduceLROnPlateau, with a step in place of an epoch. Given only a step, the schedule is
    constant: the rate that follows from the loss is in ``Trajectory.learning_rate``.

    >>> rule = ReduceOnPlateau(0.1, factor=0.5, patience=1)
    >>> state = rule.after(1.0, rule.before())
    >>> float(rule.after(1.0, state)[0])
    0.05
    """

    label = "Reduce on plateau"
    formula = r"\eta \leftarrow \max(f \eta, \eta_{\min})\ \text{after } n \text{ steps without } L < L_{best} - \delta"
    source = "https://keras.io/api/callbacks/reduce_lr_on_plateau/"
    follows_loss = True

    initial_learning_rate: float = initial_learning_rate()
    factor: float = knob(0.1, above=0.0, below=1.0, help="factor", symbol="f")
    patience: int = knob(10, 1, usual=(1, 100), help="steps without improvement that are borne", symbol="n")
    min_delta: float = knob(1e-4, 0.0, usual=(1e-8, 1.0), log=True, help="smallest improvement that counts", symbol="δ")
    cooldown: int = knob(0, 0, usual=(0, 100), help="steps after a reduction in which none are counted")
    min_lr: float = knob(0.0, 0.0, usual=(0.0, 1.0), help="smallest learning rate", symbol="η_min")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        return self.initial_learning_rate + 0.0 * step

    def before(self) -> Plateau:
        """The memory before the first step."""
        return self.initial_learning_rate, math.inf, 0.0, 0.0

    def after(self, loss: Any, state: Plateau) -> Plateau:
        """The memory after a step that led to ``loss``; its first entry is the learning rate from then on."""
        rate, best, waited, cooling = state
        waited, cooling = where(cooling > 0, 0, waited), maximum(cooling - 1, 0)
        better = loss < best - self.min_delta
        waited = where(better, 0, waited + (cooling == 0))
        due = (waited >= self.patience) & (rate > self.min_lr)
        return (
            where(due, maximum(rate * self.factor, self.min_lr), rate),
            where(better, loss, best),
            where(due, 0, waited),
            where(due, self.cooldown, cooling),
        )

    def keras_callback_code(self) -> str:
        """The Keras callback that does this once an epoch; as a learning rate Keras then takes a number."""
        names = ("factor", "patience", "min_delta", "cooldown", "min_lr")
        arguments = ", ".join(f"{name}={self.values()[name]!r}" for name in names)
        return f'keras.callbacks.ReduceLROnPlateau(monitor="loss", {arguments})'
