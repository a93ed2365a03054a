"""A training in the fields of a link, and back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gdviz.catalogue import Catalogue, Entry
from gdviz.catalogue.links import Fields, entry_text, read_entry, read_values, settings_text, whole
from gdviz.clipping import CLIPPERS
from gdviz.schedules import SCHEDULES
from gdviz.training.datasets import DATASETS
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.parts import ConvNet, DenseLayer, EarlyStopping, OutputLayer, ReduceOnPlateau, Split, Watch
from gdviz.training.setup import TrainingSetup

_CATALOGUES: dict[str, Catalogue[Any]] = {"optimizer": KERAS_OPTIMIZERS, "schedule": SCHEDULES, "clip": CLIPPERS}
_PARTS: dict[str, type[Entry]] = {
    "split": Split,
    "convolution": ConvNet,
    "output": OutputLayer,
    "reduce_on_plateau": ReduceOnPlateau,
    "early_stopping": EarlyStopping,
    "watch": Watch,
}
_NUMBERS = ("warmup_steps", "epochs", "seed")


def to_link(setup: TrainingSetup) -> dict[str, list[str]]:
    """The fields of a link that reproduces a training exactly; a user's own file is not part of it.

    >>> to_link(TrainingSetup())["layer"]
    ['units=64,activation=relu,kernel_initializer=glorot_uniform,stddev=0.05,use_bias=True,l1=0.0,l2=0.0,max_norm=None,normalization=none,dropout=0.0,residual=False']
    """
    named = {name: getattr(setup, name) for name in ("data", *_CATALOGUES)}
    parts = {name: getattr(setup, name) for name in _PARTS}
    fields = {
        **{name: [entry_text(entry)] for name, entry in named.items() if entry is not None},
        **{name: [_settings(part)] for name, part in parts.items() if part is not None},
        "layer": [_settings(layer) for layer in setup.layers] or ["none"],
        **{name: [str(getattr(setup, name))] for name in _NUMBERS},
        "batch_size": ["all" if setup.batch_size is None else str(setup.batch_size)],
        "loss": [str(setup.loss)],
        "metric": list(setup.metrics or ["none"]),
    }
    return {name: fields[name] for name in ("data", "split", "convolution", "layer", *fields) if name in fields}


def from_link(fields: Fields, default: TrainingSetup | None = None) -> tuple[TrainingSetup, list[str]]:
    """The training that a link describes, and a note on every field that could not be read and took its default.

    A field that does not go together with those before it is left out as well.
    """
    setup, notes = default or TrainingSetup(), []  # type: tuple[TrainingSetup, list[str]]

    def take(name: str, read: Callable[[list[str]], dict[str, Any]]) -> None:
        nonlocal setup
        if fields.get(name):
            try:
                setup = replace(setup, **read(list(fields[name])))
            except ValueError as error:
                notes.append(f"{name}: {error}. The default is used.")

    def part(name: str) -> Callable[[list[str]], dict[str, Any]]:
        return lambda texts: {name: _PARTS[name](**read_values(_PARTS[name], texts[0].split(","), notes))}

    def entry(name: str) -> Callable[[list[str]], dict[str, Any]]:
        return lambda texts: {name: read_entry(_CATALOGUES[name], texts[0], notes)}

    take("data", lambda texts: {"data": read_entry(DATASETS, texts[0], notes), "loss": None, "metrics": None})
    take("split", part("split"))
    take("convolution", part("convolution"))
    take("layer", lambda texts: {"layers": _layers(texts, notes)})
    take("output", part("output"))
    take("optimizer", lambda texts: {**entry("optimizer")(texts), "schedule": None})
    take("schedule", entry("schedule"))
    for name in _NUMBERS:
        take(name, lambda texts, name=name: {name: whole(texts[0])})  # type: ignore[misc]
    for name in ("reduce_on_plateau", "early_stopping", "watch"):
        take(name, part(name))
    take("clip", entry("clip"))
    take("batch_size", lambda texts: {"batch_size": None if texts[0] == "all" else whole(texts[0])})
    take("loss", lambda texts: {"loss": texts[0]})
    take("metric", lambda texts: {"metrics": () if texts == ["none"] else tuple(texts)})
    return setup, notes


def _settings(entry: Entry) -> str:
    return ",".join(text.replace("'", "") for text in settings_text(entry))


def _layers(texts: list[str], notes: list[str]) -> tuple[DenseLayer, ...]:
    if texts == ["none"]:
        return ()
    return tuple(DenseLayer(**read_values(DenseLayer, text.split(","), notes)) for text in texts)
