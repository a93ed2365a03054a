"""Schedules that fall: step by step, smoothly, or in the pieces that one writes down."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviz.catalogue import knob
from gdviz.schedules.base import SCHEDULES, Schedule, decay_steps, initial_learning_rate, staircase, warmup_steps


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    r"""The same learning rate at every step.

    >>> Constant(0.1, warmup_steps=4)(np.array([0, 1, 7])).tolist()
    [0.0, 0.025, 0.1]
    """

    label = "Constant"
    formula = r"\eta_t = \eta_0"

    initial_learning_rate: float = initial_learning_rate()
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        return self.initial_learning_rate + 0.0 * step


@SCHEDULES.register("step_decay")
@dataclass(frozen=True)
class StepDecay(Schedule):
    r"""Multiplied by the decay rate at once, every ``decay_steps`` steps: exponential decay as a staircase.

    η_t = η₀ · r^⌊t/s⌋      as Keras's ExponentialDecay with staircase

    >>> StepDecay(0.1, decay_steps=10, decay_rate=0.5)(np.array([9, 10, 25])).round(12).tolist()
    [0.1, 0.05, 0.025]
    """

    label = "Step decay"
    formula = r"\eta_t = \eta_0 \, r^{\lfloor t/s \rfloor}"
    source = "https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/"
    keras_class = "ExponentialDecay"
    keras_fixed = {"staircase": True}

    initial_learning_rate: float = initial_learning_rate()
    decay_steps: int = decay_steps()
    decay_rate: float = knob(0.5, above=0.0, usual=(0.01, 1.0), help="factor", symbol="r")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        return self.initial_learning_rate * self.decay_rate ** np.floor(step / self.decay_steps)


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
    decay_steps: int = decay_steps()
    decay_rate: float = knob(0.5, above=0.0, usual=(0.01, 1.0), help="factor", symbol="r")
    staircase: bool = staircase()
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        exponent = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (np.floor(exponent) if self.staircase else exponent)


@SCHEDULES.register("inverse_time_decay")
@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    r"""Divided by a number that grows steadily: slow enough that the steps' sum is infinite, as theory asks.

    η_t = η₀ / (1 + r t/s),   with t/s rounded down for a staircase      as in Keras

    >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5)(np.array([0, 5, 20])).round(12).tolist()
    [0.1, 0.08, 0.05]
    """

    label = "Inverse time decay"
    formula = r"\eta_t = \frac{\eta_0}{1 + r\, t/s}"
    source = "https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/"
    keras_class = "InverseTimeDecay"

    initial_learning_rate: float = initial_learning_rate()
    decay_steps: int = decay_steps()
    decay_rate: float = knob(0.5, 0.0, usual=(0.01, 10.0), help="growth of the divisor", symbol="r")
    staircase: bool = staircase()
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        time = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (np.floor(time) if self.staircase else time))


@SCHEDULES.register("polynomial_decay")
@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    r"""Down to the end learning rate within ``decay_steps`` steps, along a straight line or a power of it.

    η_t = (η₀ - η₁)(1 - t/s)^p + η₁ for t ≤ s, then η₁      as in Keras
    With ``cycle``, s is the next multiple of itself.

    >>> PolynomialDecay(0.1, 10, end_learning_rate=0.02, power=2.0)(np.array([0, 5, 20])).round(12).tolist()
    [0.1, 0.04, 0.02]
    """

    label = "Polynomial decay"
    formula = r"\eta_t = (\eta_0 - \eta_1)\left(1 - \tfrac{\min(t, s)}{s}\right)^p + \eta_1"
    source = "https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/"
    keras_class = "PolynomialDecay"

    initial_learning_rate: float = initial_learning_rate()
    decay_steps: int = decay_steps()
    end_learning_rate: float = knob(
        0.0001, 0.0, usual=(1e-6, 1.0), log=True, help="learning rate at the end", symbol="η₁"
    )
    power: float = knob(1.0, above=0.0, usual=(0.1, 5.0), help="1: a straight line", symbol="p")
    cycle: bool = knob(False, help="start again, lower, each time the end is reached")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        span = self.decay_steps * (np.maximum(np.ceil(step / self.decay_steps), 1) if self.cycle else 1)
        left = (1 - np.minimum(step, span) / span) ** self.power
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


@SCHEDULES.register("piecewise_constant")
@dataclass(frozen=True)
class PiecewiseConstant(Schedule):
    r"""Three learning rates, one after the other.

    η_t = η₀ for t ≤ b₁, η₁ for b₁ < t ≤ b₂, η₂ for t > b₂      as Keras's PiecewiseConstantDecay

    >>> PiecewiseConstant(0.1, 10, 0.05, 20, 0.01)(np.array([10, 11, 20, 21])).tolist()
    [0.1, 0.05, 0.05, 0.01]
    """

    label = "Piecewise constant"
    formula = r"\eta_t = \eta_0\ (t \le b_1),\quad \eta_1\ (b_1 < t \le b_2),\quad \eta_2\ (t > b_2)"
    source = "https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/"
    keras_class = "PiecewiseConstantDecay"

    initial_learning_rate: float = initial_learning_rate()
    boundary_1: int = knob(50, 0, usual=(0, 1000), help="last step at η₀", symbol="b₁")
    value_1: float = knob(0.005, 0.0, usual=(1e-5, 10.0), log=True, help="second learning rate", symbol="η₁")
    boundary_2: int = knob(100, 0, usual=(0, 1000), help="last step at η₁", symbol="b₂")
    value_2: float = knob(0.001, 0.0, usual=(1e-5, 10.0), log=True, help="third learning rate", symbol="η₂")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        late = np.where(step <= self.boundary_2, self.value_1, self.value_2)
        return np.where(step <= self.boundary_1, self.initial_learning_rate, late)

    def keras_decay(self) -> str:
        boundaries = [self.boundary_1, max(self.boundary_1, self.boundary_2)]
        values = [self.initial_learning_rate, self.value_1, self.value_2]
        return f"keras.optimizers.schedules.{self.keras_class}(boundaries={boundaries!r}, values={values!r})"
