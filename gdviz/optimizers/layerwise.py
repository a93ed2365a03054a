"""Rules that look at a weight tensor as a whole: on a landscape, at the vector (x, y)."""

from dataclasses import dataclass
from typing import Any

from numpy import maximum, minimum, sqrt, where

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


def _norm(vector: Any) -> Any:
    return sqrt((vector * vector).sum(axis=0))


def _rms(vector: Any) -> Any:
    return sqrt((vector * vector).mean(axis=0))


@OPTIMIZERS.register("lamb")
@dataclass(frozen=True)
class Lamb(Optimizer):
    r"""LAMB (You et al., 2020): Adam's direction, at a length proportional to the weights' own.

    u = m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε),   θ ← θ - η ‖θ‖/‖u‖ · u      as in Keras

    Steps are a share η of ‖θ‖, so LAMB depends on where (0, 0) is. Where ‖θ‖ or ‖u‖ is 0 the factor is 1.

    >>> from numpy import array
    >>> rule = Lamb()
    >>> theta, state = rule.update(array([1.0, 2.0]), array([4.0, 1.0]), (array([0.0, 0.0]),) * 2, 0.1, 1)
    >>> theta, state = rule.update(theta, array([2.0, 3.0]), state, 0.1, 2)
    >>> theta.round(12).tolist()
    [0.69757472522, 1.699803783925]
    """

    label = "LAMB"
    formula = (
        r"u = \frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \varepsilon}, \qquad "
        r"\theta \leftarrow \theta - \eta\, \frac{\lVert\theta\rVert}{\lVert u \rVert}\, u"
    )
    source = "https://arxiv.org/abs/1904.00962"
    state_names = ("m", "v")
    elementwise = False
    keras_class = "Lamb"

    learning_rate: float = learning_rate(0.001)
    beta_1: float = beta_1()
    beta_2: float = beta_2()
    epsilon: float = epsilon()

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * (gradient * gradient)
        move = m / (1 - self.beta_1**step) / (sqrt(v / (1 - self.beta_2**step)) + self.epsilon)
        length, move_length = _norm(theta), _norm(move)
        usable = (length > 0) & (move_length > 0)
        ratio = where(usable, length, 1.0) / where(usable, move_length, 1.0)
        return theta - ratio * learning_rate * move, (m, v)


@OPTIMIZERS.register("adafactor")
@dataclass(frozen=True)
class Adafactor(Optimizer):
    r"""Adafactor (Shazeer & Stern, 2018): RMSprop with a growing memory, and steps relative to the weights' size.

    v ← β̂v + (1-β̂)(g² + ε₁),   β̂ = 1 - t^c,   u = g/√v,   û = u / max(1, rms(u)/d)
    θ ← θ - min(η, 1/√t) · max(ε₂, rms(θ)) · û      as in Keras

    Named after its factored v for matrices, which a vector does not need. Keras's ``relative_step`` is not a knob here:
    Keras takes min(η, 1/√t) whether it is set or not.

    >>> from numpy import array
    >>> rule = Adafactor()
    >>> theta, state = rule.update(array([1.0, 2.0]), array([4.0, 1.0]), (array([0.0, 0.0]),), 0.1, 1)
    >>> theta, state = rule.update(theta, array([2.0, 3.0]), state, 0.1, 2)
    >>> theta.round(12).tolist()
    [0.748099997136, 1.662394248814]
    """

    label = "Adafactor"
    formula = (
        r"v \leftarrow \hat\beta v + (1-\hat\beta)(g^2 + \varepsilon_1), \quad \hat\beta = 1 - t^{c}, \quad "
        r"u = \frac{g}{\sqrt v}, \quad \theta \leftarrow \theta - \min(\eta, \tfrac{1}{\sqrt t})\, "
        r"\max(\varepsilon_2, \mathrm{rms}(\theta))\, \frac{u}{\max(1, \mathrm{rms}(u)/d)}"
    )
    source = "https://arxiv.org/abs/1804.04235"
    state_names = ("v",)
    elementwise = False
    keras_class = "Adafactor"

    learning_rate: float = learning_rate(0.001)
    beta_2_decay: float = knob(-0.8, -1.0, below=0.0, help="how fast the memory of v grows", symbol="c")
    epsilon_1: float = knob(
        1e-30, 0.0, usual=(1e-30, 1e-3), log=True, help="added to the squared gradient", symbol="ε₁"
    )
    epsilon_2: float = knob(1e-3, 0.0, usual=(1e-6, 1.0), log=True, help="smallest size of the weights", symbol="ε₂")
    clip_threshold: float = knob(
        1.0, above=0.0, usual=(0.1, 10.0), log=True, help="largest rms of the update", symbol="d"
    )

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (v,) = state
        memory = 1 - step**self.beta_2_decay
        v = memory * v + (1 - memory) * (gradient * gradient + self.epsilon_1)
        move = gradient / sqrt(v)
        move = move / maximum(1.0, _rms(move) / self.clip_threshold)
        size = minimum(learning_rate, 1 / sqrt(step)) * maximum(self.epsilon_2, _rms(theta))
        return theta - size * move, (v,)


