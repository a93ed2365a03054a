"""Activation functions with their exact derivatives, and the catalogue ``ACTIVATIONS``."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.polynomial import chebyshev

from gdviz.catalogue import Catalogue, Entry, knob

SATURATED = 0.01
"""An entry is saturated where the activation's slope is less than this share of its steepest slope."""


@dataclass(frozen=True)
class Activation(Entry):
    """A function φ that is applied to every entry of the pre-activations z, as ``keras.activations`` defines it."""

    formula: ClassVar[str]
    rectifier: ClassVar[bool] = False
    """True for ReLU and its relatives, which He's initialiser is made for."""

    def f(self, z: Any) -> Any:
        """φ(z), an array of the shape of ``z``."""
        raise NotImplementedError

    def df(self, z: Any, a: Any) -> Any:
        """φ'(z). ``a`` is φ(z), which is at hand in the backward pass and often makes the slope cheap."""
        raise NotImplementedError

    @property
    def steepest(self) -> float:
        """The largest slope, max |φ'|: the largest factor of a layer on a gradient, weights aside."""
        return 1.0

    def slope(self, z: Any) -> Any:
        """φ'(z)."""
        return self.df(z, self.f(z))

    def keras_code(self) -> str:
        """The Keras layer that applies it."""
        return f"keras.layers.Activation({self.name!r})"


ACTIVATIONS: Catalogue[Activation] = Catalogue("activation", "gdviz.gradflow.ACTIVATIONS")


def _numbers(*values: float) -> Any:
    """For the doctests."""
    return np.array(values)


@ACTIVATIONS.register("linear")
@dataclass(frozen=True)
class Linear(Activation):
    r"""No activation: the network is a product of matrices, however deep (Saxe et al., 2014).

    >>> Linear().f(_numbers(-1.5, 0.5)).tolist(), Linear().slope(_numbers(-1.5, 0.5)).tolist()
    ([-1.5, 0.5], [1.0, 1.0])
    """

    label = "Linear"
    formula = r"\varphi(z) = z"
    source = "https://arxiv.org/abs/1312.6120"

    def f(self, z: Any) -> Any:
        return z

    def df(self, z: Any, a: Any) -> Any:
        return np.ones_like(z)


@ACTIVATIONS.register("sigmoid")
@dataclass(frozen=True)
class Sigmoid(Activation):
    r"""Logistic sigmoid: between 0 and 1, with a slope of at most 1/4.

    >>> Sigmoid().f(_numbers(1.0)).round(12).tolist(), Sigmoid().slope(_numbers(1.0)).round(12).tolist()
    ([0.73105857863], [0.196611933241])
    """

    label = "Sigmoid"
    formula = r"\varphi(z) = \frac{1}{1 + e^{-z}}"
    source = "https://proceedings.mlr.press/v9/glorot10a.html"

    def f(self, z: Any) -> Any:
        return sigmoid(z)

    def df(self, z: Any, a: Any) -> Any:
        # sigmoid(-z) is 1 - a without the cancellation that makes a saturated slope exactly 0 too early.
        return a * sigmoid(-z)

    @property
    def steepest(self) -> float:
        return 0.25


@ACTIVATIONS.register("tanh")
@dataclass(frozen=True)
class Tanh(Activation):
    r"""Hyperbolic tangent: between -1 and 1, with slope 1 at 0.

    >>> Tanh().f(_numbers(1.0)).round(12).tolist(), Tanh().slope(_numbers(1.0)).round(12).tolist()
    ([0.761594155956], [0.419974341614])
    """

    label = "tanh"
    formula = r"\varphi(z) = \tanh z"
    source = "https://proceedings.mlr.press/v9/glorot10a.html"

    def f(self, z: Any) -> Any:
        return np.tanh(z)

    def df(self, z: Any, a: Any) -> Any:
        return 1.0 - a * a


@ACTIVATIONS.register("relu")
@dataclass(frozen=True)
class ReLU(Activation):
    r"""Rectified linear unit (Nair & Hinton, 2010): slope 1 where active, 0 elsewhere (at 0 too, as in Keras).

    >>> ReLU().f(_numbers(-1.5, 0.0, 0.5)).tolist(), ReLU().slope(_numbers(-1.5, 0.0, 0.5)).tolist()
    ([0.0, 0.0, 0.5], [0.0, 0.0, 1.0])
    """

    label = "ReLU"
    formula = r"\varphi(z) = \max(z, 0)"
    source = "https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf"
    rectifier = True

    def f(self, z: Any) -> Any:
        return np.maximum(z, 0.0)

    def df(self, z: Any, a: Any) -> Any:
        return (z > 0).astype(np.float64)


