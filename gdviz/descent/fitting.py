"""Learning rates that nobody has chosen follow the landscape."""

from collections.abc import Callable
from dataclasses import replace

from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.landscapes import Landscape
from gdviz.landscapes.rates import fitting_rates
from gdviz.optimizers import Optimizer

Rates = Callable[[Landscape, str], float | None]
"""The learning rate that fits a landscape, by the name of an optimizer; None where none is known."""


def known_rate(landscape: Landscape, optimizer: str) -> float | None:
    """The rate that is kept as data: there is none for a user's own function."""
    return fitting_rates(landscape).get(optimizer)


def on_landscape(experiment: Experiment, landscape: Landscape, rates: Rates = known_rate) -> Experiment:
    """The experiment on another landscape, from that one's own start.

    A learning rate is left as it is where somebody has chosen it, or one for all. What is taken for chosen is any but
    the one that fits the landscape before, and the one that the app opens with.

    >>> from gdviz.landscapes import LANDSCAPES
    >>> moved = on_landscape(DEFAULT, LANDSCAPES.make("rosenbrock"))
    >>> {rule.name: rule.learning_rate for rule in moved.optimizers}
    {'gradient_descent': 0.001, 'momentum': 0.0015, 'rmsprop': 0.12, 'adam': 1.0}
    """
    rules = list(experiment.optimizers)
    for place, rule in enumerate(rules if experiment.shared_learning_rate is None else ()):
        rate = rates(landscape, rule.name)
        if rate is not None and not _is_chosen(rule, experiment.landscape, rates):
            rules[place] = replace(rule, learning_rate=rate)
    return replace(experiment, landscape=landscape, optimizers=tuple(rules), start=None, batch_size=None)


def rate_in_place_of(before: Optimizer | None, name: str, landscape: Landscape, rates: Rates = known_rate) -> float:
    """The learning rate at which a rule is put in place of another one, or beside those that there are (None).

    That of the one before, if somebody has chosen it; else the one that fits.
    """
    fitting = rates(landscape, name)
    if fitting is not None and (before is None or not _is_chosen(before, landscape, rates)):
        return fitting
    return 0.01 if before is None else before.learning_rate


def _is_chosen(rule: Optimizer, landscape: Landscape, rates: Rates) -> bool:
    usual = [opened.learning_rate for opened in DEFAULT.optimizers if opened.name == rule.name]
    return rule.learning_rate not in (*usual, rates(landscape, rule.name))
