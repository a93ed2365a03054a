"""A deep fully connected network: its configuration, its forward pass, and its backward pass by hand.

For l = 1 … depth, with h_0 the input:

    z_l = h_{l-1} W_l + b_l,   u_l = normalised z_l,   a_l = φ(u_l),   h_l = carry · h_{l-1} + scale · a_l

and a linear readout, o = h_depth W + b, into the loss.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gdviz.catalogue import Setup, knob, one_of
from gdviz.catalogue.pauses import between_steps
from gdviz.gradflow.activations import ACTIVATIONS, Activation
from gdviz.gradflow.initializers import INITIALIZERS, Initializer
from gdviz.gradflow.inputs import CLASSES, INPUTS, Inputs
from gdviz.gradflow.losses import LOSSES, Loss
from gdviz.gradflow.normalizations import NORMALIZATIONS, Normalization, Parameters, Pullback
from gdviz.gradflow.residuals import RESIDUALS, Residual

Array = NDArray[np.float64]

MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Network(Setup):
    """Everything that determines a network and its data: the same Network gives the same numbers on any machine.

    Raises:
        ValueError: A value is not allowed; names the field, the value and what is allowed.

    >>> Network(depth=3, activation="relu").changes(), Network(activation="relu").activation
    ({'depth': 3}, ReLU())
    """

    label = "Network"
    noun = "a network"

    depth: int = knob(20, 1, 200, help="number of hidden layers")
    width: int = knob(100, 2, 1024, log=True, help="units in each hidden layer")
    activation: Activation = one_of(ACTIVATIONS, "tanh", label="Activation")
    initializer: Initializer = one_of(INITIALIZERS, "glorot", label="Initialiser")
    weight_scale: float = knob(1.0, 0.0, usual=(0.1, 10.0), log=True, help="what every initial weight is multiplied by")
    bias_scale: float = knob(0.0, 0.0, usual=(0.0, 3.0), help="standard deviation of the initial biases", symbol="σ_b")
    normalization: Normalization = one_of(NORMALIZATIONS, "none", label="Normalisation")
    residual: Residual = one_of(RESIDUALS, "none", label="Residual connections")
    inputs: Inputs = one_of(INPUTS, "gaussian", label="Input")
    loss: Loss = one_of(LOSSES, "cross_entropy", label="Loss")
    batch_size: int = knob(128, 2, 1024, log=True, help="samples in the batch")
    seeds: int = knob(1, 1, 100, help="number of networks that are drawn, with seeds seed, seed + 1, ...")
    seed: int = knob(0, 0, MOST_SEED - 100, step=1, help="determines the data and the weights")

    def shapes(self) -> list[dict[str, tuple[int, ...]]]:
        """The shapes of the trainable arrays of each hidden layer, and of the readout, which comes last."""
        extra = {name: array.shape for name, array in self.normalization.parameters(self.width).items()}
        layers: list[dict[str, tuple[int, ...]]] = []
        for fan_in in [self.inputs.size] + [self.width] * (self.depth - 1):
            bias = {"bias": (self.width,)} if self.normalization.has_bias else {}
            layers.append({"kernel": (fan_in, self.width), **bias, **extra})
        return [*layers, {"kernel": (self.width, CLASSES), "bias": (CLASSES,)}]

    def sample(self, seed: int | None = None) -> tuple[Array, Array, list[Parameters]]:
        """A batch, its targets, and initial parameters by layer and name, drawn with ``seed`` or the network's own."""
        x, targets = self.data(self.batch_size, seed)
        return x, targets, self.draw(seed)[1]

    def data(self, samples: int, seed: int | None = None) -> tuple[Array, Array]:
        """Samples and their one-hot targets."""
        return self.inputs.draw(self.generator(0, seed), samples)

    def generator(self, purpose: int, seed: int | None = None) -> Generator:
        """Random numbers of their own for each purpose: 0 the data, 1 the weights, 2 the order of the batches."""
        return np.random.default_rng([self.seed if seed is None else seed, purpose])

    def draw(self, seed: int | None = None) -> tuple[Array, list[Parameters]]:
        """Initial parameters: one flat vector, and by layer and name, as views into it."""
        rng = self.generator(1, seed)
        shapes = self.shapes()
        theta = np.zeros(count(shapes))
        layers = unflatten(theta, shapes)
        for layer in layers:
            between_steps.get()()
            kernel = layer["kernel"]
            np.multiply(self.weight_scale, self.initializer.draw(rng, *kernel.shape), out=kernel)
            if self.bias_scale and "bias" in layer:
                layer["bias"][:] = self.bias_scale * rng.standard_normal(len(layer["bias"]))
        for layer in layers[:-1]:
            for name, start in self.normalization.parameters(self.width).items():
                layer[name][:] = start
        return theta, layers