@ACTIVATIONS.register("leaky_relu")
@dataclass(frozen=True)
class LeakyReLU(Activation):
    r"""Leaky ReLU (Maas et al., 2013): a small slope where ReLU has none, so that no unit dies.

    The default slope is that of ``keras.activations.leaky_relu``.

    >>> LeakyReLU(0.25).f(_numbers(-1.5, 0.5)).tolist(), LeakyReLU(0.25).slope(_numbers(-1.5, 0.5)).tolist()
    ([-0.375, 0.5], [0.25, 1.0])
    """

    label = "Leaky ReLU"
    formula = r"\varphi(z) = \max(z, 0) + \alpha \min(z, 0)"
    source = "https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf"
    rectifier = True

    negative_slope: float = knob(0.2, 0.0, 1.0, help="slope for negative inputs", symbol="α")

    def f(self, z: Any) -> Any:
        return np.where(z > 0, z, self.negative_slope * z)

    def df(self, z: Any, a: Any) -> Any:
        return np.where(z > 0, 1.0, self.negative_slope)

    def keras_code(self) -> str:
        return f"keras.layers.LeakyReLU(negative_slope={self.negative_slope!r})"


@ACTIVATIONS.register("elu")
@dataclass(frozen=True)
class ELU(Activation):
    r"""Exponential linear unit (Clevert et al., 2016): bends smoothly to -α.

    >>> ELU(0.5).f(_numbers(-1.0, 0.5)).round(12).tolist(), ELU(0.5).slope(_numbers(-1.0, 0.5)).round(12).tolist()
    ([-0.316060279414, 0.5], [0.183939720586, 1.0])
    """

    label = "ELU"
    formula = r"\varphi(z) = z \;(z > 0), \quad \alpha (e^z - 1) \;(z \le 0)"
    source = "https://arxiv.org/abs/1511.07289"
    rectifier = True

    alpha: float = knob(1.0, 0.0, usual=(0.1, 2.0), help="size of the most negative value", symbol="α")

    def f(self, z: Any) -> Any:
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0.0)))

    def df(self, z: Any, a: Any) -> Any:
        return np.where(z > 0, 1.0, self.alpha * np.exp(np.minimum(z, 0.0)))

    @property
    def steepest(self) -> float:
        return max(1.0, self.alpha)

    def keras_code(self) -> str:
        return f"keras.layers.ELU(alpha={self.alpha!r})"


@ACTIVATIONS.register("selu")
@dataclass(frozen=True)
class SELU(Activation):
    r"""Scaled ELU (Klambauer et al., 2017): with LeCun's initialiser, mean 0 and variance 1 are a stable fixed point.

    >>> SELU().f(_numbers(-1.0, 0.5)).round(12).tolist(), SELU().slope(_numbers(-1.0, 0.5)).round(12).tolist()
    ([-1.111330737813, 0.525350493678], [0.646768603035, 1.050700987355])
    """

    label = "SELU"
    formula = r"\varphi(z) = \lambda z \;(z > 0), \quad \lambda\alpha (e^z - 1) \;(z \le 0)"
    source = "https://arxiv.org/abs/1706.02515"

    alpha: ClassVar[float] = 1.6732632423543772
    scale: ClassVar[float] = 1.0507009873554805

    def f(self, z: Any) -> Any:
        return np.where(z > 0, self.scale * z, self.scale * self.alpha * np.expm1(np.minimum(z, 0.0)))

    def df(self, z: Any, a: Any) -> Any:
        return np.where(z > 0, self.scale, self.scale * self.alpha * np.exp(np.minimum(z, 0.0)))

    @property
    def steepest(self) -> float:
        return self.scale * self.alpha


@ACTIVATIONS.register("gelu")
@dataclass(frozen=True)
class GELU(Activation):
    r"""Gaussian error linear unit (Hendrycks & Gimpel, 2016): z times the normal distribution function, exactly.

    Keras computes the same with ``approximate=False``, its default; its TensorFlow backend rounds √½ to float32 on the
    way, and so is 1e-7 off in float64.

    >>> GELU().f(_numbers(-1.0, 0.5)).round(12).tolist(), GELU().slope(_numbers(-1.0, 0.5)).round(12).tolist()
    ([-0.158655253931, 0.345731230637], [-0.083315470588, 0.867495124656])
    """

    label = "GELU"
    formula = r"\varphi(z) = z \, \Phi(z)"
    source = "https://arxiv.org/abs/1606.08415"
    rectifier = True

    def f(self, z: Any) -> Any:
        return z * normal_cdf(z)

    def df(self, z: Any, a: Any) -> Any:
        cdf = np.divide(a, z, out=np.full_like(z, 0.5), where=z != 0)
        return cdf + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    @property
    def steepest(self) -> float:
        # φ'' vanishes at z = √2.
        return float(self.slope(np.sqrt(2.0)))


