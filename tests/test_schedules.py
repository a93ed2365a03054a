"""Schedules give the learning rates of Keras and of Optax at every step."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.catalogue import Knob
from gdviz.schedules import Schedule

STEPS = np.arange(300)
NAMES = [name for name, entry in gdviz.SCHEDULES.items() if not entry.follows_loss]


def of_keras(schedule: Schedule) -> np.ndarray:
    """What the exported code gives at every step."""
    made = eval(schedule.keras_code(), {"keras": keras})  # the project's own line: running it is the test
    if isinstance(made, float):
        return np.full(len(STEPS), made)
    return tf.function(lambda steps: tf.map_fn(made, steps, fn_output_signature="float32"))(STEPS).numpy()


def knob_values(knob: Knob) -> st.SearchStrategy[object]:
    if knob.name == "warmup_steps":
        return st.sampled_from([0, 0, 7])
    if knob.type is bool:
        return st.booleans()
    if knob.type is int:
        return st.integers(max(int(knob.low), 5), 250)
    low, high = knob.usual or (knob.low, knob.high)
    low = max(low, 1e-3) if knob.above is not None or knob.log else low
    low = low if knob.above is None or low > knob.above else 0.05
    return st.floats(low, min(high, 4.0, 4.0 if knob.below is None else knob.below) - 0.01)


def schedules(name: str) -> st.SearchStrategy[Schedule]:
    rule = gdviz.SCHEDULES[name]
    return st.fixed_dictionaries({knob.name: knob_values(knob) for knob in rule.knobs()}).map(lambda v: rule(**v))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_every_step_is_that_of_keras(name: str, data: st.DataObject) -> None:
    schedule = data.draw(schedules(name))
    ours, theirs = schedule(STEPS), of_keras(schedule)
    # Keras computes in float32: 1e-7 off, times what a power or a restart makes of it.
    close = np.isclose(ours, theirs, rtol=2e-4, atol=2e-6 * np.max(ours))
    # Where float32 rounds t/s to the other side of a jump, one step is about the neighbour's.
    neighbours = np.isclose(ours, np.roll(theirs, 1), rtol=0.02) | np.isclose(ours, np.roll(theirs, -1), rtol=0.02)
    assert np.all(close | neighbours)
    assert np.mean(close) > 0.95


@pytest.mark.parametrize("warmup", [0, 13])
def test_every_step_is_that_of_optax(warmup: int) -> None:
    peak = 0.1
    theirs = {
        "constant": optax.constant_schedule(peak),
        "exponential_decay": optax.exponential_decay(peak, 100, 0.5),
        "step_decay": optax.exponential_decay(peak, 100, 0.5, staircase=True),
        "polynomial_decay": optax.polynomial_schedule(peak, 1e-4, 1.0, 100),
        "cosine_decay": optax.cosine_decay_schedule(peak, 100),
        "one_cycle": optax.cosine_onecycle_schedule(200, peak * 25),
    }
    for name, decay in theirs.items():
        joined = optax.join_schedules([optax.linear_schedule(0.0, peak, max(warmup, 1)), decay], [warmup])
        ours = gdviz.SCHEDULES[name](peak, warmup_steps=warmup)(STEPS)
        np.testing.assert_allclose(ours, jax.vmap(joined)(jnp.asarray(STEPS)), rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    "values", [{}, {"factor": 0.5, "patience": 3, "cooldown": 4, "min_delta": 0.1, "min_lr": 1e-3}]
)
def test_reduce_on_plateau_is_the_callback_of_keras(values: dict[str, float]) -> None:
    schedule = gdviz.SCHEDULES["reduce_on_plateau"](0.05, **values)
    run = gdviz.descend("rosenbrock", "adam", learning_rate=schedule, noise=5.0, steps=200)
    assert len(np.unique(run.learning_rate)) > 2

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    callback = eval(schedule.keras_callback_code(), {"keras": keras})
    callback.set_model(model)
    callback.on_train_begin()
    rates = [0.05]
    for epoch, loss in enumerate(run.loss[1:-1]):
        callback.on_epoch_end(epoch, {"loss": loss})
        rates.append(float(model.optimizer.learning_rate))
    np.testing.assert_allclose(run.learning_rate, rates, rtol=1e-6)
