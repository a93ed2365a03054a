"""Landscapes whose flat points are not minima."""

from dataclasses import dataclass
from typing import Any

from gdviz.landscapes.base import LANDSCAPES, Landscape


@LANDSCAPES.register("saddle")
@dataclass(frozen=True)
class Saddle(Landscape):
    r"""The simplest saddle: a minimum along x, a maximum along y, and no lowest point.

    f = x² - y²

    >>> float(Saddle().value((0.5, 1.5)))
    -2.0
    """

    label = "Saddle"
    formula = r"f(x, y) = x^2 - y^2"
    source = "https://en.wikipedia.org/wiki/Saddle_point"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (-1.5, 0.001)

    def f(self, x: Any, y: Any) -> Any:
        return x * x - y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 2 * x, -2 * y
