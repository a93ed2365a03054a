"""Derivatives of recorded calculations: numbers that carry their derivative along (forward mode)."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from numpy import cos, cosh, exp, sign, sin, sinh, where

from gdviz.tracing.record import OPERATIONS, NotRecordableError, Recording

PARTIALS: Mapping[str, Callable[..., tuple[Any, ...]]] = {
    "add": lambda r, a, b: (1.0, 1.0),
    "subtract": lambda r, a, b: (1.0, -1.0),
    "multiply": lambda r, a, b: (b, a),
    "divide": lambda r, a, b: (1.0 / b, -r / b),
    "power": lambda r, a, b: (b * a ** (b - 1.0), math.nan),
    "negative": lambda r, a: (-1.0,),
    "absolute": lambda r, a: (sign(a),),
    "sign": lambda r, a: (0.0,),
    "sqrt": lambda r, a: (0.5 / r,),
    "exp": lambda r, a: (r,),
    "log": lambda r, a: (1.0 / a,),
    "sin": lambda r, a: (cos(a),),
    "cos": lambda r, a: (-sin(a),),
    "tan": lambda r, a: (1.0 + r * r,),
    "sinh": lambda r, a: (cosh(a),),
    "cosh": lambda r, a: (sinh(a),),
    "tanh": lambda r, a: (1.0 - r * r,),
    "arctan": lambda r, a: (1.0 / (1.0 + a * a),),
    "radians": lambda r, a: (math.pi / 180.0,),
    "logaddexp": lambda r, a, b: (exp(a - r), exp(b - r)),
    "minimum": lambda r, a, b: (where(a <= b, 1.0, 0.0), where(a <= b, 0.0, 1.0)),
    "maximum": lambda r, a, b: (where(a >= b, 1.0, 0.0), where(a >= b, 0.0, 1.0)),
    "where": lambda r, chosen, a, b: (0.0, where(chosen, 1.0, 0.0), where(chosen, 0.0, 1.0)),
}
"""The partial derivatives of an operation by its operands, from its result r and these; comparisons have none."""


class Dual(Recording):
    """A recorded value and its derivative; None stands for a derivative that is 0 throughout."""

    __slots__ = ("slope", "value")
    rank = 1

    def __init__(self, value: Any, slope: Any = None) -> None:
        self.value, self.slope = value, slope

    def apply(self, name: str, operands: tuple[Any, ...]) -> "Dual":
        duals = [operand if isinstance(operand, Dual) else Dual(operand) for operand in operands]
        values = [dual.value for dual in duals]
        result = OPERATIONS[name](*values)
        if name not in PARTIALS or all(dual.slope is None for dual in duals):
            return Dual(result)
        if name == "power" and duals[1].slope is not None:
            raise NotRecordableError("a power with a varying exponent has no derivative here")
        terms = [
            partial * dual.slope if not _is_one(partial) else dual.slope
            for partial, dual in zip(PARTIALS[name](result, *values), duals, strict=True)
            if dual.slope is not None and not _is_zero(partial)
        ]
        return Dual(result, _sum(terms))

    @property
    def real(self) -> "Dual":
        """The value alone, as a constant: what is made of it is a choice of sides, which has no derivative."""
        return Dual(self.value)

    def mean(self, axis: int = 0) -> "Dual":
        """The mean over the examples."""
        return Dual(self.value.mean(), None if self.slope is None else (self.slope + 0.0 * self.value).mean())


def _is_one(partial: Any) -> bool:
    return isinstance(partial, float) and partial == 1.0


def _is_zero(partial: Any) -> bool:
    return isinstance(partial, float) and partial == 0.0


def _sum(terms: list[Any]) -> Any:
    total = None
    for term in terms:
        total = term if total is None else total + term
    return total


def jacobian(function: Callable[[Any, Any], tuple[Any, Any]], x: Any, y: Any) -> list[list[Any]]:
    """The derivatives of a function's two results by x and y: of a gradient, the Hessian."""
    columns = [function(Dual(x, 1.0), Dual(y)), function(Dual(x), Dual(y, 1.0))]
    return [[_slope(result) for result in row] for row in zip(*columns, strict=True)]


def _slope(result: Any) -> Any:
    return result.slope if isinstance(result, Dual) and result.slope is not None else 0.0
