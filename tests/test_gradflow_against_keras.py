"""Signal and gradients of the NumPy network are those of the Keras program that is exported for it.

Keras's TensorFlow backend passes Python floats through float32, and the √½ in its GELU too. The hyperparameters here are
numbers that float32 represents exactly, and GELU is built of Keras's erf, so that both sides compute with the same ones.
"""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from gdviz import gradflow
from gdviz.gradflow.network import backward, forward

DIFFERENCE = 1e-8
GELU = {"keras.layers.Activation('gelu')": "keras.layers.Lambda(exact_gelu)"}
HYPERPARAMETERS = {
    "leaky_relu": gradflow.LeakyReLU(negative_slope=0.125),
    "elu": gradflow.ELU(alpha=0.75),
    "scaled": gradflow.Scaled(scale=0.375),
    "weight": gradflow.WeightNormalization(gain=1.25, epsilon=2.0**-30),
    "batch": gradflow.BatchNormalization(epsilon=2.0**-10),
    "layer": gradflow.LayerNormalization(epsilon=2.0**-8),
    "rms": gradflow.RMSNormalization(epsilon=2.0**-9),
}
STRUCTURES = list(itertools.product(gradflow.ACTIVATIONS, gradflow.NORMALIZATIONS, gradflow.RESIDUALS))


@pytest.fixture(autouse=True, scope="module")
def _float64():
    before = keras.config.floatx()
    yield
    keras.config.set_floatx(before)
    keras.backend.clear_session()


def exact_gelu(z):
    return 0.5 * z * (1.0 + keras.ops.erf(z * tf.constant(math.sqrt(0.5), tf.float64)))


def program(text: str) -> dict:
    """What the project's own text defines when it is run, which is the test."""
    for builtin, exact in GELU.items():
        text = text.replace(builtin, exact)
    defined = {"exact_gelu": exact_gelu}
    exec(text, defined)
    return defined


def ours(network: gradflow.Network, x, y, layers):
    """∂L/∂h of every hidden layer, ∂L/∂ of all trainable arrays in order, and the outputs."""
    activities, outputs = forward(network, layers, x)
    gradients = list(backward(network, layers, activities, network.loss.gradient(outputs, y)))[::-1]
    names = [list(layer) for layer in layers]
    by_weights = [g.parameters[name] for g, order in zip(gradients, names, strict=True) for name in order]
    assert [sorted(g.parameters) for g in gradients] == [sorted(order) for order in names]
    return [g.leaving for g in gradients[:-1]], by_weights, outputs


def theirs(model: keras.Model, loss: keras.losses.Loss, x, y, layers):
    arrays = [array for layer in layers for array in layer.values()]
    assert [array.shape for array in arrays] == [tuple(v.shape) for v in model.trainable_variables]
    for variable, value in zip(model.trainable_variables, arrays, strict=True):
        variable.assign(value)
    with tf.GradientTape() as tape:
        *hidden, outputs = model(x, training=True)
        value = loss(y, outputs)
    by_activations, by_weights = tape.gradient(value, [hidden, [v.value for v in model.trainable_variables]])
    return [g.numpy() for g in by_activations], [g.numpy() for g in by_weights], outputs.numpy()


def compare(network: gradflow.Network, model: keras.Model, loss: keras.losses.Loss) -> None:
    x, y, layers = network.sample()
    *mine, my_outputs = ours(network, x, y, layers)
    *keras_, their_outputs = theirs(model, loss, x, y, layers)
    np.testing.assert_allclose(my_outputs, their_outputs, rtol=1e-8, atol=1e-12)
    # Gradients that are exactly 0, but computed as sums that cancel: only rounding is left of them. They occur where all
    # weights of a layer are equal, and where a batch normalisation removes the shift that the one before has added.
    shift_removed = (network.activation.name, network.normalization.name) == ("linear", "batch")
    largest = max(np.linalg.norm(g) for gradients in keras_ for g in gradients)
    rounding = 1e-14 * max(largest, np.linalg.norm(my_outputs))
    if network.initializer.random and not shift_removed:
        rounding = 0.0
    for a, b in zip(itertools.chain(*mine), itertools.chain(*keras_), strict=True):
        assert a.shape == b.shape
        assert np.linalg.norm(a - b) <= DIFFERENCE * np.linalg.norm(b) + rounding


@pytest.mark.parametrize(("activation", "normalization", "residual"), STRUCTURES)
def test_gradients_of_every_combination(activation: str, normalization: str, residual: str) -> None:
    number = STRUCTURES.index((activation, normalization, residual))
    shape = {"depth": 3, "width": 10, "batch_size": 12, "bias_scale": 0.3, "seed": number}
    names = {"activation": activation, "normalization": normalization, "residual": residual}
    structure = {field: HYPERPARAMETERS.get(name, name) for field, name in names.items()}
    text = gradflow.keras_code(gradflow.Network(**structure, **shape)).split("# The data")[0]
    model = program(text)["model"]
    losses = {name: eval(loss().keras_code(), {"keras": keras}) for name, loss in gradflow.LOSSES.items()}
    pairs = list(itertools.product(gradflow.LOSSES, gradflow.INPUTS))
    for i, initializer in enumerate(gradflow.INITIALIZERS):
        loss, inputs = pairs[(number + i) % len(pairs)]
        network = gradflow.Network(**structure, **shape, initializer=initializer, loss=loss, inputs=inputs)
        compare(network, model, losses[loss])
