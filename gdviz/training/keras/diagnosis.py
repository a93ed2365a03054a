"""The first non-finite number of a diverged training, and its cause: the batch is computed again, layer by layer."""

from typing import Any

import keras
import numpy as np

from gdviz.training.keras.models import Engine

_LARGEST = float(np.finfo(np.float32).max)


def diagnose(engine: Engine, rows: Any, step: int, losses: list[float]) -> str:
    """Why a step gave a number that is not finite: the first such number, in the order in which a step computes.

    That order is: inputs, weights, each layer's output from the first to the last, the loss, then each layer's gradient
    from the last to the first, then the weights after the step. A step from non-finite gradients is not taken, so the
    weights are still those that broke.

    Args:
        engine: The model, as the step left it.
        rows: The rows of the batch.
        step: The number of the step, counting from 1.
        losses: The last losses, up to that of this step.
    """
    where = f"At step {step} {_first(engine, rows)}."
    return f"{where} {_why(losses)}"


def _first(engine: Engine, rows: Any) -> str:
    if not np.all(np.isfinite(engine.data.x["train"][rows])):
        return "the inputs hold a number that is not finite"
    if not np.all(np.isfinite(engine.data.y["train"][rows])):
        return "the targets hold a number that is not finite"
    for layer in engine.layers:
        if not all(np.all(np.isfinite(weight)) for weight in layer.get_weights()):
            weights = np.concatenate([weight.ravel() for weight in layer.get_weights()])
            return f"the weights of layer {layer.name} became {_kind(weights)}"
    x: Any = engine.data.x["train"][rows]

    names = [layer.name for layer in engine.model.layers[1:]]
    outputs = keras.Model(engine.model.inputs[0], [engine.model.get_layer(name).output for name in names])(
        x, training=True
    )
    largest = 0.0
    for name, output in zip(names, outputs if isinstance(outputs, list) else [outputs], strict=True):
        values = np.asarray(output)
        if not np.all(np.isfinite(values)):
            return f"the output of layer {name} became {_kind(values)}, after values up to {largest:.3g} before it"
        largest = float(np.abs(values).max(initial=0.0))
    _, _, loss, gradients = engine.batch_gradient(rows)
    if not np.isfinite(float(loss)):
        return f"the loss became {_kind(np.asarray(loss))}, from outputs up to {largest:.3g}"
    for variable, gradient in reversed(list(zip(engine.model.trainable_variables, gradients, strict=True))):
        if not np.all(np.isfinite(np.asarray(gradient))):
            return f"the gradient of {variable.path} became {_kind(np.asarray(gradient))}, with a finite loss"
    return "a number left the finite ones (it does not when the batch is computed again: chance, as dropout, took part)"


def _kind(values: Any) -> str:
    """Infinite where numbers outgrew float32, else not a number."""
    return f"infinite (beyond {_LARGEST:.1e})" if np.any(np.isinf(values)) else "not a number"


def _why(losses: list[float]) -> str:
    finite = [loss for loss in losses if np.isfinite(loss) and loss > 0]
    if len(finite) > 2 and finite[-1] > 2 * finite[0]:
        growth = (finite[-1] / finite[0]) ** (1 / (len(finite) - 1))
        return f"Each of the last steps multiplied the loss by about {growth:.3g}: the steps are too long."
    if len(finite) <= 2:
        return "A step or two were enough: the learning rate is far too large, or the first weights or inputs are."
    return "The loss was not growing before: a single step was too long, or the loss has no gradient there."
