"""The cost of runs, surfaces and searches on a landscape of the catalogue, or on a user's own function.

A user's function is bounded by the limits of its grammar: reading, differentiating and searching its minima takes less
than a second, whatever it is.
"""

from collections.abc import Sequence

from gdviz.budget.cost import NUMBER, Cost, this_machine
from gdviz.descent import Trajectory
from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.landscapes import Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS
from gdviz.sweeps.rates import RATES
from gdviz.tracing import record_run, why_not

_POINTS = 90
"""The side of a surface's grid."""


def _operations(landscape: Landscape, optimizer: str) -> int:
    """How many operations a step of a recorded rule takes."""
    return len(record_run(landscape, OPTIMIZERS.make(optimizer)).step.operations)


def search_of_a_rate(landscape: Landscape, optimizer: str) -> Cost:
    """The search for a learning rate, :func:`gdviz.sweeps.rates.searched_rate`: all rates at once, as arrays."""
    operations = _operations(landscape, optimizer)
    calls = (DEFAULT.steps + 3) * (15 + 0.75 * operations)
    kept = len(RATES) * (DEFAULT.steps + operations + 100)
    return Cost(calls * this_machine().call, NUMBER * kept)


def descents(experiment: Experiment) -> Cost:
    """The runs of an experiment: machine-like for a recorded rule; evaluation by evaluation for one that is not."""
    machine, calls = this_machine(), 0.0
    landscape = experiment.landscape
    examples = landscape.examples if isinstance(landscape, DataLandscape) else 1
    own = _operations(landscape, "gradient_descent")
    for rule in experiment.optimizers:
        if why_not(landscape, rule) is None:
            operations = _operations(landscape, rule.name)
            calls += 1000 + experiment.steps * (0.3 + 0.012 * operations + (6.0 if examples > 1 else 0.0))
        else:
            calls += experiment.steps * (25 + 1.7 * own)
    recorded = len(experiment.optimizers) * experiment.steps * 12
    return Cost(calls * machine.call, NUMBER * recorded)


def surface(runs: Sequence[Trajectory]) -> Cost:
    """The surface in three dimensions, and the paths on it, up to the text that is sent to the browser."""
    landscape = runs[0].setup.landscape
    examples = landscape.examples if isinstance(landscape, DataLandscape) else 1
    grid = _POINTS**2
    calls = 14_000 + 1000 * len(runs)
    points = sum(min(run.steps, 1000) for run in runs)
    return Cost(
        calls * this_machine().call + 3 * grid * examples * this_machine().element,
        NUMBER * (20 * grid + 2 * grid * (examples - 1) + 12 * points),
    )
