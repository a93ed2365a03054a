"""The engine ``compiled``: one kernel of machine code for a rule on a landscape, made by LLVM."""

import importlib.util
import math
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from gdviz.descent import ending
from gdviz.sweeps.cases import Cases
from gdviz.sweeps.ends import Ends
from gdviz.sweeps.program import program
from gdviz.tracing import Record
from gdviz.tracing.llvm import BLOCK, Kernel


def available() -> bool:
    """Whether LLVM is there."""
    return importlib.util.find_spec("llvmlite") is not None


def run(cases: Cases, many: Callable[..., Iterable[object]], threads: int) -> Ends:
    """Run all cases, in chunks that ``many`` maps over threads."""
    made, landscape = program(cases), cases.shared.landscape
    kernel = _kernel(made.step, made.state, made.varied)
    constants, table = kernel.tables.values(made.knobs, made.each_step)
    lowest = None if cases.shared.maximize else landscape.lowest
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
    )
    return Ends(ends[:2], ends[2], ends[3], ends[4], ends[5])


_kernels = lru_cache(maxsize=64)(
    lambda operations, outputs, state, varied: Kernel(
        Record(operations, dict(outputs)), state, varied, ending.LAST, ending.TOLERANCE
    )
)


def _kernel(step: Record, state: tuple[str, ...], varied: tuple[str, ...]) -> Kernel:
    """The kernel of a step, compiled once in a process."""
    return _kernels(step.operations, tuple(step.outputs.items()), state, varied)
