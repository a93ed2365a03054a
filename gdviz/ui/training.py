"""The controls of a training, and the store and the workers that all sessions share."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.jobs import Jobs
from gdviz.runs import Runs
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, PRESETS, DenseLayer, TrainingSetup
from gdviz.training.history import History
from gdviz.ui import widgets
from gdviz.ui.controls import clip_controls

OWN_TABLE = "own_table"


@st.cache_resource(show_spinner="Starting the worker that trains …")
def shared_jobs() -> Jobs:
    """The workers, one set for the whole app; their process loads TensorFlow, the app's never does."""
    return Jobs(Runs())


def kept_setup() -> TrainingSetup:
    """What the widgets show before they are touched."""
    setup: TrainingSetup = st.session_state.setdefault("training", TrainingSetup())
    return setup


def show_again(setup: TrainingSetup) -> None:
    """Make all widgets anew, showing ``setup``: widgets with other keys are other widgets."""
    st.session_state["training"] = setup
    st.session_state["training_generation"] = st.session_state.get("training_generation", 0) + 1


def preset_controls(box: DeltaGenerator) -> None:
    """A select box of presets, and a button that takes the chosen one over."""
    chosen = box.selectbox("Preset", list(PRESETS), key="training.preset")
    box.button("Use this preset", on_click=show_again, args=(PRESETS[chosen],), key="training.use")


def setup_controls(box: DeltaGenerator) -> tuple[TrainingSetup, bytes | None]:
    """All controls; the training that they describe, and the user's own table where that is what is learned.

    Raises:
        ValueError: The chosen values do not go together; the message says which and why.
    """
    current = kept_setup()
    exact = box.toggle("Exact numbers", key="training.exact", help="Number fields in place of sliders.")
    prefix = f"training.{st.session_state.get('training_generation', 0)}"
    name = widgets.select(box, "Data", DATASETS, f"{prefix}.data", current.data.name)
    same = name == current.data.name
    data = widgets.entry(box, DATASETS, name, f"{prefix}.data", current.data.values() if same else {}, exact)
    content = None
    if name == OWN_TABLE:
        file = box.file_uploader("Table (CSV, with a header)", type="csv", key=f"{prefix}.file")
        content = file.getvalue() if file else None
    layers = _layer_controls(box, prefix, current.layers, exact)
    name = widgets.select(box, "Optimizer", KERAS_OPTIMIZERS, f"{prefix}.optimizer", current.optimizer.name)
    before = current.optimizer.values() if name == current.optimizer.name else {}
    panel = box.expander("Hyperparameters", key=f"{prefix}.hyperparameters")
    optimizer = widgets.entry(panel, KERAS_OPTIMIZERS, name, f"{prefix}.optimizer", before, exact)
    name = widgets.select(box, "Learning-rate schedule", SCHEDULES, f"{prefix}.schedule", current.plan.name)
    before = current.plan.values() if name == current.plan.name else {}
    without = ("initial_learning_rate", "warmup_steps")
    schedule = widgets.entry(box, SCHEDULES, name, f"{prefix}.schedule", before, exact, without)
    clip = clip_controls(box, f"{prefix}.clip", current.clip, exact)
    full = box.checkbox(
        "All rows in one batch", widgets.first_value(f"{prefix}.full", current.batch_size is None), key=f"{prefix}.full"
    )
    numbers = {
        field: int(
            box.number_input(label, low, high, widgets.first_value(f"{prefix}.{field}", first), key=f"{prefix}.{field}")
        )
        for field, label, low, high, first in (
            ("batch_size", "Batch size", 1, 8192, current.batch_size or 32),
            ("epochs", "Epochs", 1, 10_000, current.epochs),
            ("seed", "Seed", 0, 2**31 - 1, current.seed),
        )
    }
    setup = replace(
        current if same and data.task == current.data.task else TrainingSetup().changed(data=data),
        data=data,
        layers=layers,
        optimizer=optimizer,
        schedule=schedule.starting_at(optimizer.learning_rate),
        clip=clip,
        batch_size=None if full else numbers["batch_size"],
        epochs=numbers["epochs"],
        seed=numbers["seed"],
    )
    return setup, content


def _layer_controls(
    box: DeltaGenerator, prefix: str, current: tuple[DenseLayer, ...], exact: bool
) -> tuple[DenseLayer, ...]:
    first = widgets.first_value(f"{prefix}.depth", len(current))
    count = int(box.number_input("Hidden dense layers", 0, 10, first, key=f"{prefix}.depth"))
    made = []
    for number in range(count):
        before = current[min(number, len(current) - 1)] if current else DenseLayer()
        panel = box.expander(f"Layer {number + 1}", key=f"{prefix}.layer{number}")
        values = {
            knob.name: widgets.number(
                panel, knob, f"{prefix}.layer{number}.{knob.name}", before.values()[knob.name], exact
            )
            for knob in DenseLayer.knobs()
        }
        made.append(DenseLayer(**values))
    return tuple(made)


def history_of(runs: Runs, run: str) -> History:
    """What a run has recorded so far; only what is new since the last look is read."""
    if st.session_state.get("watched") != run:
        st.session_state.update({"watched": run, "watched_cursor": 0, "watched_history": History()})
    events = runs.events(run, after=st.session_state["watched_cursor"])
    history: History = st.session_state["watched_history"]
    history.add((event.kind, event.payload) for event in events)
    if events:
        st.session_state["watched_cursor"] = events[-1].cursor
    return history
