"""The training path in the plane of its two principal directions, over the true loss on that plane.

After Li et al. (2018, https://arxiv.org/abs/1712.09913), section 7: what is drawn is a slice of the loss. How much of
the path lies in it, and how far the loss on it differs from the loss along the path, is part of the result.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.training.events import Plane
from gdviz.training.keras.models import Engine

_POINTS = 100
_GRID = 25
_MARGIN = 0.25


class Path:
    """Weights along a training, moving statistics of batch normalisation included, at up to 101 steps evenly apart.

    Args:
        engine: The model.
        steps: The number of steps that the training will take.
    """

    def __init__(self, engine: Engine, steps: int) -> None:
        self.engine = engine
        self.every = max(1, steps // _POINTS)
        self.steps: list[int] = []
        self.points: list[NDArray[np.float32]] = []

    def steps_to_next(self, step: int) -> int:
        """How many steps may be taken before the next point is due."""
        return self.every - step % self.every

    def record(self, step: int) -> None:
        """Keep the weights, where a point is due."""
        if step % self.every == 0 and (not self.steps or self.steps[-1] != step):
            self.steps.append(step)
            self.points.append(np.concatenate([w.ravel() for w in self.engine.model.get_weights()]))


def plane(engine: Engine, path: Path, samples: int) -> Plane:
    """The path and the loss in the plane through its last point along its two principal directions.

    Args:
        engine: The model; it keeps its weights.
        path: The weights along the training.
        samples: The loss is that of this many first rows of the training part.
    """
    points = np.array(path.points, dtype=np.float64)
    directions, explained = principal_directions(points)
    at = (points - points[-1]) @ directions.T
    axes = [_axis(at[:, i]) for i in range(2)]
    kept = engine.model.get_weights()

    def loss(weights: NDArray[np.float64]) -> float:
        engine.model.set_weights(_shaped(weights, kept))
        return engine.evaluate("train", samples)["loss"]  # type: ignore[index]

    try:
        on_plane = [loss(points[-1] + where @ directions) for where in at]
        grid = [[loss(points[-1] + np.array([x, y]) @ directions) for x in axes[0]] for y in axes[1]]
        along = [loss(point) for point in points]
    finally:
        engine.model.set_weights(kept)
    return Plane(
        steps=path.steps,
        x=at[:, 0].tolist(),
        y=at[:, 1].tolist(),
        explained=explained.tolist(),
        path_loss=along,
        plane_loss=on_plane,
        grid_x=axes[0].tolist(),
        grid_y=axes[1].tolist(),
        grid_loss=grid,
    )


def principal_directions(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two orthonormal directions (2, d) along which points (n, d) vary most, and the shares of the variance there.

    They come from the n × n matrix of inner products: a network has far more weights than its path has points.
    Directions along which nothing varies are 0.
    """
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values = np.maximum(values, 0.0)
    directions, shares = np.zeros((2, points.shape[1])), np.zeros(2)
    for i, at in enumerate(np.argsort(values)[::-1][:2]):
        if values[at] > 1e-12 * values.max():
            directions[i] = centred.T @ vectors[:, at] / np.sqrt(values[at])
            shares[i] = values[at] / values.sum()
    return directions, shares


def _axis(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = coordinates.min(), coordinates.max()
    margin = _MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, _GRID)


def _shaped(flat: NDArray[np.float64], like: list[Any]) -> list[Any]:
    parts = np.split(flat, np.cumsum([w.size for w in like])[:-1])
    return [part.reshape(w.shape).astype(w.dtype) for part, w in zip(parts, like, strict=True)]
