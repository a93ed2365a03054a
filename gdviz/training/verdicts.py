"""Faults of a training that has ended, from its measurements, with cures.

A verdict names the fault, the numbers that show it, and the usual cures; each cure is the same setup with one thing
changed.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.training.cures import cures
from gdviz.training.live import Live
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.parts import EarlyStopping, ReduceOnPlateau
from gdviz.training.setup import LOSSES, TrainingSetup

VANISHED = 1e-2
"""The first layer's gradient over the last one's, below which a network without success is said to have lost it."""
_TINY = 1e-5
_EXPLAINED = 0.05
"""A regression that explains less of the variance is at chance level."""
_WORSE = 1.1
"""The last validation loss over the smallest, from which it counts as overfitting."""
_FLAT = 0.01
"""The share by which the loss has to fall in the last third of the epochs, or it has reached a plateau."""
_RARE = 5.0
"""A class so many times as frequent as another makes the classes unequal."""
_FEWEST_EPOCHS = 6


@dataclass(frozen=True)
class Verdict:
    """A fault of a training, and its cures."""

    name: str
    """ "diverged", "vanishing", "chance level", "overfitting", "plateau" or "class imbalance"."""
    words: str
    cures: dict[str, TrainingSetup]
    """Setups to try instead, by their change."""


def verdicts(setup: TrainingSetup, live: Live) -> list[Verdict]:
    """The faults of a run that has ended; none where nothing stands out.

    Args:
        setup: The training.
        live: Its measurements.
    """
    if live.end and live.end.status == "diverged":
        return [Verdict("diverged", live.end.reason, cures(setup))]
    rules: tuple[Callable[[TrainingSetup, Live], Verdict | None], ...] = (
        _unlearned,
        _overfitting,
        _plateau,
        _imbalance,
    )
    found = [verdict for rule in rules if (verdict := rule(setup, live)) is not None]
    # A model that has learned nothing has a plateau too, and calls all rows the most frequent class.
    return found[:1] if found and found[0].name in ("vanishing", "chance level") else found


def _unlearned(setup: TrainingSetup, live: Live) -> Verdict | None:
    """At chance level at the end: with a gradient that does not reach the first layer, or with one that does."""
    level = _chance_level(live)
    if level is None:
        return None
    if "zeros" in {setup.output.kernel_initializer, *(layer.kernel_initializer for layer in setup.layers)}:
        words = f"{level} Weights that begin at 0 give all units of a layer the same gradient, or none."
        return Verdict("chance level", words, {"random initial weights": _initialised(setup, "glorot_uniform")})
    _, norms = live.series("gradient_norm", "epoch")
    if norms.ndim == 2 and norms.shape[1] > 1 and np.all(np.isfinite(norms[-1])) and norms[-1, -1] > 0:
        first, last = float(norms[-1, 0]), float(norms[-1, -1])
        if first < VANISHED * last or norms[-1].max() < _TINY:
            words = (
                f"{level} The gradient vanishes on its way back: its norm is {last:.2g} in the last layer and "
                f"{first:.2g} in the first, which so learns nothing."
            )
            return Verdict("vanishing", words, _let_gradients_through(setup))
    if _imbalance(setup, live) is not None:
        return None
    inactive = live.series("inactive", "epoch")[1]
    dead = inactive.ndim == 2 and inactive.shape[1] > 0 and float(np.nanmax(inactive[-1])) > 0.9
    why = (
        "Nearly all units of a layer are dead or saturated."
        if dead
        else "The gradient reaches all layers: steps are too short or too long, epochs too few, or the units alike."
    )
    changed = {"ten times the learning rate": _rate(setup, 10), "a tenth of the learning rate": _rate(setup, 0.1)}
    if dead:
        changed = {**_let_gradients_through(setup), "a tenth of the learning rate": _rate(setup, 0.1)}
    return Verdict("chance level", f"{level} {why}", changed)


def _chance_level(live: Live) -> str | None:
    """That the model says no more than a constant would; None where it does, or where that is not known."""
    if live.snapshot is None:
        return None
    if live.snapshot.confusion is not None:
        counts = np.array(live.snapshot.confusion)
        rows, frequent = int(counts.sum()), float(counts.sum(axis=1).max())
        if not rows:
            return None
        right, chance = float(np.trace(counts)) / rows, frequent / rows
        one_answer = counts.sum(axis=0).max() >= 0.98 * rows
        # Two standard errors above the most frequent class, no more than luck gives.
        lucky = right <= chance + 2 * np.sqrt(chance * (1 - chance) / rows) and not chance > 0.7
        if not (one_answer or lucky) or (one_answer and right > 0.98):
            return None
        return f"Chance level: {right:.0%} of the {live.snapshot.part} part are right, as by always saying one class."
    if live.snapshot.residuals is not None:
        predicted, true = (np.array(live.snapshot.residuals[name], dtype=float) for name in ("predicted", "true"))
        if len(true) < 2 or np.var(true) == 0:
            return None
        explained = 1 - np.mean((true - predicted) ** 2) / np.var(true)
        if explained < _EXPLAINED and np.std(predicted) < 0.25 * np.std(true):
            return f"Chance level: {max(explained, 0):.0%} of the variance is explained, as by always saying the mean."
    return None


def _overfitting(setup: TrainingSetup, live: Live) -> Verdict | None:
    epochs, validation = live.series("val_loss", "epoch")
    _, training = live.series("loss", "epoch")
    if len(validation) < _FEWEST_EPOCHS or not np.all(np.isfinite(validation)) or len(training) != len(validation):
        return None
    smooth = _smooth(validation)
    best = int(np.argmin(smooth))
    if smooth[-1] < _WORSE * smooth[best] or training[-1] >= training[best] or best == len(smooth) - 1:
        return None
    words = (
        f"Overfitting since epoch {epochs[best]}: the validation loss was {validation[best]:.3g} there and is "
        f"{validation[-1]:.3g} now, while the training loss went on falling, from {training[best]:.3g} to "
        f"{training[-1]:.3g}."
    )
    found = {}
    if setup.early_stopping is None:
        stopping = EarlyStopping(patience=max(3, setup.epochs // 10), restore_best_weights=True)
        found["early stopping, with the best weights"] = setup.changed(early_stopping=stopping)
    if setup.layers:
        found["dropout of 0.3"] = setup.changed(layers=tuple(replace(layer, dropout=0.3) for layer in setup.layers))
        found["an L2 penalty of 0.01"] = setup.changed(layers=tuple(replace(layer, l2=0.01) for layer in setup.layers))
        smaller = tuple(replace(layer, units=max(1, layer.units // 4)) for layer in setup.layers)
        found["a quarter of the units"] = setup.changed(layers=smaller)
    return Verdict("overfitting", words, found)


def _plateau(setup: TrainingSetup, live: Live) -> Verdict | None:
    """The training loss has not fallen for a third of the epochs, far from its possible end."""
    epochs, loss = live.series("loss", "epoch")
    if len(loss) < 3 * _FEWEST_EPOCHS or not np.all(np.isfinite(loss)) or setup.data.task == "regression":
        return None
    smooth, start = _smooth(loss), 2 * len(loss) // 3
    if smooth[-1] < (1 - _FLAT) * smooth[start] or smooth[-1] < 0.1 * loss[0] or smooth[-1] > smooth[0]:
        return None
    level = smooth[-1] * (1 + _FLAT)
    since = int(np.flatnonzero(smooth > level)[-1]) + 1 if np.any(smooth > level) else 0
    words = f"A plateau: the training loss is {loss[-1]:.3g}, and has not fallen by 1 % since epoch {epochs[since]}."
    found = {"a tenth of the learning rate": _rate(setup, 0.1), "ten times the learning rate": _rate(setup, 10)}
    if setup.reduce_on_plateau is None:
        with suppress(ValueError):  # it goes with the constant schedule only
            rule = ReduceOnPlateau(monitor="loss", patience=max(2, len(loss) // 20))
            found["a rate reduced on plateaus"] = setup.changed(reduce_on_plateau=rule)
    if setup.layers:
        wider = tuple(replace(layer, units=min(8192, 2 * layer.units)) for layer in setup.layers)
        found["twice the units"] = setup.changed(layers=wider)
    return Verdict("plateau", words, found)


def _imbalance(setup: TrainingSetup, live: Live) -> Verdict | None:
    """A rare class that is hardly ever found, behind a good accuracy."""
    if live.start is None or live.snapshot is None or live.snapshot.confusion is None:
        return None
    counts = np.array(live.snapshot.confusion)
    rows = counts.sum(axis=1)
    there = np.flatnonzero(rows > 0)
    if len(there) < 2:
        return None
    found = np.diag(counts) / np.maximum(rows, 1)
    frequent, rare = int(rows.argmax()), int(there[np.argmin(found[there])])
    if rows[frequent] < _RARE * rows[rare] or found[rare] > 0.5 or found[frequent] < 0.8:
        return None
    names = live.start.classes
    share, right = rows[frequent] / rows.sum(), np.trace(counts) / rows.sum()
    words = (
        f"Class imbalance: {share:.0%} of the rows are {names[frequent]}, and of {rows[rare]} rows that are "
        f"{names[rare]} {found[rare]:.0%} are found. The accuracy of {right:.0%} hides that; F1 and AUC show it."
    )
    focal = [name for name in LOSSES[setup.data.task] if "focal" in name and name != setup.loss]
    cured = {f"the loss {name.replace('_', ' ')}": setup.changed(loss=name) for name in focal}
    return Verdict(
        "class imbalance", words, {**cured, "three times the epochs": setup.changed(epochs=3 * setup.epochs)}
    )


def _let_gradients_through(setup: TrainingSetup) -> dict[str, TrainingSetup]:
    found = {}
    if any(layer.activation != "relu" for layer in setup.layers):
        layers = tuple(replace(layer, activation="relu", kernel_initializer="he_normal") for layer in setup.layers)
        found["relu, with He's initial weights"] = setup.changed(layers=layers)
    if setup.layers and all(layer.normalization == "none" for layer in setup.layers):
        layers = tuple(replace(layer, normalization="batch") for layer in setup.layers)
        found["batch normalisation"] = setup.changed(layers=layers)
    if len(setup.layers) > 2 and len({layer.units for layer in setup.layers}) == 1:
        layers = (setup.layers[0], *(replace(layer, residual=True) for layer in setup.layers[1:]))
        found["residual connections"] = setup.changed(layers=layers)
    if len(setup.layers) > 3:
        found["three layers"] = setup.changed(layers=setup.layers[:3])
    if setup.optimizer.name != "adam":
        found["Adam with its usual learning rate"] = setup.changed(optimizer=KERAS_OPTIMIZERS.make("adam"))
    return found


def _initialised(setup: TrainingSetup, name: str) -> TrainingSetup:
    layers = tuple(replace(layer, kernel_initializer=name) for layer in setup.layers)
    return setup.changed(layers=layers, output=replace(setup.output, kernel_initializer=name))


def _rate(setup: TrainingSetup, factor: float) -> TrainingSetup:
    rate = setup.optimizer.learning_rate * factor
    return setup.changed(optimizer=replace(setup.optimizer, learning_rate=rate))


def _smooth(values: NDArray[Any]) -> NDArray[Any]:
    """The median of each value and its neighbours."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))
