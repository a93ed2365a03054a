"""What the Gradient flow page computes, keeps, and refuses to compute."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from threadpoolctl import threadpool_limits

from gdviz import Trajectory, budget, gradflow
from gdviz.budget import Cost
from gdviz.gradflow import GradientFlow, Network, Recurrent, RecurrentFlow, Training, TrainingRun, effects
from gdviz.gradflow.cliff import CliffRuns
from gdviz.ui.affordable import affordable

S = TypeVar("S")

_TRIED_SECONDS = 10.0
"""Time of one processor that trying cures may take."""
_PAUSE = 0.25
"""Seconds between two pictures while seeds stream in."""


@st.cache_resource(show_spinner=False)
def use_one_blas_thread() -> None:
    """Multiply matrices in one thread, in the whole process.

    Two threads wait for each other by spinning: where other work has the cores, as when several people use the app,
    passes of this page took 20 to 40 times as long with two threads as with one.
    """
    threadpool_limits(1, user_api="blas")


@lru_cache(maxsize=128)
def _measured(network: Network, seed: int) -> dict[str, Any]:
    return gradflow.measure_seed(network, seed)


def streamed(networks: Sequence[Network]) -> Iterator[list[GradientFlow]]:
    """The measurements of networks of as many seeds: of the first seed at once, then of ever more, up to all."""
    costs = [budget.propagation(network).times(network.seeds) for network in networks]
    with affordable(reduce(Cost.then, costs), "depth, width, batch_size or seeds"):
        yield from _streamed(networks)


def _streamed(networks: Sequence[Network]) -> Iterator[list[GradientFlow]]:
    # The network's own seeds do not count for one seed, and would only keep what is known from being found.
    streams = [
        gradflow.stream(network, lambda n, seed: _measured(replace(n, seeds=1, seed=0), seed)) for network in networks
    ]
    drawn = -np.inf
    for number, flows in enumerate(zip(*streams, strict=True), start=1):
        if number == networks[0].seeds or time.monotonic() - drawn > _PAUSE:
            yield list(flows)
            drawn = time.monotonic()


def trained(setups: Sequence[Training]) -> list[TrainingRun]:
    """Training runs; those that the page showed last time are known."""
    known: dict[Training, TrainingRun] = st.session_state.get("trained", {})
    new = [budget.training(setup) for setup in setups if setup not in known]
    bar = st.empty()
    with affordable(reduce(Cost.then, new, Cost(0.0, 0.0)), "depth, width, batch_size or steps"):
        runs = {setup: known[setup] if setup in known else _train(setup, bar) for setup in setups}
    bar.empty()
    st.session_state["trained"] = runs
    return [runs[setup] for setup in setups]


def _train(setup: Training, bar: Any) -> TrainingRun:
    began = told = time.monotonic()

    def progress(step: int) -> None:
        nonlocal told
        # Here, too, a run stops when a control is changed: Streamlit then ends the script.
        if time.monotonic() - told > 0.2:
            told = time.monotonic()
            left = (told - began) / step * (setup.steps - step)
            bar.progress(step / setup.steps, f"Step {step} of {setup.steps}, about {left:.0f} s left")

    return gradflow.train(setup, progress)


def through_time(setup: Recurrent) -> RecurrentFlow:
    """The gradient on its way back through time."""
    with affordable(budget.through_time(setup).times(setup.seeds), "steps, units, batch_size or seeds"):
        return _through_time(setup)


@lru_cache(maxsize=16)
def _through_time(setup: Recurrent) -> RecurrentFlow:
    return gradflow.through_time(setup)


class Tried(NamedTuple):
    """What trying cures has shown."""

    names: list[str]
    """Those that leave least to be cured first."""
    curing: list[str]
    """Those of them that cure."""
    needed: bool
    """Whether there is something to cure."""


def cures_by_effect(
    cures: Mapping[str, S],
    as_it_is: S,
    effect: Callable[[S], float],
    cost: Callable[[S], Cost],
    well: Callable[[float], float] = lambda _: effects.STEADY_DECADES,
) -> Tried | None:
    """The cures by what they leave to be cured, and those of them that cure, as ``effects.by_effect`` has them.

    None where trying them all would take longer than anybody waits for what was not asked for.

    Args:
        cures: The cures by name.
        as_it_is: What is to be cured.
        effect: What is left to be cured.
        cost: What trying one takes.
        well: From what there is to be cured to how little of it a cure leaves.
    """
    costs = [cost(setup) for setup in (as_it_is, *cures.values())]
    if sum(one.seconds for one in costs) > _TRIED_SECONDS:
        return None
    with affordable(reduce(Cost.then, costs), "depth, width, batch_size, units or steps"):
        there = effect(as_it_is)
        return Tried(*effects.by_effect(cures, effect, there, well(there)), needed=there > well(there))


def down_the_cliff(setup: CliffRuns) -> dict[str, Trajectory]:
    """Two runs down the cliff, without and with clipping."""
    with affordable(budget.cliff(setup), "sequence or steps"):
        return setup.run()
