"""Weight initialisers, as Keras draws them, and the catalogue ``INITIALIZERS``."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry, knob

Array = NDArray[np.float64]

_TRUNCATED_STD = 0.87962566103423978
"""Standard deviation of a standard normal that is cut off at ±2."""


@dataclass(frozen=True)
class Initializer(Entry):
    """How the weights of a layer, a kernel of shape (fan_in, fan_out), are drawn."""

    random: ClassVar[bool] = True
    """False where all entries of a kernel are the same, so that the units of a layer can never become different."""

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        """A kernel, shape (fan_in, fan_out)."""
        raise NotImplementedError

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of a kernel's entries. Mean-field theory's σ_w² is fan_in times this."""
        raise NotImplementedError

    def keras_code(self, scale: float = 1.0) -> str:
        """The Keras initialiser that draws kernels of the same distribution, times ``scale``."""
        raise NotImplementedError


INITIALIZERS: Catalogue[Initializer] = Catalogue("initializer", "gdviz.gradflow.INITIALIZERS")


@INITIALIZERS.register("zeros")
@dataclass(frozen=True)
class Zeros(Initializer):
    r"""All weights 0: no signal passes, so no gradient does, and nothing but the last bias can learn.

    >>> Zeros().draw(np.random.default_rng(0), 1, 2).tolist(), Zeros().variance(1, 2)
    ([[0.0, 0.0]], 0.0)
    """

    label = "Zeros"
    formula = r"W_{ij} = 0"
    source = "https://www.deeplearningbook.org/contents/optimization.html"
    random = False

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        return np.zeros((fan_in, fan_out))

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 0.0

    def keras_code(self, scale: float = 1.0) -> str:
        return "keras.initializers.Zeros()"


@INITIALIZERS.register("constant")
@dataclass(frozen=True)
class Constant(Initializer):
    r"""All weights the same: the units of a layer compute the same, get the same gradient, and stay the same.

    >>> Constant(0.25).draw(np.random.default_rng(0), 1, 2).tolist()
    [[0.25, 0.25]]
    """

    label = "Constant"
    formula = r"W_{ij} = c"
    source = "https://www.deeplearningbook.org/contents/optimization.html"
    random = False

    value: float = knob(0.01, usual=(-1.0, 1.0), help="every weight", symbol="c")

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        return np.full((fan_in, fan_out), self.value)

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 0.0

    def keras_code(self, scale: float = 1.0) -> str:
        return f"keras.initializers.Constant({self.value * scale!r})"


@INITIALIZERS.register("normal")
@dataclass(frozen=True)
class Normal(Initializer):
    r"""Normal weights of the same standard deviation in every layer, whatever its width.

    >>> Normal(0.5).variance(100, 10), float(Normal(0.5).draw(np.random.default_rng(0), 200, 200).std().round(2))
    (0.25, 0.5)
    """

    label = "Normal"
    formula = r"W_{ij} \sim \mathcal{N}(0, \sigma^2)"
    source = "https://keras.io/api/layers/initializers/#randomnormal-class"

    sigma: float = knob(0.05, 0.0, usual=(1e-3, 10.0), log=True, help="standard deviation of a weight", symbol="σ")

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        return self.sigma * rng.standard_normal((fan_in, fan_out))

    def variance(self, fan_in: int, fan_out: int) -> float:
        return self.sigma * self.sigma  # **2 of a large number is an error, not infinity

    def keras_code(self, scale: float = 1.0) -> str:
        return f"keras.initializers.RandomNormal(stddev={self.sigma * scale!r})"


@INITIALIZERS.register("uniform")
@dataclass(frozen=True)
class Uniform(Initializer):
    r"""Uniform weights of the same limit in every layer, whatever its width.

    >>> Uniform(0.3).variance(100, 10), bool(np.abs(Uniform(0.3).draw(np.random.default_rng(0), 50, 50)).max() < 0.3)
    (0.03, True)
    """

    label = "Uniform"
    formula = r"W_{ij} \sim \mathcal{U}(-a, a)"
    source = "https://keras.io/api/layers/initializers/#randomuniform-class"

    limit: float = knob(0.05, 0.0, 1e300, usual=(1e-3, 10.0), log=True, help="largest size of a weight", symbol="a")

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        return rng.uniform(-self.limit, self.limit, (fan_in, fan_out))

    def variance(self, fan_in: int, fan_out: int) -> float:
        return self.limit * self.limit / 3

    def keras_code(self, scale: float = 1.0) -> str:
        return f"keras.initializers.RandomUniform({-self.limit * scale!r}, {self.limit * scale!r})"


