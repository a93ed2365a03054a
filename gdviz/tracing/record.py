"""The recorder, the record, and its interpreter."""

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Operation = tuple[Any, ...]
"""A name, then the places of its operands; of a leaf, its number or name."""

LEAVES = ("constant", "knob", "step", "point", "example")
"""Operations that bring numbers in; in :meth:`Record.levels` the first two count as 0, the others as 1, 2 and 3."""

OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in (
            *("add", "subtract", "multiply", "divide", "remainder", "negative", "absolute", "sign"),
            *("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "radians", "logaddexp"),
            *("minimum", "maximum", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
            *("logical_and", "logical_or", "where"),
        )
    },
    "power": operator.pow,  # of single numbers, numpy.power has other last digits than the operator
    "mean": lambda values: np.mean(values, axis=0),
}
"""All operations, with the functions that define them."""

_ALIASES = {"true_divide": "divide", "abs": "absolute", "bitwise_and": "logical_and", "bitwise_or": "logical_or"}


class NotRecordableError(ValueError):
    """A calculation is not a fixed list of the listed operations; the message says why."""


@dataclass(frozen=True)
class Record:
    """A list of operations, in an order in which they can be run, and which of their results are wanted."""

    operations: tuple[Operation, ...]
    outputs: Mapping[str, int]
    """The places of the results, by name."""

    def run(self, functions: "Mapping[str, Callable[..., Any]] | None" = None, /, **values: Any) -> dict[str, Any]:
        """The interpreter: the outputs for numbers or arrays, given by the names of the leaves.

        Args:
            functions: The functions of the operations; None for ``OPERATIONS``.
            values: The values of the leaves.
        """
        functions = OPERATIONS if functions is None else functions
        results: list[Any] = []
        for name, *operands in self.operations:
            if name == "constant":
                results.append(operands[0])
            elif name in LEAVES:
                results.append(values[operands[0]])
            else:
                results.append(functions[name](*(results[place] for place in operands)))
        return {name: results[place] for name, place in self.outputs.items()}

    def levels(self, varied: Collection[str] = ()) -> list[int]:
        """The dependence of each operation: 0 on knobs, 1 on the step, 2 on the point, 3 on the example.

        Args:
            varied: Names of leaves whose values differ from point to point here, whatever their kind.
        """
        levels: list[int] = []
        for name, *operands in self.operations:
            if name in LEAVES:
                level = max(LEAVES.index(name) - 1, 0)
                levels.append(max(level, 2) if operands[0] in varied else level)
            elif name == "mean":
                levels.append(2)
            else:
                levels.append(max(levels[place] for place in operands))
        return levels

    def named(self, kind: str) -> list[str]:
        """The names of all leaves of a kind."""
        return [name for leaf, name, *_ in self.operations if leaf == kind]

    def only(self, outputs: Collection[str]) -> "Record":
        """The record that gives some of the outputs, without the operations that no longer serve any."""
        needed = {self.outputs[name] for name in outputs}
        operations = self.operations
        for place in range(len(operations) - 1, -1, -1):
            if place in needed and operations[place][0] not in LEAVES:
                needed.update(operations[place][1:])
        moved = {place: new for new, place in enumerate(sorted(needed))}
        kept = [operations[place] for place in moved]
        return Record(
            tuple([o if o[0] in LEAVES else (o[0], *[moved[place] for place in o[1:]]) for o in kept]),
            {name: moved[self.outputs[name]] for name in outputs},
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data for JSON, with its levels."""
        return {
            "operations": [[*map(_plain, operation)] for operation in self.operations],
            "outputs": dict(self.outputs),
            "levels": self.levels(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_dict` described."""
        operations = (("constant", float(o[1])) if o[0] == "constant" else tuple(o) for o in data["operations"])
        return cls(tuple(operations), dict(data["outputs"]))


def _plain(part: Any) -> Any:
    if isinstance(part, float) and not math.isfinite(part):
        return "NaN" if math.isnan(part) else "Infinity" if part > 0 else "-Infinity"
    return part


class Recording(NDArrayOperatorsMixin):
    """Takes NumPy's functions, and Python's operators, which the mixin turns into NumPy's functions."""

    __slots__ = ()
    rank: ClassVar[int] = 0
    __hash__ = None  # type: ignore[assignment]  # == records a comparison

    def apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise NotRecordableError(f"numpy.{ufunc.__name__}.{method} is not in the list of operations")
        name = _ALIASES.get(ufunc.__name__, ufunc.__name__)
        return self._outermost(operands).apply(name, operands)

    def __array_function__(self, function: Any, types: Any, operands: tuple[Any, ...], options: Any) -> Any:
        if function is np.stack:
            return Vector(*operands[0])
        if function is not np.where or len(operands) != 3:
            raise NotRecordableError(f"numpy.{function.__name__} is not in the list of operations")
        return self._outermost(operands).apply("where", operands)

    def _outermost(self, operands: tuple[Any, ...]) -> "Recording":
        """The operand that knows what to do with the others: a vector rather than one of its coordinates."""
        outermost = self
        for operand in operands:
            if isinstance(operand, Recording) and operand.rank > outermost.rank:
                outermost = operand
        return outermost

    def __bool__(self) -> bool:
        raise NotRecordableError("the way forward depends on a recorded value: write where() for if, minimum for min")


class Traced(Recording):
    """A value that records the operations on it."""

    __slots__ = ("place", "tape")

    def __init__(self, tape: dict[Operation, int], operation: Operation) -> None:
        self.tape, self.place = tape, tape.setdefault(operation, len(tape))

    def apply(self, name: str, operands: tuple[Any, ...]) -> "Traced":
        if name not in OPERATIONS:
            raise NotRecordableError(f"numpy.{name} is not in the list of operations")
        tape = self.tape
        return Traced(tape, (name, *[(o if type(o) is Traced else traced(tape, o)).place for o in operands]))

    @property
    def real(self) -> "Traced":
        """The value itself: recorded values are real."""
        return self

    def mean(self, axis: int = 0) -> "Traced":
        """The mean over the examples."""
        return self.apply("mean", (self,))


class Vector(Recording):
    """A vector of recorded values, for rules that need the whole of it."""

    __slots__ = ("parts",)
    rank = 2

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def apply(self, name: str, operands: tuple[Any, ...]) -> "Vector":
        columns = zip(*(o.parts if isinstance(o, Vector) else (o,) * len(self) for o in operands), strict=True)
        return Vector(*(OPERATIONS[name](*column) for column in columns))

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.parts)

    def __getitem__(self, index: int) -> Any:
        return self.parts[index]

    def sum(self, axis: int = 0) -> Any:
        """The sum over the coordinates."""
        total = self.parts[0]
        for part in self.parts[1:]:
            total = total + part
        return total

    def mean(self, axis: int = 0) -> Any:
        """The mean over the coordinates."""
        return self.sum() / len(self.parts)


