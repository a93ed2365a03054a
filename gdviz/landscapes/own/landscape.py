"""A landscape from a formula."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gdviz.catalogue import Fields, number
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.own.grammar import read
from gdviz.landscapes.own.latex import latex
from gdviz.landscapes.own.limits import LARGEST_NUMBER, NARROWEST
from gdviz.landscapes.own.minima import search_minima

if TYPE_CHECKING:
    from gdviz.landscapes.own.symbolic import Program


@LANDSCAPES.accept
@dataclass(frozen=True)
class OwnFunction(Landscape):
    """A landscape made by :func:`compile_landscape`: any formula, with its exact gradient and Hessian."""

    name = "own_function"
    label = "Your function"

    text: str
    """The user's text; ``formula`` is how it was understood."""
    domain: tuple[Point, Point]  # type: ignore[misc]
    start: Point  # type: ignore[misc]
    formula: str = field(compare=False)  # type: ignore[misc]
    found_minima: tuple[Point, ...] = field(default=(), compare=False)
    """The lowest points of the domain that a search found: not proven to be all, nor to be the lowest."""

    @property
    def minima(self) -> tuple[Point, ...]:
        return self.found_minima

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "text": self.text, "domain": [list(axis) for axis in self.domain]}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "OwnFunction":
        """The landscape of a formula and a domain; see :func:`compile_landscape`."""
        if set(values) != {"text", "domain"} or not isinstance(values["text"], str):
            raise ValueError(f"{cls.label}: text and domain are needed; got {dict(values)!r}")
        return compile_landscape(values["text"], values["domain"])

    def code(self, maker: str = "") -> str:
        return f"gdviz.compile_landscape({self.text!r}, {self.domain!r})"

    def link_fields(self, key: str) -> dict[str, list[str]]:
        ends = [end for axis in self.domain for end in axis]
        return {key: [self.name], "function": [self.text], "domain": [",".join(map(repr, ends))]}

    @classmethod
    def from_text(cls, text: str, fields: Fields, notes: list[str]) -> "OwnFunction":
        return own_function((fields.get("function") or [""])[0], (fields.get("domain") or ["-5,5,-5,5"])[0])

    def f(self, x: Any, y: Any) -> Any:
        (value,) = _functions(self.text).value(x, y)
        if isinstance(x, np.ndarray) and np.shape(value) != x.shape:
            return np.full(x.shape, value)  # a constant
        return value

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        by_x, by_y = _functions(self.text).gradient(x, y)
        return by_x, by_y

    def hessian(self, theta: Any) -> Any:
        x, y = np.asarray(theta, dtype=np.float64)
        seconds = [second + 0.0 * x for second in _functions(self.text).hessian(x, y)]
        return np.array([[seconds[0], seconds[1]], [seconds[1], seconds[2]]])


def own_function(text: str, domain: str) -> OwnFunction:
    """A landscape from a formula and ``xmin,xmax,ymin,ymax``.

    Raises:
        ValueError: One of them cannot be read; the message says where and why.
    """
    ends = [number(end) for end in domain.split(",")]
    if len(ends) != 4:
        raise ValueError(f"domain must be four numbers, xmin,xmax,ymin,ymax; got {domain[:60]!r}")
    return compile_landscape(text, ((ends[0], ends[1]), (ends[2], ends[3])))


def compile_landscape(
    text: str,
    domain: tuple[Point, Point] = ((-5.0, 5.0), (-5.0, 5.0)),
    start: Point | None = None,
) -> OwnFunction:
    """Make a landscape from a formula in x and y, such as ``(x-1)² + sin(3y)``.

    Args:
        text: The formula, as people write it; its grammar is in :mod:`gdviz.landscapes.own.grammar`.
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
    return replace(made, found_minima=search_minima(made))


def _checked_domain(domain: Any) -> tuple[Point, Point]:
    try:
        bounds = np.array(domain, dtype=np.float64).reshape(2, 2)
    except (TypeError, ValueError):
        bounds = np.full((2, 2), np.nan)
    if not (np.all(np.isfinite(bounds)) and np.all(bounds[:, 0] < bounds[:, 1])):
        raise ValueError(f"domain must be ((xmin, xmax), (ymin, ymax)) with xmin < xmax, ymin < ymax; got {domain!r}")
    largest = np.abs(bounds).max(axis=1)
    if largest.max() > LARGEST_NUMBER or np.any(
        bounds[:, 1] - bounds[:, 0] < NARROWEST * np.maximum(largest, NARROWEST)
    ):
        raise ValueError(
            f"domain must lie within ±{LARGEST_NUMBER:g}, and be wider than {NARROWEST:g} of its ends and than "
            f"{NARROWEST**2:g}; got {domain!r}"
        )
    (xmin, xmax), (ymin, ymax) = bounds.tolist()
    return (xmin, xmax), (ymin, ymax)


@dataclass(frozen=True)
class _Functions:
    value: "Program"
    gradient: "Program"
    hessian: "Program"
    """∂²f/∂x², ∂²f/∂x∂y, ∂²f/∂y²."""
    latex: str


@lru_cache(maxsize=64)
def _functions(text: str) -> _Functions:
    """The numeric functions of a formula: its value and its first and second derivatives."""
    # Here, because they need SymPy, and gdviz by itself needs only NumPy.
    from gdviz.landscapes.own.parsing import expression
    from gdviz.landscapes.own.symbolic import Program, X, Y

    understood = read(text)
    formula = expression(understood.tree)
    by_x, by_y = formula.diff(X), formula.diff(Y)
    try:
        return _Functions(
            value=Program([formula]),
            gradient=Program([by_x, by_y]),
            hessian=Program([by_x.diff(X), by_x.diff(Y), by_y.diff(Y)]),
            latex="f(x, y) = " + latex(understood.tree),
        )
    except ValueError as error:
        raise ValueError(f"function: {text!r}: {error}") from None
