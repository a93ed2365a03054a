"""The cost of a computation before a page starts it, and how much a page may spend.

An estimate counts the multiplications of matrices, the passes over arrays and the steps of Python, and multiplies them
by what such work takes on this machine, which is measured once. Tests hold the estimates to within a factor of two of
the time of one processor, and of the memory, that the computations then take.

The constants were fitted to measurements of the functions that they stand for; where these change, the tests say so.
"""

from gdviz.budget.cost import Budget, BusyError, Cost, Forecast, Purse, setting, size, this_machine
from gdviz.budget.landscapes import descents, search_of_a_rate, surface
from gdviz.budget.networks import cliff, propagation, through_time, training
from gdviz.budget.trainings import Size, keras_training, reading, size_of, understanding

__all__ = [
    "Budget",
    "BusyError",
    "Cost",
    "Forecast",
    "Purse",
    "Size",
    "cliff",
    "descents",
    "keras_training",
    "propagation",
    "reading",
    "search_of_a_rate",
    "setting",
    "size",
    "size_of",
    "surface",
    "this_machine",
    "through_time",
    "training",
    "understanding",
]
