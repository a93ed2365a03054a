"""Comparisons to start from: the models that introductions to gradient descent train, and who is compared on each."""

from gdviz.comparing.comparison import Comparison, Entrant, entrants_of
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, DenseLayer, Split, TrainingSetup

_USUAL = ("sgd", "rmsprop", "adagrad", "adam", "nadam")
_MOMENTUM = Entrant(KERAS_OPTIMIZERS.make("sgd", momentum=0.9))
_PIXELS = Split(validation=0.1, standardise=False)

PRESETS: dict[str, Comparison] = {
    "Digits: 64 relu, eight optimizers": Comparison(),
    "100 inputs: 64 relu, 10 softmax, SGD with momentum and Adam": Comparison(
        TrainingSetup(data=DATASETS.make("random_vectors"), layers=(DenseLayer(64),)),
        (_MOMENTUM, *entrants_of(["adam"])),
    ),
    "MNIST: 128 relu": Comparison(
        TrainingSetup(data=DATASETS.make("mnist"), split=_PIXELS, layers=(DenseLayer(128),)),
        (_MOMENTUM, *entrants_of(["adam", "rmsprop"])),
    ).changed(trials=8, repeats=3),
    "MNIST: 128 relu, N(0, 1) weights, full batch": Comparison(
        TrainingSetup(
            data=DATASETS.make("mnist"),
            split=_PIXELS,
            layers=(DenseLayer(128, kernel_initializer="random_normal", stddev=1.0),),
            batch_size=None,
            epochs=50,
        ),
        entrants_of(["sgd", "adam"]),
    ).changed(trials=8, repeats=3),
    "Breast cancer: 10 relu, 1 sigmoid, decay or none": Comparison(
        TrainingSetup(data=DATASETS.make("breast_cancer"), layers=(DenseLayer(10),)),
        (
            *entrants_of(["sgd"]),
            Entrant(KERAS_OPTIMIZERS.make("sgd"), SCHEDULES.make("exponential_decay")),
            *entrants_of(["adam", "rmsprop"]),
        ),
    ),
    "Diabetes: 10 relu, 1 linear, mean squared error": Comparison(
        TrainingSetup(data=DATASETS.make("diabetes"), layers=(DenseLayer(10),)), entrants_of(_USUAL)
    ),
    "Your own CSV": Comparison(TrainingSetup(data=DATASETS.make("own_table")), entrants_of(_USUAL)),
}
"""Comparisons by title."""
