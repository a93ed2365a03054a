"""The training loop: the same steps as Keras, measured right, steered, stopped, resumed."""

import gc
import re
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from gdviz.budget import size_of
from gdviz.clipping import CLIPPERS
from gdviz.training import (
    DATASETS,
    KERAS_OPTIMIZERS,
    PRESETS,
    ConvNet,
    DenseLayer,
    OutputLayer,
    Split,
    TrainingSetup,
    Watch,
)
from gdviz.training.architecture import parameters
from gdviz.training.channel import Command, Recorder
from gdviz.training.datasets import Data, prepare
from gdviz.training.events import Batches, CommandDone, End, Fault, Resumed, Start, TrainingEvent
from gdviz.training.history import History
from gdviz.training.keras import checkpoint
from gdviz.training.keras.checkpoint import Patience, Progress
from gdviz.training.keras.loop import epoch_order, train
from gdviz.training.keras.models import Engine

SMALL = TrainingSetup(
    data=DATASETS.make("moons", samples=60),
    split=Split(validation=0.0, test=0.2),
    layers=(DenseLayer(3, "tanh"),),
    batch_size=10,
    epochs=2,
    watch=Watch(snapshot_epochs=0, checkpoint_seconds=0.0),
)


def other_values(name: str) -> dict[str, object]:
    """Hyperparameters that all differ from their defaults."""
    values: dict[str, object] = {}
    for knob in KERAS_OPTIMIZERS[name].knobs():
        whole = {"ema_overwrite_frequency": 3, "gradient_accumulation_steps": 2}
        if knob.name in whole:
            values[knob.name] = whole[knob.name]
        elif knob.default is None:
            values[knob.name] = 0.5
        elif knob.type is bool:
            values[knob.name] = not knob.default
        elif knob.type is int:
            values[knob.name] = knob.default + 1
        else:
            values[knob.name] = knob.default * 0.75 if knob.default else min(0.25, knob.high)
    return values


