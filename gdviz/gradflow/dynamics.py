"""A short training run of a network, with the gradient of every layer at each step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import knob, one_of, optional, part
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.gradflow.activations import SATURATED
from gdviz.gradflow.flow import norm
from gdviz.gradflow.network import Activity, Network, backward, count, forward, unflatten
from gdviz.gradflow.normalizations import Parameters
from gdviz.optimizers import OPTIMIZERS, Optimizer, State
from gdviz.schedules import SCHEDULES, OneRate, Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Training(OneRate):
    """Everything that determines a training run: the same Training gives the same numbers on any machine.

    The weights at the start are those that ``propagate`` measures. ``schedule.initial_learning_rate`` and
    ``optimizer.learning_rate`` are the same number; see :class:`gdviz.schedules.OneRate`.

    A rule that works on whole vectors is given each weight tensor as one vector.

    Raises:
        ValueError: A value is not allowed; names the field, the value and what is allowed.

    >>> Training(optimizer="momentum").schedule.initial_learning_rate
    0.01
    """

    label = "Training"
    noun = "a training"

    network: Network = part(Network, spread=True)
    optimizer: Optimizer = one_of(OPTIMIZERS, "gradient_descent", label="Optimizer")
    schedule: Schedule = one_of(SCHEDULES, None, derived=("initial_learning_rate",), label="Learning-rate schedule")
    """None stands for the optimizer's own learning rate, constant."""
    clip: Clipper | None = optional(CLIPPERS, label="Gradient clipping")
    weight_clip: float | None = knob(
        None, above=0.0, usual=(0.01, 10.0), log=True, help="after each step every weight is cut to [-c, c]"
    )
    steps: int = knob(100, 1, 2000, log=True, help="number of steps")
    samples: int = knob(512, 2, 4096, log=True, help="samples in the training set, which batches are drawn from")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimizer.asks:
            name = self.optimizer.name
            raise ValueError(f"optimizer must be a rule that takes one gradient a step; got {name!r}")


class Breakdown(NamedTuple):
    """The first number that was not finite."""

    step: int
    """The step, counting from 1, at which it appeared."""
    layer: int
    """1 to L for the hidden layers, L + 1 for the readout."""
    what: str
    """"activation", "output", "loss", "gradient" or "weight"."""


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """The record of a run of T steps of a network of L hidden layers. Row t-1 belongs to step t.

    Columns 0 to L-1 are the hidden layers 1 to L; column L of the arrays with L+1 columns is the readout. Norms are
    those of kernels and their gradients. Of a run that broke down, the last row is that of the step where it did.
    """

    setup: Training
    """The configuration of the run."""
    loss: Array
    """Loss of each step's batch, before the step, shape (T,)."""
    accuracy: Array
    """Share of the batch that was classified correctly, before the step, shape (T,)."""
    learning_rate: Array
    """Shape (T,)."""
    gradient: Array
    """Norm of the gradient, shape (T, L+1)."""
    used_gradient: Array
    """Norm of the gradient that the optimizer was given, after clipping, shape (T, L+1)."""
    weight_norm: Array
    """Norm of the weights before the step, shape (T, L+1)."""
    update_ratio: Array
    """Norm of the change of the weights over their norm, shape (T, L+1); 1e-3 is a usual, healthy size."""
    activation_std: Array
    """Standard deviation of the activations, shape (T, L)."""
    dead: Array
    """Share of units that are saturated for every sample of the batch, shape (T, L)."""
    breakdown: Breakdown | None
    """The first number that was not finite; None where all were."""

    @property
    def steps(self) -> int:
        """The number of steps taken, T."""
        return len(self.loss)

    @cached_property
    def clipped(self) -> NDArray[np.bool_]:
        """True where clipping changed the gradient, shape (T,)."""
        return np.asarray((self.used_gradient != self.gradient).any(axis=1))


def train(setup: Training, on_step: Callable[[int], object] | None = None) -> TrainingRun:
    """Train a network and record every step.

    Args:
        on_step: Called after each step with its number, to show progress, or to stop by raising an exception.

    >>> run = train(Training(Network(depth=3, width=32, activation="relu", initializer="he"), "adam", steps=30))
    >>> run.gradient.shape, bool(run.loss[-1] < run.loss[0]), run.breakdown
    ((30, 4), True, None)
    """
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        rows = []
        for row in _walk(setup):
            rows.append(row)
            if on_step:
                on_step(len(rows))
    broken = rows[-1].pop("breakdown")
    for row in rows[:-1]:
        row.pop("breakdown")
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TrainingRun(setup=setup, breakdown=broken, **columns)


