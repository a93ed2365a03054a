"""Landscapes with more than one minimum: where a run ends depends on where it starts."""

from dataclasses import dataclass
from typing import Any

from numpy import cos, pi, sin

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


@LANDSCAPES.register("rastrigin")
@dataclass(frozen=True)
class Rastrigin(Landscape):
    r"""Rastrigin's function (1974): a bowl covered with a regular grid of dents, each a local minimum.

    f = 2A + x² - A cos 2πx + y² - A cos 2πy

    >>> round(float(Rastrigin().value((0.6, -1.2))), 12)
    26.8
    """

    label = "Rastrigin"
    formula = r"f(x, y) = 2A + x^2 - A\cos 2\pi x + y^2 - A\cos 2\pi y"
    source = "https://www.sfu.ca/~ssurjano/rastr.html"
    domain = ((-5.12, 5.12), (-5.12, 5.12))
    start = (-3.4, 2.7)

    amplitude: float = knob(10.0, 0.0, usual=(0.0, 20.0), help="depth of the dents (A)")

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((0.0, 0.0),)

    def f(self, x: Any, y: Any) -> Any:
        bowl = x * x + y * y
        return 2 * self.amplitude + bowl - self.amplitude * (cos(2 * pi * x) + cos(2 * pi * y))

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        slope = 2 * pi * self.amplitude
        return 2 * x + slope * sin(2 * pi * x), 2 * y + slope * sin(2 * pi * y)
