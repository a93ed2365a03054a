"""Sweeps: the numbers of descend(), by every engine, for every rule and every landscape."""

import subprocess
import sys
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

import gdviz
from gdviz.landscapes.data import DataLandscape
from gdviz.sweeps.run import loss_curves, make_cases, run_cases, sweep_progressively

LANDSCAPES = list(gdviz.LANDSCAPES)
FORMULAS = [name for name, ground in gdviz.LANDSCAPES.items() if not issubclass(ground, DataLandscape)]
RULES = [name for name, rule in gdviz.OPTIMIZERS.items() if not rule.not_recorded]


def some_starts(name: str, count: int) -> np.ndarray:
    rng = np.random.default_rng(7)  # seeded, so that a failure can be repeated
    return np.stack([rng.uniform(low, high, count) for low, high in gdviz.LANDSCAPES[name].domain])


def assert_same_as_descend(ends: gdviz.Sweep, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Powers and transcendental functions of two libraries differ in the last digit; a few steps let that grow."""
    for index in range(len(ends)):
        run = gdviz.descent.run(ends.cases.descent(index))
        assert run.status == ends.status[index]
        settled = np.nan if run.steps_to_converge is None else run.steps_to_converge
        np.testing.assert_equal(ends.steps_to_converge[index], settled)
        np.testing.assert_allclose(ends.theta[:, index], run.theta[-1], rtol=rtol, atol=atol)
        np.testing.assert_allclose(ends.loss[index], run.loss[-1], rtol=rtol, atol=atol)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_every_rule_in_arrays_gives_the_numbers_of_descend(landscape: str) -> None:
    """Each landscape with every third rule, so that each rule has twelve landscapes."""
    for optimizer in RULES[LANDSCAPES.index(landscape) % 3 :: 3]:
        assert_same_as_descend(
            gdviz.sweep(landscape, optimizer, some_starts(landscape, 1), 0.01, steps=12, engine="numpy")
        )


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_every_landscape_is_compiled_and_gives_the_numbers_of_descend(landscape: str) -> None:
    assert_same_as_descend(gdviz.sweep(landscape, "adam", some_starts(landscape, 3), 0.05, 25, engine="compiled"))


@pytest.mark.parametrize("optimizer", RULES)
def test_every_rule_is_compiled_and_gives_the_numbers_of_descend(optimizer: str) -> None:
    assert_same_as_descend(gdviz.sweep("beale", optimizer, some_starts("beale", 3), 0.01, 25, engine="compiled"))


@pytest.mark.parametrize("optimizer", RULES)
def test_every_rule_linked_to_a_landscape_gives_the_numbers_of_descend(optimizer: str) -> None:
    assert_same_as_descend(gdviz.sweep("beale", optimizer, some_starts("beale", 3), 0.01, 25, engine="linked"))


@pytest.mark.parametrize("landscape", FORMULAS)
def test_every_formula_linked_to_a_rule_gives_the_numbers_of_descend(landscape: str) -> None:
    for optimizer in ("adam", "newton"):  # newton asks for curvatures too
        assert_same_as_descend(gdviz.sweep(landscape, optimizer, some_starts(landscape, 2), 0.05, 20, engine="linked"))


def test_a_landscape_with_hyperparameters_is_linked_with_their_values() -> None:
    starts = some_starts("rosenbrock", 2)
    for b in (100.0, 3.0):
        ground = gdviz.LANDSCAPES["rosenbrock"](b=b)
        assert_same_as_descend(gdviz.sweep(ground, "momentum", starts, 1e-3, 30, engine="linked"), rtol=0.0, atol=0.0)


@pytest.mark.parametrize("landscape", ["himmelblau", "tanh_network"])  # linked, and in arrays
def test_losses_at_every_step_are_those_of_descend(landscape: str) -> None:
    cases = make_cases(landscape, "adam", some_starts(landscape, 150), 0.05, 20)
    curves = loss_curves(cases)
    assert curves.shape == (21, 150)
    for index in (0, 127, 128, 149):
        np.testing.assert_allclose(curves[:, index], gdviz.descent.run(cases.descent(index)).loss, rtol=1e-11)


def test_a_rule_that_is_not_recorded_is_run_one_case_at_a_time() -> None:
    ends = gdviz.sweep("himmelblau", "lbfgs", some_starts("himmelblau", 2), steps=12)
    assert ends.engine == "descend"
    assert_same_as_descend(ends)


@pytest.mark.parametrize("engine", ["numpy", "compiled", "linked"])
def test_where_only_arithmetic_and_roots_are_used_the_numbers_are_the_same_bit_for_bit(engine: str) -> None:
    starts = some_starts("rosenbrock", 300)  # more than a tile
    ends = gdviz.sweep("rosenbrock", "adam", starts, 0.05, steps=150, engine=engine)
    for index in (0, 100, 255, 256, 299):
        trajectory = gdviz.descent.run(ends.cases.descent(index))
        np.testing.assert_array_equal(ends.theta[:, index], trajectory.theta[-1])
        assert ends.loss[index] == trajectory.loss[-1]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    ("landscape", "optimizer", "rate", "steps"),
    [
        ("quadratic", "gradient_descent", [0.05, 0.1, 0.19, 0.199, 0.25, 0.5], 700),  # converged, running, diverged
        ("rosenbrock", "momentum", [1e-4, 1e-3, 5e-3, 1e-1], 400),
        ("rastrigin", "gradient_descent", [1e-3, 2e-3, 4e-3], 200),  # local minima
        ("saddle", "gradient_descent", [0.1, 1e-9], 300),  # falls without bound; stands still
        ("plateau", "lion", [1e-3, 0.5], 60),
    ],
)
def test_statuses_and_steps_to_converge_are_those_of_descend(
    engine: str, landscape: str, optimizer: str, rate: list[float], steps: int
) -> None:
    starts = np.repeat(some_starts(landscape, 1), len(rate), axis=1)
    ends = gdviz.sweep(landscape, optimizer, starts, rate, steps=steps, engine=engine)
    assert_same_as_descend(ends, rtol=1e-6)


VARIATIONS: dict[str, dict[str, Any]] = {
    "hyperparameters": {"knobs": {"beta_1": [0.0, 0.5, 0.9], "beta_2": [0.9, 0.99, 0.999]}},
    "learning rates of a schedule": {"learning_rate": [0.1, 0.01, 0.2], "schedule": "cosine_decay"},
    "a schedule with warm-up": {"learning_rate": gdviz.SCHEDULES["polynomial_decay"](0.1, warmup_steps=5)},
    "noise": {"noise": 0.5, "seed": 3},
    "noise and seeds": {"noise": [0.0, 0.5, 1.0], "seed": [1, 2, 3]},
    "weight decay": {"weight_decay": 0.1},
    "clipping": {"clip": "clipnorm", "noise": 0.5},
    "averaging": {"averaging": gdviz.Averaging(0.9, 5)},
    "a stop by the gradient": {"stop": gdviz.Stop(gradient_norm=10.0)},
    "a stop by the loss": {"stop": gdviz.Stop(loss=20.0)},
    "two stops": {"stop": gdviz.Stop(loss=3.0, loss_change=1.0)},
    "a schedule that follows the loss": {"learning_rate": [0.1, 0.5, 2.0], "schedule": "reduce_on_plateau"},
    "climbing": {"maximize": True},
    "divergence": {"learning_rate": 1e160},
}


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("arguments", VARIATIONS.values(), ids=VARIATIONS)
def test_what_varies_from_case_to_case(arguments: dict[str, Any], engine: str) -> None:
    arguments = {"learning_rate": 0.05, **arguments}
    assert_same_as_descend(
        gdviz.sweep("himmelblau", "adam", some_starts("himmelblau", 3), steps=30, engine=engine, **arguments)
    )


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_mini_batches_and_own_functions(engine: str) -> None:
    for ground, rule in (("linear_regression", "adam"), ("logistic_regression", "sam"), ("tanh_network", "adam")):
        starts = some_starts(ground, 3)
        assert_same_as_descend(gdviz.sweep(ground, rule, starts, 0.05, 20, batch_size=8, seed=4, engine=engine))
    own = gdviz.compile_landscape("x**4 + tan(y) + log(x**2 + 1)*sinh(y) + cosh(x) + atan(x) + abs(y)**1.5 + max(x, y)")
    assert_same_as_descend(gdviz.sweep(own, "adam", [[1.0, 2.0], [0.3, 0.4]], engine=engine))
    assert gdviz.sweep("linear_regression", "adam", steps=20, batch_size=8, seed=[1, 2]).engine == "descend"


@pytest.mark.parametrize("optimizer", ["radam", "rprop", "muon", "lookahead", "schedule_free_adamw"])
def test_hyperparameters_that_count_or_decide_vary_too(optimizer: str) -> None:
    whole = {"radam": "threshold", "rprop": "eta_plus", "muon": "ns_steps", "lookahead": "sync_period"}
    values = {"radam": [4.5, 6.0], "rprop": [1.1, 1.3]}.get(optimizer, [2, 3])
    knobs = {whole.get(optimizer, "warmup_steps"): values}
    starts = some_starts("himmelblau", 2)
    assert_same_as_descend(gdviz.sweep("himmelblau", optimizer, starts, [0.01, 0.02], steps=15, knobs=knobs))


def test_parts_come_coarse_to_fine_and_make_the_whole() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 96), np.linspace(-1, 3, 96))
    cases = make_cases("rosenbrock", "adam", np.array([x.ravel(), y.ravel()]), 0.05, 20)
    seen, loss = np.zeros(len(cases), int), np.empty(len(cases))
    parts = list(sweep_progressively(cases, shape=(96, 96)))
    for part in parts:
        seen[part.indices] += 1
        loss[part.indices] = part.sweep.loss
    assert np.all(seen == 1)
    assert [part.done for part in parts] == sorted(part.done for part in parts)
    assert parts[-1].done == 1
    rows, columns = np.divmod(parts[0].indices, 96)
    assert len(parts[0].indices) <= 400
    assert rows.max() > 80
    assert columns.max() > 80
    np.testing.assert_array_equal(loss, run_cases(cases).loss)


def test_the_first_part_comes_at_once_and_a_sweep_can_be_left() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 512), np.linspace(-1, 3, 512))
    cases = make_cases("rosenbrock", "adam", np.array([x.ravel(), y.ravel()]), 0.05, 300)
    begun = time.thread_time()
    parts = sweep_progressively(cases, shape=(512, 512))
    next(parts)
    assert time.thread_time() - begun < 0.2
    parts.close()
    assert threading.active_count() < 20


def test_progress_is_told_and_can_cancel() -> None:
    class CancelledError(Exception):
        pass

    told: list[float] = []

    def progress(done: float) -> None:
        told.append(done)
        if done > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        gdviz.sweep("rosenbrock", "adam", np.ones((2, 40_000)), 0.1, steps=50, progress=progress, engine="numpy")
    assert told == sorted(told)
    assert 0 < told[0] < 0.5 < told[-1]


def test_memory_does_not_grow_with_the_steps() -> None:
    gdviz.sweep("rosenbrock", "adam", steps=1)  # compiled before, which takes memory of its own
    tracemalloc.start()
    gdviz.sweep("rosenbrock", "adam", np.ones((2, 1000)), steps=20_000)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()


def test_without_a_compiler_everything_runs_in_numpy() -> None:
    program = (
        "import sys; sys.modules['llvmlite'] = None; import importlib.util; find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'llvmlite' else find(name, *rest)\n"
        "import gdviz; print(gdviz.sweep('ackley', 'adam').engine)"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "numpy"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"starts": [[1.0, np.nan], [1.0, 2.0]]}, "starts must be finite"),
        ({"starts": [[1.0], [1.0], [2.0]]}, r"starts must have the shape \(2, N\)"),
        ({"learning_rate": [0.1, -0.1]}, r"Adam: learning_rate must be .*; got -0\.1"),
        ({"knobs": {"beta_1": [0.1, 1.0]}}, r"Adam: beta_1 must be .*; got 1\.0"),
        ({"knobs": {"beta": [0.1]}}, "Adam: no hyperparameter 'beta'"),
        ({"knobs": {"beta_1": [0.1]}, "starts": np.ones((2, 3))}, r"beta_1 must have the shape \(3,\)"),
        ({"noise": [0.1, -1.0]}, "noise must be numbers with 0 ≤ noise"),
        ({"seed": [1, -1]}, "seed must be whole numbers"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"engine": "gpu"}, "engine must be one of compiled, linked, numpy, descend for these cases; got 'gpu'"),
        ({"engine": "numpy", "optimizer": "lbfgs"}, "engine must be one of descend for these cases"),
    ],
)
def test_what_is_not_allowed_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gdviz.sweep(**{"landscape": "quadratic", "optimizer": "adam", **arguments})


def test_climbing_and_points_along_a_valley_end_as_in_descend() -> None:
    starts = np.array([[-1.5, 0.5, 1.5], [2.0, 0.5, 1.0]])
    schedule = gdviz.SCHEDULES["cosine_decay"](0.1, 60)
    for maximize, landscape in ((False, "rosenbrock"), (True, "himmelblau"), (False, "himmelblau")):
        ends = gdviz.sweep(landscape, "adam", starts, schedule, steps=80, maximize=maximize)
        runs = [gdviz.descend(landscape, "adam", schedule, s, steps=80, maximize=maximize) for s in starts.T]
        assert ends.status.tolist() == [run.status for run in runs]
        np.testing.assert_allclose(ends.loss, [run.loss[-1] for run in runs], rtol=1e-9)
    assert "stalled" in gdviz.sweep("rosenbrock", "adam", starts, schedule, steps=80).status
