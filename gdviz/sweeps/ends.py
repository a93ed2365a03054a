"""How many runs ended: the verdicts of :mod:`gdviz.descent.ending` for arrays of runs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.descent import ending
from gdviz.landscapes import Landscape

Array = NDArray[np.float64]

STATUSES = ("converged", "running", "stalled", "diverged")
CONVERGED, RUNNING, STALLED, DIVERGED = range(4)

TILE = 256
"""Points that compiled code runs together, at most: many enough that calls cost little, few enough for the cache."""


@dataclass(frozen=True, eq=False)
class Ends:
    """What is kept of N runs of T steps."""

    theta: Array
    """Last positions, shape (2, N); of a run that left the finite numbers, the first that is not all finite."""
    loss: Array
    """Losses there, shape (N,)."""
    gradient: Array
    """Gradients there, shape (2, N)."""
    finite: Array
    """How many of the T+1 positions are finite, with finite loss and gradient, shape (N,)."""
    moved: Array
    """How far the last ``ending.LAST`` steps moved, summed over steps and coordinates, shape (N,)."""
    settled: Array
    """The number of steps after which the loss stays at the target of :func:`target`, shape (N,)."""


def target(loss: Any, lowest: float | None) -> Any:
    """The loss that a run has reached if it converged: that of the minimum, or of the local one where it ended."""
    return loss if lowest is None else np.where(ending.reaches(loss, lowest), lowest, loss)


def judged(landscape: Landscape, ends: Ends, steps: int) -> tuple[NDArray[np.int8], Array]:
    """The status of each run, as a place in ``STATUSES``, and the steps to converge, NaN where it has not."""
    codes = np.full(len(ends.loss), RUNNING, dtype=np.int8)
    width = max(high - low for low, high in landscape.domain)
    still = np.flatnonzero(~(ends.moved > ending.STILL * width) & (ends.finite > steps))
    codes[still] = _at_rest(landscape, ends.theta[:, still], ends.gradient[:, still], width)
    if landscape.lowest is not None:
        codes[np.flatnonzero(ending.reaches(ends.loss, landscape.lowest))] = CONVERGED
    codes[ends.finite <= steps] = DIVERGED
    return codes, np.where(codes == CONVERGED, ends.settled, np.nan)


def _at_rest(landscape: Landscape, theta: Array, gradient: Array, width: float) -> NDArray[np.int8]:
    """Converged or stalled, for runs that stand still: as ``ending.judge`` tells a minimum from other places."""
    (a, b), (_, d) = landscape.hessian(theta)
    middle, reach = (a + d) / 2, np.hypot((a - d) / 2, b)  # the eigenvalues of two rows are in closed form
    low, high = middle - reach, middle + reach
    turned = np.arctan2(2 * b, a - d) / 2  # of the axis along which the curvature is the higher one
    along = np.cos(turned) * gradient[0] + np.sin(turned) * gradient[1]
    across = np.cos(turned) * gradient[1] - np.sin(turned) * gradient[0]
    largest = np.maximum(np.abs(low), np.abs(high))
    least = np.maximum(1e-9 * largest, 1e-300)
    to_flat = np.hypot(along / np.maximum(np.abs(high), least), across / np.maximum(np.abs(low), least))
    at_minimum = (to_flat <= 1e-3 * width) & (low > 1e-9 * largest)
    return np.where(at_minimum, CONVERGED, STALLED).astype(np.int8)
