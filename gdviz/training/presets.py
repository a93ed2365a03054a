"""Trainings to start from: the models that introductions to gradient descent train, and some that fail."""

from gdviz.schedules import SCHEDULES
from gdviz.training.datasets import DATASETS
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.parts import DenseLayer, OutputLayer, Split, Watch
from gdviz.training.setup import TrainingSetup

_HUNDRED_INPUTS = TrainingSetup(
    data=DATASETS.make("random_vectors"),
    layers=(DenseLayer(64),),
    optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.01, momentum=0.9),
)
_PIXELS = Split(validation=0.0, validate_on_test=True, standardise=False)

PRESETS: dict[str, TrainingSetup] = {
    "Digits, 64 relu, Adam": TrainingSetup(),
    "Digits, convolutions": TrainingSetup.from_dict({"convolution": {}}),
    "100 inputs, 64 relu, 10 softmax, SGD with momentum": _HUNDRED_INPUTS,
    "100 inputs, 64 relu, 10 softmax, Adam": _HUNDRED_INPUTS.changed(optimizer=KERAS_OPTIMIZERS.make("adam")),
    "100 inputs with labels by chance: only memory": _HUNDRED_INPUTS.changed(
        data=DATASETS.make("random_vectors", label_noise=1.0), epochs=50
    ),
    "MNIST, 128 relu, Adam": TrainingSetup(
        data=DATASETS.make("mnist"),
        split=_PIXELS,
        layers=(DenseLayer(128),),
        optimizer=KERAS_OPTIMIZERS.make("adam", learning_rate=0.001),
    ),
    "MNIST, 128 relu, N(0, 1) weights, full batch": TrainingSetup(
        data=DATASETS.make("mnist"),
        split=_PIXELS,
        layers=(DenseLayer(128, kernel_initializer="random_normal", stddev=1.0),),
        output=OutputLayer(kernel_initializer="random_normal", stddev=1.0),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.5),
        batch_size=None,
        epochs=1000,
        watch=Watch(snapshot_epochs=10),
    ),
    "Breast cancer, 10 relu, 1 sigmoid, exponential decay": TrainingSetup(
        data=DATASETS.make("breast_cancer"),
        layers=(DenseLayer(10),),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.01),
        schedule=SCHEDULES.make("exponential_decay", initial_learning_rate=0.01),
    ),
    "Diabetes, 10 relu, 1 linear, mean squared error": TrainingSetup(
        data=DATASETS.make("diabetes"),
        layers=(DenseLayer(10),),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.01),
    ),
    "Moons, all weights 0: hidden units stay identical": TrainingSetup(
        data=DATASETS.make("moons"),
        layers=(DenseLayer(8, "tanh", kernel_initializer="zeros"),),
        output=OutputLayer(kernel_initializer="zeros"),
        epochs=30,
    ),
    "Spirals, 10 sigmoid layers: vanishing gradients": TrainingSetup(
        data=DATASETS.make("spirals"), layers=(DenseLayer(16, "sigmoid"),) * 10, epochs=30
    ),
    "Diabetes, learning rate 10: not a number": TrainingSetup(
        data=DATASETS.make("diabetes"),
        layers=(DenseLayer(10),),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=10.0),
        split=Split(standardise_target=False),
    ),
    "Digits, full batch, gradient descent: the edge of stability": TrainingSetup(
        layers=(DenseLayer(32, "tanh"),),
        loss="mean_squared_error",
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.5),
        batch_size=None,
        epochs=1000,
        watch=Watch(snapshot_epochs=50, sharpness_epochs=20),
    ),
    "Curve, two layers of 32 tanh": TrainingSetup(
        data=DATASETS.make("curve"), layers=(DenseLayer(32, "tanh"),) * 2, epochs=100
    ),
}
"""Setups by title."""
