"""The signal forward and the gradient backward through a deep network: :func:`propagate` and its record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.gradflow.activations import ACTIVATIONS, SATURATED, Activation
from gdviz.gradflow.initializers import INITIALIZERS, Initializer
from gdviz.gradflow.inputs import INPUTS, Inputs
from gdviz.gradflow.losses import LOSSES, Loss
from gdviz.gradflow.network import Activity, LayerGradient, Network, backward, forward
from gdviz.gradflow.normalizations import NORMALIZATIONS, Normalization
from gdviz.gradflow.residuals import RESIDUALS, Residual

Array = NDArray[np.float64]

BINS = 40
"""Bins of a histogram."""


@dataclass(frozen=True, eq=False)
class Histograms:
    """One histogram for each of S seeds and L layers, over the finite numbers between the smallest and the largest."""

    counts: NDArray[np.int64]
    """Shape (S, L, BINS)."""
    edges: Array
    """Shape (S, L, BINS + 1); NaN where a layer holds numbers that are not finite."""


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Measurements of S networks (axis 0: seeds) of L hidden layers (axis 1: layers 1 to L).

    h_l are the activations of layer l, of shape (batch, width); norms are over all entries. Numbers that overflow or
    are undefined stand as infinity and NaN.
    """

    setup: Network
    """The network that was measured."""
    mean: Array
    """Mean of the activations h_l, shape (S, L)."""
    std: Array
    """Standard deviation of the activations h_l, shape (S, L)."""
    pre_activation: Array
    """Mean square of the inputs of the activation function, shape (S, L): the q_l of mean-field theory."""
    saturated: Array
    """Share of entries where the activation's slope is below 1% of its steepest, shape (S, L). For ReLU: the zeros."""
    dead: Array
    """Share of units that are saturated for every sample of the batch, shape (S, L)."""
    symmetric: NDArray[np.bool_]
    """True where all units of a layer compute the same, shape (S, L)."""
    activation_gradient: Array
    """Norm of ∂L/∂h_l, shape (S, L)."""
    weight_gradient: Array
    """Norm of ∂L/∂W_l, shape (S, L)."""
    weight_norm: Array
    """Norm of the kernel W_l that is trained, shape (S, L)."""
    readout_gradient: Array
    """Norm of ∂L/∂W of the readout, shape (S,)."""
    output_gradient: Array
    """Norm of ∂L/∂o, o being the outputs, shape (S,)."""
    loss: Array
    """Shape (S,)."""
    activation_histogram: Histograms
    """Of the entries of h_l."""
    activation_gradient_histogram: Histograms
    """Of the entries of ∂L/∂h_l."""
    weight_gradient_histogram: Histograms
    """Of the entries of ∂L/∂W_l."""

    @property
    def layers(self) -> NDArray[np.int64]:
        """The numbers of the hidden layers, 1 to L, shape (L,)."""
        return np.arange(1, self.mean.shape[1] + 1)

    @cached_property
    def signal_gain(self) -> Array:
        """Root mean square of h_{l+1} over that of h_l, shape (S, L-1): the factor of layer l+1 on the signal."""
        with np.errstate(all="ignore"):
            size = np.hypot(self.mean, self.std)
            return np.asarray(size[:, 1:] / size[:, :-1])

    @cached_property
    def gradient_gain(self) -> Array:
        """Norm of ∂L/∂h_l over that of ∂L/∂h_{l+1}, shape (S, L-1): the factor of layer l+1 on the gradient."""
        with np.errstate(all="ignore"):
            return np.asarray(self.activation_gradient[:, :-1] / self.activation_gradient[:, 1:])

    @property
    def first_non_finite(self) -> tuple[str, int] | None:
        """The first quantity that is not finite, "signal" or "gradient", and its layer, over all seeds.

        The signal goes from layer 1 up, the gradient from the last layer down.
        """
        bad_signal = ~np.isfinite(self.std).all(axis=0)
        if bad_signal.any():
            return "signal", int(self.layers[bad_signal][0])
        bad_gradient = ~np.isfinite(self.activation_gradient).all(axis=0)
        if bad_gradient.any():
            return "gradient", int(self.layers[bad_gradient][-1])
        return None


def propagate(
    depth: int = 20,
    width: int = 100,
    activation: str | Activation = "tanh",
    initializer: str | Initializer = "glorot",
    normalization: str | Normalization = "none",
    residual: str | Residual = "none",
    *,
    weight_scale: float = 1.0,
    bias_scale: float = 0.0,
    inputs: str | Inputs = "gaussian",
    loss: str | Loss = "cross_entropy",
    batch_size: int = 128,
    seeds: int = 1,
    seed: int = 0,
) -> GradientFlow:
    """Send a batch forward and its gradient backward through freshly drawn networks, and measure both in each layer.

    Args:
        depth: The number of hidden layers, from 1 to 200.
        width: Units in each hidden layer, from 2 to 1024.
        activation, initializer, normalization, residual, inputs, loss: Entries of the catalogues of ``gdviz.gradflow``,
            or their names.
        weight_scale: The factor of every initial weight.
        bias_scale: Standard deviation of the initial biases.
        batch_size: Samples in the batch, from 2 to 1024.
        seeds: The number of networks, drawn with ``seed``, ``seed`` + 1, ...
        seed: Determines the data and the weights.

    Raises:
        ValueError: An argument is not allowed; the message names it, its value, and what is allowed.

    >>> flow = propagate(depth=20, width=64, activation="sigmoid")
    >>> flow.activation_gradient.shape, bool(flow.activation_gradient[0, 0] < 1e-10 * flow.activation_gradient[0, -1])
    ((1, 20), True)
    """
    return measure(
        Network(
            depth=depth,
            width=width,
            activation=ACTIVATIONS.make(activation),
            initializer=INITIALIZERS.make(initializer),
            weight_scale=weight_scale,
            bias_scale=bias_scale,
            normalization=NORMALIZATIONS.make(normalization),
            residual=RESIDUALS.make(residual),
            inputs=INPUTS.make(inputs),
            loss=LOSSES.make(loss),
            batch_size=batch_size,
            seeds=seeds,
            seed=seed,
        )
    )


