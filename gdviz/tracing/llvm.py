"""A recorded run as machine code for very many points, by LLVM.

One kernel runs a rule on a landscape: blocks of 128 points, which stay in the processor's nearest memory; within a
block steps are the outer loop and points the inner one, eight at a time. What depends on the knobs or the step alone
comes in tables that NumPy made; losses of a block are kept until its end, from which the steps to converge are counted
backwards.

Needs llvmlite. Only additions, multiplications, divisions and roots give NumPy's numbers to the last bit.
"""

import ctypes
import ctypes.util
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.tracing.record import LEAVES, Record
from gdviz.tracing.tables import Tables
from gdviz.tracing.vector_code import LIBRARY, MASK, VECTOR, WIDTH, Code, splat

Array = NDArray[np.float64]

BLOCK = 128
ROW = BLOCK + 8
"""Numbers from one row of a block to the next: rows a power of two apart would be in each other's way in the cache."""
ENDS = ("x", "y", "loss", "ending", "moved", "settled")
"""What a kernel gives of each point; see :meth:`Kernel.__call__`."""


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
        self.text = _Writer(self, last, tolerance).text()
        self._engine, self._run = _compiled(self.text)

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
    ) -> Array:
        """The ends of N runs, shape (6, N): rows as in ``ENDS``.

        ``ending`` is 0 for a run that took all its steps, -(t+1) for one that left the finite numbers at row t, and
        t + 1 + code/4 for one that stopped there; ``moved`` is how far the last steps moved; ``settled`` the number of
        steps after which the loss stays at that of the end, or of the lowest where the end is there; 0 for runs that
        took all their steps and are neither there nor at rest.

        Args:
            states: The states before the first step, a row for each name, shape (S, N).
            constants, table: What :class:`gdviz.tracing.tables.Tables` made.
            varied: For each varied leaf an array of shape (N,), or (steps + 1, N).
            examples: The columns ``input`` and ``target`` of a landscape of data.
            batches: Which examples each step sees.
            lowest: The loss at the minima, NaN for none.
            still: Runs that moved at most so far are at rest.
            many: How to run the chunks: ``map``, or that of a pool of threads.
            chunk: Points that are run at a time.
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

        def run(first: int) -> None:
            losses = _aligned((steps + 1) * BLOCK * (2 if self.stops else 1))
            work = _aligned((2 * len(self.state) + 2) * ROW)
            own = (ctypes.c_void_p * (len(varied) + 1))(*(v.ctypes.data + 8 * first for v in given[1:]), None)
            self._run(
                min(chunk, wide - first) // BLOCK, steps, constants.ctypes.data, table.ctypes.data,
                given[0].ctypes.data + 8 * first, wide, own, strides.ctypes.data, data, offsets.ctypes.data,
                len(whole[0]) if whole else 0, losses.ctypes.data, work.ctypes.data, ends.ctypes.data + 8 * first,
                lowest, still,
            )  # fmt: skip

        for _ in many(run, range(0, wide, chunk)):
            pass
        return ends[:, :count]


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


_ARGUMENTS = (
    "i64 %blocks, i64 %steps, ptr %constants, ptr %table, ptr %states, i64 %count, ptr %varied, ptr %strides, "
    "ptr %data, ptr %offsets, i64 %examples, ptr %losses, ptr %work, ptr %ends, double %lowest, double %still"
)
_TYPES = [
    ctypes.c_double
    if part.strip().startswith("double")
    else ctypes.c_int64
    if part.strip().startswith("i64")
    else ctypes.c_void_p
    for part in _ARGUMENTS.split(",")
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


def _compiled(text: str) -> tuple[Any, Callable[..., None]]:
    """The engine that owns the machine code, and the function."""
    llvm = _machine()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    module = llvm.parse_assembly(text)
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return engine, ctypes.CFUNCTYPE(None, *_TYPES)(engine.get_function_address("run"))


class _Writer:
    """Writes a kernel's text."""

    def __init__(self, kernel: Kernel, last: int, tolerance: float) -> None:
        self.kernel, self.last, self.tolerance = kernel, last, tolerance
        self.code, self.rows = Code(), len(kernel.state)

    # Places in memory

    def _at(self, base: str, index: str) -> str:
        return self.code.let(f"getelementptr double, ptr {base}, i64 {index}")

    def _load(self, base: str, index: str) -> str:
        return self.code.let(f"load {VECTOR}, ptr {self._at(base, index)}, align 8")

    def _store(self, value: str, base: str, index: str) -> None:
        self.code.do(f"store {VECTOR} {value}, ptr {self._at(base, index)}, align 8")

    def _spread(self, scalar: str) -> str:
        """A vector of one number."""
        one = self.code.let(f"insertelement {VECTOR} poison, double {scalar}, i64 0")
        return self.code.let(f"shufflevector {VECTOR} {one}, {VECTOR} poison, <{WIDTH} x i32> zeroinitializer")

    def _number(self, base: str, index: str) -> str:
        return self.code.let(f"load double, ptr {self._at(base, index)}, align 8")

    def _plus(self, a: str, b: int | str) -> str:
        return self.code.let(f"add i64 {a}, {b}")

    def _times(self, a: str, b: int | str) -> str:
        return self.code.let(f"mul i64 {a}, {b}")

    # The function

    def text(self) -> str:
        code = self.code
        code.lines.append(f"define void @run({_ARGUMENTS}) #0 {{")
        code.lines.append("entry:")
        self.uniform = {
            place: self._spread(self._number("%constants", str(k))) for place, k in self.kernel.tables.constants.items()
        }
        self.steps_and_one = self._plus("%steps", 1)
        code.loop("0", "%blocks", 1, self._block)
        code.do("ret void")
        code.lines.append("}")
        declared = [
            f"declare {VECTOR} @llvm.fma.v{WIDTH}f64({VECTOR}, {VECTOR}, {VECTOR})",
            f"declare {VECTOR} @llvm.fabs.v{WIDTH}f64({VECTOR})",
            f"declare {VECTOR} @llvm.sqrt.v{WIDTH}f64({VECTOR})",
            f"declare {MASK} @llvm.is.fpclass.v{WIDTH}f64({VECTOR}, i32)",
            f"declare i1 @llvm.vector.reduce.or.v{WIDTH}i1({MASK})",
            *(
                f"declare double @{name}({'double, double' if name in ('pow', 'fmod') else 'double'})"
                for name in LIBRARY
            ),
            'attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
            '!0 = !{!"branch_weights", i32 1, i32 2000}',
        ]
        return "\n".join([*code.lines, *declared, ""])

    def _block(self, block: str, _: list[str]) -> list[str]:
        """All steps of a block, and its ends."""
        code, rows = self.code, self.rows
        first = self._times(block, BLOCK)
        other = self._at("%work", str(rows * ROW))
        self.moved, self.endings = (self._at("%work", str((2 * rows + k) * ROW)) for k in (0, 1))

        def begin(i: str, _: list[str]) -> list[str]:
            point = self._plus(first, i)
            for row in range(rows):
                given = self._load("%states", self._plus(self._times("%count", row), point))
                self._store(given, "%work", self._plus(i, row * ROW))
            self._store(splat(0.0), self.moved, i)
            self._store(splat(0.0), self.endings, i)
            return []

        code.loop("0", str(BLOCK), WIDTH, begin)

        def step(t: str, _: list[str]) -> list[str]:
            odd = code.let(f"trunc i64 {t} to i1")
            source = code.let(f"select i1 {odd}, ptr {other}, ptr %work")
            target = code.let(f"select i1 {odd}, ptr %work, ptr {other}")
            self._step(t, first, source, target)
            return []

        code.loop("0", self.steps_and_one, 1, step)
        odd = code.let("trunc i64 %steps to i1")
        end = code.let(f"select i1 {odd}, ptr {other}, ptr %work")  # where the last points are
        code.loop("0", str(BLOCK), WIDTH, lambda i, _: self._ends(i, first, end))
        return []

    def _step(self, t: str, first: str, source: str, target: str) -> None:
        code, tables = self.code, self.kernel.tables
        row = self._times(t, len(tables.columns))
        self.uniform |= {
            place: self._spread(self._number("%table", self._plus(row, column)))
            for place, column in tables.columns.items()
        }
        count = code.let(f"sitofp i64 {self._plus(t, 1)} to double")
        self.row_number = self._spread(count)
        losses = self._times(t, BLOCK)
        code.loop("0", str(BLOCK), WIDTH, lambda i, _: self._points(i, t, self._plus(first, i), source, target, losses))
        if self.kernel.stops:
            code.loop("0", str(BLOCK), WIDTH, lambda i, _: self._window(i, t, source, target))
            return
        late, skip, begun = code.name("late"), code.name("skip"), self._plus("%steps", -self.last)
        is_late = code.let(f"icmp sge i64 {t}, {begun}")
        before_end = code.let(f"icmp slt i64 {t}, %steps")
        code.do(f"br i1 {code.let(f'and i1 {is_late}, {before_end}')}, label %{late}, label %{skip}")
        code.begin(late)

        def add(i: str, _: list[str]) -> list[str]:
            self._store(code.add(self._load(self.moved, i), self._move(i, source, target)), self.moved, i)
            return []

        code.loop("0", str(BLOCK), WIDTH, add)
        code.do(f"br label %{skip}")
        code.begin(skip)

    def _move(self, i: str, source: str, target: str) -> str:
        """How far a step moved, summed over the coordinates."""
        code = self.code
        parts = [
            code.absolute(
                code.subtract(self._load(target, self._plus(i, k * ROW)), self._load(source, self._plus(i, k * ROW)))
            )
            for k in (0, 1)
        ]
        return code.add(*parts)

    def _window(self, i: str, t: str, source: str, target: str) -> list[str]:
        """Where runs can stop early: the sum of the last moves so far, of those that go on."""
        code = self.code
        move = self._move(i, source, target)
        kept = self._plus(self._times(self.steps_and_one, BLOCK), i)  # behind the losses
        self._store(move, "%losses", self._plus(kept, self._times(t, BLOCK)))
        old = self._plus(t, -self.last)
        has_old = code.let(f"icmp sge i64 {old}, 0")
        place = code.let(f"select i1 {has_old}, i64 {old}, i64 {t}")
        gone = self._load("%losses", self._plus(kept, self._times(place, BLOCK)))
        gone = code.let(f"select i1 {has_old}, {VECTOR} {gone}, {VECTOR} {splat(0.0)}")
        going = code.compare("oeq", self._load(self.endings, i), splat(0.0))
        going = code.let(f"select i1 {code.let(f'icmp slt i64 {t}, %steps')}, {MASK} {going}, {MASK} zeroinitializer")
        before = self._load(self.moved, i)
        self._store(code.choose(going, code.subtract(code.add(before, move), gone), before), self.moved, i)
        return []

    def _points(self, i: str, t: str, point: str, source: str, target: str, losses: str) -> list[str]:
        """One step of eight points."""
        code, kernel = self.code, self.kernel
        named = {name: self._load(source, self._plus(i, k * ROW)) for k, name in enumerate(kernel.state)}
        for k, name in enumerate(kernel.varied):
            base = code.let(f"load ptr, ptr {code.let(f'getelementptr ptr, ptr %varied, i64 {k}')}, align 8")
            stride = code.let(f"load i64, ptr {code.let(f'getelementptr i64, ptr %strides, i64 {k}')}, align 8")
            named[name] = self._load(base, self._plus(self._times(t, stride), point))
        values = _Values(self, named, t).run()
        outputs = {name: values[place] for name, place in kernel.step.outputs.items()}
        loss = outputs["loss"]
        self._store(loss, "%losses", self._plus(losses, i))
        zero, ending = splat(0.0), self._load(self.endings, i)
        watched = (loss, outputs["gradient_x"], outputs["gradient_y"], named["x"], named["y"])
        suspect = code.not_finite(functools.reduce(code.add, watched))  # but the sum alone may be out of range
        if kernel.stops:
            suspect = code.either(suspect, code.compare("ogt", outputs["stopped"], zero))

        def end() -> list[str]:
            """Note which have ended, and how; most of the time none has."""
            broken = functools.reduce(code.either, map(code.not_finite, watched))
            value = code.choose(broken, code.negative(self.row_number), zero)
            if kernel.stops:
                met = code.compare("ogt", outputs["stopped"], zero)
                stopped = code.choose(met, code.fused(outputs["stopped"], splat(0.25), self.row_number), zero)
                value = code.choose(broken, value, stopped)
            value = code.choose(code.compare("oeq", ending, zero), value, ending)
            self._store(value, self.endings, i)
            return [value]

        (ending,) = code.when_any(suspect, end, [ending])
        going = code.compare("oeq", ending, zero)
        for k, name in enumerate(kernel.state):
            new = outputs[name] if k > 1 else code.choose(going, outputs[name], named[name])
            self._store(new, target, self._plus(i, k * ROW))
        return []

    def _ends(self, i: str, first: str, end: str) -> list[str]:
        """What is kept of eight points."""
        code, one = self.code, splat(1.0)
        loss = self._load("%losses", self._plus(self._times("%steps", BLOCK), i))
        distance = self._load(self.moved, i)
        lowest, still = self._spread("%lowest"), self._spread("%still")

        def slack(aim: str) -> str:
            return code.multiply(splat(self.tolerance), code.larger(one, code.absolute(aim)))

        there = code.compare("ole", code.subtract(loss, lowest), slack(lowest))
        aim = code.choose(there, lowest, loss)
        allowed = slack(aim)
        candidates = code.either(there, code.compare("ole", distance, still))
        ending = self._load(self.endings, i)
        candidates = code.either(candidates, code.compare("ogt", ending, splat(0.0)))

        def count() -> list[str]:
            """From the last row backwards, as long as one of the eight has not been above its aim."""
            head, entry, done = code.name("back"), code.block, code.name("done")
            code.do(f"br label %{head}")
            code.begin(head)
            t, searching, settled = (code.name("b") for _ in range(3))
            top = len(code.lines)
            here = self._load("%losses", self._plus(self._times(f"%{t}", BLOCK), i))
            above = code.let(f"fcmp ugt {VECTOR} {code.subtract(here, aim)}, {allowed}")
            found = code.both(f"%{searching}", above)
            row = self._spread(code.let(f"sitofp i64 {self._plus(f'%{t}', 1)} to double"))
            new = code.choose(found, row, f"%{settled}")
            left = code.both(f"%{searching}", code.let(f"xor {MASK} {above}, splat (i1 true)"))
            before = self._plus(f"%{t}", -1)
            some = code.let(f"call i1 @llvm.vector.reduce.or.v{WIDTH}i1({MASK} {left})")
            more = code.let(f"and i1 {some}, {code.let(f'icmp sge i64 {before}, 0')}")
            code.do(f"br i1 {more}, label %{head}, label %{done}")
            code.lines[top:top] = [
                f"  %{t} = phi i64 [ %steps, %{entry} ], [ {before}, %{code.block} ]",
                f"  %{searching} = phi {MASK} [ {candidates}, %{entry} ], [ {left}, %{code.block} ]",
                f"  %{settled} = phi {VECTOR} [ {splat(0.0)}, %{entry} ], [ {new}, %{code.block} ]",
            ]
            code.begin(done)
            return [new]

        (settled,) = code.when_any(candidates, count, [splat(0.0)])
        kept = (self._load(end, i), self._load(end, self._plus(i, ROW)), loss, ending, distance, settled)
        for k, value in enumerate(kept):
            self._store(value, "%ends", self._plus(self._times("%count", k), self._plus(first, i)))
        return []


