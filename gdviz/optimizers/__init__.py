"""The optimizers: each rule in plain NumPy, and the catalogue ``OPTIMIZERS`` that lists them, simplest first."""
# ruff: noqa: I001 - the order of these imports is the order of the catalogue

from gdviz.optimizers.base import OPTIMIZERS, Optimizer, Oracle, State
from gdviz.optimizers import momentum, adaptive, adam, layerwise, beyond_keras, searching, wrappers

__all__ = [
    "OPTIMIZERS",
    "Optimizer",
    "Oracle",
    "State",
    "adam",
    "adaptive",
    "beyond_keras",
    "layerwise",
    "momentum",
    "searching",
    "wrappers",
]
