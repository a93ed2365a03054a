"""The optimizers: each rule in plain NumPy, and the catalogue ``OPTIMIZERS`` that lists them, simplest first."""
# ruff: noqa: I001 - the order of these imports is the order of the catalogue

from gdviz.optimizers.base import OPTIMIZERS, Optimizer, State
from gdviz.optimizers import momentum, adaptive

__all__ = ["OPTIMIZERS", "Optimizer", "State", "adaptive", "momentum"]
