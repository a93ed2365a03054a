"""Named networks: the classic failures, and their cures of today."""

from dataclasses import dataclass

from gdviz.gradflow.activations import SELU, ReLU, Sigmoid, Tanh
from gdviz.gradflow.initializers import Constant, Glorot, He, LeCun, Normal, Orthogonal, Zeros
from gdviz.gradflow.network import Network
from gdviz.gradflow.normalizations import BatchNormalization, LayerNormalization
from gdviz.gradflow.recurrent import GRU, LSTM, Recurrent, Vanilla
from gdviz.gradflow.residuals import Plain, Scaled


@dataclass(frozen=True)
class Preset:
    """A network to start from."""

    label: str
    lesson: str
    """Its lesson, in one sentence."""
    trend: str
    """The gradient from the last layer to the first: vanishing, steady, exploding, or zero throughout."""
    network: Network


PRESETS: dict[str, Preset] = {
    "sigmoid_normal": Preset(
        "Sigmoid, 20 layers, normal(0, 1)",
        "Weights this large saturate many units and kill some; the gradient survives only because it is multiplied by "
        "the same large weights. At width 10 it vanishes.",
        "steady",
        Network(depth=20, activation=Sigmoid(), initializer=Normal(1.0)),
    ),
    "sigmoid_glorot": Preset(
        "Sigmoid, 20 layers, Glorot",
        "Weights that keep a linear network in balance leave sigmoid's slope, at most 1/4, to act at every layer.",
        "vanishing",
        Network(depth=20, activation=Sigmoid(), initializer=Glorot()),
    ),
    "sigmoid_batch": Preset(
        "Sigmoid, 20 layers, Glorot, batch normalisation",
        "Normalisation undoes what a layer does to the size of the signal, and so to the gradient.",
        "steady",
        Network(depth=20, activation=Sigmoid(), initializer=Glorot(), normalization=BatchNormalization()),
    ),
    "sigmoid_residual": Preset(
        "Sigmoid, 20 layers, Glorot, residual",
        "The gradient goes around the layers that would swallow it.",
        "steady",
        Network(depth=20, activation=Sigmoid(), initializer=Glorot(), residual=Plain()),
    ),
    "tanh_small": Preset(
        "tanh, 20 layers, normal(0, 0.01)",
        "Small random numbers were the usual advice: every layer shrinks the signal and the gradient to a tenth.",
        "vanishing",
        Network(depth=20, activation=Tanh(), initializer=Normal(0.01)),
    ),
    "tanh_large": Preset(
        "tanh, 20 layers, normal(0, 1)",
        "Chaos: activations are saturated, and still the gradient explodes, by the size of the weights.",
        "exploding",
        Network(depth=20, activation=Tanh(), initializer=Normal(1.0)),
    ),
    "tanh_orthogonal": Preset(
        "tanh, 50 layers, orthogonal",
        "On the edge of chaos, with every singular value at 1.",
        "steady",
        Network(depth=50, activation=Tanh(), initializer=Orthogonal()),
    ),
    "relu_glorot": Preset(
        "ReLU, 30 layers, Glorot",
        "Glorot's initialiser does not know that ReLU passes half of the signal.",
        "vanishing",
        Network(depth=30, activation=ReLU(), initializer=Glorot()),
    ),
    "relu_large": Preset(
        "ReLU, 30 layers, normal(0, 1)",
        "Nothing bounds ReLU: signal and gradient grow sevenfold at every layer.",
        "exploding",
        Network(depth=30, activation=ReLU(), initializer=Normal(1.0)),
    ),
    "relu_he": Preset(
        "ReLU, 30 layers, He",
        "Twice the variance, and signal and gradient keep their size.",
        "steady",
        Network(depth=30, activation=ReLU(), initializer=He()),
    ),
    "relu_batch_50": Preset(
        "ReLU, 50 layers, He, batch normalisation",
        "Batch normalisation alone makes the gradient of a deep ReLU network explode (Yang et al., 2019).",
        "exploding",
        Network(depth=50, activation=ReLU(), initializer=He(), normalization=BatchNormalization()),
    ),
    "relu_residual": Preset(
        "ReLU, 50 layers, He, residual",
        "A plain residual network without normalisation doubles the signal's square at every layer, and more.",
        "exploding",
        Network(depth=50, activation=ReLU(), initializer=He(), residual=Plain()),
    ),
    "relu_residual_scaled": Preset(
        "ReLU, 50 layers, He, residual x 1/√50",
        "Branches scaled by 1/√depth keep the whole network's growth bounded.",
        "steady",
        Network(depth=50, activation=ReLU(), initializer=He(), residual=Scaled(50**-0.5)),
    ),
    "relu_modern": Preset(
        "ReLU, 100 layers, He, layer normalisation, residual",
        "What today's networks do: normalise every branch, and go around it.",
        "steady",
        Network(depth=100, activation=ReLU(), initializer=He(), normalization=LayerNormalization(), residual=Plain()),
    ),
    "selu_lecun": Preset(
        "SELU, 50 layers, LeCun",
        "An activation that normalises by itself.",
        "steady",
        Network(depth=50, activation=SELU(), initializer=LeCun()),
    ),
    "all_zero": Preset(
        "ReLU, 20 layers, all zero",
        "No signal, no gradient: only the last bias can learn.",
        "zero",
        Network(depth=20, activation=ReLU(), initializer=Zeros()),
    ),
    "all_equal": Preset(
        "tanh, 5 layers, all weights 0.01",
        "The units of a layer are copies of one another, and stay so.",
        "steady",
        Network(depth=5, activation=Tanh(), initializer=Constant(0.01)),
    ),
}

RECURRENT_PRESETS: dict[str, Recurrent] = {
    "vanilla_vanishing": Recurrent(cell=Vanilla(), spectral_radius=0.5),
    "vanilla_orthogonal": Recurrent(cell=Vanilla(), input_scale=0.1),
    "vanilla_exploding": Recurrent(cell=Vanilla("linear"), spectral_radius=1.2),
    "lstm_no_forget_bias": Recurrent(cell=LSTM(forget_bias=0.0)),
    "lstm": Recurrent(cell=LSTM()),
    "lstm_open": Recurrent(cell=LSTM(forget_bias=4.0)),
    "gru": Recurrent(cell=GRU()),
}
"""Recurrent networks to start from: those that forget, the one that explodes, and the gates that remember."""
