"""Rules that Keras does not have, of one gradient a step; each is checked against Optax, PyTorch or a known limit."""

from dataclasses import dataclass
from typing import Any

from numpy import abs, maximum, minimum, sign, sqrt, where

from gdviz.catalogue import knob
from gdviz.optimizers.base import OPTIMIZERS, Optimizer, State, beta_1, beta_2, epsilon, learning_rate


@OPTIMIZERS.register("gradient_ascent")
@dataclass(frozen=True)
class GradientAscent(Optimizer):
    r"""Gradient ascent: a step along the gradient, to find a maximum. Keras minimises -f instead.

    θ ← θ + η g

    >>> rule = GradientAscent()
    >>> theta, state = rule.update(1.0, 4.0, (), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    1.6
    """

    label = "Gradient ascent"
    formula = r"\theta \leftarrow \theta + \eta\, g"
    source = "https://en.wikipedia.org/wiki/Gradient_descent"
    checked_against = "gradient descent on the negative of the loss"
    ascends = True

    learning_rate: float = learning_rate(0.01)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        return theta + learning_rate * gradient, state


@OPTIMIZERS.register("dynamic_gradient_descent")
@dataclass(frozen=True)
class DynamicGradientDescent(Optimizer):
    r"""Dynamic gradient descent: a learning rate that falls with the size of the gradient, so that no step is long.

    θ ← θ - η g / (1 + ‖g‖/c)

    Close to a minimum this is gradient descent; far from it every step is at most ηc long. "Dynamic" is used for many
    rules; this is the formula meant here.

    >>> from numpy import array
    >>> rule = DynamicGradientDescent()
    >>> theta, state = rule.update(array([1.0, 2.0]), array([4.0, 3.0]), (), 0.1, 1)
    >>> theta, state = rule.update(theta, array([0.0, 2.0]), state, 0.1, 2)
    >>> theta.round(12).tolist()
    [0.933333333333, 1.883333333333]
    """

    label = "Dynamic gradient descent"
    formula = r"\theta \leftarrow \theta - \eta\, \frac{g}{1 + \lVert g \rVert / c}"
    source = "https://arxiv.org/abs/1905.11881"
    checked_against = "its formula"
    elementwise = False

    learning_rate: float = learning_rate(0.1)
    gradient_scale: float = knob(
        1.0, above=0.0, usual=(0.01, 100.0), log=True, help="gradient that halves η", symbol="c"
    )

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        size = sqrt((gradient * gradient).sum(axis=0))
        return theta - learning_rate * gradient / (1 + size / self.gradient_scale), state


@OPTIMIZERS.register("adam_uncorrected")
@dataclass(frozen=True)
class AdamUncorrected(Optimizer):
    r"""Adam without bias correction, as it is sometimes printed: its first steps have the wrong size.

    m ← β₁m + (1-β₁)g,   v ← β₂v + (1-β₂)g²,   θ ← θ - η m/(√v + ε)

    The first step is (1-β₁)/√(1-β₂) times that of Adam: 3.2 times with the usual β₁ = 0.9, β₂ = 0.999.

    >>> rule = AdamUncorrected()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.287634479725
    """

    label = "Adam without bias correction"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \qquad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \qquad "
        r"\theta \leftarrow \theta - \eta\, \frac{m}{\sqrt{v} + \varepsilon}"
    )
    source = "https://arxiv.org/abs/1412.6980"
    checked_against = "Adam, which it becomes as the correction fades"
    state_names = ("m", "v")

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        return theta - learning_rate * m / (sqrt(v) + self.epsilon), (m, v)


