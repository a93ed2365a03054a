"""The controls of a training: every field of its setup has a widget."""

from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Entry
from gdviz.clipping import Clipper
from gdviz.schedules import SCHEDULES, Schedule
from gdviz.training import (
    DATASETS,
    KERAS_OPTIMIZERS,
    LOSSES,
    METRICS,
    PRESETS,
    ConvNet,
    Dataset,
    DenseLayer,
    EarlyStopping,
    KerasOptimizer,
    OutputLayer,
    ReduceOnPlateau,
    Split,
    TrainingSetup,
    Watch,
)
from gdviz.training.setup import MOST_BATCH, MOST_EPOCHS, MOST_LAYERS, MOST_SEED
from gdviz.ui import own_table, widgets
from gdviz.ui.controls import clip_controls
from gdviz.ui.training import OWN_TABLE, kept_setup, show_again

P = TypeVar("P", bound=Entry)

_BY_STEP = {name: entry for name, entry in SCHEDULES.items() if not entry.follows_loss}
"""The schedules that a step alone determines."""


def preset_controls(box: DeltaGenerator) -> None:
    """A select box that shows the preset that the controls describe, if any, and takes over the one that is chosen."""
    current = kept_setup()
    match = next((name for name, preset in PRESETS.items() if preset == current), None)
    # What it shows follows from the other controls: when that changes, it is another widget.
    key = f"training.preset.{st.session_state.get('training_generation', 0)}.{match}"
    names = list(PRESETS)

    def take_over() -> None:
        if chosen := st.session_state[key]:
            show_again(PRESETS[chosen])

    index = names.index(match) if match else None
    box.selectbox("Preset", names, index, key=key, placeholder="None of these", on_change=take_over)


def setup_controls(box: DeltaGenerator) -> TrainingSetup:
    """All controls; the training that they describe. Before they are touched, that is the one kept.

    Raises:
        ValueError: The chosen values do not go together; the message says which and why.
    """
    current = kept_setup()
    exact = box.toggle("Exact numbers", key="training.exact", help="Number fields in place of sliders.")
    # A slider and the field in its place are two widgets: with one key, the second would not know what the first had.
    key = f"training.{st.session_state.get('training_generation', 0)}.{'exact' if exact else 'sliders'}"
    data = _data_controls(box, key, current.data, exact)
    split = _part(box.expander("Split and scaling", key=f"{key}.splits"), Split, f"{key}.split", current.split, exact)
    convolution = _convolution_controls(box, key, data, current.convolution, exact)
    layers = _layer_controls(box, key, current.layers, exact)
    output, loss, metrics = _output_controls(box, key, data, current, exact)
    optimizer = _optimizer_controls(box, key, current.optimizer, exact)
    schedule = _schedule_controls(box, key, current.plan, exact)
    batch_size, epochs, seed = _run_controls(box, key, current)
    more = box.expander("Warm-up, clipping, plateau, early stopping", key=f"{key}.more")
    warmup_steps, clip, plateau, stopping = _rate_controls(more, key, current, exact)
    watch = _part(box.expander("What to watch", key=f"{key}.watching"), Watch, f"{key}.watch", current.watch, exact)
    return TrainingSetup(
        data=data,
        split=split,
        convolution=convolution,
        layers=layers,
        output=output,
        optimizer=optimizer,
        schedule=schedule.starting_at(optimizer.learning_rate),
        warmup_steps=warmup_steps,
        reduce_on_plateau=plateau,
        clip=clip,
        batch_size=batch_size,
        epochs=epochs,
        early_stopping=stopping,
        loss=loss,
        metrics=metrics,
        seed=seed,
        watch=watch,
    )


def _part(box: DeltaGenerator, part: type[P], key: str, current: P | None, exact: bool) -> P:
    """One widget for each hyperparameter of a part."""
    first = (current or part()).values()
    values = {
        knob.name: widgets.number(box, knob, f"{key}.{knob.name}", first[knob.name], exact) for knob in part.knobs()
    }
    return part(**values)


def _optional(box: DeltaGenerator, part: type[P], key: str, current: P | None, exact: bool) -> P | None:
    """A check box, and the widgets of the part where it is checked."""
    if not box.checkbox(part.label, widgets.first_value(key, current is not None), key=key):
        return None
    return _part(box, part, key, current, exact)


def _data_controls(box: DeltaGenerator, key: str, current: Dataset, exact: bool) -> Dataset:
    name = widgets.select(box, "Data", widgets.labels(DATASETS), f"{key}.data", current.name)
    before = current.values() if name == current.name else {}
    if name == OWN_TABLE:
        return own_table.controls(box, f"{key}.own", current)
    return widgets.entry(box, DATASETS, name, f"{key}.data", before, exact)


def _convolution_controls(
    box: DeltaGenerator, key: str, data: Dataset, current: ConvNet | None, exact: bool
) -> ConvNet | None:
    if data.image is None:
        return None
    return _optional(box.expander("Convolutions", key=f"{key}.convolutions"), ConvNet, f"{key}.conv", current, exact)


