"""Learning-rate schedules: functions from the step, counting from 0 as in Keras, to the learning rate."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviz.catalogue import Catalogue, Entry, Value, knob


def initial_learning_rate() -> Any:
    """The knob that all schedules have."""
    return knob(0.01, low=0.0, usual=(1e-5, 10.0), log=True, help="learning rate at step 0 (η₀)")


def decay_steps() -> Any:
    """The knob of schedules with a time scale."""
    return knob(100, 1, usual=(1, 1000), log=True, help="time scale in steps (s)")


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
        """The Keras expression for this schedule. What Keras has no class for is written out."""
        warmup: Any = self.values()["warmup_steps"]
        if not warmup:
            return self.keras_decay()
        peak = repr(self.initial_learning_rate)
        decay = self.keras_decay()
        after = decay if decay == peak else f"{decay}(keras.ops.maximum(step - {warmup}, 0))"
        return _written_out(f"keras.ops.where(step < {warmup}, {peak} * step / {warmup}, {after})")

    def keras_decay(self) -> str:
        """The Keras expression for :meth:`decay`."""
        if self.keras_class is None:
            return repr(self.initial_learning_rate)
        values = {**self.values(), **self.keras_fixed}
        arguments = ", ".join(f"{name}={value!r}" for name, value in values.items() if name != "warmup_steps")
        return f"keras.optimizers.schedules.{self.keras_class}({arguments})"


def _written_out(formula: str) -> str:
    """The Keras expression for a schedule that is given as a formula of ``step``."""
    call = f'lambda self, step: (lambda step: {formula})(keras.ops.cast(step, "float32"))'
    return f'type("Schedule", (keras.optimizers.schedules.LearningRateSchedule,), {{"__call__": {call}}})()'


SCHEDULES: Catalogue[Schedule] = Catalogue("schedule")


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
    decay_rate: float = knob(0.5, above=0.0, usual=(0.01, 1.0), help="factor (r)")
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
    decay_rate: float = knob(0.5, above=0.0, usual=(0.01, 1.0), help="factor (r)")
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
    decay_rate: float = knob(0.5, 0.0, usual=(0.01, 10.0), help="growth of the divisor (r)")
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
    end_learning_rate: float = knob(0.0001, 0.0, usual=(1e-6, 1.0), log=True, help="learning rate at the end (η₁)")
    power: float = knob(1.0, above=0.0, usual=(0.1, 5.0), help="1: a straight line (p)")
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
    boundary_1: int = knob(50, 0, usual=(0, 1000), help="last step at η₀ (b₁)")
    value_1: float = knob(0.005, 0.0, usual=(1e-5, 10.0), log=True, help="second learning rate (η₁)")
    boundary_2: int = knob(100, 0, usual=(0, 1000), help="last step at η₁ (b₂)")
    value_2: float = knob(0.001, 0.0, usual=(1e-5, 10.0), log=True, help="third learning rate (η₂)")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        late = np.where(step <= self.boundary_2, self.value_1, self.value_2)
        return np.where(step <= self.boundary_1, self.initial_learning_rate, late)

    def keras_decay(self) -> str:
        boundaries = [self.boundary_1, max(self.boundary_1, self.boundary_2)]
        values = [self.initial_learning_rate, self.value_1, self.value_2]
        return f"keras.optimizers.schedules.{self.keras_class}(boundaries={boundaries!r}, values={values!r})"


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
    alpha: float = knob(0.0, 0.0, 1.0, help="share of η₀ that remains at the end (α)")
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
    m_mul: float = knob(1.0, above=0.0, usual=(0.1, 1.0), help="each period's height over that of the one before (m)")
    alpha: float = knob(0.0, 0.0, 1.0, help="share of η₀ that always remains (α)")
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
    transition_steps: int = knob(200, 2, usual=(10, 1000), log=True, help="steps of the whole cycle (T)")
    pct_start: float = knob(0.3, above=0.0, below=1.0, help="share of the cycle that goes up (p)")
    div_factor: float = knob(25.0, above=0.0, usual=(1.0, 100.0), log=True, help="peak over η₀ (D)")
    final_div_factor: float = knob(10000.0, above=0.0, usual=(1.0, 1e6), log=True, help="η₀ over the end (F)")
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
        return _written_out(f"{rate!r} + {peak - rate!r} * {risen} + {end - peak!r} * {fallen}")


Plateau = tuple[float, float, int, int]
"""What reduce on plateau remembers: the learning rate, the best loss, and the steps waited and still to cool down."""


@SCHEDULES.register("reduce_on_plateau")
@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    r"""Multiplied by a factor whenever the loss has not improved for some steps: a schedule by performance.

    After each step: if L < L_best - δ, L_best ← L; else, after ``patience`` such steps, η ← max(fη, η_min)

    As Keras's callback ReduceLROnPlateau, with a step in place of an epoch. Given only a step, the schedule is
    constant: what the loss makes of it is in ``Trajectory.learning_rate``.

    >>> rule = ReduceOnPlateau(0.1, factor=0.5, patience=1)
    >>> state = rule.after(1.0, rule.before())
    >>> rule.after(1.0, state)[0]
    0.05
    """

    label = "Reduce on plateau"
    formula = r"\eta \leftarrow \max(f \eta, \eta_{\min})\ \text{after } n \text{ steps without } L < L_{best} - \delta"
    source = "https://keras.io/api/callbacks/reduce_lr_on_plateau/"
    follows_loss = True

    initial_learning_rate: float = initial_learning_rate()
    factor: float = knob(0.1, above=0.0, below=1.0, help="factor (f)")
    patience: int = knob(10, 1, usual=(1, 100), help="steps without improvement that are borne (n)")
    min_delta: float = knob(1e-4, 0.0, usual=(1e-8, 1.0), log=True, help="smallest improvement that counts (δ)")
    cooldown: int = knob(0, 0, usual=(0, 100), help="steps after a reduction in which none are counted")
    min_lr: float = knob(0.0, 0.0, usual=(0.0, 1.0), help="smallest learning rate (η_min)")
    warmup_steps: int = warmup_steps()

    def decay(self, step: Any) -> Any:
        return self.initial_learning_rate + 0.0 * step

    def before(self) -> Plateau:
        """What is remembered before the first step."""
        return self.initial_learning_rate, math.inf, 0, 0

    def after(self, loss: float, state: Plateau) -> Plateau:
        """What is remembered after a step that led to ``loss``; first, the learning rate from then on."""
        rate, best, waited, cooling = state
        if cooling > 0:
            cooling, waited = cooling - 1, 0
        if loss < best - self.min_delta:
            return rate, loss, 0, cooling
        waited += cooling == 0
        if waited >= self.patience and rate > self.min_lr:
            return max(rate * self.factor, self.min_lr), best, 0, self.cooldown
        return rate, best, waited, cooling

    def keras_callback_code(self) -> str:
        """The Keras callback that does this once an epoch; as a learning rate Keras then takes a number."""
        names = ("factor", "patience", "min_delta", "cooldown", "min_lr")
        arguments = ", ".join(f"{name}={self.values()[name]!r}" for name in names)
        return f'keras.callbacks.ReduceLROnPlateau(monitor="loss", {arguments})'
