"""Schedules along cosines: down once, down again and again, up and down."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviz.catalogue import knob
from gdviz.schedules.base import (
    SCHEDULES,
    Schedule,
    decay_steps,
    initial_learning_rate,
    warmup_steps,
    written_out,
)


@SCHEDULES.register("cosine_decay")
@dataclass(frozen=True)
class CosineDecay(Schedule):
    r"""Down half a cosine wave within ``decay_steps`` steps: slow at first, slow at the end.

    η_t = η₀ ((1 - α)(1 + cos πt/s)/2 + α) for t ≤ s, then η₀α      as in Keras

    >>> CosineDecay(0.1, decay_steps=10, alpha=0.2)(np.array([0, 5, 20])).round(12).tolist()
    [0.1, 0.06, 0.02]
    """

    label = "Cosine decay"
    formula = r"\eta_t = \eta_0 \left((1-\alpha)\, \tfrac{1 + \cos(\pi \min(t, s)/s)}{2} + \alpha\right)"
    source = "https://arxiv.org/abs/1608.03983"
    keras_class = "CosineDecay"

    initial_learning_rate: float = initial_learning_rate()
    decay_steps: int = decay_steps()
    alpha: float = knob(0.0, 0.0, 1.0, help="share of η₀ that remains at the end", symbol="α")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        wave = (1 + np.cos(np.pi * np.minimum(step, self.decay_steps) / self.decay_steps)) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)

    def keras_code(self) -> str:
        """Keras's CosineDecay is the one with a warm-up of its own."""
        if not self.warmup_steps:
            return self.keras_decay()
        peak = self.initial_learning_rate
        return self.starting_at(0.0).keras_decay()[:-1] + f", warmup_target={peak!r}, warmup_steps={self.warmup_steps})"


@SCHEDULES.register("cosine_decay_restarts")
@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    r"""Cosine decay that starts again each time it ends, for longer and, if wanted, from lower (SGDR).

    η_t = η₀ ((1 - α) mⁱ (1 + cos πp)/2 + α),   i restarts done, p the share of the period done      as in Keras

    >>> CosineDecayRestarts(0.1, first_decay_steps=10, m_mul=0.5)(np.array([5, 10, 20])).round(12).tolist()
    [0.05, 0.05, 0.025]
    """

    label = "Cosine decay with restarts"
    formula = r"\eta_t = \eta_0 \left((1-\alpha)\, m^i\, \tfrac{1 + \cos \pi p}{2} + \alpha\right)"
    source = "https://arxiv.org/abs/1608.03983"
    keras_class = "CosineDecayRestarts"

    initial_learning_rate: float = initial_learning_rate()
    first_decay_steps: int = knob(50, 1, usual=(1, 1000), log=True, help="steps of the first period")
    t_mul: float = knob(2.0, 1.0, usual=(1.0, 4.0), help="each period's length over that of the one before")
    m_mul: float = knob(
        1.0, above=0.0, usual=(0.1, 1.0), help="each period's height over that of the one before", symbol="m"
    )
    alpha: float = knob(0.0, 0.0, 1.0, help="share of η₀ that always remains", symbol="α")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        starts, length = [0.0], float(self.first_decay_steps)
        while starts[-1] <= np.max(step, initial=0):
            starts.append(starts[-1] + length)
            length *= self.t_mul
        restarts = np.searchsorted(starts, step, side="right") - 1
        begin, end = np.array(starts)[restarts], np.array([*starts, math.inf])[restarts + 1]
        wave = self.m_mul**restarts * (1 + np.cos(np.pi * (step - begin) / (end - begin))) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


@SCHEDULES.register("one_cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""One cycle (Smith & Topin, 2018): up to a high learning rate along half a cosine wave, then down to almost none.

    From η₀ to Dη₀ within the first share p of T steps, then to η₀/F at step T      as Optax's cosine_onecycle_schedule

    >>> OneCycle(0.01, transition_steps=10, pct_start=0.5, div_factor=5.0)(np.array([0, 5, 10])).round(12).tolist()
    [0.01, 0.05, 1e-06]
    """

    label = "One cycle"
    formula = (
        r"\eta_t = a + (b - a)\,\tfrac{1 - \cos \pi q}{2}, \quad "
        r"(a, b) = (\eta_0, D\eta_0)\ \text{then}\ (D\eta_0, \eta_0/F)"
    )
    source = "https://arxiv.org/abs/1708.07120"

    initial_learning_rate: float = initial_learning_rate()
    transition_steps: int = knob(200, 2, usual=(10, 1000), log=True, help="steps of the whole cycle", symbol="T")
    pct_start: float = knob(0.3, above=0.0, below=1.0, help="share of the cycle that goes up", symbol="p")
    div_factor: float = knob(25.0, above=0.0, usual=(1.0, 100.0), log=True, help="peak over η₀", symbol="D")
    final_div_factor: float = knob(10000.0, above=0.0, usual=(1.0, 1e6), log=True, help="η₀ over the end", symbol="F")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        up, rate = max(int(self.pct_start * self.transition_steps), 1), self.initial_learning_rate
        peak, end = rate * self.div_factor, rate / self.final_div_factor
        risen = (1 - np.cos(np.pi * np.minimum(step, up) / up)) / 2
        down = self.transition_steps - up
        fallen = (1 - np.cos(np.pi * np.clip(step - up, 0, down) / down)) / 2
        return rate + (peak - rate) * risen + (end - peak) * fallen

    def keras_decay(self) -> str:
        up, rate = max(int(self.pct_start * self.transition_steps), 1), self.initial_learning_rate
        peak, end, down = rate * self.div_factor, rate / self.final_div_factor, self.transition_steps - up
        risen = f"(1 - keras.ops.cos({math.pi!r} * keras.ops.minimum(step, {up}) / {up})) / 2"
        fallen = f"(1 - keras.ops.cos({math.pi!r} * keras.ops.clip(step - {up}, 0, {down}) / {down})) / 2"
        return written_out(f"{rate!r} + {peak - rate!r} * {risen} + {end - peak!r} * {fallen}")
