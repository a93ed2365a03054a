"""Values that depend on the knobs or the step alone, and so are the same for all points: computed before a sweep."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.tracing.record import LEAVES, OPERATIONS, Record

Array = NDArray[np.float64]

_FLOATING: Mapping[str, Callable[..., Any]] = {**OPERATIONS, "power": np.vectorize(math.pow, otypes=[float])}
"""Powers as of single numbers, whose last digit is that of descend()."""


class Tables:
    """The part of a step that is the same for all points.

    Args:
        step: The record of a step.
        varied: The names of leaves, besides points, whose values differ from point to point.
    """

    def __init__(self, step: Record, varied: Collection[str]) -> None:
        self.levels = step.levels(varied)
        used = set(step.outputs.values())
        for place, (name, *operands) in enumerate(step.operations):
            if name not in LEAVES and self.levels[place] > 1:
                used.update(operands)
        wanted = [place for place in sorted(used) if self.levels[place] < 2 and step.operations[place][0] != "constant"]
        self.constants = {place: k for k, place in enumerate(p for p in wanted if self.levels[p] == 0)}
        """Operations that depend on the knobs alone, and which of the constants they are."""
        self.columns = {place: k for k, place in enumerate(p for p in wanted if self.levels[p] == 1)}
        """Operations that depend on the step, and which of the table's columns they are."""
        names = [str(place) for place in wanted]
        self._record = Record(step.operations, dict(zip(names, wanted, strict=True))).only(names)

    def values(self, knobs: Mapping[str, Any], each_step: Mapping[str, Array]) -> tuple[Array, Array]:
        """The constants, and a table with a row for each step."""
        values: dict[str, Any] = {**knobs, **each_step}
        made = self._record.run(_FLOATING, **values)
        constants = np.array([made[str(place)] for place in self.constants], dtype=np.float64)
        table = np.empty((len(each_step["step"]), len(self.columns)))
        for place, column in self.columns.items():
            table[:, column] = made[str(place)]
        return constants, table
