"""From a user's text to a SymPy expression, by a whitelist. Nothing here turns text into code."""

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from gdviz.landscapes.own.limits import (
    DEEPEST,
    DEEPEST_CALLS,
    LARGEST_EXPONENT,
    LARGEST_NUMBER,
    MOST_CHARACTERS,
    MOST_PARTS,
)
from gdviz.landscapes.own.symbolic import FUNCTIONS, RealPower, X, Y

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_NAMES = {"x": X, "y": Y, "pi": sympy.pi, "e": sympy.E}
_ALLOWED = "numbers, x, y, pi, e, + - * / **, parentheses and " + ", ".join(FUNCTIONS)


def expression(text: str) -> Any:
    """The SymPy expression of a formula.

    Raises:
        ValueError: The text is not a formula; the message says where and why.
    """
    return _to_sympy(_parse(text))


def _parse(text: str) -> ast.expr:
    """The tree of a formula, no larger than allowed. What is in it :func:`_one_node` looks at."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"function must be a formula in x and y; got {text!r}")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"function: {len(text)} characters are too many; {MOST_CHARACTERS} are allowed")
    for position, character in enumerate(text, start=1):
        if not (character.isascii() and (character.isalnum() or character in "+-*/(). ")):
            raise ValueError(f"function: {character!r} at character {position} is not allowed; use {_ALLOWED}")
    depth = 0
    for position, character in enumerate(text, start=1):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST:
            raise ValueError(f"function: more than {DEEPEST} levels of parentheses at character {position}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" near character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ValueError(f"function: {text!r} is not a complete formula{place}") from None
    parts = _count(tree, 0)
    if parts > MOST_PARTS:
        raise ValueError(f"function: {parts} numbers, names and operators are too many; {MOST_PARTS} are allowed")
    _check_calls(tree, 0)
    return tree


def _count(node: ast.AST, depth: int) -> int:
    if depth > DEEPEST:
        raise ValueError(f"function: nested more than {DEEPEST} levels deep; write it shorter")
    return isinstance(node, ast.expr) + sum(_count(child, depth + 1) for child in ast.iter_child_nodes(node))


def _check_calls(node: ast.AST, outer: int) -> None:
    if isinstance(node, ast.Call):
        outer += 1
        if outer > DEEPEST_CALLS:
            raise _refuse(node, f"more than {DEEPEST_CALLS} functions within one another")
    for child in ast.iter_child_nodes(node):
        _check_calls(child, outer)


def _refuse(node: ast.expr, why: str) -> ValueError:
    return ValueError(f"function: {why} at character {node.col_offset + 1}; use {_ALLOWED}")


def _to_sympy(node: ast.expr) -> Any:
    """The SymPy expression of a tree, with every constant in it a finite number of moderate size."""
    made = _one_node(node)
    if made.is_number and not (made.is_real and abs(float(made)) <= LARGEST_NUMBER):
        raise _refuse(node, f"this is not a number between ±{LARGEST_NUMBER:g}")
    return made


def _one_node(node: ast.expr) -> Any:
    """An explicit list of what there may be, and an error for all else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and type(node.value) is not bool:
        if not abs(node.value) <= LARGEST_NUMBER:
            raise _refuse(node, f"numbers beyond ±{LARGEST_NUMBER:g} are not allowed")
        return sympy.Integer(node.value) if isinstance(node.value, int) else sympy.Float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in _NAMES:
            raise _refuse(node, f"{node.id!r} is not known")
        return _NAMES[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _to_sympy(node.operand)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = _to_sympy(node.left), _to_sympy(node.right)
        if not exponent.is_number or abs(float(exponent)) > LARGEST_EXPONENT:
            raise _refuse(node.right, f"an exponent must be a number of size {LARGEST_EXPONENT} at most")
        if _is_zero(base) and exponent < 0:
            raise _refuse(node, "this divides by zero")
        if base.is_number:
            return sympy.Float(float(base)) ** float(exponent)
        whole = float(exponent).is_integer()
        return base ** int(float(exponent)) if whole else RealPower(base, sympy.Float(float(exponent)))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _to_sympy(node.left), _to_sympy(node.right)
        if isinstance(node.op, ast.Div) and _is_zero(right):
            raise _refuse(node, "this divides by zero")
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise _refuse(node, f"{node.func.id} takes exactly one argument")
        argument = _to_sympy(node.args[0])
        function = FUNCTIONS[node.func.id]
        if argument.is_number:
            with np.errstate(all="ignore"):
                return sympy.Float(float(function.compute(float(argument))))
        return function(argument)
    raise _refuse(node, f"{type(node).__name__} is not allowed")


def _is_zero(expression: Any) -> bool:
    return bool(expression.is_number) and float(expression) == 0  # in SymPy, 0 and 0.0 are not equal
