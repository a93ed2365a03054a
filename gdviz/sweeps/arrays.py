"""The engine ``numpy``: blocks of points, small enough to stay in the processor's cache, as arrays."""

from typing import Any

import numpy as np

from gdviz.descent import ending
from gdviz.sweeps.cases import Cases, with_values
from gdviz.sweeps.ends import Array, Ends, target

BLOCK = 8192
"""Points that are run together; a position and its gradient are then 128 kB each."""


def run(cases: Cases) -> Ends:
    """Run all cases together. Where one has left the finite numbers it stays; the others go on."""
    setup = cases.shared
    landscape, clip, steps = setup.landscape, setup.clip, setup.steps
    rule = with_values(setup.optimizer, **{"learning_rate": setup.schedule.initial_learning_rate, **cases.varied})
    rates, noise = cases.rates(), cases.noise()
    if rates.shape[1] == 1:
        rates = rates[:, 0]  # numbers, not arrays of one
    theta = cases.starts
    state = rule.initial_state(theta)
    losses = np.empty((steps + 1, len(cases)))
    finite, moved = np.zeros(len(cases)), np.zeros(len(cases))
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        for step in range(steps + 1):
            losses[step] = landscape.value(theta)
            gradient = landscape.gradient(theta)
            finite += _fine(theta, losses[step], gradient) & (finite == step)
            if step == steps:
                break
            used = gradient if noise is None else gradient + noise[step]
            rate = rates[min(step, len(rates) - 1)]
            here = theta - theta * setup.weight_decay * rate if setup.weight_decay else theta
            new, state = rule.update(here, used if clip is None else clip(used), state, rate, step + 1)
            new = new if finite.min() > step else np.where(finite > step, new, theta)
            if step >= steps - ending.LAST:
                moved += np.abs(new - theta).sum(axis=0)
            theta = new
        aims = target(losses[-1], landscape.lowest)
        above = ~ending.reaches(losses, aims)
    settled = np.where(above.any(axis=0), steps + 1 - np.argmax(above[::-1], axis=0), 0).astype(np.float64)
    return Ends(theta, losses[-1], gradient, finite, moved, settled)


def _fine(theta: Array, loss: Array, gradient: Array) -> Any:
    """True where all is finite; one sum tells, as long as that holds for every point."""
    if np.isfinite(loss.sum() + gradient.sum() + theta.sum()):
        return True
    return np.isfinite(loss) & np.isfinite(gradient).all(axis=0) & np.isfinite(theta).all(axis=0)


def batches(cases: Cases) -> bool:
    """Whether the rule takes arrays for the hyperparameters that vary: not where it branches on one of them."""
    if not cases.varied:
        return True
    two = Cases(cases.shared, np.ones((2, 2)), {name: np.resize(values, 2) for name, values in cases.varied.items()})
    rule = with_values(cases.shared.optimizer, **two.varied)
    try:
        for step in (1, 2):
            rule.update(two.starts, two.starts, rule.initial_state(two.starts), two.starts[0], step)
    except (TypeError, ValueError):  # "the truth value of an array is ambiguous", "only integer arrays ..."
        return False
    return True