def _layer_controls(
    box: DeltaGenerator, key: str, current: tuple[DenseLayer, ...], exact: bool
) -> tuple[DenseLayer, ...]:
    first = widgets.first_value(f"{key}.depth", len(current))
    count = int(box.number_input("Hidden dense layers", 0, MOST_LAYERS, first, key=f"{key}.depth"))
    made = []
    for number in range(count):
        before = current[min(number, len(current) - 1)] if current else DenseLayer()
        units = st.session_state.get(f"{key}.layer{number}.units", before.units)
        activation = st.session_state.get(f"{key}.layer{number}.activation", before.activation)
        panel = box.expander(f"Layer {number + 1}: {units} {activation}", key=f"{key}.layer{number}")
        made.append(_part(panel, DenseLayer, f"{key}.layer{number}", before, exact))
    return tuple(made)


def _output_controls(
    box: DeltaGenerator, key: str, data: Dataset, current: TrainingSetup, exact: bool
) -> tuple[OutputLayer, str, tuple[str, ...]]:
    """Losses and metrics are those of the task; each task remembers its own."""
    task, same = data.task, data.task == current.data.task
    panel = box.expander("Output, loss and metrics", key=f"{key}.outputs")
    names = list(LOSSES[task])
    first = widgets.first_value(f"{key}.loss.{task}", str(current.loss) if same else names[0])
    loss = panel.selectbox("Loss", names, names.index(first), format_func=_spaced, key=f"{key}.loss.{task}")
    chosen = widgets.first_value(f"{key}.metrics.{task}", list(current.metrics or ()) if same else [METRICS[task][0]])
    metrics = panel.multiselect("Metrics", METRICS[task], chosen, format_func=_spaced, key=f"{key}.metrics.{task}")
    return _part(panel, OutputLayer, f"{key}.output", current.output, exact), loss, tuple(metrics)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _optimizer_controls(box: DeltaGenerator, key: str, current: KerasOptimizer, exact: bool) -> KerasOptimizer:
    """The learning rate stands in the open, all other hyperparameters in an expander."""
    name = widgets.select(box, "Optimizer", widgets.labels(KERAS_OPTIMIZERS), f"{key}.optimizer", current.name)
    before = current.values() if name == current.name else {}
    rate, *others = KERAS_OPTIMIZERS[name].knobs()
    prefix = f"{key}.optimizer.{name}"
    values = {rate.name: widgets.number(box, rate, f"{prefix}.{rate.name}", before.get(rate.name, rate.default), exact)}
    panel = box.expander("Hyperparameters", key=f"{key}.hyperparameters")
    for knob in others:
        first = before.get(knob.name, knob.default)
        values[knob.name] = widgets.number(panel, knob, f"{prefix}.{knob.name}", first, exact)
    return KERAS_OPTIMIZERS.make(name, **values)


def _schedule_controls(box: DeltaGenerator, key: str, current: Schedule, exact: bool) -> Schedule:
    name = widgets.select(box, "Learning-rate schedule", widgets.labels(_BY_STEP), f"{key}.schedule", current.name)
    before = current.values() if name == current.name else {}
    panel = box.expander("Its hyperparameters", key=f"{key}.schedules")
    return widgets.entry(panel, SCHEDULES, name, f"{key}.schedule", before, exact, ("initial_learning_rate",))


def _run_controls(box: DeltaGenerator, key: str, current: TrainingSetup) -> tuple[int | None, int, int]:
    full = box.checkbox(
        "All rows in one batch", widgets.first_value(f"{key}.full", current.batch_size is None), key=f"{key}.full"
    )
    size = None if full else _whole(box, key, "batch_size", "Batch size", 1, MOST_BATCH, current.batch_size or 32)
    epochs = _whole(box, key, "epochs", "Epochs", 1, MOST_EPOCHS, current.epochs)
    return size, epochs, _whole(box, key, "seed", "Seed", 0, MOST_SEED, current.seed)


def _rate_controls(
    box: DeltaGenerator, key: str, current: TrainingSetup, exact: bool
) -> tuple[int, Clipper | None, ReduceOnPlateau | None, EarlyStopping | None]:
    label = "Share of the rate for the first steps"
    warmup = _whole(
        box, key, "warmup_steps", label, 0, 1_000_000, current.warmup_steps, "Step t < w takes (t+1)/w of the schedule."
    )
    clip = clip_controls(box, f"{key}.clip", current.clip, exact)
    plateau = _optional(box, ReduceOnPlateau, f"{key}.plateau", current.reduce_on_plateau, exact)
    return warmup, clip, plateau, _optional(box, EarlyStopping, f"{key}.stopping", current.early_stopping, exact)


def _whole(
    box: DeltaGenerator, key: str, name: str, label: str, low: int, high: int, current: int, help: str | None = None
) -> int:
    first = widgets.first_value(f"{key}.{name}", current)
    return int(box.number_input(label, low, high, first, step=1, key=f"{key}.{name}", help=help))
