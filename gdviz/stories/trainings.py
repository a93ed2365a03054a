"""Stories of the Live training page. A training takes a while: what is told of one is held by a test that trains it."""

from dataclasses import replace

from gdviz.stories.story import Shelf
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, PRESETS, DenseLayer, EarlyStopping, Split, TrainingSetup

SHELF = Shelf("training")

_SIGMOIDS = PRESETS["Spirals, 10 sigmoid layers: vanishing gradients"]
_MEMORY = PRESETS["100 inputs with labels by chance: only memory"]
_BROKEN = PRESETS["Diabetes, learning rate 10: not a number"]


@SHELF.story(
    "Spirals",
    TrainingSetup(
        data=DATASETS.make("spirals"),
        layers=(DenseLayer(32, "tanh"),) * 3,
        optimizer=KERAS_OPTIMIZERS.make("adam", learning_rate=0.02),
        epochs=60,
    ),
)
def spirals(setup: TrainingSetup) -> str:
    return (
        "No straight line parts two spirals. Watch the decision boundary bend until it follows them: the loss stays "
        "on a plateau first, and falls when the boundary finds the turn."
    )


@SHELF.story("Ten sigmoid layers learn nothing", _SIGMOIDS)
def ten_sigmoid_layers(setup: TrainingSetup) -> str:
    return (
        f"The same data, {len(setup.layers)} layers of sigmoids: the accuracy stays at chance, one half. Look at the "
        "gradients by layer: those of the first layer are thousands of times smaller than those of the last."
    )


@SHELF.story("All zeros", PRESETS["Moons, all weights 0: hidden units stay identical"])
def zeros(setup: TrainingSetup) -> str:
    return (
        f"All weights start at 0, so {setup.layers[0].units} hidden units compute the same and get the same gradient, "
        "for ever: after the last epoch they are still copies of one another. Random weights break the tie."
    )


@SHELF.story("The loss becomes NaN", _BROKEN)
def loss_becomes_nan(setup: TrainingSetup) -> str:
    return (
        f"A learning rate of {setup.optimizer.learning_rate:g} on targets in the hundreds: within the first steps the "
        "loss leaves the finite numbers. The run stops there and names the step and the layer; below it, cures to "
        "try at a click."
    )


@SHELF.story(
    "...and its cure",
    replace(_BROKEN, split=Split()).changed(optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.01)),
)
def loss_is_cured(setup: TrainingSetup) -> str:
    return (
        f"The same data with the target standardised and a learning rate of {setup.optimizer.learning_rate:g}: the "
        "loss falls from the first epoch on. Scaling the target is half of the cure, for the gradient is "
        "proportional to the error."
    )


@SHELF.story("Only memory", _MEMORY)
def only_memory(setup: TrainingSetup) -> str:
    return (
        "The labels are drawn by lot: there is nothing to learn. The network learns every training label by heart "
        "all the same, and its validation loss climbs far above that of guessing: this is what overfitting looks "
        "like."
    )


@SHELF.story("...and early stopping", replace(_MEMORY, early_stopping=EarlyStopping(patience=5)))
def early_stopping(setup: TrainingSetup) -> str:
    return (
        "The same, stopped as soon as the validation loss has not improved for five epochs. It saves the time; it "
        "cannot find what is not in the data."
    )


@SHELF.story("The edge of stability", PRESETS["Digits, full batch, gradient descent: the edge of stability"])
def edge_of_stability(setup: TrainingSetup) -> str:
    return (
        f"Full-batch gradient descent at η = {setup.optimizer.learning_rate:g}: the sharpness rises until it reaches "
        f"2/η = {2 / setup.optimizer.learning_rate:g} and then hovers there, while the loss still falls (Cohen et "
        "al., 2021)."
    )


STORIES = tuple(SHELF.stories)
