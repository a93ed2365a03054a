"""Rules and landscapes recorded apart, so that a page without a server can put any rule on any landscape.

The record of a rule alone has three operations more, which ask the landscape: ``["landscape.loss", x, y]``,
``["landscape.gradient_x", x, y]`` and so on, for ``loss``, ``gradient_x``, ``gradient_y``, ``xx``, ``xy`` and ``yy``.
``composed`` in ``tape.js`` puts the operations of a landscape in their place.
"""

from dataclasses import dataclass
from typing import Any

from gdviz.landscapes import Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Optimizer
from gdviz.tracing import Record, RunRecord, Traced, record, record_run
from gdviz.tracing.derivatives import Dual, jacobian

_SLOPES = {"loss": ("gradient_x", "gradient_y"), "gradient_x": ("xx", "xy"), "gradient_y": ("xy", "yy")}
"""The names of the derivatives by x and y."""


@dataclass(frozen=True)
class Asked(Landscape):
    """A landscape that is asked, not computed."""

    name = "asked"
    label = "Any landscape"
    formula = "f(x, y)"
    domain = ((-1.0, 1.0), (-1.0, 1.0))
    start = (0.0, 0.0)

    def f(self, x: Any, y: Any) -> Any:
        return _asked("loss", x, y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return _asked("gradient_x", x, y), _asked("gradient_y", x, y)


def _asked(what: str, x: Any, y: Any) -> Any:
    if not isinstance(x, Dual):
        return Traced(x.tape, (f"landscape.{what}", x.place, y.place))
    by_x, by_y = (_asked(slope, x.value, y.value) for slope in _SLOPES[what])
    slope = by_x * x.slope if y.slope is None else by_y * y.slope
    return Dual(_asked(what, x.value, y.value), slope)


def rule_record(optimizer: Optimizer) -> RunRecord:
    """The record of a rule on any landscape.

    Raises:
        NotRecordableError: The rule is not a fixed list of operations.
    """
    return record_run(Asked(), optimizer)


def landscape_record(landscape: Landscape) -> Record:
    """The record of a landscape: its loss, gradient and second derivatives, over ``input`` and ``target`` where it has
    examples.
    """

    def calculation(x: Any, y: Any, **examples: Any) -> dict[str, Any]:
        ground = landscape.over(*examples.values()) if isinstance(landscape, DataLandscape) else landscape
        by_x, by_y = ground.df(x, y)
        (xx, xy), (_, yy) = jacobian(ground.df, x, y)
        return {"loss": ground.f(x, y), "gradient_x": by_x, "gradient_y": by_y, "xx": xx, "xy": xy, "yy": yy}

    examples = {"input": "example", "target": "example"} if isinstance(landscape, DataLandscape) else {}
    return record(calculation, x="point", y="point", **examples)
