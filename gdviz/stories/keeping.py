"""Stories of the Runs page: trainings that differ in one thing. What is told of them is held by a test that trains."""

from dataclasses import dataclass, replace

from gdviz.stories.story import Shelf
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, DenseLayer, TrainingSetup

SHELF = Shelf("runs")


@dataclass(frozen=True)
class Together:
    """Trainings whose curves are shown together."""

    setups: tuple[TrainingSetup, ...]

    def to_link(self) -> dict[str, list[str]]:
        """Nothing: which runs of a store these are, no link can say. The name of their story says what to train."""
        return {}


def _at_rates(*rates: float) -> Together:
    return Together(
        tuple(TrainingSetup(optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=rate), epochs=8) for rate in rates)
    )


@SHELF.story("Three learning rates", _at_rates(0.001, 0.05, 2.0), story="three_learning_rates")
def three_learning_rates(together: Together) -> str:
    slow, good, fast = (setup.optimizer.learning_rate for setup in together.setups)
    return (
        f"The same model, data and seed, at η = {slow:g}, {good:g} and {fast:g}. After {together.setups[0].epochs} "
        "epochs the first has hardly begun, the second is nearly done, and the third climbs from epoch to epoch: of "
        "all settings, this one decides most."
    )


_WIDE = TrainingSetup(
    data=DATASETS.make("moons", samples=100, noise=0.4),
    layers=(DenseLayer(128),) * 2,
    optimizer=KERAS_OPTIMIZERS.make("adam", learning_rate=0.01),
    epochs=80,
)


@SHELF.story(
    "What dropout buys",
    Together((_WIDE, _WIDE.changed(layers=(replace(_WIDE.layers[0], dropout=0.5),) * 2))),
    story="what_dropout_buys",
)
def what_dropout_buys(together: Together) -> str:
    _, dropped = together.setups
    return (
        f"{dropped.layers[0].units} units a layer on {together.setups[0].data.values()['samples']} noisy points learn "
        f"the noise by heart. The second run drops {100 * dropped.layers[0].dropout:g} % of the units at each step: "
        "its training loss ends higher, and its validation loss lower."
    )


STORIES = tuple(SHELF.stories)
