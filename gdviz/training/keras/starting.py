"""The event that begins a training: sizes, names, and data that can be drawn."""

from typing import Any

import numpy as np

from gdviz.training.datasets import Data
from gdviz.training.events import Points, Start
from gdviz.training.keras.models import Engine
from gdviz.training.setup import TrainingSetup

_POINTS = 1000


def start(engine: Engine, setup: TrainingSetup, batches: int) -> Start:
    """The beginning of a training.

    Args:
        engine: The model.
        setup: The training; its epochs may be others than those the engine was made for.
        batches: Batches of an epoch.
    """
    data = engine.data
    return Start(
        rows={part: len(x) for part, x in data.x.items()},
        batches=batches,
        steps=batches * setup.epochs,
        parameters=int(sum(np.prod(v.shape) for v in engine.model.trainable_variables)),
        layers=[layer.name for layer in engine.layers],
        probes=[{"layer": probe.layer, "kind": probe.kind} for probe in engine.probes if probe.kind],
        inputs=list(data.inputs),
        classes=list(data.classes),
        image=None if data.image is None else list(data.image),
        loss=str(setup.loss),
        metrics=list(setup.metrics or ()),
        points=points(data),
    )


def points(data: Data) -> Points | None:
    """The first 1000 rows of the data, those that train before those that validate; None for more than two inputs."""
    if len(data.inputs) > 2:
        return None
    x, y = (np.concatenate([part["train"], part["validation"]])[:_POINTS] for part in (data.x, data.y))
    columns = rounded((x * data.x_scale + data.x_mean).T)
    target = y.argmax(axis=1) if y.shape[1] > 1 else (y * data.y_scale + data.y_mean)[:, 0]
    if len(columns) == 1:
        return {"x": columns[0], "target": rounded(target)}
    return {"x": columns[0], "y": columns[1], "target": rounded(target)}


def rounded(values: Any) -> Any:
    """Nested lists of numbers with four decimals, enough for a drawing."""
    return np.round(np.asarray(values, dtype=np.float64), 4).tolist()