@dataclass(frozen=True)
class _VarianceScaling(Initializer):
    """Weights whose variance is ``numerator`` over the fan-in or the mean of the fans."""

    numerator: ClassVar[float]
    mode: ClassVar[str]

    distribution: str

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        std = math.sqrt(self.variance(fan_in, fan_out))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * std
            return rng.uniform(-limit, limit, (fan_in, fan_out))
        kernel = truncated_normal(rng, fan_in, fan_out)
        kernel *= std / _TRUNCATED_STD
        return kernel

    def variance(self, fan_in: int, fan_out: int) -> float:
        return self.numerator / (fan_in if self.mode == "fan_in" else (fan_in + fan_out) / 2)

    def keras_code(self, scale: float = 1.0) -> str:
        distribution = {"uniform": "uniform", "normal": "truncated_normal"}[self.distribution]
        return (
            f"keras.initializers.VarianceScaling(scale={self.numerator * scale**2!r}, "
            f'mode="{self.mode}", distribution="{distribution}")'
        )


def _distribution(default: str) -> Any:
    return knob(default, choices=("uniform", "normal"), help="uniform, or normal and cut off at 2 standard deviations")


@INITIALIZERS.register("glorot")
@dataclass(frozen=True)
class Glorot(_VarianceScaling):
    r"""Glorot & Bengio (2010): keeps signal and gradient in balance where the activation is linear around 0.

    >>> Glorot().variance(60, 40), float(Glorot().draw(np.random.default_rng(0), 60, 40).max().round(3))
    (0.02, 0.245)
    """

    label = "Glorot"
    formula = r"\operatorname{Var} W_{ij} = \frac{2}{n_\text{in} + n_\text{out}}"
    source = "https://proceedings.mlr.press/v9/glorot10a.html"
    numerator = 1.0
    mode = "fan_avg"

    distribution: str = _distribution("uniform")


@INITIALIZERS.register("he")
@dataclass(frozen=True)
class He(_VarianceScaling):
    r"""He et al. (2015): twice LeCun's variance, because ReLU passes half of the signal.

    >>> He().variance(50, 40), float(He().draw(np.random.default_rng(0), 500, 400).var().round(4))
    (0.04, 0.004)
    """

    label = "He"
    formula = r"\operatorname{Var} W_{ij} = \frac{2}{n_\text{in}}"
    source = "https://arxiv.org/abs/1502.01852"
    numerator = 2.0
    mode = "fan_in"

    distribution: str = _distribution("normal")


@INITIALIZERS.register("lecun")
@dataclass(frozen=True)
class LeCun(_VarianceScaling):
    r"""LeCun et al. (1998): keeps the variance of the signal where the activation is linear; made for SELU too.

    >>> LeCun().variance(50, 40), float(LeCun().draw(np.random.default_rng(0), 500, 400).var().round(4))
    (0.02, 0.002)
    """

    label = "LeCun"
    formula = r"\operatorname{Var} W_{ij} = \frac{1}{n_\text{in}}"
    source = "https://doi.org/10.1007/3-540-49430-8_2"
    numerator = 1.0
    mode = "fan_in"

    distribution: str = _distribution("normal")


@INITIALIZERS.register("orthogonal")
@dataclass(frozen=True)
class Orthogonal(Initializer):
    r"""Orthogonal kernels (Saxe et al., 2014): every singular value is 1, so lengths are kept, not only on average.

    >>> kernel = Orthogonal().draw(np.random.default_rng(0), 5, 3)
    >>> np.abs(kernel.T @ kernel - np.eye(3)).max().round(12).tolist(), Orthogonal().variance(5, 3)
    (0.0, 0.2)
    """

    label = "Orthogonal"
    formula = r"W^\top W = I"
    source = "https://arxiv.org/abs/1312.6120"

    def draw(self, rng: Generator, fan_in: int, fan_out: int) -> Array:
        tall = rng.standard_normal((max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        # The signs make the distribution uniform over all orthogonal matrices (Mezzadri, 2007).
        q *= np.sign(np.diag(r))
        return q if fan_in >= fan_out else q.T

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / max(fan_in, fan_out)

    def keras_code(self, scale: float = 1.0) -> str:
        return f"keras.initializers.Orthogonal(gain={scale!r})"


def truncated_normal(rng: Generator, fan_in: int, fan_out: int) -> Array:
    """Standard normal numbers, shape (fan_in, fan_out); those beyond ±2 are drawn again."""
    kernel = rng.standard_normal((fan_in, fan_out))
    while True:
        beyond = np.flatnonzero(np.abs(kernel) > 2.0)
        if not len(beyond):
            return kernel
        kernel.ravel()[beyond] = rng.standard_normal(len(beyond))
