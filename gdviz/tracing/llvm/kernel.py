"""A recorded run as machine code for very many points, by LLVM.

One kernel runs a rule on a landscape: blocks of 128 points, which stay in the processor's nearest memory; within a
block steps are the outer loop and points the inner one, eight at a time. What depends on the knobs or the step alone
comes in tables that NumPy made; losses of a block are kept until its end, from which the steps to converge are counted
backwards.

Needs llvmlite. Only additions, multiplications, divisions and roots give NumPy's numbers to the last bit.
"""

import ctypes
import ctypes.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.tracing.apart import ANSWERS, SLOPES
from gdviz.tracing.llvm.code import LIBRARY
from gdviz.tracing.llvm.writer import ARGUMENTS, BLOCK, ROW, Writer, landscape_text
from gdviz.tracing.record import Operation, Record
from gdviz.tracing.tables import Tables

Array = NDArray[np.float64]

ENDS = ("x", "y", "loss", "ending", "moved", "settled")
"""The results of a kernel for each point; see :meth:`Kernel.__call__`."""


class Kernel:
    """A compiled run.

    Args:
        step: The record of a step, with the outputs x, y, the state, ``loss``, ``gradient_x``, ``gradient_y`` and,
            where runs can stop early, ``stopped``.
        state: The names of the state, x and y first.
        varied: The names of leaves, besides the state, whose values differ from point to point.
        last: How many last steps ``moved`` sums up.
        tolerance: How close to its end a loss is called settled; see ``gdviz.descent.ending.reaches``.
    """

    def __init__(self, step: Record, state: Sequence[str], varied: Sequence[str], last: int, tolerance: float) -> None:
        self.step, self.state, self.varied = step, tuple(state), tuple(varied)
        self.stops = "stopped" in step.outputs
        self.tables = Tables(step, varied)
        self.text = Writer(step, self.state, self.varied, self.tables, last, tolerance).text()
        self._engine, address = _compiled(self.text)
        self._run = ctypes.CFUNCTYPE(None, *_TYPES)(address)
        self.curved = any(name in set(ANSWERS) - set(SLOPES) for name, *_ in step.operations)
        """Whether it asks a landscape that was compiled apart for second derivatives."""

    def __call__(
        self,
        states: Array,
        constants: Array,
        table: Array,
        varied: Sequence[Array],
        examples: Mapping[str, Array],
        batches: Sequence[NDArray[np.int64]],
        lowest: float,
        still: float,
        many: Callable[..., Iterable[object]] = map,
        chunk: int = 2**15,
        ground: "Ground | None" = None,
        kept: Array | None = None,
    ) -> Array:
        """The ends of N runs, shape (6, N): rows as in ``ENDS``.

        ``ending`` is 0 for a run that took all its steps, -(t+1) for one that left the finite numbers at row t, and
        t + 1 + code/4 for one that stopped there; ``moved`` is how far the last steps moved; ``settled`` the number of
        steps after which the loss stays at that of the end, or of the lowest where the end is there; 0 for runs that
        took all their steps and are neither there nor at rest.

        Args:
            states: The states before the first step, a row for each name, shape (S, N).
            constants, table: Those of :class:`gdviz.tracing.tables.Tables`.
            varied: For each varied leaf an array of shape (N,), or (steps + 1, N).
            examples: The columns ``input`` and ``target`` of a landscape of data.
            batches: Which examples each step sees.
            lowest: The loss at the minima, NaN for none.
            still: Runs that moved at most so far are at rest.
            many: How to run the chunks: ``map``, or that of a pool of threads.
            chunk: Points that are run at a time.
            ground: The landscape, where it was recorded apart from the step.
            kept: Takes the loss of every run at every step, shape (steps + 1, N).
        """
        count, steps = states.shape[1], len(table) - 1
        wide = -(-count // BLOCK) * BLOCK
        given = [_widened(values, wide) for values in (states, *varied)]
        strides = np.array([values.strides[0] // 8 if values.ndim > 1 else 0 for values in given[1:]] + [0], np.int64)
        whole = [np.ascontiguousarray(examples[name]) for name in ("input", "target")] if examples else []
        chosen = np.concatenate(batches) if batches else np.zeros(0, np.int64)
        drawn = [values[chosen] for values in whole]
        data = (ctypes.c_void_p * 4)(*([v.ctypes.data for v in whole + drawn] or [0] * 4))
        offsets = np.cumsum([0, *map(len, batches)], dtype=np.int64)
        ends = np.empty((len(ENDS), wide))
        asked = None if ground is None else ground.pointers
        chunk = chunk if kept is None else BLOCK  # the losses of the last block are there afterwards

        def run(first: int) -> None:
            losses = _aligned((steps + 1) * BLOCK * (2 if self.stops else 1))
            work = _aligned((2 * len(self.state) + 2) * ROW)
            own = (ctypes.c_void_p * (len(varied) + 1))(*(v.ctypes.data + 8 * first for v in given[1:]), None)
            self._run(
                min(chunk, wide - first) // BLOCK, steps, constants.ctypes.data, table.ctypes.data,
                given[0].ctypes.data + 8 * first, wide, own, strides.ctypes.data, data, offsets.ctypes.data,
                len(whole[0]) if whole else 0, losses.ctypes.data, work.ctypes.data, ends.ctypes.data + 8 * first,
                lowest, still, asked,
            )  # fmt: skip
            if kept is not None:
                rows = losses[: (steps + 1) * BLOCK].reshape(steps + 1, BLOCK)
                kept[:, first : first + BLOCK] = rows[:, : count - first]

        for _ in many(run, range(0, wide, chunk)):
            pass
        return ends[:, :count]


class Ground:
    """A compiled landscape for kernels of rules that were recorded apart from it.

    Args:
        slopes: Its record, with the loss and the first derivatives; see :func:`gdviz.tracing.apart.record_landscape`.
        curved: The same with second derivatives, where they are needed.
        knobs: The values of its knobs.
    """

    def __init__(self, slopes: Record, curved: Record | None, knobs: Mapping[str, float]) -> None:
        self._kept: list[Any] = []
        records = [slopes] if curved is None else [slopes, curved]
        self.pointers = (ctypes.c_void_p * 4)(*(pointer for record in records for pointer in self._pair(record, knobs)))

    def _pair(self, record: Record, knobs: Mapping[str, float]) -> tuple[int, int]:
        """The addresses of the function and of its constants."""
        tables, engine, address = _landscape(record.operations, tuple(record.outputs.items()))
        constants, _ = tables.values(knobs, {"step": np.ones(1)})
        self._kept += [engine, constants]
        return address, constants.ctypes.data


@lru_cache(maxsize=128)
def _landscape(operations: tuple[Operation, ...], outputs: tuple[tuple[str, int], ...]) -> tuple[Tables, Any, int]:
    record = Record(operations, dict(outputs))
    tables = Tables(record, ())
    return tables, *_compiled(landscape_text(record, tables))


def _widened(values: Array, wide: int) -> Array:
    """Whole blocks: the last point is repeated."""
    count = values.shape[-1]
    if wide == count:
        return np.ascontiguousarray(values, dtype=np.float64)
    made = np.empty((*values.shape[:-1], wide))
    made[..., :count], made[..., count:] = values, values[..., -1:]
    return made


def _aligned(size: int) -> Array:
    """Numbers that begin where a line of the cache does."""
    made = np.zeros(size + 8)
    return made[(-made.ctypes.data % 64) // 8 :][:size]


_TYPES = [
    ctypes.c_double
    if part.strip().startswith("double")
    else ctypes.c_int64
    if part.strip().startswith("i64")
    else ctypes.c_void_p
    for part in ARGUMENTS.split(",")
]


@cache
def _machine() -> Any:
    """LLVM, made ready for this processor."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    for name in LIBRARY:
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
    return llvm


def _compiled(text: str) -> tuple[Any, int]:
    """The engine that owns the machine code, and the address of the function."""
    llvm = _machine()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    module = llvm.parse_assembly(text)
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return engine, engine.get_function_address("run")
