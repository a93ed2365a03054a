"""The text of a kernel: blocks of points, their steps, and their ends."""

import functools
from collections.abc import Sequence

from gdviz.tracing.apart import ANSWERS
from gdviz.tracing.llvm.code import LIBRARY, MASK, VECTOR, WIDTH, Code, splat
from gdviz.tracing.llvm.values import Values
from gdviz.tracing.record import Record
from gdviz.tracing.tables import Tables

BLOCK = 128
"""Points that are run together."""
ROW = BLOCK + 8
"""Numbers from one row of a block to the next: rows a power of two apart would be in each other's way in the cache."""
ARGUMENTS = (
    "i64 %blocks, i64 %steps, ptr %constants, ptr %table, ptr %states, i64 %count, ptr %varied, ptr %strides, "
    "ptr %data, ptr %offsets, i64 %examples, ptr %losses, ptr %work, ptr %ends, double %lowest, double %still, "
    "ptr %ground"
)
"""The arguments of the function; see :class:`gdviz.tracing.llvm.kernel.Kernel`."""


_DECLARED = (
    f"declare {VECTOR} @llvm.fma.v{WIDTH}f64({VECTOR}, {VECTOR}, {VECTOR})",
    f"declare {VECTOR} @llvm.fabs.v{WIDTH}f64({VECTOR})",
    f"declare {VECTOR} @llvm.sqrt.v{WIDTH}f64({VECTOR})",
    f"declare {MASK} @llvm.is.fpclass.v{WIDTH}f64({VECTOR}, i32)",
    f"declare i1 @llvm.vector.reduce.or.v{WIDTH}i1({MASK})",
    *(f"declare double @{name}({'double, double' if name in ('pow', 'fmod') else 'double'})" for name in LIBRARY),
    'attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
    '!0 = !{!"branch_weights", i32 1, i32 2000}',
)


def landscape_text(ground: Record, tables: Tables) -> str:
    """The text of a landscape recorded apart: for eight points, its answers, written behind these."""
    code = Code()
    code.lines += ["define void @run(ptr %place, ptr %constants) #0 {", "entry:"]
    uniform = {place: code.load_one("%constants", str(k)) for place, k in tables.constants.items()}
    named = {"x": code.load("%place", "0"), "y": code.load("%place", str(WIDTH))}
    values = Values(code, ground, tables, uniform, named, "0").run()
    for answer, place in ground.outputs.items():
        code.store(values[place], "%place", str(WIDTH * (2 + ANSWERS.index(answer))))
    return "\n".join([*code.lines, "  ret void", "}", *_DECLARED, ""])


