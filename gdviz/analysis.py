"""What theory says about a point, and what happened in one step of a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.descent import Trajectory, check_whole
from gdviz.formulas import with_numbers
from gdviz.landscapes import Landscape
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
    """The rule with this step's numbers in it, in LaTeX; see :func:`gdviz.formulas.with_numbers`."""
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
    theta = trajectory.theta[before], trajectory.theta[step]
    used_gradient = np.asarray(trajectory.used_gradient[before])
    state = {name: (values[before], values[step]) for name, values in trajectory.state.items()}
    decayed = theta[0] - theta[0] * trajectory.setup.weight_decay * rate  # what the rule is given
    return Step(
        number=step,
        formula=optimizer.formula,
        numbers=with_numbers(optimizer, rate, step, (decayed, theta[1]), used_gradient, state),
        theta=theta,
        loss=(float(trajectory.loss[before]), float(trajectory.loss[step])),
        gradient=trajectory.gradient[before],
        used_gradient=used_gradient,
        update=trajectory.theta[step] - trajectory.theta[before],
        learning_rate=rate,
        state=state,
        eigenvalues=curvature(landscape, trajectory.theta[before])[0],
        stability_limit=stability_limit(landscape, trajectory.theta[before]),
    )
