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

MOST_POINTS, MOST_LOSSES = 16384, 5_000_000


def block(cases: Cases) -> int:
    """How many points are run together: as their losses at all steps and their numbers at one have room for."""
    return cases.points_at_once(min(MOST_POINTS, max(16, MOST_LOSSES // (cases.shared.steps + 1))))


def run(cases: Cases) -> Ends:
    """Run all cases together. Where one has ended it stays; the others go on."""
    made, steps, count = program(cases), cases.shared.steps, len(cases)
    step = ArrayStep(made.step, made.varied)
    points = {name: values.copy() for name, values in zip(made.state, made.states, strict=True)}
    points |= {name: values[:, None] for name, values in made.examples.items()}
    losses, moves = np.empty((steps + 1, count)), np.zeros((ending.LAST, count))
    over, nothing = np.zeros(count), np.zeros(count)
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
            watched = [after["loss"], after["gradient_x"], after["gradient_y"], points["x"], points["y"]]
            watched = [values if np.ndim(values) else np.full(count, values) for values in watched]
            if sum(nothing @ values for values in watched) != 0:  # 0 times what is not finite is not 0
                fine = np.logical_and.reduce([np.isfinite(values) for values in watched])
                over = np.where(~fine & (over == 0), -(t + 1.0), over)
            if "stopped" in after:
                over = np.where((after["stopped"] > 0) & (over == 0), t + 1 + after["stopped"] / 4, over)
            if t < steps:
                counts = "stopped" in after or t >= steps - ending.LAST
                _take(points, after, made.state, over, moves[t % ending.LAST] if counts else None)
        settled = _settled(cases, losses, over, moves.sum(axis=0))
    return Ends(np.stack([points["x"], points["y"]]), losses[-1].copy(), over, moves.sum(axis=0), settled, losses)


def _take(
    points: dict[str, Array], after: dict[str, Array], state: tuple[str, ...], over: Array, move: Array | None
) -> None:
    """Move the points, and note how far; those that have ended stay."""
    going: Any = over == 0 if over.any() else True
    if move is not None:
        np.copyto(move, np.abs(after["x"] - points["x"]) + np.abs(after["y"] - points["y"]), where=going)
    held = {id(points[name]) for name in state}
    new = {name: after[name].copy() if id(after[name]) in held else after[name] for name in state}
    for name in state:
        np.copyto(points[name], new[name], where=going)


def _settled(cases: Cases, losses: Array, over: Array, moved: Array) -> Array:
    """The steps to converge, for runs that may have: those at a minimum's loss, at rest, or stopped."""
    landscape = cases.shared.landscape
    lowest = None if cases.shared.maximize else landscape.lowest
    width = max(high - low for low, high in landscape.domain)
    candidates = (moved <= ending.STILL * width) | (over > 0)
    if lowest is not None:
        candidates |= ending.reaches(losses[-1], lowest)
    (places,) = np.nonzero(candidates)
    above = ~ending.reaches(losses[:, places], target(losses[-1, places], lowest))
    settled = np.zeros(len(moved))
    settled[places] = np.where(above.any(axis=0), len(losses) - np.argmax(above[::-1], axis=0), 0)
    return settled
