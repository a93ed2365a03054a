"""Learning rates that nobody has chosen follow the landscape."""

from dataclasses import replace

from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.landscapes import Landscape
from gdviz.landscapes.rates import fitting_rates
from gdviz.optimizers import Optimizer


def on_landscape(experiment: Experiment, landscape: Landscape) -> Experiment:
    """The experiment on another landscape, from that one's own start.

    A learning rate is left as it is where somebody has chosen it, or one for all. What is taken for chosen is any but
    the one that fits the landscape before, and the one that the app opens with.

    >>> from gdviz.landscapes import LANDSCAPES
    >>> moved = on_landscape(DEFAULT, LANDSCAPES.make("rosenbrock"))
    >>> {rule.name: rule.learning_rate for rule in moved.optimizers}
    {'gradient_descent': 0.001, 'momentum': 0.0015, 'rmsprop': 0.12, 'adam': 1.0}
    """
    rates = fitting_rates(landscape)
    rules = tuple(
        replace(rule, learning_rate=rates[rule.name])
        if rule.name in rates and experiment.shared_learning_rate is None and not _is_chosen(rule, experiment.landscape)
        else rule
        for rule in experiment.optimizers
    )
    return replace(experiment, landscape=landscape, optimizers=rules, start=None, batch_size=None)


def rate_in_place_of(before: Optimizer | None, name: str, landscape: Landscape) -> float:
    """The learning rate at which a rule is put in place of another one, or beside those that there are (None).

    That of the one before, if somebody has chosen it; else the one that fits.
    """
    fitting = fitting_rates(landscape).get(name)
    if fitting is not None and (before is None or not _is_chosen(before, landscape)):
        return fitting
    return 0.01 if before is None else before.learning_rate


def _is_chosen(rule: Optimizer, landscape: Landscape) -> bool:
    usual = [opened.learning_rate for opened in DEFAULT.optimizers if opened.name == rule.name]
    return rule.learning_rate not in (fitting_rates(landscape).get(rule.name), *usual)
