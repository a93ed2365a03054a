"""Everything that determines a training: one frozen, checked, JSON-able configuration."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from gdviz.catalogue import Knob, knob, names, one_of, optional, part, several
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.schedules import SCHEDULES, Constant, OneRate, Schedule
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
ALL_LOSSES, ALL_METRICS = (
    tuple(dict.fromkeys(name for names_of_task in by_task.values() for name in names_of_task))
    for by_task in (LOSSES, METRICS)
)
"""The names for all tasks, each once."""
SHARES_RIGHT = ("categorical_accuracy", "binary_accuracy")
"""The metrics that are the share of rows that are right."""
ACCURACIES = (*SHARES_RIGHT, "top_k_categorical_accuracy")
"""The metrics that are a share of the rows, told in percent; that of the top k also counts answers that are wrong."""


@dataclass(frozen=True)
class TrainingSetup(OneRate):
    """A training of a Keras model. The same setup gives the same numbers on the same machine.

    ``schedule.initial_learning_rate`` and ``optimizer.learning_rate`` are the same number; see
    :class:`gdviz.schedules.OneRate`.

    Raises:
        ValueError: A field is not allowed, or two do not go together; names the field, its value, what is allowed.

    >>> TrainingSetup(batch_size=0)
    Traceback (most recent call last):
    ValueError: batch_size must be a whole number with 1 ≤ batch_size ≤ 1000000, or None; got 0
    """

    noun = "a training"

    data: Dataset = one_of(DATASETS, "digits", label="Data")
    split: Split = part(Split)
    convolution: ConvNet | None = optional(ConvNet, label="Convolutions")
    """Convolutions in front of the dense layers; for images only."""
    layers: tuple[DenseLayer, ...] = several(
        DenseLayer, most=MOST_LAYERS, default=(DenseLayer(),), label="Hidden dense layers", link="layer"
    )
    output: OutputLayer = part(OutputLayer)
    optimizer: KerasOptimizer = one_of(KERAS_OPTIMIZERS, "adam", label="Optimizer")
    schedule: Schedule = one_of(SCHEDULES, None, derived=("initial_learning_rate",), label="Learning-rate schedule")
    """None stands for the optimizer's own learning rate, constant."""
    warmup_steps: int = knob(
        0,
        0,
        1_000_000,
        step=1,
        label="Share of the rate for the first steps",
        help="step t < w takes (t+1)/w of the schedule",
    )
    reduce_on_plateau: ReduceOnPlateau | None = optional(ReduceOnPlateau)
    clip: Clipper | None = optional(CLIPPERS, label="Gradient clipping")
    batch_size: int | None = knob(32, 1, MOST_BATCH, none="all", step=1, label="Batch size", help="rows of a batch")
    """None stands for all rows of the training part."""
    epochs: int = knob(10, 1, MOST_EPOCHS, step=1, label="Epochs", help="passes over the training part")
    early_stopping: EarlyStopping | None = optional(EarlyStopping)
    loss: str = knob(None, choices=ALL_LOSSES, label="Loss", help="the quantity that is minimised")
    """A name of ``gdviz.training.LOSSES``; None stands for the usual one of the task."""
    metrics: tuple[str, ...] = names(ALL_METRICS, label="Metrics", link="metric", help="measured beside the loss")
    """Names of ``gdviz.training.METRICS``; None stands for the usual one of the task."""
    seed: int = knob(
        0, 0, MOST_SEED, step=1, label="Seed", help="determines initial weights, the order of the batches and dropout"
    )
    watch: Watch = part(Watch)

    def __post_init__(self) -> None:
        super().__post_init__()
        task = self.data.task
        if self.loss is None:
            object.__setattr__(self, "loss", LOSSES[task][0])
        if self.metrics is None:
            object.__setattr__(self, "metrics", METRICS[task][:1])
        if self.loss not in LOSSES[task]:
            raise ValueError(f"loss must be one of {', '.join(LOSSES[task])} for {self.data.label}; got {self.loss!r}")
        for metric in self.metrics:
            if metric not in METRICS[task]:
                allowed = ", ".join(METRICS[task])
                raise ValueError(f"metrics must be of {allowed} for {self.data.label}; got {metric!r}")
        self._check_layers()
        self._check_monitors()

    def _check_layers(self) -> None:
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
        if self.schedule.follows_loss:
            raise ValueError(
                f"schedule must not follow the loss step by step; got {self.schedule.label}: "
                "reduce_on_plateau does it by epoch"
            )
        warmup = self.warmup_steps or self.schedule.values()["warmup_steps"]
        if self.reduce_on_plateau and (not isinstance(self.schedule, Constant) or warmup):
            raise ValueError(
                "reduce_on_plateau needs the constant schedule without warm-up, as in Keras; "
                f"got {self.schedule.label} with warmup_steps={warmup}"
            )

    def learning_rate(self, step: Any) -> Any:
        """The learning rate at ``step``, a whole number or an array of them, counting from 0."""
        rate = self.schedule(step)
        return rate * np.minimum(1.0, (np.asarray(step) + 1) / self.warmup_steps) if self.warmup_steps else rate

    def changed(self, **values: Any) -> Self:
        """A copy with other values for some fields; other data bring the usual loss and metric of their task."""
        return super().changed(**({"loss": None, "metrics": None, **values} if "data" in values else values))

    def single_changes(self) -> dict[str, Knob]:
        """The knobs that can be changed alone, the learning rate first; the losses are those of the task."""
        found = super().single_changes()
        found["loss"] = replace(found["loss"], choices=LOSSES[self.data.task])
        first = "optimizer.learning_rate"
        return {first: found.pop(first), **found}
