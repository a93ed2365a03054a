"""Every optimizer, schedule and clipping rule takes the same steps as the real one of Keras.

Keras's TensorFlow backend passes Python floats through float32. The hyperparameters here are numbers that float32
represents exactly, so that both sides compute with the same ones; then a correct rule agrees to rounding.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.clipping import Clipper
from gdviz.landscapes import Landscape
from gdviz.optimizers import Optimizer
from gdviz.schedules import Schedule

STEPS = 100


def exact(number: float) -> float:
    """The nearest number that float32 represents."""
    return float(np.float32(number))


@pytest.fixture(autouse=True, scope="module")
def _float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def keras_path(
    landscape: Landscape, optimizer: keras.optimizers.Optimizer, start: np.ndarray, steps: int
) -> np.ndarray:
    """The positions that a Keras optimizer takes, given the landscape's exact gradients: shape (steps + 1, 2)."""
    theta = keras.Variable(start, dtype="float64")
    path = [theta.numpy()]
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(landscape.gradient(path[-1]), dtype="float64")], [theta])
        path.append(theta.numpy())
    return np.array(path)


def in_keras(optimizer: Optimizer, schedule: Schedule | None = None, clip: Clipper | None = None):
    """The optimizer that the exported line of code makes."""
    line = optimizer.keras_code(schedule.keras_code() if schedule else None)
    if clip:
        line = f"{line[:-1]}, {clip.keras_code()})"
    return eval(line, {"keras": keras})  # the project's own line: running it is the test


def rounded(optimizer: Optimizer) -> Optimizer:
    values = {name: exact(value) if type(value) is float else value for name, value in optimizer.values().items()}
    return type(optimizer)(**values)


def assert_same_path(ours: np.ndarray, theirs: np.ndarray) -> None:
    scale = np.maximum(np.abs(theirs), 1e-3)
    np.testing.assert_array_less(np.abs(ours - theirs) / scale, 1e-10)


def settings_of(name: str) -> list[Optimizer]:
    """The defaults, and settings in which every hyperparameter differs from its default."""
    rule = gdviz.OPTIMIZERS[name]
    made = [rule()]
    for share in (0.25, 0.5):
        values: dict[str, object] = {}
        for knob in rule.knobs():
            if knob.type is bool:
                values[knob.name] = not knob.default
            elif knob.name == "epsilon":
                values[knob.name] = exact(1e-3 * share)
            elif knob.name == "learning_rate":
                values[knob.name] = exact(2e-3 * share)
            elif knob.choices:
                values[knob.name] = knob.choices[-1]
            else:
                values[knob.name] = share
        made.append(rule(**values))
    return [rounded(optimizer) for optimizer in made]


CASES = [
    pytest.param(optimizer, id=f"{name}-{i}")
    for name, entry in gdviz.OPTIMIZERS.items()
    if entry.keras_class
    for i, optimizer in enumerate(settings_of(name))
]


@pytest.mark.parametrize("optimizer", CASES)
def test_steps_on_rosenbrock(optimizer: Optimizer) -> None:
    landscape = gdviz.LANDSCAPES["rosenbrock"]()
    optimizer = replace(
        optimizer, learning_rate=min(optimizer.learning_rate, exact(2e-4 if "SGD" in optimizer.keras_class else 1))
    )
    run = gdviz.descend(landscape, optimizer, steps=STEPS)
    assert run.steps == STEPS
    assert_same_path(run.theta, keras_path(landscape, in_keras(optimizer), run.theta[0], STEPS))


@pytest.mark.parametrize("optimizer", CASES)
def test_steps_on_a_random_quadratic(optimizer: Optimizer) -> None:
    rng = np.random.default_rng(11)
    landscape = gdviz.LANDSCAPES["quadratic"](condition_number=rng.uniform(5, 50), rotation=rng.uniform(-90, 90))
    run = gdviz.descend(landscape, optimizer, start=rng.uniform(-3, 3, 2), steps=STEPS)
    assert_same_path(run.theta, keras_path(landscape, in_keras(optimizer), run.theta[0], STEPS))


@pytest.mark.parametrize("name", [name for name, entry in gdviz.OPTIMIZERS.items() if entry.keras_class])
@pytest.mark.parametrize("schedule", [name for name, entry in gdviz.SCHEDULES.items() if entry.keras_class])
@pytest.mark.parametrize("clip", list(gdviz.CLIPPERS))
def test_steps_with_a_schedule_and_clipping(name: str, schedule: str, clip: str) -> None:
    landscape = gdviz.LANDSCAPES["himmelblau"]()
    optimizer = rounded(gdviz.OPTIMIZERS[name](learning_rate=exact(0.01)))
    plan = gdviz.SCHEDULES[schedule](initial_learning_rate=exact(0.01))
    clipper = gdviz.CLIPPERS[clip]()
    run = gdviz.descend(landscape, optimizer, learning_rate=plan, clip=clipper, steps=STEPS)
    assert np.any(run.used_gradient != run.gradient[:-1])
    theirs = keras_path(landscape, in_keras(optimizer, plan, clipper), run.theta[0], STEPS)
    # Keras computes a schedule in float32: its learning rates are 1e-7 off, whatever floatx says.
    np.testing.assert_allclose(run.theta, theirs, rtol=1e-5, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(1e-4, 1.0).map(exact),
    factor=st.floats(0.1, 1.0).map(exact),
    every=st.integers(1, 500),
    staircase=st.booleans(),
)
def test_exponential_decay(rate: float, factor: float, every: int, staircase: bool) -> None:
    ours = gdviz.SCHEDULES["exponential_decay"](rate, every, factor, staircase)
    theirs = eval(ours.keras_code(), {"keras": keras})
    steps = np.arange(0, 1000, 37)
    np.testing.assert_allclose(ours(steps), [float(theirs(step)) for step in steps], rtol=1e-4, atol=1e-30)
