"""Mean-field theory of signal propagation in wide random networks (Poole et al., 2016; Schoenholz et al., 2017).

In a wide network whose weights have variance σ_w²/fan_in and whose biases have variance σ_b², the pre-activations of a
layer are normal with variance q_l, and

    q_{l+1} = σ_w² E[φ(√q_l z)²] + σ_b²,   z ~ N(0, 1)             the variance map
    χ_1     = σ_w² E[φ'(√q* z)²]                                   at its fixed point q*

A layer multiplies the squared norm of the gradient by χ_1, and the squared distance of two nearby inputs too. χ_1 < 1
is order (gradients vanish), χ_1 > 1 chaos (gradients explode); in between, at χ_1 = 1, both reach any depth.

https://arxiv.org/abs/1606.05340, https://arxiv.org/abs/1611.01232
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.gradflow.activations import Activation
from gdviz.gradflow.flow import GradientFlow
from gdviz.gradflow.network import Network

Array = NDArray[np.float64]
Phase = Literal["ordered", "critical", "chaotic"]

_CRITICAL = 1e-6
"""χ_1 is called critical within this of 1."""
_LARGEST, _SMALLEST = 1e15, 1e-15
"""A variance beyond these is on its way to infinity or to 0."""


def _half_normal_rule(nodes: int = 160, end: float = 12.0) -> tuple[Array, Array]:
    """Nodes and weights for the mean over z ~ N(0, 1).

    Gauss-Legendre on each side of 0: an activation may have a kink there, at which Gauss-Hermite would lose digits.
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    z = (x + 1) * end / 2
    weight = w * end / 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return np.concatenate([-z[::-1], z]), np.concatenate([weight[::-1], weight])


_Z, _WEIGHT = _half_normal_rule()
_FEW_Z, _FEW_WEIGHT = _half_normal_rule(50, 8.0)
"""For means over two normal numbers."""


def mean_square(activation: Activation, q: ArrayLike) -> Array:
    """E[φ(√q z)²], z ~ N(0, 1), for variances of any shape.

    >>> from gdviz.gradflow import ReLU
    >>> mean_square(ReLU(), 3.0).round(12).tolist()
    1.5
    """
    with np.errstate(all="ignore"):
        return np.asarray(activation.f(np.sqrt(q)[..., None] * _Z) ** 2 @ _WEIGHT)


def mean_square_slope(activation: Activation, q: ArrayLike) -> Array:
    """E[φ'(√q z)²], z ~ N(0, 1), for variances of any shape.

    >>> from gdviz.gradflow import ReLU
    >>> mean_square_slope(ReLU(), 3.0).round(12).tolist()
    0.5
    """
    with np.errstate(all="ignore"):
        return np.asarray(activation.slope(np.sqrt(q)[..., None] * _Z) ** 2 @ _WEIGHT)