def fitted_by_keras(setup: TrainingSetup, data: Data) -> list[np.ndarray]:
    """The weights that model.fit ends with, given the same batches in the same order."""
    model = Engine(setup, data).compiled_model()
    rows = len(data.x["train"])

    def batches() -> object:
        for epoch in range(setup.epochs):
            order = epoch_order(setup.seed, epoch, rows)
            for start in range(0, rows, setup.batch_size or rows):
                chosen = order[start : start + (setup.batch_size or rows)]
                yield data.x["train"][chosen], data.y["train"][chosen]

    model.fit(batches(), steps_per_epoch=-(-rows // (setup.batch_size or rows)), epochs=setup.epochs, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize("name", list(KERAS_OPTIMIZERS))
def test_every_optimizer_takes_the_steps_of_model_fit(name: str) -> None:
    optimizer = KERAS_OPTIMIZERS.make(name, **other_values(name))
    setup = SMALL.changed(optimizer=optimizer, clip=CLIPPERS.make("global_clipnorm", global_clipnorm=0.5))
    data = prepare(setup)
    ours = train(setup, data, Recorder()).engine.model.get_weights()
    for mine, theirs in zip(ours, fitted_by_keras(setup, data), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_measurements_of_a_linear_model_are_those_of_its_closed_form() -> None:
    setup = TrainingSetup(
        data=DATASETS.make("diabetes"),
        layers=(),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.1),
        epochs=3,
        watch=Watch(snapshot_epochs=0),
    )
    data, recorder = prepare(setup), Recorder()
    engine = Engine(setup, data)
    w, b = (np.asarray(v, dtype=np.float64) for v in engine.model.get_weights())
    train(setup, data, recorder)
    history = History().add(recorder.events)
    x, y = data.x["train"].astype(float), data.y["train"].astype(float)
    step = 0
    for epoch in range(3):
        order = epoch_order(0, epoch, len(x))
        for start in range(0, len(x), 32):
            rows = order[start : start + 32]
            rest = x[rows] @ w + b - y[rows]
            gw, gb = 2 * x[rows].T @ rest / len(rows), 2 * rest.mean(axis=0)
            gradient, weight = np.hypot(np.linalg.norm(gw), gb[0]), np.hypot(np.linalg.norm(w), b[0])
            step += 1
            row = history.batches[step]
            assert row["loss"] == pytest.approx((rest**2).mean(), rel=1e-5)
            assert row["mean_absolute_error"] == pytest.approx(np.abs(rest).mean(), rel=1e-5)
            assert row["gradient_norm"] == [pytest.approx(gradient, rel=1e-4)]
            assert row["weight_norm"] == [pytest.approx(weight, rel=1e-5)]
            assert row["update_ratio"] == [pytest.approx(0.1 * gradient / weight, rel=1e-4)]
            w, b = w - 0.1 * gw, b - 0.1 * gb
    assert step == max(history.batches) == 3 * 9
    validation = ((data.x["validation"] @ w + b - data.y["validation"]) ** 2).mean()
    assert history.epochs[3].measured["val_loss"] == pytest.approx(validation, rel=1e-4)
    weights = np.array([len(epoch_order(0, 0, len(x))[s : s + 32]) for s in range(0, len(x), 32)])
    losses = [history.batches[step]["loss"] for step in range(10, 19)]
    assert history.epochs[2].measured["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-6)


def test_dead_and_saturated_shares_are_those_of_the_forward_pass() -> None:
    setup = SMALL.changed(
        layers=(DenseLayer(16, kernel_initializer="random_normal", stddev=3.0), DenseLayer(8, "tanh", stddev=3.0)),
        batch_size=None,
        epochs=1,
    )
    data, recorder = prepare(setup), Recorder()
    w1, b1, w2, b2 = Engine(setup, data).model.get_weights()[:4]
    w1[:, :5], b1[:5] = 0.0, -1.0
    train(setup, data, recorder)
    plain = History().add(recorder.events).batches[1]["inactive"]
    hidden = np.maximum(data.x["train"] @ Engine(setup, data).model.get_weights()[0], 0)
    second = np.tanh(hidden @ w2 + b2)
    assert plain[0] == pytest.approx(np.mean(np.all(hidden <= 0, axis=0)), abs=1e-6)
    assert plain[1] == pytest.approx(np.mean(np.abs(second) > 0.97), abs=1e-6)
    engine = Engine(setup, data)
    engine.model.get_layer("dense_1").set_weights([w1, b1])
    measured, _ = engine.chunk(np.arange(48, dtype=np.int32), np.zeros(1, np.float32), 48)
    assert measured["inactive"][0, 0] >= 5 / 16


@pytest.mark.parametrize(
    "setup",
    [
        TrainingSetup(
            data=DATASETS.make("iris"),
            layers=(DenseLayer(5, normalization="batch", dropout=0.2), DenseLayer(5, use_bias=False, residual=True)),
        ),
        TrainingSetup(convolution=ConvNet(blocks=2, filters=3), layers=(DenseLayer(7, normalization="layer"),)),
    ],
)
def test_a_layer_has_as_many_parameters_as_keras_gives_it(setup: TrainingSetup) -> None:
    size, model = size_of(setup), Engine(setup, prepare(setup)).model
    theirs = {n.name: sum(v.shape.num_elements() for v in n.trainable_variables) for n in model.layers}
    assert parameters(setup, size.inputs, size.outputs) == {name: count for name, count in theirs.items() if count}


def test_norms_beyond_the_squares_of_float32_are_measured() -> None:
    setup = SMALL.changed(layers=(), loss="mean_squared_error")
    engine = Engine(setup, prepare(setup))
    assert setup.layers == ()
    for scale in (1e-25, 1e25):
        norms = engine._norms([np.float32(scale) * np.ones(v.shape, np.float32) for v in engine.model.weights])
        assert float(norms[0, 0]) == pytest.approx(scale * np.sqrt(3), rel=1e-5)


def run(setup: TrainingSetup, commands: list[Command] | None = None, **options: object) -> Recorder:
    recorder = Recorder(list(commands or ()))
    train(setup, prepare(setup), recorder, **options)  # type: ignore[arg-type]
    return recorder


class Script(Recorder):
    """A channel that sends commands when a step is reached."""

    def __init__(self, plan: dict[int, list[Command]]) -> None:
        super().__init__()
        self.plan, self.step = dict(plan), 0

    def emit(self, event: TrainingEvent) -> None:
        super().emit(event)
        if isinstance(event, Batches):
            self.step = event.step + len(event.learning_rate) - 1

    def commands(self) -> list[Command]:
        due = [step for step in self.plan if step <= self.step]
        return [command for step in due for command in self.plan.pop(step)]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(optimizer: str, tmp_path: Path) -> None:
    setup = SMALL.changed(
        optimizer=KERAS_OPTIMIZERS.make(optimizer, learning_rate=0.05),
        layers=(DenseLayer(8, normalization="batch", dropout=0.3),),
        epochs=6,
    )
    setup = TrainingSetup.from_dict(
        setup.to_dict()
        | {"split": {"validation": 0.3}, "reduce_on_plateau": {"patience": 1}, "early_stopping": {"patience": 4}}
    )
    whole = History().add(run(setup).events)
    file = tmp_path / "checkpoint.keras"
    stopped = Script({7: [Command("stop")]})
    assert train(setup, prepare(setup), stopped, file).status == "stopped"
    assert 7 <= stopped.step < max(whole.batches)
    again = Recorder()
    train(setup, prepare(setup), again, file, resume=True)
    assert again.of(Resumed)[0].step == stopped.step
    resumed = History().add([*stopped.events, *again.events])
    assert resumed.batches == whole.batches
    ends = [[(epoch.step, epoch.measured) for epoch in history.epochs.values()] for history in (resumed, whole)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("name", ["adam", "nadam", "adafactor"])
def test_a_checkpoint_is_a_keras_model_and_brings_everything_back(name: str, tmp_path: Path) -> None:
    setup = SMALL.changed(
        layers=(DenseLayer(4, normalization="batch", dropout=0.3), DenseLayer(4, dropout=0.1)),
        optimizer=KERAS_OPTIMIZERS.make(name, **other_values(name)),
    )
    data, file, random = prepare(setup), tmp_path / "checkpoint.keras", np.random.default_rng(1)
    stored, restored = Engine(setup, data), Engine(setup, data)

    def state(engine: Engine) -> list[object]:
        return [*engine.model.variables, *engine.optimizer.variables]

    for variable in state(stored):
        variable.assign(random.uniform(1, 100, variable.shape).astype(variable.dtype))
    best = [random.normal(size=3)]
    checkpoint.save(file, Progress(step=7, plateau=Patience(0.5)), stored.compiled_model(), stored.seeds, best)
    progress, best_again = checkpoint.load(file, restored.compiled_model(), restored.seeds)
    assert progress == Progress(step=7, plateau=Patience(0.5))
    np.testing.assert_array_equal(best_again, best)
    for mine, theirs in zip(state(restored), state(stored), strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    for mine, theirs in zip(keras.models.load_model(file).get_weights(), stored.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_checkpoint_of_another_model_or_half_a_checkpoint_is_refused(tmp_path: Path) -> None:
    stored, file = Engine(SMALL, prepare(SMALL)), tmp_path / "checkpoint.keras"
    checkpoint.save(file, Progress(), stored.compiled_model(), stored.seeds, None)
    for change in ({"layers": (DenseLayer(4),)}, {"optimizer": KERAS_OPTIMIZERS.make("sgd")}):
        other = Engine(SMALL.changed(**change), prepare(SMALL))
        with pytest.raises(ValueError, match="belongs to another model or optimizer"):
            checkpoint.load(file, other.compiled_model(), other.seeds)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"checkpoint checkpoint\.keras is damaged"):
        checkpoint.load(file, stored.compiled_model(), stored.seeds)


def test_steps_are_taken_one_by_one_and_the_learning_rate_is_changed_between_them() -> None:
    recorder = Recorder([Command("pause"), Command("step_batch"), Command("set_learning_rate", 0.5)])
    recorder.waiting, later = recorder.waiting[:1], recorder.waiting[1:]

    def commands() -> list[Command]:
        if recorder.waiting:
            given, recorder.waiting = recorder.waiting, []
            return given
        steps = sum(len(batches.learning_rate) for batches in recorder.of(Batches))
        return {0: later[:1], 1: [later[1], Command("step_epoch")], 5: [Command("stop")]}.get(steps, [])

    recorder.commands = commands  # type: ignore[method-assign]
    setup = SMALL.changed(optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.1))
    assert train(setup, prepare(setup), recorder).reason == "Stopped after step 5 of 10."
    _, rates = History().add(recorder.events).series("learning_rate")
    np.testing.assert_allclose(rates, [0.1, 0.5, 0.5, 0.5, 0.5])
    told = [(done.command, done.step) for done in recorder.of(CommandDone)]
    assert told == [
        ("pause", 0),
        ("step_batch", 0),
        ("pause", 1),
        ("set_learning_rate", 1),
        ("step_epoch", 1),
        ("pause", 5),
        ("stop", 5),
    ]


def test_a_command_must_exist_and_fit() -> None:
    with pytest.raises(ValueError, match=r"command must be one of pause, .*; got 'halt'"):
        Command("halt")
    for rate in (None, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="learning_rate must be a number"):
            Command("set_learning_rate", rate)


def test_a_diverging_run_ends_at_its_step_and_says_what_broke() -> None:
    setup = PRESETS["Diabetes, learning rate 10: not a number"]
    recorder = Recorder()
    result = train(setup, prepare(setup), recorder)
    assert result.status == "diverged"
    last = max(History().add(recorder.events).batches)
    assert result.reason.startswith(f"At step {last} the loss became infinite")
    assert all(np.all(np.isfinite(w)) for w in result.engine.model.get_weights())
    assert recorder.of(End)[0].status == "diverged"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"output": OutputLayer("random_normal", stddev=1e38)}, "the output of layer output became infinite"),
        ({"optimizer": KERAS_OPTIMIZERS.make("sgd", learning_rate=1e39)}, "the weights of layer .* became"),
        ({"output": OutputLayer("random_normal", stddev=1e20)}, "the loss became infinite"),
    ],
)
def test_what_went_non_finite_first_is_named(change: dict, what: str) -> None:
    setup = SMALL.changed(data=DATASETS.make("diabetes"), layers=(DenseLayer(64),), epochs=1).changed(**change)
    result = train(setup, prepare(setup), Recorder())
    assert result.status == "diverged"
    assert re.match(f"At step 1 {what}", result.reason)


