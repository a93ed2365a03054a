"""What runs a record, against its interpreter; and the functions of the compiled code, against exact values."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.tracing import Record, record, record_run
from gdviz.tracing.arrays import ArrayStep
from gdviz.tracing.llvm import Kernel
from gdviz.tracing.python import PythonRun

RULES = [name for name, rule in gdviz.OPTIMIZERS.items() if not rule.not_recorded]


def interpreted(step: Record, state: tuple[str, ...], start: dict[str, Any], knobs: dict[str, Any], count: int) -> Any:
    """The states of a run by the interpreter, one row a step."""
    rows, given = [], {**start}
    with np.errstate(all="ignore"):
        for t in range(1, count + 1):
            rows.append([given[name] for name in state])
            after = step.run(**given, **knobs, step=float(t), learning_rate=np.float64(0.05))
            given = {name: np.float64(after[name]) for name in state}
    return np.array(rows, dtype=np.float64)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_the_python_function_gives_the_interpreters_numbers_to_the_last_bit(name: str, data: st.DataObject) -> None:
    rule, ground = gdviz.OPTIMIZERS[name](), gdviz.LANDSCAPES["himmelblau"]()
    made = record_run(ground, rule)
    knobs = dict(made.knobs)
    for knob in rule.knobs():
        if knob.type is float and knob.name != "learning_rate":
            low, high = knob.usual or (max(knob.low, 0.0), min(knob.high, 1.0))
            values = st.floats(low, high, exclude_min=knob.above == low, exclude_max=knob.below == high)
            knobs[f"optimizer.{knob.name}"] = data.draw(values, label=knob.name)
    x, y = (np.float64(data.draw(st.floats(-5, 5), label=axis)) for axis in "xy")
    state = ("x", "y", *made.state)
    numbers = {name: np.float64(value) for name, value in knobs.items()}
    with np.errstate(all="ignore"):
        start = {"x": x, "y": y, **made.initial.run(x=x, y=y, **numbers)}
    run = PythonRun(made.step.only(state), state, (), ("step", "learning_rate"))
    found = run(start, knobs, [(float(t), 0.05) for t in range(1, 9)])
    np.testing.assert_array_equal(found, interpreted(made.step, state, start, numbers, 8)[: len(found)])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("landscape", ["ackley", "beale"])
def test_arrays_in_place_give_the_interpreters_numbers(name: str, landscape: str) -> None:
    made = record_run(gdviz.LANDSCAPES[landscape](), gdviz.OPTIMIZERS[name]())
    x, y = np.random.default_rng(1).uniform(-3, 3, (2, 50))
    state = ("x", "y", *made.state)
    start = {"x": x, "y": y, **made.initial.run(x=x, y=y, **made.knobs)}
    start = {name: np.broadcast_to(start[name], x.shape).copy() for name in state}
    step = ArrayStep(made.step.only([*state, "loss"]), ())
    for t in (1.0, 2.0, 3.0):
        one = {"step": np.array([t]), "learning_rate": np.array([0.05])}
        constants, table = step.tables.values(made.knobs, one)
        expected = made.step.run(**start, **made.knobs, step=t, learning_rate=0.05)
        found = step(start, constants, table[0])
        for output in (*state, "loss"):
            np.testing.assert_allclose(found[output], expected[output], rtol=1e-11, atol=1e-12)
        start = {name: np.array(found[name]) for name in state}


def test_where_python_refuses_a_number_numpy_goes_on() -> None:
    """The division comes after the row was kept, the power before."""
    for calculation, start in (
        (lambda x: 1.0 / (x - 3.0), 3.0),
        (lambda x: (x - 1.0) / (x - 3.0), 3.0),
        (lambda x: (x + 0.0) ** 400.0, 10.0),
    ):
        step = record(lambda x, y, step, f=calculation: {"x": f(x), "y": y + step}, x="point", y="point", step="step")
        found = PythonRun(step, ("x", "y"), (), ("step",))({"x": start, "y": 0.0}, {}, [(1.0,), (2.0,), (3.0,)])
        assert found[:, 1].tolist() == [0.0, 1.0, 3.0][: len(found)]
        with np.errstate(all="ignore"):
            expected = [np.float64(start)]
            for _ in found[1:]:
                expected.append(calculation(expected[-1]))
        np.testing.assert_array_equal(found[:, 0], expected)


def compiled(function: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of x as compiled code computes it: the place after one step that leads there."""
    step = record(
        lambda x, y: {"x": function(x), "y": y * 1.0, "loss": 0.0, "gradient_x": 0.0, "gradient_y": 0.0},
        x="point",
        y="point",
    )
    kernel = Kernel(step, ("x", "y"), (), 10, 1e-6)

    def run(values: np.ndarray) -> np.ndarray:
        constants, table = kernel.tables.values({}, {"step": np.array([1.0, 2.0])})
        return kernel(np.stack([values, values * 0]), constants, table, (), {}, (), np.nan, 0.0)[0]

    return run


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Any, tuple[float, float], float]] = {
    "sin": (np.sin, mpmath.sin, (-20.0, 20.0), 1.0),
    "sin, far": (np.sin, mpmath.sin, (-1e5, 1e5), 1.0),
    "cos": (np.cos, mpmath.cos, (-20.0, 20.0), 1.0),
    "cos, far": (np.cos, mpmath.cos, (-1e5, 1e5), 1.0),
    "tan": (np.tan, mpmath.tan, (-20.0, 20.0), 3.0),
    "exp": (np.exp, mpmath.exp, (-700.0, 700.0), 1.0),
    "exp, near": (np.exp, mpmath.exp, (-1.0, 1.0), 1.0),
    "log": (np.log, mpmath.log, (1e-3, 10.0), 1.0),
    "tanh": (np.tanh, mpmath.tanh, (-5.0, 5.0), 3.0),
    "logaddexp": (
        lambda x: np.logaddexp(0.0, x),
        lambda x: mpmath.log(1 + mpmath.exp(x)),
        (-30.0, 30.0),
        3.0,
    ),
}
"""The function, its exact value, where it is tried, and how many units in the last place it may be off."""


