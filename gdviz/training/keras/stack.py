"""The graphs of many trainings of one model: one trains, another judges; see :mod:`gdviz.training.keras.stacked`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gdviz.training import scores
from gdviz.training.datasets import Data
from gdviz.training.events import Scores
from gdviz.training.keras.models import Engine, initial_weights
from gdviz.training.keras.stateless import Mapped, Stateless
from gdviz.training.setup import TrainingSetup
from gdviz.training.stackable import why_alone

Tensor = Any
State = tuple[list[Tensor], list[Tensor], list[Tensor]]
"""Trainable weights, other weights, and the optimizer's state; every tensor with one row a training."""

_EVALUATED_AT_ONCE = 32_768
"""Rows, over all trainings together."""


def _many(shape: Sequence[int | None], dtype: Any = tf.float32) -> Any:
    """Tensors of a shape, one for each of any number of trainings."""
    return tf.TensorSpec([None, *shape], dtype)


class Stack:
    """The graph that trains all trainings that share a model and an optimizer class.

    Args:
        setup: One of them.
        data: The data of all.
        tuned: Hyperparameters of the optimizer, beside the learning rate, that differ from training to training.
        judge: The graph that judges them, where there is one for their model.

    Raises:
        ValueError: They cannot be stacked; says why.
    """

    def __init__(
        self, setup: TrainingSetup, data: Data, tuned: Sequence[str] = (), judge: "Judge | None" = None
    ) -> None:
        if reason := why_alone(setup):
            raise ValueError(f"trainings of this setup cannot be stacked: {reason}")
        self.setup, self.data, self.tuned = setup, data, tuple(tuned)
        self.engine = Engine(setup, data)
        self.model = self.engine.model
        self.optimizer = self._stateless_optimizer()
        self.optimizer.build(self.model.trainable_variables)
        self._slots = [v for v in self.optimizer.variables if not self._is_common(v)]
        self._x, self._y = tf.constant(data.x["train"]), tf.constant(data.y["train"])
        # Any number of trainings is one graph: some diverge or are given up, and repeats are fewer than trials.
        trainable, fixed, slots = (
            [_many(v.shape, v.dtype) for v in part] for part in (self.model.trainable_variables, *self._rest)
        )
        orders, rates, hyper = _many([None], tf.int32), _many([None]), [_many([])] * len(self.tuned)
        numbers = tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.int32)
        self._epoch = tf.function(
            self._train_epoch,
            input_signature=[(trainable, fixed, slots), orders, rates, hyper, *numbers],
            autograph=False,
        )
        self.judge = judge or Judge(self.engine)

    def _stateless_optimizer(self) -> Any:
        made = self.engine.optimizer
        kind: Any = type(type(made).__name__, (type(made), Stateless), {})
        return kind.from_config(made.get_config())

    def _is_common(self, variable: Any) -> bool:
        return variable is self.optimizer._iterations or variable is self.optimizer._learning_rate

    def initial(self, setups: Sequence[TrainingSetup]) -> State:
        """The state before the first step of each training."""
        weights = [initial_weights(self.model, setup, self.data) for setup in setups]
        trainable = [tf.stack(one) for one in zip(*weights, strict=True)]
        rest = [[tf.stack([tf.convert_to_tensor(v)] * len(setups)) for v in variables] for variables in self._rest]
        return trainable, rest[0], rest[1]

    @property
    def _rest(self) -> tuple[list[Any], list[Any]]:
        return self.model.non_trainable_variables, self._slots

    # One training, as a function without state

    def _step(self, one: tuple[State, Tensor, Tensor, list[Tensor]], done: Tensor) -> tuple[State, Any]:
        (trainable, fixed, slots), rows, rate, hyper = one
        x, y = tf.gather(self._x, rows), tf.gather(self._y, rows)
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            predicted, fixed, penalties = self.model.stateless_call(
                trainable, fixed, x, training=True, return_losses=True
            )
            loss = self.engine.losses(y, predicted, penalties)
            scaled = self.optimizer.scale_loss(loss)
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(scaled, trainable)]
        given = iter(slots)
        state_of = {id(self.optimizer._iterations): done, id(self.optimizer._learning_rate): rate}
        before = [state_of[id(v)] if id(v) in state_of else next(given) for v in self.optimizer.variables]
        with self._hyperparameters(hyper):
            after, states = self.optimizer.stateless_apply(before, gradients, trainable)
        slots = [s for s, v in zip(states, self.optimizer.variables, strict=True) if not self._is_common(v)]
        finite = [tf.reduce_all(tf.math.is_finite(t)) for t in (loss, *gradients)]
        finite += [tf.reduce_all(tf.math.is_finite(new - old)) for new, old in zip(after, trainable, strict=True)]
        fine = tf.cast(tf.reduce_all(tf.stack(finite)), tf.float32)
        return (after, list(fixed), slots), (loss, predicted, fine)

    @contextmanager
    def _hyperparameters(self, values: list[Tensor]) -> Iterator[None]:
        """The optimizer with the tuned hyperparameters of the training in hand."""
        usual = {name: getattr(self.optimizer, name) for name in self.tuned}
        for name, value in zip(self.tuned, values, strict=True):
            object.__setattr__(self.optimizer, name, Mapped(value))
        try:
            yield
        finally:
            for name, value in usual.items():
                object.__setattr__(self.optimizer, name, value)

    # All trainings

    def _train_epoch(
        self, state: State, orders: Tensor, rates: Tensor, hyper: list[Tensor], done: Tensor, size: Tensor
    ) -> tuple[State, Tensor]:
        count = tf.shape(rates)[1]

        def batch(i: Tensor, state: State, measured: Any) -> tuple[Tensor, State, Any]:
            rows, rate = orders[:, i * size : (i + 1) * size], rates[:, i]
            step = done + tf.cast(i, tf.int64)
            state, (loss, predicted, fine) = tf.vectorized_map(
                lambda one: self._step(one, step), (state, rows, rate, hyper), fallback_to_while_loop=False
            )
            row = tf.stack([loss, *_metrics(self.engine, tf.gather(self._y, rows), predicted), fine], axis=1)
            return i + 1, state, measured.write(i, row)

        rows = tf.TensorArray(tf.float32, size=count, infer_shape=False)
        going = (tf.constant(0), state, rows)
        _, state, measured = tf.while_loop(lambda i, *_: i < count, batch, going, parallel_iterations=1)
        return state, tf.transpose(measured.stack(), [1, 0, 2])

    def train_epoch(
        self,
        state: State,
        orders: NDArray[np.int32],
        rates: NDArray[np.float32],
        hyper: Sequence[NDArray[np.float32]],
        done: int,
        batch_size: int,
    ) -> tuple[State, NDArray[np.float32]]:
        """An epoch of every training.

        Args:
            state: As the epoch before left it.
            orders: The order of the rows, shape (trainings, rows).
            rates: The learning rates, shape (trainings, batches).
            hyper: The tuned hyperparameters, each of shape (trainings,).
            done: Steps done before.
            batch_size: Rows of a batch.

        Returns:
            The state, and for each training and batch loss, metrics, and 1 where all was finite, shape (trainings,
            batches, 2 + metrics). After the first 0 of a training, its numbers mean nothing.
        """
        state, measured = self._epoch(
            state,
            tf.constant(orders),
            tf.constant(rates),
            [tf.constant(values, tf.float32) for values in hyper],
            tf.constant(done, tf.int64),
            tf.constant(batch_size),
        )
        return state, measured.numpy()

    @staticmethod
    def keep(state: State, which: Sequence[int]) -> State:
        """The states of some of the trainings."""
        trainable, fixed, slots = ([tf.gather(t, tf.constant(list(which), tf.int32)) for t in part] for part in state)
        return trainable, fixed, slots


