"""Learning rates that a page puts in place of those that nobody has chosen: for a user's function, searched."""

from gdviz.budget import search_of_a_rate
from gdviz.descent.fitting import known_rate
from gdviz.landscapes import Landscape
from gdviz.landscapes.own import OwnFunction
from gdviz.optimizers import OPTIMIZERS
from gdviz.sweeps.rates import searched_rate

MOST_SECONDS = 1.0
"""What the search for one rule may take: nobody has asked for it."""


def fitting_rate(landscape: Landscape, optimizer: str) -> float | None:
    """The learning rate that fits; None where none is known, or where its search would take too long."""
    if not isinstance(landscape, OwnFunction):
        return known_rate(landscape, optimizer)
    if OPTIMIZERS[optimizer].asks or search_of_a_rate(landscape, optimizer).seconds > MOST_SECONDS:
        return None
    return searched_rate(landscape, optimizer)


def words(landscape: OwnFunction, optimizers: list[str]) -> str:
    """A sentence about the learning rates on a user's function."""
    searched = [name for name in optimizers if not OPTIMIZERS[name].asks]
    missing = [OPTIMIZERS[name].label for name in searched if fitting_rate(landscape, name) is None]
    if missing:
        return f"No learning rate was searched for {', '.join(dict.fromkeys(missing))}: choose one."
    return "Learning rates that nobody has chosen are searched for this function, as for those of the list."
