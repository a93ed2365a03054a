"""Keras's optimizers as functions without state, with hyperparameters that may differ from training to training."""

from typing import Any

import tensorflow as tf
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

Tensor = Any


class Stateless(TFOptimizer):  # type: ignore[misc]
    """Keras's own plain optimizer code, without the TensorFlow backend's additions for distributed training."""


for _name in (
    "assign",
    "assign_add",
    "assign_sub",
    "stateless_apply",
    "_apply_weight_decay",
    "_backend_update_step",
    "_var_key",
):
    setattr(Stateless, _name, getattr(BaseOptimizer, _name))


class Mapped:
    """A hyperparameter that differs from training to training, where Keras expects a number."""

    def __init__(self, value: Tensor) -> None:
        self.value = value

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        return self.value if dtype is None else tf.cast(self.value, dtype)

    # "if self.momentum != 0" asks whether there is a momentum at all: there is.
    def __ne__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __mul__(self, other: Any) -> Tensor:
        return self.value * other

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Tensor:
        return self.value + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self.value - other

    def __rsub__(self, other: Any) -> Tensor:
        return other - self.value

    def __neg__(self) -> Tensor:
        return -self.value
