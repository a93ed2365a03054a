"""Everything that determines a training: one frozen, checked, JSON-able configuration."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral
from typing import Any

from gdviz.catalogue import Catalogue, Entry
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.schedules import SCHEDULES, Constant, Schedule
from gdviz.training.datasets import DATASETS, Dataset
from gdviz.training.optimizers import KERAS_OPTIMIZERS, KerasOptimizer
from gdviz.training.parts import ConvNet, DenseLayer, EarlyStopping, OutputLayer, ReduceOnPlateau, Split, Watch

MOST_LAYERS = 10
MOST_EPOCHS = 100_000
MOST_BATCH = 1_000_000
MOST_SEED = 2**31 - 1

LOSSES = {
    "classes": (
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "kl_divergence",
        "mean_squared_error",
        "mean_absolute_error",
    ),
    "binary": ("binary_crossentropy", "binary_focal_crossentropy", "mean_squared_error", "mean_absolute_error"),
    "regression": ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"),
}
"""The losses that fit each task, the usual one first: names of ``keras.losses``."""

METRICS = {
    "classes": ("categorical_accuracy", "top_k_categorical_accuracy", "mean_squared_error"),
    "binary": ("binary_accuracy", "mean_squared_error"),
    "regression": ("mean_absolute_error", "mean_squared_error"),
}
"""The metrics that fit each task, the usual one first: names of ``keras.metrics``, all means over samples."""


@dataclass(frozen=True)
class TrainingSetup:
    """A training of a Keras model. The same setup gives the same numbers on the same machine.

    ``schedule.initial_learning_rate`` and ``optimizer.learning_rate`` are the same number.

    Raises:
        ValueError: A field is not allowed, or two do not go together; names the field, its value, what is allowed.

    >>> TrainingSetup(batch_size=0)
    Traceback (most recent call last):
    ValueError: batch_size must be a whole number with 1 ≤ batch_size ≤ 1000000, or None; got 0
    """

    data: Dataset = field(default_factory=lambda: DATASETS.make("digits"))
    split: Split = field(default_factory=Split)
    convolution: ConvNet | None = None
    """Convolutions in front of the dense layers; for images only."""
    layers: tuple[DenseLayer, ...] = (DenseLayer(),)
    """Hidden dense layers, from 0 to 10."""
    output: OutputLayer = field(default_factory=OutputLayer)
    optimizer: KerasOptimizer = field(default_factory=lambda: KERAS_OPTIMIZERS.make("adam"))
    schedule: Schedule | None = None
    """None stands for the optimizer's own learning rate, constant."""
    warmup_steps: int = 0
    """Steps over which the learning rate rises to the schedule's: step t < w takes the share (t+1)/w of it."""
    reduce_on_plateau: ReduceOnPlateau | None = None
    clip: Clipper | None = None
    batch_size: int | None = 32
    """Rows of a batch; None for all of the training part."""
    epochs: int = 10
    early_stopping: EarlyStopping | None = None
    loss: str | None = None
    """A name of ``gdviz.training.LOSSES``; None stands for the usual one of the task."""
    metrics: tuple[str, ...] | None = None
    """Names of ``gdviz.training.METRICS``; None stands for the usual one of the task."""
    seed: int = 0
    """Determines initial weights, the order of the batches and dropout."""
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        task = self.data.task
        given = self.schedule or Constant(self.optimizer.learning_rate)
        self._set(
            schedule=given,
            optimizer=replace(self.optimizer, learning_rate=given.initial_learning_rate),
            layers=tuple(self.layers),
            loss=LOSSES[task][0] if self.loss is None else self.loss,
            metrics=METRICS[task][:1] if self.metrics is None else tuple(self.metrics),
        )
        for name, low, high in _WHOLE:
            value = getattr(self, name)
            if value is None and name == "batch_size":
                continue
            if not isinstance(value, Integral) or isinstance(value, bool) or not low <= int(value) <= high:
                other = ", or None" if name == "batch_size" else ""
                raise ValueError(f"{name} must be a whole number with {low} ≤ {name} ≤ {high}{other}; got {value!r}")
            self._set(**{name: int(value)})
        if self.loss not in LOSSES[task]:
            raise ValueError(f"loss must be one of {', '.join(LOSSES[task])} for {self.data.label}; got {self.loss!r}")
        for metric in self.metrics or ():
            if metric not in METRICS[task]:
                allowed = ", ".join(METRICS[task])
                raise ValueError(f"metrics must be of {allowed} for {self.data.label}; got {metric!r}")
        self._check_layers()
        self._check_monitors()

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_layers(self) -> None:
        if len(self.layers) > MOST_LAYERS:
            raise ValueError(f"layers must be at most {MOST_LAYERS}; got {len(self.layers)}")
        if self.convolution is not None and self.data.image is None:
            raise ValueError(f"convolution must be None for {self.data.label}: its inputs are not images")
        for number, layer in enumerate(self.layers, start=1):
            before = self.layers[number - 2].units if number > 1 else None
            if layer.residual and layer.units != before:
                raise ValueError(
                    f"layers: layer {number} can only be residual behind a dense layer of its own width; "
                    f"it has {layer.units} units, the layer before {before or 'is the input'}"
                )

    def _check_monitors(self) -> None:
        validated = self.split.validation > 0 or self.split.validate_on_test
        for name in ("reduce_on_plateau", "early_stopping"):
            part = getattr(self, name)
            if part is not None and part.monitor == "val_loss" and not validated:
                raise ValueError(f"{name}: monitor must be loss where no part validates; got 'val_loss'")
        if self.plan.follows_loss:
            raise ValueError(
                f"schedule must not follow the loss step by step; got {self.plan.label}: "
                "reduce_on_plateau does it by epoch"
            )
        warmup = self.warmup_steps or self.plan.values()["warmup_steps"]
        if self.reduce_on_plateau and (not isinstance(self.schedule, Constant) or warmup):
            raise ValueError(
                "reduce_on_plateau needs the constant schedule without warm-up, as in Keras; "
                f"got {self.plan.label} with warmup_steps={warmup}"
            )

    @property
    def plan(self) -> Schedule:
        """The schedule, which is never None once the setup is made."""
        assert self.schedule is not None
        return self.schedule

    def learning_rate(self, step: Any) -> Any:
        """The learning rate at ``step``, a whole number or an array of them, counting from 0."""
        rate = self.plan(step)
        if not self.warmup_steps:
            return rate
        import numpy as np

        return rate * np.minimum(1.0, (np.asarray(step) + 1) / self.warmup_steps)

    def changed(self, **values: Any) -> "TrainingSetup":
        """The same setup with other values for some fields; another learning rate reaches the schedule as well."""
        if "optimizer" in values and "schedule" not in values:
            values["schedule"] = self.plan.starting_at(values["optimizer"].learning_rate)
        if "data" in values:
            values = {"loss": None, "metrics": None, **values}
        return replace(self, **values)

    def to_dict(self) -> dict[str, Any]:
        """The setup as plain values: the argument of :meth:`from_dict`, and what is stored."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def to_json(self) -> str:
        """The setup as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingSetup":
        """The setup that :meth:`to_dict` wrote. Fields that are missing take their defaults.

        Raises:
            ValueError: A field is unknown or not allowed.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"a training must be an object with named fields; got {values!r}")
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"no field {name!r} in a training; it has {', '.join(known)}")
        return cls(**{name: _made(name, value) for name, value in values.items()})

    @classmethod
    def from_json(cls, text: str) -> "TrainingSetup":
        """The setup that :meth:`to_json` wrote."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"a training must be JSON: {error}") from None
        return cls.from_dict(values)

    def flat(self) -> dict[str, Any]:
        """All values by dotted field, with layers counted from 1: ``{"layers.1.units": 64}``."""
        return _flat(self.to_dict())

    def differences(self, other: "TrainingSetup") -> dict[str, tuple[Any, Any]]:
        """What differs between two setups: values by dotted field, ``{"optimizer.learning_rate": (0.1, 0.01)}``."""
        mine, theirs = self.flat(), other.flat()
        names = [*mine, *(name for name in theirs if name not in mine)]
        return {n: (mine.get(n), theirs.get(n)) for n in names if mine.get(n) != theirs.get(n)}


