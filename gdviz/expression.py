"""A user's own function as a landscape: :func:`compile_landscape`.

The text is parsed into a tree and never run. Only the numbers, names, operators and functions listed here are taken
over into SymPy, one by one; SymPy differentiates; and the numeric functions walk the resulting expressions. Nothing in
between turns text into code.
"""

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from gdviz.landscapes import LANDSCAPES, Landscape, Point

MOST_CHARACTERS = 200
MOST_PARTS = 80
DEEPEST = 20
DEEPEST_CALLS = 4  # derivatives grow exponentially with functions within functions
LARGEST_EXPONENT = 20
LARGEST_NUMBER = 1e12
MOST_MINIMA = 25

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "atan": np.arctan,
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "e": math.e}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_ALLOWED = "numbers, x, y, pi, e, + - * / **, parentheses and " + ", ".join(FUNCTIONS)


@LANDSCAPES.accept
@dataclass(frozen=True)
class OwnFunction(Landscape):
    """A landscape made by :func:`compile_landscape`: any formula, with its exact gradient and Hessian."""

    name = "own_function"
    label = "Your function"

    text: str
    """What the user wrote."""
    domain: tuple[Point, Point]  # type: ignore[misc]
    start: Point  # type: ignore[misc]
    formula: str = field(compare=False)  # type: ignore[misc]
    found_minima: tuple[Point, ...] = field(default=(), compare=False)
    """The lowest points of the domain that a search found: not proven to be all, nor to be the lowest."""

    @property
    def minima(self) -> tuple[Point, ...]:
        return self.found_minima

    def f(self, x: Any, y: Any) -> Any:
        return _functions(self.text).value(x, y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        functions = _functions(self.text)
        return functions.by_x(x, y), functions.by_y(x, y)

    def hessian(self, theta: Any) -> Any:
        x, y = np.asarray(theta, dtype=np.float64)
        seconds = [second(x, y) + 0.0 * x for second in _functions(self.text).seconds]
        return np.array([[seconds[0], seconds[1]], [seconds[1], seconds[2]]])


def compile_landscape(
    text: str,
    domain: tuple[Point, Point] = ((-5.0, 5.0), (-5.0, 5.0)),
    start: Point | None = None,
) -> OwnFunction:
    """Make a landscape from a formula in x and y, such as ``(x-1)**2 + sin(3*y)``.

    Args:
        text: The formula; ``^`` is not a power, ``**`` is.
        domain: The part that is drawn and searched for minima, ((xmin, xmax), (ymin, ymax)).
        start: Where runs start; None: at a quarter of the domain from its lower left corner.

    Raises:
        ValueError: The text is not such a formula; the message says where and why. Or the domain is not two intervals.

    >>> bowl = compile_landscape("(x - 1)**2 + 3*y**2")
    >>> float(bowl.value((2.0, 1.0))), bowl.gradient((2.0, 1.0)).tolist()
    (4.0, [2.0, 6.0])
    """
    domain = _checked_domain(domain)
    (xmin, xmax), (ymin, ymax) = domain
    begin = (xmin + (xmax - xmin) / 4, ymin + (ymax - ymin) / 4) if start is None else start
    made = OwnFunction(text=text, domain=domain, start=begin, formula=_functions(text).latex)
    return replace(made, found_minima=_search_minima(made))


def _checked_domain(domain: Any) -> tuple[Point, Point]:
    try:
        bounds = np.array(domain, dtype=np.float64).reshape(2, 2)
    except (TypeError, ValueError):
        bounds = np.full((2, 2), np.nan)
    if not (np.all(np.isfinite(bounds)) and np.all(bounds[:, 0] < bounds[:, 1])):
        raise ValueError(f"domain must be ((xmin, xmax), (ymin, ymax)) with xmin < xmax, ymin < ymax; got {domain!r}")
    (xmin, xmax), (ymin, ymax) = bounds.tolist()
    return (xmin, xmax), (ymin, ymax)


@dataclass(frozen=True)
class _Functions:
    value: Callable[[Any, Any], Any]
    by_x: Callable[[Any, Any], Any]
    by_y: Callable[[Any, Any], Any]
    seconds: Sequence[Callable[[Any, Any], Any]]
    latex: str


@lru_cache(maxsize=64)
def _functions(text: str) -> _Functions:
    """The numeric functions of a formula: its value and its first and second derivatives."""
    tree = _parse(text)
    import sympy  # here, so that gdviz by itself needs only NumPy

    x, y = sympy.symbols("x y", real=True)
    formula = _to_sympy(tree, {"x": x, "y": y, "pi": sympy.pi, "e": sympy.E}, sympy)
    if formula.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I):
        raise ValueError(f"function: {text!r} divides by zero or takes the root or logarithm of a negative number")
    by_x, by_y = formula.diff(x), formula.diff(y)
    seconds = [by_x.diff(x), by_x.diff(y), by_y.diff(y)]
    return _Functions(
        _numeric(formula, sympy),
        _numeric(by_x, sympy),
        _numeric(by_y, sympy),
        [_numeric(second, sympy) for second in seconds],
        "f(x, y) = " + sympy.latex(formula),
    )


