"""Stories of the Descent page."""

from dataclasses import replace
from typing import Any

import numpy as np

from gdviz.clipping import CLIPPERS
from gdviz.descent import Trajectory
from gdviz.descent.experiment import Experiment
from gdviz.landscapes import LANDSCAPES
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES
from gdviz.stories.story import Shelf
from gdviz.theory import stability_limit

SHELF = Shelf("descent")


def _on(landscape: str, optimizers: tuple[Optimizer, ...], steps: int, **conditions: Any) -> Experiment:
    """Some optimizers on a landscape of the catalogue."""
    return Experiment(landscape=LANDSCAPES.make(landscape), optimizers=optimizers, steps=steps, **conditions)


def _rules(**rates: float | tuple[float, ...]) -> tuple[Optimizer, ...]:
    """Optimizers by name with their learning rates; one that has several stands there as often."""
    return tuple(
        OPTIMIZERS.make(name, learning_rate=rate)
        for name, given in rates.items()
        for rate in (given if isinstance(given, tuple) else (given,))
    )


def _steps(run: Trajectory) -> str:
    """How long a run takes to converge."""
    taken = run.steps_to_converge
    return f"is not there after {run.steps} steps" if taken is None else f"is there after {taken} steps"


def _turns(run: Trajectory) -> int:
    """How often a run turns back along the coordinate in which the loss is steepest at the start."""
    moves = np.diff(run.theta[:, int(np.argmax(np.abs(run.gradient[0])))])
    return int(np.sum(moves[1:] * moves[:-1] < 0))


@SHELF.story(
    "Momentum crosses the ravine",
    replace(
        _on("quadratic", _rules(gradient_descent=0.035, momentum=0.01), steps=200),
        landscape=LANDSCAPES.make("quadratic", condition_number=50.0),
    ),
)
def momentum_crosses_the_ravine(experiment: Experiment) -> str:
    plain, heavy = experiment.run()
    return (
        f"Gradient descent zigzags across the steep direction, {_turns(plain)} turns, and creeps along the flat one: "
        f"it {_steps(plain)}. Momentum adds up what the gradients agree on and cancels what they do not: it "
        f"{_steps(heavy)}."
    )


@SHELF.story("Too fast", _on("quadratic", _rules(gradient_descent=(0.1, 0.19, 0.21)), steps=60))
def too_fast(experiment: Experiment) -> str:
    _, edge, fast = experiment.run()
    limit = stability_limit(experiment.landscape, experiment.landscape.start)
    return (
        f"In this bowl theory's limit 2/λ_max is {limit:.3g}. At η = {edge.learning_rate[0]:g} every step overshoots "
        f"and still comes nearer; at η = {fast.learning_rate[0]:g} every step overshoots by more than the one before, "
        f"and after {fast.steps} steps the loss is {fast.loss[-1]:.1g}."
    )


@SHELF.story(
    "The valley of Rosenbrock",
    _on("rosenbrock", _rules(gradient_descent=0.001, momentum=0.001, adam=0.05), steps=1000),
)
def valley_of_rosenbrock(experiment: Experiment) -> str:
    plain, heavy, adam = experiment.run()
    return (
        "All three fall into the curved valley within a few steps; what takes long is to follow its floor. After "
        f"{plain.steps} steps gradient descent is still {plain.distance[-1]:.2g} away from the minimum, momentum "
        f"{heavy.distance[-1]:.1g} and Adam {adam.distance[-1]:.1g}."
    )


_RIDGE = _on("double_well", _rules(gradient_descent=0.02), steps=200, start=(0.0, 1.5))


@SHELF.story("Caught on a saddle", _RIDGE)
def caught_on_a_saddle(experiment: Experiment) -> str:
    (run,) = experiment.run()
    return (
        "The run starts exactly on the ridge between two wells, where the gradient leads to the saddle at (0, 0), "
        f"and there it comes to rest: the gradient is {np.linalg.norm(run.gradient[-1]):.1g} long, and the loss is "
        f"{run.loss[-1]:.3g} although both wells lie at 0. A gradient that vanishes does not make a minimum; the "
        "curvature decides."
    )


@SHELF.story("Noise frees a run", replace(_RIDGE, noise=0.1, seed=1))
def noise_frees_a_run(experiment: Experiment) -> str:
    (run,) = experiment.run()
    (still,) = replace(experiment, noise=0.0).run()
    return (
        f"The same start on the ridge, with normal noise of standard deviation {experiment.noise:g} on each gradient: "
        f"chance gives the first push to one side, and the slope does the rest. The loss ends at {run.loss[-1]:.1g}; "
        f"without noise it stays at {still.loss[-1]:.3g}."
    )


@SHELF.story("Adam's first steps", _on("himmelblau", _rules(adam=0.1, adam_uncorrected=0.1), steps=60))
def adams_first_steps(experiment: Experiment) -> str:
    right, wrong = experiment.run()
    lengths = [float(np.linalg.norm(run.theta[1] - run.theta[0])) for run in (right, wrong)]
    return (
        f"Without bias correction Adam's first step is {lengths[1] / lengths[0]:.2f} times as long: {lengths[1]:.2f} "
        f"in place of {lengths[0]:.2f}. Both averages start at 0 and are too small at first, √v more so than m; the "
        "correction divides each by what it still lacks, and the printed rule without it takes its longest steps "
        "where it knows least."
    )