_WHOLE = (
    ("warmup_steps", 0, 1_000_000),
    ("batch_size", 1, MOST_BATCH),
    ("epochs", 1, MOST_EPOCHS),
    ("seed", 0, MOST_SEED),
)
_CATALOGUES: dict[str, Catalogue[Any]] = {
    "data": DATASETS,
    "optimizer": KERAS_OPTIMIZERS,
    "schedule": SCHEDULES,
    "clip": CLIPPERS,
}
_PARTS: dict[str, type[Entry]] = {
    "split": Split,
    "convolution": ConvNet,
    "output": OutputLayer,
    "reduce_on_plateau": ReduceOnPlateau,
    "early_stopping": EarlyStopping,
    "watch": Watch,
}

_OPTIONAL = {"convolution", "schedule", "reduce_on_plateau", "clip", "early_stopping"}


def _plain(value: Any) -> Any:
    if isinstance(value, Entry):
        name = {"name": value.name} if hasattr(value, "name") else {}
        return {**name, **asdict(value)}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _made(name: str, value: Any) -> Any:
    """The part of a setup that plain values stand for."""
    if name == "layers":
        if not isinstance(value, list | tuple):
            raise ValueError(f"layers must be a list of dense layers; got {value!r}")
        return tuple(_entry("layers", DenseLayer, layer) for layer in value)
    if name == "metrics" and value is not None:
        if not isinstance(value, list | tuple):
            raise ValueError(f"metrics must be a list of names; got {value!r}")
        return tuple(value)
    if name not in _CATALOGUES | _PARTS or (value is None and name in _OPTIONAL):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object with named fields; got {value!r}")
    if name in _PARTS:
        return _entry(name, _PARTS[name], value)
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in value.items() if key != "name"}
    return _CATALOGUES[name].make(str(value.get("name")), **values)


def _entry(name: str, part: type[Entry], values: Any) -> Entry:
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} must be an object with named fields; got {values!r}")
    known = [k.name for k in part.knobs()]
    for key in values:
        if key not in known:
            raise ValueError(f"{part.label}: no field {key!r}; it has {', '.join(known)}")
    return part(**values)


def _flat(values: Any, path: str = "") -> dict[str, Any]:
    if isinstance(values, list):
        values = {str(i + 1): value for i, value in enumerate(values)}
    if not isinstance(values, dict):
        return {path: values}
    return {
        name: leaf
        for key, value in values.items()
        for name, leaf in _flat(value, f"{path}.{key}" if path else key).items()
    }
