"""gdviz: an explorer of gradient descent, in readable NumPy, checked step by step against Keras.

>>> import gdviz
>>> gdviz.descend("quadratic", "gradient_descent", learning_rate=0.1, steps=300).status
'converged'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gdviz.clipping import CLIPPERS
    from gdviz.comparing.run import compare
    from gdviz.descent import Averaging, Descent, Stop, Trajectory, descend
    from gdviz.landscapes import LANDSCAPES
    from gdviz.landscapes.own import compile_landscape
    from gdviz.optimizers import OPTIMIZERS
    from gdviz.schedules import SCHEDULES
    from gdviz.sweeps import Sweep, sweep, sweep_progressively

__version__ = "0.1.0"

_HOMES = {
    "CLIPPERS": "clipping",
    "LANDSCAPES": "landscapes",
    "OPTIMIZERS": "optimizers",
    "SCHEDULES": "schedules",
    "Averaging": "descent",
    "Descent": "descent",
    "Stop": "descent",
    "Sweep": "sweeps",
    "Trajectory": "descent",
    "compare": "comparing.run",
    "compile_landscape": "landscapes.own",
    "descend": "descent",
    "sweep": "sweeps",
    "sweep_progressively": "sweeps",
}
"""The module of each public name."""
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
    "compare",
    "compile_landscape",
    "descend",
    "sweep",
    "sweep_progressively",
]
_MODULES = {"charts", "export"}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is first used: the app measures its page while the rest is imported."""
    if name in _HOMES:
        return getattr(import_module(f"gdviz.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"gdviz.{name}")
    raise AttributeError(f"module 'gdviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_MODULES]
