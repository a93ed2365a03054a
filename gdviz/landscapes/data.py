"""Landscapes whose two parameters are those of a real model: the loss is a mean over measured examples."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np
from numpy import exp, logaddexp, tanh
from numpy.typing import NDArray

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point

Array = NDArray[np.float64]
Rows = slice | NDArray[np.int64]

_IRIS = np.loadtxt(str(files("gdviz.landscapes") / "iris.csv"), delimiter=",")
_LENGTH, _WIDTH, _SPECIES = _IRIS.T


def _standardised(values: Array) -> Array:
    return np.asarray((values - values.mean()) / values.std())


@dataclass(frozen=True)
class DataLandscape(Landscape):
    """A mean loss over examples. Over some rows of the examples it is that of a mini-batch."""

    inputs: ClassVar[Array]
    """One input an example, shape (n,)."""
    targets: ClassVar[Array]
    """One target an example, shape (n,)."""

    @property
    def examples(self) -> int:
        """The number of examples, n."""
        return len(self.inputs)

    def f(self, x: Any, y: Any) -> Any:
        return self.f_of(slice(None), x, y)

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        return self.df_of(slice(None), x, y)

    def f_of(self, rows: Rows, x: Any, y: Any) -> Any:
        """The loss over some of the examples."""
        raise NotImplementedError

    def df_of(self, rows: Rows, x: Any, y: Any) -> tuple[Any, Any]:
        """The partial derivatives of the loss over some of the examples."""
        raise NotImplementedError

    def chosen(self, rows: Rows, like: Any) -> tuple[Array, Array]:
        """Inputs and targets of some examples, with an axis of length 1 for each axis of ``like``."""
        shape = (-1, *(1,) * np.ndim(like))
        return self.inputs[rows].reshape(shape), self.targets[rows].reshape(shape)


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

    def f_of(self, rows: Rows, x: Any, y: Any) -> Any:
        a, t = self.chosen(rows, x)
        return ((x * a + y - t) ** 2).mean(axis=0)

    def df_of(self, rows: Rows, x: Any, y: Any) -> tuple[Any, Any]:
        a, t = self.chosen(rows, x)
        off = x * a + y - t
        return 2 * (off * a).mean(axis=0), 2 * off.mean(axis=0)


@LANDSCAPES.register("logistic_regression")
@dataclass(frozen=True)
class LogisticRegression(DataLandscape):
    r"""Logistic regression under cross-entropy: which of two irises a petal is from, by its length.

    f = 1/n Σ log(1 + exp(-sᵢ(w aᵢ + b))),   a the standardised length, s = 1 for virginica, -1 for versicolor

    Convex, with a curvature that fades away from the minimum.

    >>> round(float(LogisticRegression().value((0.5, -1.0))), 10)
    0.6412701121
    """

    label = "Logistic regression"
    formula = r"f(w, b) = \frac{1}{n} \sum_i \log\left(1 + e^{-s_i (w a_i + b)}\right)"
    source = "https://doi.org/10.1111/j.1469-1809.1936.tb02137.x"
    domain = ((-10.0, 20.0), (-10.0, 10.0))
    start = (-6.0, 6.0)
    inputs = _standardised(_LENGTH[_SPECIES > 0])
    targets = 2.0 * _SPECIES[_SPECIES > 0] - 3.0

    @property
    def minima(self) -> tuple[Point, ...]:
        return ((7.39460058497046, 0.3829032541274238),)

    def f_of(self, rows: Rows, x: Any, y: Any) -> Any:
        a, s = self.chosen(rows, x)
        return logaddexp(0.0, -s * (x * a + y)).mean(axis=0)

    def df_of(self, rows: Rows, x: Any, y: Any) -> tuple[Any, Any]:
        a, s = self.chosen(rows, x)
        pull = -s / (1 + exp(s * (x * a + y)))
        return (pull * a).mean(axis=0), pull.mean(axis=0)


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

    def f_of(self, rows: Rows, x: Any, y: Any) -> Any:
        a, t = self.chosen(rows, x)
        return ((y * tanh(x * a) - t) ** 2).mean(axis=0)

    def df_of(self, rows: Rows, x: Any, y: Any) -> tuple[Any, Any]:
        a, t = self.chosen(rows, x)
        unit = tanh(x * a)
        off = y * unit - t
        return 2 * (off * y * (1 - unit * unit) * a).mean(axis=0), 2 * (off * unit).mean(axis=0)
