"""Titles for trainings that nobody has named."""

from itertools import groupby

from gdviz.schedules import Constant
from gdviz.training.parts import DenseLayer
from gdviz.training.setup import TrainingSetup


def title(setup: TrainingSetup) -> str:
    """The data, the optimizer with its learning rate, and the layers.

    >>> title(TrainingSetup())
    'Digits, Adam 0.001, 64 relu'
    """
    parts = [setup.data.label, f"{setup.optimizer.label} {setup.optimizer.learning_rate:.4g}"]
    if not isinstance(setup.schedule, Constant):
        parts.append(setup.schedule.label.lower())
    if setup.convolution is not None:
        parts.append(f"{setup.convolution.blocks} × {setup.convolution.filters} filters")
    return ", ".join([*parts, layers_in_words(setup.layers)])


def layers_in_words(layers: tuple[DenseLayer, ...]) -> str:
    """Dense layers, equal neighbours counted, with all that is not usual about them.

    >>> layers_in_words((DenseLayer(16, "sigmoid"),) * 10 + (DenseLayer(8, dropout=0.5),))
    '10 × 16 sigmoid, 8 relu (dropout 0.5)'
    """
    words = []
    for layer, equal in groupby(layers):
        count = len(list(equal))
        unusual = {name: value for name, value in layer.changes().items() if name not in ("units", "activation")}
        more = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in unusual.items()
        )
        words.append(
            f"{f'{count} × ' if count > 1 else ''}{layer.units} {layer.activation}{f' ({more})' if more else ''}"
        )
    return ", ".join(words) or "no hidden layer"
