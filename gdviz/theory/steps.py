"""One step of a run in numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import Knob
from gdviz.descent import Trajectory
from gdviz.theory.curvature import curvature, stability_limit
from gdviz.theory.formulas import with_numbers

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a run, as its record has it."""

    number: int
    """Which step, counting from 1."""
    formula: str
    """The rule, in LaTeX."""
    numbers: str
    """The rule with this step's numbers in it, in LaTeX; see :func:`gdviz.theory.formulas.with_numbers`."""
    theta: tuple[Array, Array]
    """Position before and after."""
    loss: tuple[float, float]
    """Loss before and after."""
    gradient: Array
    """Exact gradient at the position before."""
    used_gradient: Array
    """The gradient that the rule was given, after noise and clipping."""
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
    """The numbers of one step.

    Args:
        trajectory: A run.
        step: Which step, from 1 to the number of steps taken.

    Raises:
        ValueError: The run has no such step.
    """
    Knob(name="step", default=1, low=1, high=trajectory.steps).check(step)
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
