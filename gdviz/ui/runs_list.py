"""The table of the Runs page: which runs there are, and their best scores."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
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
from gdviz.ui.runs import choose, chosen, version

_ASKED_AT_ONCE = 200
_FOLDED = "comparison:"
"""The beginning of the id of a line that stands for a comparison."""

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
    """Which columns the table has; at first, those in the address bar."""
    asked = [name for name in st.query_params.get("columns", "").split(",") if name in COLUMNS]
    key = f"runs_columns.{version()}"
    first = widgets.first_value(key, asked if asked or st.query_params.get("columns") == "none" else _USUAL_COLUMNS)
    with box.expander("Columns"):
        return list(st.multiselect("Columns of the table", COLUMNS, first, key=key))


def folded(found: Sequence[Run], opened: Collection[str]) -> list[Run]:
    """The runs as lines of the table: those of a comparison are one, where the first of them stands, unless opened.

    Args:
        found: The runs.
        opened: The ids of comparisons.
    """
    groups: dict[str, list[Run]] = {}
    for run in found:
        if run.group is not None and run.group not in opened:
            groups.setdefault(run.group, []).append(run)
    lines: dict[str | None, Run] = {}
    for run in found:
        lines.setdefault(run.group if run.group in groups else run.id, run)
    return [_one_line(groups[id]) if id in groups else run for id, run in lines.items()]


def _one_line(runs: Sequence[Run]) -> Run:
    """The runs of a comparison as if they were one."""
    counts = Counter(run.status for run in runs)
    return replace(
        runs[0],
        id=f"{_FOLDED}{runs[0].group}",
        name=f"{len(runs)} trainings · {runs[0].name.rpartition(': ')[0] or runs[0].name}",
        note="",
        status=", ".join(f"{count} {status}" for status, count in counts.items()),  # type: ignore[arg-type]
        epochs=sum(run.epochs for run in runs),
        seconds=sum(run.seconds for run in runs),
        losses={},
    )


def opened_comparisons(found: Sequence[Run]) -> set[str]:
    """The comparisons whose trainings stand in lines of their own: those opened, and those of chosen runs."""
    opened: set[str] = st.session_state.setdefault("runs_opened", set())
    return opened | {run.group for run in found if run.group and run.id in chosen()}


def choose_from(runs: Runs, found: Sequence[Run], columns: Sequence[str]) -> list[str]:
    """The table of runs; the ids of those chosen, the ones that the search does not show included.

    The trainings of a comparison are one line; who chooses it opens it.
    """
    opened = opened_comparisons(found)
    found = folded(found, opened)
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
    if opening := {id.removeprefix(_FOLDED) for id in rows if id.startswith(_FOLDED)}:
        st.session_state["runs_opened"] = opened | opening
        st.rerun()
    if any(run.id.startswith(_FOLDED) for run in found):
        st.caption("The trainings of a comparison stand in one line. Choose it to open it.")
    if opened:
        st.button("Fold the comparisons", key="runs.fold", on_click=_fold, args=(found,))
    now = [run for run in before if run not in ids or run in rows]
    now += [run for run in ids if run in rows and run not in now]
    st.session_state["runs_chosen"] = now
    if now != before and st.session_state.pop("runs_story", None):
        st.rerun()  # the story that was asked for stands above, and other runs were chosen than its own
    return now


def _fold(found: Sequence[Run]) -> None:
    """Put the trainings of comparisons back into one line each; none of them is chosen any more."""
    st.session_state["runs_opened"] = set()
    gone = {run.id for run in found if run.group}
    choose([run for run in chosen() if run not in gone])


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
    values: dict[str, list[Any]] = {"name": [_shown(run) for run in found], "status": [run.status for run in found]}
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


def _shown(run: Run) -> str:
    """A run's name in the table; of a comparison's training, what tells it from the others, for which there is room."""
    return f"· {run.name.rpartition(': ')[2]}" if run.group and not run.id.startswith(_FOLDED) else run.name


def _texts(cells: list[Any]) -> list[Any]:
    return ["–" if cell is None else cell for cell in cells]


@lru_cache(maxsize=4096)
def _described(configuration: str) -> dict[str, Any]:
    """The cells of a stored configuration, as far as this version can read it."""
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
    if run.id.startswith(_FOLDED) and name != "data":  # what its trainings do not share
        return None
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
    known |= {(run.id, run.epochs): None for run in found if run.id.startswith(_FOLDED)}
    unknown = [run for run in found if (run.id, run.epochs) not in known]
    for start in range(0, len(unknown), _ASKED_AT_ONCE):
        asked = unknown[start : start + _ASKED_AT_ONCE]
        epochs = runs.epochs_of([run.id for run in asked])
        known |= {(run.id, run.epochs): best(epochs[run.id]) for run in asked}
    return {run.id: known[run.id, run.epochs] for run in found}
