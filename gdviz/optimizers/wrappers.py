"""Rules around another rule, which they take by its name, with its default hyperparameters."""

from dataclasses import dataclass
from typing import Any

from numpy import sqrt, where

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, Oracle, State, learning_rate

INNER = tuple(name for name, rule in OPTIMIZERS.items() if not rule.asks)


def inner_rule(default: str) -> Any:
    """The knob of rules around another."""
    return knob(default, choices=INNER, help="the rule inside")


@OPTIMIZERS.register("lookahead")
@dataclass(frozen=True)
class Lookahead(Optimizer):
    r"""Lookahead (Zhang et al., 2019): a fast rule explores for k steps; then the slow weights go part of the way.

    θ ← rule(θ);   every k steps φ ← φ + α(θ - φ), θ ← φ      as in Optax, whose θ is the fast point

    >>> rule = Lookahead(rule="gradient_descent", sync_period=2)
    >>> theta, state = rule.update(1.0, 4.0, (1.0,), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.7
    """

    label = "Lookahead"
    formula = (
        r"\theta \leftarrow \mathrm{rule}(\theta); \quad \text{every } k \text{ steps } "
        r"\theta \leftarrow \phi \leftarrow \phi + \alpha(\theta - \phi)"
    )
    source = "https://arxiv.org/abs/1907.08610"
    checked_against = "Optax, optax.lookahead"
    symbols = {"slow": r"\phi"}
    elementwise = False

    learning_rate: float = learning_rate(0.01)
    rule: str = inner_rule("adam")
    sync_period: int = knob(6, 1, usual=(1, 50), help="fast steps from one slow step to the next", symbol="k")
    slow_step_size: float = knob(0.5, 0.0, 1.0, help="share of the way that the slow weights go", symbol="α")

    @property
    def inner(self) -> Optimizer:
        """The rule inside."""
        return OPTIMIZERS.make(self.rule).having(learning_rate=self.learning_rate)

    @property
    def state_names(self) -> tuple[str, ...]:
        return ("slow", *self.inner.state_names)

    def initial_state(self, theta: Any) -> State:
        return (theta * 1.0, *self.inner.initial_state(theta))

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        slow = state[0]
        theta, inner_state = self.inner.update(theta, gradient, state[1:], learning_rate, step)
        sync = step % self.sync_period == 0
        slow = where(sync, slow + self.slow_step_size * (theta - slow), slow)
        return where(sync, slow, theta), (slow, *inner_state)


@OPTIMIZERS.register("sam")
@dataclass(frozen=True)
class SAM(Optimizer):
    r"""Sharpness-aware minimisation (Foret et al., 2021): the gradient of the worst point nearby, for flat minima.

    g' = ∇L(θ + ρ g/‖g‖),   θ ← rule(θ, g')

    Two gradients a step.

    >>> rule = SAM(rule="gradient_descent", rho=0.5)
    >>> import numpy as np
    >>> oracle = Oracle(None, lambda theta: 2 * theta, None)
    >>> theta, _ = rule.search(np.array([1.0, 0.0]), np.array([2.0, 0.0]), (), 0.1, 1, oracle)
    >>> rule.search(theta, 2 * theta, (), 0.1, 2, oracle)[0].round(12).tolist()
    [0.46, 0.0]
    """

    label = "SAM"
    formula = (
        r"g' = \nabla L\!\left(\theta + \rho\, \tfrac{g}{\lVert g \rVert}\right), \qquad "
        r"\theta \leftarrow \mathrm{rule}(\theta, g')"
    )
    source = "https://arxiv.org/abs/2010.01412"
    checked_against = "its formula, and the rule inside at radius 0"
    elementwise = False
    asks = True

    learning_rate: float = learning_rate(0.01)
    rule: str = inner_rule("gradient_descent")
    rho: float = knob(0.05, 0.0, usual=(0.0, 1.0), help="how far away the worst point is sought", symbol="ρ")

    @property
    def inner(self) -> Optimizer:
        """The rule inside."""
        return OPTIMIZERS.make(self.rule).having(learning_rate=self.learning_rate)

    @property
    def state_names(self) -> tuple[str, ...]:
        return self.inner.state_names

    def initial_state(self, theta: Any) -> State:
        return self.inner.initial_state(theta)

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        length = sqrt((gradient * gradient).sum(axis=0))
        worst = theta + self.rho * gradient / where(length > 0, length, 1.0)
        return self.inner.update(theta, oracle.gradient(worst), state, learning_rate, step)
