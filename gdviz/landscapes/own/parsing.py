"""From the tree of a formula to a SymPy expression, with every constant in it a finite number of moderate size."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from gdviz.landscapes.own.grammar import Node
from gdviz.landscapes.own.limits import LARGEST_EXPONENT, LARGEST_NUMBER
from gdviz.landscapes.own.symbolic import FUNCTIONS, Exp, Log, Max, Min, RealPower, X, Y

_LEAVES = {"x": X, "y": Y, "pi": sympy.pi, "e": sympy.E}
_OPERATORS: dict[str, Callable[..., Any]] = {
    "negative": lambda a: -a,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}
_OF_TWO: dict[str, Any] = {"max": Max, "min": Min}
_BASES = {"log2": math.log(2), "log10": math.log(10)}


def expression(node: Node) -> Any:
    """The SymPy expression of a formula's tree.

    Raises:
        ValueError: A number in it is too large, or none; an exponent is no number. The message says where.
    """
    made = _one_node(node)
    if made.is_number and not (made.is_real and abs(float(made)) <= LARGEST_NUMBER):
        raise _refusal(node, f"this is not a number between ±{LARGEST_NUMBER:g}")
    return made


def _one_node(node: Node) -> Any:
    if node.kind == "number":
        return _number(node)
    if node.kind in _LEAVES:
        return _LEAVES[node.kind]
    operands = [expression(operand) for operand in node.operands]
    if node.kind in _OPERATORS:
        return _OPERATORS[node.kind](*operands)
    if node.kind == "divide":
        if _is_zero(operands[1]):
            raise _refusal(node, "this divides by zero")
        return operands[0] / operands[1]
    if node.kind == "power":
        return _power(node, *operands)
    return _call(node.kind, operands)


def _number(node: Node) -> Any:
    value = float(node.literal)
    if not abs(value) <= LARGEST_NUMBER:
        raise _refusal(node, f"numbers beyond ±{LARGEST_NUMBER:g} are not allowed")
    return sympy.Integer(int(node.literal)) if node.literal.isdigit() else sympy.Float(value)


def _power(node: Node, base: Any, exponent: Any) -> Any:
    if base == sympy.E and not exponent.is_number:
        return Exp(exponent)
    if not exponent.is_number or abs(float(exponent)) > LARGEST_EXPONENT:
        raise _refusal(node, f"an exponent must be a number of size {LARGEST_EXPONENT} at most")
    if _is_zero(base) and exponent < 0:
        raise _refusal(node, "this divides by zero")
    if base.is_number:
        return sympy.Float(float(base)) ** float(exponent)
    whole = float(exponent).is_integer()
    return base ** int(float(exponent)) if whole else RealPower(base, sympy.Float(float(exponent)))


def _call(name: str, operands: list[Any]) -> Any:
    if name in _OF_TWO:
        made = operands[0]
        for operand in operands[1:]:
            made = _applied(_OF_TWO[name], made, operand)
        return made
    if name in _BASES:
        return _applied(Log, *operands) / sympy.Float(_BASES[name])
    return _applied(FUNCTIONS[name], *operands)


def _applied(function: Any, *operands: Any) -> Any:
    if all(operand.is_number for operand in operands):
        with np.errstate(all="ignore"):
            return sympy.Float(float(function.compute(*map(float, operands))))
    return function(*operands)


def _is_zero(number: Any) -> bool:
    return bool(number.is_number) and float(number) == 0  # in SymPy, 0 and 0.0 are not equal


def _refusal(node: Node, why: str) -> ValueError:
    return ValueError(f"function: {why}, at character {node.position}")
