"""Several optimizers on one landscape under the same conditions: the configuration that travels through the app."""

from dataclasses import dataclass, replace

from gdviz.catalogue import knob, numbers, one_of, several
from gdviz.descent.running import run
from gdviz.descent.setup import Conditions, Descent
from gdviz.descent.trajectory import Trajectory
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Schedule

MOST_RUNS = 8
MOST_STEPS = 5000


@dataclass(frozen=True)
class Experiment(Conditions):
    """One to eight optimizers that start at the same point of one landscape.

    Each optimizer's learning rate is the only one that it has: where one is shared, it is every optimizer's, and the
    schedule, whose shape all follow, is kept as it stands for the first of them.

    >>> experiment = Experiment(optimizers=("adam", "momentum"), shared_learning_rate=0.25)
    >>> [rule.learning_rate for rule in experiment.optimizers], experiment.schedule
    ([0.25, 0.25], Constant(initial_learning_rate=0.25, warmup_steps=0))
    """

    noun = "an experiment"

    landscape: Landscape = one_of(LANDSCAPES, "himmelblau", label="Landscape")
    optimizers: tuple[Optimizer, ...] = several(
        OPTIMIZERS,
        least=1,
        most=MOST_RUNS,
        default=(
            OPTIMIZERS.make("gradient_descent", learning_rate=0.001),
            OPTIMIZERS.make("momentum", learning_rate=0.001),
            OPTIMIZERS.make("rmsprop", learning_rate=0.02),
            OPTIMIZERS.make("adam", learning_rate=0.1),
        ),
        label="Optimizer",
        link="run",
    )
    schedule: Schedule = one_of(
        SCHEDULES, "constant", derived=("initial_learning_rate",), label="Learning-rate schedule"
    )
    """Every optimizer follows it, from its own learning rate on."""
    # Its bounds are those of the optimizers' own.
    shared_learning_rate: float | None = knob(
        None,
        usual=(1e-5, 10.0),
        log=True,
        link="learning_rate",
        label="One learning rate for all",
        help="size of a step",
        symbol="η",
    )
    """The learning rate of all optimizers; None leaves each its own."""
    start: Point | None = numbers(("x", "y"), label="Start", help="or click on the landscape")
    """None stands for the landscape's own start."""
    steps: int = knob(300, 1, MOST_STEPS, step=50, label="Steps", help="number of steps")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (rate := self.shared_learning_rate) is not None:
            shared = tuple(replace(optimizer, learning_rate=rate) for optimizer in self.optimizers)
            object.__setattr__(self, "optimizers", shared)
        object.__setattr__(self, "schedule", self.schedule.starting_at(self.optimizers[0].learning_rate))
        self.descents()

    def descents(self) -> tuple[Descent, ...]:
        """The runs, one for each optimizer.

        Raises:
            ValueError: A value is not allowed; the message names it, its value, and what is allowed.
        """
        shared = {field.name for field in Descent.declared()} & {field.name for field in self.declared()}
        conditions = {name: getattr(self, name) for name in shared - {"schedule"}}
        return tuple(
            Descent(optimizer=rule, schedule=self.schedule.starting_at(rule.learning_rate), **conditions)
            for rule in self.optimizers
        )

    def run(self) -> tuple[Trajectory, ...]:
        """Run them all."""
        return tuple(map(run, self.descents()))


DEFAULT = Experiment()
"""The experiment that the app opens with."""
