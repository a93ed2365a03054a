"""Curved valleys: easy to find, slow to follow."""

from dataclasses import dataclass
from typing import Any

from gdviz.catalogue import knob
from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("rosenbrock")
@dataclass(frozen=True)
class Rosenbrock(Landscape):
    r"""Rosenbrock's valley (1960): a curved valley with steep walls and an almost flat floor.

    f = (a - x)² + b(y - x²)²

    >>> float(Rosenbrock().value((-1.5, 2.0)))
    12.5
    """

    label = "Rosenbrock"
    formula = r"f(x, y) = (a - x)^2 + b\,(y - x^2)^2"
    source = "https://doi.org/10.1093/comjnl/3.3.175"
    domain = ((-2.0, 2.0), (-1.0, 3.0))
    start = (-1.5, 2.0)

    a: float = knob(1.0, -1.5, 1.5, help="x of the minimum")
    b: float = knob(100.0, above=0.0, usual=(1.0, 1000.0), log=True, help="steepness of the walls")

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((self.a, self.a**2),)

    def f(self, x: Any, y: Any) -> Any:
        return (self.a - x) ** 2 + self.b * (y - x * x) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        wall = 2 * self.b * (y - x * x)
        return 2 * (x - self.a) - 2 * x * wall, wall


@LANDSCAPES.register("beale")
@dataclass(frozen=True)
class Beale(Landscape):
    r"""Beale's function (1958): a flat middle, one narrow minimum, and walls that rise like a cliff at the corners.

    f = (1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²

    >>> float(Beale().value((1.0, 1.0)))
    14.203125
    """

    label = "Beale"
    formula = r"f(x, y) = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2"
    source = "https://www.sfu.ca/~ssurjano/beale.html"
    domain = ((-4.5, 4.5), (-4.5, 4.5))
    start = (1.0, 1.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((3.0, 0.5),)

    def f(self, x: Any, y: Any) -> Any:
        return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r1, r2, r3 = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
        dx = 2 * (r1 * (y - 1) + r2 * (y**2 - 1) + r3 * (y**3 - 1))
        dy = 2 * (r1 * x + r2 * 2 * x * y + r3 * 3 * x * y**2)
        return dx, dy
