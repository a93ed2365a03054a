"""Landscapes where a gradient misleads: kinks, cliffs, plateaus and ravines."""

from dataclasses import dataclass
from typing import Any

from numpy import exp, sign, sqrt

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("bukin_6")
@dataclass(frozen=True)
class Bukin6(Landscape):
    r"""Bukin's function no. 6: a valley whose floor is a kink, steep without end on either side.

    f = 100 √|y - x²/100| + |x + 10|/100

    The minimum lies on the kink, where f has no gradient; 0 is given for a root's or a modulus's share there.

    >>> round(float(Bukin6().value((-8.0, 2.0))), 10)
    116.6390378969
    """

    label = "Bukin 6"
    tags = ("kinks", "ill-conditioned")
    formula = r"f(x, y) = 100\sqrt{|y - 0.01x^2|} + 0.01\,|x + 10|"
    source = "https://www.sfu.ca/~ssurjano/bukin6.html"
    domain = ((-15.0, -5.0), (-3.0, 3.0))
    start = (-6.0, -1.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-10.0, 1.0),)

    def f(self, x: Any, y: Any) -> Any:
        return 100 * sqrt(abs(y - 0.01 * x * x)) + 0.01 * abs(x + 10)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        off = y - 0.01 * x * x
        side = sign(off.real)
        root = sqrt(off * side)
        wall = 50 * side / (root + (root == 0))
        return 0.01 * sign(x.real + 10) - 0.02 * x * wall, wall


@LANDSCAPES.register("absolute")
@dataclass(frozen=True)
class Absolute(Landscape):
    r"""The sum of moduli: an upturned roof. The gradient never shrinks, so that fixed steps overshoot for ever.

    f = |x| + |y|

    On the kinks f has no gradient; 0, the middle of the subgradients, is given there.

    >>> round(float(Absolute().value((1.5, -2.0))), 10)
    3.5
    """

    label = "Kinks"
    tags = ("convex", "kinks")
    formula = r"f(x, y) = |x| + |y|"
    source = "https://en.wikipedia.org/wiki/Subgradient_method"
    domain = ((-2.0, 2.0), (-2.0, 2.0))
    start = (-1.63, 1.17)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return abs(x) + abs(y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return sign(x.real), sign(y.real)


@LANDSCAPES.register("ravine")
@dataclass(frozen=True)
class Ravine(Landscape):
    r"""A narrow ravine: straight, a thousand times as steep across as along.

    f = 5(x²/1000 + y²)

    >>> round(float(Ravine().value((1.5, -2.0))), 10)
    20.01125
    """

    label = "Narrow ravine"
    tags = ("convex", "ill-conditioned")
    formula = r"f(x, y) = 5\,(0.001\,x^2 + y^2)"
    source = "https://distill.pub/2017/momentum/"
    domain = ((-4.0, 4.0), (-2.0, 2.0))
    start = (-3.5, 1.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return 5 * (0.001 * x * x + y * y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 0.01 * x, 10 * y


@LANDSCAPES.register("cliff")
@dataclass(frozen=True)
class Cliff(Landscape):
    r"""A cliff: a gentle slope that ends at a wall, as the loss of a recurrent network does (Pascanu et al., 2013).

    f = (x² + y²)/20 + exp(8(x - 1))

    A step that lands on the wall meets a gradient that throws it out of the picture: the case for clipping by norm.

    >>> round(float(Cliff().value((1.2, -0.5))), 10)
    5.0375324244
    """

    label = "Cliff"
    tags = ("plateau",)
    formula = r"f(x, y) = \tfrac{1}{20}(x^2 + y^2) + e^{8(x - 1)}"
    source = "https://arxiv.org/abs/1211.5063"
    domain = ((-4.0, 2.0), (-3.0, 3.0))
    start = (1.4, 2.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((-0.022428907754802125, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return (x * x + y * y) / 20 + exp(8 * (x - 1))

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return x / 10 + 8 * exp(8 * (x - 1)), y / 10


@LANDSCAPES.register("plateau")
@dataclass(frozen=True)
class Plateau(Landscape):
    r"""A plateau around a pit: far out the gradient vanishes, as behind saturated sigmoids.

    f = 1 - exp(-(x² + y²)/2)

    >>> round(float(Plateau().value((1.2, -0.5))), 10)
    0.5704426418
    """

    label = "Plateau"
    tags = ("plateau",)
    formula = r"f(x, y) = 1 - e^{-(x^2 + y^2)/2}"
    source = "https://www.deeplearningbook.org/contents/optimization.html"
    domain = ((-5.0, 5.0), (-5.0, 5.0))
    start = (-3.0, 2.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return 1 - exp(-(x * x + y * y) / 2)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        pull = exp(-(x * x + y * y) / 2)
        return x * pull, y * pull
