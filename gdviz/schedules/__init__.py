"""Learning-rate schedules: functions from the step, counting from 0 as in Keras, to the learning rate."""
# ruff: noqa: I001 - the order of these imports is the order of the catalogue

from gdviz.schedules.base import SCHEDULES, Schedule
from gdviz.schedules.decays import Constant
from gdviz.schedules import decays, cycles, plateau
from gdviz.schedules.plateau import ReduceOnPlateau
from gdviz.schedules.one_rate import OneRate

__all__ = ["SCHEDULES", "Constant", "OneRate", "ReduceOnPlateau", "Schedule", "cycles", "decays", "plateau"]
