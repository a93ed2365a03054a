"""What theory says about a point, and what happened in one step of a run."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.descent import Trajectory, check_whole
from gdviz.landscapes import Landscape
from gdviz.optimizers import Optimizer
from gdviz.stability import (
    LINEAR_RULES,
    Optimum,
    convergence_rate,
    iteration_matrix,
    largest_stable_rate,
    optimal_parameters,
    preconditioned_limit,
)

__all__ = [
    "LINEAR_RULES",
    "Optimum",
    "Step",
    "convergence_rate",
    "curvature",
    "explain",
    "iteration_matrix",
    "largest_stable_rate",
    "optimal_parameters",
    "preconditioned_limit",
    "stability_limit",
]

Array = NDArray[np.float64]

_LATEX = {
    "α": r"\alpha", "β₁": r"\beta_1", "β₂": r"\beta_2", "β": r"\beta", "γ": r"\gamma", "ε₁": r"\varepsilon_1",
    "ε₂": r"\varepsilon_2", "ε_r": r"\varepsilon_r", "ε": r"\varepsilon", "η": r"\eta", "λ": r"\lambda", "μ": r"\mu",
    "ρ": r"\rho", "ρ_min": r"\rho_{\min}", "l₁": "l_1", "l₂": "l_2",
}  # fmt: skip


def curvature(landscape: Landscape, theta: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues (2,), ascending, and eigenvectors (2, 2), in columns, of the Hessian at one point (x, y).

    NaN where the Hessian is not finite.

    >>> from gdviz.landscapes.saddles import Saddle
    >>> curvature(Saddle(), (0.3, 0.4))[0].tolist()
    [-2.0, 2.0]
    """
    with np.errstate(all="ignore"):
        hessian = landscape.hessian(theta)
    if not np.all(np.isfinite(hessian)):
        return np.full(2, np.nan), np.full((2, 2), np.nan)
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvalues, eigenvectors


def stability_limit(landscape: Landscape, theta: ArrayLike) -> float:
    """2/λ_max at a point: on a quadratic with this Hessian, gradient descent is stable below this learning rate.

    Infinite where no direction curves upwards.

    >>> from gdviz.landscapes.bowls import Quadratic
    >>> round(stability_limit(Quadratic(condition_number=10.0), (1.0, 2.0)), 12)
    0.2
    """
    largest = float(curvature(landscape, theta)[0][-1])
    return 2 / largest if not largest <= 0 else np.inf


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a run, as its record has it."""

    number: int
    """Which step, counting from 1."""
    formula: str
    """The rule, in LaTeX."""
    numbers: str
    """The rule with this step's hyperparameters, learning rate and t in it, in LaTeX."""
    theta: tuple[Array, Array]
    """Position before and after."""
    loss: tuple[float, float]
    """Loss before and after."""
    gradient: Array
    """Exact gradient at the position before."""
    used_gradient: Array
    """What the rule was given, after noise and clipping."""
    update: Array
    """Position after, less position before."""
    learning_rate: float
    state: dict[str, tuple[Array, Array]]
    """The rule's named quantities before and after."""
    eigenvalues: Array
    """Of the Hessian at the position before, ascending."""
    stability_limit: float
    """2/λ_max there; see :func:`stability_limit`."""


def explain(trajectory: Trajectory, step: int) -> Step:
    """What happened in one step.

    Args:
        trajectory: A run.
        step: Which step, from 1 to the number of steps taken.

    Raises:
        ValueError: The run has no such step.
    """
    check_whole("step", step, 1, trajectory.steps)
    before, optimizer = step - 1, trajectory.setup.optimizer
    landscape, rate = trajectory.setup.landscape, float(trajectory.learning_rate[before])
    return Step(
        number=step,
        formula=optimizer.formula,
        numbers=_with_numbers(optimizer, rate, step),
        theta=(trajectory.theta[before], trajectory.theta[step]),
        loss=(float(trajectory.loss[before]), float(trajectory.loss[step])),
        gradient=trajectory.gradient[before],
        used_gradient=np.asarray(trajectory.used_gradient[before]),
        update=trajectory.theta[step] - trajectory.theta[before],
        learning_rate=rate,
        state={name: (values[before], values[step]) for name, values in trajectory.state.items()},
        eigenvalues=curvature(landscape, trajectory.theta[before])[0],
        stability_limit=stability_limit(landscape, trajectory.theta[before]),
    )


def _with_numbers(optimizer: Optimizer, learning_rate: float, step: int) -> str:
    """The formula with a number for every symbol that a hyperparameter's help names, for η and for t."""
    numbers = {"t": f"{step}"}
    for knob in optimizer.knobs():
        symbol, value = re.search(r"\((\S+)\)", knob.help), getattr(optimizer, knob.name)
        if symbol and isinstance(value, int | float):
            numbers[_LATEX.get(symbol[1], symbol[1])] = _latex_number(value)
    numbers[r"\eta"] = _latex_number(learning_rate)
    # A symbol ends where neither a letter nor an index goes on; the longest are looked for first.
    symbols = "|".join(re.escape(symbol) for symbol in sorted(numbers, key=len, reverse=True))
    pattern = rf"(?<![A-Za-z\\_])(?:{symbols})(?![A-Za-z_'0-9])"
    words = re.split(r"(\\(?:text|mathrm|operatorname)\{[^}]*\})", optimizer.formula)
    return "".join(
        word if i % 2 else re.sub(pattern, lambda m: f"{{{numbers[m[0]]}}}", word) for i, word in enumerate(words)
    )


def _latex_number(value: float) -> str:
    digits = f"{value:.6g}"
    if "e" not in digits:
        return digits
    mantissa, exponent = digits.split("e")
    return rf"({mantissa} \cdot 10^{{{int(exponent)}}})"