@OPTIMIZERS.register("adam_undivided")
@dataclass(frozen=True)
class AdamUndivided(Optimizer):
    r"""Adam without its division, as it is sometimes misprinted: v is averaged and never used, only its correction is.

    m ← β₁m + (1-β₁)g,   v ← β₂v + (1-β₂)g²,   θ ← θ - η · m/(1-β₁ᵗ) · 1/√(1-β₂ᵗ)

    What was meant is √v̂ = √(v/(1-β₂ᵗ)) in the denominator. Without v in it, nothing adapts to the size of the
    gradient: a loss that is multiplied by 100 makes the steps 100 times as long, where Adam's stay the same, and both
    coordinates have one learning rate. There remains momentum whose learning rate starts 1/√(1-β₂) times too large,
    32 times with the usual β₂ = 0.999, and takes thousands of steps to come down to η: beside Adam at the same η it
    crawls where the loss is flat and diverges where it is steep.

    >>> rule = AdamUndivided()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.001, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.001, 2)
    >>> round(float(theta), 12), round(state[1], 12)
    (0.80758724968, 0.019984)
    """

    label = "Adam without division (a misprint)"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \qquad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \qquad "
        r"\theta \leftarrow \theta - \eta\, \frac{m}{1-\beta_1^t} \cdot \frac{1}{\sqrt{1-\beta_2^t}}"
    )
    source = "https://arxiv.org/abs/1412.6980"
    checked_against = "Optax, optax.ema with its debiasing"
    state_names = ("m", "v")

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        rate = learning_rate / ((1 - self.beta_1**step) * sqrt(1 - self.beta_2**step))
        return theta - rate * m, (m, v)


@OPTIMIZERS.register("radam")
@dataclass(frozen=True)
class RAdam(Optimizer):
    r"""RAdam (Liu et al., 2020): Adam that waits with dividing until √v is known well enough: a built-in warm-up.

    ρ_∞ = 2/(1-β₂) - 1,   ρ = ρ_∞ - 2tβ₂ᵗ/(1-β₂ᵗ),   m̂ = m/(1-β₁ᵗ),   v̂ = v/(1-β₂ᵗ)
    θ ← θ - η m̂ √((ρ-4)(ρ-2)ρ_∞ / ((ρ_∞-4)(ρ_∞-2)ρ)) / (√v̂ + ε) where ρ ≥ ρ_min, else θ - η m̂      as in Optax

    >>> rule = RAdam()
    >>> theta, state = rule.update(1.0, 4.0, (0.4, 0.02), 0.1, 10)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 11)
    >>> round(float(theta), 12)
    0.993383472796
    """

    label = "RAdam"
    formula = (
        r"\rho = \rho_\infty - \frac{2t\beta_2^t}{1-\beta_2^t}, \quad "
        r"r = \sqrt{\frac{(\rho-4)(\rho-2)\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\rho}}, \quad "
        r"\theta \leftarrow \theta - \eta\, \hat m\, \frac{r}{\sqrt{\hat v} + \varepsilon}\ (\rho \ge \rho_{\min}),\ "
        r"\text{else}\ \theta - \eta\, \hat m"
    )
    source = "https://arxiv.org/abs/1908.03265"
    checked_against = "Optax, optax.radam"
    state_names = ("m", "v")

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon(1e-8)
    threshold: float = knob(5.0, 4.0, usual=(4.0, 10.0), help="ρ from which on √v̂ is trusted", symbol="ρ_min")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        m_hat, power = m / (1 - self.beta_1**step), self.beta_2**step
        most = 2 / (1 - self.beta_2) - 1
        known = most - 2 * step * power / (1 - power)
        early = known < self.threshold
        trust = sqrt(where(early, 1.0, (known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known)))
        divided = learning_rate * trust * m_hat / (sqrt(v / (1 - power)) + self.epsilon)
        return theta - where(early, learning_rate * m_hat, divided), (m, v)


