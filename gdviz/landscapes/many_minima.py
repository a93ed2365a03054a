"""Landscapes with more than one minimum: where a run ends depends on where it starts."""

from dataclasses import dataclass
from typing import Any

from numpy import cos, e, exp, pi, sin, sqrt

from gdviz.catalogue import knob
from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("himmelblau")
@dataclass(frozen=True)
class Himmelblau(Landscape):
    r"""Himmelblau's function (1972): four minima, all equally deep.

    f = (x² + y - 11)² + (x + y² - 7)²

    >>> float(Himmelblau().value((1.0, -2.0)))
    148.0
    """

    label = "Himmelblau"
    tags = ("many minima", "saddles")
    formula = r"f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2"
    source = "https://en.wikipedia.org/wiki/Himmelblau%27s_function"
    domain = ((-6.0, 6.0), (-6.0, 6.0))
    start = (-0.5, -5.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return (
            (3.0, 2.0),
            (-2.8051180869527447, 3.1313125182505730),
            (-3.7793102533777469, -3.2831859912861694),
            (3.5844283403304918, -1.8481265269644035),
        )

    def f(self, x: Any, y: Any) -> Any:
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r1, r2 = x * x + y - 11, x + y * y - 7
        return 4 * x * r1 + 2 * r2, 2 * r1 + 4 * y * r2


@LANDSCAPES.register("styblinski_tang")
@dataclass(frozen=True)
class StyblinskiTang(Landscape):
    r"""The function of Styblinski and Tang (1990): four minima, one of them the lowest.

    f = (x⁴ - 16x² + 5x + y⁴ - 16y² + 5y)/2

    >>> round(float(StyblinskiTang().value((1.0, -2.0))), 10)
    -34.0
    """

    label = "Styblinski-Tang"
    tags = ("many minima", "saddles")
    formula = r"f(x, y) = \tfrac{1}{2}(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y)"
    source = "https://www.sfu.ca/~ssurjano/stybtang.html"
    domain = ((-5.0, 5.0), (-5.0, 5.0))
    start = (0.5, 4.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-2.903534027771177, -2.903534027771177),)

    def f(self, x: Any, y: Any) -> Any:
        return (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y) / 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 2 * x**3 - 16 * x + 2.5, 2 * y**3 - 16 * y + 2.5


@LANDSCAPES.register("rastrigin")
@dataclass(frozen=True)
class Rastrigin(Landscape):
    r"""Rastrigin's function (1974): a bowl covered with a regular grid of dents, each a local minimum.

    f = 2A + x² - A cos 2πx + y² - A cos 2πy

    >>> round(float(Rastrigin().value((0.6, -1.2))), 12)
    26.8
    """

    label = "Rastrigin"
    tags = ("many minima",)
    formula = r"f(x, y) = 2A + x^2 - A\cos 2\pi x + y^2 - A\cos 2\pi y"
    source = "https://www.sfu.ca/~ssurjano/rastr.html"
    domain = ((-5.12, 5.12), (-5.12, 5.12))
    start = (-3.4, 2.7)

    amplitude: float = knob(10.0, 0.0, usual=(0.0, 20.0), help="depth of the dents", symbol="A")

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        bowl = x * x + y * y
        return 2 * self.amplitude + bowl - self.amplitude * (cos(2 * pi * x) + cos(2 * pi * y))

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        slope = 2 * pi * self.amplitude
        return 2 * x + slope * sin(2 * pi * x), 2 * y + slope * sin(2 * pi * y)


@LANDSCAPES.register("ackley")
@dataclass(frozen=True)
class Ackley(Landscape):
    r"""Ackley's function (1987): almost flat far out, with ripples, and a funnel in the middle with a pointed tip.

    f = -20 exp(-0.2 √((x² + y²)/2)) - exp((cos 2πx + cos 2πy)/2) + e + 20

    At the minimum f has a kink: no gradient is exact there, and 0 is given.

    >>> round(float(Ackley().value((1.5, -0.7))), 10)
    6.37283574
    """

    label = "Ackley"
    tags = ("many minima",)
    formula = (
        r"f(x, y) = -20\, e^{-0.2\sqrt{(x^2 + y^2)/2}} "
        r"- e^{(\cos 2\pi x + \cos 2\pi y)/2} + e + 20"
    )
    source = "https://www.sfu.ca/~ssurjano/ackley.html"
    domain = ((-5.0, 5.0), (-5.0, 5.0))
    start = (-3.2, 2.3)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        funnel = -20 * exp(-0.2 * sqrt((x * x + y * y) / 2))
        return funnel - exp((cos(2 * pi * x) + cos(2 * pi * y)) / 2) + e + 20

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        radius = sqrt((x * x + y * y) / 2)
        pull = 2 * exp(-0.2 * radius) / (radius + (radius == 0))
        ripple = pi * exp((cos(2 * pi * x) + cos(2 * pi * y)) / 2)
        return pull * x + ripple * sin(2 * pi * x), pull * y + ripple * sin(2 * pi * y)


