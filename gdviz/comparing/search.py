"""The places of a search's trials, proposed by Optuna."""

import math
from collections.abc import Sequence
from typing import Any

from gdviz.comparing.comparison import Budget, Entrant
from gdviz.training.optimizers import SEARCHED, SearchRange

_STARTUP = 8
"""So many trials of a TPE search, or half of them, are quasi-random: it needs something to learn from."""


def points(entrant: Entrant, budget: Budget, count: int) -> list[dict[str, float]]:
    """The first ``count`` points of the quasi-random search: shares of each range, the same for all that tune as much.

    A scrambled Sobol sequence (Owen 1998), by Optuna's ``QMCSampler``. More points leave the first ones where they are.

    >>> from gdviz.training import KERAS_OPTIMIZERS
    >>> adam, sgd = (Entrant(KERAS_OPTIMIZERS.make(name)) for name in ("adam", "sgd"))
    >>> points(adam, Budget(), 4) == points(sgd, Budget(), 8)[:4]
    True
    """
    optuna, study = _study(
        "QMCSampler", qmc_type="sobol", scramble=True, seed=budget.seed, warn_independent_sampling=False
    )
    space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in entrant.tuned}
    # The sampler draws the first point by chance, and begins its sequence with the second, once it knows the space.
    study.add_trial(optuna.trial.create_trial(params=dict.fromkeys(space, 0.5), distributions=space, value=0.0))
    asked = [study.ask(space) for _ in range(count)]
    return [dict(trial.params) for trial in asked]


def propose(
    entrant: Entrant, budget: Budget, count: int, seen: Sequence[tuple[dict[str, float], float | None]], trials: int
) -> list[dict[str, float]]:
    """The next points of an entrant's search, as shares of each range.

    Args:
        entrant: Whose.
        budget: How it is searched.
        count: How many at most.
        seen: The points so far, with the scores of those that have ended; None for one in progress, -inf for one that
            diverged.
        trials: How many there may be in all.
    """
    count = min(count, trials - len(seen))
    startup = trials if budget.search == "sobol" else min(_STARTUP, -(-trials // 2))
    if len(seen) < startup:
        return points(entrant, budget, min(len(seen) + count, startup))[len(seen) :]
    optuna, study = _study(
        "TPESampler", seed=budget.seed + len(seen), n_startup_trials=1, multivariate=True, constant_liar=True
    )
    space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in entrant.tuned}
    finite = [score for _, score in seen if score is not None and math.isfinite(score)]
    for shares, score in seen:
        if score is None:
            study.enqueue_trial(shares)
            study.ask(space)
            continue
        # Optuna knows no infinite score: what diverged is as bad as the worst that did not.
        value = score if math.isfinite(score) else min(finite, default=0.0)
        study.add_trial(optuna.trial.create_trial(params=shares, distributions=space, value=value))
    return [dict(study.ask(space).params) for _ in range(count)]


def values_at(budget: Budget, shares: dict[str, float]) -> dict[str, float]:
    """The hyperparameters at shares of their ranges."""
    ranges = {**SEARCHED, "learning_rate": SearchRange(budget.low, budget.high)}
    return {name: ranges[name].value(share) for name, share in shares.items()}


def shares_of(budget: Budget, values: dict[str, float]) -> dict[str, float]:
    """The shares at which hyperparameters lie."""
    ranges = {**SEARCHED, "learning_rate": SearchRange(budget.low, budget.high)}
    return {name: min(1.0, max(0.0, ranges[name].share(value))) for name, value in values.items()}


def _study(sampler: str, **how: Any) -> tuple[Any, Any]:
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        made = getattr(optuna.samplers, sampler)(**how)
    return optuna, optuna.create_study(direction="maximize", sampler=made)