@OPTIMIZERS.register("adabelief")
@dataclass(frozen=True)
class AdaBelief(Optimizer):
    r"""AdaBelief (Zhuang et al., 2020): divided by how far the gradient is from what its average predicted.

    m ← β₁m + (1-β₁)g,   s ← β₂s + (1-β₂)(g - m)² + ε_r,   θ ← θ - η m̂/(√ŝ + ε)      as in Optax

    >>> rule = AdaBelief()
    >>> theta, state = rule.update(1.0, 4.0, (0.0, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.781367069538
    """

    label = "AdaBelief"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \quad "
        r"s \leftarrow \beta_2 s + (1-\beta_2)(g - m)^2 + \varepsilon_r, \quad "
        r"\theta \leftarrow \theta - \eta\, \frac{m/(1-\beta_1^t)}{\sqrt{s/(1-\beta_2^t)} + \varepsilon}"
    )
    source = "https://arxiv.org/abs/2010.07468"
    checked_against = "Optax, optax.adabelief"
    state_names = ("m", "s")

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon(1e-16)
    epsilon_root: float = knob(1e-16, 0.0, usual=(1e-16, 1e-2), log=True, help="added to s", symbol="ε_r")

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, s = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        s = self.beta_2 * s + (1 - self.beta_2) * (gradient - m) ** 2 + self.epsilon_root
        root = sqrt(s / (1 - self.beta_2**step)) + self.epsilon
        return theta - learning_rate * m / (1 - self.beta_1**step) / root, (m, s)


@OPTIMIZERS.register("yogi")
@dataclass(frozen=True)
class Yogi(Optimizer):
    r"""Yogi (Zaheer et al., 2018): Adam whose v moves by a bounded amount, so that it cannot collapse.

    m ← β₁m + (1-β₁)g,   v ← v - (1-β₂) sign(v - g²) g²,   θ ← θ - η m̂/(√v̂ + ε)      as in Optax

    >>> rule = Yogi()
    >>> theta, state = rule.update(1.0, 4.0, (1e-6, 1e-6), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.806878865732
    """

    label = "Yogi"
    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1) g, \quad "
        r"v \leftarrow v - (1-\beta_2)\, \operatorname{sign}(v - g^2)\, g^2, \quad "
        r"\theta \leftarrow \theta - \eta\, \frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \varepsilon}"
    )
    source = "https://papers.nips.cc/paper/8186-adaptive-methods-for-nonconvex-optimization"
    checked_against = "Optax, optax.yogi"
    state_names = ("m", "v")

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon(1e-3)
    initial_accumulator_value: float = knob(1e-6, 0.0, usual=(0.0, 1.0), help="m and v before the first step")

    def initial_state(self, theta: Any) -> State:
        return (theta * 0.0 + self.initial_accumulator_value,) * 2

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        square = gradient * gradient
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = v - (1 - self.beta_2) * sign(v - square) * square
        root = sqrt(v / (1 - self.beta_2**step)) + self.epsilon
        return theta - learning_rate * m / (1 - self.beta_1**step) / root, (m, v)


@OPTIMIZERS.register("rprop")
@dataclass(frozen=True)
class Rprop(Optimizer):
    r"""Rprop (Riedmiller & Braun, 1993): only signs; a coordinate's step grows while its sign stays, else shrinks.

    Δ ← min(η⁺Δ, Δ_max) where g·g_before > 0;   max(η⁻Δ, Δ_min) and g ← 0 where it is < 0;   θ ← θ - sign(g) Δ

    as in PyTorch: Δ starts at η, which plays no part afterwards. A schedule therefore has no effect.

    >>> rule = Rprop(learning_rate=0.1)
    >>> theta, state = rule.update(1.0, 4.0, (0.1, 0.0), 0.1, 1)
    >>> theta, state = rule.update(theta, 2.0, state, 0.1, 2)
    >>> round(float(theta), 12)
    0.78
    """

    label = "Rprop"
    formula = (
        r"\Delta \leftarrow \min(\eta^+ \Delta, \Delta_{\max})\ (g\, g' > 0),\ "
        r"\max(\eta^- \Delta, \Delta_{\min}),\ g \leftarrow 0\ (g\, g' < 0), \qquad "
        r"\theta \leftarrow \theta - \operatorname{sign}(g)\, \Delta"
    )
    source = "https://doi.org/10.1109/ICNN.1993.298623"
    checked_against = "PyTorch, torch.optim.Rprop (recorded steps)"
    state_names = ("step_size", "previous_gradient")
    symbols = {"step_size": r"\Delta", "previous_gradient": "g'"}

    learning_rate: float = learning_rate(0.01)
    eta_minus: float = knob(0.5, above=0.0, below=1.0, help="factor after a change of sign", symbol="η⁻")
    eta_plus: float = knob(1.2, 1.0, usual=(1.0, 2.0), help="factor while the sign stays", symbol="η⁺")
    min_step_size: float = knob(1e-6, 0.0, usual=(1e-9, 1e-2), log=True, help="smallest step", symbol="Δ_min")
    max_step_size: float = knob(50.0, above=0.0, usual=(0.1, 100.0), log=True, help="largest step", symbol="Δ_max")

    def initial_state(self, theta: Any) -> State:
        return theta * 0.0 + self.learning_rate, theta * 0.0

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        size, before = state
        turn = gradient * before
        grown, shrunk = minimum(size * self.eta_plus, self.max_step_size), size * self.eta_minus
        size = where(turn > 0, grown, where(turn < 0, maximum(shrunk, self.min_step_size), size))
        gradient = where(turn < 0, 0.0, gradient)
        return theta - sign(gradient) * size, (size, gradient)


