"""Convex landscapes."""

from dataclasses import dataclass
from typing import Any

from numpy import cos, radians, sin

from gdviz.catalogue import knob
from gdviz.landscapes.base import LANDSCAPES, Landscape, Point


@LANDSCAPES.register("quadratic")
@dataclass(frozen=True)
class Quadratic(Landscape):
    r"""Quadratic bowl: the landscape that theory understands completely.

    f = (u² + κw²)/2, with (u, w) the coordinates turned by the angle φ. The Hessian has the eigenvalues 1 and κ, so
    gradient descent is stable for η < 2/κ, and the larger κ, the slower it is along the flat axis.

    >>> round(float(Quadratic(condition_number=10.0, rotation=30.0).value((1.0, 2.0))), 12)
    9.33077136594
    """

    label = "Quadratic bowl"
    tags = ("convex",)
    formula = (
        r"f(x, y) = \tfrac{1}{2} (u^2 + \kappa w^2), \quad "
        r"u = x\cos\varphi + y\sin\varphi, \quad w = y\cos\varphi - x\sin\varphi"
    )
    source = "https://distill.pub/2017/momentum/"
    domain = ((-4.0, 4.0), (-4.0, 4.0))
    start = (-3.5, 1.5)

    condition_number: float = knob(
        10.0, 1.0, usual=(1.0, 1000.0), log=True, help="largest over smallest curvature", symbol="κ"
    )
    rotation: float = knob(30.0, -180.0, 180.0, help="angle of the flat axis in degrees", symbol="φ")

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        c, s = cos(radians(self.rotation)), sin(radians(self.rotation))
        u, w = c * x + s * y, c * y - s * x
        return (u * u + self.condition_number * w * w) / 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        c, s = cos(radians(self.rotation)), sin(radians(self.rotation))
        u, w = c * x + s * y, self.condition_number * (c * y - s * x)
        return c * u - s * w, s * u + c * w


@LANDSCAPES.register("sphere")
@dataclass(frozen=True)
class Sphere(Landscape):
    r"""The round bowl: the same curvature in every direction, so that the gradient points at the minimum.

    f = x² + y²

    >>> round(float(Sphere().value((0.5, -1.5))), 10)
    2.5
    """

    label = "Sphere"
    tags = ("convex",)
    formula = r"f(x, y) = x^2 + y^2"
    source = "https://www.sfu.ca/~ssurjano/spheref.html"
    domain = ((-4.0, 4.0), (-4.0, 4.0))
    start = (-3.0, 2.0)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        return x * x + y * y

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return 2 * x, 2 * y


@LANDSCAPES.register("zakharov")
@dataclass(frozen=True)
class Zakharov(Landscape):
    r"""Zakharov's function: a convex ravine whose walls steepen with the fourth power.

    f = x² + y² + u² + u⁴,   u = x/2 + y

    >>> round(float(Zakharov().value((0.5, -1.5))), 10)
    6.50390625
    """

    label = "Zakharov"
    tags = ("convex",)
    formula = r"f(x, y) = x^2 + y^2 + u^2 + u^4, \quad u = \tfrac{x}{2} + y"
    source = "https://www.sfu.ca/~ssurjano/zakharov.html"
    domain = ((-5.0, 5.0), (-5.0, 5.0))
    start = (-4.0, 3.5)

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        u = x / 2 + y
        return x * x + y * y + u**2 + u**4

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        u = x / 2 + y
        pull = 2 * u + 4 * u**3
        return 2 * x + pull / 2, 2 * y + pull
