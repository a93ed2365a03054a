"""Snapshots of a model that trains: a decision boundary, a curve, mistakes; and its first weights."""

import base64
from dataclasses import replace
from typing import Any

import numpy as np

from gdviz.training.datasets import Data
from gdviz.training.events import Boundary, Curve, Example, Residuals, Snapshot
from gdviz.training.keras.models import Engine
from gdviz.training.keras.starting import rounded

_GRID = 60
_CURVE = 200
_IMAGES = 12
_RESIDUALS = 500
_UNITS = 32
_MARGIN = 0.15


def snapshot(engine: Engine, epoch: int, step: int) -> Snapshot:
    """The predictions of a model on the validation part, or on the training part where that is empty.

    Args:
        engine: The model.
        epoch: Epochs done.
        step: Batches done.
    """
    data = engine.data
    part = "validation" if len(data.x["validation"]) else "train"
    predicted = engine.predict(data.x[part])
    taken = Snapshot(
        epoch,
        step,
        part,
        boundary=_boundary(engine) if len(data.inputs) == 2 else None,
        curve=_curve(engine) if len(data.inputs) == 1 else None,
        filters=_filters(engine) if data.image else None,
    )
    if data.task == "regression":
        return replace(taken, residuals=_residuals(data, predicted, data.y[part]))
    return _with_classes(taken, data, predicted)


def _range(data: Data, column: int) -> tuple[float, float]:
    """The range of an input in its own units, with a margin."""
    values = data.x["train"][:, column] * data.x_scale[column] + data.x_mean[column]
    margin = _MARGIN * float(np.ptp(values))
    return float(values.min()) - margin, float(values.max()) + margin


def _boundary(engine: Engine) -> Boundary:
    data = engine.data
    x, y = (np.linspace(*_range(data, column), _GRID) for column in range(2))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    outputs = engine.predict(((points - data.x_mean) / data.x_scale).astype(np.float32))
    outputs = outputs * data.y_scale + data.y_mean
    return {"x": rounded(x), "y": rounded(y), "values": rounded(outputs.T.reshape(-1, _GRID, _GRID))}


def _curve(engine: Engine) -> Curve:
    data = engine.data
    x = np.linspace(*_range(data, 0), _CURVE)
    y = engine.predict(((x[:, None] - data.x_mean) / data.x_scale).astype(np.float32))
    return {"x": rounded(x), "y": rounded((y * data.y_scale + data.y_mean)[:, 0])}


def _residuals(data: Data, predicted: Any, true: Any) -> Residuals:
    predicted, true = ((values * data.y_scale + data.y_mean)[:_RESIDUALS, 0] for values in (predicted, true))
    return {"predicted": rounded(predicted), "true": rounded(true)}


def _with_classes(taken: Snapshot, data: Data, predicted: Any) -> Snapshot:
    """A snapshot with the confusion matrix, the surest mistakes, and for images the first predictions."""
    x, true, classes = data.x[taken.part], data.y[taken.part], len(data.classes)
    one_hot = true.shape[1] > 1
    chance = predicted if one_hot else np.hstack([1 - predicted, predicted])
    said, is_ = chance.argmax(axis=1), true.argmax(axis=1) if one_hot else true[:, 0].astype(int)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (is_, said), 1)

    def example(row: int) -> Example:
        probability = round(float(chance[row, said[row]]), 4)
        shown: Example = {
            "row": int(row),
            "true": int(is_[row]),
            "predicted": int(said[row]),
            "probability": probability,
        }
        return {**shown, "pixels": _pixels(data, x[row])} if data.image else shown

    wrong = np.flatnonzero(said != is_)
    surest = wrong[np.argsort(-chance[wrong, said[wrong]])][:_IMAGES]
    return replace(
        taken,
        confusion=counts.tolist(),
        mistakes=[example(row) for row in surest],
        examples=[example(row) for row in range(min(_IMAGES, len(is_)))] if data.image else None,
    )


def _pixels(data: Data, row: Any) -> str:
    """An image from its darkest to its brightest value, as bytes in base64."""
    values = row.ravel() * data.x_scale + data.x_mean
    spread = float(np.ptp(values)) or 1.0
    return base64.b64encode(np.round(255 * (values - values.min()) / spread).astype(np.uint8).tobytes()).decode()


def _filters(engine: Engine) -> Any:
    """The first layer's weights, shape (units, height, width)."""
    kernel = np.asarray(engine.layers[0].get_weights()[0])
    if kernel.ndim == 4:
        return rounded(kernel.mean(axis=2).transpose(2, 0, 1)[:_UNITS])
    height, width, channels = engine.data.image or (1, 1, 1)
    return rounded(kernel.T.reshape(-1, height, width, channels).mean(axis=-1)[:_UNITS])