@OPTIMIZERS.register("prodigy")
@dataclass(frozen=True)
class Prodigy(Optimizer):
    r"""Prodigy (Mishchenko & Defazio, 2024): Adam that estimates by itself how far away the solution is, d.

    γ = η d √(1-β₂ᵗ)/(1-β₁ᵗ),   m ← β₁m + (1-β₁)d g,   v ← β₂v + (1-β₂)d²g²
    r ← √β₂ r + γ d/d₀ g·(θ₀ - θ),   s ← √β₂ s + γ d/d₀ g,   d ← max(d, r/‖s‖₁)
    θ ← θ - γ m/(√v + dε)      as in Optax

    The learning rate is a factor near 1.

    >>> from numpy import array
    >>> rule, theta = Prodigy(), array([1.0, 2.0])
    >>> theta, state = rule.update(theta, array([4.0, 3.0]), rule.initial_state(theta), 1.0, 1)
    >>> theta, state = rule.update(theta, array([4.0, 2.0]), state, 1.0, 2)
    >>> theta.round(12).tolist()
    [0.999998, 1.999998029648]
    """

    label = "Prodigy"
    formula = (
        r"d \leftarrow \max\!\left(d, \frac{r}{\lVert s \rVert_1}\right), \qquad \theta \leftarrow \theta - "
        r"\eta\, d\, \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} \cdot \frac{m}{\sqrt{v} + d\varepsilon}"
    )
    source = "https://arxiv.org/abs/2306.06101"
    checked_against = "Optax, optax.contrib.prodigy"
    state_names = ("m", "v", "s", "r", "distance", "origin")
    symbols = {"distance": "d"}
    elementwise = False

    learning_rate: float = learning_rate(1.0)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon(1e-8)
    initial_distance: float = knob(
        1e-6, above=0.0, usual=(1e-8, 1.0), log=True, help="first estimate of d", symbol="d₀"
    )

    def initial_state(self, theta: Any) -> State:
        flat = theta[0] * 0.0
        return theta * 0.0, theta * 0.0, theta * 0.0, flat, flat + self.initial_distance, theta * 1.0

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v, s, r, distance, origin = state
        root, share = sqrt(self.beta_2), distance / self.initial_distance
        rate = distance * learning_rate * sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        m = self.beta_1 * m + (1 - self.beta_1) * distance * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * distance * distance * gradient * gradient
        r = root * r + share * rate * (gradient * (origin - theta)).sum(axis=0)
        s = root * s + share * rate * gradient
        length = abs(s).sum(axis=0)
        distance = maximum(distance, r / where(length > 0, length, 1.0))
        return theta - rate * m / (sqrt(v) + distance * self.epsilon), (m, v, s, r, distance, origin)