def _parse(text: str) -> ast.expr:
    """The tree of a formula, with nothing in it but what is allowed."""
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


def _to_sympy(node: ast.expr, names: dict[str, Any], sympy: Any) -> Any:
    """The SymPy expression of a tree, with every constant in it a finite number of moderate size."""
    made = _one_node(node, names, sympy)
    if made.is_number and not (made.is_real and abs(float(made)) <= LARGEST_NUMBER):
        raise _refuse(node, f"this is not a number between ±{LARGEST_NUMBER:g}")
    return made


def _one_node(node: ast.expr, names: dict[str, Any], sympy: Any) -> Any:
    """An explicit list of what there may be, and an error for all else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and type(node.value) is not bool:
        if not abs(node.value) <= LARGEST_NUMBER:
            raise _refuse(node, f"numbers beyond ±{LARGEST_NUMBER:g} are not allowed")
        return sympy.Integer(node.value) if isinstance(node.value, int) else sympy.Float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise _refuse(node, f"{node.id!r} is not known")
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _to_sympy(node.operand, names, sympy)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = _to_sympy(node.left, names, sympy), _to_sympy(node.right, names, sympy)
        if not exponent.is_number or abs(float(exponent)) > LARGEST_EXPONENT:
            raise _refuse(node.right, f"an exponent must be a number of size {LARGEST_EXPONENT} at most")
        return sympy.Float(float(base)) ** float(exponent) if base.is_number else base**exponent
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _to_sympy(node.left, names, sympy), _to_sympy(node.right, names, sympy)
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise _refuse(node, f"{node.func.id} takes exactly one argument")
        argument = _to_sympy(node.args[0], names, sympy)
        if argument.is_number:
            with np.errstate(all="ignore"):
                return sympy.Float(float(FUNCTIONS[node.func.id](float(argument))))
        return (sympy.Abs if node.func.id == "abs" else getattr(sympy, node.func.id))(argument)
    raise _refuse(node, f"{type(node).__name__} is not allowed")


def _numeric(expression: Any, sympy: Any) -> Callable[[Any, Any], Any]:
    """A function of numbers or arrays from an expression, made of closures."""
    if expression.is_Symbol:
        return (lambda x, y: x) if expression.name == "x" else (lambda x, y: y)
    if expression.is_number:
        value = float(expression)
        return lambda x, y: value
    parts = [_numeric(part, sympy) for part in expression.args]
    if expression.is_Add or expression.is_Mul:
        first, rest = parts[0], parts[1:]
        return _folded(first, rest, expression.is_Add)
    if expression.is_Pow:
        return _power(parts[0], expression.args[1], sympy)
    called = type(expression).__name__
    if called == "sign":
        return lambda x, y: np.sign(parts[0](x, y))
    if called == "DiracDelta":  # the second derivative of |u|, off its kink
        return lambda x, y: 0.0
    function = FUNCTIONS[{"Abs": "abs"}.get(called, called)]
    return lambda x, y: function(parts[0](x, y))


def _folded(first: Any, rest: Sequence[Any], adding: bool) -> Callable[[Any, Any], Any]:
    def combined(x: Any, y: Any) -> Any:
        total = first(x, y)
        for part in rest:
            total = total + part(x, y) if adding else total * part(x, y)
        return total

    return combined


def _power(base: Callable[[Any, Any], Any], exponent: Any, sympy: Any) -> Callable[[Any, Any], Any]:
    if exponent == sympy.Rational(1, 2):
        return lambda x, y: np.sqrt(base(x, y))
    if exponent.is_Integer and exponent < 0:
        whole = -int(exponent)
        return lambda x, y: np.float64(1.0) / np.asarray(base(x, y))[()] ** whole
    power: float = int(exponent) if exponent.is_Integer else float(exponent)
    return lambda x, y: np.asarray(base(x, y))[()] ** power


def _search_minima(landscape: OwnFunction) -> tuple[Point, ...]:
    """The lowest local minima inside the domain: from the best points of a grid, by damped Newton steps."""
    (xmin, xmax), (ymin, ymax) = landscape.domain
    low, high = np.array([xmin, ymin]), np.array([xmax, ymax])
    grid = np.stack(np.meshgrid(np.linspace(xmin, xmax, 201), np.linspace(ymin, ymax, 201), indexing="ij"))
    with np.errstate(all="ignore"):
        values = np.asarray(landscape.value(grid) + 0.0 * grid[0])
        values = np.where(np.isfinite(values), values, np.inf)
        padded = np.pad(values, 1, constant_values=np.inf)
        around = [padded[1 + i : 202 + i, 1 + j : 202 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
        pits = np.argwhere((values <= np.min(around, axis=0)) & np.isfinite(values))
        depths = values[tuple(pits.T)]
        if not len(pits) or np.sum(depths <= depths.min() + 1e-12 * max(1.0, abs(depths.min()))) > MOST_MINIMA:
            return ()  # a flat floor: no minimum is a point
        pits = pits[np.argsort(depths, kind="stable")][:MOST_MINIMA]
        found = [_polished(landscape, grid[:, i, j], low, high) for i, j in pits]
        found = [point for point in found if point is not None]
        if not found:
            return ()
        losses = np.array([float(landscape.value(point)) for point in found])
    if losses.min() > values.min() + 1e-9 * max(1.0, abs(values.min())):
        return ()  # the lowest point is on the edge, or where there is no gradient: no minimum to speak of
    kept: list[Point] = []
    for point, loss in zip(found, losses, strict=True):
        apart = all(np.hypot(point[0] - a, point[1] - b) > 1e-6 * np.max(high - low) for a, b in kept)
        if apart and loss <= losses.min() + 1e-9 * max(1.0, abs(losses.min())):
            kept.append((float(point[0]), float(point[1])))
    return tuple(kept)


def _polished(landscape: OwnFunction, point: Any, low: Any, high: Any) -> Any:
    """The minimum next to ``point``, or None where the steps do not end at one within the domain."""
    for _ in range(50):
        gradient, hessian = landscape.gradient(point), landscape.hessian(point)
        if not (np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
            return None
        curvature, axes = np.linalg.eigh(hessian)
        floor = 1e-12 * max(1.0, float(np.abs(curvature).max()))
        move = -axes @ ((axes.T @ gradient) / np.maximum(np.abs(curvature), floor))
        here, share = float(landscape.value(point)), 1.0
        while share > 1e-10 and not float(landscape.value(point + share * move)) <= here:
            share /= 2
        if share <= 1e-10 or np.linalg.norm(share * move) < 1e-15 * np.max(high - low):
            break
        point = point + share * move
    at_rest = np.linalg.norm(landscape.gradient(point)) <= 1e-6 * (1 + np.abs(landscape.hessian(point)).max())
    here, beside = float(landscape.value(point)), float(landscape.value(point + 1e-7 * (high - low)))
    at_rest = at_rest and abs(beside - here) <= 1e-3 * (1 + abs(here))  # at a pole the loss falls without bound
    return point if at_rest and np.all(point >= low) and np.all(point <= high) else None
