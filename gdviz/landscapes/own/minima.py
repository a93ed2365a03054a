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
        found = list(_polished(landscape, grid[:, pits[:, 0], pits[:, 1]], low, high).T)
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


def _polished(landscape: Landscape, points: Any, low: Any, high: Any) -> Any:
    """The minima next to ``points`` (2, n), all at once: of those, (2, m), whose steps end at one in the domain."""
    points, going = points.copy(), np.ones(points.shape[1], dtype=bool)
    usable = going.copy()
    for _ in range(50):
        at = points[:, going]
        gradient, hessian = landscape.gradient(at), np.moveaxis(landscape.hessian(at), -1, 0)
        finite = np.isfinite(gradient).all(axis=0) & np.isfinite(hessian).all(axis=(1, 2))
        usable[going] = finite
        move = np.zeros_like(at)
        move[:, finite] = _newton(gradient[:, finite], hessian[finite])
        share = _downhill(landscape, at, move)
        moved = share * move
        far = finite & (share > 1e-10) & (np.linalg.norm(moved, axis=0) >= 1e-15 * np.max(high - low))
        points[:, going] = np.where(far, at + moved, at)
        going[going] = far
        if not going.any():
            break
    points = points[:, usable]
    size = np.abs(landscape.hessian(points)).max(axis=(0, 1))
    at_rest = np.linalg.norm(landscape.gradient(points), axis=0) <= 1e-6 * (1 + size)
    here, beside = (np.asarray(landscape.value(p)) for p in (points, points + 1e-7 * (high - low)[:, None]))
    at_rest &= np.abs(beside - here) <= 1e-3 * (1 + np.abs(here))  # at a pole the loss falls without bound
    inside = np.all((points >= low[:, None]) & (points <= high[:, None]), axis=0)
    return points[:, at_rest & inside]


def _newton(gradient: Any, hessian: Any) -> Any:
    """Newton's steps (2, n), downhill along every axis of the curvature."""
    curvature, axes = np.linalg.eigh(hessian)
    floor = 1e-12 * np.maximum(1.0, np.abs(curvature).max(axis=1, initial=0.0))
    along = np.einsum("nij,in->nj", axes, gradient) / np.maximum(np.abs(curvature), floor[:, None])
    return -np.einsum("nij,nj->in", axes, along)


def _downhill(landscape: Landscape, points: Any, moves: Any) -> Any:
    """The largest of 1, 1/2, 1/4, ... of each move after which the loss is no higher; below 1e-10 where none is."""
    here, share = np.asarray(landscape.value(points)), np.ones(points.shape[1])
    while True:
        higher = (share > 1e-10) & ~(np.asarray(landscape.value(points + share * moves)) <= here)
        if not higher.any():
            return share
        share = np.where(higher, share / 2, share)
