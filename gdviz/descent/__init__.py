"""One run of one optimizer on one landscape, and several under the same conditions."""

from gdviz.descent.experiment import Experiment
from gdviz.descent.running import descend, run
from gdviz.descent.setup import MOST_SEED, MOST_STEPS, Averaging, Conditions, Descent, Stop
from gdviz.descent.trajectory import Trajectory

__all__ = [
    "MOST_SEED",
    "MOST_STEPS",
    "Averaging",
    "Conditions",
    "Descent",
    "Experiment",
    "Stop",
    "Trajectory",
    "descend",
    "run",
]
