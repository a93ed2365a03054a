"""Machine code, made by LLVM: one kernel for a rule on a landscape, or, as engine ``linked``, one for each of them."""

import importlib.util
import math
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from gdviz.descent import ending
from gdviz.landscapes import Landscape
from gdviz.sweeps.cases import Cases
from gdviz.sweeps.ends import Ends
from gdviz.sweeps.program import program
from gdviz.tracing import Record, record_landscape
from gdviz.tracing.apart import ANSWERS, SLOPES
from gdviz.tracing.llvm import BLOCK, Ground, Kernel
from gdviz.tracing.stages import real_knobs


def available() -> bool:
    """Whether LLVM is there."""
    return importlib.util.find_spec("llvmlite") is not None


def run(
    cases: Cases, many: Callable[..., Iterable[object]], threads: int, linked: bool = False, keep: bool = False
) -> Ends:
    """Run all cases, in chunks that ``many`` maps over threads.

    Args:
        cases: The cases to run.
        many: How to run the chunks: ``map``, or that of a pool of threads.
        threads: How many run at a time.
        linked: Compile rule and landscape apart, so that the next pair with one of them has it ready.
        keep: Keep the losses at every step.
    """
    made, landscape = program(cases, apart=linked), cases.shared.landscape
    kernel = _kernel(made.step, made.state, made.varied)
    constants, table = kernel.tables.values(made.knobs, made.each_step)
    lowest = None if cases.shared.maximize else landscape.lowest
    losses = np.empty((cases.shared.steps + 1, len(cases))) if keep else None
    ends = kernel(
        made.states,
        constants,
        table,
        made.rows,
        made.examples,
        made.batches,
        np.nan if lowest is None else lowest,
        ending.STILL * max(high - low for low, high in landscape.domain),
        many,
        BLOCK * max(2, math.ceil(len(cases) / BLOCK / 4 / threads)),
        _ground(landscape, kernel.curved) if linked else None,
        losses,
    )
    return Ends(ends[:2], ends[2], ends[3], ends[4], ends[5], losses)


def _ground(landscape: Landscape, curved: bool) -> Ground:
    """The compiled landscape, with second derivatives where they are asked for."""
    names = real_knobs(landscape)
    structure = landscape.having(**dict.fromkeys(names, 0.0))
    return Ground(
        _recorded(structure, SLOPES),
        _recorded(structure, ANSWERS) if curved else None,
        {f"landscape.{name}": getattr(landscape, name) for name in names},
    )


_recorded = lru_cache(maxsize=128)(record_landscape)
_kernels = lru_cache(maxsize=64)(
    lambda operations, outputs, state, varied: Kernel(
        Record(operations, dict(outputs)), state, varied, ending.LAST, ending.TOLERANCE
    )
)


def _kernel(step: Record, state: tuple[str, ...], varied: tuple[str, ...]) -> Kernel:
    """The kernel of a step, compiled once in a process."""
    return _kernels(step.operations, tuple(step.outputs.items()), state, varied)
