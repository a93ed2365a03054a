"""The table of the Runs page: which runs there are, and their best scores."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.runs import Run, Runs
from gdviz.training import TrainingSetup
from gdviz.training.history import Best, best
from gdviz.training.titles import layers_in_words
from gdviz.ui import widgets
from gdviz.ui.charts import arrow
from gdviz.ui.runs import chosen, version

_ASKED_AT_ONCE = 200

COLUMNS = (
    *("optimizer", "learning rate", "layers", "best validation score", "score of", "best epoch"),
    *("loss", "validation loss", "test loss", "data", "batch size", "epochs", "seconds", "created", "note"),
)
"""The columns of the table that can be chosen; name and status are always there."""
_USUAL_COLUMNS = (
    *("optimizer", "learning rate", "best validation score", "score of", "best epoch", "loss", "validation loss"),
    *("test loss", "epochs", "seconds", "created", "note"),
)
_NUMBERS = ("learning rate", "best validation score", "loss", "validation loss", "test loss")


def column_control(box: DeltaGenerator) -> list[str]:
    """Which columns the table has."""
    with box.expander("Columns"):
        return list(st.multiselect("Columns of the table", COLUMNS, _USUAL_COLUMNS, key=f"runs_columns.{version()}"))


def choose_from(runs: Runs, found: Sequence[Run], columns: Sequence[str]) -> list[str]:
    """The table of runs; the ids of those chosen, the ones that the search does not show included."""
    ids, before = [run.id for run in found], chosen()
    # Rows are chosen by their place: a table with other rows is another one.
    key = f"runs.table.{st.session_state.get('runs_generation', 0)}.{hash(tuple(ids))}"
    first = widgets.first_value(key, [ids.index(run) for run in before if run in ids])
    number = st.column_config.NumberColumn
    event = st.dataframe(
        _table(runs, found, columns),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": first}},
        hide_index=True,
        height=min(420, 38 + 35 * max(1, len(found))),
        column_config={
            **{name: number(name, format="%.4g") for name in _NUMBERS},
            "seconds": number("seconds", format="%.1f"),
            "name": st.column_config.TextColumn("name", width="medium"),
        },
        placeholder="–",
        alt="The stored runs. Choose rows to compare them.",
    )
    rows = {ids[row] for row in event.selection.rows if row < len(ids)}
    now = [run for run in before if run not in ids or run in rows]
    st.session_state["runs_chosen"] = [*now, *(run for run in ids if run in rows and run not in now)]
    return chosen()


def _table(runs: Runs, found: Sequence[Run], columns: Sequence[str]) -> Any:
    """The runs as an Arrow table: drawn without pandas, and with gaps where there is no number."""
    makers: dict[str, Callable[[Run], Any]] = {
        "loss": lambda run: run.losses.get("train"),
        "validation loss": lambda run: run.losses.get("validation"),
        "test loss": lambda run: run.losses.get("test"),
        "epochs": lambda run: run.epochs,
        "seconds": lambda run: run.seconds,
        "created": lambda run: time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
        "note": lambda run: run.note[:200],
        **{name: partial(_of_setup, name) for name in ("optimizer", "learning rate", "layers", "data", "batch size")},
    }
    if {"best validation score", "score of", "best epoch"} & set(columns):
        scores = best_scores(runs, found)
        for place, name in enumerate(("score of", "best validation score", "best epoch")):
            makers[name] = partial(_of_score, scores, place)
    values: dict[str, list[Any]] = {"name": [run.name for run in found], "status": [run.status for run in found]}
    values |= {name: [makers[name](run) for run in found] for name in COLUMNS if name in columns}
    with_gaps = (*_NUMBERS, "best epoch")
    plain_columns = {
        name: [np.nan] * len(cells) if name in with_gaps else _texts(cells) for name, cells in values.items()
    }
    table = pa.ipc.open_stream(arrow(plain_columns)).read_all()
    for place, name in enumerate(table.column_names):
        if name in with_gaps:
            numbers = np.array([np.nan if cell is None else cell for cell in values[name]], dtype=np.float64)
            there = pa.py_buffer(np.packbits(np.isfinite(numbers), bitorder="little"))
            gaps = pa.Array.from_buffers(pa.float64(), len(numbers), [there, pa.py_buffer(numbers)])
            table = table.set_column(place, name, gaps)
    return table


def _texts(cells: list[Any]) -> list[Any]:
    return ["–" if cell is None else cell for cell in cells]


@lru_cache(maxsize=4096)
def _described(configuration: str) -> dict[str, Any]:
    """What a stored configuration says, as far as this version can read it."""
    try:
        setup = TrainingSetup.from_json(configuration)
    except ValueError:
        return {"optimizer": "cannot be read", "learning rate": None, "layers": "–", "data": "–", "batch size": "–"}
    return {
        "optimizer": setup.optimizer.label,
        "learning rate": setup.optimizer.learning_rate,
        "layers": layers_in_words(setup.layers),
        "data": setup.data.label,
        "batch size": "all" if setup.batch_size is None else str(setup.batch_size),
    }


def _of_setup(name: str, run: Run) -> Any:
    return _described(run.configuration)[name]


def _of_score(scores: Mapping[str, Best | None], place: int, run: Run) -> Any:
    found = scores[run.id]
    return found[place] if found else None


@st.cache_resource(show_spinner=False)
def _known_scores() -> dict[tuple[str, int], Best | None]:
    """The best epochs of runs, by run and number of epochs done: what is done does not change."""
    return {}


def best_scores(runs: Runs, found: Sequence[Run]) -> dict[str, Best | None]:
    """The best validation score of each run."""
    known = _known_scores()
    unknown = [run for run in found if (run.id, run.epochs) not in known]
    for start in range(0, len(unknown), _ASKED_AT_ONCE):
        asked = unknown[start : start + _ASKED_AT_ONCE]
        epochs = runs.epochs_of([run.id for run in asked])
        known |= {(run.id, run.epochs): best(epochs[run.id]) for run in asked}
    return {run.id: known[run.id, run.epochs] for run in found}