@pytest.mark.parametrize(("function", "exact", "between", "allowed"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_are_exact_to_the_last_place(
    function: Any, exact: Any, between: tuple[float, float], allowed: float
) -> None:
    x = np.random.default_rng(3).uniform(*between, 3000)
    with mpmath.workdps(40):
        found = compiled(function)(x)
        for at, value in zip(x, found, strict=True):
            true = exact(mpmath.mpf(float(at)))
            assert abs(mpmath.mpf(float(value)) - true) <= allowed * np.spacing(abs(float(true)))


@pytest.mark.parametrize("function", [np.exp, np.log, np.sin, np.cos, np.tanh, np.sqrt, np.sign, np.arctan])
def test_functions_agree_at_the_edges(function: Any) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 1e-310, 710.0, -746.0, 1e6, -1e15, 1.0])
    with np.errstate(all="ignore"):
        expected, found = function(x), compiled(function)(x)
    kept = np.isfinite(x)  # a point that is not finite is an end, and stays
    np.testing.assert_allclose(found[kept], expected[kept], rtol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5), st.floats(-3, 3))
def test_choices_and_truth_values_are_those_of_numpy(values: list[float], limit: float) -> None:
    x = np.array(values)
    found = CHOICES(np.append(x, limit))
    np.testing.assert_array_equal(found[:-1], choices(x))


def choices(x: Any) -> Any:
    inside = (x > -1.0) & (x < 2.0) | (x == 5.0)
    return np.where(inside, np.minimum(x, 0.5), np.maximum(x, 3.0)) + (x >= 1.0) * 2.0 - abs(x) + np.sign(x)


CHOICES = compiled(choices)
