"""The usual cures of a training that diverged: each is the failed setup with one thing changed."""

from dataclasses import replace

from gdviz.clipping import CLIPPERS
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.setup import TrainingSetup


def cures(setup: TrainingSetup) -> dict[str, TrainingSetup]:
    """Setups to start beside one that diverged, by their change.

    >>> list(cures(TrainingSetup(layers=())))
    ['a tenth of the learning rate', 'gradients clipped to a global norm of 1']
    """
    rate = setup.optimizer.learning_rate
    found = {"a tenth of the learning rate": setup.changed(optimizer=replace(setup.optimizer, learning_rate=rate / 10))}
    if setup.clip is None:
        found["gradients clipped to a global norm of 1"] = setup.changed(clip=CLIPPERS["global_clipnorm"]())
    if setup.optimizer.name != "adam":
        found["Adam with its usual learning rate"] = setup.changed(optimizer=KERAS_OPTIMIZERS.make("adam"))
    if not setup.split.standardise or (setup.data.task == "regression" and not setup.split.standardise_target):
        scaled = replace(setup.split, standardise=True, standardise_target=True)
        found["standardised data"] = setup.changed(split=scaled)
    if any(layer.kernel_initializer == "random_normal" for layer in setup.layers):
        layers = tuple(replace(layer, kernel_initializer="he_normal") for layer in setup.layers)
        found["He's initial weights"] = setup.changed(layers=layers)
    if setup.layers and all(layer.normalization == "none" for layer in setup.layers):
        layers = tuple(replace(layer, normalization="batch") for layer in setup.layers)
        found["batch normalisation"] = setup.changed(layers=layers)
    return found
