"""What is told of a training that has ended follows from what it measured; terms of the glossary are marked once."""

import numpy as np
import pytest

from gdviz.charts.training import curves
from gdviz.export.glossary import GLOSSARY
from gdviz.training import DATASETS, TrainingSetup
from gdviz.training.events import CommandDone, End, Resumed, Start
from gdviz.training.history import best
from gdviz.training.live import Live
from gdviz.training.telling import told
from gdviz.ui.glossary import explained
from gdviz.ui.training_cards import happened
from tests.events import batches, epoch


def trained(setup: TrainingSetup, losses: list[float], val_losses: list[float], **scores: float) -> str:
    live = Live()
    for number, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True), start=1):
        live.add([epoch(number, loss=loss, val_loss=val_loss, val_categorical_accuracy=0.5)])
    live.add([End("finished", "", {"test": scores} if scores else {})])
    return told(setup, live)


def test_a_training_that_overfits_is_told_with_its_best_epoch() -> None:
    said = trained(TrainingSetup(), [2.0, 1.0, 0.25], [2.0, 1.5, 1.75], loss=1.7, categorical_accuracy=0.625)
    assert said == (
        "In 3 epochs the training loss fell from 2 to 0.25. The validation loss was lowest after epoch 2, at 1.5, with "
        "50.0 % right, and has risen to 1.75 since. Of rows it has never seen, 62.5 % are right."
    )


def test_a_regression_is_told_by_its_loss() -> None:
    said = trained(TrainingSetup(data=DATASETS.make("diabetes")), [2.0, 3.0], [2.0, 1.0], loss=1.25)
    assert "rose from 2 to 3" in said
    assert said.endswith("at 1. On rows it has never seen the loss is 1.25.")


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ([1.0], "In its only epoch"),
        ([1.0, 1.001], "stayed where it was"),
        ([1.0, float("nan")], "left the finite numbers"),
    ],
)
def test_what_a_loss_does_is_said(loss: list[float], words: str) -> None:
    assert words in trained(TrainingSetup(), loss, [1.0] * len(loss))


def test_before_an_epoch_is_done_there_is_nothing_to_tell() -> None:
    live = Live()
    live.add([batches([2.0, float("inf")]), End("diverged", "", {})])
    assert told(TrainingSetup(), live) == ""


def test_a_training_that_diverges_is_not_told_by_its_finished_epochs_only() -> None:
    live = Live()
    live.add([batches([2.0]), epoch(1, loss=2.0), batches([1.0], step=2, epoch=2), epoch(2, loss=1.0)])
    live.add([batches([float("inf")], step=3, epoch=3), End("diverged", "", {})])
    said = "In 2 epochs the training loss fell from 2 to 1. In epoch 3 it diverged."
    assert told(TrainingSetup(), live) == said


def test_an_epoch_after_which_a_training_was_stopped_is_not_called_its_only_one() -> None:
    live = Live()
    live.add([batches([2.0]), epoch(1, loss=2.0), batches([1.0], step=2, epoch=2), End("stopped", "", {})])
    assert told(TrainingSetup(), live) == "In its first epoch the training loss was 2."


def test_the_best_epoch_of_a_long_training_is_told_exactly() -> None:
    losses = np.abs(np.arange(1, 2502) - 1238.0) + 1
    assert "was lowest after epoch 1238, at 1, with" in trained(TrainingSetup(), list(losses), list(losses))


def test_the_best_epoch_is_one_that_a_resumed_training_has_not_forgotten() -> None:
    live = Live()
    live.add([epoch(number, val_loss=loss, loss=1.0) for number, loss in enumerate((3.0, 2.0, 1.0), start=1)])
    live.add([Resumed(2, 2)])
    assert (live.best["at"], live.best["val_loss"]) == (2, 2.0)


def test_the_accuracy_of_the_top_k_is_not_the_share_that_is_right() -> None:
    setup = TrainingSetup(metrics=("top_k_categorical_accuracy",))
    live = Live()
    live.add([epoch(1, loss=1.0, val_loss=1.0, val_top_k_categorical_accuracy=1.0)])
    live.add([End("finished", "", {"test": {"loss": 1.5, "top_k_categorical_accuracy": 1.0}})])
    assert "right" not in told(setup, live)


def test_runs_are_set_side_by_side_by_the_share_that_is_right() -> None:
    names = ("val_top_k_categorical_accuracy", "val_categorical_accuracy", "val_loss")
    epochs = [
        epoch(number, **dict(zip(names, values, strict=True)))
        for number, values in ((1, (1.0, 0.5, 1.0)), (2, (0.9, 0.75, 2.0)))
    ]
    assert best(epochs) == ("accuracy", 0.75, 2)
    for row in epochs:
        del row.measured["val_categorical_accuracy"]
    assert best(epochs) == ("loss", 1.0, 1)


def test_each_term_is_marked_where_it_occurs_first() -> None:
    text = "At η = 0.19 < 2/λ_max; η again, saturation, and a word such as betaη."
    marked = explained(text)
    assert marked.count("gdviz-term") == 3
    assert marked.count(GLOSSARY["η"]) == 1
    assert "betaη" in marked
    assert explained("nothing here") == "nothing here"


def test_what_happened_on_the_way_is_marked_at_its_step_or_epoch() -> None:
    live = Live()
    start = Start({"train": 40}, 4, 40, 1, [], [], [], [], None, "loss", [])
    eight = batches([1.0] * 8)
    live.add([start, CommandDone("set_speed", 0, speed=3.0), eight, CommandDone("pause", 2), CommandDone("pause", 3)])
    live.add([CommandDone("set_learning_rate", 4, learning_rate=0.5), CommandDone("resume", 4)])
    live.add([CommandDone("reduce_on_plateau", 6, learning_rate=0.25), End("finished", "Stopped early.")])
    assert happened(live, "batch") == [
        (3, "paused"),
        (4, "η = 0.5"),
        (6, "η = 0.25 (plateau)"),
        (8, "stopped early"),
    ]
    assert happened(live, "epoch")[1] == (1.0, "η = 0.5")
    live.add([Resumed(4, 1)])
    assert happened(live, "batch") == [(3, "paused"), (4, "η = 0.5, resumed")]
    assert curves({"loss": ([1, 8], [1.0, 0.5])}, "step", "loss", marks=happened(live, "batch")).description == (
        "loss: 0.5 at step 8. paused at step 3. η = 0.5, resumed at step 4."
    )