@dataclass(frozen=True)
class MeanField:
    """The theory for one activation function and one pair of variances.

    Raises:
        ValueError: A variance is negative or not finite; names it and its value.

    >>> from gdviz.gradflow import Tanh
    >>> theory = MeanField(Tanh(), weight_variance=2.0, bias_variance=0.3)
    >>> round(theory.fixed_point, 6), theory.phase
    (1.134653, 'ordered')
    """

    activation: Activation
    weight_variance: float
    """σ_w²: fan_in times the variance of a weight."""
    bias_variance: float
    """σ_b²: the variance of a bias."""

    def __post_init__(self) -> None:
        for name in ("weight_variance", "bias_variance"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number with 0 ≤ {name}; got {value!r}")

    def variance_map(self, q: ArrayLike) -> Array:
        """q_{l+1} for q_l, of any shape."""
        return self.weight_variance * mean_square(self.activation, np.asarray(q)) + self.bias_variance

    def gain(self, q: ArrayLike) -> Array:
        """σ_w² E[φ'(√q z)²], of the shape of ``q``: the factor of a layer on the gradient's squared norm."""
        return self.weight_variance * mean_square_slope(self.activation, np.asarray(q))

    def variances(self, depth: int, q: float = 1.0) -> Array:
        """q_1 … q_depth when q_1 is ``q``, shape (depth,)."""
        values = [q]
        for _ in range(depth - 1):
            values.append(float(self.variance_map(values[-1])))
        return np.array(values)

    @property
    def fixed_point(self) -> float:
        """q*, where the variances of deep layers end when they start at 1: 0 and infinity included."""
        with np.errstate(all="ignore"):
            drift = float(self.variance_map(1.0)) - 1.0
            if abs(drift) <= 1e-13:
                return 1.0
            # The map increases, so that variances move one way, to the first fixed point there.
            way = np.geomspace(1.0, _LARGEST if drift > 0 else _SMALLEST, 700)
            turned = np.flatnonzero((self.variance_map(way) - way) * drift <= 0)
            if not len(turned):
                return math.inf if drift > 0 else 0.0
            near, far = float(way[turned[0] - 1]), float(way[turned[0]])
            for _ in range(60):
                middle = (near + far) / 2
                if (float(self.variance_map(middle)) - middle) * drift > 0:
                    near = middle
                else:
                    far = middle
        return middle

    @property
    def chi(self) -> float:
        """χ_1 at the fixed point. Where q* is infinite, its limit for large q."""
        q = self.fixed_point
        return float(self.gain(min(max(q, _SMALLEST), _LARGEST)))

    @property
    def phase(self) -> Phase:
        """ordered (gradients vanish), critical or chaotic (gradients explode)."""
        if abs(self.chi - 1) <= _CRITICAL:
            return "critical"
        return "ordered" if self.chi < 1 else "chaotic"

    @property
    def gradient_depth(self) -> float:
        """ξ_∇ = 1/|log χ_1|: the layers over which the gradient's squared norm changes by a factor of e."""
        chi = self.chi
        return 0.0 if chi == 0 else math.inf if chi == 1 else 1 / abs(math.log(chi))

    def correlation_map(self, c: float) -> float:
        """The correlation of two inputs' pre-activations one layer on, at the fixed point q*.

        Raises:
            ValueError: q* is 0 or infinite: no correlation is defined there.
        """
        q = self._finite_fixed_point()
        one, two, weight = self._pair(c, q)
        mean = float((weight * self.activation.f(one) * self.activation.f(two)).sum())
        return (self.weight_variance * mean + self.bias_variance) / q

    @property
    def correlation(self) -> float:
        """c*, the correlation that any two inputs end with: 1 in the ordered phase, less in the chaotic phase."""
        if self.chi <= 1 + _CRITICAL:
            return 1.0
        low, high = 0.0, 1.0 - 1e-9
        for _ in range(40):
            middle = (low + high) / 2
            if self.correlation_map(middle) > middle:
                low = middle
            else:
                high = middle
        return low

    @property
    def correlation_depth(self) -> float:
        """ξ_c: the layers over which the correlation of two inputs comes nearer to c* by a factor of e.

        ξ_c⁻¹ = -log(σ_w² E[φ'(u_1) φ'(u_2)]), u_1 and u_2 having variance q* and correlation c*: -log χ_1 for c* = 1.
        """
        c = self.correlation
        if c == 1.0:
            return self.gradient_depth
        one, two, weight = self._pair(c, self._finite_fixed_point())
        slope = self.weight_variance * float((weight * self.activation.slope(one) * self.activation.slope(two)).sum())
        return 1 / abs(math.log(slope))

    def _finite_fixed_point(self) -> float:
        q = self.fixed_point
        if not 0 < q < math.inf:
            raise ValueError(f"weight_variance and bias_variance must have a fixed point 0 < q* < ∞; theirs is {q:g}")
        return q

    def _pair(self, c: float, q: float) -> tuple[Array, Array, Array]:
        """Nodes and weights for two normal numbers of variance q and correlation c."""
        z1, z2 = _FEW_Z[:, None], _FEW_Z[None, :]
        one = math.sqrt(q) * (z1 + 0 * z2)
        two = math.sqrt(q) * (c * z1 + math.sqrt(max(0.0, 1 - c * c)) * z2)
        return one, two, _FEW_WEIGHT[:, None] * _FEW_WEIGHT[None, :]


def critical_line(activation: Activation, q: ArrayLike) -> tuple[Array, Array]:
    """The boundary between order and chaos, with the fixed point q* as its parameter.

    χ_1 = 1 gives σ_w² = 1/E[φ'(√q z)²], and the fixed point then gives σ_b² = q - σ_w² E[φ(√q z)²]. A q for which that
    is negative belongs to no network, and is left out.

    Args:
        q: Fixed points, shape (n,).

    Returns:
        σ_w² and σ_b², each of shape (m,), m ≤ n.

    >>> from gdviz.gradflow import ReLU
    >>> [values.round(12).tolist() for values in critical_line(ReLU(), np.array([0.5, 3.0]))]
    [[2.0, 2.0], [0.0, 0.0]]
    """
    q = np.asarray(q, dtype=np.float64)
    weight_variance = 1.0 / mean_square_slope(activation, q)
    bias_variance = q - weight_variance * mean_square(activation, q)
    real = bias_variance >= -1e-12 * q
    return weight_variance[real], np.maximum(bias_variance[real], 0.0)


def of_network(network: Network) -> MeanField:
    """The theory for a network's hidden layers.

    Raises:
        ValueError: The theory does not cover the network; says what stands in the way.
    """
    for name in ("normalization", "residual"):
        entry = getattr(network, name)
        if entry.name != "none":
            raise ValueError(f"mean-field theory here covers {name} none; got {entry.name!r}")
    if not network.initializer.random:
        raise ValueError(f"mean-field theory needs random weights; got the initializer {network.initializer.name!r}")
    width = network.width
    variance = width * network.initializer.variance(width, width) * network.weight_scale**2
    return MeanField(network.activation, variance, network.bias_scale**2)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predictions for a network's hidden layers, 1 to L. Widths are taken as infinite."""

    pre_activation: Array
    """q_l, shape (L,): compare with ``GradientFlow.pre_activation``."""
    rms: Array
    """Root mean square of the activations, shape (L,): compare with the root of mean² + std²."""
    relative_gradient: Array
    """Norm of ∂L/∂h_l relative to that at the last layer, shape (L,)."""


def predict(flow: GradientFlow) -> Prediction:
    """The theory's prediction for a measured network, from the mean over seeds of its first layer's q_1.

    Raises:
        ValueError: The theory does not cover the network; says what stands in the way.
    """
    theory = of_network(flow.setup)
    with np.errstate(all="ignore"):
        q = theory.variances(flow.setup.depth, float(flow.pre_activation[:, 0].mean()))
        back = np.sqrt(theory.gain(q[1:]))
        relative: Any = np.concatenate([np.cumprod(back[::-1])[::-1], [1.0]])
        return Prediction(q, np.sqrt(mean_square(theory.activation, q)), relative)
