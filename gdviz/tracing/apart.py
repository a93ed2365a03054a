"""A rule and a landscape recorded apart: the rule's record only says what it asks of any landscape, and where.

Thirty rules on thirty landscapes are nine hundred records of a step, but sixty records apart.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from gdviz.landscapes import Landscape
from gdviz.tracing.derivatives import Dual, jacobian
from gdviz.tracing.record import Record, Traced, record, traced
from gdviz.tracing.stages import real_knobs

ANSWERS = ("height", "slope_x", "slope_y", "curvature_xx", "curvature_xy", "curvature_yx", "curvature_yy")
"""Questions to a landscape: the loss, its first and second derivatives. In a record, operations of a place:
``("slope_x", 3, 4)`` is ∂f/∂x where x is the result of operation 3 and y that of operation 4."""
SLOPES = ANSWERS[:3]


@dataclass(frozen=True)
class AnyLandscape(Landscape):
    """Stands for a landscape while a rule is recorded."""

    def f(self, x: Traced, y: Traced) -> Any:
        return _asked("height", x, y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        if not isinstance(x, Dual):
            return _asked("slope_x", x, y), _asked("slope_y", x, y)
        axis = "x" if x.slope is not None else "y"  # a column of the Hessian; see jacobian()
        made = [
            Dual(_asked(f"slope_{row}", x.value, y.value), _asked(f"curvature_{row}{axis}", x.value, y.value))
            for row in "xy"
        ]
        return made[0], made[1]


def _asked(what: str, x: Traced, y: Traced) -> Traced:
    return Traced(x.tape, (what, x.place, traced(x.tape, y).place))


def record_landscape(landscape: Landscape, answers: Collection[str] = ANSWERS) -> Record:
    """A landscape's answers at the point (x, y); its knobs are leaves named as those of a run: ``landscape.b``."""
    knobs = {f"landscape.{name}": name for name in real_knobs(landscape)}

    def answered(x: Any, y: Any, **values: Any) -> dict[str, Any]:
        ground = landscape.having(**{name: values[leaf] for leaf, name in knobs.items()})
        found = [ground.f(x, y), *ground.df(x, y)]
        if not set(answers) <= set(SLOPES):
            found += [curvature for row in jacobian(ground.df, x, y) for curvature in row]
        return dict(zip(ANSWERS, found, strict=False))

    return record(answered, x="point", y="point", **dict.fromkeys(knobs, "knob")).only(answers)
