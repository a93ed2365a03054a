"""Verdicts on trainings that really went so, each cured by one of the cures that it names."""

import numpy as np
import pytest

from gdviz.training import DATASETS, KERAS_OPTIMIZERS, PRESETS, DenseLayer, OutputLayer, TrainingSetup
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.keras.loop import train
from gdviz.training.live import Live
from gdviz.training.verdicts import Verdict, verdicts
from tests.events import epoch, start


def trained(setup: TrainingSetup, content: bytes | None = None) -> Live:
    recorder, live = Recorder(), Live()
    train(setup, prepare(setup, content), recorder)
    live.add(recorder.events)
    return live


def judged(setup: TrainingSetup, content: bytes | None = None) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in verdicts(setup, trained(setup, content))}


def test_ten_sigmoid_layers_vanish_and_a_cure_works() -> None:
    setup = PRESETS["Spirals, 10 sigmoid layers: vanishing gradients"].changed(epochs=8)
    found = judged(setup)
    assert set(found) == {"vanishing"}
    assert "the gradient vanishes" in found["vanishing"].words.lower()
    assert "vanishing" not in judged(found["vanishing"].cures["batch normalisation"])


def test_weights_of_zero_stay_at_chance_level() -> None:
    setup = PRESETS["Moons, all weights 0: hidden units stay identical"]
    setup = setup.changed(layers=(DenseLayer(8, "relu", kernel_initializer="zeros"),), epochs=8)
    found = judged(setup)
    assert list(found) == ["chance level"]
    assert "random initial weights" in found["chance level"].cures


def test_overfitting_begins_where_the_validation_loss_was_smallest() -> None:
    setup = TrainingSetup(data=DATASETS.make("moons", samples=60, noise=0.5), layers=(DenseLayer(256),) * 2, epochs=60)
    setup = setup.changed(optimizer=KERAS_OPTIMIZERS.make("adam", learning_rate=0.01))
    live = trained(setup)
    found = {verdict.name: verdict for verdict in verdicts(setup, live)}["overfitting"]
    validation = live.series("val_loss", "epoch")[1]
    named = int(found.words.split("since epoch ")[1].split(":")[0])
    assert validation[named - 1] < 1.1 * validation.min() < validation[-1]
    assert found.cures["early stopping, with the best weights"].early_stopping is not None


def test_a_rare_class_that_is_not_found_is_named() -> None:
    rng = np.random.default_rng(0)
    x, rare = rng.normal(size=(600, 2)), np.arange(600) % 20 == 0
    x[rare] += 1.0
    rows = "\n".join(f"{a:.4f},{b:.4f},{'rare' if r else 'usual'}" for (a, b), r in zip(x, rare, strict=True))
    setup = TrainingSetup(data=DATASETS.make("own_table", learn="binary"), layers=(), epochs=30)
    setup = setup.changed(optimizer=KERAS_OPTIMIZERS.make("adam", learning_rate=0.02))
    found = judged(setup, f"a,b,kind\n{rows}".encode())
    assert list(found) == ["class imbalance"]
    assert "% of the rows are usual" in found["class imbalance"].words
    assert "the loss binary focal crossentropy" in found["class imbalance"].cures


def test_a_training_that_went_well_has_no_verdict() -> None:
    assert judged(TrainingSetup(epochs=10)) == {}
    assert judged(TrainingSetup(data=DATASETS.make("curve"), layers=(DenseLayer(32, "tanh"),) * 2, epochs=60)) == {}


def test_a_plateau_is_seen_with_the_epoch_since_which_it_lasts() -> None:
    loss = [2.0, 1.5, 1.2, 1.0] + [0.9] * 26
    live = Live()
    live.add([start(classes=["a", "b"]), *(epoch(i, loss=value) for i, value in enumerate(loss, start=1))])
    (verdict,) = verdicts(TrainingSetup(output=OutputLayer()), live)
    assert verdict.name == "plateau"
    assert "since epoch 5" in verdict.words


def test_a_diverged_run_has_its_reason_and_cures() -> None:
    setup = PRESETS["Diabetes, learning rate 10: not a number"]
    found = judged(setup.changed(epochs=3))
    assert list(found) == ["diverged"]
    assert "At step" in found["diverged"].words
    assert found["diverged"].cures
    with pytest.raises(KeyError):
        found["plateau"]