class Judge:
    """The graph that judges trainings of one model, whatever trained them.

    Args:
        engine: One with that model.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self.data = engine, engine.data
        model = engine.model
        weights = [
            [_many(v.shape, v.dtype) for v in p] for p in (model.trainable_variables, model.non_trainable_variables)
        ]
        x, y = (_many(part["train"].shape[1:]) for part in (self.data.x, self.data.y))
        self._judged = tf.function(self._judge, input_signature=[*weights, x, y], autograph=False)

    def _judge(self, trainable: list[Tensor], fixed: list[Tensor], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        def one(weights: tuple[list[Tensor], list[Tensor]]) -> tuple[Tensor, Tensor]:
            predicted, _, penalties = self.engine.model.stateless_call(*weights, x, training=False, return_losses=True)
            return self.engine.losses(y, predicted, penalties), predicted

        loss, predicted = tf.vectorized_map(one, (trainable, fixed), fallback_to_while_loop=False)
        everywhere = tf.tile(y[None], [tf.shape(predicted)[0], 1, 1])
        return tf.stack([loss, *_metrics(self.engine, everywhere, predicted)], axis=1), predicted

    def scores(self, state: State, part: str) -> list[Scores] | None:
        """The scores of every training on a part of the data, as :meth:`Engine.evaluate` names them; None if empty."""
        x, y = self.data.x[part], self.data.y[part]
        if not len(x):
            return None
        at_once = max(1, _EVALUATED_AT_ONCE // len(state[0][0]))
        pieces = [slice(start, start + at_once) for start in range(0, len(x), at_once)]
        found = [self._judged(state[0], state[1], tf.constant(x[p]), tf.constant(y[p])) for p in pieces]
        means = np.average([numbers.numpy() for numbers, _ in found], axis=0, weights=[len(x[p]) for p in pieces])
        named = [dict(zip(self.engine.columns, row, strict=True)) for row in means.tolist()]
        if self.data.task == "regression":
            return named
        predicted = np.concatenate([outputs.numpy() for _, outputs in found], axis=1)
        return [{**one, **scores.of_classes(y, said)} for one, said in zip(named, predicted, strict=True)]


def _metrics(engine: Engine, y: Tensor, predicted: Tensor) -> list[Tensor]:
    """The metrics of every training, each of shape (trainings,), from tensors (trainings, n, outputs)."""
    shape, outputs = tf.shape(predicted)[:2], engine.data.outputs
    of_rows = engine.scores(tf.reshape(y, [-1, outputs]), tf.reshape(predicted, [-1, outputs]))
    return [tf.reduce_mean(tf.reshape(score, shape), axis=1) for score in of_rows]
