"""What the Runs page lists, keeps in the address bar, and does with a run."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Value
from gdviz.charts.palette import MOST_RUNS
from gdviz.runs import SORTS, Run, Runs, StoreError
from gdviz.runs.jobs import JobsError
from gdviz.training import TrainingSetup, keras_script
from gdviz.training.events import Epoch
from gdviz.training.history import Best, History, best
from gdviz.training.titles import layers_in_words
from gdviz.ui import training, visitors, widgets
from gdviz.ui.charts import arrow
from gdviz.ui.text import plain

Scale = Literal["log", "linear"]
Across = Literal["epoch", "step", "seconds"]
_PLACES: dict[Across, Callable[[Epoch], float]] = {
    "epoch": lambda epoch: epoch.epoch,
    "step": lambda epoch: epoch.step,
    "seconds": lambda epoch: epoch.seconds,
}

SORT_LABELS = dict(
    zip(
        SORTS,
        ("Newest", "Name", "Status", "Epochs", "Time", "Training loss", "Validation loss", "Test loss"),
        strict=True,
    )
)
SCALES: dict[Scale, str] = {"log": "Logarithmic", "linear": "Linear"}
_USUALLY_ASCENDING = ("name", "status", "train_loss", "validation_loss", "test_loss")
_LONGEST_SHOWN = 60
_ASKED_AT_ONCE = 200


@st.cache_resource(show_spinner=False)
def shared_runs() -> Runs:
    """The store, one for the whole app: looking at runs starts no workers."""
    return Runs()


# What is chosen -----------------------------------------------------------------------------------------------------


def chosen() -> list[str]:
    """The ids of the chosen runs, in the order in which they were chosen; at first, those in the address bar."""
    if "runs_chosen" not in st.session_state:
        st.session_state["runs_chosen"] = list(dict.fromkeys(st.query_params.get_all("run")))
    ids: list[str] = st.session_state["runs_chosen"]
    return ids


def follow_address() -> None:
    """Show what the address bar describes, where somebody has come by it: by a link, or by going back."""
    if st.session_state.pop("arrived", False) and st.query_params and "runs_chosen" in st.session_state:
        for name in ("runs_search", "runs_sort", "runs_scale"):
            st.session_state.pop(f"first.{name}.{_version()}", None)
        st.session_state["runs_version"] = _version() + 1
        choose(st.query_params.get_all("run"))


def choose(ids: Sequence[str]) -> None:
    """Choose these runs, and show so in the table."""
    st.session_state["runs_chosen"] = list(dict.fromkeys(ids))
    st.session_state["runs_generation"] = st.session_state.get("runs_generation", 0) + 1


def reset() -> None:
    """Forget the search, the order and what was chosen."""
    for name in ("runs_search", "runs_sort", "runs_ascending", "runs_deleted"):
        st.session_state.pop(f"first.{name}.{_version()}", None)
    st.session_state["runs_version"] = _version() + 1
    st.query_params.clear()
    choose([])


def keep(ids: Sequence[str], search: str, sort: str, scale: Scale) -> None:
    """Write what is shown into the address bar."""
    link: dict[str, str | list[str]] = {"run": list(ids), "sort": [sort], "scale": [scale]}
    link |= {"search": [search]} if search else {}
    if {name: st.query_params.get_all(name) for name in st.query_params} != {k: v for k, v in link.items() if v}:
        st.query_params.from_dict(link)


def _version() -> int:
    version: int = st.session_state.get("runs_version", 0)
    return version


def list_controls(box: DeltaGenerator) -> tuple[str, str, bool, bool]:
    """What to search for, in which order, whether ascending, and whether the deleted runs instead."""
    keys = {name: f"runs_{name}.{_version()}" for name in ("search", "sort", "ascending", "deleted")}
    asked = st.query_params.get("search", "")[:200]
    search = box.text_input(
        "Search",
        widgets.first_value(keys["search"], asked),
        max_chars=200,
        key=keys["search"],
        help="In names, notes and configurations.",
    )
    asked = st.query_params.get("sort", SORTS[0])
    first = widgets.first_value(keys["sort"], asked if asked in SORTS else SORTS[0])
    sort = box.selectbox("Sort by", SORTS, SORTS.index(first), format_func=SORT_LABELS.__getitem__, key=keys["sort"])
    backwards = box.checkbox("Reverse order", key=keys["ascending"])
    deleted = box.checkbox("Deleted runs", key=keys["deleted"], help="They can be brought back for 30 days.")
    return search or "", sort, (sort in _USUALLY_ASCENDING) != backwards, deleted


def scale_control(box: DeltaGenerator) -> Scale:
    """Which scale losses are drawn on; at first, the one in the address bar."""
    key, names = f"runs_scale.{_version()}", list(SCALES)
    asked = st.query_params.get("scale")
    first = widgets.first_value(key, asked if asked in SCALES else "log")
    scale: Scale = box.radio(
        "Loss axis",
        names,
        names.index(first),
        format_func=SCALES.__getitem__,
        key=key,
        horizontal=True,
    )
    return scale


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
        return list(st.multiselect("Columns of the table", COLUMNS, _USUAL_COLUMNS, key=f"runs_columns.{_version()}"))


# The list -----------------------------------------------------------------------------------------------------------


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


def those_there(runs: Runs, ids: Sequence[str]) -> tuple[list[Run], list[str]]:
    """The runs with these ids, at most eight, and what is to be said of the others."""
    found, notes = [], []
    for run in ids:
        try:
            found.append(runs.get(run))
        except ValueError:
            notes.append(f"There is no run {plain(run, 40)} any more, or never was.")
    if len(found) > MOST_RUNS:
        notes.append(f"{len(found)} runs are chosen; the first {MOST_RUNS} are compared.")
    return found[:MOST_RUNS], notes


def labels(found: Sequence[Run]) -> list[str]:
    """Names that tell runs apart, in plain text: names can be the same."""
    short = (n if len(n) <= _LONGEST_SHOWN else n[: _LONGEST_SHOWN - 1] + "…" for n in (run.name for run in found))
    return [f"{i} · {name}" for i, name in enumerate(short, start=1)]


# Comparison ---------------------------------------------------------------------------------------------------------


def history(runs: Runs, run: Run) -> History:
    """What a run recorded by epoch; one that has ended is read once."""
    kept: dict[Any, History] = st.session_state.setdefault("runs_histories", {})
    key = run.id, run.epochs, run.status
    if key not in kept:
        if len(kept) >= 4 * MOST_RUNS:
            kept.clear()
        kept[key] = runs.history(run.id, batches=False)
    return kept[key]


def quantities(histories: Sequence[History]) -> list[str]:
    """What any of the runs measured by epoch: losses first."""
    names = {name for h in histories for epoch in h.epochs.values() for name in epoch.measured}
    return sorted(names, key=lambda name: ("loss" not in name, name.removeprefix("val_"), name))


def series(
    histories: Mapping[str, History], name: str, across: Across = "epoch"
) -> dict[str, tuple[list[float], list[Any]]]:
    """Places and values of a measurement of each run that has it."""
    place = _PLACES[across]
    rows = {
        label: [(place(epoch), epoch.measured[name]) for _, epoch in sorted(h.epochs.items()) if name in epoch.measured]
        for label, h in histories.items()
    }
    return {label: ([at for at, _ in pairs], [value for _, value in pairs]) for label, pairs in rows.items()}


def curve_controls() -> tuple[Across, float]:
    """What the curves are drawn across, and how much they are smoothed."""
    names: dict[Across, str] = {"epoch": "Epoch", "step": "Step", "seconds": "Time"}
    with st.container(horizontal=True):
        across: Across = st.radio(
            "Across", list(names), format_func=names.__getitem__, horizontal=True, key="runs.across"
        )
        smoothing = st.slider("Smoothing", 0.0, 0.99, 0.0, 0.01, key="runs.smoothing", width=240)
    return across, smoothing


def difference_table(runs: Runs, found: Sequence[Run]) -> str:
    """The fields in which configurations differ, and below them what came of it, as a Markdown table.

    Layers are one field, in which equal neighbours are counted; empty where there are no differences.

    Raises:
        ValueError: A configuration cannot be read.
    """
    differing = _folded(runs.differences([run.id for run in found]), found)
    if not differing:
        return ""
    scores = best_scores(runs, found)
    results: dict[str, list[Any]] = {
        "best validation score": [
            f"{score.value:.4g} ({score.name}, epoch {score.epoch})" if (score := scores[run.id]) else None
            for run in found
        ],
        "training loss": [run.losses.get("train") for run in found],
        "validation loss": [run.losses.get("validation") for run in found],
        "test loss": [run.losses.get("test") for run in found],
        "status": [f"{run.status}, {run.epochs} epochs" for run in found],
    }
    head = ["field", *(plain(label) for label in labels(found))]
    causes = [[plain(name), *(_value(value) for value in values)] for name, values in differing.items()]
    effects = [
        [f"**{name}**", *(_value(value) for value in values)]
        for name, values in results.items()
        if any(value is not None for value in values)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *causes, *effects))


def _folded(differing: dict[str, list[Any]], found: Sequence[Run]) -> dict[str, list[Any]]:
    """Differences, with those that say the same only once: all layers in one, and of another entry its name."""
    if "optimizer.learning_rate" in differing:
        differing.pop("schedule.initial_learning_rate", None)  # the same number
    others = {field.removesuffix(".name") for field in differing if field.endswith(".name")}
    kept: dict[str, list[Any]] = {}
    for field, values in differing.items():
        if field.startswith("layers."):
            kept["layers"] = [layers_in_words(run.setup.layers) for run in found]
        elif field.rpartition(".")[0] not in others or field.endswith((".name", ".learning_rate")):
            kept[field] = values
    return kept


def _value(value: Any) -> str:
    return "–" if value is None else plain(f"{value:.6g}" if isinstance(value, float) else value, 80)


# What is done with a run --------------------------------------------------------------------------------------------


def attempt(action: Callable[..., Any], *values: Any) -> None:
    """Do something with the store; where that fails, the page says why."""
    try:
        action(*values)
    except (StoreError, JobsError, ValueError, OSError) as error:
        st.session_state["runs_error"] = f"{error}"


def say_what_failed() -> None:
    """Why the last action failed."""
    if error := st.session_state.pop("runs_error", None):
        st.error(plain(error, 1000))


def delete(runs: Runs, ids: Sequence[str]) -> None:
    """Delete runs; what was deleted last can be brought back with one click."""
    visitors.check(runs, *ids)
    done: list[str] = []
    st.session_state["runs_undo"] = done
    for run in ids:
        runs.delete(run)
        done.append(run)
        choose([other for other in chosen() if other != run])
    with suppress(StoreError):  # what is 30 days old can as well go the next time
        runs.purge()


def restore(runs: Runs, ids: Sequence[str]) -> None:
    """Bring deleted runs back, and choose them."""
    visitors.check(runs, *ids)
    for run in ids:
        runs.restore(run)
    st.session_state["runs_undo"] = []
    choose([*chosen(), *ids])


def offer_undo(runs: Runs) -> None:
    """Undo the last deletion."""
    if ids := st.session_state.get("runs_undo"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"{len(ids)} {'run' if len(ids) == 1 else 'runs'} deleted.")
            st.button("Undo", key="runs.undo", on_click=attempt, args=(restore, runs, list(ids)))


def rename(runs: Runs, run: Run, name_key: str, note_key: str) -> None:
    """Take over the name and the note that stand in two text fields."""
    visitors.check(runs, run.id)
    name, note = st.session_state[name_key], st.session_state[note_key]
    if name.strip() != run.name:
        runs.rename(run.id, name)
    if note.strip() != run.note:
        runs.annotate(run.id, note)


def rename_form(runs: Runs, run: Run) -> None:
    """Name and note."""
    keys = f"runs.name.{run.id}", f"runs.note.{run.id}"
    with st.form(f"runs.rename.{run.id}", border=False):
        st.text_input("Name", run.name, max_chars=200, key=keys[0])
        st.text_area("Note", run.note, max_chars=10_000, key=keys[1])
        st.form_submit_button("Save name and note", on_click=attempt, args=(rename, runs, run, *keys))


def repeat(runs: Runs, run: Run, field: str, value: Value) -> None:
    """Train a run again with one change, beside it."""
    setup = run.setup.with_change(field, value)
    if setup == run.setup:
        raise ValueError(f"{field} must be another value than that of the run; got {value!r}")
    name = f"{run.name[:100]}, {field} = {value}"[:200]
    choose([*chosen(), training.shared_jobs().start(setup, name, runs.content(run.id), **visitors.named())])


def repeat_controls(runs: Runs, run: Run) -> None:
    """A field, its value, and a button that starts the run with that change.

    Raises:
        ValueError: The configuration cannot be read.
    """
    fields = run.setup.single_changes()
    field = st.selectbox("What to change", list(fields), key=f"runs.field.{run.id}")
    knob = fields[field]
    key = f"runs.value.{run.id}.{field}"
    value = widgets.number(
        st.container(), knob, key, run.setup.flat().get(field, knob.default), True, knob.help.capitalize()
    )
    try:
        changed = run.setup.with_change(field, value)
    except ValueError as error:
        st.warning(plain(error))
        return
    same = changed == run.setup
    # Not by a callback: that would be given what the field showed before the change made last.
    if st.button("Start beside it", key=f"runs.repeat.{run.id}", disabled=same, type="primary"):
        attempt(repeat, runs, run, field, value)
        st.rerun()


def downloads(runs: Runs, run: Run) -> None:
    """History, model and script."""
    file = f"gdviz-{run.id[:8]}"

    def button(label: str, name: str, mime: str, make: Callable[[], str | bytes]) -> None:
        st.download_button(label, make, name, mime, key=f"runs.{name}.{mime}", on_click="ignore")

    with st.container(horizontal=True):
        if run.epochs:
            button("History by epoch (CSV)", f"{file}.csv", "text/csv", lambda: runs.history_csv(run.id))
            batches = f"{file}-batches.csv"
            button("History by batch (CSV)", batches, "text/csv", lambda: runs.history_csv(run.id, "batch"))
        model = runs.model_file(run.id)
        if model.exists():
            button("Model (.keras)", f"{file}.keras", "application/zip", model.read_bytes)
        try:
            script = keras_script(run.setup)
        except ValueError as error:
            st.caption(f"No script: {plain(error)}")
        else:
            button("Keras script (.py)", f"{file}.py", "text/x-python", lambda: script)
        if content := runs.content(run.id):
            button("Its data (data.csv)", "data.csv", "text/csv", lambda: content)
    if run.status in ("finished", "stopped") and not model.exists():
        st.caption("The model's file is missing from the store's folder; repeat the run to make it again.")
    steered = any(event.payload["command"] == "set_learning_rate" for event in runs.events(run.id, kinds=("command",)))
    if steered or run.status != "finished":
        what = "its learning rate was changed by hand" if steered else f"it is {run.status}"
        st.caption(f"The script trains to the end as configured; this run did not: {what}.")