@ACTIVATIONS.register("silu")
@dataclass(frozen=True)
class SiLU(Activation):
    r"""Sigmoid linear unit, or swish (Elfwing et al., 2018; Ramachandran et al., 2017): z times its sigmoid.

    >>> SiLU().f(_numbers(-1.0, 0.5)).round(12).tolist(), SiLU().slope(_numbers(-1.0, 0.5)).round(12).tolist()
    ([-0.26894142137, 0.311229665601], [0.072329488129, 0.739961187303])
    """

    label = "SiLU"
    formula = r"\varphi(z) = \frac{z}{1 + e^{-z}}"
    source = "https://arxiv.org/abs/1702.03118"
    rectifier = True

    def f(self, z: Any) -> Any:
        return z * sigmoid(z)

    def df(self, z: Any, a: Any) -> Any:
        s = sigmoid(z)
        return s + a * (1.0 - s)

    @property
    def steepest(self) -> float:
        # φ'' vanishes where z tanh(z/2) = 2.
        return float(self.slope(np.float64(2.3993572805154)))


@ACTIVATIONS.register("softsign")
@dataclass(frozen=True)
class Softsign(Activation):
    r"""Softsign (Bergstra et al., 2009): like tanh, but it saturates as 1/z does rather than exponentially.

    >>> Softsign().f(_numbers(-1.0, 3.0)).tolist(), Softsign().slope(_numbers(-1.0, 3.0)).tolist()
    ([-0.5, 0.75], [0.25, 0.0625])
    """

    label = "Softsign"
    formula = r"\varphi(z) = \frac{z}{1 + |z|}"
    source = "https://proceedings.mlr.press/v9/glorot10a.html"

    def f(self, z: Any) -> Any:
        return z / (1.0 + np.abs(z))

    def df(self, z: Any, a: Any) -> Any:
        return 1.0 / (1.0 + np.abs(z)) ** 2


def sigmoid(z: Any) -> Any:
    """1/(1 + e⁻ᶻ). Where e⁻ᶻ overflows to infinity, the quotient is 0, as it should be."""
    return 1.0 / (1.0 + np.exp(-z))


_T_AT_24 = 2.0 / (2.0 + 24.0)


def _log_erfc_series(degree: int = 22) -> list[float]:
    """Coefficients, highest power first, of log(erfc(x)/t) + x² as a polynomial in u, for 0 ≤ x ≤ 24.

    t = 2/(2 + x), and u maps its range to [-1, 1]. The function is smooth and bounded, so that a Chebyshev interpolant
    of the standard library's erfc, which takes one number at a time, gives whole arrays of it to 14 digits.
    """

    def smooth(u: float) -> float:
        t = _T_AT_24 + (1.0 - _T_AT_24) * (u + 1.0) / 2.0
        x = 2.0 / t - 2.0
        return math.log(math.erfc(x) / t) + x * x

    return [float(c) for c in chebyshev.cheb2poly(chebyshev.chebinterpolate(np.vectorize(smooth), degree))[::-1]]


_SERIES = _log_erfc_series()


def normal_cdf(z: Any) -> Any:
    """Φ(z), the normal distribution function, to 14 digits (13 where it is less than 1e-9).

    >>> float(normal_cdf(np.array(1.0)).round(13)), round(0.5 * math.erfc(-1.0 / math.sqrt(2.0)), 13)
    (0.8413447460685, 0.8413447460685)
    """
    x = np.abs(z) * math.sqrt(0.5)
    t = 2.0 / (2.0 + x)
    u = (t - _T_AT_24) * (2.0 / (1.0 - _T_AT_24)) - 1.0
    exponent = np.full_like(u, _SERIES[0])
    for coefficient in _SERIES[1:]:
        exponent *= u
        exponent += coefficient
    exponent -= x * x
    tail = 0.5 * t * np.exp(exponent)
    return np.where(z > 0, 1.0 - tail, tail)
