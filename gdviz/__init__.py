"""gdviz: an explorer of gradient descent, in readable NumPy, checked step by step against Keras.

>>> import gdviz
>>> gdviz.descend("quadratic", "gradient_descent", learning_rate=0.1, steps=300).status
'converged'
"""

from importlib import import_module
from typing import Any

from gdviz.clipping import CLIPPERS
from gdviz.descent import Averaging, Descent, Stop, Trajectory, descend
from gdviz.expression import compile_landscape
from gdviz.landscapes import LANDSCAPES
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES
from gdviz.sweeping import Sweep, sweep, sweep_progressively

__all__ = [
    "CLIPPERS",
    "LANDSCAPES",
    "OPTIMIZERS",
    "SCHEDULES",
    "Averaging",
    "Descent",
    "Stop",
    "Sweep",
    "Trajectory",
    "compile_landscape",
    "descend",
    "sweep",
    "sweep_progressively",
]
__version__ = "0.1.0"

_ON_DEMAND = {"charts", "export"}


def __getattr__(name: str) -> Any:
    """Import the modules that need more than NumPy when they are first used."""
    if name in _ON_DEMAND:
        return import_module(f"gdviz.{name}")
    raise AttributeError(f"module 'gdviz' has no attribute {name!r}")
