"""Every optimizer, schedule and clipping rule takes the same steps as the real one of Keras.

Keras's TensorFlow backend passes Python floats through float32. The hyperparameters here are numbers that float32
represents exactly, so that both sides compute with the same ones; then a correct rule agrees to rounding.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.catalogue import Knob
from gdviz.optimizers import Optimizer
from gdviz.schedules import Schedule

STEPS = 200
LANDSCAPES = (
    gdviz.LANDSCAPES["rosenbrock"](),
    gdviz.LANDSCAPES["quadratic"](condition_number=20.0, rotation=40.0),
    gdviz.LANDSCAPES["himmelblau"](),
)
RULES = [name for name, entry in gdviz.OPTIMIZERS.items() if entry.keras_class]


def exact(number: float) -> float:
    """The nearest number that float32 represents."""
    return float(np.float32(number))


@pytest.fixture(autouse=True, scope="module")
def _float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)
    keras.backend.clear_session()


class InFloat64(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule's learning rates as they are: Keras computes its own schedules in float32, whatever floatx says."""

    def __init__(self, schedule: Schedule) -> None:
        self.rates = keras.ops.convert_to_tensor(schedule(np.arange(STEPS)), dtype="float64")

    def __call__(self, step: int) -> object:
        return tf.gather(self.rates, tf.convert_to_tensor(step))


def keras_paths(optimizer: keras.optimizers.Optimizer, runs: list[gdviz.Trajectory]) -> list[np.ndarray]:
    """Where a Keras optimizer goes from the start of each run, given the exact gradients along it: (T+1, 2) each.

    Given the same gradients, two rules that differ anywhere differ in their positions; and rounding is not amplified by
    the landscape's curvature.
    """
    # A vector is what Keras has for (x, y); Muon treats only matrices as Muon.
    shape = (1, 2) if isinstance(optimizer, keras.optimizers.Muon) else (2,)
    thetas = [keras.Variable(run.theta[0].reshape(shape), dtype="float64") for run in runs]
    optimizer.build(thetas)
    step = tf.function(lambda gradients: optimizer.apply(tf.unstack(gradients), thetas))
    paths = [[theta.numpy().reshape(2)] for theta in thetas]
    for gradients in zip(*(run.gradient[:-1] for run in runs), strict=False):
        step(tf.constant([gradient.reshape(shape) for gradient in gradients]))
        for path, theta in zip(paths, thetas, strict=True):
            path.append(theta.numpy().reshape(2))
    return [np.array(path) for path in paths]


def in_keras(run: gdviz.Trajectory, plan: object = None) -> keras.optimizers.Optimizer:
    """The optimizer that the exported line of code makes."""
    setup = run.setup
    parts = [setup.optimizer.keras_code("plan" if plan else None)[:-1]]
    parts += [setup.clip.keras_code()] if setup.clip else []
    parts += [setup.averaging.keras_code()] if setup.averaging else []
    parts += [f"weight_decay={setup.weight_decay!r}"] if setup.weight_decay else []
    return eval(
        ", ".join(parts) + ")", {"keras": keras, "plan": plan}
    )  # the project's own line: running it is the test


def assert_same_paths(runs: list[gdviz.Trajectory], theirs: list[np.ndarray]) -> None:
    # Nadam's 0.96 is a constant of Keras, which rounds it to float32: 1e-8 off.
    tolerance = 1e-8 if runs[0].setup.optimizer.name == "nadam" else 1e-10
    for run, path in zip(runs, theirs, strict=True):
        ours = run.theta[: len(path)]
        scale = np.maximum(np.abs(path).max(axis=1, keepdims=True), 1e-3)
        assert np.max(np.abs(ours - path) / scale, initial=0.0, where=np.abs(path) < 1e12) <= tolerance


def runs_of(optimizer: Optimizer, learning_rate: object = None, **options: object) -> list[gdviz.Trajectory]:
    return [gdviz.descend(place, optimizer, learning_rate, steps=STEPS, **options) for place in LANDSCAPES]


def decades(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda power: exact(10**power))