@OPTIMIZERS.register("muon")
@dataclass(frozen=True)
class Muon(Optimizer):
    r"""Muon (Jordan et al., 2024): momentum, turned by a few matrix iterations into a nearly orthogonal step.

    m ← μm + g,   d = g + μm (Nesterov) or m,   X = d/‖d‖,   k times X ← aX + (bA + cA²)X with A = XXᵀ
    θ ← θ - ηλθ - η r √2 · X      as in Keras, with (a, b, c) = (3.4445, -4.775, 2.0315)

    Muon is for matrices. Here (x, y) is the matrix of one row, and what remains of the iteration is the direction of d
    at a length near 1: normalised momentum. Keras itself, given a vector, runs AdamW instead.

    >>> from numpy import array
    >>> rule = Muon()
    >>> theta, state = rule.update(array([1.0, 2.0]), array([4.0, 1.0]), (array([0.0, 0.0]),), 0.1, 1)
    >>> theta, state = rule.update(theta, array([2.0, 3.0]), state, 0.1, 2)
    >>> theta.round(12).tolist()
    [0.965449889774, 1.980454323637]
    """

    label = "Muon"
    formula = (
        r"m \leftarrow \mu m + g, \quad X = \frac{g + \mu m}{\lVert g + \mu m \rVert}, \quad "
        r"X \leftarrow aX + (bA + cA^2)X,\ A = XX^\top\ (k\ \text{times}), \quad "
        r"\theta \leftarrow \theta - \eta\lambda\theta - \eta\, r\sqrt{2}\, X"
    )
    source = "https://kellerjordan.github.io/posts/muon/"
    state_names = ("m",)
    elementwise = False
    keras_class = "Muon"

    learning_rate: float = learning_rate(0.001)
    momentum: float = knob(0.95, 0.0, 1.0, help="share of the memory that is kept", symbol="μ")
    nesterov: bool = knob(True, help="look one step of the memory ahead")
    ns_steps: int = knob(5, 1, 20, help="iterations towards an orthogonal step", symbol="k")
    rms_rate: float = knob(0.2, 0.0, usual=(0.01, 1.0), help="size of the step's entries", symbol="r")
    weight_decay: float = weight_decay(0.004)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        (m,) = state
        m = self.momentum * m + gradient
        move = gradient + self.momentum * m if self.nesterov else m
        move = move / (_norm(move) + 1e-7)
        for _ in range(self.ns_steps):
            square = (move * move).sum(axis=0)
            move = (3.4445 - 4.775 * square + 2.0315 * square * square) * move
        return decayed(theta, self.weight_decay, learning_rate) - learning_rate * self.rms_rate * sqrt(2.0) * move, (m,)
