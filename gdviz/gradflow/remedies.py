"""Changes that usually cure a network, one at a time, so that before and after can stand side by side."""

import math
from dataclasses import dataclass, replace
from typing import Any

from gdviz.clipping import CLIPPERS
from gdviz.gradflow.activations import ACTIVATIONS
from gdviz.gradflow.dynamics import Training
from gdviz.gradflow.initializers import INITIALIZERS
from gdviz.gradflow.network import Network
from gdviz.gradflow.normalizations import NORMALIZATIONS
from gdviz.gradflow.recurrent import CELLS, LSTM, Recurrent
from gdviz.gradflow.residuals import RESIDUALS, Scaled


@dataclass(frozen=True)
class Cure:
    """One change, and the network that has it."""

    changes: str
    """The field that differs: "initializer", "activation", "normalization" or "residual"."""
    label: str
    """The label of its switch."""
    why: str
    """One sentence."""
    network: Network


def matching_initializer(activation: str) -> str:
    """The name of the initialiser that is made for an activation.

    >>> [matching_initializer(name) for name in ("relu", "selu", "tanh")]
    ['he', 'lecun', 'glorot']
    """
    return "lecun" if activation == "selu" else "he" if ACTIVATIONS[activation].rectifier else "glorot"


def cures(network: Network) -> tuple[Cure, ...]:
    """Candidate cures, each one change to ``network``; measure them to see which helps. No change, no candidate.

    >>> [cure.label for cure in cures(Network(activation="sigmoid", initializer="zeros"))]
    ['Glorot', 'Orthogonal', 'ReLU', 'tanh', 'Batch', 'Layer', 'Plain', 'Scaled']
    """
    scaled = Scaled(scale=1 / math.sqrt(network.depth))
    candidates: list[tuple[str, Any, str]] = [
        *(
            ("initializer", INITIALIZERS[name](), "Weights of a size that fits the width and the activation.")
            for name in (matching_initializer(network.activation.name), "orthogonal")
        ),
        ("activation", ACTIVATIONS["relu"](), "Slope 1 wherever it is active."),
        ("activation", ACTIVATIONS["tanh"](), "Slope 1 around 0, and activations around 0."),
        ("normalization", NORMALIZATIONS["batch"](), "Every unit is kept at variance 1 over the batch."),
        ("normalization", NORMALIZATIONS["layer"](), "Every sample is kept at variance 1 over the units."),
        ("residual", RESIDUALS["plain"](), "The gradient has a way around every layer."),
        ("residual", scaled, "A way around every layer, and a signal that does not grow with depth."),
    ]
    found = []
    for name, entry, why in candidates:
        changed = replace(network, **{name: entry})
        if name == "initializer":
            changed = replace(changed, weight_scale=1.0, bias_scale=0.0)
        if changed != network:
            found.append(Cure(name, entry.label, why, changed))
    return tuple(found)


@dataclass(frozen=True)
class TrainingCure:
    """One change, and the training that has it."""

    changes: str
    """The field that differs: "clip", "weight_clip", "learning_rate", or a field of the network."""
    label: str
    why: str
    training: Training


def training_cures(training: Training) -> tuple[TrainingCure, ...]:
    """Candidate cures of a training run: clipping gradients or weights, a smaller learning rate, and those of its
    network.

    Weights are clipped where Glorot's, of standard deviation 1/√width, hardly ever come: at 3/√width.

    >>> [cure.label for cure in training_cures(Training(Network(width=100))) if "weight" in cure.changes]
    ['Weights within ±0.3']
    """
    slower = training.optimizer.learning_rate / 10
    edge = float(f"{3 / math.sqrt(training.network.width):.1g}")
    found = [
        TrainingCure(
            "clip", f"Clip {entry.label[0].lower()}{entry.label[1:]}", entry.summary(), replace(training, clip=entry())
        )
        for entry in CLIPPERS.values()
        if training.clip != entry()
    ]
    if training.weight_clip is None or training.weight_clip > edge:
        found.append(
            TrainingCure(
                "weight_clip",
                f"Weights within ±{edge:g}",
                "After each step, every weight beyond is cut: layers cannot grow, and so neither can the gradient.",
                replace(training, weight_clip=edge),
            )
        )
    found.append(
        TrainingCure(
            "learning_rate",
            f"Learning rate {slower:g}",
            "Smaller steps stay where the gradient still tells the way.",
            training.with_learning_rate(slower),
        )
    )
    found += [
        TrainingCure(cure.changes, cure.label, cure.why, replace(training, network=cure.network))
        for cure in cures(training.network)
    ]
    return tuple(found)


def recurrent_cures(setup: Recurrent) -> tuple[Recurrent, ...]:
    """Candidate cures of a recurrent network: other cells, an open forget gate, and a spectral radius of 1."""
    candidates = [
        replace(setup, spectral_radius=1.0),
        *(replace(setup, cell=cell()) for cell in CELLS.values()),
        replace(setup, cell=LSTM(forget_bias=3.0)),
    ]
    return tuple(candidate for candidate in candidates if candidate != setup)


def recurrent_label(setup: Recurrent, other: Recurrent | None = None) -> str:
    """A recurrent network in words: what is not the default, or what distinguishes it from ``other``.

    >>> recurrent_label(Recurrent(cell=LSTM(forget_bias=3.0))), recurrent_label(Recurrent(units=16), Recurrent())
    ('LSTM, forget bias 3', 'units 16')
    """
    values = (other or Recurrent()).values()
    told = [_setting(name, value) for name, value in setup.values().items() if value != values[name]]
    if other is None or setup.cell != other.cell:
        told = [setup.cell.label, *(_setting(name, value) for name, value in setup.cell.changes().items()), *told]
    return ", ".join(told)


def _setting(name: str, value: object) -> str:
    return f"{name.replace('_', ' ')} {f'{value:g}' if isinstance(value, float) else value}"
