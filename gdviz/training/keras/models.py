"""The Keras model of a training, and the compiled functions that train and judge it.

Bare ``model.fit`` crosses from Python into TensorFlow once for every batch, which for small models costs more than the
batch. Here one call takes a whole chunk of batches and returns the measurements of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gdviz.training import scores
from gdviz.training.architecture import blocks
from gdviz.training.calls import Call
from gdviz.training.datasets import Data
from gdviz.training.setup import TrainingSetup

Tensor = Any

_EVALUATED_AT_ONCE = 4096
_EDGE = {"tanh": (-0.97, 0.97), "softsign": (-0.97, 0.97), "sigmoid": (0.015, 0.985)}
"""Beyond these values an activation is saturated: its slope is less than about 6 % of the largest."""


@dataclass(frozen=True)
class Probe:
    """An activation that is measured: the share of units that are dead, or of values that are saturated."""

    layer: str
    activation: str

    @property
    def kind(self) -> str | None:
        """ "dead", "saturated", or None where neither exists."""
        return "dead" if self.activation == "relu" else "saturated" if self.activation in _EDGE else None

    def measure(self, values: Tensor) -> Tensor:
        """The share of units that are 0 on the whole batch (dead), or of values at the flat ends (saturated)."""
        if self.kind == "dead":
            largest = tf.reduce_max(values, axis=list(range(values.shape.rank - 1)))
            return tf.reduce_mean(tf.cast(largest <= 0, tf.float32))
        low, high = _EDGE[self.activation]
        return tf.reduce_mean(tf.cast((values < low) | (values > high), tf.float32))


class Engine:
    """A model with its optimizer and the compiled functions on them.

    Args:
        setup: The training.
        data: The data it is trained on.
    """

    def __init__(self, setup: TrainingSetup, data: Data) -> None:
        self.setup, self.data = setup, data
        self.model, self.inner = _model(setup, data)
        self.optimizer = _optimizer(setup)
        self.optimizer.build(self.model.trainable_variables)
        self.layers = [layer for layer in self.model.layers if layer.trainable_variables]
        activations = {f"dense_{n}": layer.activation for n, layer in enumerate(setup.layers, start=1)}
        activations |= {f"activation_{n}": layer.activation for n, layer in enumerate(setup.layers, start=1)}
        if setup.convolution:
            activations |= {f"conv_{n}": setup.convolution.activation for n in range(1, setup.convolution.blocks + 1)}
        self.probes = [Probe(name, activations[name]) for name in self.inner]
        self._measured = [i for i, probe in enumerate(self.probes) if probe.kind]
        self.probed = keras.Model(
            self.model.inputs[0], [self.model.outputs[0], *(self.model.get_layer(name).output for name in self.inner)]
        )
        self._loss = getattr(keras.losses, setup.loss or "")
        self._metrics = [getattr(keras.metrics, name) for name in setup.metrics or ()]
        self._x, self._y = tf.constant(data.x["train"]), tf.constant(data.y["train"])
        self._owner = [
            next(i for i, layer in enumerate(self.layers) if any(v is w for w in layer.trainable_variables))
            for v in self.model.trainable_variables
        ]
        x, y = (tf.TensorSpec([None, *part["train"].shape[1:]], tf.float32) for part in (data.x, data.y))
        order, rates, size = (tf.TensorSpec(*s) for s in (([None], tf.int32), ([None], tf.float32), ([], tf.int32)))
        # Nothing here needs AutoGraph, and rewriting the functions would take half as long as compiling them.
        self._chunk = tf.function(self._take_chunk, input_signature=[order, rates, size], autograph=False)
        self._scored = tf.function(self._score, input_signature=[x, y], autograph=False)
        self._predict = tf.function(lambda x: self.model(x, training=False), input_signature=[x], autograph=False)
        self.compiled: dict[str, Any] = {}
        """Further compiled functions on this model, by name, so that each is compiled once."""
        self.columns = ["loss", *(setup.metrics or ())]

    def restart(self, setup: TrainingSetup) -> None:
        """Go back to the beginning, of the same training or of one that differs in no more than :func:`in_common` says.

        Raises:
            ValueError: It differs in more.
        """
        if in_common(setup) != in_common(self.setup):
            raise ValueError("setup must differ in nothing but seed, learning rate, schedule and epochs")
        model, _ = _model(setup, self.data)
        optimizer = _optimizer(setup)
        optimizer.build(model.trainable_variables)
        mine = (*self.model.variables, *self.optimizer.variables)
        for variable, first in zip(mine, (*model.variables, *optimizer.variables), strict=True):
            variable.assign(first)
        self.setup = setup

    @property
    def seeds(self) -> list[Any]:
        """The states of random numbers (dropout), which a saved model does not contain."""
        kept = {id(weight) for weight in self.model.weights}
        return [variable for variable in self.model.variables if id(variable) not in kept]

    def losses(self, y: Tensor, predicted: Tensor, penalties: list[Tensor]) -> Tensor:
        """The mean loss of a batch, penalties on the weights included, as Keras reports it."""
        return tf.reduce_mean(self._loss(y, predicted)) + (tf.add_n(penalties) if penalties else 0.0)

    def scores(self, y: Tensor, predicted: Tensor) -> list[Tensor]:
        """The metrics of each row, one tensor of shape (n,) a metric."""
        return [tf.cast(metric(y, predicted), tf.float32) for metric in self._metrics]

    def _scores(self, y: Tensor, predicted: Tensor) -> list[Tensor]:
        return [tf.reduce_mean(score) for score in self.scores(y, predicted)]

    def batch_gradient(self, rows: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor, list[Tensor]]:
        """Activations of the probes, metrics, loss and gradients of a training batch."""
        x, y = tf.gather(self._x, rows), tf.gather(self._y, rows)
        with tf.GradientTape() as tape:
            predicted, *activations = _as_list(self.probed(x, training=True))
            loss = self.losses(y, predicted, self.probed.losses)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [v.value for v in self.model.trainable_variables])
        return activations, self._scores(y, predicted), loss, [tf.convert_to_tensor(g) for g in gradients]

    def _squares(self, tensors: list[Tensor], dtype: Any) -> Tensor:
        """The sum of squares of each layer's tensors, shape (layers,)."""
        parts: list[list[Tensor]] = [[] for _ in self.layers]
        for tensor, owner in zip(tensors, self._owner, strict=True):
            parts[owner].append(2 * tf.nn.l2_loss(tf.cast(tensor, dtype)))
        return tf.cast(tf.stack([tf.add_n(part) for part in parts]), tf.float64)

    def _norms(self, *lists: list[Tensor]) -> Tensor:
        """The norms of each layer's tensors, shape (lists, layers); in float64 where squares leave float32."""
        squares = tf.stack([self._squares(tensors, tf.float32) for tensors in lists])
        safe = tf.reduce_all((squares > 1e-30) & (squares < 1e37))
        exact = tf.cond(
            safe,
            lambda: squares,
            lambda: tf.stack([self._squares(tensors, tf.float64) for tensors in lists]),
        )
        return tf.cast(tf.sqrt(exact), tf.float32)

    def _step(self, rows: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """One batch: its measurements, and whether all is finite. A step from non-finite gradients is not taken."""
        activations, scores, loss, gradients = self.batch_gradient(rows)
        weights = self.model.trainable_variables
        before = [tf.identity(v.value) for v in weights]
        self.optimizer.learning_rate.assign(rate)
        finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.math.is_finite(t)) for t in (loss, *gradients)]))

        def apply() -> list[Tensor]:
            self.optimizer.apply(gradients, weights)
            return [v.value - old for v, old in zip(weights, before, strict=True)]

        updates = tf.cond(finite, apply, lambda: before)
        factor = self.optimizer.loss_scale_factor or 1.0
        gradient_norms, weight_norms, update_norms = tf.unstack(
            self._norms([g / factor for g in gradients], before, updates)
        )
        shares = [self.probes[i].measure(activations[i]) for i in self._measured]
        row = [tf.stack([loss, *scores]), gradient_norms, weight_norms, update_norms / weight_norms]
        row += [tf.stack(shares)] if shares else []
        return tf.concat(row, axis=0), finite & tf.reduce_all(tf.math.is_finite(update_norms))

    def _take_chunk(self, order: Tensor, rates: Tensor, batch_size: Tensor) -> tuple[Tensor, Tensor]:
        count = tf.shape(rates)[0]

        def step(i: Tensor, _: Tensor, measured: Any) -> tuple[Tensor, Tensor, Any]:
            row, fine = self._step(order[i * batch_size : (i + 1) * batch_size], rates[i])
            return i + 1, fine, measured.write(i, row)

        rows = tf.TensorArray(tf.float32, size=count, element_shape=[self._width])
        going = (tf.constant(0), tf.constant(True), rows)
        taken, fine, measured = tf.while_loop(lambda i, fine, _: (i < count) & fine, step, going, parallel_iterations=1)
        return measured.stack()[:taken], fine

    @property
    def _width(self) -> int:
        return len(self.columns) + 3 * len(self.layers) + len(self._measured)

    def chunk(
        self, order: NDArray[np.int32], rates: NDArray[np.float32], batch_size: int
    ) -> tuple[dict[str, NDArray[np.float32]], bool]:
        """Train on consecutive batches.

        Args:
            order: Rows of the training part, batch after batch.
            rates: The learning rate of each batch, shape (k,).
            batch_size: Rows of a batch; the last may be shorter.

        Returns:
            Measurements of each batch taken, by name: ``loss`` and metrics of shape (k,), ``gradient_norm``,
            ``weight_norm`` and ``update_ratio`` of shape (k, layers), ``inactive`` of shape (k, probes). And False
            where the last batch gave a number that is not finite.
        """
        table, fine = self._chunk(tf.constant(order), tf.constant(rates), tf.constant(batch_size))
        rows = table.numpy()
        named = {name: rows[:, i] for i, name in enumerate(self.columns)}
        start, n = len(self.columns), len(self.layers)
        for name in ("gradient_norm", "weight_norm", "update_ratio"):
            named[name] = rows[:, start : start + n]
            start += n
        return {**named, "inactive": rows[:, start:]}, bool(fine)

    def _score(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        predicted = self.model(x, training=False)
        return tf.stack([self.losses(y, predicted, self.model.losses), *self._scores(y, predicted)]), predicted

    def evaluate(self, part: str, samples: int | None = None) -> dict[str, float] | None:
        """Mean loss and metrics of the model on "train", "validation" or "test", for classes ``f1`` and ``auc`` too;
        None where that part is empty.

        Args:
            part: The part.
            samples: Take this many first rows only.
        """
        x, y = self.data.x[part][:samples], self.data.y[part][:samples]
        if not len(x):
            return None
        starts = range(0, len(x), self._at_once)
        rows = [len(x[s : s + self._at_once]) for s in starts]
        found = [
            self._scored(tf.constant(x[s : s + self._at_once]), tf.constant(y[s : s + self._at_once])) for s in starts
        ]
        means = np.average([numbers.numpy() for numbers, _ in found], axis=0, weights=rows).tolist()
        named = dict(zip(self.columns, means, strict=True))
        if self.data.task != "regression" and samples is None:
            named |= scores.of_classes(y, np.concatenate([predicted.numpy() for _, predicted in found]))
        return named

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's outputs for inputs that are scaled as the training part is, shape (n, outputs)."""
        starts = range(0, len(x), self._at_once)
        return np.concatenate([self._predict(tf.constant(x[s : s + self._at_once])).numpy() for s in starts])

    @property
    def _at_once(self) -> int:
        return _EVALUATED_AT_ONCE // (8 if self.setup.convolution else 1)

    def compiled_model(self) -> Any:
        """The model with its optimizer, loss and metrics, as ``keras.models.load_model`` gives it back."""
        if not self.model.compiled:
            self.model.compile(self.optimizer, loss=self.setup.loss, metrics=list(self.setup.metrics or ()))
        return self.model


def in_common(setup: TrainingSetup, tuned: Sequence[str] = ()) -> dict[str, Any]:
    """The settings that trainings on the same graph have in common: all but seed, learning rate, schedule and epochs.

    Args:
        setup: One of the trainings.
        tuned: Further hyperparameters of the optimizer that may differ.
    """
    values = replace(setup, seed=0, warmup_steps=0, epochs=1).to_dict()
    values.pop("schedule")
    free = ("learning_rate", *tuned)
    values["optimizer"] = {name: value for name, value in values["optimizer"].items() if name not in free}
    return values


def initial_weights(model: Any, setup: TrainingSetup, data: Data) -> list[Tensor]:
    """The trainable weights that a training begins with, in the order of ``model``, one with the same layers.

    Kernels are as their initialisers draw them from the seed; the seed changes nothing else.
    """
    kernels = {}
    for block in blocks(setup, data.outputs):
        for call in block.calls:
            drawn = call.arguments.get("kernel_initializer")
            if isinstance(drawn, Call):
                kernel = model.get_layer(call.arguments["name"]).kernel
                kernels[id(kernel)] = drawn.make(keras)(kernel.shape, dtype=kernel.dtype)
    return [kernels.get(id(v), tf.convert_to_tensor(v)) for v in model.trainable_variables]


def _model(setup: TrainingSetup, data: Data) -> tuple[Any, list[str]]:
    """The model, and the names of the layers whose outputs are probed."""
    inputs = keras.Input(data.shape)
    x, probed = inputs, []
    for block in blocks(setup, data.outputs):
        skip = x
        for call in block.calls:
            x = call.make(keras)(x)
        if block.residual:
            x = keras.layers.Add()([x, skip])
        if block.activated:
            probed.append(block.activated)
    return keras.Model(inputs, x), probed


def _optimizer(setup: TrainingSetup) -> Any:
    optimizer = setup.optimizer.call(clip=setup.clip).make(keras)

    def update(gradients: list[Tensor], variables: list[Any], learning_rate: Tensor) -> None:
        for gradient, variable in zip(gradients, variables, strict=True):
            optimizer.update_step(gradient, variable, learning_rate)

    # Keras updates through tf.distribute, which never lets go of the graph that it is compiled into: megabytes a run.
    # On one device a plain loop does the same. Nadam has an update of its own around that of Keras, and keeps it.
    if type(optimizer)._backend_update_step is keras.optimizers.Optimizer._backend_update_step:
        optimizer._backend_update_step = update
    return optimizer


def _as_list(outputs: Any) -> list[Any]:
    return outputs if isinstance(outputs, list) else [outputs]
