"""Remedies for a run that has diverged; each was tried before it is offered."""

from functools import lru_cache

from gdviz.descent import Descent, run

_TRIALS = 16
_FACTOR = 10**-0.25


@lru_cache(maxsize=256)
def finite_learning_rate(setup: Descent) -> float | None:
    """The largest of some smaller learning rates at which the same run does not diverge; None where all do.

    The rates tried fall by a factor of 10^(1/4) = 1.78 each, over four decades.
    """
    rate = setup.schedule.initial_learning_rate
    for _ in range(_TRIALS):
        rate = float(f"{rate * _FACTOR:.2g}")
        if run(setup.with_learning_rate(rate)).status != "diverged":
            return rate
    return None
