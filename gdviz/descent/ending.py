"""How a run ended, and why, in words."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gdviz.landscapes import Landscape

Array = NDArray[np.float64]
Status = Literal["converged", "running", "stalled", "diverged"]
STATUS_WORDS: dict[str, str] = {
    "converged": "converged",
    "running": "not there yet",
    "stalled": "stalled",
    "diverged": "diverged",
}
"""What people read: a run that has used up its steps is no longer running."""

TOLERANCE = 1e-6
"""A loss is that of a minimum when it is within this of it (relative to the minimum's loss where that exceeds 1)."""
STILL = 1e-6
"""A run stands still when its last steps moved it by less than this share of the landscape's width..."""
LAST = 10
"""...and this is how many last steps are looked at."""


def reaches(loss: Array, minimum: float | Array) -> NDArray[np.bool_]:
    """True where a loss is, within ``TOLERANCE``, as low as ``minimum``."""
    return np.asarray(loss - minimum <= TOLERANCE * np.maximum(1.0, np.abs(minimum)))


def first_non_finite(theta: Array, loss: Array, gradient: Array) -> tuple[int, str] | None:
    """The first row that holds a number that is not finite, and what it is; None where all are finite."""
    parts = {"position": theta, "loss": loss[:, None], "gradient": gradient}
    bad = {name: ~np.isfinite(values).all(axis=1) for name, values in parts.items()}
    if not any(np.any(rows) for rows in bad.values()):
        return None
    row = min(int(np.argmax(rows)) for rows in bad.values() if np.any(rows))
    return row, next(name for name, rows in bad.items() if rows[row])


def divergence(step: int, what: str, loss: Array, gradient: Array, maximize: bool = False) -> str:
    """Why a run diverged, from its losses and gradients up to ``step``."""
    if step == 0:
        return f"At the start the {what} is not a finite number: choose another start."
    finite = loss[np.isfinite(loss)]
    if maximize and len(finite) > 1 and finite[-1] > finite[0]:
        return f"At step {step} the {what} left the finite numbers: the loss rises without bound, there is no maximum."
    if not maximize and len(finite) > 1 and finite[-1] < finite[0]:
        return f"At step {step} the {what} left the finite numbers: the loss falls without bound, there is no minimum."
    sizes = np.linalg.norm(gradient[max(0, step - LAST) : step], axis=1)
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    why = "one step was too long"
    if len(sizes) > 1:
        growth = float(np.exp((np.log(sizes[-1]) - np.log(sizes[0])) / (len(sizes) - 1)))
        why = f"each of the last steps multiplied the gradient by about {growth:.3g}"
    return (
        f"At step {step} the {what} left the finite numbers: {why}. "
        "A smaller learning rate usually helps, or clipping the gradient by its norm."
    )


def judge(
    landscape: Landscape, theta: Array, loss: Array, gradient: Array, maximize: bool = False
) -> tuple[Status, str]:
    """The status of a run that stayed finite, and why.

    A small gradient alone does not make a minimum: a plateau and a saddle have one too. A run has converged where its
    loss is that of a known minimum, or where it stands still with a gradient that vanishes beside a curvature that is
    positive in every direction. One that climbs has converged at a maximum, by the same rule upside down.
    """
    end = theta[-1]
    place = f"({end[0]:.4g}, {end[1]:.4g})"
    lowest = None if maximize else landscape.lowest
    if lowest is not None and reaches(loss[-1:], lowest)[0]:
        return (
            "converged",
            f"At a minimum, {place}: the loss is within {TOLERANCE:g} of its lowest value, {lowest:.4g}.",
        )

    moved = float(np.abs(np.diff(theta[-LAST - 1 :], axis=0)).sum())
    width = max(high - low for low, high in landscape.domain)
    if moved > STILL * width:
        return "running", _still_moving(loss, maximize)

    return _at_rest(landscape, end, gradient[-1], maximize) or (
        "stalled",
        f"At {place} the gradient is {np.linalg.norm(gradient[-1]):.2g} long and the last steps moved by {moved:.2g} "
        "in all.",
    )


def _at_rest(landscape: Landscape, point: Array, gradient: Array, maximize: bool) -> tuple[Status, str] | None:
    """Which kind of stationary point a run rests at; None where the gradient does not vanish."""
    hessian = (-1.0 if maximize else 1.0) * landscape.hessian(point)
    if not np.all(np.isfinite(hessian)):
        return None
    curvature, axes = np.linalg.eigh(hessian)
    largest = float(np.abs(curvature).max())
    # The distance to the point where a quadratic with this gradient and curvature would be flat: its Newton step.
    to_flat = float(np.linalg.norm(axes.T @ gradient / np.maximum(np.abs(curvature), max(1e-9 * largest, 1e-300))))
    if to_flat > 1e-3 * max(high - low for low, high in landscape.domain):
        return None
    place = f"({point[0]:.4g}, {point[1]:.4g})"
    level = 1e-9 * largest
    ahead = "up" if maximize else "down"
    lowest, highest = ("maximum", "minimum") if maximize else ("minimum", "maximum")
    if curvature[0] > level:
        sign = "negative" if maximize else "positive"
        return "converged", f"At a local {lowest}, {place}: the gradient vanishes and the curvature is {sign}."
    if curvature[1] < -level:
        return "stalled", f"Near a {highest}, {place}: the gradient vanishes, but every direction leads {ahead}."
    if curvature[0] < -level and curvature[1] > level:
        return (
            "stalled",
            f"Near a saddle point, {place}: the gradient vanishes, but one direction leads further {ahead}.",
        )
    return None


def slowed_down(learning_rate: Array) -> str:
    """A sentence on a schedule that brought the run to rest; empty where none did."""
    if not len(learning_rate) or learning_rate[-1] > 1e-3 * learning_rate.max():
        return ""
    return f" The schedule has lowered the learning rate to {learning_rate[-1]:.2g}."


def _still_moving(loss: Array, maximize: bool) -> str:
    if maximize and loss[-1] < loss[0]:
        return f"Still moving, and the loss has fallen from {loss[0]:.4g} to {loss[-1]:.4g}: the steps are too long."
    if not maximize and loss[-1] > loss[0]:
        return f"Still moving, and the loss has grown from {loss[0]:.4g} to {loss[-1]:.4g}: the steps are too long."
    return f"Still moving after {len(loss) - 1} steps; the loss is {loss[-1]:.4g}."
