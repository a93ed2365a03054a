"""Training of real Keras models: the configuration, and the loop that trains.

Importing this package, and everything in it that describes a training, needs neither Keras nor TensorFlow: an app can
build, check, store and export configurations without loading them. What needs them is in
:mod:`gdviz.training.keras`.

>>> setup = TrainingSetup(epochs=3)
>>> TrainingSetup.from_dict(setup.to_dict()) == setup
True
"""

from gdviz.training.cures import cures
from gdviz.training.datasets import DATASETS, Dataset
from gdviz.training.descents import from_descent
from gdviz.training.optimizers import KERAS_OPTIMIZERS, KerasOptimizer
from gdviz.training.parts import ConvNet, DenseLayer, EarlyStopping, OutputLayer, ReduceOnPlateau, Split, Watch
from gdviz.training.presets import PRESETS
from gdviz.training.script import keras_script
from gdviz.training.setup import LOSSES, METRICS, TrainingSetup
from gdviz.training.verdicts import Verdict, verdicts

__all__ = [
    "DATASETS",
    "KERAS_OPTIMIZERS",
    "LOSSES",
    "METRICS",
    "PRESETS",
    "ConvNet",
    "Dataset",
    "DenseLayer",
    "EarlyStopping",
    "KerasOptimizer",
    "OutputLayer",
    "ReduceOnPlateau",
    "Split",
    "TrainingSetup",
    "Verdict",
    "Watch",
    "cures",
    "from_descent",
    "keras_script",
    "verdicts",
]
