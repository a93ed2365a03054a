"""Learning rates that fit their landscape, and when they are taken."""

from dataclasses import replace

import numpy as np
import pytest

import gdviz
from gdviz.descent.experiment import DEFAULT
from gdviz.descent.fitting import on_landscape
from gdviz.landscapes import Landscape
from gdviz.landscapes.rates import fitting_rates

NOT_THERE = {"saddle", "monkey_saddle", "rosenbrock", "bukin_6", "schaffer_2", "absolute"}
"""Two have no minimum; on the others no rule of the four comes to rest in 300 steps with its usual hyperparameters."""


def on(name: str) -> tuple[gdviz.Trajectory, ...]:
    return on_landscape(DEFAULT, gdviz.LANDSCAPES.make(name)).run()


def test_rates_are_those_of_rules_that_there_are_and_of_all_that_the_app_opens_with() -> None:
    rules = {name for name, rule in gdviz.OPTIMIZERS.items() if not rule.asks}
    known = [set(fitting_rates(landscape())) for landscape in gdviz.LANDSCAPES.values()]
    assert all(names <= rules for names in known)  # a new entry may have none yet
    assert any(names >= {rule.name for rule in DEFAULT.optimizers} for names in known)


def test_something_converges_wherever_there_is_a_minimum_to_rest_at() -> None:
    arrives = {name: any(run.status == "converged" for run in on(name)) for name in gdviz.LANDSCAPES}
    assert {name for name, one in arrives.items() if not one} <= NOT_THERE


@pytest.mark.parametrize("name", sorted(set(gdviz.LANDSCAPES) - {"monkey_saddle"}))
def test_every_run_at_a_fitting_rate_goes_down_and_can_be_seen(name: str) -> None:
    landscape: Landscape = gdviz.LANDSCAPES.make(name)
    width = max(high - low for low, high in landscape.domain)
    for run in on(name):
        assert run.status != "diverged"
        assert run.loss[-1] < run.loss[0]
        assert np.linalg.norm(run.theta[1] - run.theta[0]) <= width / 2


def test_a_rate_that_somebody_chose_stays() -> None:
    beale, adam = gdviz.LANDSCAPES.make("beale"), gdviz.OPTIMIZERS["adam"](0.0123)
    chosen = replace(DEFAULT, optimizers=(adam, gdviz.OPTIMIZERS["adam"](0.1)), start=(1.0, 1.0))
    moved = on_landscape(chosen, beale)
    assert [rule.learning_rate for rule in moved.optimizers] == [0.0123, fitting_rates(beale)["adam"]]
    assert moved.start is None
    shared = on_landscape(replace(DEFAULT, shared_learning_rate=0.1), beale)
    assert {rule.learning_rate for rule in shared.optimizers} == {0.1}


def test_from_landscape_to_landscape_the_rates_follow() -> None:
    there = on_landscape(DEFAULT, gdviz.LANDSCAPES.make("schwefel"))
    back = on_landscape(there, gdviz.LANDSCAPES.make("beale"))
    assert back.optimizers == on_landscape(DEFAULT, gdviz.LANDSCAPES.make("beale")).optimizers
