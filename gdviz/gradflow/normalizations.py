"""Normalisations, with Keras's defaults and their exact backward passes, and the catalogue ``NORMALIZATIONS``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry, knob

Array = NDArray[np.float64]
Parameters = dict[str, Array]
"""The trainable arrays of one layer by name: kernel, bias, gamma, ... Gradients have the same names and shapes."""
Pullback = Callable[[Array], tuple[Array, Parameters]]
"""From the gradient with respect to a function's result to those with respect to its input and its parameters."""


@dataclass(frozen=True)
class Normalization(Entry):
    """A normalisation between a layer's pre-activations z = hW + b and its activation function.

    An entry normalises the pre-activations (:meth:`normalize`) or the kernel (:meth:`kernel`).
    """

    has_bias: ClassVar[bool] = True
    """False where a bias would have no effect."""

    def parameters(self, width: int) -> Parameters:
        """The trainable arrays that it adds to a layer, with their values at the start."""
        return {}

    def kernel(self, parameters: Parameters) -> tuple[Array, Callable[[Array], Parameters]]:
        """The kernel that multiplies, and its pullback."""
        return parameters["kernel"], lambda gradient: {"kernel": gradient}

    def normalize(self, z: Array, parameters: Parameters) -> tuple[Array, Pullback]:
        """The normalised pre-activations, shape (batch, width) like ``z``, and the pullback."""
        return z, lambda gradient: (gradient, {})

    def keras_code(self) -> str | None:
        """The Keras layer to put between a Dense layer and its activation; None where there is none."""
        return None

    def keras_dense(self) -> tuple[str, str]:
        """The class of the Dense layer, and the code that defines it where Keras does not."""
        return "keras.layers.Dense", ""


NORMALIZATIONS: Catalogue[Normalization] = Catalogue("normalization", "gdviz.gradflow.NORMALIZATIONS")


def _standardize(z: Array, axis: int, epsilon: float, center: bool = True) -> tuple[Array, Callable[[Array], Array]]:
    """(z - μ)/√(σ² + ε) along an axis, and its pullback; without ``center``, z/√(mean z² + ε)."""
    centered = z - z.mean(axis=axis, keepdims=True) if center else z
    shrink = 1.0 / np.sqrt((centered * centered).mean(axis=axis, keepdims=True) + epsilon)
    standard = centered * shrink

    def pull(gradient: Array) -> Array:
        along = (gradient * standard).mean(axis=axis, keepdims=True)
        gradient = gradient - standard * along
        if center:
            gradient -= gradient.mean(axis=axis, keepdims=True)
        return np.asarray(gradient * shrink)

    return standard, pull


def _scale_and_shift(
    standard: Array, pull: Callable[[Array], Array], gamma: Array, beta: Array
) -> tuple[Array, Pullback]:
    def pull_all(gradient: Array) -> tuple[Array, Parameters]:
        gradients = {"gamma": (gradient * standard).sum(axis=0), "beta": gradient.sum(axis=0)}
        return pull(gradient * gamma), gradients

    return standard * gamma + beta, pull_all


_ONE = np.array([[3.0, -1.0], [1.0, 5.0]])
"""For the doctests."""


@NORMALIZATIONS.register("none")
@dataclass(frozen=True)
class NoNormalization(Normalization):
    r"""The activation function is given the pre-activations as they are.

    >>> NoNormalization().normalize(_ONE, {})[0].tolist()
    [[3.0, -1.0], [1.0, 5.0]]
    """

    label = "None"
    formula = r"u = z"
    source = "https://keras.io/api/layers/core_layers/dense/"


@NORMALIZATIONS.register("batch")
@dataclass(frozen=True)
class BatchNormalization(Normalization):
    r"""Batch normalisation (Ioffe & Szegedy, 2015): each unit has mean 0 and variance 1 over the batch, as in training.

    u = γ (z - μ)/√(σ² + ε) + β. The layer has no bias of its own: β takes its place.

    >>> unit = {"gamma": np.ones(2), "beta": np.zeros(2)}
    >>> BatchNormalization(epsilon=0.5).normalize(_ONE, unit)[0].round(12).tolist()
    [[0.816496580928, -0.973328526785], [-0.816496580928, 0.973328526785]]
    """

    label = "Batch"
    formula = r"u = \gamma \, \frac{z - \mu_\text{batch}}{\sqrt{\sigma^2_\text{batch} + \varepsilon}} + \beta"
    source = "https://arxiv.org/abs/1502.03167"
    has_bias = False

    epsilon: float = knob(1e-3, 0.0, usual=(1e-8, 1.0), log=True, help="keeps the division finite", symbol="ε")

    def parameters(self, width: int) -> Parameters:
        return {"gamma": np.ones(width), "beta": np.zeros(width)}

    def normalize(self, z: Array, parameters: Parameters) -> tuple[Array, Pullback]:
        standard, pull = _standardize(z, 0, self.epsilon)
        return _scale_and_shift(standard, pull, parameters["gamma"], parameters["beta"])

    def keras_code(self) -> str:
        return f"keras.layers.BatchNormalization(epsilon={self.epsilon!r})"


