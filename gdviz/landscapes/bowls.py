"""Convex landscapes."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

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
    formula = (
        r"f(x, y) = \tfrac{1}{2} (u^2 + \kappa w^2), \quad "
        r"u = x\cos\varphi + y\sin\varphi, \quad w = y\cos\varphi - x\sin\varphi"
    )
    source = "https://distill.pub/2017/momentum/"
    domain = ((-4.0, 4.0), (-4.0, 4.0))
    start = (-3.5, 1.5)

    condition_number: float = knob(10.0, 1.0, usual=(1.0, 1000.0), log=True, help="largest over smallest curvature (κ)")
    rotation: float = knob(30.0, -180.0, 180.0, help="angle of the flat axis in degrees (φ)")

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