@SHELF.story(
    "Warm-up",
    _on("rosenbrock", _rules(adam=0.3), steps=200, schedule=SCHEDULES.make("constant", warmup_steps=30)),
)
def warm_up(experiment: Experiment) -> str:
    (run,) = experiment.run()
    (cold,) = replace(experiment, schedule=SCHEDULES.make("constant")).run()
    return (
        f"The learning rate, drawn below the loss, rises over {experiment.schedule.values()['warmup_steps']} steps "
        f"and then stays at {run.learning_rate.max():g}. The loss never exceeds {run.loss.max():.0f}; with the full "
        f"rate from the first step on it jumps to {cold.loss.max():.0f}, and the run ends "
        f"{cold.distance[-1] / run.distance[-1]:.1f} times as far from the minimum."
    )


@SHELF.story("AdaGrad only ever slows down", _on("rosenbrock", _rules(adagrad=0.2, rmsprop=0.02), steps=500))
def adagrad_only_ever_slows_down(experiment: Experiment) -> str:
    adagrad, rmsprop = experiment.run()
    shrunk = [
        float(np.linalg.norm(run.theta[-1] - run.theta[-2]) / np.linalg.norm(run.theta[1] - run.theta[0]))
        for run in (adagrad, rmsprop)
    ]
    return (
        "AdaGrad divides by the root of the sum of all squared gradients, and a sum never falls: its last step is "
        f"{shrunk[0]:.1g} of its first. RMSprop divides by a moving average and so forgets the steep slope at the "
        f"start: its last step is {shrunk[1]:.1g} of its first."
    )


@SHELF.story("Small batches, rough paths", _on("linear_regression", _rules(gradient_descent=0.02), 300, batch_size=1))
def small_batches_rough_paths(experiment: Experiment) -> str:
    (one,) = experiment.run()
    (whole,) = replace(experiment, batch_size=None).run()
    rough, smooth = (float(np.abs(np.diff(run.loss[-100:])).mean()) for run in (one, whole))
    return (
        "Least squares on data, each gradient taken over a single row: stochastic gradient descent. Over the last "
        f"100 steps the loss changes by {rough:.1g} a step; with the gradient of all rows it would be {smooth:.1g}. "
        "Turn the batch size up and watch the path become smooth."
    )


@SHELF.story("A kink has no flat bottom", _on("absolute", _rules(gradient_descent=0.1), steps=150))
def kink_has_no_flat_bottom(experiment: Experiment) -> str:
    (run,) = experiment.run()
    schedule = SCHEDULES.make("inverse_time_decay", decay_steps=10)
    (fading,) = replace(experiment, schedule=schedule).run()
    return (
        "Towards a kink the gradient does not fade, it only changes sign: with a constant learning rate the run hops "
        f"from side to side and ends {run.distance[-1]:.2g} away. With a learning rate that decays it would end "
        f"{fading.distance[-1]:.1g} away: no constant rate converges here."
    )


@SHELF.story("Lion never stands still", _on("sphere", _rules(lion=0.1), steps=200, start=(-3.04, 2.03)))
def lion_never_stands_still(experiment: Experiment) -> str:
    (run,) = experiment.run()
    (fading,) = replace(experiment, schedule=SCHEDULES.make("cosine_decay", decay_steps=200)).run()
    return (
        f"Lion moves each coordinate by exactly η = {run.learning_rate[0]:g}, however small the gradient: at the "
        f"bottom of a plain bowl it goes on hopping, {run.distance[-1]:.2g} away. With a cosine decay of the learning "
        f"rate it {_steps(fading)}."
    )


@SHELF.story("Convex ground: simple is enough", _on("linear_regression", _rules(momentum=0.05, adam=0.1), steps=200))
def convex_ground(experiment: Experiment) -> str:
    momentum, adam = experiment.run()
    return (
        f"Least squares is a bowl, with one minimum. Momentum at a rate that suits it {_steps(momentum)}; Adam at its "
        f"own {_steps(adam)}. The usual advice, simple rules for convex problems, holds here: the rate matters more "
        "than the rule."
    )


@SHELF.story("Many valleys: the start decides", _on("rastrigin", _rules(momentum=0.001, adam=0.1), steps=300))
def many_valleys(experiment: Experiment) -> str:
    momentum, adam = experiment.run()
    return (
        "There are about a hundred valleys, and the lowest is at 0; momentum ends at a loss of "
        f"{momentum.loss[-1]:.3g} and Adam at {adam.loss[-1]:.3g}. The usual advice, adaptive rules for non-convex "
        "problems, does not help against valleys: move the start, and another valley is the answer."
    )


_BROKEN = _on("rosenbrock", _rules(gradient_descent=0.01), steps=300)


@SHELF.story("A run becomes NaN", _BROKEN)
def run_becomes_nan(experiment: Experiment) -> str:
    (run,) = experiment.run()
    growth = float(np.linalg.norm(run.gradient[2]) / np.linalg.norm(run.gradient[1]))
    return (
        f"At η = {run.learning_rate[0]:g} the run leaves the finite numbers at step {run.stopped_at}: each step lands "
        f"where the gradient is larger than before, by a factor of {growth:.0g} already at the second. In a training "
        "this is the loss that turns into NaN."
    )


@SHELF.story("...and its cure", replace(_BROKEN, clip=CLIPPERS.make("clipnorm", clipnorm=1.0)))
def nan_and_its_cure(experiment: Experiment) -> str:
    (run,) = experiment.run()
    (small,) = replace(experiment, clip=None, optimizers=_rules(gradient_descent=0.002)).run()
    return (
        f"Every gradient longer than 1 is cut to length 1, in {int(run.clipped.sum())} of {run.steps} steps, drawn "
        f"broad: the run stays finite and ends at a loss of {run.loss[-1]:.2g}. Clipping keeps a run alive; the cure "
        f"is a learning rate that fits: a fifth of it, without clipping, ends at {small.loss[-1]:.1g}."
    )


STORIES = tuple(SHELF.stories)