def count(shapes: list[dict[str, tuple[int, ...]]]) -> int:
    """The number of trainable numbers."""
    return sum(int(np.prod(shape)) for layer in shapes for shape in layer.values())


def unflatten(theta: Array, shapes: list[dict[str, tuple[int, ...]]]) -> list[Parameters]:
    """Views into a flat vector, by layer and name."""
    layers: list[Parameters] = []
    start = 0
    for layer in shapes:
        views = {}
        for name, shape in layer.items():
            end = start + int(np.prod(shape))
            views[name] = theta[start:end].reshape(shape)
            start = end
        layers.append(views)
    return layers


class Activity(NamedTuple):
    """The record of the forward pass in one hidden layer; arrays are (batch, width)."""

    entering: Array
    """h_{l-1}, shape (batch, fan_in)."""
    kernel: Array
    """W_l as it multiplies, that is, normalised."""
    u: Array
    """The argument of the activation function."""
    a: Array
    """φ(u_l)."""
    leaving: Array
    """h_l."""
    carry: float
    """The share of ``entering`` that is in ``leaving``."""
    pull_kernel: Callable[[Array], Parameters]
    pull_normalize: Pullback


class LayerGradient(NamedTuple):
    """The gradients that the backward pass computes at one layer."""

    layer: int
    """1 to depth for the hidden layers; depth + 1 for the readout."""
    leaving: Array
    """∂L/∂h_l; at the readout ∂L/∂o."""
    slope: Array | None
    """φ'(u_l); None at the readout."""
    parameters: Parameters
    """∂L/∂ of the layer's parameters, by name."""


def forward(network: Network, layers: list[Parameters], x: Array) -> tuple[list[Activity], Array]:
    """The forward pass.

    Args:
        layers: Parameters of the hidden layers and of the readout.
        x: Inputs, shape (batch, inputs.size).

    Returns:
        The record of each hidden layer, and the outputs, shape (batch, CLASSES).
    """
    normalization, activation, residual = network.normalization, network.activation, network.residual
    h = x
    activities = []
    # One block for all layers: the memory of many small arrays would be given back and asked for again in every pass.
    pre_activations = np.empty((network.depth, len(x), network.width))
    for number, parameters in enumerate(layers[:-1], start=1):
        between_steps.get()()
        kernel, pull_kernel = normalization.kernel(parameters)
        z = np.matmul(h, kernel, out=pre_activations[number - 1])
        if "bias" in parameters:
            z += parameters["bias"]
        u, pull_normalize = normalization.normalize(z, parameters)
        a = activation.f(u)
        carry = residual.carry if number > 1 else 0.0
        branch = residual.branch if number > 1 else 1.0
        leaving = a if branch == 1.0 else branch * a
        if carry:
            leaving = h + leaving
        activities.append(Activity(h, kernel, u, a, leaving, carry, pull_kernel, pull_normalize))
        h = leaving
    readout = layers[-1]
    return activities, h @ readout["kernel"] + readout["bias"]


def backward(
    network: Network, layers: list[Parameters], activities: list[Activity], output_gradient: Array
) -> Iterator[LayerGradient]:
    """The backward pass, from the readout down to the first layer.

    Each layer's gradients are yielded at once, so that no more than one layer's need to be kept.

    Args:
        output_gradient: ∂L/∂o, shape (batch, CLASSES).
    """
    readout = layers[-1]
    parameters = {"kernel": activities[-1].leaving.T @ output_gradient, "bias": output_gradient.sum(axis=0)}
    yield LayerGradient(len(layers), output_gradient, None, parameters)
    g = output_gradient @ readout["kernel"].T
    for number in range(len(activities), 0, -1):
        between_steps.get()()
        activity = activities[number - 1]
        branch = network.residual.branch if number > 1 else 1.0
        slope = network.activation.df(activity.u, activity.a)
        g_u = g * slope
        if branch != 1.0:
            g_u *= branch
        g_z, parameters = activity.pull_normalize(g_u)
        parameters |= activity.pull_kernel(activity.entering.T @ g_z)
        if "bias" in layers[number - 1]:
            parameters["bias"] = g_z.sum(axis=0)
        yield LayerGradient(number, g, slope, parameters)
        if number > 1:
            below = g_z @ activity.kernel.T
            g = g + below if activity.carry else below
