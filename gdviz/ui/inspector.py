"""A look into the runs of an experiment: one step in numbers and arrows, and their quantities against the step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from gdviz.charts import quantities, quantity, step_figure
from gdviz.descent import Trajectory
from gdviz.descent.trajectory import labels
from gdviz.theory import Step, explain
from gdviz.ui.charts import is_dark, show


def inspect_step(runs: Sequence[Trajectory], width: int) -> None:
    """Choose a run and a step; see the rule with that step's numbers in it, the state before and after, and arrows."""
    names = labels(runs)
    left, right = st.columns(2)
    chosen = left.selectbox("Run", range(len(runs)), format_func=names.__getitem__, key="inspect.run")
    run = runs[min(chosen, len(runs) - 1)]
    if run.steps == 0:
        st.info(f"{names[chosen]} took no step: {run.reason}")
        return
    asked = right.number_input("Step", 1, run.steps, 1, key=f"inspect.step.{run.steps}")
    explained = explain(run, int(asked))
    st.latex(one_below_another(explained.formula))
    st.latex(one_below_another(explained.numbers))
    show(step_figure(run, explained, width=min(width, 560), dark=is_dark()), "inspect.chart")
    st.markdown(step_table(explained))
    st.markdown(curvature_words(explained))


def show_quantity(runs: Sequence[Trajectory], width: int) -> None:
    """Choose a quantity and see it against the step, for all runs that have it."""
    name = st.selectbox("Quantity", quantities(runs), key="quantity")
    figure = quantity(runs, name, width=width, dark=is_dark())
    show(figure, "quantity.chart")
    st.caption(figure.description)


def one_below_another(formula: str) -> str:
    """A formula of several equations, one to a line: side by side they are wider than a phone."""
    return r"\begin{gathered}" + formula.replace(r"\qquad", r"\\").replace(r"\quad", r"\\") + r"\end{gathered}"


def step_table(explained: Step) -> str:
    """A Markdown table: position, gradient, update and state, before and after, coordinate by coordinate."""
    rows: list[tuple[str, Any, Any]] = [
        ("position θ", *explained.theta),
        ("loss", *explained.loss),
        ("gradient g", explained.gradient, None),
        ("gradient used, after noise and clipping", explained.used_gradient, None),
        ("update", None, explained.update),
        *((name, before, after) for name, (before, after) in explained.state.items()),
    ]
    lines = [f"| {name} | {_numbers(before)} | {_numbers(after)} |" for name, before, after in rows]
    return "\n".join(["| | Before | After |", "|---|---|---|", *lines])


def curvature_words(explained: Step) -> str:
    """The Hessian's eigenvalues where the step began, and the learning rate beside 2/λ_max."""
    if not np.all(np.isfinite(explained.eigenvalues)):
        return "The Hessian is not finite here."
    low, high = explained.eigenvalues
    words = f"Eigenvalues of the Hessian here: {low:.4g} and {high:.4g}. "
    if not np.isfinite(explained.stability_limit):
        return words + "No direction curves upwards, so gradient descent has no stability limit here."
    side = "below" if explained.learning_rate < explained.stability_limit else "above"
    return words + (
        f"The learning rate {explained.learning_rate:.4g} is {side} 2/λ_max = {explained.stability_limit:.4g}, "
        "up to which gradient descent is stable on a quadratic that curves like this."
    )


def _numbers(value: Any) -> str:
    if value is None:
        return ""
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel() + 0.0  # turns -0 into 0
    return ", ".join(f"{number:.6g}" for number in numbers)
