"""A rough estimate of a comparison's time before it begins, from measurements on two cores."""

import itertools
import math

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.halving import spent

_ROWS = {"digits": 1797, "iris": 150, "wine": 178, "breast_cancer": 569, "diabetes": 442, "mnist": 70_000}
_INPUTS = {"digits": 64, "iris": 4, "wine": 13, "breast_cancer": 30, "diabetes": 10, "mnist": 784, "fashion_mnist": 784}
_COMPILE_SECONDS = 1.2
_STEP_SECONDS = 4e-4
"""Of a step of all stacked trainings, whatever their size."""
_ALONE_SECONDS = 1.2e-3
_OPERATIONS_PER_SECOND = 8e9


def estimated_seconds(comparison: Comparison, rows: int | None = None, workers: int = 1) -> float:
    """Seconds that a comparison will take, to within a factor of about two on a machine that does nothing else.

    Args:
        comparison: The comparison.
        rows: Rows of the user's own table.
        workers: Worker processes.
    """
    problem = comparison.problem
    total = rows or _ROWS.get(problem.data.name) or int(problem.data.values().get("samples") or 1000)
    split = problem.split
    trained = max(1, round(total * (1 - split.validation - (0 if problem.data.own_test else split.test))))
    batch = min(problem.batch_size or trained, trained)
    steps = math.ceil(trained / batch)
    inputs = _INPUTS.get(problem.data.name) or int(problem.data.values().get("inputs") or 10)
    widths = [inputs, *(layer.units for layer in problem.layers), 10]
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    if problem.convolution is not None:
        weights += 9 * 64 * problem.convolution.filters**2 * problem.convolution.blocks
    trainings = comparison.budget.repeats * problem.epochs + spent(*comparison.rungs, epochs=problem.epochs)
    seconds = 0.0
    for entrant in comparison.entrants:
        arithmetic = 6.0 * weights * trained * trainings / _OPERATIONS_PER_SECOND
        if comparison.why_alone(entrant) is None:
            portions = math.ceil(comparison.trials / 16) + 1
            seconds += _COMPILE_SECONDS + portions * problem.epochs * steps * _STEP_SECONDS + arithmetic
        else:
            seconds += _COMPILE_SECONDS + trainings * steps * _ALONE_SECONDS + arithmetic
    return seconds / max(1, min(workers, len(comparison.entrants)))


def in_words(seconds: float) -> str:
    """A time as people say it.

    >>> in_words(14), in_words(200), in_words(7000)
    ('14 s', '3 min', '1.9 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
