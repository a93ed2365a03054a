"""The code that reproduces a network: with gdviz, and with Keras. Only text is made here; Keras is not imported."""

from gdviz.catalogue import Entry
from gdviz.gradflow.inputs import CLASSES
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import Recurrent


def python_code(network: Network) -> str:
    """The gdviz call that measures this network.

    >>> print(python_code(Network(depth=30, activation="relu", initializer="he")))
    from gdviz import gradflow
    <BLANKLINE>
    flow = gradflow.propagate(depth=30, activation='relu', initializer='he')
    <BLANKLINE>
    """
    return f"from gdviz import gradflow\n\nflow = gradflow.propagate({_arguments(network)})\n"


def _arguments(network: Network) -> str:
    """The arguments that differ from the defaults."""
    parts = {name: getattr(network, name) for name in network.parts()}
    default = Network()
    changed = {name: _entry(part) for name, part in parts.items() if part != getattr(default, name)}
    given = {**{name: repr(value) for name, value in network.changes().items()}, **changed}
    ordered = [name for name in network.__dataclass_fields__ if name in given]
    return ", ".join(f"{name}={given[name]}" for name in ordered)


def _entry(entry: Entry) -> str:
    """An entry's name, or the call that makes it where a hyperparameter is not its default."""
    if not entry.changes():
        return repr(entry.name)
    values = ", ".join(f"{name}={value!r}" for name, value in entry.changes().items())
    return f"gradflow.{type(entry).__name__}({values})"


def keras_code(network: Network) -> str:
    """A Keras program that builds this network, gives it the very same weights and takes the same gradients.

    ``build_model()`` alone, with Keras's own random numbers, draws another network of the same distribution.
    """
    return _PROGRAM.format(
        dense_class=network.normalization.keras_dense()[1] and f"{network.normalization.keras_dense()[1]}\n",
        inputs=network.inputs.size,
        hidden=_indented(_hidden_layer(network), 8),
        depth=network.depth,
        classes=CLASSES,
        kernel_initializer=network.initializer.keras_code(network.weight_scale),
        bias_initializer=_bias_initializer(network),
        loss=network.loss.keras_code(),
        arguments=_arguments(network),
    )


def _hidden_layer(network: Network) -> list[str]:
    dense, _ = network.normalization.keras_dense()
    bias = f"bias_initializer={_bias_initializer(network)}" if network.normalization.has_bias else "use_bias=False"
    lines = [
        f"z = {dense}(",
        f"    {network.width},",
        f"    kernel_initializer={network.initializer.keras_code(network.weight_scale)},",
        f"    {bias},",
        ")(h)",
    ]
    between = network.normalization.keras_code()
    if between:
        lines.append(f"z = {between}(z)")
    lines.append(f"a = {network.activation.keras_code()}(z)")
    if not network.residual.carry:
        return [*lines, *network.residual.keras_code()]
    beside = ["    " + line for line in network.residual.keras_code()]
    return [*lines, "if layer == 1:", "    h = a", "else:", *beside]


def _bias_initializer(network: Network) -> str:
    if network.bias_scale:
        return f"keras.initializers.RandomNormal(stddev={network.bias_scale!r})"
    return "keras.initializers.Zeros()"


def _indented(lines: list[str], by: int) -> str:
    return "\n".join(" " * by + line for line in lines)


_PROGRAM = '''import keras
import tensorflow as tf

from gdviz import gradflow

keras.config.set_floatx("float64")

{dense_class}
def build_model():
    """Return a model that gives the activations of every hidden layer, and the outputs."""
    inputs = keras.Input(({inputs},))
    h = inputs
    hidden = []
    for layer in range(1, {depth} + 1):
{hidden}
        hidden.append(h)
    outputs = keras.layers.Dense(
        {classes},
        kernel_initializer={kernel_initializer},
        bias_initializer={bias_initializer},
    )(h)
    return keras.Model(inputs, [*hidden, outputs])


model = build_model()
loss = {loss}

# The data and the weights that gdviz drew; without these lines Keras draws its own.
network = gradflow.Network({arguments})
x, y, layers = network.sample()
for variable, value in zip(model.trainable_variables, [array for layer in layers for array in layer.values()]):
    variable.assign(value)

with tf.GradientTape() as tape:
    *hidden, outputs = model(x, training=True)
    value = loss(y, outputs)
by_activations, by_weights = tape.gradient(value, [hidden, model.trainable_variables])
for layer, gradient in enumerate(by_activations, start=1):
    print(f"layer {{layer}}: |dL/dh| = {{tf.norm(gradient).numpy():.6g}}")
'''


def recurrent_code(setup: Recurrent) -> str:
    """A Keras program that builds this network, gives it the very same weights and takes the same gradients."""
    cell = setup.cell
    given = {"cell": _entry(cell), **{name: repr(value) for name, value in setup.changes().items()}}
    return _RECURRENT_PROGRAM.format(
        layer=cell.keras_class,
        units=setup.units,
        more=cell.keras_arguments(),
        arguments=", ".join(f"{name}={value}" for name, value in given.items()),
    )


_RECURRENT_PROGRAM = """import keras
import tensorflow as tf

from gdviz import gradflow

keras.config.set_floatx("float64")

# The data and the weights that gdviz drew.
x, y, parameters = gradflow.Recurrent({arguments}).sample()

layer = keras.layers.{layer}({units}{more})
layer.build(x.shape)
layer.set_weights(list(parameters.values()))

x = tf.constant(x)
with tf.GradientTape() as tape:
    tape.watch(x)
    value = keras.ops.mean((layer(x) - y) ** 2)
by_inputs, by_weights = tape.gradient(value, [x, layer.trainable_variables])
for step, gradient in enumerate(tf.unstack(by_inputs, axis=1), start=1):
    print(f"step {{step}}: |dL/dx| = {{tf.norm(gradient).numpy():.6g}}")
"""
