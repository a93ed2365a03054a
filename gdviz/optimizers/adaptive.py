"""Rules that give every coordinate its own step size, from the gradients it has seen."""

from dataclasses import dataclass
from typing import Any

from numpy import sqrt

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, State, learning_rate


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
    keras_class = "Adagrad"

    learning_rate: float = learning_rate(0.001)
    initial_accumulator_value: float = knob(0.1, 0.0, usual=(0.0, 10.0), help="the sum's value before the first step")
    epsilon: float = knob(1e-7, 0.0, usual=(1e-10, 1.0), log=True, help="keeps the division finite (ε)")

    def initial_state(self, theta: Any) -> State:
        return (theta * 0.0 + self.initial_accumulator_value,)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (accumulator,) = state
        accumulator = accumulator + gradient * gradient
        return theta - learning_rate * gradient / sqrt(accumulator + self.epsilon), (accumulator,)


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
    keras_class = "RMSprop"

    learning_rate: float = learning_rate(0.001)
    rho: float = knob(0.9, 0.0, below=1.0, help="memory of the squared gradient (ρ)")
    momentum: float = knob(0.0, 0.0, 1.0, help="share of the velocity that is kept (μ)")
    epsilon: float = knob(1e-7, 0.0, usual=(1e-10, 1.0), log=True, help="keeps the division finite (ε)")
    centered: bool = knob(False, help="divide by the gradient's variance instead of its mean square")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        mean_square, mean_gradient, velocity = state
        mean_square = self.rho * mean_square + (1 - self.rho) * (gradient * gradient)
        mean_gradient = self.rho * mean_gradient + (1 - self.rho) * gradient
        denominator = mean_square - self.centered * (mean_gradient * mean_gradient) + self.epsilon
        velocity = self.momentum * velocity + learning_rate * gradient / sqrt(denominator)
        return theta - velocity, (mean_square, mean_gradient, velocity)


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
    beta_1: float = knob(0.9, 0.0, below=1.0, help="memory of the gradient (β₁)")
    beta_2: float = knob(0.999, 0.0, below=1.0, help="memory of the squared gradient (β₂)")
    epsilon: float = knob(1e-7, 0.0, usual=(1e-10, 1.0), log=True, help="keeps the division finite (ε)")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        corrected = learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        return theta - corrected * m / (sqrt(v) + self.epsilon), (m, v)