def knob_values(knob: Knob) -> st.SearchStrategy[object]:
    """Numbers that float32 represents, within a hyperparameter's bounds."""
    if knob.type is bool:
        return st.booleans()
    if knob.type is int:
        return st.integers(int(knob.low), int(min(knob.high, 10)))
    if knob.name == "learning_rate":
        return decades(1e-4, 1e-2)
    if knob.name == "epsilon":
        return decades(1e-6, 1e-1)
    if knob.log:
        return decades(*knob.usual)
    low = max(knob.low, -1.0 if knob.above is None else knob.above)
    high = min(knob.high, 1.0 if knob.below is None else knob.below)
    return st.floats(low + 0.01 * (high - low), high - 0.01 * (high - low)).map(exact)


def optimizers(name: str) -> st.SearchStrategy[Optimizer]:
    rule = gdviz.OPTIMIZERS[name]
    return st.fixed_dictionaries({knob.name: knob_values(knob) for knob in rule.knobs()}).map(lambda v: rule(**v))


def rounded(optimizer: Optimizer) -> Optimizer:
    values = {name: exact(value) if type(value) is float else value for name, value in optimizer.values().items()}
    return type(optimizer)(**values)


@pytest.mark.parametrize("name", RULES)
def test_the_defaults_are_those_of_keras(name: str) -> None:
    optimizer = gdviz.OPTIMIZERS[name]()
    theirs = getattr(keras.optimizers, optimizer.keras_class)().get_config()
    for field, value in optimizer.values().items():
        if field != "momentum" or name == "muon":  # momentum's default is 0 in keras.optimizers.SGD: no momentum
            assert theirs.get(field, value) == pytest.approx(value, rel=1e-6), field


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_200_steps_with_random_hyperparameters(name: str, data: st.DataObject) -> None:
    runs = runs_of(data.draw(optimizers(name)))
    assert_same_paths(runs, keras_paths(in_keras(runs[0]), runs))


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_200_steps_with_a_schedule_clipping_weight_decay_and_averaging(name: str, data: st.DataObject) -> None:
    optimizer = data.draw(optimizers(name))
    schedule = gdviz.SCHEDULES["exponential_decay"](optimizer.learning_rate, 40, 0.5)
    clip = gdviz.CLIPPERS["clipnorm"](exact(data.draw(st.floats(0.5, 50.0))))
    averaging = gdviz.Averaging(exact(0.9), ema_overwrite_frequency=50)
    own_decay = "weight_decay" in optimizer.values()
    runs = runs_of(optimizer, schedule, clip=clip, averaging=averaging, weight_decay=0.0 if own_decay else exact(0.1))
    assert np.any(runs[0].used_gradient != runs[0].gradient[:-1])
    assert_same_paths(runs, keras_paths(in_keras(runs[0], InFloat64(schedule)), runs))


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
@pytest.mark.parametrize("clip", list(gdviz.CLIPPERS))
def test_every_clipping(name: str, clip: str) -> None:
    optimizer = rounded(gdviz.OPTIMIZERS[name](learning_rate=0.01))
    # One landscape: over several, Keras takes the global norm of all their gradients together.
    runs = runs_of(optimizer, clip=clip)[:1]
    assert np.any(runs[0].used_gradient != runs[0].gradient[:-1])
    assert_same_paths(runs, keras_paths(in_keras(runs[0]), runs))


def test_a_path_taken_by_keras_alone_is_the_same() -> None:
    """The same steps once more with Keras's own positions, in place of gradients along ours."""
    optimizer, landscape = rounded(gdviz.OPTIMIZERS["adam"](learning_rate=0.01)), LANDSCAPES[0]
    run = gdviz.descend(landscape, optimizer, steps=STEPS)
    theirs, theta = in_keras(run), keras.Variable(run.theta[0], dtype="float64")
    for _ in range(STEPS):
        theirs.apply([keras.ops.convert_to_tensor(landscape.gradient(theta.numpy()), dtype="float64")], [theta])
    np.testing.assert_allclose(run.theta[-1], theta.numpy(), rtol=1e-10)
