"""Curved valleys: easy to find, slow to follow."""

from dataclasses import dataclass
from typing import Any

from numpy import cos, pi, sin

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
    tags = ("ill-conditioned",)
    formula = r"f(x, y) = (a - x)^2 + b\,(y - x^2)^2"
    source = "https://doi.org/10.1093/comjnl/3.3.175"
    domain = ((-2.0, 2.0), (-1.0, 3.0))
    start = (-1.5, 2.0)

    a: float = knob(1.0, -1.5, 1.5, help="x of the minimum")
    b: float = knob(100.0, above=0.0, usual=(1.0, 1000.0), log=True, help="steepness of the walls")

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((self.a, self.a * self.a),)

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
    tags = ("ill-conditioned", "plateau")
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


@LANDSCAPES.register("booth")
@dataclass(frozen=True)
class Booth(Landscape):
    r"""Booth's function: a convex bowl, tilted and ten times as steep across as along.

    f = (x + 2y - 7)² + (2x + y - 5)²

    >>> round(float(Booth().value((-2.0, 3.0))), 10)
    45.0
    """

    label = "Booth"
    tags = ("convex",)
    formula = r"f(x, y) = (x + 2y - 7)^2 + (2x + y - 5)^2"
    source = "https://www.sfu.ca/~ssurjano/booth.html"
    domain = ((-10.0, 10.0), (-10.0, 10.0))
    start = (-8.0, -6.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((1.0, 3.0),)

    def f(self, x: Any, y: Any) -> Any:
        return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r1, r2 = x + 2 * y - 7, 2 * x + y - 5
        return 2 * r1 + 4 * r2, 4 * r1 + 2 * r2


@LANDSCAPES.register("matyas")
@dataclass(frozen=True)
class Matyas(Landscape):
    r"""Matyas's function: a convex ravine along the diagonal, 25 times as steep across as along.

    f = 0.26(x² + y²) - 0.48xy

    >>> round(float(Matyas().value((-2.0, 3.0))), 10)
    6.26
    """

    label = "Matyas"
    tags = ("convex",)
    formula = r"f(x, y) = 0.26\,(x^2 + y^2) - 0.48\,xy"
    source = "https://www.sfu.ca/~ssurjano/matya.html"
    domain = ((-10.0, 10.0), (-10.0, 10.0))
    start = (-8.0, -4.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return 0.26 * (x * x + y * y) - 0.48 * x * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x


@LANDSCAPES.register("three_hump_camel")
@dataclass(frozen=True)
class ThreeHumpCamel(Landscape):
    r"""The three-hump camel: a minimum between two shallower ones on its flanks.

    f = 2x² - 1.05x⁴ + x⁶/6 + xy + y²

    >>> round(float(ThreeHumpCamel().value((-1.5, 2.0))), 10)
    2.0828125
    """

    label = "Three-hump camel"
    tags = ("many minima",)
    formula = r"f(x, y) = 2x^2 - 1.05x^4 + \tfrac{x^6}{6} + xy + y^2"
    source = "https://www.sfu.ca/~ssurjano/camel3.html"
    domain = ((-5.0, 5.0), (-5.0, 5.0))
    start = (-2.2, 3.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 4 * x - 4.2 * x**3 + x**5 + y, x + 2 * y


@LANDSCAPES.register("six_hump_camel")
@dataclass(frozen=True)
class SixHumpCamel(Landscape):
    r"""The six-hump camel (Branin, 1972): six minima, two of them the lowest.

    f = (4 - 2.1x² + x⁴/3)x² + xy + (-4 + 4y²)y²

    >>> round(float(SixHumpCamel().value((-1.5, 0.5))), 10)
    0.665625
    """

    label = "Six-hump camel"
    tags = ("many minima", "saddles")
    formula = r"f(x, y) = (4 - 2.1x^2 + \tfrac{x^4}{3})\,x^2 + xy + (-4 + 4y^2)\,y^2"
    source = "https://www.sfu.ca/~ssurjano/camel6.html"
    domain = ((-3.0, 3.0), (-2.0, 2.0))
    start = (-2.0, 1.2)

    @property
    def minima(self) -> tuple[Point, ...]:
        return (
            (0.08984201310031806, -0.7126564030207396),
            (-0.08984201310031806, 0.7126564030207396),
        )

    def f(self, x: Any, y: Any) -> Any:
        return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 8 * x - 8.4 * x**3 + 2 * x**5 + y, x + 16 * y**3 - 8 * y


@LANDSCAPES.register("mccormick")
@dataclass(frozen=True)
class McCormick(Landscape):
    r"""McCormick's function (1976): a slanted valley with a ripple; one of its minima lies in the usual domain.

    f = sin(x + y) + (x - y)² - 1.5x + 2.5y + 1

    Along x = y it falls without bound, so the minimum is the lowest point of the domain only.

    >>> round(float(McCormick().value((0.5, 2.0))), 10)
    8.0984721441
    """

    label = "McCormick"
    tags = ("many minima",)
    formula = r"f(x, y) = \sin(x + y) + (x - y)^2 - 1.5x + 2.5y + 1"
    source = "https://www.sfu.ca/~ssurjano/mccorm.html"
    domain = ((-1.5, 4.0), (-3.0, 4.0))
    start = (3.0, 3.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-0.5471975511965977, -1.5471975511965979),)

    def f(self, x: Any, y: Any) -> Any:
        return sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return cos(x + y) + 2 * (x - y) - 1.5, cos(x + y) - 2 * (x - y) + 2.5


@LANDSCAPES.register("goldstein_price")
@dataclass(frozen=True)
class GoldsteinPrice(Landscape):
    r"""The function of Goldstein and Price (1971): values from 3 to a million within four units.

    f = [1 + (x + y + 1)²(19 - 14x + 3x² - 14y + 6xy + 3y²)] · [30 + (2x - 3y)²(18 - 32x + 12x² + 48y - 36xy + 27y²)]

    >>> round(float(GoldsteinPrice().value((1.0, 0.5))), 10)
    1003.09765625
    """

    label = "Goldstein-Price"
    tags = ("many minima", "plateau")
    formula = (
        r"f(x, y) = [1 + (x+y+1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)] \cdot "
        r"[30 + (2x-3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)]"
    )
    source = "https://www.sfu.ca/~ssurjano/goldpr.html"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (-1.5, 0.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, -1.0),)

    def f(self, x: Any, y: Any) -> Any:
        s, d = x + y, 2 * x - 3 * y
        left = 1 + (s + 1) ** 2 * (19 - 14 * s + 3 * s * s)
        right = 30 + d * d * (18 - 16 * d + 3 * d * d)
        return left * right

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        s, d = x + y, 2 * x - 3 * y
        left = 1 + (s + 1) ** 2 * (19 - 14 * s + 3 * s * s)
        right = 30 + d * d * (18 - 16 * d + 3 * d * d)
        by_s = 2 * (s + 1) * (19 - 14 * s + 3 * s * s) + (s + 1) ** 2 * (6 * s - 14)
        by_d = d * (36 - 48 * d + 12 * d * d)
        return by_s * right + 2 * by_d * left, by_s * right - 3 * by_d * left


@LANDSCAPES.register("branin")
@dataclass(frozen=True)
class Branin(Landscape):
    r"""Branin's function (1972): a curved valley with three equally deep pits.

    f = (y - 5.1x²/4π² + 5x/π - 6)² + 10(1 - 1/8π) cos x + 10

    >>> round(float(Branin().value((1.0, 2.0))), 10)
    21.6276353921
    """

    label = "Branin"
    tags = ("many minima", "saddles")
    formula = (
        r"f(x, y) = \left(y - \tfrac{5.1}{4\pi^2}x^2 + \tfrac{5}{\pi}x - 6\right)^2 "
        r"+ 10\left(1 - \tfrac{1}{8\pi}\right)\cos x + 10"
    )
    source = "https://www.sfu.ca/~ssurjano/branin.html"
    domain = ((-5.0, 10.0), (0.0, 15.0))
    start = (5.5, 13.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-pi, 12.275), (pi, 2.275), (3 * pi, 2.475))

    def f(self, x: Any, y: Any) -> Any:
        r = y - 5.1 / (4 * pi**2) * x * x + 5 / pi * x - 6
        return r * r + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r = y - 5.1 / (4 * pi**2) * x * x + 5 / pi * x - 6
        return 2 * r * (5 / pi - 5.1 / (2 * pi**2) * x) - 10 * (1 - 1 / (8 * pi)) * sin(x), 2 * r
