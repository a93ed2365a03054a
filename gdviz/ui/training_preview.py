"""A preview of a training before it starts: its data, its model, and the course of its learning rate."""

import math

import numpy as np
import streamlit as st

from gdviz.budget import size_of
from gdviz.charts.preview import data_preview
from gdviz.charts.training import curves
from gdviz.runs.memory import refusal
from gdviz.training import Dataset, TrainingSetup
from gdviz.training.architecture import blocks
from gdviz.training.datasets import Loaded, UsersTable, rows_by_part
from gdviz.ui.charts import is_dark, show
from gdviz.ui.text import plain

_PLANNED_POINTS = 400
_PLANNED_STEPS = 1000
_MOST_NUMBERS = 2_000_000
"""Larger data are loaded by the worker only; those that may have to be fetched first are."""
_ONE_COLUMN = 720


def preview(setup: TrainingSetup, width: int) -> None:
    """Three cards: the data, the model, the learning rate."""
    loaded = _loaded(setup.data) if is_quick(setup) else None
    count = 1 if width < _ONE_COLUMN else 3
    each = width if count == 1 else (width - 32) // 3
    columns = [st.container()] if count == 1 else list(st.columns(3))
    with columns[0]:
        st.markdown(f"**Data: {plain(setup.data.label)}**")
        if loaded is not None:
            show(data_preview(loaded, setup.data.image, width=each, dark=is_dark()), "training.preview.data")
        st.caption(_rows_in_words(setup, loaded))
    with columns[1 % count]:
        st.markdown("**Model**")
        st.markdown(model_table(setup, loaded))
    with columns[2 % count]:
        steps = planned_steps(setup, loaded)
        st.markdown("**Learning rate, as it is planned**")
        at = np.unique(np.linspace(0, steps - 1, _PLANNED_POINTS).astype(int))
        with np.errstate(over="ignore"):
            series = {"learning rate": (at + 1, setup.learning_rate(at // setup.optimizer.batches_per_step))}
        show(curves(series, "step", "learning rate", width=each, dark=is_dark()), "training.plan")
        which = "the first " if loaded is None else ""
        st.caption(f"{setup.optimizer.label}, {setup.schedule.label.lower()}; {which}{steps:,} steps.")


def can_be_split(setup: TrainingSetup) -> bool:
    """Whether each part of the data gets a row, where that is known without the user's file; where not, why."""
    if isinstance(setup.data, UsersTable):
        return True
    try:
        rows_by_part(setup, size_of(setup).rows)
    except ValueError as error:
        st.error(plain(error))
        return False
    return True


def is_quick(setup: TrainingSetup) -> bool:
    """Whether the data of a training are so few that the app loads them before it starts."""
    if isinstance(setup.data, UsersTable) or refusal(setup):
        return False
    size = size_of(setup)
    return size.rows * size.inputs <= _MOST_NUMBERS


@st.cache_data(show_spinner=False, max_entries=4)
def _loaded(data: Dataset) -> Loaded:
    return data.load()


def planned_steps(setup: TrainingSetup, loaded: Loaded | None) -> int:
    """The steps of the whole training; of data that are not loaded yet, the first thousand."""
    if loaded is None:
        return _PLANNED_STEPS
    rows = len(rows_by_part(setup, len(loaded.y))["train"])
    return setup.epochs * math.ceil(rows / min(setup.batch_size or rows, rows))


def _rows_in_words(setup: TrainingSetup, loaded: Loaded | None) -> str:
    said = (type(setup.data).__doc__ or "").split("\n")[0]
    if loaded is None:
        return said
    parts = rows_by_part(setup, len(loaded.y))
    counted = ", ".join(f"{len(rows):,} {part}" for part, rows in parts.items() if len(rows))
    return f"{said} Rows: {counted}."


def model_table(setup: TrainingSetup, loaded: Loaded | None) -> str:
    """The layers in a Markdown table, from the input to the output."""
    outputs = len(loaded.classes) if loaded is not None and setup.data.task == "classes" else 1
    inputs = "as the data have" if loaded is None else f"{loaded.x.shape[1]:,}"
    if setup.data.task == "classes" and loaded is None:
        outputs = 10 if setup.data.image else 0
    lines = ["| Layer | Size | Activation |", "|---|---|---|", f"| Input | {inputs} | |"]
    for block in blocks(setup, outputs):
        for call in block.calls:
            size = call.arguments.get("units", call.arguments.get("filters", call.arguments.get("rate", "")))
            what = call.arguments.get("activation", "")
            kind = call.path.rpartition(".")[2]
            lines.append(f"| {kind} | {size or '?' if kind == 'Dense' else size} | {what} |")
    return "\n".join(lines)
