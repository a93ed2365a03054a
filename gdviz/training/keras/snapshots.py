"""What a model predicts while it trains: a decision boundary, a curve, mistakes; and its first weights."""

import base64
from typing import Any

import numpy as np

from gdviz.training.datasets import Data
from gdviz.training.keras.models import Engine

_GRID = 60
_CURVE = 200
_IMAGES = 12
_RESIDUALS = 500
_POINTS = 1000
_UNITS = 32
_MARGIN = 0.15


def snapshot(engine: Engine) -> dict[str, Any]:
    """What fits the data, by name.

    - boundary: for two inputs, a grid ``x``, ``y`` in the data's own units, and there the ``values`` of the outputs
      (probabilities of the classes; of class 1 where there are two), shape (outputs, y, x).
    - curve: for one input, ``x`` and the prediction ``y``.
    - confusion: counts by true class (rows) and predicted class, on the ``part`` that is named.
    - examples: for images, the first predictions there, and mistakes: the surest wrong ones. An image's ``pixels`` are
      bytes from 0 to 255 in base64, row after row.
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
        taken |= _confusion(data, predicted, part)
    if data.image:
        taken["filters"] = _filters(engine)
    return {"part": part, **taken}


def points(data: Data) -> dict[str, Any] | None:
    """For one or two inputs, the data themselves in their own units: ``x``, with two inputs ``y``, and the ``target``,
    of the first 1000 rows, those that train before those that validate. None for more inputs.
    """
    if len(data.inputs) > 2:
        return None
    x, y = (np.concatenate([part["train"], part["validation"]])[:_POINTS] for part in (data.x, data.y))
    x = x * data.x_scale + data.x_mean
    target = y.argmax(axis=1) if y.shape[1] > 1 else (y * data.y_scale + data.y_mean)[:, 0]
    columns = dict(zip(("x", "y"), x.T, strict=False))
    return {name: _rounded(values) for name, values in {**columns, "target": target}.items()}


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


def _confusion(data: Data, predicted: Any, part: str) -> dict[str, Any]:
    true, classes = data.y[part], len(data.classes)
    one_hot = true.shape[1] > 1
    chance = predicted if one_hot else np.hstack([1 - predicted, predicted])
    said, is_ = chance.argmax(axis=1), true.argmax(axis=1) if one_hot else true[:, 0].astype(int)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (is_, said), 1)

    def shown(rows: Any) -> list[dict[str, Any]]:
        return [
            {
                "row": int(i),
                "true": int(is_[i]),
                "predicted": int(said[i]),
                "probability": round(float(chance[i, said[i]]), 4),
                **({"pixels": _pixels(data, data.x[part][i])} if data.image else {}),
            }
            for i in rows
        ]

    wrong = np.flatnonzero(said != is_)
    taken = {"confusion": counts.tolist(), "mistakes": shown(wrong[np.argsort(-chance[wrong, said[wrong]])][:_IMAGES])}
    if data.image:
        taken["examples"] = shown(range(min(_IMAGES, len(is_))))
    return taken


def _pixels(data: Data, row: Any) -> str:
    """An image from its darkest to its brightest value, as bytes in base64."""
    values = row.ravel() * data.x_scale + data.x_mean
    spread = float(np.ptp(values)) or 1.0
    return base64.b64encode(np.round(255 * (values - values.min()) / spread).astype(np.uint8).tobytes()).decode()


def _filters(engine: Engine) -> Any:
    """The first layer's weights, shape (units, height, width)."""
    kernel = np.asarray(engine.layers[0].get_weights()[0])
    if kernel.ndim == 4:
        return _rounded(kernel.mean(axis=2).transpose(2, 0, 1)[:_UNITS])
    height, width, channels = engine.data.image or (1, 1, 1)
    return _rounded(kernel.T.reshape(-1, height, width, channels).mean(axis=-1)[:_UNITS])
