"""A training told in a few sentences when it has ended, from what it measured."""

import numpy as np

from gdviz.training.live import Live
from gdviz.training.setup import TrainingSetup

_STEADY = 0.02
"""A loss that changes by a smaller share is said to have stayed."""


def told(setup: TrainingSetup, live: Live) -> str:
    """The outcome of a training: its loss, its best epoch, and how it does on rows that it has not seen.

    Args:
        setup: What was trained.
        live: What it measured. Where that is less than an epoch, there is nothing to tell.
    """
    epochs, losses = live.series("loss", "epoch")
    if not len(losses):
        return ""
    return " ".join(filter(None, (_fall(epochs, losses), _best(setup, live), _unseen(setup, live))))


def _fall(epochs: np.ndarray, losses: np.ndarray) -> str:
    first, last, count = float(losses[0]), float(losses[-1]), int(epochs[-1])
    if not np.isfinite(last):
        return f"The loss was {first:.3g} in the first epoch and left the finite numbers in epoch {count}."
    if count == 1:
        return f"In its only epoch the training loss was {last:.3g}."
    if abs(last - first) <= _STEADY * abs(first):
        return f"In {count} epochs the training loss stayed where it was, at {last:.3g}."
    return f"In {count} epochs the training loss {'fell' if last < first else 'rose'} from {first:.3g} to {last:.3g}."


def _best(setup: TrainingSetup, live: Live) -> str:
    """The best epoch by the validation loss, and what has come of it since."""
    epochs, losses = live.series("val_loss", "epoch")
    if not len(losses) or not np.isfinite(losses).any():
        return ""
    best = int(np.nanargmin(losses))
    words = f"The validation loss was lowest after epoch {epochs[best]}, at {losses[best]:.3g}"
    accuracy = next((name for name in setup.metrics or () if "accuracy" in name), None)
    if accuracy:
        _, values = live.series(f"val_{accuracy}", "epoch")
        if len(values) == len(losses) and np.isfinite(values[best]):
            words += f", with {100 * values[best]:.1f} % right"
    if best < len(losses) - 1 and losses[-1] > (1 + _STEADY) * losses[best]:
        words += f", and has risen to {losses[-1]:.3g} since"
    return f"{words}."


def _unseen(setup: TrainingSetup, live: Live) -> str:
    """The scores on the test part, which played no part in the training."""
    scores = live.end.scores.get("test", {}) if live.end else {}
    if not scores or setup.split.validate_on_test:
        return ""
    accuracy = next((name for name in scores if "accuracy" in name), None)
    if accuracy:
        return f"Of rows it has never seen, {100 * scores[accuracy]:.1f} % are right."
    return f"On rows it has never seen the loss is {scores['loss']:.3g}."