def test_hidden_units_that_start_at_zero_stay_identical() -> None:
    setup = replace(PRESETS["Moons, all weights 0: hidden units stay identical"], epochs=5)
    kernel, _, out, _ = train(setup, prepare(setup), Recorder()).engine.model.get_weights()
    assert np.all(kernel == kernel[:, :1])
    assert np.all(out == out[0])


@pytest.mark.parametrize("title", [t for t in PRESETS if "MNIST" not in t])
def test_every_preset_takes_an_epoch(title: str) -> None:
    setup = replace(PRESETS[title], epochs=1)
    recorder = Recorder()
    assert train(setup, prepare(setup), recorder).status in ("finished", "diverged")
    start = recorder.of(Start)[0]
    for batches in recorder.of(Batches):
        assert len(batches.measured["gradient_norm"][0]) == len(start.layers)
        assert len(batches.measured["inactive"][0]) == len(start.probes)


def test_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    result = train(SMALL, data := prepare(SMALL), Recorder())
    result.engine.compiled_model().save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    loss, _ = again.evaluate(data.x["test"], data.y["test"], verbose=0)
    assert loss == pytest.approx(result.scores["test"]["loss"], rel=1e-5)


DAMAGES = {
    "cut off": lambda bytes_: bytes_[: len(bytes_) // 2],
    "empty": lambda bytes_: b"",
    "one byte changed": lambda bytes_: bytes_[:400] + bytes([bytes_[400] ^ 255]) + bytes_[401:],
    "something else": lambda bytes_: b"PK" * 1000,
}


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.keras"
    whole = run(SMALL, checkpoint_file=file)
    last, before = file.read_bytes(), checkpoint.before(file).read_bytes()
    for name, damage in DAMAGES.items():
        file.write_bytes(damage(last))
        checkpoint.before(file).write_bytes(before)
        recorder = Recorder()
        train(SMALL, prepare(SMALL), recorder, file, resume=True)
        (fault,) = recorder.of(Fault)
        (resumed,) = recorder.of(Resumed)
        assert fault.what.startswith("checkpoint checkpoint.keras is damaged"), name
        assert fault.what.endswith(f"The one before it, of step {resumed.step}, is used.")
        assert resumed.epoch == 1
        assert History().add([*whole.events, *recorder.events]).batches == History().add(whole.events).batches
    for kept in (file, checkpoint.before(file)):
        kept.write_bytes(b"")
    with pytest.raises(ValueError, match=r"checkpoint\.keras is damaged.*before\.checkpoint\.keras is damaged"):
        train(SMALL, prepare(SMALL), Recorder(), file, resume=True)


def test_a_checkpoint_that_cannot_be_written_is_said_and_survived(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    recorder = run(SMALL, checkpoint_file=tmp_path / "file" / "checkpoint.keras")
    assert "The checkpoint could not be written" in recorder.of(Fault)[0].what
    assert recorder.of(End)[0].status == "finished"


def test_no_graph_outlives_its_training() -> None:
    def alive() -> int:
        keras.backend.clear_session()
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    run(SMALL)
    before = alive()
    run(SMALL)
    assert alive() == before


def test_a_speed_slows_the_training_down_and_changes_nothing_that_it_computes() -> None:
    ended = []

    class Timed(Recorder):
        def emit(self, event: TrainingEvent) -> None:
            super().emit(event)
            if isinstance(event, Batches):
                ended.append(time.perf_counter())

    free, slow = Recorder(), Timed([Command("set_speed", 20.0)])
    train(SMALL, prepare(SMALL), free)
    train(SMALL, prepare(SMALL), slow)
    # From the first batch on, which compiles, and without validation: nothing but the speed takes time.
    assert ended[-1] - ended[0] > (free.of(Start)[0].steps - 2) / 20
    losses = [[loss for one in recorder.of(Batches) for loss in one.measured["loss"]] for recorder in (free, slow)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    assert slow.of(CommandDone)[0].speed == 20.0


def test_a_speed_ends_at_once_when_another_one_is_set() -> None:
    setup = TrainingSetup(data=DATASETS.make("moons", samples=100), epochs=2)
    recorder = Recorder([Command("set_speed", 1e-3)])
    asked = 0

    def commands() -> list[Command]:
        nonlocal asked
        asked += 1
        given, recorder.waiting = recorder.waiting, []
        return [Command("set_speed")] if asked == 4 else given

    recorder.commands = commands  # type: ignore[method-assign]
    assert train(setup, prepare(setup), recorder).status == "finished"  # at a batch in 1000 s it would not be


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be a number with 0 < speed, or None"):
        Command("set_speed", speed)
