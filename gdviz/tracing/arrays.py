"""A recorded step as calls of NumPy's functions on arrays of points, for where nothing can be compiled.

Every operation writes into an array that is there already, and whose numbers are no longer needed: arrays that come and
go would cost more than the arithmetic.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.tracing.record import LEAVES, OPERATIONS, Record
from gdviz.tracing.tables import Tables

Array = NDArray[np.float64]
Call = tuple[Callable[..., Any], tuple[int, ...], int]
"""A function, the places of its operands and of its result."""

TRUTHS = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
}  # fmt: skip


def _choose(chosen: Any, a: Any, b: Any, out: Any) -> None:
    np.copyto(out, b)
    np.copyto(out, a, where=np.asarray(chosen, dtype=bool))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {**OPERATIONS, "where": _choose, "power": np.power}


class ArrayStep:
    """A step of many points at once.

    Args:
        step: The record of a step.
        varied: The names of leaves, besides points, whose values differ from point to point.
    """

    def __init__(self, step: Record, varied: Collection[str]) -> None:
        self.step, self.tables = step, Tables(step, varied)
        self._given = {
            place: operation[1] for place, operation in enumerate(step.operations) if operation[0] in LEAVES[1:]
        }
        self._over_examples = 3 in self.tables.levels
        self._calls, self._slots, self._truths = ([], {}, set[int]()) if self._over_examples else self._planned()
        self._values: dict[int, Any] = {
            place: operation[1] for place, operation in enumerate(step.operations) if operation[0] == "constant"
        }
        self._size = 0

    def __call__(self, points: Mapping[str, Any], constants: Array, row: Array) -> dict[str, Any]:
        """The outputs; the next call overwrites them.

        Args:
            points: The values of points and varied leaves, each of shape (n,), and the examples, of shape (m, 1).
            constants, row: The constants of :class:`gdviz.tracing.tables.Tables`, and its table's row of this step.
        """
        values, tables = self._values, self.tables
        values.update({place: points[name] for place, name in self._given.items() if name in points})
        values.update({place: constants[k] for place, k in tables.constants.items()})
        values.update({place: row[k] for place, k in tables.columns.items()})
        if self._over_examples:
            return self._interpreted(dict(values))
        if self._size != len(points["x"]):
            self._size = len(points["x"])
            arrays = [
                np.empty(self._size, dtype=bool if k in self._truths else np.float64) for k in set(self._slots.values())
            ]
            values.update({place: arrays[slot] for place, slot in self._slots.items()})
        for function, operands, place in self._calls:
            function(*[values[k] for k in operands], out=values[place])
        return {name: values[place] for name, place in self.step.outputs.items()}

    def _interpreted(self, values: dict[int, Any]) -> dict[str, Any]:
        for place, (name, *operands) in enumerate(self.step.operations):
            if place not in values and all(k in values for k in operands):
                values[place] = OPERATIONS[name](*(values[k] for k in operands))
        return {name: values[place] for name, place in self.step.outputs.items()}

    def _planned(self) -> tuple[list[Call], dict[int, int], set[int]]:
        """The calls; which array each result stands in; and which of the arrays hold truth values."""
        calls = list(self._expanded())
        left = Counter(k for _, operands, _ in calls for k in operands)
        left.update(self.step.outputs.values())
        slots: dict[int, int] = {}
        truths = {place for place, (name, *_) in enumerate(self.step.operations) if name in TRUTHS}
        free: dict[bool, list[int]] = {True: [], False: []}
        count, truth_slots = 0, set[int]()
        for function, operands, place in calls:
            spent = []
            for k in operands:
                left[k] -= 1
                if left[k] == 0 and k in slots:
                    spent.append(k)
            if function is not _choose:  # whose result must not stand where an operand does
                for k in spent:
                    free[k in truths].append(slots[k])
            kind = place in truths
            if free[kind]:
                slots[place] = free[kind].pop()
            else:
                slots[place], count = count, count + 1
                truth_slots.update({slots[place]} if kind else ())
            if function is _choose:
                for k in spent:
                    free[k in truths].append(slots[k])
        return calls, slots, truth_slots

    def _expanded(self) -> Iterator[Call]:
        """The calls, with whole powers as multiplications; places from the record's end on are in between."""
        following = len(self.step.operations)
        for place, (name, *operands) in enumerate(self.step.operations):
            if name in LEAVES or self.tables.levels[place] < 2:
                continue
            power = self._whole_power(operands[1]) if name == "power" else 0
            so_far = operands[0]
            factors = [factor for bit in f"{power:b}"[1:] for factor in ([0, 1] if bit == "1" else [0])]
            for k, by_base in enumerate(factors):  # squares, and products with the base
                result = place if k == len(factors) - 1 else following
                following += result == following
                yield np.multiply, (so_far, operands[0] if by_base else so_far), result
                so_far = result
            if not factors:
                yield _FUNCTIONS[name], tuple(operands), place

    def _whole_power(self, exponent: int) -> int:
        name, *value = self.step.operations[exponent]
        return int(value[0]) if name == "constant" and value[0] in range(2, 65) else 0
