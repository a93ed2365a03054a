"""Measurements in words, with numbers."""

import numpy as np
from numpy.typing import NDArray

from gdviz.gradflow import theory
from gdviz.gradflow.dynamics import TrainingRun
from gdviz.gradflow.flow import GradientFlow
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import RecurrentFlow

Array = NDArray[np.float64]

STEADY = 100.0
"""A gradient that changes by less than this factor, from the last layer to the first, is called steady."""


def trend(ratio: float) -> str:
    """vanishing, steady or exploding, for the gradient at the first layer over that at the last.

    >>> trend(1e-3), trend(0.5), trend(1e3)
    ('vanishing', 'steady', 'exploding')
    """
    return "vanishing" if ratio < 1 / STEADY else "exploding" if ratio > STEADY else "steady"


def verdict(flow: GradientFlow) -> str:
    """The fate of signal and gradient in a measured network, and its causes, from the medians over the seeds."""
    if flow.first_non_finite:
        return _overflow(flow)
    sentences = [_gradient(flow), *_causes(flow)]
    if flow.symmetric.all():
        sentences.append(
            "All units of a layer compute the same and get the same gradient: "
            "they can never become different, as if the network were one unit wide."
        )
    return " ".join(sentences)


def _overflow(flow: GradientFlow) -> str:
    assert flow.first_non_finite is not None
    what, layer = flow.first_non_finite
    finite = flow.signal_gain if what == "signal" else flow.gradient_gain
    gains = finite[np.isfinite(finite) & (finite > 0)]
    each = f": every layer multiplies it by about {np.median(gains):.3g}" if len(gains) else ""
    return f"The {what} leaves the finite numbers at layer {layer}{each}. Exploding."


def _gradient(flow: GradientFlow) -> str:
    gradient = np.median(flow.activation_gradient, axis=0)
    depth = len(gradient)
    if not gradient.any():
        only = "the readout's weights and bias" if flow.readout_gradient.any() else "the readout's bias"
        return f"The gradient is exactly 0 at every hidden layer: nothing but {only} can learn."
    if gradient[0] == 0:
        last_zero = int(np.flatnonzero(gradient == 0)[-1]) + 1
        return f"The gradient is exactly 0 from layer {last_zero} down: it has vanished altogether."
    if depth == 1:
        return f"The gradient at the one hidden layer is {gradient[0]:.2g}: there is no depth to vanish in."
    ratio = float(gradient[0] / gradient[-1])
    factor = ratio ** (1 / (depth - 1))
    return (
        f"The gradient at layer 1 is {ratio:.2g} {_of(ratio)} that at layer {depth}: {trend(ratio)}, "
        f"a factor of {factor:.3g} a layer."
    )


def _causes(flow: GradientFlow) -> list[str]:
    """The causes that the measurement suggests; none where all is well."""
    network, activation = flow.setup, flow.setup.activation
    gradient = np.median(flow.activation_gradient, axis=0)
    ratio = float(gradient[0] / gradient[-1]) if gradient[-1] else 1.0
    sentences = []
    if trend(ratio) == "vanishing" and activation.steepest < 1:
        sentences.append(f"{activation.label}'s derivative is at most {activation.steepest:g}.")
    saturated, dead = float(flow.saturated.mean()), float(flow.dead.mean())
    if saturated > 0.25 and activation.name in ("sigmoid", "tanh", "softsign"):
        sentences.append(f"{saturated:.0%} of the activations are saturated, where {activation.label} is flat.")
    if dead > 0.05:
        sentences.append(f"{dead:.0%} of the units are dead: no sample of the batch gets a gradient through them.")
    size = np.median(np.hypot(flow.mean, flow.std), axis=0)
    if size[0] > 0 and trend(float(size[-1] / size[0])) != "steady":
        sentences.append(f"The signal goes from {size[0]:.2g} at layer 1 to {size[-1]:.2g} at layer {len(size)}.")
    return sentences + _in_theory(network)


def _in_theory(network: Network) -> list[str]:
    try:
        field = theory.of_network(network)
    except ValueError:  # the theory does not cover this network, and then has nothing to say
        return []
    chi = field.chi
    return [
        f"Mean-field theory expects a factor of {np.sqrt(chi):.3g} a layer deep inside a wide network "
        f"(σ_w² = {field.weight_variance:.3g}, σ_b² = {field.bias_variance:.3g}, χ₁ = {chi:.3g}: {field.phase})."
    ]


def recurrent_verdict(flow: RecurrentFlow) -> str:
    """The fate of the gradient on its way back through time."""
    size = np.sqrt(sum(np.median(norms, axis=0) ** 2 for norms in flow.gradient.values()))
    radius = float(np.median(flow.spectral_radius))
    if not np.isfinite(size).all():
        return f"The gradient leaves the finite numbers: exploding. The spectral radius of U is {radius:.3g}."
    ratio = float(size[0] / size[-1]) if size[-1] else 0.0
    return (
        f"The gradient at step 1 is {ratio:.2g} {_of(ratio)} that at step {len(size)}: {trend(ratio)}, "
        f"a factor of {float(np.median(flow.factor)):.3g} a step. The spectral radius of U is {radius:.3g}."
    )


def training_verdict(run: TrainingRun) -> str:
    """How a training run went, and where it broke down, if it did."""
    readout = run.gradient.shape[1]
    if run.breakdown:
        step, layer, what = run.breakdown
        where = "the readout" if layer == readout else f"layer {layer}"
        largest = run.gradient[:, 0][np.isfinite(run.gradient[:, 0])]
        size = f" The gradient at layer 1 had reached {largest.max():.2g}." if len(largest) else ""
        return (
            f"At step {step} the first number that is not finite appeared: {_article(what)} of {where}.{size} "
            "A smaller learning rate or clipping by norm usually helps."
        )
    ratio = float(np.median(run.gradient[:, 0] / np.maximum(run.gradient[:, -2], 1e-300))) if readout > 2 else 1.0
    sentences = [
        f"In {run.steps} steps the loss went from {run.loss[0]:.3g} to {run.loss[-1]:.3g} "
        f"(accuracy {run.accuracy[-1]:.0%}).",
        f"The weights' gradient at layer 1 is {ratio:.2g} {_of(ratio)} that at layer {readout - 1}.",
    ]
    if run.clipped.any():
        sentences.append(f"Clipping acted in {run.clipped.sum()} of {run.steps} steps.")
    worst = int(run.dead[-1].argmax())
    if run.dead[-1, worst] > 0.05:
        sentences.append(f"At the end {run.dead[-1, worst]:.0%} of the units of layer {worst + 1} are dead.")
    return " ".join(sentences)


def _of(ratio: float) -> str:
    """How a ratio is read: a half of it, or three times it."""
    return "of" if ratio < 1 else "times"


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "ao" else f"a {what}"
