"""Rules that give every coordinate its own step size, from the gradients it has seen."""

from dataclasses import dataclass
from typing import Any

from numpy import maximum, minimum, sign, sqrt

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, State, epsilon, learning_rate


@OPTIMIZERS.register("adagrad")
@dataclass(frozen=True)
class AdaGrad(Optimizer):
    r"""AdaGrad (Duchi et al., 2011): divided by the root of the sum of all squared gradients.

    a ← a + g²,   θ ← θ - η g / √(a + ε)      as in Keras

    Keras starts the sum at 0.1 and adds ε under the root. PyTorch starts it at 0 and adds ε to the root.

    >>> rule = AdaGrad()
    >>> theta, state = rule.update(1.0, 4.0, (0.1,), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12), round(state[0], 12)
    (0.85570106949, 20.1)
    """

    label = "AdaGrad"
    formula = r"a \leftarrow a + g^2, \qquad \theta \leftarrow \theta - \eta\, \frac{g}{\sqrt{a + \varepsilon}}"
    source = "https://jmlr.org/papers/v12/duchi11a.html"
    state_names = ("accumulator",)
    symbols = {"accumulator": "a"}
    keras_class = "Adagrad"

    learning_rate: float = learning_rate(0.001)
    initial_accumulator_value: float = knob(0.1, 0.0, usual=(0.0, 10.0), help="the sum's value before the first step")
    epsilon: float = epsilon()

    def initial_state(self, theta: Any) -> State:
        return (theta * 0.0 + self.initial_accumulator_value,)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (accumulator,) = state
        accumulator = accumulator + gradient * gradient
        return theta - learning_rate * gradient / sqrt(accumulator + self.epsilon), (accumulator,)


@OPTIMIZERS.register("adadelta")
@dataclass(frozen=True)
class Adadelta(Optimizer):
    r"""Adadelta (Zeiler, 2012): the size of past updates over that of past gradients, so that units cancel.

    a ← ρa + (1-ρ)g²,   d = √(u + ε) / √(a + ε) · g,   u ← ρu + (1-ρ)d²,   θ ← θ - η d      as in Keras

    The paper has no learning rate (η = 1); Keras's default of 0.001 makes the rule a thousand times slower.

    >>> rule = Adadelta()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.999767291567
    """

    label = "Adadelta"
    formula = (
        r"a \leftarrow \rho a + (1-\rho) g^2, \qquad d = \frac{\sqrt{u + \varepsilon}}{\sqrt{a + \varepsilon}}\, g, "
        r"\qquad u \leftarrow \rho u + (1-\rho) d^2, \qquad \theta \leftarrow \theta - \eta\, d"
    )
    source = "https://arxiv.org/abs/1212.5701"
    state_names = ("mean_square", "mean_square_update")
    symbols = {"mean_square": "a", "mean_square_update": "u"}
    keras_class = "Adadelta"

    learning_rate: float = learning_rate(0.001)
    rho: float = knob(0.95, 0.0, below=1.0, help="memory of both averages", symbol="ρ")
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        mean_square, mean_square_update = state
        mean_square = self.rho * mean_square + (1 - self.rho) * (gradient * gradient)
        move = sqrt(mean_square_update + self.epsilon) / sqrt(mean_square + self.epsilon) * gradient
        mean_square_update = self.rho * mean_square_update + (1 - self.rho) * (move * move)
        return theta - learning_rate * move, (mean_square, mean_square_update)


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True)
class RMSprop(Optimizer):
    r"""RMSprop (Tieleman & Hinton, 2012): divided by the root of a moving average of squared gradients.

    s ← ρs + (1-ρ)g²,   ḡ ← ρḡ + (1-ρ)g,   d = s - ḡ² if centered, else s
    v ← μv + η g / √(d + ε),   θ ← θ - v      as in Keras

    Keras adds ε under the root; PyTorch adds it to the root. Both start the averages at 0 and do not correct that bias,
    so the first steps are larger than η by up to 1/√(1-ρ).

    >>> rule = RMSprop(rho=0.9, momentum=0.5)
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12), round(state[0], 12)
    (0.37821641365, 1.84)
    """

    label = "RMSprop"
    formula = (
        r"s \leftarrow \rho s + (1-\rho) g^2, \qquad v \leftarrow \mu v + \eta\, \frac{g}{\sqrt{s + \varepsilon}}, "
        r"\qquad \theta \leftarrow \theta - v"
    )
    source = "https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf"
    state_names = ("mean_square", "mean_gradient", "velocity")
    symbols = {"mean_square": "s", "velocity": "v"}
    keras_class = "RMSprop"

    learning_rate: float = learning_rate(0.001)
    rho: float = knob(0.9, 0.0, below=1.0, help="memory of the squared gradient", symbol="ρ")
    momentum: float = knob(0.0, 0.0, 1.0, help="share of the velocity that is kept", symbol="μ")
    epsilon: float = epsilon()
    centered: bool = knob(False, help="divide by the gradient's variance instead of its mean square")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        mean_square, mean_gradient, velocity = state
        mean_square = self.rho * mean_square + (1 - self.rho) * (gradient * gradient)
        mean_gradient = self.rho * mean_gradient + (1 - self.rho) * gradient
        denominator = mean_square - self.centered * (mean_gradient * mean_gradient) + self.epsilon
        velocity = self.momentum * velocity + learning_rate * gradient / sqrt(denominator)
        return theta - velocity, (mean_square, mean_gradient, velocity)


