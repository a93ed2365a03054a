"""The interface of landscapes, and the catalogue that lists them."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.catalogue import Catalogue, Entry

Point = tuple[float, float]


@dataclass(frozen=True)
class Landscape(Entry):
    """A loss as a function of two parameters, x and y, with its exact gradient.

    An entry writes :meth:`f` and :meth:`df` in plain arithmetic on x and y, so that the same lines run on numbers, on
    arrays and compiled.
    """

    domain: ClassVar[tuple[Point, Point]]
    """The part that is drawn: ((xmin, xmax), (ymin, ymax)). Runs may leave it."""
    start: ClassVar[Point]
    """An instructive place to start from."""
    tags: ClassVar[tuple[str, ...]] = ()
    """The features that make it easy or hard, from :data:`TAGS`."""

    @property
    def minima(self) -> tuple[Point, ...]:
        """The global minima within the domain; empty where the loss falls without bound."""
        return ()

    def f(self, x: Any, y: Any) -> Any:
        """The loss at (x, y)."""
        raise NotImplementedError

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The partial derivatives (∂f/∂x, ∂f/∂y) at (x, y), which may be complex: :meth:`hessian` makes use of that."""
        raise NotImplementedError

    def value(self, theta: ArrayLike) -> Any:
        """The loss at ``theta``, of shape (2, ...); the result has the batch shape."""
        x, y = np.asarray(theta, dtype=np.float64)
        return self.f(x, y)

    def gradient(self, theta: ArrayLike) -> NDArray[np.float64]:
        """The exact gradient at ``theta``, of shape (2, ...); the result has the same shape."""
        x, y = np.asarray(theta, dtype=np.float64)
        dx, dy = self.df(x, y)
        return np.stack([dx + 0.0 * x, dy + 0.0 * y])

    def hessian(self, theta: ArrayLike) -> NDArray[np.float64]:
        """The matrix of second derivatives at ``theta``, of shape (2, ...); the result has shape (2, 2, ...).

        Derived from :meth:`df` by complex steps: the derivative of an analytic function g at x is Im g(x + ih)/h, with
        no difference of nearly equal numbers, and so exact to rounding for a tiny h (Squire & Trapp, 1998). Where a
        loss has kinks, :meth:`df` takes the sign of the real part, which makes each side analytic by itself.
        """
        x, y = np.asarray(theta, dtype=np.float64)
        h = 1e-30
        columns = [self.df(x + 1j * h, y + 0j), self.df(x + 0j, y + 1j * h)]
        return np.array(
            [[np.imag(derivative + 0j * x) / h for derivative in row] for row in zip(*columns, strict=True)]
        )

    @property
    def lowest(self) -> float | None:
        """The loss at the global minima, or None where there are none."""
        return float(self.value(self.minima[0])) if self.minima else None


TAGS = {
    "convex": "each chord lies above the surface",
    "ill-conditioned": "some direction is at least a hundred times as steep as another",
    "many minima": "a descent may end in one that is not the lowest",
    "plateau": "on a tenth of its domain and more the gradient is tiny",
    "kinks": "the gradient jumps",
    "saddles": "there are points from which it falls on two sides and rises on two",
}
"""The tags of landscapes, and their meanings."""

LANDSCAPES: Catalogue[Landscape] = Catalogue("landscape", "gdviz.LANDSCAPES")
