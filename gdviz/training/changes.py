"""One change to a training: which fields can be changed alone, and the training with another value in one of them."""

from dataclasses import replace
from typing import Any

from gdviz.catalogue import Catalogue, Entry, Knob, Value, knob
from gdviz.clipping import CLIPPERS
from gdviz.schedules import SCHEDULES
from gdviz.training.datasets import DATASETS
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.setup import LOSSES, MOST_BATCH, MOST_EPOCHS, MOST_SEED, TrainingSetup

_CATALOGUES: dict[str, Catalogue[Any]] = {
    "optimizer": KERAS_OPTIMIZERS,
    "schedule": SCHEDULES,
    "clip": CLIPPERS,
    "data": DATASETS,
}
_PARTS = ("split", "convolution", "output", "reduce_on_plateau", "early_stopping", "watch")
_RATE = "optimizer.learning_rate"


def single_changes(setup: TrainingSetup) -> dict[str, Knob]:
    """The fields of a training that can be changed alone, by dotted name, each with its present value as default.

    >>> single_changes(TrainingSetup())["epochs"].default
    10
    """
    own = {
        "epochs": knob(setup.epochs, 1, MOST_EPOCHS, help="passes over the training part"),
        "batch_size": knob(setup.batch_size or 32, 1, MOST_BATCH, help="rows of a batch"),
        "seed": knob(setup.seed, 0, MOST_SEED, help="of the initial weights, the order of batches, and dropout"),
        "loss": knob(setup.loss, choices=LOSSES[setup.data.task], help="what is minimised"),
        "warmup_steps": knob(setup.warmup_steps, 0, 1_000_000, help="steps over which the learning rate rises"),
    }
    found = {_RATE: _knobs("optimizer", setup.optimizer)[_RATE]}
    found |= {name: replace(made.metadata["declared"], name=name) for name, made in own.items()}
    for part, catalogue in _CATALOGUES.items():
        entry = getattr(setup, part)
        choice = knob(entry.name if entry else next(iter(catalogue)), choices=tuple(catalogue), help=catalogue.kind)
        found[f"{part}.name"] = replace(choice.metadata["declared"], name="name")
        found |= _knobs(part, entry)
    for number, layer in enumerate(setup.layers, start=1):
        found |= _knobs(f"layers.{number}", layer)
    for part in _PARTS:
        found |= _knobs(part, getattr(setup, part))
    return {name: field for name, field in found.items() if name != "schedule.initial_learning_rate"}


def with_change(setup: TrainingSetup, name: str, value: Value) -> TrainingSetup:
    """A training with another value in one field. Another optimizer, schedule or data set keeps what it shares with the
    one before.

    Args:
        setup: The training.
        name: The field, one of :func:`single_changes`.
        value: Its value.

    Raises:
        ValueError: There is no such field, or the value is not allowed there.

    >>> with_change(TrainingSetup(), "layers.1.units", 8).layers[0].units
    8
    """
    if name not in single_changes(setup):
        raise ValueError(f"field must be one that can be changed alone; got {name!r}")
    part, _, field = name.partition(".")
    if not field:
        return setup.changed(**{part: value})
    if part == "layers":
        number, _, field = field.partition(".")
        layers, changed = list(setup.layers), dict[str, Any]({field: value})
        layers[int(number) - 1] = replace(layers[int(number) - 1], **changed)
        return setup.changed(layers=tuple(layers))
    if field != "name":
        return setup.changed(**{part: replace(getattr(setup, part), **{field: value})})
    catalogue, before = _CATALOGUES[part], getattr(setup, part)
    shared = {knob.name for knob in catalogue[str(value)].knobs()}
    values = {key: given for key, given in (before.values() if before else {}).items() if key in shared}
    return setup.changed(**{part: catalogue.make(str(value), **values)})


def _knobs(part: str, entry: Entry | None) -> dict[str, Knob]:
    """The knobs of an entry by dotted name, with the values that it has."""
    if entry is None:
        return {}
    return {f"{part}.{k.name}": replace(k, default=_default(k, entry.values()[k.name])) for k in entry.knobs()}


def _default(knob: Knob, value: Value) -> Value:
    return knob.default if knob.default is None else value