def _walk(setup: Training) -> Iterator[dict[str, Any]]:
    """Take the steps; yield the record of each."""
    network = setup.network
    shapes = network.shapes()
    theta, layers = network.draw()
    flat_gradient = np.zeros(count(shapes))
    gradients = unflatten(flat_gradient, shapes)
    updater = _Updater(setup.optimizer, theta, [array.size for layer in layers for array in layer.values()])
    x, targets = network.data(setup.samples)

    rates = setup.schedule(np.arange(setup.steps))
    for step, chosen in enumerate(batches(setup), start=1):
        activities, outputs = forward(network, layers, x[chosen])
        loss = network.loss.value(outputs, targets[chosen])
        dead = np.zeros(network.depth)
        for found in backward(network, layers, activities, network.loss.gradient(outputs, targets[chosen])):
            if found.slope is not None:
                dead[found.layer - 1] = _dead(network, found.slope)
            for name, gradient in found.parameters.items():
                gradients[found.layer - 1][name][...] = gradient
        row = {
            "loss": loss,
            "accuracy": float((outputs.argmax(axis=1) == targets[chosen].argmax(axis=1)).mean()),
            "learning_rate": float(rates[step - 1]),
            "gradient": _norms(gradients),
            "weight_norm": _norms(layers),
            "activation_std": [norm(a.leaving - a.leaving.mean()) / np.sqrt(a.leaving.size) for a in activities],
            "dead": dead,
        }
        broken = _breakdown_of_pass(step, activities, outputs, loss, gradients)
        _clip(setup.clip, flat_gradient, gradients)
        row["used_gradient"] = _norms(gradients)
        before = theta.copy()
        theta[:] = updater.update(theta, flat_gradient, rates[step - 1], step)
        if setup.weight_clip is not None:
            np.clip(theta, -setup.weight_clip, setup.weight_clip, out=theta)
        row["update_ratio"] = np.array(_norms(unflatten(theta - before, shapes))) / row["weight_norm"]
        row["breakdown"] = broken or _first_bad(step, "weight", layers)
        yield row
        if row["breakdown"]:
            return


def batches(setup: Training) -> Iterator[NDArray[np.int64]]:
    """The rows of each step's batch: the training set in a random order, over and over."""
    rng = setup.network.generator(2)
    size = min(setup.network.batch_size, setup.samples)
    order = np.empty(0, dtype=np.int64)
    for _ in range(setup.steps):
        if len(order) < size:
            order = rng.permutation(setup.samples)
        yield order[:size]
        order = order[size:]


class _Updater:
    """An optimizer with its state for a flat vector of weight tensors."""

    def __init__(self, rule: Optimizer, theta: Array, sizes: list[int]) -> None:
        # A rule that treats every coordinate by itself needs not know where tensors end.
        ends = np.cumsum(sizes)
        self.rule = rule
        self.slices = [slice(None)] if rule.elementwise else [slice(e - n, e) for e, n in zip(ends, sizes, strict=True)]
        self.states: list[State] = [rule.initial_state(theta[part]) for part in self.slices]

    def update(self, theta: Array, gradient: Array, learning_rate: float, step: int) -> Array:
        parts = []
        for i, where in enumerate(self.slices):
            moved, self.states[i] = self.rule.update(theta[where], gradient[where], self.states[i], learning_rate, step)
            parts.append(moved)
        return np.concatenate(parts)


def _clip(clip: Clipper | None, flat_gradient: Array, gradients: list[Parameters]) -> None:
    """Clip in place, as Keras does: each tensor by itself, or all together."""
    if clip is None:
        return
    if clip.together:
        flat_gradient[:] = clip(flat_gradient)
        return
    for layer in gradients:
        for array in layer.values():
            array[...] = clip(array.ravel()).reshape(array.shape)


def _norms(layers: list[Parameters]) -> list[float]:
    return [norm(layer["kernel"]) for layer in layers]


def _dead(network: Network, slope: Array) -> float:
    saturated = np.abs(slope) < SATURATED * network.activation.steepest
    return float(saturated.all(axis=0).mean())


def _breakdown_of_pass(
    step: int, activities: list[Activity], outputs: Array, loss: float, gradients: list[Parameters]
) -> Breakdown | None:
    """The first number that is not finite, in the order in which they are computed."""
    for layer, activity in enumerate(activities, start=1):
        if not np.isfinite(activity.leaving).all():
            return Breakdown(step, layer, "activation")
    readout = len(gradients)
    if not np.isfinite(outputs).all():
        return Breakdown(step, readout, "output")
    if not np.isfinite(loss):
        return Breakdown(step, readout, "loss")
    return _first_bad(step, "gradient", gradients)


def _first_bad(step: int, what: str, layers: list[Parameters]) -> Breakdown | None:
    """The last layer with a number that is not finite: the backward pass comes to it first."""
    for layer in range(len(layers), 0, -1):
        if not all(np.isfinite(array).all() for array in layers[layer - 1].values()):
            return Breakdown(step, layer, what)
    return None
