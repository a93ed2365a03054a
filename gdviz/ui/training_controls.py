"""The controls of a training: every field of its setup has a widget."""

from collections.abc import Callable
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Part
from gdviz.export import reference
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
    KerasOptimizer,
    TrainingSetup,
)
from gdviz.ui import own_table, widgets
from gdviz.ui.form import Form, Group, draw, draw_entry, draw_several, preset_control
from gdviz.ui.training import OWN_TABLE, TRAINING

GROUPS: tuple[Group, ...] = (
    ("", ("data",)),
    ("Split and scaling", ("split",)),
    ("", ("convolution", "layers")),
    ("Output, loss and metrics", ("loss", "metrics", "output")),
    ("", ("optimizer", "schedule", "batch_size", "epochs", "seed")),
    ("Warm-up, clipping, plateau, early stopping", ("warmup_steps", "clip", "reduce_on_plateau", "early_stopping")),
    ("What to watch", ("watch",)),
)
BY_STEP = {name: entry for name, entry in SCHEDULES.items() if not entry.follows_loss}
"""The schedules that a step alone determines."""


def preset_controls(box: DeltaGenerator) -> None:
    """A select box that shows the preset that the controls describe, if any, and takes over the one that is chosen."""
    preset_control(
        box, TRAINING, "preset", PRESETS, {name: name for name in PRESETS}, TRAINING.setup, TRAINING.show_again
    )


def setup_controls(box: DeltaGenerator) -> TrainingSetup:
    """All controls; the training that they describe. Before they are touched, that is the one kept.

    Raises:
        ValueError: The chosen values do not go together; the message says which and why.
    """
    exact = box.toggle("Exact numbers", key="training.exact", help="Number fields in place of sliders.")
    # A slider and the field in its place are two widgets: with one key, the second would not know what the first had.
    kind = "exact" if exact else "sliders"
    form = Form(TRAINING.setup, lambda name: TRAINING.key(f"{kind}.{name}"), exact, SPECIAL)
    values = form.draw(box, GROUPS)
    values["schedule"] = values["schedule"].starting_at(values["optimizer"].learning_rate)
    return TrainingSetup(**values)


def _data_controls(form: Form, box: DeltaGenerator) -> Dataset:
    key, current = form.key_of("data"), form.setup.data
    name = widgets.select(box, "Data", widgets.labels(DATASETS), key, current.name)
    if name == OWN_TABLE:
        return own_table.controls(box, form.key("own"), current)
    return widgets.entry(box, DATASETS, name, key, current.values() if name == current.name else {}, form.exact)


def _convolution_controls(form: Form, box: DeltaGenerator) -> ConvNet | None:
    """Convolutions are for images only."""
    if form.values["data"].image is None:
        return None
    panel = box.expander("Convolutions", key=form.key("convolutions"))
    made: ConvNet | None = draw(
        panel, form.fields["convolution"], form.key_of("convolution"), form.setup.convolution, form.exact
    )
    return made


def _layer_controls(form: Form, box: DeltaGenerator) -> tuple[DenseLayer, ...]:
    def title(number: int, shown: Callable[[str], Any]) -> str:
        return f"Layer {number}: {shown('units')} {shown('activation')}"

    made: tuple[DenseLayer, ...] = draw_several(
        box, _part(form, "layers"), form.key("layer"), form.setup.layers, form.exact, title, count_key=form.key("depth")
    )
    return made


def _loss_control(form: Form, box: DeltaGenerator) -> str:
    """The losses are those of the task; each task remembers its own."""
    task = form.values["data"].task
    current = form.setup.loss if task == form.setup.data.task else LOSSES[task][0]
    labels = {name: widgets.spaced(name) for name in LOSSES[task]}
    return widgets.select(box, "Loss", labels, form.key(f"loss.{task}"), current)


def _metrics_control(form: Form, box: DeltaGenerator) -> tuple[str, ...]:
    task = form.values["data"].task
    current = list(form.setup.metrics) if task == form.setup.data.task else [METRICS[task][0]]
    key = form.key(f"metrics.{task}")
    first = widgets.first_value(key, current)
    return tuple(box.multiselect("Metrics", METRICS[task], first, format_func=widgets.spaced, key=key))


def _optimizer_controls(form: Form, box: DeltaGenerator) -> KerasOptimizer:
    """The learning rate stands in the open, all other hyperparameters in an expander."""
    key, current = form.key_of("optimizer"), form.setup.optimizer
    name = widgets.select(box, "Optimizer", widgets.labels(KERAS_OPTIMIZERS), key, current.name, about=_in_reference)
    before = current.values() if name == current.name else {}
    rate, *others = KERAS_OPTIMIZERS[name].knobs()
    values = {rate.name: widgets.knob_of(box, rate, f"{key}.{name}", before, form.exact)}
    panel = box.expander("Hyperparameters", key=form.key("hyperparameters"))
    values |= {knob.name: widgets.knob_of(panel, knob, f"{key}.{name}", before, form.exact) for knob in others}
    return KERAS_OPTIMIZERS.make(name, **values)


def _in_reference(name: str) -> str:
    rule = reference.of_keras(KERAS_OPTIMIZERS[name].keras_class)
    return widgets.in_reference(rule) if rule else ""


def _schedule_controls(form: Form, box: DeltaGenerator) -> Schedule:
    key, place = form.key_of("schedule"), box.container()
    panel = box.expander("Its hyperparameters", key=form.key("schedules"))
    made: Schedule = draw_entry(
        place, _part(form, "schedule"), key, form.setup.schedule, form.exact, among=BY_STEP, panel=panel
    )
    return made


def _batch_controls(form: Form, box: DeltaGenerator) -> int | None:
    key, current = form.key("full"), form.setup.batch_size
    if box.checkbox("All rows in one batch", widgets.first_value(key, current is None), key=key):
        return None
    size: int = draw(box, form.fields["batch_size"], form.key_of("batch_size"), current or 32, form.exact)
    return size


def _part(form: Form, name: str) -> Part:
    field = form.fields[name]
    assert isinstance(field, Part)
    return field


SPECIAL: dict[str, Any] = {
    "data": _data_controls,
    "convolution": _convolution_controls,
    "layers": _layer_controls,
    "loss": _loss_control,
    "metrics": _metrics_control,
    "optimizer": _optimizer_controls,
    "schedule": _schedule_controls,
    "batch_size": _batch_controls,
}
"""The fields that are drawn in a way of their own."""
