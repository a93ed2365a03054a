"""Adam and its relatives: an average of the gradient over the root of an average of its square."""

from dataclasses import dataclass
from typing import Any

from numpy import maximum, minimum, sqrt

from gdviz.catalogue import knob
from gdviz.optimizers.base import (
    OPTIMIZERS,
    Optimizer,
    State,
    beta_1,
    beta_2,
    decayed,
    epsilon,
    learning_rate,
    weight_decay,
)


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam (Kingma & Ba, 2015): momentum, divided by the root of the mean squared gradient.

    m ← β₁m + (1-β₁)g,   v ← β₂v + (1-β₂)g²,   θ ← θ - η √(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v + ε)      as in Keras

    The factor √(1-β₂ᵗ)/(1-β₁ᵗ) corrects the bias of averages that start at 0. Keras adds ε to √v before that correction
    (the paper's "ε hat"); the paper's algorithm 1 and PyTorch add it after.

    >>> rule = Adam()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 10), round(state[0], 12), round(state[1], 12)
    (0.8067821811, 0.56, 0.019984)
    """

    label = "Adam"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \qquad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \qquad "
        r"\theta \leftarrow \theta - \eta\, \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} "
        r"\cdot \frac{m}{\sqrt{v} + \varepsilon}"
    )
    source = "https://arxiv.org/abs/1412.6980"
    state_names = ("m", "v")
    keras_class = "Adam"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        corrected = learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        return theta - corrected * m / (sqrt(v) + self.epsilon), (m, v)


@OPTIMIZERS.register("amsgrad")
@dataclass(frozen=True)
class AMSGrad(Optimizer):
    r"""AMSGrad (Reddi et al., 2018): Adam that divides by the largest v so far, so that steps never grow back.

    m ← β₁m + (1-β₁)g,   v ← β₂v + (1-β₂)g²,   v̂ ← max(v̂, v),   θ ← θ - η √(1-β₂ᵗ)/(1-β₁ᵗ) · m/(√v̂ + ε)      as in Keras

    Keras, and PyTorch, take the maximum of v before its bias is corrected; Optax takes it after.

    >>> rule = AMSGrad(beta_2=0.5)
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.809755647782
    """

    label = "AMSGrad"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad "
        r"\hat v \leftarrow \max(\hat v, v), \quad \theta \leftarrow \theta - \eta\, "
        r"\frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} \cdot \frac{m}{\sqrt{\hat v} + \varepsilon}"
    )
    source = "https://arxiv.org/abs/1904.09237"
    state_names = ("m", "v", "v_max")
    symbols = {"v_max": r"\hat v"}
    keras_class = "Adam"
    keras_fixed = {"amsgrad": True}

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v, v_max = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        v_max = maximum(v_max, v)
        corrected = learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        return theta - corrected * m / (sqrt(v_max) + self.epsilon), (m, v, v_max)


@OPTIMIZERS.register("adamw")
@dataclass(frozen=True)
class AdamW(Optimizer):
    r"""AdamW (Loshchilov & Hutter, 2019): Adam, after shrinking θ itself rather than adding to its gradient.

    θ ← θ - ηλθ,   then Adam with the gradient of the point before      as in Keras

    An L2 penalty in the loss would be divided by √v with the rest of the gradient; this decay is not. On a landscape it
    pulls the resting point from the minimum towards (0, 0).

    >>> rule = AdamW(weight_decay=0.5)
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.714282177164
    """

    label = "AdamW"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad "
        r"\theta \leftarrow \theta - \eta\lambda\theta - \eta\, "
        r"\frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} \cdot \frac{m}{\sqrt{v} + \varepsilon}"
    )
    source = "https://arxiv.org/abs/1711.05101"
    state_names = ("m", "v")
    keras_class = "AdamW"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()
    weight_decay: float = weight_decay(0.004)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        corrected = learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        return decayed(theta, self.weight_decay, learning_rate) - corrected * m / (sqrt(v) + self.epsilon), (m, v)


@OPTIMIZERS.register("adamax")
@dataclass(frozen=True)
class Adamax(Optimizer):
    r"""Adamax (Kingma & Ba, 2015): Adam with the largest recent gradient in place of the root mean square.

    m ← β₁m + (1-β₁)g,   u ← max(β₂u, |g|),   θ ← θ - η/(1-β₁ᵗ) · m/(u + ε)      as in Keras

    PyTorch puts ε inside the maximum: u ← max(β₂u, |g| + ε).

    >>> rule = Adamax()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.826242035851
    """

    label = "Adamax"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \qquad u \leftarrow \max(\beta_2 u, |g|), \qquad "
        r"\theta \leftarrow \theta - \frac{\eta}{1-\beta_1^t} \cdot \frac{m}{u + \varepsilon}"
    )
    source = "https://arxiv.org/abs/1412.6980"
    state_names = ("m", "u")
    keras_class = "Adamax"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = knob(0.999, 0.0, below=1.0, help="memory of the largest gradient", symbol="β₂")
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, u = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        u = maximum(self.beta_2 * u, abs(gradient))
        return theta - learning_rate / (1 - self.beta_1**step) * m / (u + self.epsilon), (m, u)


@OPTIMIZERS.register("nadam")
@dataclass(frozen=True)
class Nadam(Optimizer):
    r"""Nadam (Dozat, 2016): Adam with Nesterov's look ahead, and a momentum that grows over the first steps.

    μₜ = β₁(1 - 0.96ᵗ/2),   Π ← Π μₜ,   m ← β₁m + (1-β₁)g,   v ← β₂v + (1-β₂)g²
    m̂ = μₜ₊₁ m/(1 - Π μₜ₊₁) + (1-μₜ) g/(1 - Π),   θ ← θ - η m̂ / (√(v/(1-β₂ᵗ)) + ε)      as in Keras

    >>> rule = Nadam()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0, 1.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.841563045875
    """

    label = "Nadam"
    formula = (
        r"\mu_t = \beta_1 (1 - \tfrac{1}{2}\, 0.96^t), \quad \Pi \leftarrow \Pi \mu_t, \quad "
        r"\hat m = \frac{\mu_{t+1}\, m}{1 - \Pi \mu_{t+1}} + \frac{(1-\mu_t)\, g}{1 - \Pi}, \quad "
        r"\theta \leftarrow \theta - \eta\, \frac{\hat m}{\sqrt{v/(1-\beta_2^t)} + \varepsilon}"
    )
    source = "https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ"
    state_names = ("m", "v", "mu_product")
    symbols = {"mu_product": r"\Pi"}
    keras_class = "Nadam"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()

    def initial_state(self, theta: Any) -> State:
        return theta * 0.0, theta * 0.0, theta * 0.0 + 1.0

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v, product = state
        mu, next_mu = self.beta_1 * (1 - 0.5 * 0.96**step), self.beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
        product = product * mu
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        ahead = next_mu * m / (1 - product * next_mu) + (1 - mu) * gradient / (1 - product)
        root = sqrt(v / (1 - self.beta_2**step))
        return theta - learning_rate * ahead / (root + self.epsilon), (m, v, product)


@OPTIMIZERS.register("schedule_free_adamw")
@dataclass(frozen=True)
class ScheduleFreeAdamW(Optimizer):
    r"""Schedule-free AdamW (Defazio et al., 2024): an average of the path in place of a decaying learning rate.

    v ← β₂v + (1-β₂)g²,   z ← z - η g / (√(v/(1-β₂ᵗ)) + ε),   x = (θ - (1-β₁)z)/β₁
    θ ← (1-β₁)z + β₁((1 - 1/t)x + z/t)      as in Keras

    z is the fast point, x the average of all z so far; θ, where gradients are taken, lies between them. η rises over
    the first ``warmup_steps``. Keras differs from the paper twice. The paper weighs the average by squared learning
    rates, Keras weighs all steps the same. And the paper recovers x from θ and the z before the step; Keras (3.15, on
    TensorFlow) reads z after it, so that x lags and θ stays closer to where it was.

    >>> rule = ScheduleFreeAdamW()
    >>> theta, state = rule.update(1.0, 4.0, (1.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.86837247689
    """

    label = "Schedule-free AdamW"
    formula = (
        r"z \leftarrow z - \eta\, \frac{g}{\sqrt{v/(1-\beta_2^t)} + \varepsilon}, \quad "
        r"x = \frac{\theta - (1-\beta_1)\, z}{\beta_1}, \quad "
        r"\theta \leftarrow (1-\beta_1)\, z + \beta_1 \left((1 - \tfrac{1}{t})\, x + \tfrac{1}{t}\, z\right)"
    )
    source = "https://arxiv.org/abs/2405.15682"
    state_names = ("z", "v")
    keras_class = "ScheduleFreeAdamW"

    learning_rate: float = learning_rate(0.0025)
    beta_1: float = knob(
        0.9, high=1.0, above=0.0, help="share of the average in the point of the gradient", symbol="β₁"
    )
    beta_2: float = beta_2()
    epsilon: float = epsilon(1e-8)
    warmup_steps: int = knob(0, 0, usual=(0, 1000), help="steps over which the learning rate rises; 0: none")

    def initial_state(self, theta: Any) -> State:
        return theta * 1.0, theta * 0.0

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        z, v = state
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        rate = learning_rate * minimum(step / max(self.warmup_steps, 1), 1.0)
        z = z - rate * gradient / (sqrt(v / (1 - self.beta_2**step)) + self.epsilon)
        average = (theta - (1 - self.beta_1) * z) / self.beta_1
        average = (1 - 1 / step) * average + z / step
        return (1 - self.beta_1) * z + self.beta_1 * average, (z, v)
