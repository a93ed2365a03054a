"""The Runs page: its choice of runs, kept in the address bar, and the actions on them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Value
from gdviz.charts.palette import MOST_RUNS
from gdviz.runs import SORTS, Run, Runs, StoreError
from gdviz.runs.jobs import JobsError
from gdviz.training import keras_script
from gdviz.training.events import CommandDone, of_kind
from gdviz.ui import training, visitors, widgets
from gdviz.ui.text import plain

Scale = Literal["log", "linear"]

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
_MOST_MISSING = 8


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
        for name in ("runs_search", "runs_sort", "runs_scale", "runs_columns", "runs_across", "runs_smoothing"):
            widgets.forget_first(f"{name}.{version()}")
        st.session_state["runs_version"] = version() + 1
        choose(st.query_params.get_all("run"))


def choose(ids: Sequence[str]) -> None:
    """Choose these runs, and show so in the table; a story that waits for its own runs is over."""
    st.session_state.pop("runs_story", None)
    st.session_state["runs_chosen"] = list(dict.fromkeys(ids))
    st.session_state["runs_generation"] = st.session_state.get("runs_generation", 0) + 1


def reset() -> None:
    """Forget the search, the order and what was chosen."""
    for name in ("search", "sort", "ascending", "deleted", "columns", "across", "smoothing"):
        widgets.forget_first(f"runs_{name}.{version()}")
    st.session_state["runs_version"] = version() + 1
    st.query_params.clear()
    choose([])


def keep(ids: Sequence[str], search: str, sort: str, scale: Scale, columns: Sequence[str]) -> None:
    """Write what is shown into the address bar; across what curves are drawn, and how smooth, they write themselves."""
    link: dict[str, str | list[str]] = {"run": list(ids), "sort": [sort], "scale": [scale]}
    link |= {"search": [search]} if search else {}
    link |= {"columns": [",".join(columns) or "none"]}
    link |= {name: st.query_params.get_all(name) for name in ("across", "smoothing") if name in st.query_params}
    if {name: st.query_params.get_all(name) for name in st.query_params} != {k: v for k, v in link.items() if v}:
        st.query_params.from_dict(link)


def version() -> int:
    """Part of the keys of the page's widgets: another one gives all of them their first values again."""
    number: int = st.session_state.get("runs_version", 0)
    return number


def list_controls(box: DeltaGenerator) -> tuple[str, str, bool, bool]:
    """The text to search for, the order, whether ascending, and whether the deleted runs instead."""
    keys = {name: f"runs_{name}.{version()}" for name in ("search", "sort", "ascending", "deleted")}
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
    key, names = f"runs_scale.{version()}", list(SCALES)
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


def those_there(runs: Runs, ids: Sequence[str]) -> tuple[list[Run], list[str]]:
    """The runs with these ids, at most eight, and what is to be said of the others. A link can name a thousand: only
    the first are looked for."""
    found: list[Run] = []
    notes: list[str] = []
    for run in ids:
        if len(found) == MOST_RUNS or len(notes) == _MOST_MISSING:
            notes.append(f"{len(ids)} runs are chosen; {len(found)} of the first are compared.")
            break
        try:
            found.append(runs.get(run))
        except ValueError:
            notes.append(f"There is no run {plain(run, 40)} any more, or never was.")
    return found, notes


def labels(found: Sequence[Run]) -> list[str]:
    """Names that tell runs apart, in plain text: names can be the same."""
    short = (n if len(n) <= _LONGEST_SHOWN else n[: _LONGEST_SHOWN - 1] + "…" for n in (run.name for run in found))
    return [f"{i} · {name}" for i, name in enumerate(short, start=1)]


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
    jobs, who = training.shared_jobs(), visitors.named()
    begun = training.once((run.id, setup), lambda: jobs.start(setup, name, runs.content(run.id), **who))
    choose([*chosen(), begun])


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
    events = [event.recorded for event in runs.events(run.id, kinds=(CommandDone.kind,))]
    steered = any(done.command == "set_learning_rate" for done in of_kind(events, CommandDone))
    if steered or run.status != "finished":
        what = "its learning rate was changed by hand" if steered else f"it is {run.status}"
        st.caption(f"The script trains to the end as configured; this run did not: {what}.")