def measure(network: Network) -> GradientFlow:
    """Measure a network with all its seeds."""
    return _record(network, [measure_seed(network, network.seed + k) for k in range(network.seeds)])


def stream(
    network: Network, measured: Callable[[Network, int], dict[str, Any]] | None = None
) -> Iterator[GradientFlow]:
    """Measure a network seed by seed: the record of the first seed, then of the first two, and so on.

    Args:
        measured: In place of :func:`measure_seed`, one that remembers what it has measured before.
    """
    rows = []
    for k in range(network.seeds):
        rows.append((measured or measure_seed)(network, network.seed + k))
        yield _record(network, rows)


def _record(network: Network, rows: list[dict[str, Any]]) -> GradientFlow:
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for name in [f.name for f in fields(GradientFlow) if f.name.endswith("histogram")]:
        columns[name] = Histograms(columns.pop(f"{name}_counts"), columns.pop(f"{name}_edges"))
    return GradientFlow(setup=network, **columns)


def measure_seed(network: Network, seed: int) -> dict[str, Any]:
    """Fields of a GradientFlow by name, without the axis of seeds. The network's own seeds do not count."""
    x, targets, layers = network.sample(seed)
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        activities, outputs = forward(network, layers, x)
        signal = [_measure_signal(activity) for activity in activities]
        gradients = backward(network, layers, activities, network.loss.gradient(outputs, targets))
        top = next(gradients)
        gradient = [_measure_gradient(network, found) for found in gradients][::-1]
        return {
            **{name: [row[name] for row in signal] for name in signal[0]},
            **{name: [row[name] for row in gradient] for name in gradient[0]},
            "weight_norm": [norm(parameters["kernel"]) for parameters in layers[:-1]],
            "readout_gradient": norm(top.parameters["kernel"]),
            "output_gradient": norm(top.leaving),
            "loss": network.loss.value(outputs, targets),
        }


def _measure_signal(activity: Activity) -> dict[str, Any]:
    h = activity.leaving
    mean = float(h.mean())
    counts, edges = histogram(h)
    return {
        "mean": mean,
        "std": norm(h - mean) / np.sqrt(h.size),
        "pre_activation": np.float64(norm(activity.u) / np.sqrt(activity.u.size)) ** 2,
        "symmetric": _is_symmetric(h),
        "activation_histogram_counts": counts,
        "activation_histogram_edges": edges,
    }


def _measure_gradient(network: Network, found: LayerGradient) -> dict[str, Any]:
    assert found.slope is not None  # the hidden layers have one
    saturated = np.abs(found.slope) < SATURATED * network.activation.steepest
    by_activations, by_weights = found.leaving, found.parameters["kernel"]
    activation_counts, activation_edges = histogram(by_activations)
    weight_counts, weight_edges = histogram(by_weights)
    return {
        "saturated": np.count_nonzero(saturated) / saturated.size,
        "dead": np.count_nonzero(saturated.all(axis=0)) / saturated.shape[1],
        "activation_gradient": norm(by_activations),
        "weight_gradient": norm(by_weights),
        "activation_gradient_histogram_counts": activation_counts,
        "activation_gradient_histogram_edges": activation_edges,
        "weight_gradient_histogram_counts": weight_counts,
        "weight_gradient_histogram_edges": weight_edges,
    }


def _is_symmetric(h: Array) -> bool:
    """True where the columns are the same, up to the rounding of sums that are taken in another order."""
    tolerance = 1e-12 * float(np.abs(h[:, 0]).max())
    # Two columns tell nearly always; only where these agree is the rest looked at.
    return all(bool((np.abs(h[:, :k] - h[:, :1]) <= tolerance).all()) for k in (2, h.shape[1]))


def norm(array: Array) -> float:
    """The root of the sum of squares of all entries, also where the squares overflow or underflow.

    >>> norm(np.array([3.0, -4.0])), norm(np.array([3e-200, 4e-200]))
    (5.0, 5e-200)
    """
    flat = array.ravel()
    length = float(np.sqrt(flat @ flat))
    if 1e-140 < length < np.inf:
        return length
    largest = float(np.abs(flat).max())
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    scaled = flat / largest
    return largest * float(np.sqrt(scaled @ scaled))


def histogram(array: Array) -> tuple[NDArray[np.int64], Array]:
    """Counts in equal bins between the smallest and the largest entry, and their edges; see :class:`Histograms`.

    >>> histogram(np.array([0.0, 0.5, 1.0, 1.0]))[0].nonzero()[0].tolist()
    [0, 20, 39]
    """
    flat = array.ravel()
    low, high = float(flat.min()), float(flat.max())
    if not np.isfinite(high - low):
        return np.zeros(BINS, dtype=np.int64), np.full(BINS + 1, np.nan)
    if low == high:
        low, high = low - 0.5, high + 0.5
    bins = (flat - low) / (high - low) * BINS
    counts = np.bincount(np.minimum(bins.astype(np.int64), BINS - 1), minlength=BINS)
    return counts, np.linspace(low, high, BINS + 1)
