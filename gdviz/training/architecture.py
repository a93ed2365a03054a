"""The layers of a model as calls of Keras: one description, from which the model and the exported script are made."""

from dataclasses import dataclass
from typing import Any

from gdviz.training.calls import Call
from gdviz.training.parts import ConvNet, DenseLayer, initializer
from gdviz.training.setup import TrainingSetup


@dataclass(frozen=True)
class Block:
    """Layers one after the other, around which a residual connection may lead."""

    calls: tuple[Call, ...]
    residual: bool = False
    activated: str | None = None
    """The name of the layer whose output is the activation to be measured."""


def blocks(setup: TrainingSetup, outputs: int) -> list[Block]:
    """The blocks of a model from the first layer after the input to the output.

    Every initialiser and every dropout layer has a seed of its own, made from the setup's: no global state is used.

    Args:
        setup: The training.
        outputs: The number of outputs.
    """
    built = _convolutions(setup.convolution, _seed(setup, 100)) if setup.convolution else []
    built += [_dense(layer, n, _seed(setup, n)) for n, layer in enumerate(setup.layers, start=1)]
    activation = {"classes": "softmax", "binary": "sigmoid", "regression": "linear"}[setup.data.task]
    last = setup.output
    arguments = {
        "activation": activation,
        "kernel_initializer": initializer(last.kernel_initializer, last.stddev, _seed(setup, 0)),
        **_penalty(last.l1, last.l2),
        "name": "output",
    }
    return [*built, Block((Call("layers.Dense", {"units": outputs, **arguments}),))]


def parameters(setup: TrainingSetup, inputs: int, outputs: int) -> dict[str, int]:
    """The trainable numbers of each layer that has some, by its name, in their order.

    >>> parameters(TrainingSetup(), 64, 10)
    {'dense_1': 4160, 'output': 650}
    """
    height, width, before = (setup.convolution and setup.data.image) or (1, 1, inputs)
    found = {}
    for call in (call for block in blocks(setup, outputs) for call in block.calls):
        kind, given = call.path.rpartition(".")[2], call.arguments
        if kind == "Conv2D":
            found[given["name"]] = (given["kernel_size"] ** 2 * before + 1) * given["filters"]
            before = given["filters"]
        elif kind.endswith("Pooling2D"):
            height, width = height // given["pool_size"], width // given["pool_size"]
        elif kind == "Flatten":
            before *= height * width
        elif kind == "Dense":
            found[given["name"]] = (before + given.get("use_bias", True)) * given["units"]
            before = given["units"]
        elif kind.endswith("Normalization"):
            found[given["name"]] = 2 * before
    return found


def _seed(setup: TrainingSetup, number: int) -> int:
    """A seed for a layer: distinct for the layers of a model, the same on every machine."""
    return (setup.seed * 1000 + number) % 2**31


def _penalty(l1: float, l2: float) -> dict[str, Any]:
    return {"kernel_regularizer": Call("regularizers.L1L2", {"l1": l1, "l2": l2})} if l1 or l2 else {}


def _dense(layer: DenseLayer, number: int, seed: int) -> Block:
    normalised = layer.normalization != "none"
    arguments: dict[str, Any] = {
        "units": layer.units,
        "activation": "linear" if normalised else layer.activation,
        "kernel_initializer": initializer(layer.kernel_initializer, layer.stddev, seed),
        **({} if layer.use_bias else {"use_bias": False}),
        **_penalty(layer.l1, layer.l2),
        **({"kernel_constraint": Call("constraints.MaxNorm", {"max_value": layer.max_norm})} if layer.max_norm else {}),
        "name": f"dense_{number}",
    }
    calls = [Call("layers.Dense", arguments)]
    if normalised:
        kind = {"batch": "BatchNormalization", "layer": "LayerNormalization"}[layer.normalization]
        calls.append(Call(f"layers.{kind}", {"name": f"norm_{number}"}))
        calls.append(Call("layers.Activation", {"activation": layer.activation, "name": f"activation_{number}"}))
    activated = calls[-1].arguments["name"]
    if layer.dropout:
        dropout = {"rate": layer.dropout, "seed": seed + 500, "name": f"dropout_{number}"}
        calls.append(Call("layers.Dropout", dropout))
    return Block(tuple(calls), layer.residual, activated)


def _convolutions(net: ConvNet, seed: int) -> list[Block]:
    pooling = {"max": "MaxPooling2D", "average": "AveragePooling2D"}[net.pooling]
    built = []
    for number in range(1, net.blocks + 1):
        arguments = {
            "filters": net.filters * 2 ** (number - 1),
            "kernel_size": net.kernel_size,
            "padding": "same",
            "activation": net.activation,
            "kernel_initializer": initializer(net.kernel_initializer, net.stddev, seed + number),
            "name": f"conv_{number}",
        }
        pool = Call(f"layers.{pooling}", {"pool_size": 2, "name": f"pool_{number}"})
        built.append(Block((Call("layers.Conv2D", arguments), pool), activated=f"conv_{number}"))
    return [*built, Block((Call("layers.Flatten", {"name": "flatten"}),))]
