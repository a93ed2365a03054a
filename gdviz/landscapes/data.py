"""Landscapes whose two parameters are those of a real model: the loss is a mean over measured examples."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar, Self

import numpy as np
from numpy import exp, logaddexp, tanh
from numpy.typing import NDArray

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point

Array = NDArray[np.float64]

_IRIS = np.loadtxt(str(files("gdviz.landscapes") / "iris.csv"), delimiter=",")
_LENGTH, _WIDTH, _SPECIES = _IRIS.T


def _standardised(values: Array) -> Array:
    return np.asarray((values - values.mean()) / values.std())


@dataclass(frozen=True)
class DataLandscape(Landscape):
    """A mean loss over examples. Over some rows of the examples it is that of a mini-batch.

    An entry writes the loss of one example and its derivatives, :meth:`f_of` and :meth:`df_of`.
    """

    inputs: ClassVar[Array]
    """One input an example, shape (n,)."""
    targets: ClassVar[Array]
    """One target an example, shape (n,)."""

    @property
    def examples(self) -> int:
        """The number of examples, n."""
        return len(self.inputs)

    def f(self, x: Any, y: Any) -> Any:
        return self.f_of(*self._along(x), x, y).mean(axis=0)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        by_x, by_y = self.df_of(*self._along(x), x, y)
        return by_x.mean(axis=0), by_y.mean(axis=0)

    def f_of(self, a: Any, t: Any, x: Any, y: Any) -> Any:
        """The loss at (x, y) of the example with input a and target t."""
        raise NotImplementedError

    def df_of(self, a: Any, t: Any, x: Any, y: Any) -> tuple[Any, Any]:
        """The partial derivatives of that loss."""
        raise NotImplementedError

    def over(self, inputs: Any, targets: Any) -> Self:
        """The mean loss over other examples: those of a mini-batch, or recorded ones."""
        return self.having(inputs=inputs, targets=targets)

    def _along(self, x: Any) -> tuple[Any, Any]:
        """The examples, along an axis before those of ``x``."""
        if not isinstance(x, np.ndarray):
            return self.inputs, self.targets
        shape = (-1, *(1,) * x.ndim)
        return self.inputs.reshape(shape), self.targets.reshape(shape)


@LANDSCAPES.register("linear_regression")
@dataclass(frozen=True)
class LinearRegression(DataLandscape):
    r"""Linear regression under mean squared error: the width of 150 iris petals from their length.

    f = 1/n Σ (w aᵢ + b - tᵢ)²,   a the length in cm, t the width in cm

    A quadratic bowl, narrow because w and b make up for each other as long as the lengths are not centred.

    >>> round(float(LinearRegression().value((0.5, -1.0))), 10)
    0.16665
    """

    label = "Linear regression"
    tags = ("convex", "ill-conditioned")
    formula = r"f(w, b) = \frac{1}{n} \sum_i (w a_i + b - t_i)^2"
    source = "https://doi.org/10.1111/j.1469-1809.1936.tb02137.x"
    domain = ((-1.0, 2.0), (-3.0, 3.0))
    start = (-0.5, 2.0)
    inputs = _LENGTH
    targets = _WIDTH

    @property
    def minima(self) -> tuple[Point, ...]:
        slope = np.mean((_LENGTH - _LENGTH.mean()) * (_WIDTH - _WIDTH.mean())) / np.var(_LENGTH)
        return ((float(slope), float(_WIDTH.mean() - slope * _LENGTH.mean())),)

    def f_of(self, a: Any, t: Any, x: Any, y: Any) -> Any:
        return (x * a + y - t) ** 2

    def df_of(self, a: Any, t: Any, x: Any, y: Any) -> tuple[Any, Any]:
        off = x * a + y - t
        return 2 * off * a, 2 * off


@LANDSCAPES.register("logistic_regression")
@dataclass(frozen=True)
class LogisticRegression(DataLandscape):
    r"""Logistic regression under cross-entropy: which of two irises a petal is from, by its length.

    f = 1/n Σ log(1 + exp(-tᵢ(w aᵢ + b))),   a the standardised length, t = 1 for virginica, -1 for versicolor

    Convex, with a curvature that fades away from the minimum.

    >>> round(float(LogisticRegression().value((0.5, -1.0))), 10)
    0.6412701121
    """

    label = "Logistic regression"
    tags = ("convex",)
    formula = r"f(w, b) = \frac{1}{n} \sum_i \log\left(1 + e^{-s_i (w a_i + b)}\right)"
    source = "https://doi.org/10.1111/j.1469-1809.1936.tb02137.x"
    domain = ((-10.0, 20.0), (-10.0, 10.0))
    start = (-6.0, 6.0)
    inputs = _standardised(_LENGTH[_SPECIES > 0])
    targets = 2.0 * _SPECIES[_SPECIES > 0] - 3.0

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((7.39460058497046, 0.3829032541274238),)

    def f_of(self, a: Any, t: Any, x: Any, y: Any) -> Any:
        return logaddexp(0.0, -t * (x * a + y))

    def df_of(self, a: Any, t: Any, x: Any, y: Any) -> tuple[Any, Any]:
        pull = -t / (1 + exp(t * (x * a + y)))
        return pull * a, pull


@LANDSCAPES.register("tanh_network")
@dataclass(frozen=True)
class TanhNetwork(DataLandscape):
    r"""A network of two weights, v tanh(w a), under mean squared error: the width of iris petals from their length.

    f = 1/n Σ (v tanh(w aᵢ) - tᵢ)²,   a and t the standardised length and width

    tanh is odd, so (w, v) and (-w, -v) are the same network: two minima. At (0, 0), where both weights start in vain,
    is a saddle; along w the tanh saturates into a plateau.

    >>> round(float(TanhNetwork().value((0.5, -1.0))), 10)
    2.0536084248
    """

    label = "Tanh network"
    tags = ("ill-conditioned", "saddles")
    formula = r"f(w, v) = \frac{1}{n} \sum_i (v \tanh(w a_i) - t_i)^2"
    source = "https://doi.org/10.1111/j.1469-1809.1936.tb02137.x"
    domain = ((-4.0, 4.0), (-3.0, 3.0))
    start = (0.05, -1.5)
    inputs = _standardised(_LENGTH)
    targets = _standardised(_WIDTH)

    @property
    def minima(self) -> tuple[Point, ...]:
        w, v = 0.6164807478790678, 1.859415514394186
        return ((w, v), (-w, -v))

    def f_of(self, a: Any, t: Any, x: Any, y: Any) -> Any:
        return (y * tanh(x * a) - t) ** 2

    def df_of(self, a: Any, t: Any, x: Any, y: Any) -> tuple[Any, Any]:
        unit = tanh(x * a)
        off = y * unit - t
        return 2 * off * y * (1 - unit * unit) * a, 2 * off * unit
