"""Stories of the Sweeps page."""

from dataclasses import replace

import numpy as np

from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.landscapes import LANDSCAPES
from gdviz.optimizers import OPTIMIZERS
from gdviz.stories.story import Shelf
from gdviz.sweeps import studies
from gdviz.theory import largest_stable_rate

SHELF = Shelf("sweeps")

_BOWL = Experiment(
    landscape=LANDSCAPES.make("quadratic"),
    optimizers=(
        OPTIMIZERS.make("gradient_descent", learning_rate=0.1),
        OPTIMIZERS.make("momentum", learning_rate=0.05),
    ),
    steps=300,
)


@SHELF.story(
    "Whose valley is it?",
    replace(
        DEFAULT,
        optimizers=(OPTIMIZERS.make("momentum", learning_rate=0.01), OPTIMIZERS.make("adam", learning_rate=0.1)),
    ),
    mode="basins",
    side="64",
)
def whose_valley(experiment: Experiment) -> str:
    shares = [
        [basin.place == k for k in range(len(experiment.landscape.minima))]
        for basin in (list(studies.basins(descent, 24))[-1] for descent in experiment.descents())
    ]
    same = float(np.mean(np.any([a & b for a, b in zip(*shares, strict=True)], axis=0)))
    return (
        "Each point is a start, coloured by the minimum in which it ends. Gradient descent would give four plain "
        f"quarters; momentum overshoots into its neighbours' valleys, and only {same:.0%} of the starts lead momentum "
        "and Adam to the same minimum."
    )


@SHELF.story("Where a learning rate works", _BOWL, mode="window", decades="-4,1")
def where_a_rate_works(experiment: Experiment) -> str:
    plain, heavy = experiment.descents()
    widths = [studies.window(descent, np.geomspace(1e-4, 10, 61)).decades for descent in (plain, heavy)]
    return (
        f"Below the window a run is too slow to arrive in {experiment.steps} steps, above it it diverges, exactly "
        f"where theory draws its line. Gradient descent has a window of {widths[0]:.1f} decades, momentum one of "
        f"{widths[1]:.1f}: momentum is not only faster, it is easier to set."
    )


@SHELF.story(
    "The best momentum is known",
    replace(_BOWL, optimizers=(OPTIMIZERS.make("momentum", learning_rate=0.05),)),
    mode="map",
)
def best_momentum(experiment: Experiment) -> str:
    (descent,) = experiment.descents()
    low, high = 1.0, float(descent.landscape.values()["condition_number"])  # type: ignore[arg-type]
    beta = float(((np.sqrt(high) - np.sqrt(low)) / (np.sqrt(high) + np.sqrt(low))) ** 2)
    return (
        "Each cell is a learning rate and a momentum, coloured by how fast it converges. On a quadratic theory gives "
        f"the best momentum, ((√κ - 1)/(√κ + 1))² = {beta:.2f} for κ = {high:g}; more of it is not better, it swings."
    )


@SHELF.story(
    "The limit falls as the bowl narrows",
    # As many steps as the flat direction takes at this rate: (1 - η)ⁿ has to become small.
    replace(_BOWL, optimizers=(OPTIMIZERS.make("gradient_descent", learning_rate=0.019),), steps=600),
    mode="sensitivity",
    what="condition number",
)
def limit_falls(experiment: Experiment) -> str:
    (descent,) = experiment.descents()
    limit = largest_stable_rate(descent.optimizer, 100.0)
    return (
        "The learning rate stays, the bowl becomes narrower from left to right. Gradient descent works until 2/λ_max "
        f"falls below its rate: at λ_max = 100 the limit is {limit:.2g}, just above η = "
        f"{descent.optimizer.learning_rate:g}."
    )


STORIES = tuple(SHELF.stories)