@NORMALIZATIONS.register("layer")
@dataclass(frozen=True)
class LayerNormalization(Normalization):
    r"""Layer normalisation (Ba et al., 2016): each sample has mean 0 and variance 1 over the units.

    >>> unit = {"gamma": np.ones(2), "beta": np.zeros(2)}
    >>> LayerNormalization(epsilon=0.5).normalize(_ONE, unit)[0].round(12).tolist()
    [[0.942809041582, -0.942809041582], [-0.942809041582, 0.942809041582]]
    """

    label = "Layer"
    formula = r"u = \gamma \, \frac{z - \mu_\text{units}}{\sqrt{\sigma^2_\text{units} + \varepsilon}} + \beta"
    source = "https://arxiv.org/abs/1607.06450"

    epsilon: float = knob(1e-3, 0.0, usual=(1e-8, 1.0), log=True, help="keeps the division finite", symbol="ε")

    def parameters(self, width: int) -> Parameters:
        return {"gamma": np.ones(width), "beta": np.zeros(width)}

    def normalize(self, z: Array, parameters: Parameters) -> tuple[Array, Pullback]:
        standard, pull = _standardize(z, 1, self.epsilon)
        return _scale_and_shift(standard, pull, parameters["gamma"], parameters["beta"])

    def keras_code(self) -> str:
        return f"keras.layers.LayerNormalization(epsilon={self.epsilon!r})"


@NORMALIZATIONS.register("rms")
@dataclass(frozen=True)
class RMSNormalization(Normalization):
    r"""RMS normalisation (Zhang & Sennrich, 2019): each sample has mean square 1 over the units; nothing is centred.

    >>> RMSNormalization(epsilon=3.0).normalize(_ONE, {"gamma": np.ones(2)})[0].round(12).tolist()
    [[1.06066017178, -0.353553390593], [0.25, 1.25]]
    """

    label = "RMS"
    formula = r"u = \gamma \, \frac{z}{\sqrt{\operatorname{mean}_\text{units} z^2 + \varepsilon}}"
    source = "https://arxiv.org/abs/1910.07467"

    epsilon: float = knob(1e-6, 0.0, usual=(1e-8, 1.0), log=True, help="keeps the division finite", symbol="ε")

    def parameters(self, width: int) -> Parameters:
        return {"gamma": np.ones(width)}

    def normalize(self, z: Array, parameters: Parameters) -> tuple[Array, Pullback]:
        standard, pull = _standardize(z, 1, self.epsilon, center=False)
        gamma = parameters["gamma"]
        return standard * gamma, lambda g: (pull(g * gamma), {"gamma": (g * standard).sum(axis=0)})

    def keras_code(self) -> str:
        return f"keras.layers.RMSNormalization(epsilon={self.epsilon!r})"


@NORMALIZATIONS.register("weight")
@dataclass(frozen=True)
class WeightNormalization(Normalization):
    r"""Weight normalisation (Salimans & Kingma, 2016): the weights into a unit have a length g, trained by itself.

    W = g v/√(‖v‖² + ε), with v the kernel that is drawn. The paper sets g from a first batch; here g is ``gain`` first.
    Every length being ``gain``, the initialiser's scale has no effect.

    >>> W, pull = WeightNormalization(epsilon=6.0).kernel({"kernel": _ONE, "g": np.array([2.0, 3.0])})
    >>> W.round(12).tolist()
    [[1.5, -0.53033008589], [0.5, 2.65165042945]]
    """

    label = "Weight"
    formula = r"W_{\cdot j} = g_j \, \frac{v_{\cdot j}}{\sqrt{\lVert v_{\cdot j} \rVert^2 + \varepsilon}}"
    source = "https://arxiv.org/abs/1602.07868"

    gain: float = knob(1.0, 0.0, usual=(0.1, 3.0), help="length of the weights into a unit at the start", symbol="g")
    epsilon: float = knob(1e-12, 0.0, usual=(1e-12, 1.0), log=True, help="keeps the division finite", symbol="ε")

    def parameters(self, width: int) -> Parameters:
        return {"g": np.full(width, self.gain)}

    def kernel(self, parameters: Parameters) -> tuple[Array, Callable[[Array], Parameters]]:
        v, g = parameters["kernel"], parameters["g"]
        shrink = 1.0 / np.sqrt((v * v).sum(axis=0) + self.epsilon)
        direction = v * shrink

        def pull(gradient: Array) -> Parameters:
            along = (gradient * direction).sum(axis=0)
            return {"kernel": (g * shrink) * (gradient - direction * along), "g": along}

        return g * direction, pull

    def keras_dense(self) -> tuple[str, str]:
        return "WeightNormalizedDense", _WEIGHT_NORMALIZED_DENSE.format(gain=self.gain, epsilon=self.epsilon)


_WEIGHT_NORMALIZED_DENSE = '''
class WeightNormalizedDense(keras.layers.Dense):
    """A Dense layer whose weights into a unit have a length of their own (Salimans & Kingma, 2016)."""

    def build(self, input_shape):
        super().build(input_shape)
        self.g = self.add_weight(shape=(self.units,), initializer=keras.initializers.Constant({gain!r}), name="g")

    def call(self, inputs):
        length = keras.ops.sqrt(keras.ops.sum(keras.ops.square(self.kernel), axis=0) + {epsilon!r})
        return keras.ops.matmul(inputs, self.g * self.kernel / length) + self.bias
'''
