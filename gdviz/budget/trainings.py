"""The cost of a training of a Keras model to its worker, and of a user's CSV file to whoever reads it."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdviz.budget.cost import NUMBER, Cost, this_machine
from gdviz.training import TrainingSetup
from gdviz.training.architecture import parameters

if TYPE_CHECKING:
    from gdviz.training.table import Plan, Table

_SINGLE = 4
"""Bytes of a float32."""
_TENSORFLOW = 780 * 2.0**20
"""Memory of a worker that has loaded TensorFlow and compiled a small model."""
_SIZES = {
    "digits": (1797, 64, 10),
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "breast_cancer": (569, 30, 1),
    "diabetes": (442, 10, 1),
    "mnist": (70_000, 784, 10),
    "fashion_mnist": (70_000, 784, 10),
}
_EVALUATED_AT_ONCE = 4096
_PLANE_POINTS, _SHARPNESS_VECTORS = 101, 60
_NUMBER_LIKE = re.compile(r"[-+($€£]*[0-9]*[.,]?[0-9]+(?:[^-0-9/:.]|$)")


@dataclass(frozen=True)
class Size:
    """The size of a data set."""

    rows: int
    inputs: int
    outputs: int


def size_of(setup: TrainingSetup, plan: "Plan | None" = None) -> Size:
    """The size of a training's data.

    Args:
        setup: The training.
        plan: How the user's own table is read, where it trains on one.

    >>> size_of(TrainingSetup())
    Size(rows=1797, inputs=64, outputs=10)
    """
    if plan is not None:
        return Size(len(plan.rows), len(plan.inputs), len(plan.classes) if setup.data.task == "classes" else 1)
    if setup.data.name in _SIZES:
        return Size(*_SIZES[setup.data.name])
    values = setup.data.values()
    inputs = int(values.get("inputs") or (1 if setup.data.task == "regression" else 2))
    outputs = int(values.get("classes") or 1)
    return Size(int(values.get("samples") or 0), inputs, outputs if setup.data.task == "classes" else 1)


@dataclass(frozen=True)
class _Model:
    parameters: int
    """Trainable numbers."""
    activations: int
    """Numbers that a row of a batch leaves behind on its way forward."""


def keras_training(setup: TrainingSetup, size: Size, together: int = 1) -> float:
    """A training in a worker: bytes that its process takes at most, TensorFlow included.

    Its time is estimated nowhere: it can be watched and stopped. That of a comparison is, in ``gdviz.comparing``.

    Args:
        setup: The training.
        size: How large its data are.
        together: How many such trainings are stacked.

    >>> 500 < keras_training(TrainingSetup(), size_of(TrainingSetup())) / 2**20 < 1000
    True
    """
    model = _model(setup, size)
    rows = _trained(setup, size)
    batch = min(setup.batch_size or rows, rows)
    states = 2.0 if "beta_2" in setup.optimizer.values() else 1.0
    data = size.rows * (size.inputs + size.outputs)
    kept = (5.0 + 2.0 * states) * model.parameters
    at_once = min(_EVALUATED_AT_ONCE // (8 if setup.convolution else 1), size.rows)
    # What is stacked is neither drawn nor saved while it is trained, and judged in pieces of as many rows in all.
    passed = (3.0 if together == 1 else 1.3) * batch * model.activations
    judged = (2.0 if together == 1 else 0.5) * min(at_once, 8 * _EVALUATED_AT_ONCE // together) * model.activations
    held = _SINGLE * (3.0 * data + together * (kept + max(passed, judged)))
    watched = 0.0
    if setup.watch.sharpness_epochs:  # so many vectors at most: how soon it converges, nobody knows before
        watched = NUMBER * min(_SHARPNESS_VECTORS, model.parameters) * model.parameters
        watched += _SINGLE * 6.0 * min(setup.watch.sharpness_samples, rows) * model.activations
    if setup.watch.plane:
        points = min(_PLANE_POINTS, setup.epochs * math.ceil(rows / batch) + 1)
        watched = max(watched, points * model.parameters * (_SINGLE + 2 * NUMBER))
    return _TENSORFLOW + held + watched


def reading(content: bytes) -> Cost:
    """A user's file, read: copies of its text, its cells, and the different ones of each column."""
    return Cost(8 * len(content) * this_machine().element, 9.0 * len(content) + 2.0**20)


def understanding(table: "Table") -> Cost:
    """The kinds of a file's columns, found from their different texts; inputs are made of them only in the worker."""
    from gdviz.training.table.columns import LIKE_A_DATE  # here, because Arrow takes a third of a second to load

    passes, numbers = 0.0, 0
    for texts in table.texts:
        one = texts[len(texts) // 2].as_py() if len(texts) else ""
        if _NUMBER_LIKE.match(one):
            passes += 1e6 + 900 * len(texts)
        elif re.match(LIKE_A_DATE, one):  # all forms of dates are tried
            passes += 7e6 + 100 * len(texts)
        else:
            passes += 1.3e6 + 120 * len(texts)
        numbers += len(texts)
    return Cost(passes * this_machine().element, NUMBER * (3.0 * table.rows + 2.0 * numbers))


def _trained(setup: TrainingSetup, size: Size) -> int:
    """The rows of the training part."""
    own = setup.data.own_test
    left = 1 - setup.split.validation - (0 if own else setup.split.test)
    return max(1, round((size.rows - own) * left))


def _model(setup: TrainingSetup, size: Size) -> _Model:
    activations = size.inputs
    if setup.convolution is not None and setup.data.image is not None:
        net, (height, width, _) = setup.convolution, setup.data.image
        for block in range(net.blocks):
            filters = net.filters * 2**block
            activations += 2 * filters * height * width
            height, width = height // 2, width // 2
    for layer in setup.layers:
        activations += layer.units * (2 + 2 * (layer.normalization != "none") + 2 * bool(layer.dropout))
    trainable = sum(parameters(setup, size.inputs, size.outputs).values())
    return _Model(trainable, activations + 3 * size.outputs)
