"""The effects of changes that may cure a network: each is tried, on few samples, before it is offered."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from gdviz.gradflow.dynamics import Training, train
from gdviz.gradflow.flow import measure
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import Recurrent, through_time
from gdviz.gradflow.verdicts import STEADY

T = TypeVar("T")
N = TypeVar("N", Network, Recurrent)

SAMPLES = 32
"""Rows of the batch on which a change is tried."""
TRIED_STEPS = 30
"""Steps of the training for which a change is tried."""
STEADY_DECADES = math.log10(STEADY)
"""An imbalance that is none."""


def few(setup: N) -> N:
    """The network with a batch so small that a change of it can be tried while somebody waits."""
    return replace(setup, batch_size=min(setup.batch_size, SAMPLES), seeds=1)


def first_steps(training: Training) -> Training:
    """The first steps of a training."""
    return replace(training, steps=min(training.steps, TRIED_STEPS))


def by_effect(
    tried: Mapping[str, T], effect: Callable[[T], float], as_it_is: float, well: float
) -> tuple[list[str], list[str]]:
    """The names of the changes, those that leave least to be cured first; and those of them that cure.

    Args:
        tried: The changes by name.
        effect: The fault that is left after a change: infinity where the gradient is 0 or a number not finite.
        as_it_is: The fault before the change.
        well: How little of it there is where nothing is to be cured.
    """
    left = {name: effect(change) for name, change in tried.items()}
    names = sorted(left, key=lambda name: left[name])
    return names, [name for name in names if left[name] < well < as_it_is]


@lru_cache(maxsize=256)
def imbalance(network: Network) -> float:
    """The decades between the gradient at the first layer and at the last, measured on few samples.

    >>> imbalance(Network(depth=20, activation="sigmoid")) > 10 > 1 > imbalance(Network(depth=20, activation="tanh"))
    True
    """
    gradient = np.median(measure(few(network)).activation_gradient, axis=0)
    return _decades(gradient[0], gradient[-1])


@lru_cache(maxsize=64)
def recurrent_imbalance(setup: Recurrent) -> float:
    """The decades between the gradient at the first time step and at the last, measured on few samples."""
    flow = through_time(few(setup))
    size = np.sqrt(sum(np.median(norms, axis=0) ** 2 for norms in flow.gradient.values()))
    return _decades(size[0], size[-1])


@lru_cache(maxsize=256)
def loss_left(training: Training) -> float:
    """The share of the loss that is left after the first steps; infinite where they leave the finite numbers."""
    run = train(first_steps(training))
    first, last = float(run.loss[0]), float(run.loss[-1])
    return last / first if first > 0 and math.isfinite(last / first) else math.inf


def _decades(first: float, last: float) -> float:
    if not (math.isfinite(first) and math.isfinite(last) and first > 0 and last > 0):
        return math.inf
    return abs(math.log10(first) - math.log10(last))
