"""What the compiled sweeps of all pairs share: how a tile of points is loaded, and what is kept of it. Needs Numba.

A tile is one array w of rows of ``TILE`` numbers: x, y, then the rule's state, x and y by turns, then the count of
finite positions and the gradient.
"""

from typing import Any

import numpy as np
from numba import njit

from gdviz.outcome import TOLERANCE
from gdviz.sweeping.ends import TILE, Array

kernel: Any = njit(cache=True, nogil=True, error_model="numpy")


@kernel  # type: ignore[untyped-decorator]
def load(w: Array, values: Array, first: int) -> None:
    """Copy the rows of ``values`` from column ``first`` on to the first rows of a tile; the other rows become 0."""
    count = values.shape[0] * TILE
    for k in range(len(w)):
        w[k] = values[k // TILE, first + k % TILE] if k < count else 0.0


@kernel  # type: ignore[untyped-decorator]
def add_moves(w: Array, before: Array, moved: Array, first: int) -> None:
    """Add how far a step moved."""
    for i in range(TILE):
        moved[first + i] += abs(w[i] - before[i]) + abs(w[TILE + i] - before[TILE + i])


@kernel  # type: ignore[untyped-decorator]
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
