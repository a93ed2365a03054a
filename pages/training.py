"""The Live training page: a real Keras model, watched and steered while it learns."""

import streamlit as st

from gdviz import training
from gdviz.charts.training import by_layer, curves
from gdviz.runs import RESUMABLE as RUNS_THAT_GO_ON
from gdviz.runs import Run, StoreError
from gdviz.training.channel import Command
from gdviz.training.history import History
from gdviz.ui import controls, style
from gdviz.ui import training as ui
from gdviz.ui.charts import is_dark, show
from gdviz.ui.navigation import begin_page
from gdviz.ui.width import page_width

ENDED = ("stopped", "finished", "diverged", "failed", "interrupted")
LAYERS = {
    "gradient_norm": "norm of the gradient",
    "weight_norm": "norm of the weights",
    "update_ratio": "update over weight",
    "inactive": "saturated or dead share",
}


def take_over_from_descent() -> None:
    """The first optimizer of the Descent page, with its learning rate, schedule and clipping."""
    try:
        ui.show_again(training.from_descent(controls.kept_experiment().descents()[0], ui.kept_setup()))
    except ValueError as error:
        st.session_state["training_error"] = str(error)


def start(setup: training.TrainingSetup, content: bytes | None) -> None:
    st.query_params["run"] = ui.shared_jobs().start(setup, content=content)


def send(run: str, name: str, value: float | None = None) -> None:
    try:
        ui.shared_jobs().runs.send(run, Command(name, value))
    except (StoreError, ValueError) as error:
        st.session_state["training_error"] = str(error)


def steering(run: Run) -> None:
    """Buttons for a run that is under way."""
    names = {"pause": "Pause", "resume": "Resume", "stop": "Stop", "step_batch": "One batch", "step_epoch": "One epoch"}
    with st.container(horizontal=True):
        for name, label in names.items():
            st.button(label, on_click=send, args=(run.id, name), key=f"send.{name}")
    rate = st.number_input(
        "Learning rate from now on", 0.0, value=run.setup.optimizer.learning_rate, format="%.6g", key=f"rate.{run.id}"
    )
    st.button("Change the learning rate", on_click=send, args=(run.id, "set_learning_rate", rate))


def pictures(history: History, width: int) -> None:
    """The curves of a run."""
    columns = [st.container()] if width < 720 else list(st.columns(2))
    each = width if width < 720 else width // 2 - 10
    names = {name for row in history.epochs.values() for name in row}
    metrics = sorted(name.removeprefix("val_") for name in names if name.startswith("val_") and name != "val_loss")
    drawn = {
        "loss": {name: history.series(name) for name in ("loss", "val_loss") if history.series(name)[0]},
        **{m: {n: _by_epoch(history, n) for n in (m, f"val_{m}") if _by_epoch(history, n)[0]} for m in metrics},
        "learning rate": {"learning rate": history.series("learning_rate")},
        **{label: by_layer(history.series(name)) for name, label in LAYERS.items()},
    }
    if drawn["loss"].get("val_loss"):
        drawn["loss"] = {"loss": _by_epoch(history, "loss"), "val_loss": _by_epoch(history, "val_loss")}
        drawn = {"loss of each batch": {"loss": history.series("loss")}, **drawn}
    shown = [(label, series) for label, series in drawn.items() if any(places for places, _ in series.values())]
    for i, (label, series) in enumerate(shown):
        across = "epoch" if label == "loss" or label in metrics else "step"
        scale = "log" if "loss" in label or "norm" in label or "over" in label else "linear"
        with columns[i % len(columns)]:
            show(curves(series, across, label, scale=scale, width=each, dark=is_dark()), f"training.{label}")


def _by_epoch(history: History, name: str) -> tuple[list[int], list[float]]:
    kept = [(epoch, row[name]) for epoch, row in sorted(history.epochs.items()) if name in row]
    return [epoch for epoch, _ in kept], [value for _, value in kept]


def watch(width: int) -> None:
    """The run that the address bar names: how it stands, and its curves."""
    run = ui.shared_jobs().runs.get(st.query_params["run"])
    place = ui.shared_jobs().runs.place(run.id)
    waiting = f", place {place} in the queue" if place else ""
    progress = f"{run.epochs} of {run.setup.epochs} epochs · {run.seconds:.1f} s of training"
    st.markdown(f"**{run.status}**{waiting} · {progress}. {run.reason}")
    history = ui.history_of(ui.shared_jobs().runs, run.id)
    if history.batches:
        pictures(history, width)
    elif run.status not in ENDED:
        st.caption("The worker prepares the data and compiles the model; the first batch follows in a moment.")
    if run.status in ENDED and st.session_state.get("training_active") == run.id:
        st.session_state["training_active"] = ""
        st.rerun()


begin_page()
style.apply()
st.header("Live training")
st.markdown(
    "A real Keras model in a process of its own: Stop stops it at the batch in hand, closing the page does not."
)
width = page_width()
ui.preset_controls(st.sidebar)
st.sidebar.button("Take over from Descent", on_click=take_over_from_descent, help="Its first optimizer, all settings.")
if error := st.session_state.pop("training_error", None):
    st.error(error)
try:
    setup, content = ui.setup_controls(st.sidebar)
except ValueError as error:
    st.error(f"{error}")
    st.stop()
if width is None:
    st.stop()  # the browser is about to tell, and the page runs again

missing = setup.data.name == ui.OWN_TABLE and content is None
# Not by a callback: that would be given what the controls showed before the change made last.
if st.button("Start", type="primary", disabled=missing):
    start(setup, content)
with st.expander("Show the code"):
    try:
        st.code(training.keras_script(setup), language="python")
    except ValueError as error:
        st.info(f"{error}")

jobs = ui.shared_jobs()  # from now on its process loads TensorFlow, while the user still chooses
if trouble := jobs.trouble():
    st.info(trouble)
if "run" in st.query_params:
    try:
        current = jobs.runs.get(st.query_params["run"])
    except ValueError as error:
        st.warning(f"{error}")
        st.stop()
    active = current.status not in ENDED
    st.session_state["training_active"] = current.id if active else ""
    if active:
        steering(current)
    st.fragment(watch, run_every=0.5 if active else None)(width)
    if not active:
        st.download_button(
            "Download history (CSV, by batch)",
            lambda: jobs.runs.history_csv(current.id, "batch"),
            "gdviz-run.csv",
            "text/csv",
            on_click="ignore",
        )
        if current.status in RUNS_THAT_GO_ON:
            st.button("Go on from the last checkpoint", on_click=jobs.resume, args=(current.id,))
        if current.status == "diverged":
            content = jobs.runs.content(current.id)
            for change, cured in training.cures(current.setup).items():
                st.button(f"Try {change}", on_click=start, args=(cured, content))
