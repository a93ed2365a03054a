"""Landscapes with hundreds of minima, or one that hides: gradients alone do not solve them."""

from dataclasses import dataclass
from typing import Any

from numpy import cos, exp, pi, sign, sin, sqrt

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("eggholder")
@dataclass(frozen=True)
class Eggholder(Landscape):
    r"""Eggholder: hundreds of steep pits; the lowest lies at the domain's edge.

    f = -(y + 47) sin √|x/2 + y + 47| - x sin √|x - y - 47|

    The lowest point within the domain lies on its edge, where the gradient is not 0. Where a root's argument is 0, f
    has a kink; 0 is given for that root's share of the gradient there.

    >>> round(float(Eggholder().value((100.0, -50.0))), 10)
    67.8722994641
    """

    label = "Eggholder"
    tags = ("many minima",)
    formula = r"f(x, y) = -(y + 47)\sin\sqrt{|\tfrac{x}{2} + y + 47|} - x \sin\sqrt{|x - y - 47|}"
    source = "https://www.sfu.ca/~ssurjano/egg.html"
    domain = ((-512.0, 512.0), (-512.0, 512.0))
    start = (200.0, -150.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((512.0, 404.2318051137578),)

    def f(self, x: Any, y: Any) -> Any:
        a, b = x / 2 + y + 47, x - y - 47
        return -(y + 47) * sin(sqrt(abs(a))) - x * sin(sqrt(abs(b)))

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        a, b = x / 2 + y + 47, x - y - 47
        side_a, side_b = sign(a.real), sign(b.real)
        ra, rb = sqrt(a * side_a), sqrt(b * side_b)
        by_a = -(y + 47) * cos(ra) * side_a / (2 * ra + (ra == 0))
        by_b = -x * cos(rb) * side_b / (2 * rb + (rb == 0))
        return by_a / 2 + by_b - sin(rb), by_a - by_b - sin(ra)


@LANDSCAPES.register("michalewicz")
@dataclass(frozen=True)
class Michalewicz(Landscape):
    r"""Michalewicz's function (1992): flat ground with steep, crossing trenches, and one pit where they meet.

    f = -sin x sin²⁰(x²/π) - sin y sin²⁰(2y²/π)

    >>> round(float(Michalewicz().value((2.0, 1.4))), 10)
    -0.7108426803
    """

    label = "Michalewicz"
    tags = ("many minima", "plateau")
    formula = r"f(x, y) = -\sin x\, \sin^{20}\tfrac{x^2}{\pi} - \sin y\, \sin^{20}\tfrac{2y^2}{\pi}"
    source = "https://www.sfu.ca/~ssurjano/michal.html"
    domain = ((0.0, 3.141592653589793), (0.0, 3.141592653589793))
    start = (1.9, 1.2)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((2.2029055201726093, 1.5707963267948966),)

    def f(self, x: Any, y: Any) -> Any:
        return -sin(x) * sin(x * x / pi) ** 20 - sin(y) * sin(2 * y * y / pi) ** 20

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        a, b = x * x / pi, 2 * y * y / pi
        dx = -cos(x) * sin(a) ** 20 - sin(x) * 20 * sin(a) ** 19 * cos(a) * 2 * x / pi
        dy = -cos(y) * sin(b) ** 20 - sin(y) * 20 * sin(b) ** 19 * cos(b) * 4 * y / pi
        return dx, dy


@LANDSCAPES.register("drop_wave")
@dataclass(frozen=True)
class DropWave(Landscape):
    r"""Drop-wave: rings around the minimum, as a drop makes them.

    f = -(1 + cos 12r)/(r²/2 + 2),   r² = x² + y²

    >>> round(float(DropWave().value((0.5, -0.8))), 10)
    -0.5396733004
    """

    label = "Drop-wave"
    tags = ("many minima",)
    formula = r"f(x, y) = -\frac{1 + \cos(12\sqrt{x^2 + y^2})}{(x^2 + y^2)/2 + 2}"
    source = "https://www.sfu.ca/~ssurjano/drop.html"
    domain = ((-5.12, 5.12), (-5.12, 5.12))
    start = (-1.6, 0.9)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        r = sqrt(x * x + y * y)
        return -(1 + cos(12 * r)) / (r * r / 2 + 2)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r = sqrt(x * x + y * y)
        wide = r * r / 2 + 2
        at_0 = r == 0  # where sin(12r)/r is 12
        slope = 12 * (sin(12 * r) + 12 * at_0) / (r + at_0) / wide + (1 + cos(12 * r)) / wide**2
        return slope * x, slope * y


@LANDSCAPES.register("cross_in_tray")
@dataclass(frozen=True)
class CrossInTray(Landscape):
    r"""Cross-in-tray: a flat tray with a sharp cross; four equally deep pits around its middle.

    f = -0.0001 (|sin x sin y exp|100 - √(x² + y²)/π|| + 1)^0.1

    Along x = kπ and y = kπ f has kinks, ridges that rise to -0.0001; 0 is given for the gradient there.

    >>> round(float(CrossInTray().value((2.0, -3.0))), 10)
    -1.5993041043
    """

    label = "Cross-in-tray"
    tags = ("many minima", "kinks")
    formula = (
        r"f(x, y) = -0.0001 \left(\left|\sin x \sin y\, "
        r"e^{|100 - \sqrt{x^2 + y^2}/\pi|}\right| + 1\right)^{0.1}"
    )
    source = "https://www.sfu.ca/~ssurjano/crossit.html"
    domain = ((-10.0, 10.0), (-10.0, 10.0))
    start = (-4.2, 0.6)

    @property
    def minima(self) -> tuple[Point, ...]:
        return tuple((sx * 1.3494066171539107, sy * 1.3494066171539107) for sx in (1.0, -1.0) for sy in (1.0, -1.0))

    def f(self, x: Any, y: Any) -> Any:
        rise = exp(abs(100 - sqrt(x * x + y * y) / pi))
        return -0.0001 * (abs(sin(x) * sin(y)) * rise + 1) ** 0.1

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        r = sqrt(x * x + y * y)
        inside = 100 - r / pi
        rise = exp(inside * sign(inside.real))
        wave = sin(x) * sin(y)
        side = sign(wave.real)
        outer = -0.00001 * (wave * side * rise + 1) ** -0.9 * rise
        fade = wave * side * sign(inside.real) / (pi * (r + (r == 0)))
        return (
            outer * (side * cos(x) * sin(y) - fade * x),
            outer * (side * sin(x) * cos(y) - fade * y),
        )


@LANDSCAPES.register("easom")
@dataclass(frozen=True)
class Easom(Landscape):
    r"""Easom's function (1990): a plain with one narrow hole; elsewhere the gradient is all but 0.

    f = -cos x cos y exp(-(x - π)² - (y - π)²)

    >>> round(float(Easom().value((2.0, 4.0))), 10)
    -0.0353659047
    """

    label = "Easom"
    tags = ("plateau",)
    formula = r"f(x, y) = -\cos x \cos y\, e^{-(x-\pi)^2 - (y-\pi)^2}"
    source = "https://www.sfu.ca/~ssurjano/easom.html"
    domain = ((-2.0, 8.0), (-2.0, 8.0))
    start = (1.7, 1.8)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((pi, pi),)

    def f(self, x: Any, y: Any) -> Any:
        return -cos(x) * cos(y) * exp(-((x - pi) ** 2) - (y - pi) ** 2)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        hole = exp(-((x - pi) ** 2) - (y - pi) ** 2)
        dx = (sin(x) + 2 * (x - pi) * cos(x)) * cos(y) * hole
        return dx, (sin(y) + 2 * (y - pi) * cos(y)) * cos(x) * hole


@LANDSCAPES.register("schwefel")
@dataclass(frozen=True)
class Schwefel(Landscape):
    r"""Schwefel's function (1981): the lowest pit is far from the second lowest, near a corner.

    f = 837.9658 - x sin √|x| - y sin √|y|

    >>> round(float(Schwefel().value((100.0, -200.0))), 10)
    1092.3654423134
    """

    label = "Schwefel"
    tags = ("many minima",)
    formula = r"f(x, y) = 837.9658 - x \sin\sqrt{|x|} - y \sin\sqrt{|y|}"
    source = "https://www.sfu.ca/~ssurjano/schwef.html"
    domain = ((-500.0, 500.0), (-500.0, 500.0))
    start = (-150.0, 100.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((420.96874635998205, 420.96874635998205),)

    def f(self, x: Any, y: Any) -> Any:
        return 837.9658 - x * sin(sqrt(abs(x))) - y * sin(sqrt(abs(y)))

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        rx, ry = sqrt(x * sign(x.real)), sqrt(y * sign(y.real))
        return -sin(rx) - rx * cos(rx) / 2, -sin(ry) - ry * cos(ry) / 2
