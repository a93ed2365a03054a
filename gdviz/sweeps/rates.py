"""The learning rate at which a rule is put on a landscape, found by search.

Every rate that the sliders have from 1e-5 to 10 (ten a decade) runs from the landscape's own start, for as many steps
as the app opens with, with the rule's other hyperparameters at their defaults. What holds for one rate only may be
luck: a rate counts by what it and its two neighbours have in common. Rates whose first step crosses half of the drawn
domain are left out: no path is seen of them. Taken is

1. of the rates that reach a lowest minimum, the smallest that needs at most twice the steps of the fastest one: well
   within what is stable, and its path can be seen;
2. where there are none, the same of those that converge at any minimum and take off nine tenths of what the best of
   them takes off the loss;
3. where there is no minimum to converge at, the smallest that leaves the drawn domain: it escapes from the saddle;
4. else the smallest that takes off nine tenths of what the best one does, and ends at most twice as far above the
   lowest loss.

Rules with a constant learning rate that divide by the gradient's size never come to rest, and are found by the last.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdviz.descent.ending import reaches
from gdviz.descent.experiment import DEFAULT
from gdviz.landscapes import Landscape
from gdviz.sweeps.run import sweep

MANTISSAS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
RATES = np.array([float(f"{mantissa}e{decade}") for decade in range(-5, 1) for mantissa in MANTISSAS])


@lru_cache(maxsize=256)
def searched_rate(landscape: Landscape, optimizer: str) -> float | None:
    """The rate taken, by the four rules above; None where none leads down.

    Args:
        landscape: Where.
        optimizer: The name of a rule that does not search its own step.

    >>> from gdviz.landscapes.own import compile_landscape
    >>> searched_rate(compile_landscape("x^2 + 10y^2"), "gradient_descent")
    0.04
    """
    with np.errstate(all="ignore"):  # what is no number at the start, or beyond the largest, is an answer too
        return _search(landscape, optimizer)


def _search(landscape: Landscape, optimizer: str) -> float | None:
    # Compiling takes longer than these few runs.
    ends = sweep(landscape, optimizer, learning_rate=RATES, steps=DEFAULT.steps, engine="numpy")
    width = max(high - low for low, high in landscape.domain)
    once = sweep(landscape, optimizer, learning_rate=RATES, steps=1, engine="numpy")
    leaps = np.linalg.norm(once.theta - np.array(landscape.start)[:, None], axis=0) > width / 2
    lowest, first = landscape.lowest, float(landscape.value(landscape.start))
    if not np.any(ends.loss < first):
        return None
    loss = np.max(_neighbours(np.where((ends.status == "diverged") | leaps, np.inf, ends.loss), -np.inf), axis=0)
    converged = (ends.status == "converged") & ~leaps
    arrived = _common(converged)
    arrived &= first - loss >= 0.9 * (first - np.min(loss[arrived], initial=first))
    if lowest is not None:
        best = _common(converged & reaches(ends.loss, lowest))
        arrived = best if best.any() else arrived
    if arrived.any():
        steps = np.where(arrived, ends.steps_to_converge, np.inf)
        return float(RATES[np.argmax(steps <= 2 * np.min(steps))])
    if lowest is None:
        low, high = np.array(landscape.domain).T[:, :, None]
        escaped = _common(~np.all((ends.theta > low) & (ends.theta < high), axis=0))
        return float(RATES[np.argmax(escaped)] if escaped.any() else RATES[-1])
    near = (loss - lowest <= 2 * (np.min(loss) - lowest)) & (first - loss >= 0.9 * (first - np.min(loss)))
    near &= np.isfinite(loss)
    return float(RATES[np.argmax(near)]) if near.any() else None


def _common(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where something holds for a rate and both its neighbours."""
    return np.asarray(np.all(_neighbours(holds, True), axis=0))


def _neighbours(values: NDArray[np.generic], outside: object) -> NDArray[np.generic]:
    padded = np.pad(values, 1, constant_values=outside)  # type: ignore[call-overload]
    return np.stack([padded[:-2], values, padded[2:]])
