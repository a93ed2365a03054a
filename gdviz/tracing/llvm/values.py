"""The values of a record's operations for eight points, as instructions."""

import math
from collections.abc import Callable, Mapping

from gdviz.tracing.apart import ANSWERS, SLOPES
from gdviz.tracing.llvm.code import WIDTH, Code, splat
from gdviz.tracing.record import LEAVES, Record
from gdviz.tracing.tables import Tables


class Values:
    """The values of a record's operations for eight points."""

    def __init__(
        self, code: Code, step: Record, tables: Tables, uniform: Mapping[int, str], named: Mapping[str, str], t: str
    ) -> None:
        self.code, self.uniform, self.named, self.t = code, uniform, named, t
        self.operations, self.levels, self.wanted = step.operations, tables.levels, set(step.outputs.values())
        self.values: dict[int, str] = {}
        self.masks: dict[int, str] = {}
        """The values that are truth values, which count as 0 and 1 where they are used as numbers."""
        self._pairs: dict[str, tuple[str, str]] = {}
        self._answers: dict[tuple[int, int], dict[str, str]] = {}

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
        return {place: self.number(place) for place in self.wanted}

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
        code = self.code
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
                    self.values[place] = code.load_one(base, index)
                else:
                    self._place(place)
            return [
                code.add(total, self.number(self.operations[mean][1])) for total, mean in zip(sums, means, strict=True)
            ]

        pairs = self._pairs
        self._pairs = dict(pairs)
        sums = code.loop(low, high, 1, example, [splat(0.0)] * len(means))
        self._pairs = pairs
        size = code.spread(code.let(f"sitofp i64 {code.let(f'sub i64 {high}, {low}')} to double"))
        for mean, total in zip(means, sums, strict=True):
            self.values[mean] = code.divide(total, size)

    def _place(self, place: int) -> None:
        """The value of one operation."""
        name, *operands = self.operations[place]
        if place in self.uniform:
            self.values[place] = self.uniform[place]
        elif name == "constant":
            self.values[place] = splat(operands[0])
        elif name in LEAVES:
            if operands[0] in self.named:
                self.values[place] = self.named[operands[0]]
        elif self.levels[place] < 2:
            return  # only on the way to what is in the tables
        elif name in ANSWERS:
            self.values[place] = self._answered(name, *operands)
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

    def _answered(self, what: str, x: int, y: int) -> str:
        """An answer of a landscape that was compiled apart; all that is asked at one place is asked at once."""
        code = self.code
        if (x, y) not in self._answers:
            asked = [name for name, *operands in self.operations if operands == [x, y] and name in ANSWERS]
            code.store(self.number(x), "%place", "0")
            code.store(self.number(y), "%place", str(WIDTH))
            which = 2 * (not set(asked) <= set(SLOPES))
            function, constants = (code.listed("ptr", "%ground", which + k) for k in (0, 1))
            code.do(f"call void {function}(ptr %place, ptr {constants})")
            self._answers[x, y] = {
                name: code.load("%place", str(WIDTH * (2 + ANSWERS.index(name)))) for name in dict.fromkeys(asked)
            }
        return self._answers[x, y][what]

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
