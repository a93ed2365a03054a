"""Trainings of many models at once: the curves of the training loop, one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gdviz.clipping import CLIPPERS
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, ConvNet, DenseLayer, EarlyStopping, Split, TrainingSetup, Watch
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import End
from gdviz.training.history import History
from gdviz.training.keras.loop import train
from gdviz.training.keras.models import Engine
from gdviz.training.keras.stack import Stack
from gdviz.training.keras.stacked import train_together
from gdviz.training.optimizers import SEARCHED
from gdviz.training.stackable import why_alone

SMALL = TrainingSetup(
    data=DATASETS.make("blobs", samples=150, noise=0.5),
    split=Split(validation=0.2, test=0.2),
    layers=(DenseLayer(8),),
    batch_size=16,
    epochs=5,
    watch=Watch(snapshot_epochs=0),
)

SCORES = ("loss", "categorical_accuracy", "f1", "auc")


def together(setups: list[TrainingSetup], tuned: tuple[str, ...] = (), **how: object) -> list[Recorder]:
    recorders = [Recorder() for _ in setups]
    stack = Stack(setups[0], prepare(setups[0]), tuned)
    train_together(stack, setups, recorders, parts=("train", "validation", "test"), **how)  # type: ignore[arg-type]
    return recorders


def alone(setup: TrainingSetup, engine: Engine | None = None) -> Recorder:
    recorder = Recorder()
    if engine:
        engine.restart(setup)
    train(setup, prepare(setup), recorder, engine=engine)
    return recorder


def assert_same_curves(stacked: Recorder, single: Recorder) -> None:
    mine, other = (History().add(recorder.events) for recorder in (stacked, single))
    names = ["loss", "learning_rate", "categorical_accuracy", *(f"val_{name}" for name in SCORES)]
    for name in names:
        assert mine.series(name)[0] == other.series(name)[0], name
        assert mine.series(name)[1] == close(name, other.series(name)[1]), name
    (end,), (expected,) = (recorder.of(End) for recorder in (stacked, single))
    assert end.status == expected.status
    assert end.scores.keys() == expected.scores.keys()
    for part, scores in expected.scores.items():
        assert end.scores[part] == {name: close(name, score) for name, score in scores.items()}


def close(name: str, expected: Any) -> Any:
    """Equal up to rounding, which can turn the order of two rows, on which the AUC rests."""
    return pytest.approx(expected, rel=1e-5, abs=2e-3 if name.endswith("auc") else 1e-6)


def spread(setup: TrainingSetup, tuned: tuple[str, ...] = ()) -> list[TrainingSetup]:
    """The same training with two learning rates, two seeds, and two values of all that is tuned."""
    shares = {name: SEARCHED[name].value for name in tuned}
    return [
        setup.changed(
            optimizer=replace(
                setup.optimizer,
                learning_rate=setup.optimizer.learning_rate * (1 + 2 * k),
                **{name: value(0.4 + 0.3 * k) for name, value in shares.items()},
            ),
            seed=k,
        )
        for k in range(2)
    ]


NAMES = [name for name in KERAS_OPTIMIZERS if name != "schedulefreeadamw"]


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_has_the_curves_of_the_loop(name: str) -> None:
    """With all that can be tuned, and the clipping rules by turns."""
    optimizer = KERAS_OPTIMIZERS.make(name)
    clipping = list(CLIPPERS)[NAMES.index(name) % len(CLIPPERS)]
    tuned = tuple(knob.name for knob in optimizer.knobs() if knob.name in SEARCHED and knob.name != "learning_rate")
    setups = spread(SMALL.changed(optimizer=optimizer, clip=CLIPPERS.make(clipping, **{clipping: 0.05})), tuned)
    assert_same_curves(together(setups, tuned)[1], alone(setups[1]))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_with_nothing_tuned_both_trainings_have_the_curves_of_the_loop(name: str) -> None:
    setups = spread(SMALL.changed(optimizer=KERAS_OPTIMIZERS.make(name)))
    engine = Engine(setups[0], prepare(SMALL))
    for recorder, setup in zip(together(setups), setups, strict=True):
        assert_same_curves(recorder, alone(setup, engine))


def test_every_schedule_has_the_curves_of_the_loop() -> None:
    """One graph serves all schedules, as the learning rates are handed in; one for the loop likewise."""
    names = [name for name, entry in SCHEDULES.items() if not entry.follows_loss]
    sgd = KERAS_OPTIMIZERS.make("sgd", momentum=0.9)
    setups = [
        SMALL.changed(optimizer=sgd, schedule=SCHEDULES.make(name).starting_at(0.05), warmup_steps=3, seed=k)
        for k, name in enumerate(names)
    ]
    engine = Engine(setups[0], prepare(SMALL))
    for recorder, setup in zip(together(setups), setups, strict=True):
        assert_same_curves(recorder, alone(setup, engine))


def test_layers_of_all_kinds_and_other_tasks() -> None:
    for setup in (
        SMALL.changed(
            layers=(
                DenseLayer(8, "tanh", normalization="batch", kernel_initializer="he_normal", l2=0.01, use_bias=False),
                DenseLayer(8, "gelu", normalization="layer", residual=True, max_norm=1.0),
            )
        ),
        SMALL.changed(data=DATASETS.make("moons", samples=150)),
        SMALL.changed(data=DATASETS.make("curve", samples=150), layers=(), batch_size=None),
    ):
        one, two = spread(setup)
        mine, other = (History().add(r.events) for r in (together([one, two])[1], alone(two)))
        for name in ("loss", "val_loss"):
            assert mine.series(name)[1] == pytest.approx(other.series(name)[1], rel=1e-5, abs=1e-6)


def test_one_that_diverges_ends_at_the_step_of_the_loop_and_the_others_go_on() -> None:
    sgd = KERAS_OPTIMIZERS.make("sgd", learning_rate=0.1)
    base = SMALL.changed(data=DATASETS.make("diabetes"), optimizer=sgd, split=Split(standardise_target=False))
    setups = [base.changed(optimizer=replace(sgd, learning_rate=rate)) for rate in (1e-5, 10.0, 1e-6)]
    recorders = together(setups)
    ends = [recorder.of(End)[-1].status for recorder in recorders]
    assert ends == ["finished", "diverged", "finished"]
    mine, other = (History().add(r.events) for r in (recorders[1], alone(setups[1])))
    assert list(mine.batches) == list(other.batches)


def test_the_worse_half_is_given_up_at_each_rung() -> None:
    adam = KERAS_OPTIMIZERS.make("adam")
    setups = [SMALL.changed(optimizer=replace(adam, learning_rate=rate)) for rate in (1e-6, 1e-2, 1e-5, 1e-1)]
    recorders = together(setups, rungs=((1, 2), (3, 1)))
    epochs = [len(History().add(r.events).epochs) for r in recorders]
    assert sorted(epochs) == [1, 1, 3, 5]
    assert epochs[0] == epochs[2] == 1


def test_stopped_trainings_keep_what_they_have() -> None:
    recorders = together(spread(SMALL), going_on=lambda: False)
    for recorder in recorders:
        assert [event.kind for event in recorder.events] == ["start", "batches", "epoch", "end"]
        assert recorder.of(End)[-1].status == "stopped"


@pytest.mark.parametrize(
    "setup",
    [
        SMALL.changed(layers=(DenseLayer(8, dropout=0.5),)),
        SMALL.changed(data=DATASETS.make("digits"), convolution=ConvNet()),
        SMALL.changed(early_stopping=EarlyStopping()),
        SMALL.changed(optimizer=KERAS_OPTIMIZERS.make("adam", use_ema=True)),
        SMALL.changed(optimizer=KERAS_OPTIMIZERS.make("sgd", gradient_accumulation_steps=2)),
        SMALL.changed(optimizer=KERAS_OPTIMIZERS.make("schedulefreeadamw")),
    ],
)
def test_what_cannot_be_stacked_says_why(setup: TrainingSetup) -> None:
    assert why_alone(setup)
    with pytest.raises(ValueError, match="cannot be stacked"):
        Stack(setup, prepare(setup))


def test_trainings_that_differ_in_something_else_are_refused() -> None:
    stack = Stack(SMALL, prepare(SMALL))
    with pytest.raises(ValueError, match="nothing but seed"):
        train_together(stack, [SMALL, SMALL.changed(batch_size=8)], [Recorder(), Recorder()])


def test_an_engine_restarted_gives_the_numbers_of_a_new_one() -> None:
    setup = SMALL.changed(
        layers=(DenseLayer(8, normalization="batch", dropout=0.5),),
        optimizer=KERAS_OPTIMIZERS.make("schedulefreeadamw"),
    )
    engine = Engine(setup, prepare(setup))
    alone(setup.changed(seed=5), engine)
    again, fresh = (History().add(r.events) for r in (alone(setup, engine), alone(setup)))
    assert again.series("loss") == fresh.series("loss")
    assert again.series("val_loss") == fresh.series("val_loss")
    with pytest.raises(ValueError, match="differ in nothing but seed"):
        engine.restart(setup.changed(batch_size=8))


def test_the_order_of_the_rows_is_that_of_each_seed() -> None:
    one, two = together([SMALL, SMALL.changed(seed=1)])
    assert not np.allclose(*(History().add(r.events).series("loss")[1] for r in (one, two)))
