"""Theory of the linear rules on quadratics: exact convergence rates, limits of stability, optimal parameters.

On a quadratic every eigenvector of the Hessian is a problem of its own, f = λx²/2, with the gradient λx. Gradient
descent, momentum and Nesterov's gradient are linear there: a step multiplies (velocity, x) by a matrix, whose spectral
radius is the factor by which the distance to the minimum shrinks a step, in the long run.

The public names are those of :mod:`gdviz.theory`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.landscapes import Landscape
from gdviz.optimizers import OPTIMIZERS, Optimizer

Array = NDArray[np.float64]

LINEAR_RULES = ("gradient_descent", "momentum", "nesterov")


def iteration_matrix(optimizer: Optimizer, eigenvalue: float) -> Array:
    """The matrix of a step on f = λx²/2: it acts on (x) for gradient descent, else on (velocity, x), as in Keras.

    Momentum v ← μv - ηλx, x ← x + v has the matrix ((μ, -ηλ), (μ, 1 - ηλ)); Nesterov, with x ← x + μv - ηλx,
    ((μ, -ηλ), (μ², 1 - (1+μ)ηλ)).  https://distill.pub/2017/momentum/

    Raises:
        ValueError: The rule is not linear.

    >>> iteration_matrix(OPTIMIZERS.make("momentum", learning_rate=0.1, momentum=0.5), 2.0).tolist()
    [[0.5, -0.2], [0.5, 0.8]]
    """
    step, memory = optimizer.learning_rate * eigenvalue, _memory(optimizer)
    if optimizer.name == "gradient_descent":
        return np.array([[1 - step]])
    if optimizer.name == "momentum":
        return np.array([[memory, -step], [memory, 1 - step]])
    return np.array([[memory, -step], [memory**2, 1 - (1 + memory) * step]])


def convergence_rate(
    optimizer: Optimizer, eigenvalues: ArrayLike, learning_rate: ArrayLike | None = None, momentum: ArrayLike = 0.0
) -> Array:
    """The factor by which the distance to a quadratic's minimum shrinks a step, in the long run; above 1 it grows.

    The largest root of z² - bz + c over the eigenvalues λ of the Hessian: √c where the roots are complex (b² < 4c),
    else (|b| + √(b² - 4c))/2, with b = 1 + μ - ηλ, c = μ for momentum, b = (1+μ)(1-ηλ), c = μ(1-ηλ) for Nesterov, and
    |1 - ηλ| for gradient descent.  Lessard, Recht & Packard (2016), https://arxiv.org/abs/1408.3595

    Args:
        optimizer: One of the linear rules.
        eigenvalues: Of the Hessian, shape (n,).
        learning_rate, momentum: In place of the optimizer's own, as many as are wanted at once; None: its own.

    Raises:
        ValueError: The rule is not linear.

    >>> float(convergence_rate(OPTIMIZERS.make("gradient_descent", learning_rate=0.1), [1.0, 10.0]))
    0.9
    """
    own = _memory(optimizer)
    rate, memory = np.broadcast_arrays(
        *(optimizer.learning_rate, own) if learning_rate is None else (learning_rate, momentum)
    )
    shape = (-1,) + (1,) * np.ndim(rate)
    left = 1 - np.asarray(rate) * np.reshape(np.asarray(eigenvalues, dtype=np.float64), shape)
    if optimizer.name == "gradient_descent":
        return np.asarray(np.abs(left).max(axis=0))
    b, c = (memory + left, memory + 0 * left) if optimizer.name == "momentum" else ((1 + memory) * left, memory * left)
    inside = b * b - 4 * c
    real = (np.abs(b) + np.sqrt(np.maximum(inside, 0.0))) / 2
    return np.asarray(np.where(inside < 0, np.sqrt(np.abs(c)), real).max(axis=0))


def largest_stable_rate(optimizer: Optimizer, sharpness: float) -> float:
    """The learning rate up to which a linear rule is stable where the largest curvature is λ_max > 0.

    2/λ_max for gradient descent, (2 + 2μ)/λ_max for momentum, (2 + 2μ)/((1 + 2μ) λ_max) for Nesterov: where the
    iteration's matrix gets the eigenvalue -1.  Cohen et al. (2021), appendix B, https://arxiv.org/abs/2103.00065

    Raises:
        ValueError: The rule is not linear.

    >>> largest_stable_rate(OPTIMIZERS.make("momentum", momentum=0.5), 10.0)
    0.3
    """
    memory = _memory(optimizer)
    reach = {"gradient_descent": 2.0, "momentum": 2 + 2 * memory}.get(
        optimizer.name, (2 + 2 * memory) / (1 + 2 * memory)
    )
    return reach / sharpness if sharpness > 0 else np.inf


def preconditioned_limit(
    landscape: Landscape, theta: ArrayLike, preconditioner: ArrayLike, beta_1: float = 0.0
) -> float:
    """The learning rate up to which an adaptive rule with averaged gradients is stable near a point.

    Such a rule steps by -ηP⁻¹m with m ← β₁m + (1-β₁)g; while P hardly changes, it is stable for
    η < 2(1+β₁)/((1-β₁) λ_max(P⁻¹H)).  Cohen et al. (2022), https://arxiv.org/abs/2207.14484

    Args:
        landscape: The loss, whose Hessian at the point is H.
        theta: The point, (x, y).
        preconditioner: The diagonal of P > 0, shape (2,): √(v/(1-β₂ᵗ)) + ε for Adam, √(s + ε) for RMSprop.
        beta_1: Memory of the gradient; 0 for a rule that does not average it.

    >>> from gdviz.landscapes.bowls import Sphere
    >>> round(preconditioned_limit(Sphere(), (1.0, 1.0), (0.5, 1.0), beta_1=0.9), 12)
    9.5
    """
    root = np.sqrt(np.asarray(preconditioner, dtype=np.float64))
    hessian = landscape.hessian(theta) / root[:, None] / root[None, :]  # symmetric, with the eigenvalues of P⁻¹H
    if not np.all(np.isfinite(hessian)):
        return np.nan
    largest = float(np.linalg.eigvalsh(hessian)[-1])
    return 2 * (1 + beta_1) / ((1 - beta_1) * largest) if largest > 0 else np.inf


@dataclass(frozen=True)
class Optimum:
    """Parameters that make a linear rule as fast as it can be on a quadratic, and how fast that is."""

    learning_rate: float
    momentum: float
    rate: float
    """The factor by which the distance to the minimum shrinks a step."""


def optimal_parameters(optimizer: str | Optimizer, smallest: float, largest: float) -> Optimum:
    """The best learning rate and momentum for curvatures between m = ``smallest`` and L = ``largest``, κ = L/m.

    Gradient descent: η = 2/(L+m), rate (κ-1)/(κ+1).
    Momentum (Polyak, 1964): η = 4/(√L+√m)², μ = ((√κ-1)/(√κ+1))², rate (√κ-1)/(√κ+1).
    Nesterov: η = 4/(3L+m), μ = (√(3κ+1)-2)/(√(3κ+1)+2), rate 1 - 2/√(3κ+1).
    Lessard, Recht & Packard (2016), table 1, https://arxiv.org/abs/1408.3595

    Raises:
        ValueError: The rule is not linear, or not 0 < smallest ≤ largest.

    >>> round(optimal_parameters("momentum", 1.0, 9.0).rate, 12)
    0.5
    """
    rule = OPTIMIZERS.make(optimizer)
    _memory(rule)
    if not 0 < smallest <= largest < np.inf:
        raise ValueError(f"smallest and largest must be 0 < smallest ≤ largest; got {smallest!r} and {largest!r}")
    condition = largest / smallest
    if rule.name == "gradient_descent":
        return Optimum(2 / (largest + smallest), 0.0, (condition - 1) / (condition + 1))
    if rule.name == "momentum":
        rate = (np.sqrt(condition) - 1) / (np.sqrt(condition) + 1)
        return Optimum(float(4 / (np.sqrt(largest) + np.sqrt(smallest)) ** 2), float(rate**2), float(rate))
    root = float(np.sqrt(3 * condition + 1))
    return Optimum(4 / (3 * largest + smallest), (root - 2) / (root + 2), 1 - 2 / root)


def _memory(optimizer: Optimizer) -> float:
    """The momentum of a linear rule."""
    if optimizer.name not in LINEAR_RULES:
        raise ValueError(
            f"optimizer must be one of {', '.join(LINEAR_RULES)}, which are linear; got {optimizer.name!r}"
        )
    return float(getattr(optimizer, "momentum", 0.0))
