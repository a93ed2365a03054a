"""What the Gradient flow page computes, keeps, and refuses to compute."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from threadpoolctl import threadpool_limits

from gdviz import gradflow
from gdviz.gradflow import GradientFlow, Network, Recurrent, RecurrentFlow, Training, TrainingRun
from gdviz.gradflow.study import Study

MOST_BYTES = 2 * 2**30
"""A network whose activations need more memory is not computed: the app's process would be killed."""
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
    bar = st.empty()
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


@lru_cache(maxsize=16)
def through_time(setup: Recurrent) -> RecurrentFlow:
    return gradflow.through_time(setup)


def too_large(study: Study, view: str) -> str | None:
    """Why the view is not computed, where it would need more memory than the app has."""
    if view == "cliff":
        return None
    if view == "recurrent":
        setup = study.recurrent
        count, what = setup.steps * setup.batch_size * setup.units * setup.cell.gates * 3, "steps, batch_size or units"
    else:
        network = study.network
        count, what = network.depth * network.batch_size * network.width * 4, "depth, batch_size or width"
    if 8 * count <= MOST_BYTES:
        return None
    return (
        f"This would need about {8 * count / 2**30:.1f} GB of memory, and the page has {MOST_BYTES / 2**30:.0f}: "
        f"choose a smaller {what}."
    )
