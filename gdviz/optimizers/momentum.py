"""Gradient descent, and gradient descent with a velocity."""

from dataclasses import dataclass
from typing import Any

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, State, learning_rate


@OPTIMIZERS.register("gradient_descent")
@dataclass(frozen=True)
class GradientDescent(Optimizer):
    r"""Gradient descent (Cauchy, 1847): a step against the gradient.

    θ ← θ - η g

    On a quadratic it converges if and only if η < 2/λ_max, λ_max being the largest eigenvalue of the Hessian.

    >>> rule = GradientDescent()
    >>> theta, state = rule.update(1.0, 4.0, (), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(theta, 12)
    0.4
    """

    label = "Gradient descent"
    formula = r"\theta \leftarrow \theta - \eta\, g"
    source = "https://keras.io/api/optimizers/sgd/"
    keras_class = "SGD"

    learning_rate: float = learning_rate(0.01)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        return theta - learning_rate * gradient, state


@OPTIMIZERS.register("momentum")
@dataclass(frozen=True)
class Momentum(Optimizer):
    r"""Momentum (Polyak, 1964): a heavy ball that keeps a share of its velocity.

    v ← μv - ηg,   θ ← θ + v      as in Keras

    The learning rate is inside the velocity, as in Keras. PyTorch and Optax keep it outside (v ← μv + g, θ ← θ - ηv);
    the two agree only while η is constant.

    >>> rule = Momentum(momentum=0.9)
    >>> theta, state = rule.update(1.0, 4.0, (0.0,), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(theta, 12), round(state[0], 12)
    (0.04, -0.56)
    """

    label = "Momentum"
    formula = r"v \leftarrow \mu v - \eta\, g, \qquad \theta \leftarrow \theta + v"
    source = "https://doi.org/10.1016/0041-5553(64)90137-5"
    state_names = ("velocity",)
    symbols = {"velocity": "v"}
    keras_class = "SGD"

    learning_rate: float = learning_rate(0.01)
    momentum: float = knob(0.9, 0.0, 1.0, help="share of the velocity that is kept", symbol="μ")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (velocity,) = state
        velocity = self.momentum * velocity - learning_rate * gradient
        return theta + velocity, (velocity,)


@OPTIMIZERS.register("nesterov")
@dataclass(frozen=True)
class Nesterov(Optimizer):
    r"""Nesterov's accelerated gradient (Nesterov, 1983; Sutskever et al., 2013): momentum that looks ahead.

    v ← μv - ηg,   θ ← θ + μv - ηg      as in Keras

    Nesterov evaluates the gradient at the point that the velocity leads to. Keras, like PyTorch, stores that shifted
    point as θ instead, so that the gradient is taken where θ is: the same path, seen one velocity ahead.

    >>> rule = Nesterov(momentum=0.9)
    >>> theta, state = rule.update(1.0, 4.0, (0.0,), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(theta, 12), round(state[0], 12)
    (-0.464, -0.56)
    """

    label = "Nesterov"
    formula = r"v \leftarrow \mu v - \eta\, g, \qquad \theta \leftarrow \theta + \mu v - \eta\, g"
    source = "https://proceedings.mlr.press/v28/sutskever13.html"
    state_names = ("velocity",)
    symbols = {"velocity": "v"}
    keras_class = "SGD"
    keras_fixed = {"nesterov": True}

    learning_rate: float = learning_rate(0.01)
    momentum: float = knob(0.9, 0.0, 1.0, help="share of the velocity that is kept", symbol="μ")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (velocity,) = state
        velocity = self.momentum * velocity - learning_rate * gradient
        return theta + self.momentum * velocity - learning_rate * gradient, (velocity,)
