"""Signal and gradients of the NumPy network are those of the Keras program that is exported for it.

Keras's TensorFlow backend passes Python floats through float32, and the √½ in its GELU too. The hyperparameters here
are numbers that float32 represents exactly, and GELU is built of Keras's erf: both sides compute with the same ones.
"""

import itertools
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

import gdviz
from gdviz import gradflow
from gdviz.gradflow.network import backward, forward
from gdviz.gradflow.recurrent import backward_through_time, forward_through_time

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
    # The worst that a notebook can bring along: Keras keeps the policy of the first layer that was made.
    keras.config.set_dtype_policy("float32")
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
    # Gradients that are exactly 0, but computed as sums that cancel: only rounding is left. They occur where all
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


@pytest.mark.parametrize("name", gradflow.PRESETS)
def test_the_exported_program_of_a_preset_gives_its_gradients(name: str) -> None:
    network = replace(gradflow.PRESETS[name].network, width=24, batch_size=16, inputs=gradflow.Digits())
    network = replace(network, **rounded(network))
    defined = program(gradflow.keras_code(network))
    flow = gradflow.measure(network)
    theirs_norms = [np.linalg.norm(g) for g in defined["by_activations"]]
    if not network.initializer.random:
        np.testing.assert_allclose(flow.activation_gradient[0], theirs_norms, rtol=1e-8, atol=1e-16)
        return
    # Rounding grows as the signal does in chaotic networks: by 1e3 at most in these.
    np.testing.assert_allclose(flow.activation_gradient[0], theirs_norms, rtol=1e-8)
    kernels = [g for g in defined["by_weights"] if len(g.shape) == 2]
    np.testing.assert_allclose(flow.weight_gradient[0], [np.linalg.norm(g) for g in kernels[:-1]], rtol=1e-8)
    assert flow.loss[0] == pytest.approx(float(defined["value"]), rel=1e-10)


def rounded(entry) -> dict[str, object]:
    """A network's entries with hyperparameters that float32 represents."""
    return {
        name: type(part)(**{k: float(np.float32(v)) if type(v) is float else v for k, v in part.values().items()})
        for name in entry.parts()
        for part in [getattr(entry, name)]
    }


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("name", gradflow.INITIALIZERS)
def test_weights_are_distributed_as_keras_draws_them(name: str, distribution: str) -> None:
    entry = gradflow.INITIALIZERS[name]
    has_choice = any(knob.name == "distribution" for knob in entry.knobs())
    initializer = entry(distribution=distribution) if has_choice else entry()
    shape = (300, 200)
    mine = 1.5 * initializer.draw(np.random.default_rng(3), *shape)
    keras_ = eval(initializer.keras_code(1.5), {"keras": keras})(shape, dtype="float64")
    keras_ = keras.ops.convert_to_numpy(keras_)
    scale = max(np.abs(keras_).max(), 1e-12)
    assert mine.std() == pytest.approx(keras_.std(), rel=0.02, abs=1e-9)
    assert mine.var() == pytest.approx(1.5**2 * initializer.variance(*shape), rel=0.02, abs=1e-12)
    quantiles = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(np.quantile(mine, quantiles) / scale, np.quantile(keras_, quantiles) / scale, atol=0.02)
    if name not in ("normal", "orthogonal"):  # the bounded ones have the same bounds
        assert np.abs(mine).max() == pytest.approx(np.abs(keras_).max(), rel=1e-3)


