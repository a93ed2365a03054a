"""The code that reproduces a network: with gdviz, and with Keras. Only text is made here; Keras is not imported."""

from gdviz.catalogue import Entry
from gdviz.gradflow.cliff import CliffRuns
from gdviz.gradflow.dynamics import Training
from gdviz.gradflow.inputs import CLASSES
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import Recurrent
from gdviz.schedules import Constant


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
    return _model(network) + _PROGRAM.format()


def _model(network: Network) -> str:
    """The lines that build the model and give it the weights."""
    return _MODEL.format(
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


_MODEL = '''import keras
import tensorflow as tf

from gdviz import gradflow

keras.config.set_floatx("float64")  # for losses
keras.config.set_dtype_policy("float64")  # for layers

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
'''

_PROGRAM = """
with tf.GradientTape() as tape:
    *hidden, outputs = model(x, training=True)
    value = loss(y, outputs)
by_activations, by_weights = tape.gradient(value, [hidden, model.trainable_variables])
for layer, gradient in enumerate(by_activations, start=1):
    print(f"layer {{layer}}: |dL/dh| = {{tf.norm(gradient).numpy():.6g}}")
"""


def training_python_code(setup: Training) -> str:
    """The gdviz call that trains this network.

    >>> print(training_python_code(Training(Network(depth=3), "adam", clip="clipnorm", steps=20)))
    import gdviz
    from gdviz import gradflow
    <BLANKLINE>
    network = gradflow.Network(depth=3)
    training = gradflow.Training(
        network, optimizer=gdviz.OPTIMIZERS["adam"](), clip=gdviz.CLIPPERS["clipnorm"](), steps=20
    )
    run = gradflow.train(training)
    <BLANKLINE>
    """
    return (
        f"import gdviz\nfrom gdviz import gradflow\n\nnetwork = gradflow.Network({_arguments(setup.network)})\n"
        f"training = gradflow.Training(\n    network, {_training_arguments(setup)}\n)\nrun = gradflow.train(training)\n"
    )


def _training_arguments(setup: Training) -> str:
    """The optimizer, and the other settings that differ from the defaults."""
    scheduled = setup.schedule != Constant(setup.optimizer.learning_rate)
    parts = {
        "optimizer": _made("OPTIMIZERS", setup.optimizer),
        "schedule": _made("SCHEDULES", setup.schedule) if scheduled else None,
        "clip": setup.clip and _made("CLIPPERS", setup.clip),
        **{name: repr(value) for name, value in setup.changes().items()},
    }
    return ", ".join(f"{name}={text}" for name, text in parts.items() if text)


def _made(catalogue: str, entry: Entry) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in entry.changes().items())
    return f'gdviz.{catalogue}["{entry.name}"]({values})'


def training_keras_code(setup: Training) -> str:
    """A Keras program that trains this network from the very same weights on the very same batches.

    Raises:
        ValueError: Keras has no such optimizer.
    """
    optimizer = setup.optimizer.keras_code(setup.schedule.keras_code())
    if optimizer is None:
        raise ValueError(f"optimizer must be one that Keras has; got {setup.optimizer.name!r}")
    clip = f", {setup.clip.keras_code()}" if setup.clip else ""
    cut = ""
    if setup.weight_clip is not None:
        cut = (
            "    for variable in model.trainable_variables:\n"
            f"        variable.assign(keras.ops.clip(variable, -{setup.weight_clip!r}, {setup.weight_clip!r}))\n"
        )
    program = _TRAINING_PROGRAM.format(
        arguments=_training_arguments(setup), optimizer=f"{optimizer[:-1]}{clip})", cut=cut
    )
    return f"import gdviz\n{_model(setup.network)}{program}"


_TRAINING_PROGRAM = """
training = gradflow.Training(network, {arguments})
x, y = network.data(training.samples)
optimizer = {optimizer}
optimizer.build(model.trainable_variables)

for step, rows in enumerate(gradflow.batches(training), start=1):
    with tf.GradientTape() as tape:
        *hidden, outputs = model(x[rows], training=True)
        value = loss(y[rows], outputs)
    optimizer.apply(tape.gradient(value, model.trainable_variables))
{cut}    print(f"step {{step}}: loss {{float(value):.6g}}")
"""


def recurrent_python_code(setup: Recurrent) -> str:
    """The gdviz call that measures this recurrent network.

    >>> print(recurrent_python_code(Recurrent(cell="lstm", steps=30)))
    from gdviz import gradflow
    <BLANKLINE>
    flow = gradflow.through_time(gradflow.Recurrent(cell='lstm', steps=30))
    <BLANKLINE>
    """
    network = f"gradflow.Recurrent({_recurrent_arguments(setup)})"
    return f"from gdviz import gradflow\n\nflow = gradflow.through_time({network})\n"


def cliff_python_code(runs: CliffRuns) -> str:
    """The gdviz calls that run down the cliff, without and with clipping."""
    optimizer, clip = _made("OPTIMIZERS", runs.optimizer), _made("CLIPPERS", runs.clip)
    changes = "".join(f", {name}={value!r}" for name, value in runs.changes().items())
    return (
        "import gdviz\nfrom gdviz import gradflow\n\n"
        f"runs = gradflow.CliffRuns(optimizer={optimizer}, clip={clip}{changes}).run()\n"
        "gdviz.charts.descent(list(runs.values()), names=list(runs))\n"
    )


def _recurrent_arguments(setup: Recurrent) -> str:
    given = {"cell": _entry(setup.cell), **{name: repr(value) for name, value in setup.changes().items()}}
    return ", ".join(f"{name}={value}" for name, value in given.items())


def recurrent_code(setup: Recurrent) -> str:
    """A Keras program that builds this network, gives it the very same weights and takes the same gradients."""
    cell = setup.cell
    return _RECURRENT_PROGRAM.format(
        layer=cell.keras_class,
        units=setup.units,
        more=cell.keras_arguments(),
        arguments=_recurrent_arguments(setup),
    )


_RECURRENT_PROGRAM = """import keras
import tensorflow as tf

from gdviz import gradflow

keras.config.set_floatx("float64")  # for losses
keras.config.set_dtype_policy("float64")  # for layers

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
