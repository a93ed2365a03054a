"""Losses of a classifier's outputs, and the catalogue ``LOSSES``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Loss(Entry):
    """A loss of the network's outputs, of shape (batch, classes), against one-hot targets of the same shape."""

    def value(self, outputs: Array, targets: Array) -> float:
        """The mean loss over the batch."""
        raise NotImplementedError

    def gradient(self, outputs: Array, targets: Array) -> Array:
        """Its gradient with respect to the outputs, of their shape."""
        raise NotImplementedError

    def keras_code(self) -> str:
        """The Keras loss."""
        raise NotImplementedError


LOSSES: Catalogue[Loss] = Catalogue("loss", "gdviz.gradflow.LOSSES")

_OUTPUTS, _TARGETS = np.array([[1.0, 0.0], [0.5, 2.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
"""For the doctests."""


@LOSSES.register("cross_entropy")
@dataclass(frozen=True)
class CrossEntropy(Loss):
    r"""Cross-entropy of the softmax of the outputs: minus the log probability of the right class.

    >>> round(CrossEntropy().value(_OUTPUTS, _TARGETS), 12)
    1.00733748275
    >>> CrossEntropy().gradient(_OUTPUTS, _TARGETS).round(6).tolist()
    [[-0.134471, 0.134471], [-0.408787, 0.408787]]
    """

    label = "Cross-entropy"
    formula = r"L = -\frac{1}{N} \sum_n \log \operatorname{softmax}(o_n)_{y_n}"
    source = "https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class"

    def value(self, outputs: Array, targets: Array) -> float:
        below = outputs - outputs.max(axis=1, keepdims=True)
        return float((np.log(np.exp(below).sum(axis=1)) - (below * targets).sum(axis=1)).mean())

    def gradient(self, outputs: Array, targets: Array) -> Array:
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray((odds / odds.sum(axis=1, keepdims=True) - targets) / len(outputs))

    def keras_code(self) -> str:
        return "keras.losses.CategoricalCrossentropy(from_logits=True)"


@LOSSES.register("mean_squared_error")
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    r"""Mean squared difference between outputs and one-hot targets, over batch and classes.

    >>> MeanSquaredError().value(_OUTPUTS, _TARGETS)
    1.0625
    >>> MeanSquaredError().gradient(_OUTPUTS, _TARGETS).tolist()
    [[0.0, 0.0], [-0.25, 1.0]]
    """

    label = "Mean squared error"
    formula = r"L = \frac{1}{NK} \sum_{n,k} (o_{nk} - y_{nk})^2"
    source = "https://keras.io/api/losses/regression_losses/#meansquarederror-class"

    def value(self, outputs: Array, targets: Array) -> float:
        return float(((outputs - targets) ** 2).mean())

    def gradient(self, outputs: Array, targets: Array) -> Array:
        return np.asarray(2.0 * (outputs - targets) / outputs.size)

    def keras_code(self) -> str:
        return "keras.losses.MeanSquaredError()"
