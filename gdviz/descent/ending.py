"""How a run ended: a status, and findings that say why, as codes and numbers. The words are in ``words.py``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
"""Statuses in words for people: a run that has used up its steps is no longer running."""

TOLERANCE = 1e-6
"""A loss is that of a minimum when it is within this of it (relative to the minimum's loss where that exceeds 1)."""
STILL = 1e-6
"""A run stands still when its last steps moved it by less than this share of the landscape's width..."""
LAST = 10
"""...and this is how many last steps are looked at."""


@dataclass(frozen=True)
class Finding:
    """One reason for the status of a run."""

    code: str
    """One of ``gdviz.descent.words.SENTENCES``."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The numbers of its sentence, by name."""


def reaches(loss: Array, minimum: float | Array) -> NDArray[np.bool_]:
    """True where a loss is, within ``TOLERANCE``, as low as ``minimum``."""
    return np.asarray(loss - minimum <= TOLERANCE * np.maximum(1.0, np.abs(minimum)))


def first_non_finite(theta: Array, loss: Array, gradient: Array) -> tuple[int, str] | None:
    """The first row with a number that is not finite, and the name of that number; None where all are finite."""
    parts = {"position": theta, "loss": loss[:, None], "gradient": gradient}
    bad = {name: ~np.isfinite(values).all(axis=1) for name, values in parts.items()}
    if not any(np.any(rows) for rows in bad.values()):
        return None
    row = min(int(np.argmax(rows)) for rows in bad.values() if np.any(rows))
    return row, next(name for name, rows in bad.items() if rows[row])


def divergence(step: int, what: str, loss: Array, gradient: Array, maximize: bool = False) -> Finding:
    """Why a run diverged.

    Args:
        step: The first step after which a number is not finite.
        what: The name of that number.
        loss: Losses up to that step, shape (step+1,).
        gradient: Gradients up to that step, shape (step+1, d).
        maximize: The run climbs.
    """
    if step == 0:
        return Finding("bad_start", {"what": what})
    finite = loss[np.isfinite(loss)]
    if len(finite) > 1 and (finite[-1] > finite[0] if maximize else finite[-1] < finite[0]):
        return Finding("no_maximum" if maximize else "no_minimum", {"step": step, "what": what})
    sizes = np.linalg.norm(gradient[max(0, step - LAST) : step], axis=1)
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    if len(sizes) < 2:
        return Finding("step_too_long", {"step": step, "what": what})
    growth = float(np.exp((np.log(sizes[-1]) - np.log(sizes[0])) / (len(sizes) - 1)))
    return Finding("gradient_grew", {"step": step, "what": what, "growth": growth})


def judge(
    landscape: Landscape, theta: Array, loss: Array, gradient: Array, maximize: bool = False
) -> tuple[Status, Finding]:
    """The status of a run that stayed finite, and why.

    A small gradient alone does not make a minimum: a plateau and a saddle have one too. A run has converged where its
    loss is that of a known minimum, or where it stands still with a gradient that vanishes beside a curvature that is
    positive in every direction. One that climbs has converged at a maximum, by the same rule upside down.
    """
    x, y = map(float, theta[-1])
    lowest = None if maximize else landscape.lowest
    if lowest is not None and reaches(loss[-1:], lowest)[0]:
        return "converged", Finding("at_minimum", {"x": x, "y": y, "tolerance": TOLERANCE, "lowest": lowest})

    moved = float(np.abs(np.diff(theta[-LAST - 1 :], axis=0)).sum())
    width = max(high - low for low, high in landscape.domain)
    if moved > STILL * width:
        values = {"steps": len(loss) - 1, "first": float(loss[0]), "last": float(loss[-1])}
        if loss[-1] < loss[0] if maximize else loss[-1] > loss[0]:
            return "running", Finding("falling" if maximize else "rising", values)
        return "running", Finding("moving", values)

    kind = _at_rest(landscape, theta[-1], gradient[-1], maximize)
    if kind is not None:
        return "converged" if kind in ("local_minimum", "local_maximum") else "stalled", Finding(kind, {"x": x, "y": y})
    size = float(np.linalg.norm(gradient[-1]))
    return "stalled", Finding("at_rest", {"x": x, "y": y, "gradient": size, "moved": moved})


def _at_rest(landscape: Landscape, point: Array, gradient: Array, maximize: bool) -> str | None:
    """The kind of stationary point that a run rests at; None where the gradient does not vanish."""
    hessian = (-1.0 if maximize else 1.0) * landscape.hessian(point)
    if not np.all(np.isfinite(hessian)):
        return None
    curvature, axes = np.linalg.eigh(hessian)
    largest = float(np.abs(curvature).max())
    # The distance to the point where a quadratic with this gradient and curvature would be flat: its Newton step.
    to_flat = float(np.linalg.norm(axes.T @ gradient / np.maximum(np.abs(curvature), max(1e-9 * largest, 1e-300))))
    if to_flat > 1e-3 * max(high - low for low, high in landscape.domain):
        return None
    level = 1e-9 * largest
    if curvature[0] > level:
        return "local_maximum" if maximize else "local_minimum"
    if curvature[1] < -level:
        return "near_minimum" if maximize else "near_maximum"
    if curvature[0] < -level and curvature[1] > level:
        return "saddle_climbing" if maximize else "saddle"
    return None


def slowed_down(learning_rate: Array) -> list[Finding]:
    """That a schedule brought the run to rest, where one did."""
    if not len(learning_rate) or learning_rate[-1] > 1e-3 * learning_rate.max():
        return []
    return [Finding("slowed_down", {"learning_rate": float(learning_rate[-1])})]