class Writer:
    """Writes the text of a kernel; see :class:`gdviz.tracing.llvm.kernel.Kernel`."""

    def __init__(
        self, step: Record, state: Sequence[str], varied: Sequence[str], tables: Tables, last: int, tolerance: float
    ) -> None:
        self.step, self.state, self.varied, self.tables = step, state, varied, tables
        self.last, self.tolerance, self.stops = last, tolerance, "stopped" in step.outputs
        self.code, self.rows = Code(), len(state)

    def text(self) -> str:
        code = self.code
        code.lines.append(f"define void @run({ARGUMENTS}) #0 {{")
        code.lines.append("entry:")
        code.lines.append(f"  %place = alloca [{2 + len(ANSWERS)} x {VECTOR}], align 64")
        self.uniform = {place: code.load_one("%constants", str(k)) for place, k in self.tables.constants.items()}
        self.steps_and_one = code.plus("%steps", 1)
        code.loop("0", "%blocks", 1, self._block)
        code.do("ret void")
        code.lines.append("}")
        return "\n".join([*code.lines, *_DECLARED, ""])

    def _block(self, block: str, _: list[str]) -> list[str]:
        """All steps of a block, and its ends."""
        code, rows = self.code, self.rows
        first = code.times(block, BLOCK)
        other = code.at("%work", str(rows * ROW))
        self.moved, self.endings = (code.at("%work", str((2 * rows + k) * ROW)) for k in (0, 1))

        def begin(i: str, _: list[str]) -> list[str]:
            point = code.plus(first, i)
            for row in range(rows):
                given = code.load("%states", code.plus(code.times("%count", row), point))
                code.store(given, "%work", code.plus(i, row * ROW))
            code.store(splat(0.0), self.moved, i)
            code.store(splat(0.0), self.endings, i)
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
        code, tables = self.code, self.tables
        row = code.times(t, len(tables.columns))
        self.uniform |= {
            place: code.load_one("%table", code.plus(row, column)) for place, column in tables.columns.items()
        }
        count = code.let(f"sitofp i64 {code.plus(t, 1)} to double")
        self.row_number = code.spread(count)
        losses = code.times(t, BLOCK)
        code.loop("0", str(BLOCK), WIDTH, lambda i, _: self._points(i, t, code.plus(first, i), source, target, losses))
        if self.stops:
            code.loop("0", str(BLOCK), WIDTH, lambda i, _: self._window(i, t, source, target))
            return
        late, skip, begun = code.name("late"), code.name("skip"), code.plus("%steps", -self.last)
        is_late = code.let(f"icmp sge i64 {t}, {begun}")
        before_end = code.let(f"icmp slt i64 {t}, %steps")
        code.do(f"br i1 {code.let(f'and i1 {is_late}, {before_end}')}, label %{late}, label %{skip}")
        code.begin(late)

        def add(i: str, _: list[str]) -> list[str]:
            code.store(code.add(code.load(self.moved, i), self._move(i, source, target)), self.moved, i)
            return []

        code.loop("0", str(BLOCK), WIDTH, add)
        code.do(f"br label %{skip}")
        code.begin(skip)

    def _move(self, i: str, source: str, target: str) -> str:
        """How far a step moved, summed over the coordinates."""
        code = self.code
        parts = [
            code.absolute(
                code.subtract(
                    code.load(target, code.plus(i, k * ROW)),
                    code.load(source, code.plus(i, k * ROW)),
                )
            )
            for k in (0, 1)
        ]
        return code.add(*parts)

    def _window(self, i: str, t: str, source: str, target: str) -> list[str]:
        """Where runs can stop early: the sum of the last moves so far, of those that go on."""
        code = self.code
        move = self._move(i, source, target)
        kept = code.plus(code.times(self.steps_and_one, BLOCK), i)  # behind the losses
        code.store(move, "%losses", code.plus(kept, code.times(t, BLOCK)))
        old = code.plus(t, -self.last)
        has_old = code.let(f"icmp sge i64 {old}, 0")
        place = code.let(f"select i1 {has_old}, i64 {old}, i64 {t}")
        gone = code.load("%losses", code.plus(kept, code.times(place, BLOCK)))
        gone = code.let(f"select i1 {has_old}, {VECTOR} {gone}, {VECTOR} {splat(0.0)}")
        going = code.compare("oeq", code.load(self.endings, i), splat(0.0))
        going = code.let(f"select i1 {code.let(f'icmp slt i64 {t}, %steps')}, {MASK} {going}, {MASK} zeroinitializer")
        before = code.load(self.moved, i)
        code.store(code.choose(going, code.subtract(code.add(before, move), gone), before), self.moved, i)
        return []

    def _points(self, i: str, t: str, point: str, source: str, target: str, losses: str) -> list[str]:
        """One step of eight points."""
        code = self.code
        named = {name: code.load(source, code.plus(i, k * ROW)) for k, name in enumerate(self.state)}
        for k, name in enumerate(self.varied):
            base = code.listed("ptr", "%varied", k)
            stride = code.listed("i64", "%strides", k)
            named[name] = code.load(base, code.plus(code.times(t, stride), point))
        values = Values(code, self.step, self.tables, {**self.uniform}, named, t).run()
        outputs = {name: values[place] for name, place in self.step.outputs.items()}
        loss = outputs["loss"]
        code.store(loss, "%losses", code.plus(losses, i))
        zero, ending = splat(0.0), code.load(self.endings, i)
        watched = (loss, outputs["gradient_x"], outputs["gradient_y"], named["x"], named["y"])
        suspect = code.not_finite(functools.reduce(code.add, watched))  # but the sum alone may be out of range
        if self.stops:
            suspect = code.either(suspect, code.compare("ogt", outputs["stopped"], zero))

        def end() -> list[str]:
            """Note which have ended, and how; most of the time none has."""
            broken = functools.reduce(code.either, map(code.not_finite, watched))
            value = code.choose(broken, code.negative(self.row_number), zero)
            if self.stops:
                met = code.compare("ogt", outputs["stopped"], zero)
                stopped = code.choose(met, code.fused(outputs["stopped"], splat(0.25), self.row_number), zero)
                value = code.choose(broken, value, stopped)
            value = code.choose(code.compare("oeq", ending, zero), value, ending)
            code.store(value, self.endings, i)
            return [value]

        (ending,) = code.when_any(suspect, end, [ending])
        going = code.compare("oeq", ending, zero)
        for k, name in enumerate(self.state):
            new = outputs[name] if k > 1 else code.choose(going, outputs[name], named[name])
            code.store(new, target, code.plus(i, k * ROW))
        return []

    def _ends(self, i: str, first: str, end: str) -> list[str]:
        """Store the ends of eight points."""
        code, one = self.code, splat(1.0)
        loss = code.load("%losses", code.plus(code.times("%steps", BLOCK), i))
        distance = code.load(self.moved, i)
        lowest, still = code.spread("%lowest"), code.spread("%still")

        def slack(aim: str) -> str:
            return code.multiply(splat(self.tolerance), code.larger(one, code.absolute(aim)))

        there = code.compare("ole", code.subtract(loss, lowest), slack(lowest))
        aim = code.choose(there, lowest, loss)
        allowed = slack(aim)
        candidates = code.either(there, code.compare("ole", distance, still))
        ending = code.load(self.endings, i)
        candidates = code.either(candidates, code.compare("ogt", ending, splat(0.0)))

        def count() -> list[str]:
            """From the last row backwards, as long as one of the eight has not been above its aim."""
            head, entry, done = code.name("back"), code.block, code.name("done")
            code.do(f"br label %{head}")
            code.begin(head)
            t, searching, settled = (code.name("b") for _ in range(3))
            top = len(code.lines)
            here = code.load("%losses", code.plus(code.times(f"%{t}", BLOCK), i))
            above = code.let(f"fcmp ugt {VECTOR} {code.subtract(here, aim)}, {allowed}")
            found = code.both(f"%{searching}", above)
            row = code.spread(code.let(f"sitofp i64 {code.plus(f'%{t}', 1)} to double"))
            new = code.choose(found, row, f"%{settled}")
            left = code.both(f"%{searching}", code.let(f"xor {MASK} {above}, splat (i1 true)"))
            before = code.plus(f"%{t}", -1)
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
        kept = (code.load(end, i), code.load(end, code.plus(i, ROW)), loss, ending, distance, settled)
        for k, value in enumerate(kept):
            code.store(value, "%ends", code.plus(code.times("%count", k), code.plus(first, i)))
        return []
