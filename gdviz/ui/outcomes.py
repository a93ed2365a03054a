"""Remedies for runs that diverged, to be tried with one click."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from gdviz.descent import Trajectory
from gdviz.descent.experiment import Experiment
from gdviz.descent.trajectory import labels
from gdviz.theory.advice import finite_learning_rate
from gdviz.ui.controls import EXPERIMENT


def offer_finite_rates(runs: Sequence[Trajectory]) -> None:
    """A button for each run that diverged: the largest learning rate tried at which it does not."""
    rates = {
        number: finite_learning_rate(run.setup)
        for number, run in enumerate(runs)
        if run.status == "diverged" and run.stopped_at
    }
    names = labels(runs)
    with st.container(horizontal=True):
        for number, rate in rates.items():
            if rate is not None:
                label = f"{names[number]}: take the learning rate {rate:.4g}, which stays finite"
                st.button(label, on_click=_take, args=(number, rate), key=f"finite.{number}")


def _take(number: int, rate: float) -> None:
    EXPERIMENT.show_again(at_rate(EXPERIMENT.setup, number, rate))


def at_rate(experiment: Experiment, number: int, rate: float) -> Experiment:
    """The experiment with another learning rate for one of its runs, or for all where they share one."""
    if experiment.shared_learning_rate is not None:
        return replace(experiment, shared_learning_rate=rate)
    rules = list(experiment.optimizers)
    rules[number] = replace(rules[number], learning_rate=rate)
    return replace(experiment, optimizers=tuple(rules))