def traced(tape: dict[Operation, int], value: Any) -> Traced:
    """A number as a recorded constant; a recorded value stays as it is."""
    if isinstance(value, Traced):
        return value
    if isinstance(value, np.ndarray) and value.ndim:
        raise NotRecordableError("an array of numbers is no number; examples are recorded as leaves")
    number = float(value)
    if number == 0 and math.copysign(1.0, number) < 0:  # equal to 0.0, and so to its entry on the tape
        return Traced(tape, ("constant", 0.0)).apply("negative", (0.0,))
    return Traced(tape, ("constant", number))


def record(calculation: Callable[..., Mapping[str, Any]], **leaves: str) -> Record:
    """Record a calculation.

    Args:
        calculation: Takes a value for each leaf, and returns the results by name.
        leaves: The kind of each leaf: knob, step, point or example.

    Raises:
        NotRecordableError: It is not a fixed list of the listed operations.
    """
    tape: dict[Operation, int] = {}
    results = calculation(**{name: Traced(tape, (kind, name)) for name, kind in leaves.items()})
    return finished(tape, results)


def finished(tape: dict[Operation, int], results: Mapping[str, Any]) -> Record:
    """The record of the operations on a tape, without those that no result needs."""
    outputs = {name: traced(tape, result).place for name, result in results.items()}
    return Record(tuple(cast(Any, tape)), outputs).only(outputs)
