"""How many runs ended: the verdicts of :mod:`gdviz.descent.ending` for arrays of runs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.descent import Descent, ending
from gdviz.landscapes import Landscape
from gdviz.tracing.stages import CONDITIONS

Array = NDArray[np.float64]

STATUSES = ("converged", "running", "stalled", "diverged")
CONVERGED, RUNNING, STALLED, DIVERGED = range(4)


@dataclass(frozen=True, eq=False)
class Ends:
    """The ends of N runs of T steps."""

    theta: Array
    """Last positions, shape (2, N); of a run that left the finite numbers, the first that is not all finite."""
    loss: Array
    """Losses there, shape (N,); of runs that climb, times -1."""
    ending: Array
    """0 for a run that took all its steps, -(t+1) for one that left the finite numbers at row t, and t + 1 + code/4 for
    one that a condition ended there (see ``gdviz.tracing.stages.CONDITIONS``), shape (N,)."""
    moved: Array
    """How far the last ``ending.LAST`` steps moved, summed over steps and coordinates, shape (N,)."""
    settled: Array
    """The number of steps after which the loss stays at the target of :func:`target`, shape (N,)."""
    losses: Array | None = None
    """The losses at every step, shape (T + 1, N), where they are kept; those after a run's end mean nothing."""


def target(loss: Any, lowest: float | None) -> Any:
    """The loss that a run has reached if it converged: that of the minimum, or of the local one where it ended."""
    return loss if lowest is None else np.where(ending.reaches(loss, lowest), lowest, loss)


def judged(setup: Descent, ends: Ends) -> tuple[NDArray[np.int8], Array]:
    """The status of each run, as a place in ``STATUSES``, and the steps to converge, NaN where it has not."""
    landscape = setup.landscape
    codes = np.full(len(ends.loss), RUNNING, dtype=np.int8)
    if landscape.lowest is not None and not setup.maximize:
        codes[ending.reaches(ends.loss, landscape.lowest)] = CONVERGED
    width = max(high - low for low, high in landscape.domain)
    resting = ~(ends.moved > ending.STILL * width) & (ends.ending >= 0) & (codes == RUNNING)
    still = np.flatnonzero(resting)
    codes[still] = _at_rest(landscape, ends.theta[:, still], width, -1.0 if setup.maximize else 1.0)
    met = np.flatnonzero(ends.ending > 0)
    codes[met[(ends.ending[met] % 1) * 4 == CONDITIONS.index("loss") + 1]] = CONVERGED
    codes[ends.ending < 0] = DIVERGED
    return codes, np.where(codes == CONVERGED, ends.settled, np.nan)


def _at_rest(landscape: Landscape, theta: Array, width: float, sign: float) -> NDArray[np.int8]:
    """Converged or stalled, for runs that stand still: as ``ending.judge`` tells a minimum from other places."""
    gradient = landscape.gradient(theta)
    (a, b), (_, d) = sign * landscape.hessian(theta)
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
