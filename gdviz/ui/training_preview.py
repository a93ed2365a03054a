"""A preview of a training before it starts: its data, its model, and the course of its learning rate."""

import math

import numpy as np
import streamlit as st

from gdviz.budget import Size, size_of
from gdviz.charts.preview import data_preview
from gdviz.charts.training import curves
from gdviz.runs.memory import refusal
from gdviz.training import Dataset, TrainingSetup
from gdviz.training.architecture import blocks, parameters
from gdviz.training.datasets import Loaded, UsersTable, rows_by_part
from gdviz.ui import own_table
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
    size = _size(setup, loaded)
    count = 1 if width < _ONE_COLUMN else 3
    each = width if count == 1 else (width - 32) // 3
    columns = [st.container()] if count == 1 else list(st.columns(3))
    with columns[0]:
        st.markdown(f"**Data: {plain(setup.data.label)}**")
        if loaded is not None:
            show(data_preview(loaded, setup.data.image, width=each, dark=is_dark()), "training.preview.data")
        st.caption(_rows_in_words(setup, size))
    with columns[1 % count]:
        st.markdown("**Model**")
        st.markdown(model_table(setup, size))
    with columns[2 % count]:
        known = planned_steps(setup, size)
        steps = known or _PLANNED_STEPS
        st.markdown("**Learning rate, as it is planned**")
        at = np.unique(np.linspace(0, steps - 1, _PLANNED_POINTS).astype(int))
        with np.errstate(over="ignore"):
            series = {"learning rate": (at + 1, setup.learning_rate(at // setup.optimizer.batches_per_step))}
        show(curves(series, "step", "learning rate", width=each, dark=is_dark()), "training.plan")
        which = "" if known else "the first "
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


def _size(setup: TrainingSetup, loaded: Loaded | None) -> Size | None:
    """The size of the data; None for a table that is not there yet, or cannot be read."""
    if loaded is not None:
        return Size(len(loaded.y), loaded.x.shape[1], len(loaded.classes) if setup.data.task == "classes" else 1)
    plan = own_table.plan(setup)
    return None if isinstance(setup.data, UsersTable) and plan is None else size_of(setup, plan)


def planned_steps(setup: TrainingSetup, size: Size | None) -> int | None:
    """The steps of the whole training; None where the size of the data is not known."""
    if size is None:
        return None
    try:
        rows = len(rows_by_part(setup, size.rows)["train"])
    except ValueError:  # a table that is too small for its parts: said where it is shown
        return None
    return setup.epochs * math.ceil(rows / min(setup.batch_size or rows, rows))


def _rows_in_words(setup: TrainingSetup, size: Size | None) -> str:
    said = (type(setup.data).__doc__ or "").split("\n")[0]
    if size is None:
        return said
    try:
        parts = rows_by_part(setup, size.rows)
    except ValueError:
        return said
    counted = ", ".join(f"{len(rows):,} {part}" for part, rows in parts.items() if len(rows))
    return f"{said} Rows: {counted}."


def model_table(setup: TrainingSetup, size: Size | None) -> str:
    """The layers in a Markdown table, from the input to the output, with their trainable numbers where the inputs are
    known.

    >>> print(model_table(TrainingSetup(), size_of(TrainingSetup())).splitlines()[3])
    | Dense, relu | 64 | 4,160 |
    """
    inputs, outputs = (size.inputs, size.outputs) if size else (0, 0 if setup.data.task == "classes" else 1)
    counts = parameters(setup, inputs, outputs) if size else {}
    head = ["| Layer | Size | Parameters |", "|---|--:|--:|"]
    lines = [f"| Input | {f'{inputs:,}' if size else 'the columns'} | |"]
    for block in blocks(setup, outputs):
        for call in block.calls:
            width = call.arguments.get("units", call.arguments.get("filters", call.arguments.get("rate", "")))
            kind, what = call.path.rpartition(".")[2], call.arguments.get("activation", "")
            shown = "the classes" if kind == "Dense" and not width else width
            count = counts.get(call.arguments.get("name", ""))
            lines.append(f"| {kind}{f', {what}' if what else ''} | {shown} | {f'{count:,}' if count else ''} |")
    total = [f"| **All** | | **{sum(counts.values()):,}** |"] if counts else []
    return "\n".join([*head, *lines, *total])