@LANDSCAPES.register("griewank")
@dataclass(frozen=True)
class Griewank(Landscape):
    r"""Griewank's function (1981): a wide bowl with ripples that matter only close by.

    f = (x² + y²)/4000 - cos x cos(y/√2) + 1

    >>> round(float(Griewank().value((3.0, -2.0))), 10)
    1.1576330877
    """

    label = "Griewank"
    tags = ("many minima",)
    formula = r"f(x, y) = \tfrac{x^2 + y^2}{4000} - \cos x \cos\tfrac{y}{\sqrt 2} + 1"
    source = "https://www.sfu.ca/~ssurjano/griewank.html"
    domain = ((-10.0, 10.0), (-10.0, 10.0))
    start = (-8.0, 6.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return (x * x + y * y) / 4000 - cos(x) * cos(y / sqrt(2.0)) + 1

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return x / 2000 + sin(x) * cos(y / sqrt(2.0)), y / 2000 + cos(x) * sin(y / sqrt(2.0)) / sqrt(2.0)


@LANDSCAPES.register("levy_13")
@dataclass(frozen=True)
class Levy13(Landscape):
    r"""Levy's function no. 13: ripples across a bowl, at a third of their spacing along y.

    f = sin²3πx + (x - 1)²(1 + sin²3πy) + (y - 1)²(1 + sin²2πy)

    >>> round(float(Levy13().value((2.2, -1.3))), 10)
    12.5568662114
    """

    label = "Levy 13"
    tags = ("many minima",)
    formula = r"f(x, y) = \sin^2 3\pi x + (x-1)^2 (1 + \sin^2 3\pi y) + (y-1)^2 (1 + \sin^2 2\pi y)"
    source = "https://www.sfu.ca/~ssurjano/levy13.html"
    domain = ((-10.0, 10.0), (-10.0, 10.0))
    start = (-6.0, 7.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((1.0, 1.0),)

    def f(self, x: Any, y: Any) -> Any:
        wave = (x - 1) ** 2 * (1 + sin(3 * pi * y) ** 2)
        return sin(3 * pi * x) ** 2 + wave + (y - 1) ** 2 * (1 + sin(2 * pi * y) ** 2)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        dx = 3 * pi * sin(6 * pi * x) + 2 * (x - 1) * (1 + sin(3 * pi * y) ** 2)
        dy = 3 * pi * (x - 1) ** 2 * sin(6 * pi * y) + 2 * (y - 1) * (1 + sin(2 * pi * y) ** 2)
        return dx, dy + 2 * pi * (y - 1) ** 2 * sin(4 * pi * y)


@LANDSCAPES.register("schaffer_2")
@dataclass(frozen=True)
class Schaffer2(Landscape):
    r"""Schaffer's function no. 2: crossed ridges that fade with the distance.

    f = 0.5 + (sin²(x² - y²) - 0.5)/(1 + 0.001(x² + y²))²

    >>> round(float(Schaffer2().value((1.5, 0.5))), 10)
    0.8251938089
    """

    label = "Schaffer 2"
    tags = ("many minima",)
    formula = r"f(x, y) = \tfrac{1}{2} + \frac{\sin^2(x^2 - y^2) - 0.5}{(1 + 0.001\,(x^2 + y^2))^2}"
    source = "https://www.sfu.ca/~ssurjano/schaffer2.html"
    domain = ((-4.0, 4.0), (-4.0, 4.0))
    start = (-2.0, 1.2)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        wave = sin(x * x - y * y) ** 2 - 0.5
        return 0.5 + wave / (1 + 0.001 * (x * x + y * y)) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        wide = 1 + 0.001 * (x * x + y * y)
        slope = 2 * sin(2 * (x * x - y * y)) / wide**2
        fade = 0.004 * (sin(x * x - y * y) ** 2 - 0.5) / wide**3
        return (slope - fade) * x, (-slope - fade) * y
