"""Sharpness: the largest eigenvalue of the Hessian of the training loss, from Hessian-vector products alone.

Gradient descent with learning rate η is stable on a quadratic only where the sharpness is below 2/η; on networks it
tends to hover just there, at the edge of stability (Cohen et al., 2021, https://arxiv.org/abs/2103.00065).
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from gdviz.training.keras.models import Engine

_MOST_PRODUCTS = 60
_TOLERANCE = 1e-4


class Largest(NamedTuple):
    """The largest eigenvalue of a Hessian."""

    value: float
    """NaN where a product was not finite."""
    products: int
    """Hessian-vector products that it took."""
    converged: bool
    """Whether the residual ‖Hv - λv‖ bounds the error below 1e-4 λ."""


def sharpness(engine: Engine, samples: int) -> Largest:
    """The largest eigenvalue of the Hessian, by Lanczos' method (1950) with full reorthogonalisation.

    The loss is that of the first ``samples`` rows of the training part, penalties included, with dropout off and batch
    normalisation by its moving statistics.
    """
    weights = [v.value for v in engine.model.trainable_variables]
    sizes = [int(np.prod(w.shape)) for w in weights]
    x, y = (tf.constant(part["train"][:samples]) for part in (engine.data.x, engine.data.y))
    product = _product(engine)

    def hessian_times(vector: Any) -> Any:
        parts = np.split(vector, np.cumsum(sizes)[:-1])
        shaped = [tf.constant(p.reshape(w.shape), w.dtype) for p, w in zip(parts, weights, strict=True)]
        return np.concatenate([np.asarray(h, dtype=np.float64).ravel() for h in product(x, y, shaped)])

    size = sum(sizes)
    basis = np.zeros((min(_MOST_PRODUCTS, size), size))
    basis[0] = np.random.default_rng(0).normal(size=size)
    basis[0] /= np.linalg.norm(basis[0])
    diagonal: list[float] = []
    beside: list[float] = []
    largest, converged = np.nan, False
    for k in range(len(basis)):
        image = hessian_times(basis[k])
        if not np.all(np.isfinite(image)):
            return Largest(float("nan"), k + 1, False)
        diagonal.append(float(basis[k] @ image))
        for _ in range(2):  # once is not enough to stay orthogonal in float64 when the image is from float32
            image -= basis[: k + 1].T @ (basis[: k + 1] @ image)
        rest = float(np.linalg.norm(image))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        largest = float(values[-1])
        converged = rest * abs(vectors[-1, -1]) <= _TOLERANCE * abs(largest)
        if converged or k + 1 == len(basis):
            break
        beside.append(rest)
        basis[k + 1] = image / rest
    return Largest(largest, len(diagonal), bool(converged or len(diagonal) == size))


def _product(engine: Engine) -> Any:
    """The compiled Hessian-vector product of an engine: the derivative of ∇L·v, made once for each engine."""
    if "hessian_product" not in engine.compiled:

        def product(x: Any, y: Any, vectors: list[Any]) -> list[Any]:
            weights = [v.value for v in engine.model.trainable_variables]
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    loss = engine.losses(y, engine.model(x, training=False), engine.model.losses)
                gradients = inner.gradient(loss, weights, unconnected_gradients="zero")
                along = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(gradients, vectors, strict=True)])
            return outer.gradient(along, weights, unconnected_gradients="zero")  # type: ignore[no-any-return]

        engine.compiled["hessian_product"] = tf.function(product, reduce_retracing=True, autograph=False)
    return engine.compiled["hessian_product"]
