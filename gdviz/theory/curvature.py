"""The curvature of a landscape at a point, and the learning rates that it allows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.landscapes import Landscape

Array = NDArray[np.float64]


def curvature(landscape: Landscape, theta: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues (2,), ascending, and eigenvectors (2, 2), in columns, of the Hessian at one point (x, y).

    NaN where the Hessian is not finite.

    >>> from gdviz.landscapes.saddles import Saddle
    >>> curvature(Saddle(), (0.3, 0.4))[0].tolist()
    [-2.0, 2.0]
    """
    with np.errstate(all="ignore"):
        hessian = landscape.hessian(theta)
    if not np.all(np.isfinite(hessian)):
        return np.full(2, np.nan), np.full((2, 2), np.nan)
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvalues, eigenvectors


def stability_limit(landscape: Landscape, theta: ArrayLike) -> float:
    """2/λ_max at a point: on a quadratic with this Hessian, gradient descent is stable below this learning rate.

    Infinite where no direction curves upwards.

    >>> from gdviz.landscapes.bowls import Quadratic
    >>> round(stability_limit(Quadratic(condition_number=10.0), (1.0, 2.0)), 12)
    0.2
    """
    largest = float(curvature(landscape, theta)[0][-1])
    return 2 / largest if not largest <= 0 else np.inf
