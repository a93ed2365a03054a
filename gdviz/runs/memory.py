"""Whether a training fits into a worker, told before it starts."""

import math
from typing import TYPE_CHECKING

from gdviz.budget import Size, keras_training, size, size_of
from gdviz.comparing.comparison import Comparison
from gdviz.runs.worker import worker_memory
from gdviz.training import TrainingSetup
from gdviz.training.datasets import Data, UsersTable

if TYPE_CHECKING:
    from gdviz.training.table import Plan

_SMALLER = "choose a smaller model, batch or data set"


def refusal(setup: TrainingSetup, plan: "Plan | None" = None) -> str | None:
    """Why a training is not started: what it would take of a worker's memory; None where it fits.

    Args:
        setup: The training.
        plan: How the user's own file is read, where it trains on one; without, such a training is not estimated.
    """
    if isinstance(setup.data, UsersTable) and plan is None:
        return None
    watched = setup.watch.sharpness_epochs or setup.watch.plane
    smaller = f"{_SMALLER}, or watch neither sharpness nor plane" if watched else _SMALLER
    return _too_much(keras_training(setup, size_of(setup, plan)), smaller)


def refusal_of_comparison(comparison: Comparison, plan: "Plan | None" = None) -> str | None:
    """The same for a comparison. It trains several models at once as far as they fit; successive halving, all."""
    problem = comparison.problem
    if isinstance(problem.data, UsersTable) and plan is None:
        return None
    together, found = comparison.trials if comparison.budget.halving else 1, None
    for entrant in comparison.entrants:
        setup = entrant.setup(problem, {"learning_rate": entrant.optimizer.learning_rate}, 0)
        found = found or _too_much(keras_training(setup, size_of(setup, plan), together), _SMALLER)
    return found


def most_together(setup: TrainingSetup, data: Data, most: int) -> int:
    """How many trainings like this one, up to ``most``, are stacked so that they fit into a worker: at least one."""
    shape = Size(sum(map(len, data.x.values())), math.prod(data.shape), data.outputs)
    fitting = (n for n in range(most, 1, -1) if keras_training(setup, shape, n) <= worker_memory())
    return next(fitting, 1)


def plan_of(setup: TrainingSetup, content: bytes | None) -> "Plan | None":
    """How the user's own file is read; None where there is none, or where it cannot be: its worker will say why."""
    if content is None or not isinstance(setup.data, UsersTable):
        return None
    from gdviz.training import table  # here, because Arrow takes a third of a second to load

    try:
        return setup.data.plan(table.read(content))
    except ValueError:
        return None


def _too_much(needed: float, smaller: str) -> str | None:
    """Why so many bytes are refused; None where a worker may take them."""
    most = worker_memory()
    if needed <= most:
        return None
    return f"This would take about {size(needed)} of memory, and a worker may take {size(most)}: {smaller}."
