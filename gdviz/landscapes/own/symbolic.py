"""Formulas in SymPy: the functions that may stand in one, their derivatives, and how numbers are put in.

The functions are defined here and not taken from SymPy, because SymPy rewrites its own (tan(atan(u)), |√u|, ...): that
may take minutes, and may bring in functions of complex numbers, which x and y are not.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import sympy

from gdviz.tracing.record import Operation, Record

X, Y = sympy.symbols("x y", real=True)
MOST_OPERATIONS = 1500
"""A formula whose second derivatives take more operations than this is refused."""


class RealFunction(sympy.Function):  # type: ignore[misc]
    """A function of a real number, left as it is written."""

    is_real = True
    compute: ClassVar[Callable[..., Any]]

    def fdiff(self, argindex: int = 1) -> Any:
        """Its derivative."""
        return self.slope(self.args[0])

    def slope(self, u: Any) -> Any:
        """Its derivative at u."""
        raise NotImplementedError


class Sin(RealFunction):
    compute = np.sin

    def slope(self, u: Any) -> Any:
        return Cos(u)


class Cos(RealFunction):
    compute = np.cos

    def slope(self, u: Any) -> Any:
        return -Sin(u)


class Tan(RealFunction):
    compute = np.tan

    def slope(self, u: Any) -> Any:
        return 1 + Tan(u) ** 2


class Exp(RealFunction):
    compute = np.exp

    def slope(self, u: Any) -> Any:
        return Exp(u)


class Log(RealFunction):
    compute = np.log

    def slope(self, u: Any) -> Any:
        return 1 / u


class Sqrt(RealFunction):
    compute = np.sqrt

    def slope(self, u: Any) -> Any:
        return 1 / (2 * Sqrt(u))


class Abs(RealFunction):
    compute = np.abs

    def slope(self, u: Any) -> Any:
        return Sign(u)


class Sign(RealFunction):
    compute = np.sign

    def slope(self, u: Any) -> Any:
        return sympy.Integer(0)  # off the kink


class Sinh(RealFunction):
    compute = np.sinh

    def slope(self, u: Any) -> Any:
        return Cosh(u)


class Cosh(RealFunction):
    compute = np.cosh

    def slope(self, u: Any) -> Any:
        return Sinh(u)


class Tanh(RealFunction):
    compute = np.tanh

    def slope(self, u: Any) -> Any:
        return 1 - Tanh(u) ** 2


class Atan(RealFunction):
    compute = np.arctan

    def slope(self, u: Any) -> Any:
        return 1 / (1 + u**2)


class RealPower(RealFunction):
    """u to a power that is not a whole number."""

    compute = np.power

    def fdiff(self, argindex: int = 1) -> Any:
        base, exponent = self.args
        return exponent * RealPower(base, exponent - 1)


class Max(RealFunction):
    """The larger of u and v; where they are equal, u."""

    compute = np.maximum

    def _eval_derivative(self, by: Any) -> Any:
        u, v = self.args
        return AtLeast(u, v, u.diff(by), v.diff(by))


class Min(RealFunction):
    """The smaller of u and v; where they are equal, u."""

    compute = np.minimum

    def _eval_derivative(self, by: Any) -> Any:
        u, v = self.args
        return AtLeast(v, u, u.diff(by), v.diff(by))


class AtLeast(RealFunction):
    """a where u ≥ v, else b."""

    compute = np.where

    def _eval_derivative(self, by: Any) -> Any:
        u, v, a, b = self.args
        return AtLeast(u, v, a.diff(by), b.diff(by))


FUNCTIONS: dict[str, type[RealFunction]] = {
    "sin": Sin, "cos": Cos, "tan": Tan, "exp": Exp, "log": Log, "sqrt": Sqrt, "abs": Abs, "sinh": Sinh, "cosh": Cosh,
    "tanh": Tanh, "atan": Atan,
}  # fmt: skip


class Program:
    """Expressions as a record: a list of operations on numbers or arrays, in which what they share is computed once.

    Raises:
        ValueError: They take too many operations, or hold a number too large to be one.
    """

    def __init__(self, expressions: Sequence[Any]) -> None:
        self._places: dict[Any, int] = {X: 0, Y: 1}
        self._operations: list[Operation] = [("point", "x"), ("point", "y")]
        outputs = {str(index): self._place(expression) for index, expression in enumerate(expressions)}
        self.record = Record(tuple(self._operations), outputs)

    def __call__(self, x: Any, y: Any) -> list[Any]:
        """The values of the expressions at (x, y)."""
        return [*self.record.run(x=x, y=y).values()]

    def _place(self, expression: Any) -> int:
        """The place of an expression's value in the record."""
        if expression not in self._places:
            self._places[expression] = self._placed(expression)
        return self._places[expression]

    def _placed(self, expression: Any) -> int:
        if expression.is_number:
            return self._add("constant", _finite(expression))
        if expression.is_Pow:
            base, exponent = expression.args
            power = self._add("power", self._place(base), self._add("constant", float(abs(exponent))))
            return power if exponent >= 0 else self._add("divide", self._add("constant", 1.0), power)
        first, *others = map(self._place, expression.args)
        if isinstance(expression, AtLeast):
            return self._add("where", self._add("greater_equal", first, others[0]), *others[1:])
        if expression.is_Add or expression.is_Mul:
            for place in others:
                first = self._add("add" if expression.is_Add else "multiply", first, place)
            return first
        return self._add(type(expression).compute.__name__, first, *others)

    def _add(self, *operation: Any) -> int:
        if len(self._operations) == MOST_OPERATIONS + 2:
            raise ValueError(f"its derivatives take more than {MOST_OPERATIONS} operations; write it shorter")
        self._operations.append(operation)
        return len(self._operations) - 1


def _finite(expression: Any) -> float:
    try:
        value = float(expression)
    except (OverflowError, TypeError):
        value = np.inf
    if not np.isfinite(value):
        raise ValueError("a number in it or in its derivatives is too large")
    return value
