"""A training told in a few sentences when it has ended, from what it measured."""

import numpy as np

from gdviz.training.live import Live
from gdviz.training.setup import SHARES_RIGHT, TrainingSetup

_STEADY = 0.02
"""A loss that changes by a smaller share is said to have stayed."""


def told(setup: TrainingSetup, live: Live) -> str:
    """The outcome of a training: its loss, its best epoch, and how it does on rows that it has not seen.

    Args:
        setup: What was trained.
        live: What it measured. Where that is less than an epoch, there is nothing to tell.
    """
    if not len(live.epochs.at):
        return ""
    return " ".join(filter(None, (_fall(live), _end(live), _best(setup, live), _unseen(setup, live))))


def _fall(live: Live) -> str:
    epochs, losses = live.series("loss", "epoch")
    first, last, count = float(losses[0]), float(losses[-1]), int(epochs[-1])
    if not np.isfinite(last):
        return f"The loss was {first:.3g} in the first epoch and left the finite numbers in epoch {count}."
    if count == 1:
        only = "only" if live.end and live.end.status == "finished" else "first"
        return f"In its {only} epoch the training loss was {last:.3g}."
    if abs(last - first) <= _STEADY * abs(first):
        return f"In {count} epochs the training loss stayed where it was, at {last:.3g}."
    return f"In {count} epochs the training loss {'fell' if last < first else 'rose'} from {first:.3g} to {last:.3g}."


def _end(live: Live) -> str:
    """A divergence: its epoch was never finished, and has no loss."""
    if not live.end or live.end.status != "diverged":
        return ""
    return f"In epoch {live.batches.last['epoch']:.0f} it diverged."


def _best(setup: TrainingSetup, live: Live) -> str:
    """The best epoch by the validation loss, and what has come of it since."""
    best = live.best
    if not best:
        return ""
    words = f"The validation loss was lowest after epoch {best['at']}, at {best['val_loss']:.3g}"
    accuracy = next((name for name in setup.metrics or () if name in SHARES_RIGHT), None)
    if accuracy and np.isfinite(best.get(f"val_{accuracy}", np.nan)):
        words += f", with {100 * best[f'val_{accuracy}']:.1f} % right"
    epochs, losses = live.series("val_loss", "epoch")
    if best["at"] < epochs[-1] and losses[-1] > (1 + _STEADY) * best["val_loss"]:
        words += f", and has risen to {losses[-1]:.3g} since"
    return f"{words}."


def _unseen(setup: TrainingSetup, live: Live) -> str:
    """The scores on the test part, which played no part in the training."""
    scores = live.end.scores.get("test", {}) if live.end else {}
    if not scores or setup.split.validate_on_test:
        return ""
    accuracy = next((name for name in scores if name in SHARES_RIGHT), None)
    if accuracy:
        return f"Of rows it has never seen, {100 * scores[accuracy]:.1f} % are right."
    return f"On rows it has never seen the loss is {scores['loss']:.3g}."
