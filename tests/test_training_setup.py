"""A training's configuration: checked, JSON-able, complete, and free of Keras."""

import inspect
import json
import subprocess
import sys
from dataclasses import fields, replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, LOSSES, METRICS, PRESETS, TrainingSetup, cures, from_descent
from gdviz.training.optimizers import KNOWN, NOT_HYPERPARAMETERS, NOT_RULES
from gdviz.training.parts import ConvNet, DenseLayer, EarlyStopping, OutputLayer, ReduceOnPlateau, Split, Watch

PARTS = (ConvNet, DenseLayer, EarlyStopping, OutputLayer, ReduceOnPlateau, Split, Watch)


def test_describing_storing_and_submitting_trainings_loads_no_keras() -> None:
    code = (
        "import sys, gdviz.training, gdviz.runs, gdviz.runs.jobs\n"
        "[gdviz.training.keras_script(s) for s in gdviz.training.PRESETS.values()]\n"
        "sys.exit(' '.join({'keras', 'tensorflow', 'sklearn', 'streamlit', 'altair'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_is_an_entry_for_every_optimizer_of_the_installed_keras() -> None:
    theirs = {
        name
        for name, entry in vars(keras.optimizers).items()
        if inspect.isclass(entry) and name not in NOT_RULES and issubclass(entry, keras.optimizers.Optimizer)
    }
    assert {entry.keras_class for entry in KERAS_OPTIMIZERS.values()} == theirs


@pytest.mark.parametrize("name", list(KERAS_OPTIMIZERS))
def test_an_optimizer_has_every_hyperparameter_of_keras_with_its_default(name: str) -> None:
    entry = KERAS_OPTIMIZERS[name]
    signature = inspect.signature(getattr(keras.optimizers, entry.keras_class)).parameters
    theirs = {key: p.default for key, p in signature.items() if key not in NOT_HYPERPARAMETERS}
    assert KERAS_OPTIMIZERS.make(name).values() == theirs
    assert all(knob.name in KNOWN for knob in entry.knobs())
    made = KERAS_OPTIMIZERS.make(name).call(clip=gdviz.CLIPPERS.make("clipnorm")).make(keras)
    assert made.clipnorm == 1.0


@pytest.mark.parametrize("task", list(LOSSES))
def test_losses_and_metrics_exist_in_keras(task: str) -> None:
    assert all(callable(getattr(keras.losses, name)) for name in LOSSES[task])
    assert all(callable(getattr(keras.metrics, name)) for name in METRICS[task])


@pytest.mark.parametrize("title", list(PRESETS))
def test_a_preset_survives_json(title: str) -> None:
    setup = PRESETS[title]
    again = TrainingSetup.from_json(setup.to_json())
    assert again == setup
    assert hash(again) == hash(setup)
    json.loads(setup.to_json(), parse_constant=lambda constant: pytest.fail(constant))


@pytest.mark.parametrize("part", PARTS)
def test_every_knob_of_a_part_has_help_and_refuses_what_is_not_allowed(part: type) -> None:
    for knob in part.knobs():
        assert knob.help
        with pytest.raises(ValueError, match=f"{knob.name} must be"):
            part(**{knob.name: object()})


@pytest.mark.parametrize("entry", [*DATASETS.values()])
def test_a_data_set_explains_itself(entry: type) -> None:
    assert entry.label
    assert len(entry.summary()) > 15
    assert entry.source.startswith("https://")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number with 1 ≤ batch_size ≤ 1000000, or None; got 0"),
        ({"epochs": 2.5}, r"epochs must be a whole number with 1 ≤ epochs ≤ 100000; got 2\.5"),
        ({"seed": True}, "seed must be a whole number .* got True"),
        ({"loss": "huber"}, "loss must be one of categorical_crossentropy, .* for Digits; got 'huber'"),
        ({"metrics": ["auc"]}, "metrics must be of categorical_accuracy, .* got 'auc'"),
        ({"layers": [{}] * 11}, "layers must be at most 10; got 11"),
        ({"layers": [{"units": 0}]}, "units must be a whole number with 1 ≤ units ≤ 8192; got 0"),
        ({"layers": [{"width": 3}]}, "Dense layer: no field 'width'; it has units, activation"),
        ({"layers": [{"residual": True}]}, "layer 1 can only be residual behind a dense layer of its own width"),
        ({"layers": 3}, "layers must be a list of dense layers; got 3"),
        ({"data": {"name": "iris"}, "convolution": {}}, "convolution must be None for Iris"),
        ({"data": {"name": "cats"}}, "data must be one of digits, iris, .*; got 'cats'"),
        ({"data": "iris"}, "data must be an object with named fields; got 'iris'"),
        ({"optimizer": {"name": "adam", "beta_1": 1.0}}, "Adam: beta_1 must be a number with 0 ≤ beta_1 < 1; got 1.0"),
        ({"optimizer": {"name": "sgd", "ema_overwrite_frequency": 2.5}}, "ema_overwrite_frequency must be a whole"),
        ({"split": {"validation": 0.6, "test": 0.6}}, r"validation \+ test must be at most 0.95"),
        ({"split": {"validation": 0.0}, "early_stopping": {}}, "early_stopping: monitor must be loss where no part"),
        ({"reduce_on_plateau": {}, "warmup_steps": 5}, "reduce_on_plateau needs the constant schedule"),
        ({"epoch": 3}, "no field 'epoch' in a training; it has data, split"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingSetup.from_dict(values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([f.name for f in fields(TrainingSetup)]), json_values))
def test_any_json_makes_a_setup_or_a_value_error(values: dict) -> None:
    try:
        setup = TrainingSetup.from_dict(values)
    except ValueError:
        return
    assert TrainingSetup.from_json(setup.to_json()) == setup


@pytest.mark.parametrize("name", [name for name, entry in gdviz.OPTIMIZERS.items() if entry.keras_class])
def test_a_run_on_a_landscape_arrives_complete(name: str) -> None:
    rule = gdviz.OPTIMIZERS.make(name, learning_rate=0.02)
    run = gdviz.descend("quadratic", rule, learning_rate="exponential_decay", clip="clipnorm", seed=7, steps=1)
    setup = from_descent(run.setup, TrainingSetup(epochs=3))
    assert setup.optimizer.keras_class == rule.keras_class
    given = setup.optimizer.values()
    assert all(given[key] == value for key, value in {**rule.values(), **rule.keras_fixed}.items())
    assert (setup.schedule, setup.clip, setup.seed, setup.epochs) == (run.setup.schedule, run.setup.clip, 7, 3)


def test_learning_rates_follow_schedule_and_warm_up() -> None:
    setup = TrainingSetup.from_dict(
        {
            "schedule": {"name": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": 10},
            "warmup_steps": 4,
        }
    )
    assert setup.optimizer.learning_rate == 0.1
    rates = setup.learning_rate(np.arange(20))
    np.testing.assert_allclose(rates[:4], 0.1 * 0.5 ** (np.arange(4) / 10) * [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(rates[4:], 0.1 * 0.5 ** (np.arange(4, 20) / 10))


def test_differences_are_named_by_field() -> None:
    one = TrainingSetup()
    other = one.changed(layers=(DenseLayer(32),), optimizer=replace(one.optimizer, learning_rate=0.1))
    assert one.differences(other) == {
        "layers.1.units": (64, 32),
        "optimizer.learning_rate": (0.001, 0.1),
        "schedule.initial_learning_rate": (0.001, 0.1),
    }


def test_each_cure_changes_one_thing() -> None:
    failed = PRESETS["Diabetes, learning rate 10: not a number"]
    found = cures(failed)
    assert set(found) >= {"a tenth of the learning rate", "standardised data", "batch normalisation"}
    parts = {name: {path.split(".")[0] for path in failed.differences(cure)} for name, cure in found.items()}
    assert all(len(changed - {"schedule"}) == 1 for changed in parts.values())
