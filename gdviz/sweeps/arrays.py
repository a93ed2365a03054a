"""The engine ``numpy``: blocks of points, small enough to stay in the processor's cache, as arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.descent import ending
from gdviz.sweeps.cases import Cases
from gdviz.sweeps.ends import Ends, target
from gdviz.sweeps.program import program
from gdviz.tracing.arrays import ArrayStep

Array = NDArray[np.float64]

BLOCK = 8192
"""Points that are run together; a position and its gradient are then 128 kB each."""


def run(cases: Cases) -> Ends:
    """Run all cases together. Where one has ended it stays; the others go on."""
    made, steps = program(cases), cases.shared.steps
    step = ArrayStep(made.step, made.varied)
    points = {name: values.copy() for name, values in zip(made.state, made.states, strict=True)}
    points |= {name: values[:, None] for name, values in made.examples.items()}
    losses = np.empty((steps + 1, len(cases)))
    over, moves = np.zeros(len(cases)), np.zeros((ending.LAST, len(cases)))
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        constants, table = step.tables.values(made.knobs, made.each_step)
        for t in range(steps + 1):
            points |= {
                name: values if values.ndim == 1 else values[t]
                for name, values in zip(made.varied, made.rows, strict=True)
            }
            if made.batches:
                points |= {f"batch_{name}": v[made.batches[t]][:, None] for name, v in made.examples.items()}
            after = step(points, constants, table[t])
            losses[t] = after["loss"]
            watched = (losses[t], after["gradient_x"], after["gradient_y"], points["x"], points["y"])
            if not np.isfinite(sum(map(np.sum, watched))):
                fine = np.ones(len(cases), dtype=bool)
                for values in watched:  # a gradient that does not depend on the point is one number
                    fine &= np.isfinite(values)
                over = np.where(~fine & (over == 0), -(t + 1.0), over)
            if "stopped" in after:
                met = (after["stopped"] > 0) & (over == 0)
                over = np.where(met, t + 1 + after["stopped"] / 4, over)
            if t == steps:
                break
            _take(points, after, made.state, over, moves[t % ending.LAST])
        aims = target(losses[-1], None if cases.shared.maximize else cases.shared.landscape.lowest)
        above = ~ending.reaches(losses, aims)
    settled = np.where(above.any(axis=0), steps + 1 - np.argmax(above[::-1], axis=0), 0).astype(np.float64)
    return Ends(np.stack([points["x"], points["y"]]), losses[-1], over, moves.sum(axis=0), settled)


def _take(points: dict[str, Array], after: dict[str, Array], state: tuple[str, ...], over: Array, move: Array) -> None:
    """Move the points, and note how far; those that have ended stay."""
    going: Any = over == 0 if over.any() else True
    np.copyto(move, np.abs(after["x"] - points["x"]) + np.abs(after["y"] - points["y"]), where=going)
    held = {id(points[name]) for name in state}
    new = {name: after[name].copy() if id(after[name]) in held else after[name] for name in state}
    for name in state:
        np.copyto(points[name], new[name], where=going)
