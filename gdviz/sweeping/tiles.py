"""What the compiled sweeps of all rules and landscapes share: the loop over tiles and steps. Needs Numba.

A tile is one array w of rows of ``TILE`` numbers: x, y, then the rule's state, x and y by turns, then the count of
finite positions and the gradient. Within a tile steps are the outer loop and points the inner one, which lies in the
functions ``look`` and ``move`` that :mod:`gdviz.sweeping.compiled` makes; it becomes vector instructions.
"""

from typing import Any

import numpy as np
from numba import float64, int64, njit, types, void

from gdviz.outcome import LAST, TOLERANCE
from gdviz.sweeping.ends import TILE, Array

ROW, TABLE = float64[::1], float64[:, ::1]
LOOK = void(ROW, ROW, float64, ROW)
MOVE = void(ROW, float64, int64, ROW, TABLE, float64, ROW, TABLE)

options: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "cache": True,
}  # division by 0 gives inf, as in NumPy, and no branch


@njit(void(ROW, TABLE, float64, TABLE, int64), **options)
def unload(w: Array, losses: Array, lowest: float, ends: Array, first: int) -> None:
    """Keep the ends of a tile: the fields of ``gdviz.sweeping.ends.Ends``, but ``moved``, in their order."""
    aims, slacks, settled = np.empty(TILE), np.empty(TILE), np.zeros(TILE)
    last, finite = len(losses) - 1, len(w) - 3 * TILE
    for i in range(TILE):
        end = losses[last, i]
        ends[0, first + i], ends[1, first + i], ends[2, first + i] = w[i], w[TILE + i], end
        for k in range(3):
            ends[3 + k, first + i] = w[finite + (k + 1) % 3 * TILE + i]
        aims[i] = lowest if end - lowest <= TOLERANCE * max(1.0, abs(lowest)) else end
        slacks[i] = TOLERANCE * max(1.0, abs(aims[i]))
    for t in range(last + 1):
        for i in range(TILE):
            settled[i] = settled[i] if losses[t, i] - aims[i] <= slacks[i] else t + 1.0
    for i in range(TILE):
        ends[7, first + i] = settled[i]


@njit(
    void(
        types.FunctionType(LOOK), types.FunctionType(MOVE), TABLE, TABLE, float64[:, :, ::1], float64, ROW, TABLE, ROW,
        float64, int64, TABLE,
    ),
    **options,
)  # fmt: skip
def run(
    look: Any, move: Any, values: Array, rates: Array, noise: Array, decay: float, knobs: Array, varied: Array,
    shape: Array, lowest: float, steps: int, ends: Array,
) -> None:  # fmt: skip
    """All tiles of some points, one after the other.

    Args:
        look, move: The landscape's and the rule's share, as :mod:`gdviz.sweeping.compiled` writes them.
        values: Positions and states before the first step, one row for each row of a tile, N columns.
        rates: Learning rates, shape (1 or steps, 1 or N).
        noise: What is added to the gradients, shape (1 or steps, 2, 1 or N).
        decay: The weight decay.
        knobs: The rule's hyperparameters.
        varied: Those that vary, shape (how many, N).
        shape: The landscape's hyperparameters.
        lowest: The loss at its minima, or NaN.
        steps: The number of steps.
        ends: Where the ends are kept, shape (8, N), zeros at first.
    """
    rows = len(values)
    w, losses, before = np.empty((rows + 3) * TILE), np.empty((steps + 1, TILE)), np.empty(2 * TILE)
    for first in range(0, values.shape[1], TILE):
        for k in range(rows):
            for i in range(TILE):
                w[k * TILE + i] = values[k, first + i]
        for i in range(rows * TILE, len(w)):
            w[i] = 0.0
        look(w, losses[0], 0.0, shape)
        for t in range(steps):
            for i in range(2 * TILE):
                before[i] = w[i]
            rate, disturbance = rates[min(t, len(rates) - 1)], noise[min(t, len(noise) - 1)]
            move(w, t + 1.0, first, rate, disturbance, decay, knobs, varied)
            look(w, losses[t + 1], t + 1.0, shape)
            if t >= steps - LAST:
                for i in range(TILE):
                    ends[6, first + i] += abs(w[i] - before[i]) + abs(w[TILE + i] - before[TILE + i])
        unload(w, losses, lowest, ends, first)
