"""What the compiled sweeps of all rules and landscapes share: the loop over tiles and steps. Needs Numba.

A tile is one array w of rows of ``stride`` numbers: x, y, the gradient's x and y, the count of finite positions, then
the rule's state, x and y by turns. Within a tile steps are the outer loop and points the inner one, which lies in the
functions ``look`` and ``move`` that :mod:`gdviz.sweeps.compiled` makes. There the rows' places are constants, and
what is the same for all points is read before the loop: only so does Numba make vector instructions of it.

Numba keeps what it compiled until this file changes. Constants of other files are therefore arguments here.
"""

from typing import Any

import numpy as np
from numba import float64, int64, njit, types, void

from gdviz.sweeps.ends import Array

ROW, TABLE = float64[::1], float64[:, ::1]
LOOK = void(ROW, ROW, float64, ROW)
MOVE = void(ROW, int64, float64, int64, ROW, TABLE, float64, ROW, TABLE)

options: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "cache": True,
}  # division by 0 gives inf, as in NumPy, and no branch


@njit(void(ROW, TABLE, float64, TABLE, int64, int64, float64), **options)
def unload(w: Array, losses: Array, lowest: float, ends: Array, first: int, stride: int, tolerance: float) -> None:
    """Keep the ends of a tile: the fields of ``gdviz.sweeps.ends.Ends``, but ``moved``, in their order."""
    last, points = len(losses) - 1, losses.shape[1]
    aims, slacks, settled = np.empty(points), np.empty(points), np.zeros(points)
    for i in range(points):
        end = losses[last, i]
        ends[0, first + i], ends[1, first + i], ends[2, first + i] = w[i], w[stride + i], end
        for k in range(2, 5):
            ends[1 + k, first + i] = w[k * stride + i]
        aims[i] = lowest if end - lowest <= tolerance * max(1.0, abs(lowest)) else end
        slacks[i] = tolerance * max(1.0, abs(aims[i]))
    for t in range(last + 1):
        for i in range(points):
            settled[i] = settled[i] if losses[t, i] - aims[i] <= slacks[i] else t + 1.0
    for i in range(points):
        ends[7, first + i] = settled[i]


@njit(
    void(
        types.FunctionType(LOOK), types.FunctionType(MOVE), TABLE, TABLE, float64[:, :, ::1], float64, ROW, TABLE, ROW,
        float64, int64, int64, TABLE, int64, int64, float64,
    ),
    **options,
)  # fmt: skip
def run(
    look: Any, move: Any, values: Array, rates: Array, noise: Array, decay: float, knobs: Array, varied: Array,
    shape: Array, lowest: float, steps: int, tile: int, ends: Array, stride: int, last: int, tolerance: float,
) -> None:  # fmt: skip
    """All tiles of some points, one after the other.

    Args:
        look, move: The landscape's and the rule's share, as :mod:`gdviz.sweeps.compiled` writes them.
        values: The rows of all tiles before the first step, N columns.
        rates: Learning rates, shape (1 or steps, 1 or N).
        noise: What is added to the gradients, shape (1 or steps, 2, 1 or N).
        decay: The weight decay.
        knobs: The rule's hyperparameters.
        varied: Those that vary, shape (how many, N).
        shape: The landscape's hyperparameters.
        lowest: The loss at its minima, or NaN.
        steps: The number of steps.
        tile: The number of points in a tile, ``stride`` at most.
        ends: Where the ends are kept, shape (8, N), zeros at first.
        stride, last, tolerance: The constants ``TILE``, ``LAST`` and ``TOLERANCE``.
    """
    rows, count = values.shape
    w, kept, before = np.empty(rows * stride), np.empty((steps + 1) * tile), np.empty(2 * stride)
    for first in range(0, count, tile):
        points = min(tile, count - first)
        losses = kept[: (steps + 1) * points].reshape((steps + 1, points))
        for k in range(rows):
            for i in range(points):
                w[k * stride + i] = values[k, first + i]
        look(w, losses[0], 0.0, shape)
        for t in range(steps):
            late = t >= steps - last
            if late:
                for i in range(2 * stride):
                    before[i] = w[i]
            rate, disturbance = rates[min(t, len(rates) - 1)], noise[min(t, len(noise) - 1)]
            move(w, points, t + 1.0, first, rate, disturbance, decay, knobs, varied)
            look(w, losses[t + 1], t + 1.0, shape)
            if late:
                for i in range(points):
                    ends[6, first + i] += abs(w[i] - before[i]) + abs(w[stride + i] - before[stride + i])
        unload(w, losses, lowest, ends, first, stride, tolerance)