class _Values:
    """The values of a record's operations for eight points."""

    def __init__(self, writer: _Writer, named: Mapping[str, str], t: str) -> None:
        self.writer, self.code, self.named, self.t = writer, writer.code, named, t
        self.operations, self.levels = writer.kernel.step.operations, writer.kernel.tables.levels
        self.values: dict[int, str] = {}
        self.masks: dict[int, str] = {}
        """The values that are truth values, which count as 0 and 1 where they are used as numbers."""
        self._pairs: dict[str, tuple[str, str]] = {}

    def run(self) -> dict[int, str]:
        means: dict[tuple[int, bool], list[int]] = {}
        depths: list[int] = []
        for place, (name, *operands) in enumerate(self.operations):
            depth = max((depths[k] for k in operands), default=0) if name not in LEAVES else 0
            if name == "mean":
                depth += 1
                means.setdefault((depth, self._of_batch(place)), []).append(place)
            depths.append(depth)
        for depth in range(max(depths) + 1):
            for (of_depth, batch), places in means.items():
                if of_depth == depth:
                    self._average(places, batch)
            for place in range(len(self.operations)):
                if depths[place] == depth and self.levels[place] < 3 and self.operations[place][0] != "mean":
                    self._place(place)
        return {place: self.number(place) for place in set(self.writer.kernel.step.outputs.values())}

    def number(self, place: int) -> str:
        """A value as a number."""
        if place not in self.values:
            self.values[place] = self.code.choose(self.masks[place], splat(1.0), splat(0.0))
        return self.values[place]

    def truth(self, place: int) -> str:
        """A value as a truth value."""
        return self.masks[place] if place in self.masks else self.code.compare("une", self.values[place], splat(0.0))

    def _needed(self, place: int) -> set[int]:
        """The operations of examples that lead to a mean."""
        found, open_ = set(), [place]
        while open_:
            for k in self.operations[open_.pop()][1:]:
                if self.levels[k] == 3 and k not in found:
                    found.add(k)
                    if self.operations[k][0] not in LEAVES:
                        open_.append(k)
        return found

    def _of_batch(self, mean: int) -> bool:
        return any(
            self.operations[k][1] in ("batch_input", "batch_target")
            for k in self._needed(mean)
            if self.operations[k][0] in LEAVES
        )

    def _average(self, means: list[int], batch: bool) -> None:
        """Means over the examples, or over those of the step, in one loop."""
        code, write = self.code, self.writer
        low, high = "0", "%examples"
        if batch:
            place = code.let(f"getelementptr i64, ptr %offsets, i64 {self.t}")
            low = code.let(f"load i64, ptr {place}, align 8")
            following = code.let(f"getelementptr i64, ptr {place}, i64 1")
            high = code.let(f"load i64, ptr {following}, align 8")
        needed = sorted(set().union(*(self._needed(mean) for mean in means)))

        def example(index: str, sums: list[str]) -> list[str]:
            for place in needed:
                name, *operands = self.operations[place]
                if name in LEAVES:
                    column = ("input", "target", "batch_input", "batch_target").index(operands[0])
                    base = code.let(f"getelementptr ptr, ptr %data, i64 {column}")
                    base = code.let(f"load ptr, ptr {base}, align 8")
                    self.values[place] = write._spread(write._number(base, index))
                else:
                    self._place(place)
            return [
                code.add(total, self.number(self.operations[mean][1])) for total, mean in zip(sums, means, strict=True)
            ]

        pairs = self._pairs
        self._pairs = dict(pairs)
        sums = code.loop(low, high, 1, example, [splat(0.0)] * len(means))
        self._pairs = pairs
        size = write._spread(code.let(f"sitofp i64 {code.let(f'sub i64 {high}, {low}')} to double"))
        for mean, total in zip(means, sums, strict=True):
            self.values[mean] = code.divide(total, size)

    def _place(self, place: int) -> None:
        """The value of one operation."""
        name, *operands = self.operations[place]
        if place in self.writer.uniform:
            self.values[place] = self.writer.uniform[place]
        elif name == "constant":
            self.values[place] = splat(operands[0])
        elif name in LEAVES:
            if operands[0] in self.named:
                self.values[place] = self.named[operands[0]]
        elif self.levels[place] < 2:
            return  # only on the way to what is in the tables
        elif name in _COMPARISONS:
            self.masks[place] = self.code.compare(_COMPARISONS[name], *map(self.number, operands))
        elif name in ("logical_and", "logical_or"):
            combine = self.code.both if name == "logical_and" else self.code.either
            self.masks[place] = combine(*map(self.truth, operands))
        elif name == "where":
            self.values[place] = self.code.choose(self.truth(operands[0]), *map(self.number, operands[1:]))
        elif name == "power":
            self.values[place] = self._power(*operands)
        elif name in ("sin", "cos", "tan"):
            argument = self.number(operands[0])
            if argument not in self._pairs:
                self._pairs[argument] = self.code.sin_and_cos(argument)
            sine, cosine = self._pairs[argument]
            self.values[place] = {"sin": sine, "cos": cosine}.get(name) or self.code.divide(sine, cosine)
        else:
            self.values[place] = _METHODS[name](self.code, *map(self.number, operands))

    def _power(self, base: int, exponent: int) -> str:
        name, *operands = self.operations[exponent]
        if name == "constant" and float(operands[0]).is_integer() and abs(operands[0]) <= 64:
            return self.code.whole_power(self.number(base), int(operands[0]))
        return self.code.called("pow", self.number(base), self.number(exponent))


_COMPARISONS = {
    "equal": "oeq",
    "not_equal": "une",
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
}
_METHODS: dict[str, Callable[..., str]] = {
    "add": Code.add,
    "subtract": Code.subtract,
    "multiply": Code.multiply,
    "divide": Code.divide,
    "remainder": lambda code, a, b: code.called("fmod", code.add(code.called("fmod", a, b), b), b),
    "negative": Code.negative,
    "absolute": Code.absolute,
    "sign": Code.sign,
    "sqrt": Code.sqrt,
    "exp": Code.exp,
    "log": Code.log,
    "sinh": lambda code, a: code.called("sinh", a),
    "cosh": lambda code, a: code.called("cosh", a),
    "tanh": Code.tanh,
    "arctan": lambda code, a: code.called("atan", a),
    "radians": lambda code, a: code.multiply(a, splat(math.pi / 180.0)),
    "logaddexp": Code.logaddexp,
    "minimum": Code.smaller,
    "maximum": Code.larger,
}
