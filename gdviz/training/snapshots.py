"""What a model predicts while it trains: a decision boundary, a curve, mistakes; and its first weights."""

from typing import Any

import numpy as np

from gdviz.training.datasets import Data
from gdviz.training.models import Engine

_GRID = 60
_CURVE = 200
_MISTAKES = 12
_RESIDUALS = 500
_UNITS = 32
_MARGIN = 0.15


def snapshot(engine: Engine) -> dict[str, Any]:
    """What fits the data, by name.

    - boundary: for two inputs, a grid ``x``, ``y`` in the data's own units, and there the ``values`` of the outputs
      (probabilities of the classes; of class 1 where there are two), shape (outputs, y, x).
    - curve: for one input, ``x`` and the prediction ``y``.
    - confusion: counts by true class (rows) and predicted class, on the ``part`` that is named.
    - mistakes: the surest wrong predictions there.
    - residuals: predictions and true values of a regression.
    - filters: the first layer's weights as images, shape (units, height, width).
    """
    data, taken = engine.data, {}
    part = "validation" if len(data.x["validation"]) else "train"
    predicted = engine.predict(data.x[part])
    if len(data.inputs) == 2:
        taken["boundary"] = _boundary(engine)
    if len(data.inputs) == 1:
        taken["curve"] = _curve(engine)
    if data.task == "regression":
        taken["residuals"] = _residuals(data, predicted, data.y[part])
    else:
        taken |= _confusion(predicted, data.y[part], len(data.classes))
    if data.image:
        taken["filters"] = _filters(engine)
    return {"part": part, **taken}


def _rounded(values: Any) -> Any:
    return np.round(np.asarray(values, dtype=np.float64), 4).tolist()


def _range(data: Data, column: int) -> tuple[float, float]:
    """The range of an input in its own units, with a margin."""
    values = data.x["train"][:, column] * data.x_scale[column] + data.x_mean[column]
    margin = _MARGIN * float(np.ptp(values))
    return float(values.min()) - margin, float(values.max()) + margin


def _boundary(engine: Engine) -> dict[str, Any]:
    data = engine.data
    x, y = (np.linspace(*_range(data, column), _GRID) for column in range(2))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    outputs = engine.predict(((points - data.x_mean) / data.x_scale).astype(np.float32))
    outputs = outputs * data.y_scale + data.y_mean
    return {"x": _rounded(x), "y": _rounded(y), "values": _rounded(outputs.T.reshape(-1, _GRID, _GRID))}


def _curve(engine: Engine) -> dict[str, Any]:
    data = engine.data
    x = np.linspace(*_range(data, 0), _CURVE)
    y = engine.predict(((x[:, None] - data.x_mean) / data.x_scale).astype(np.float32))
    return {"x": _rounded(x), "y": _rounded((y * data.y_scale + data.y_mean)[:, 0])}


def _residuals(data: Data, predicted: Any, true: Any) -> dict[str, Any]:
    predicted, true = ((values * data.y_scale + data.y_mean)[:_RESIDUALS, 0] for values in (predicted, true))
    return {"predicted": _rounded(predicted), "true": _rounded(true)}


def _confusion(predicted: Any, true: Any, classes: int) -> dict[str, Any]:
    one_hot = true.shape[1] > 1
    chance = predicted if one_hot else np.hstack([1 - predicted, predicted])
    said, is_ = chance.argmax(axis=1), true.argmax(axis=1) if one_hot else true[:, 0].astype(int)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (is_, said), 1)
    wrong = np.flatnonzero(said != is_)
    worst = wrong[np.argsort(-chance[wrong, said[wrong]])][:_MISTAKES]
    mistakes = [
        {
            "row": int(i),
            "true": int(is_[i]),
            "predicted": int(said[i]),
            "probability": round(float(chance[i, said[i]]), 4),
        }
        for i in worst
    ]
    return {"confusion": counts.tolist(), "mistakes": mistakes}


def _filters(engine: Engine) -> Any:
    """The first layer's weights, shape (units, height, width)."""
    kernel = np.asarray(engine.layers[0].get_weights()[0])
    if kernel.ndim == 4:
        return _rounded(kernel.mean(axis=2).transpose(2, 0, 1)[:_UNITS])
    height, width, channels = engine.data.image or (1, 1, 1)
    return _rounded(kernel.T.reshape(-1, height, width, channels).mean(axis=-1)[:_UNITS])
