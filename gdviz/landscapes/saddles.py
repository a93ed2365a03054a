"""Landscapes whose flat points are not minima."""

from dataclasses import dataclass
from typing import Any

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("saddle")
@dataclass(frozen=True)
class Saddle(Landscape):
    r"""The simplest saddle: a minimum along x, a maximum along y, and no lowest point.

    f = x² - y²

    >>> float(Saddle().value((0.5, 1.5)))
    -2.0
    """

    label = "Saddle"
    tags = ("saddles",)
    formula = r"f(x, y) = x^2 - y^2"
    source = "https://en.wikipedia.org/wiki/Saddle_point"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (-1.5, 0.001)

    def f(self, x: Any, y: Any) -> Any:
        return x * x - y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 2 * x, -2 * y


@LANDSCAPES.register("monkey_saddle")
@dataclass(frozen=True)
class MonkeySaddle(Landscape):
    r"""The monkey saddle: three ways down and three ways up from a point whose curvature is 0 in every direction.

    f = x³ - 3xy²

    >>> round(float(MonkeySaddle().value((0.5, 1.5))), 10)
    -3.25
    """

    label = "Monkey saddle"
    tags = ("saddles",)
    formula = r"f(x, y) = x^3 - 3xy^2"
    source = "https://en.wikipedia.org/wiki/Monkey_saddle"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (1.5, 0.001)

    def f(self, x: Any, y: Any) -> Any:
        return x**3 - 3 * x * y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 3 * x * x - 3 * y * y, -6 * x * y


@LANDSCAPES.register("double_well")
@dataclass(frozen=True)
class DoubleWell(Landscape):
    r"""Two wells with a saddle between them: which one a run finds depends on the sign of x at the start.

    f = (x² - 1)² + y²

    >>> round(float(DoubleWell().value((0.5, 1.5))), 10)
    2.8125
    """

    label = "Double well"
    tags = ("saddles",)
    formula = r"f(x, y) = (x^2 - 1)^2 + y^2"
    source = "https://en.wikipedia.org/wiki/Double-well_potential"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (0.001, 1.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-1.0, 0.0), (1.0, 0.0))

    def f(self, x: Any, y: Any) -> Any:
        return (x * x - 1) ** 2 + y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 4 * x * (x * x - 1), 2 * y