@OPTIMIZERS.register("ftrl")
@dataclass(frozen=True)
class Ftrl(Optimizer):
    r"""FTRL-Proximal (McMahan et al., 2013): AdaGrad that solves for θ anew each step, and can hold it at exactly 0.

    n' = n + g²,   z ← z + g + 2sθ - (n'^-p - n^-p)/η · θ,   θ ← (clip(z, ±l₁) - z) / (n'^-p/η + 2l₂ + β/η),   n ← n'
    with the learning rate power p = -1/2 as default      as in Keras

    θ is computed from z alone: the first step jumps towards 0, wherever the run starts. With l₁ = l₂ = 0 the path is
    that of AdaGrad from a start at 0. The paper's α is η here; Keras adds β/(2η) to l₂.

    >>> rule = Ftrl()
    >>> theta, state = rule.update(1.0, 4.0, (0.1, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.776890028446
    """

    label = "FTRL"
    formula = (
        r"n' = n + g^2, \qquad z \leftarrow z + g + 2s\theta - \frac{n'^{-p} - n^{-p}}{\eta}\,\theta, \qquad "
        r"\theta \leftarrow \frac{\operatorname{clip}(z, \pm l_1) - z}{n'^{-p}/\eta + 2 l_2 + \beta/\eta}"
    )
    source = "https://research.google/pubs/ad-click-prediction-a-view-from-the-trenches/"
    state_names = ("accumulator", "linear")
    symbols = {"accumulator": "n", "linear": "z"}
    keras_class = "Ftrl"

    learning_rate: float = learning_rate(0.001)
    learning_rate_power: float = knob(-0.5, -1.0, 0.0, help="how fast steps shrink; 0: not at all", symbol="p")
    initial_accumulator_value: float = knob(0.1, 0.0, usual=(0.0, 10.0), help="n before the first step")
    l1_regularization_strength: float = knob(0.0, 0.0, usual=(0.0, 10.0), help="holds coordinates at 0", symbol="l₁")
    l2_regularization_strength: float = knob(
        0.0, 0.0, usual=(0.0, 10.0), help="pulls coordinates towards 0", symbol="l₂"
    )
    l2_shrinkage_regularization_strength: float = knob(
        0.0, 0.0, usual=(0.0, 10.0), help="adds 2sθ to the gradient, not to n", symbol="s"
    )
    beta: float = knob(0.0, 0.0, usual=(0.0, 10.0), help="added to the root of n", symbol="β")

    def initial_state(self, theta: Any) -> State:
        return theta * 0.0 + self.initial_accumulator_value, theta * 0.0

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        accumulator, linear = state
        grown = accumulator + gradient * gradient
        root, grown_root = accumulator**-self.learning_rate_power, grown**-self.learning_rate_power
        shrunk = gradient + 2 * self.l2_shrinkage_regularization_strength * theta
        linear = linear + shrunk - (grown_root - root) / learning_rate * theta
        bounded = minimum(maximum(linear, -self.l1_regularization_strength), self.l1_regularization_strength)
        stiffness = (grown_root + self.beta) / learning_rate + 2 * self.l2_regularization_strength
        return (bounded - linear) / stiffness, (grown, linear)


@OPTIMIZERS.register("lion")
@dataclass(frozen=True)
class Lion(Optimizer):
    r"""Lion (Chen et al., 2023): only the sign of an average, so that every coordinate moves by exactly η.

    θ ← θ - η sign(β₁m + (1-β₁)g),   m ← β₂m + (1-β₂)g      as in Keras

    The sign has no memory of the gradient's size: near a minimum Lion keeps stepping by η unless η decays.

    >>> rule = Lion()
    >>> theta, state = rule.update(1.0, 4.0, (0.0,), 0.1, 1)
    >>> theta, state = rule.update(theta, -2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    1.0
    """

    label = "Lion"
    formula = (
        r"\theta \leftarrow \theta - \eta\, \operatorname{sign}(\beta_1 m + (1-\beta_1) g), \qquad "
        r"m \leftarrow \beta_2 m + (1-\beta_2) g"
    )
    source = "https://arxiv.org/abs/2302.06675"
    state_names = ("m",)
    keras_class = "Lion"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = knob(0.9, high=1.0, above=0.0, help="share of the memory in the step", symbol="β₁")
    beta_2: float = knob(0.99, 0.0, below=1.0, help="memory of the gradient", symbol="β₂")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (m,) = state
        direction = sign(self.beta_1 * m + (1 - self.beta_1) * gradient)
        return theta - learning_rate * direction, (self.beta_2 * m + (1 - self.beta_2) * gradient,)
