"""Rules that ask for more than one gradient a step: losses, gradients elsewhere, second derivatives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import maximum, minimum, stack, where

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, Oracle, State, beta_1, epsilon, learning_rate


@OPTIMIZERS.register("bold_driver")
@dataclass(frozen=True)
class BoldDriver(Optimizer):
    r"""Bold driver (Vogl et al., 1988): a step that lowers the loss is followed by a longer one; else it is undone.

    θ' = θ - ησ g;   if L(θ') ≤ L(θ): θ ← θ', σ ← aσ;   else θ stays and σ ← bσ

    One loss is evaluated a step; that of θ itself is remembered.

    >>> rule = BoldDriver()
    >>> oracle = Oracle(lambda theta: float(theta @ theta), lambda theta: 2 * theta, None)
    >>> theta, state = rule.search(np.array([1.0, 0.0]), np.array([2.0, 0.0]), (1.0, np.inf), 0.1, 1, oracle)
    >>> rule.search(theta, 2 * theta, state, 0.1, 2, oracle)[0].round(12).tolist()
    [0.632, 0.0]
    """

    label = "Bold driver"
    formula = (
        r"\theta' = \theta - \eta\sigma g: \quad L(\theta') \le L(\theta) \Rightarrow "
        r"\theta \leftarrow \theta',\ \sigma \leftarrow a\sigma; \quad \text{else } \sigma \leftarrow b\sigma"
    )
    source = "https://doi.org/10.1007/BF00332914"
    checked_against = "its rule: the loss never rises"
    state_names = ("scale", "lowest_loss")
    symbols = {"scale": r"\sigma"}
    elementwise = False
    asks = True

    learning_rate: float = learning_rate(0.01)
    grow: float = knob(1.05, 1.0, usual=(1.0, 2.0), help="factor after a success", symbol="a")
    shrink: float = knob(0.5, above=0.0, below=1.0, help="factor after a failure", symbol="b")

    def initial_state(self, theta: Any) -> State:
        return 1.0, np.inf

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        scale, here = state
        here = where(step == 1, oracle.loss(theta, when=step == 1), here)
        there = theta - learning_rate * scale * gradient
        loss = oracle.loss(there)
        lower = loss <= here
        scale = scale * where(lower, self.grow, self.shrink)
        return where(lower, there, theta), (scale, where(lower, loss, here))


@OPTIMIZERS.register("polyak_step")
@dataclass(frozen=True)
class PolyakStep(Optimizer):
    r"""Polyak's step size (Polyak, 1969): as long as the lowest loss, if it is known, allows.

    θ ← θ - η min((L(θ) - L*)/‖g‖², γ) g      as in Optax's polyak_sgd

    >>> rule = PolyakStep()
    >>> oracle = Oracle(lambda theta: float(theta @ theta), lambda theta: 2 * theta, None)
    >>> theta, _ = rule.search(np.array([1.0, 0.0]), np.array([2.0, 0.0]), (), 1.0, 1, oracle)
    >>> rule.search(theta, 2 * theta, (), 1.0, 2, oracle)[0].round(12).tolist()
    [0.25, 0.0]
    """

    label = "Polyak step"
    formula = r"\theta \leftarrow \theta - \eta \min\!\left(\frac{L(\theta) - L^*}{\lVert g \rVert^2}, \gamma\right) g"
    source = "https://arxiv.org/abs/1905.00313"
    checked_against = "Optax, optax.polyak_sgd"
    elementwise = False
    asks = True

    learning_rate: float = learning_rate(1.0)
    f_min: float = knob(0.0, usual=(-100.0, 100.0), help="the lowest loss there is", symbol="L*")
    max_learning_rate: float = knob(1.0, above=0.0, usual=(1e-3, 10.0), log=True, help="largest step size", symbol="γ")

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        square = (gradient * gradient).sum(axis=0)
        above = oracle.loss(theta, when=square > 0) - self.f_min
        size = minimum(above / where(square > 0, square, 1.0), self.max_learning_rate)
        return theta - learning_rate * where(square > 0, size, 0.0) * gradient, state


def _solved(a: Any, b: Any, c: Any, vector: Any) -> Any:
    """The shortest solution p of Hp = vector (or of what comes closest), H having the rows (a, b) and (b, c)."""
    largest = maximum(maximum(abs(a), abs(b)), abs(c))
    scale = where(largest == 0, 1.0, largest)
    a, b, c = a / scale, b / scale, c / scale
    determinant = a * c - b * b
    singular = abs(determinant) <= 4e-16
    by_inverse = stack([c * vector[0] - b * vector[1], a * vector[1] - b * vector[0]])
    by_rank_one = stack([a * vector[0] + b * vector[1], b * vector[0] + c * vector[1]])
    square = a * a + 2 * b * b + c * c
    shortest = by_rank_one / where(square == 0, 1.0, square)
    return where(singular, shortest, by_inverse / where(singular, 1.0, determinant)) / scale


@OPTIMIZERS.register("newton")
@dataclass(frozen=True)
class Newton(Optimizer):
    r"""Newton's method with damping: the step to where a quadratic with this gradient and Hessian is flat.

    θ ← θ - η (H + λI)⁻¹ g

    With λ = 0 and η = 1 it takes one step on a quadratic, and is drawn to saddles as much as to minima: what makes the
    Hessian's negative eigenvalues positive is λ. Where H + λI is singular, the shortest solution is taken.

    >>> rule = Newton(damping=0.5)
    >>> oracle = Oracle(None, None, lambda theta: np.array([[2.0, 0.0], [0.0, 1.0]]))
    >>> theta, _ = rule.search(np.array([1.0, 1.0]), np.array([2.0, 1.0]), (), 1.0, 1, oracle)
    >>> rule.search(theta, theta * (2.0, 1.0), (), 1.0, 2, oracle)[0].round(12).tolist()
    [0.04, 0.111111111111]
    """

    label = "Newton"
    formula = r"\theta \leftarrow \theta - \eta\, (H + \lambda I)^{-1} g"
    source = "https://en.wikipedia.org/wiki/Newton%27s_method_in_optimization"
    checked_against = "quadratics, which it solves in one step"
    elementwise = False
    asks = True

    learning_rate: float = learning_rate(1.0)
    damping: float = knob(0.0, 0.0, usual=(0.0, 100.0), help="added to every eigenvalue of the Hessian", symbol="λ")

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        (a, b), (_, c) = oracle.hessian(theta)
        return theta - learning_rate * _solved(a + self.damping, b, c + self.damping, gradient), state


@OPTIMIZERS.register("sophia")
@dataclass(frozen=True)
class Sophia(Optimizer):
    r"""Sophia (Liu et al., 2024): momentum over an average of the Hessian's diagonal, cut to ±1 a coordinate.

    m ← β₁m + (1-β₁)g,   every k steps h ← β₂h + (1-β₂) diag H,   θ ← θ - η clip(m / max(γh, ε), ±1)

    The paper estimates diag H at random; here it is exact. Negative curvature gives a step of full size.

    >>> rule = Sophia()
    >>> oracle = Oracle(None, None, lambda theta: np.array([[200.0, 0.0], [0.0, 1.0]]))
    >>> theta = np.array([1.0, 1.0])
    >>> theta, state = rule.search(theta, theta * (200.0, 1.0), rule.initial_state(theta), 0.1, 1, oracle)
    >>> rule.search(theta, theta * (2.0, 0.001), state, 0.1, 2, oracle)[0].round(12).tolist()
    [0.8, 0.8]
    """

    label = "Sophia"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \quad h \leftarrow \beta_2 h + (1-\beta_2) \operatorname{diag} H, "
        r"\quad \theta \leftarrow \theta - \eta \operatorname{clip}\!\left(\frac{m}{\max(\gamma h, \varepsilon)}, "
        r"\pm 1\right)"
    )
    source = "https://arxiv.org/abs/2305.14342"
    checked_against = "its limit, damped momentum over the curvature"
    state_names = ("m", "h")
    elementwise = False
    asks = True

    learning_rate: float = learning_rate(0.01)
    beta_1: float = beta_1(0.96)
    beta_2: float = knob(0.99, 0.0, below=1.0, help="memory of the curvature", symbol="β₂")
    gamma: float = knob(
        0.01, above=0.0, usual=(0.001, 1.0), log=True, help="share of steps that are not cut", symbol="γ"
    )
    epsilon: float = epsilon(1e-12)
    update_interval: int = knob(10, 1, usual=(1, 100), help="steps from one Hessian to the next", symbol="k")

    def initial_state(self, theta: Any) -> State:
        return theta * 0.0, theta * 0.0

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        m, h = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        due = (step - 1) % self.update_interval == 0
        (a, _), (_, c) = oracle.hessian(theta, when=due)
        h = where(due, self.beta_2 * h + (1 - self.beta_2) * stack([a, c]), h)
        bounded = minimum(maximum(m / maximum(self.gamma * h, self.epsilon), -1.0), 1.0)
        return theta - learning_rate * bounded, (m, h)


@OPTIMIZERS.register("lbfgs")
@dataclass(frozen=True)
class LBFGS(Optimizer):
    r"""L-BFGS with line search (Liu & Nocedal, 1989): curvature learnt from the last steps, in place of a Hessian.

    d = -B g,   θ ← θ + αηd,   α halved from 1 until L(θ + αηd) ≤ L(θ) + c αη g·d (Armijo)

    B is the inverse Hessian that the last k pairs of steps and gradient changes imply, starting from s·y/y·y; pairs
    without positive curvature are left out. Of the first step, with no pairs, the direction is g/‖g‖.

    >>> rule = LBFGS()
    >>> oracle = Oracle(lambda theta: float(theta @ theta), None, None)
    >>> theta = np.array([3.0, 4.0])
    >>> theta, state = rule.search(theta, 2 * theta, rule.initial_state(theta), 1.0, 1, oracle)
    >>> theta.round(12).tolist(), rule.search(theta, 2 * theta, state, 0.5, 2, oracle)[0].round(12).tolist()
    ([2.4, 3.2], [1.2, 1.6])
    """

    label = "L-BFGS"
    formula = r"\theta \leftarrow \theta - \alpha\eta\, B g, \qquad B \approx H^{-1}"
    source = "https://doi.org/10.1007/BF01589116"
    checked_against = "the inverse Hessian written out"
    state_names = ("steps", "gradient_changes", "previous_theta", "previous_gradient")
    elementwise = False
    asks = True
    not_recorded = "its line search halves the step as often as it takes, which is no fixed list of operations"

    learning_rate: float = learning_rate(1.0)
    memory: int = knob(5, 1, 20, help="pairs that are kept", symbol="k")
    sufficient_decrease: float = knob(1e-4, above=0.0, below=0.5, help="share of the promised decrease", symbol="c")

    def initial_state(self, theta: Any) -> State:
        pairs = np.zeros((self.memory, len(theta)))
        return pairs, pairs, theta * 0.0, theta * 0.0

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        moves, changes, old_theta, old_gradient = state
        move, change = theta - old_theta, gradient - old_gradient
        if step > 1 and move @ change > 1e-12 * (change @ change):
            moves, changes = np.vstack([moves[1:], move]), np.vstack([changes[1:], change])
        direction = learning_rate * self.direction(gradient, moves, changes)
        slope, here, share = float(gradient @ direction), oracle.loss(theta), 1.0
        while share > 1e-12 and not (
            oracle.loss(theta + share * direction) <= here + self.sufficient_decrease * share * slope
        ):
            share /= 2
        return theta + (share if share > 1e-12 else 0.0) * direction, (moves, changes, theta, gradient)

    def direction(self, gradient: Any, moves: Any, changes: Any) -> Any:
        """-B g by the two loops over the pairs, the newest last; a pair of zeros stands for none."""
        pairs = [(s, y) for s, y in zip(moves, changes, strict=True) if s @ y > 0]
        if not pairs:
            return -gradient / max(float(np.linalg.norm(gradient)), 1e-300)
        rest, shares = gradient, []
        for s, y in reversed(pairs):
            shares.append((s @ rest) / (s @ y))
            rest = rest - shares[-1] * y
        s, y = pairs[-1]
        result = rest * (s @ y) / (y @ y)
        for (s, y), share in zip(pairs, reversed(shares), strict=True):
            result = result + s * (share - (y @ result) / (s @ y))
        return -result
