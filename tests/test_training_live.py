"""What a page keeps of a run, and the links that bring a training along."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.descent import Averaging
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, LOSSES, METRICS, PRESETS, TrainingSetup, from_descent
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import Batches, End, Resumed, Snapshot, read
from gdviz.training.history import History
from gdviz.training.keras.loop import train
from gdviz.training.live import Live, Pace, Rows
from gdviz.training.parts import DenseLayer, EarlyStopping, ReduceOnPlateau, Split, Watch
from tests.events import batches


def parts(entry: type) -> st.SearchStrategy:
    """Entries of a class, with every knob drawn from what it allows."""
    drawn = {}
    for knob in entry.knobs():
        if knob.choices:
            drawn[knob.name] = st.sampled_from(knob.choices)
        elif knob.type is bool:
            drawn[knob.name] = st.booleans()
        elif knob.type is str:
            drawn[knob.name] = st.text(max_size=20)
        elif knob.type is int:
            drawn[knob.name] = st.integers(int(max(knob.low, 0)), int(min(knob.high, 10**6)))
        else:
            low = knob.low if knob.above is None else knob.above
            high = min(knob.high, 1e9) if knob.below is None else knob.below
            numbers = st.floats(max(low, -1e9), high, exclude_min=knob.above is not None, exclude_max=True)
            drawn[knob.name] = numbers | st.none() if knob.default is None else numbers
    return st.builds(entry, **drawn)


@st.composite
def setups(draw: st.DrawFn) -> TrainingSetup:
    data = draw(st.sampled_from(list(DATASETS.values())).flatmap(parts))
    rule = draw(st.sampled_from(list(KERAS_OPTIMIZERS)))
    schedule = draw(st.sampled_from([e for e in gdviz.SCHEDULES.values() if not e.follows_loss]).flatmap(parts))
    return TrainingSetup(
        data=data,
        split=Split(validation=draw(st.floats(0.1, 0.4)), test=draw(st.floats(0, 0.5)), seed=draw(st.integers(0, 99))),
        layers=draw(st.lists(parts(DenseLayer).filter(lambda layer: not layer.residual), max_size=10).map(tuple)),
        optimizer=KERAS_OPTIMIZERS.make(
            rule, weight_decay=draw(st.floats(0, 1)), ema_overwrite_frequency=draw(st.none() | st.just(3.0))
        ),
        schedule=schedule,
        clip=draw(st.none() | st.sampled_from(list(gdviz.CLIPPERS.values())).flatmap(parts)),
        batch_size=draw(st.none() | st.integers(1, 10**6)),
        epochs=draw(st.integers(1, 10**5)),
        early_stopping=draw(st.none() | parts(EarlyStopping)),
        loss=draw(st.sampled_from(LOSSES[data.task])),
        metrics=draw(st.lists(st.sampled_from(METRICS[data.task]), unique=True).map(tuple)),
        warmup_steps=draw(st.integers(0, 10**6)),
        watch=draw(parts(Watch)),
    )


@settings(max_examples=60, deadline=None)
@given(setups())
def test_a_link_reproduces_every_training_exactly(setup: TrainingSetup) -> None:
    assert TrainingSetup.from_link(setup.to_link()) == (setup, [])


@pytest.mark.parametrize("title", list(PRESETS))
def test_a_link_reproduces_every_preset_in_few_characters(title: str) -> None:
    link = PRESETS[title].to_link()
    assert TrainingSetup.from_link(link) == (PRESETS[title], [])
    assert sum(len(name) + len(text) for name, texts in link.items() for text in texts) < 4000


def test_a_broken_link_falls_back_field_by_field() -> None:
    fields = {
        "data": ["moons,samples=5,noise=0.4"],
        "layer": ["units=3", "units=x,activation=tanh"],
        "optimizer": ["nowhere"],
        "convolution": ["blocks=1"],
        "loss": ["huber"],
        "epochs": ["17"],
        "seed": ["-1"],
    }
    setup, notes = TrainingSetup.from_link(fields)
    assert setup == TrainingSetup(
        data=DATASETS.make("moons", noise=0.4), layers=(DenseLayer(3), DenseLayer(64, "tanh")), epochs=17
    )
    named = ("Moons: samples", "convolution", "'x' is not", "optimizer", "seed", "loss")
    assert len(notes) == len(named)
    assert all(any(name in note for note in notes) for name in named), notes


def test_a_run_on_a_landscape_brings_decay_average_plateau_and_batch() -> None:
    schedule = gdviz.SCHEDULES.make("reduce_on_plateau", initial_learning_rate=0.3, factor=0.5, patience=4)
    descent = gdviz.descent.Descent(
        gdviz.LANDSCAPES.make("logistic_regression"),
        gdviz.OPTIMIZERS.make("gradient_descent", learning_rate=0.3),
        schedule,
        (0.0, 0.0),
        weight_decay=0.01,
        averaging=Averaging(ema_momentum=0.5),
        batch_size=7,
    )
    setup = from_descent(descent)
    assert setup.optimizer == KERAS_OPTIMIZERS.make(
        "sgd", learning_rate=0.3, weight_decay=0.01, use_ema=True, ema_momentum=0.5
    )
    assert setup.reduce_on_plateau == ReduceOnPlateau(monitor="loss", factor=0.5, patience=4)
    assert (setup.schedule, setup.batch_size) == (gdviz.SCHEDULES.make("constant", initial_learning_rate=0.3), 7)
    with pytest.raises(ValueError, match=r"noise must be 0: .* got 0\.5"):
        from_descent(gdviz.descend("booth", "adam", noise=0.5, steps=1).setup)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40), st.integers(2, 50))
def test_rows_stay_few_evenly_apart_and_end_where_the_run_is(chunks: list[int], most: int) -> None:
    rows, at = Rows(most), 0
    for count in chunks:
        rows.extend(at + 1 + np.arange(count), {"twice": 2.0 * (at + 1 + np.arange(count))})
        at += count
    places, values = rows.series("twice")
    assert len(places) <= most + 1
    assert len(places) > min(at, most) / 2 - 1
    assert (places[0], places[-1]) == (1, at)
    assert set(np.diff(places)[:-1]) <= {rows.every}
    np.testing.assert_array_equal(values, 2 * places)


def test_a_live_run_shows_what_its_history_holds() -> None:
    setup = TrainingSetup(data=DATASETS.make("moons", samples=120), epochs=6, watch=Watch(sharpness_epochs=2))
    recorder = Recorder()
    train(setup, prepare(setup), recorder)
    live, history = Live(), History().add(recorder.events)
    live.add(recorder.events)
    assert [read(event.kind, json.loads(json.dumps(event.payload()))) for event in recorder.events] == recorder.events
    for name in ("loss", "gradient_norm", "inactive", "learning_rate"):
        steps, values = live.series(name, "batch")
        expected = history.series(name)
        assert steps.tolist() == expected[0]
        np.testing.assert_array_equal(values, expected[1])
    assert live.series("val_loss", "epoch")[0].tolist() == [1, 2, 3, 4, 5, 6]
    an_epoch = live.start.batches
    assert live.series("val_loss", "batch")[0].tolist() == [an_epoch * epoch for epoch in range(1, 7)]
    epochs, means = live.series("gradient_norm", "epoch")
    assert epochs.tolist() == [1, 2, 3, 4, 5, 6]
    norms = np.array(history.series("gradient_norm")[1])
    np.testing.assert_allclose(means, norms.reshape(6, an_epoch, -1).mean(axis=1))
    assert (live.step, live.share) == (6 * an_epoch, 1.0)
    assert live.sharpness.series("sharpness")[0].tolist() == [0, 2 * an_epoch, 4 * an_epoch, 6 * an_epoch]
    assert live.snapshot.epoch == 6
    assert live.series("nothing", "batch")[0].size == 0


def test_what_a_resumed_run_does_again_replaces_what_it_had_done() -> None:
    live = Live()
    live.add([batches([3.0, 2.0, 9.0])])
    live.add([Resumed(step=2, epoch=0), batches([1.0, 0.5], step=3)])
    assert live.series("loss", "batch")[1].tolist() == [3.0, 2.0, 1.0, 0.5]


def test_the_pace_forgets_what_is_long_ago_and_a_run_that_starts_again() -> None:
    pace = Pace()
    rates = [pace.batches_per_second(float(now), step) for now, step in ((0, 0), (1, 100), (7, 130), (13, 160))]
    assert rates == [None, 100.0, 5.0, 5.0]
    assert pace.batches_per_second(14.0, 10) is None


def test_a_stopped_run_ends_with_what_its_model_predicts_then() -> None:
    from gdviz.training.channel import Command

    setup = TrainingSetup(data=DATASETS.make("curve"), epochs=500, watch=Watch(snapshot_epochs=500))
    recorder = Recorder([Command("step_batch")])
    original = recorder.commands
    recorder.commands = lambda: original() if not recorder.of(Batches) else [Command("stop")]
    train(setup, prepare(setup), recorder)
    (taken,) = recorder.of(Snapshot)
    assert taken.step == recorder.of(End)[0].step == 1