RECURRENT = {
    "vanilla": gradflow.Recurrent(gradflow.Vanilla(), spectral_radius=0.75),
    "vanilla_relu": gradflow.Recurrent(gradflow.Vanilla("relu"), recurrent_initializer="normal"),
    "vanilla_exploding": gradflow.Recurrent(gradflow.Vanilla("linear"), spectral_radius=1.25),
    "lstm": gradflow.Recurrent(gradflow.LSTM(forget_bias=1.5)),
    "gru": gradflow.Recurrent(gradflow.GRU(update_bias=0.5), spectral_radius=1.5),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_gradients_through_time(name: str) -> None:
    setup = replace(RECURRENT[name], units=6, steps=20, batch_size=5, features=3)
    defined = program(gradflow.recurrent_code(setup))
    flow = gradflow.through_time(setup)
    by_inputs = np.linalg.norm(defined["by_inputs"].numpy(), axis=(0, 2))
    np.testing.assert_allclose(flow.input_gradient[0], by_inputs, rtol=1e-8)
    assert flow.loss[0] == pytest.approx(float(defined["value"]), rel=1e-10)

    x, y, parameters = setup.sample()
    states, backs = forward_through_time(setup.cell, x, parameters)
    shares = backward_through_time(x, parameters, states, backs, 2 * (states[-1][0] - y) / y.size)
    for i, parameter in enumerate(parameters):
        total = sum(share[parameter] for _, _, share in shares)
        np.testing.assert_allclose(total, defined["by_weights"][i].numpy(), rtol=1e-8, atol=1e-8 * np.abs(total).max())


@pytest.mark.parametrize("name", RECURRENT)
def test_gradients_by_the_state_of_every_step(name: str) -> None:
    setup = replace(RECURRENT[name], units=6, steps=15, batch_size=5, features=3)
    program(gradflow.recurrent_code(setup))
    x, y, parameters = setup.sample()
    cell_class = getattr(keras.layers, f"{setup.cell.keras_class}Cell")
    cell = eval(f"make({setup.units}{setup.cell.keras_arguments()})", {"make": cell_class})
    cell.build((5, 3))
    for variable, value in zip(cell.trainable_variables, parameters.values(), strict=True):
        variable.assign(value)
    state = [tf.zeros((5, 6), tf.float64) for _ in setup.cell.state_names]
    handed_on = []
    with tf.GradientTape() as tape:
        for t in range(setup.steps):
            output, new = cell(x[:, t], state)
            # Copies: an LSTM's c is handed on to the next step and also shown in h, which is another path.
            state = [tf.identity(array) for array in [output, *list(new)[1:]]]
            handed_on.append(state)
        loss = keras.ops.mean((state[0] - y) ** 2)
    gradients = tape.gradient(loss, handed_on)
    flow = gradflow.through_time(setup)
    for i, state_name in enumerate(setup.cell.state_names):
        norms = [0.0 if step[i] is None else np.linalg.norm(step[i]) for step in gradients]
        np.testing.assert_allclose(flow.gradient[state_name][0], norms, rtol=1e-8)


@pytest.mark.parametrize("clip", [None, *gdviz.CLIPPERS])
@pytest.mark.parametrize(
    "name", [name for name, rule in gdviz.OPTIMIZERS.items() if rule.keras_class and rule.elementwise]
)
def test_training_takes_the_steps_of_keras(name: str, clip: str | None) -> None:
    """The gradients are NumPy's, compared above; here the optimizer and the clipping of every tensor are Keras's.

    Rules that look at a whole tensor are left out: Keras shows them its shape, gdviz a vector.
    """
    entry = gdviz.OPTIMIZERS[name]
    rule = entry(**{k: float(np.float32(v)) if type(v) is float else v for k, v in entry().values().items()})
    rule = replace(rule, learning_rate=2.0**-6)
    clipper = gdviz.CLIPPERS[clip](2.0**-6) if clip else None
    network = gradflow.Network(depth=2, width=8, batch_size=32, inputs="digits", normalization="layer", bias_scale=0.5)
    training = gradflow.Training(network, rule, clip=clipper, steps=10, samples=32)
    run = gradflow.train(training)
    assert run.clipped.any() == bool(clip)

    code = rule.keras_code()
    optimizer = eval(f"{code[:-1]}, {clipper.keras_code()})" if clipper else code, {"keras": keras})
    layers = network.draw()[1]
    x, y = network.data(32)
    variables = [keras.Variable(array, dtype="float64") for layer in layers for array in layer.values()]
    losses = []
    for _ in range(run.steps):
        arrays = iter(variables)
        now = [{key: next(arrays).numpy() for key in layer} for layer in layers]
        _, gradients, outputs = ours(network, x, y, now)
        losses.append(network.loss.value(outputs, y))
        optimizer.apply([tf.constant(gradient) for gradient in gradients], variables)
    # Keras holds Nadam's constant 0.96 in float32, which is 1e-8 off.
    np.testing.assert_allclose(run.loss, losses, rtol=1e-7 if name == "nadam" else 1e-9)


def test_the_exported_program_of_a_training_takes_its_steps() -> None:
    network = gradflow.Network(depth=3, width=8, batch_size=8, inputs=gradflow.Digits())
    training = gradflow.Training(network, "adam", "cosine_decay", "global_clipnorm", weight_clip=0.375, steps=4)
    defined = program(gradflow.training_keras_code(training))
    run = gradflow.train(training)
    assert defined["training"] == training
    assert float(defined["value"]) == pytest.approx(run.loss[-1], rel=1e-6)
    assert float(defined["value"]) != pytest.approx(run.loss[0], rel=1e-3)


def test_the_exported_calls_make_the_same_setups() -> None:
    network = gradflow.Network(depth=2, width=8, batch_size=8)
    training = gradflow.Training(network, "momentum", clip="clipvalue", steps=2, samples=8)
    recurrent = gradflow.Recurrent(gradflow.LSTM(forget_bias=2.0), spectral_radius=0.5, steps=4, units=4)
    cliff = gradflow.CliffRuns(start_w=5.0, steps=3, optimizer="adam", clip="clipvalue")
    made: dict[str, object] = {}
    for code in (gradflow.training_python_code(training), gradflow.recurrent_python_code(recurrent)):
        exec(code, made)
    assert made["run"].setup == training
    assert made["flow"].setup == recurrent
    exec(gradflow.cliff_python_code(cliff), made)
    for name, run in cliff.run().items():
        np.testing.assert_array_equal(made["runs"][name].theta, run.theta)
