"""A search for the minima of a landscape."""

from typing import Any

import numpy as np

from gdviz.landscapes import Landscape, Point

MOST_MINIMA = 25


def search_minima(landscape: Landscape) -> tuple[Point, ...]:
    """The lowest local minima inside the domain: from the best points of a grid, by damped Newton steps."""
    (xmin, xmax), (ymin, ymax) = landscape.domain
    low, high = np.array([xmin, ymin]), np.array([xmax, ymax])
    grid = np.stack(np.meshgrid(np.linspace(xmin, xmax, 201), np.linspace(ymin, ymax, 201), indexing="ij"))
    with np.errstate(all="ignore"):
        values = np.asarray(landscape.value(grid) + 0.0 * grid[0])
        values = np.where(np.isfinite(values), values, np.inf)
        padded = np.pad(values, 1, constant_values=np.inf)
        around = [padded[1 + i : 202 + i, 1 + j : 202 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
        pits = np.argwhere((values <= np.min(around, axis=0)) & np.isfinite(values))
        depths = values[tuple(pits.T)]
        if not len(pits) or np.sum(depths <= depths.min() + 1e-12 * max(1.0, abs(depths.min()))) > MOST_MINIMA:
            return ()  # a flat floor: no minimum is a point
        pits = pits[np.argsort(depths, kind="stable")][:MOST_MINIMA]
        found = [_polished(landscape, grid[:, i, j], low, high) for i, j in pits]
        found = [point for point in found if point is not None]
        if not found:
            return ()
        losses = np.array([float(landscape.value(point)) for point in found])
    if losses.min() > values.min() + 1e-9 * max(1.0, abs(values.min())):
        return ()  # the lowest point is on the edge, or where there is no gradient: no minimum to speak of
    kept: list[Point] = []
    for point, loss in zip(found, losses, strict=True):
        apart = all(np.hypot(point[0] - a, point[1] - b) > 1e-6 * np.max(high - low) for a, b in kept)
        if apart and loss <= losses.min() + 1e-9 * max(1.0, abs(losses.min())):
            kept.append((float(point[0]), float(point[1])))
    return tuple(kept)


def _polished(landscape: Landscape, point: Any, low: Any, high: Any) -> Any:
    """The minimum next to ``point``, or None where the steps do not end at one within the domain."""
    for _ in range(50):
        gradient, hessian = landscape.gradient(point), landscape.hessian(point)
        if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
            return None
        curvature, axes = np.linalg.eigh(hessian)
        floor = 1e-12 * max(1.0, float(np.abs(curvature).max()))
        move = -axes @ ((axes.T @ gradient) / np.maximum(np.abs(curvature), floor))
        here, share = float(landscape.value(point)), 1.0
        while share > 1e-10 and not float(landscape.value(point + share * move)) <= here:
            share /= 2
        if share <= 1e-10 or np.linalg.norm(share * move) < 1e-15 * np.max(high - low):
            break
        point = point + share * move
    at_rest = np.linalg.norm(landscape.gradient(point)) <= 1e-6 * (1 + np.abs(landscape.hessian(point)).max())
    here, beside = float(landscape.value(point)), float(landscape.value(point + 1e-7 * (high - low)))
    at_rest = at_rest and abs(beside - here) <= 1e-3 * (1 + abs(here))  # at a pole the loss falls without bound
    return point if at_rest and np.all(point >= low) and np.all(point <= high) else None
