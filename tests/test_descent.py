"""descend(): what it records, how it judges an end, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.descent import Descent, Stop
from gdviz.theory.advice import finite_learning_rate


def quadratic_run(learning_rate: float, steps: int = 200, **settings: object) -> gdviz.Trajectory:
    """Gradient descent on a bowl with curvatures 1 and 10, along its axes."""
    bowl = gdviz.LANDSCAPES["quadratic"](condition_number=10.0, rotation=0.0)
    return gdviz.descend(bowl, "gradient_descent", learning_rate, start=(1.0, 1.0), steps=steps, **settings)


@pytest.mark.parametrize("name", list(gdviz.OPTIMIZERS))
def test_shapes(name: str) -> None:
    run = gdviz.descend("rosenbrock", name, learning_rate=1e-4, steps=7)
    assert run.theta.shape == run.gradient.shape == (8, 2)
    assert run.loss.shape == (8,)
    assert run.used_gradient.shape == (7, 2)
    assert run.learning_rate.shape == (7,)
    assert set(run.state) == set(run.setup.optimizer.state_names)
    assert all(values.shape[0] == 8 for values in run.state.values())
    assert run.stopped_at is None


def test_gradient_descent_on_a_quadratic_is_a_geometric_sequence() -> None:
    run = quadratic_run(0.05, steps=50)
    steps = np.arange(51)
    np.testing.assert_allclose(run.theta, np.stack([(1 - 0.05) ** steps, (1 - 0.5) ** steps], axis=1), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(rate=st.floats(0.01, 0.6))
def test_gradient_descent_diverges_exactly_beyond_two_over_the_largest_curvature(rate: float) -> None:
    run = quadratic_run(rate, steps=3000)
    if rate < 0.199:
        assert run.status == "converged"
    elif rate > 0.23:
        assert run.status == "diverged"


def test_a_diverged_run_says_when_and_why_and_keeps_what_it_has() -> None:
    run = quadratic_run(0.5, steps=2000)
    assert run.status == "diverged"
    assert run.stopped_at == run.steps < 2000
    assert f"At step {run.stopped_at} " in run.reason
    assert "multiplied the gradient by about 4" in run.reason  # |1 - 0.5 * 10| = 4
    assert np.isfinite(run.theta[:-1]).all()
    assert np.isfinite(run.loss[:-1]).all()
    assert not (np.isfinite(run.theta[-1]).all() and np.isfinite(run.loss[-1]))


def test_the_learning_rate_to_try_is_one_that_works() -> None:
    run = quadratic_run(0.5, steps=2000)
    rate = finite_learning_rate(run.setup)
    assert rate is not None
    assert rate < 0.5
    assert quadratic_run(rate, steps=2000).status != "diverged"


def test_a_loss_without_a_lowest_point_is_said_to_fall_without_bound() -> None:
    run = gdviz.descend("saddle", "gradient_descent", learning_rate=0.5, steps=2000)
    assert run.status == "diverged"
    assert "falls without bound" in run.reason


def test_a_plateau_and_a_saddle_are_not_minima() -> None:
    at_saddle = gdviz.descend("saddle", "gradient_descent", learning_rate=0.1, start=(1.0, 0.0), steps=500)
    assert at_saddle.status == "stalled"
    assert "saddle" in at_saddle.reason
    standing = gdviz.descend("rosenbrock", "gradient_descent", learning_rate=0.0, steps=50)
    assert standing.status == "stalled"


def test_a_local_minimum_is_converged_and_said_to_be_local() -> None:
    run = gdviz.descend("rastrigin", "gradient_descent", learning_rate=0.001, start=(2.1, 1.1), steps=500)
    assert run.status == "converged"
    assert "local minimum" in run.reason
    assert run.loss[-1] > 1
    assert run.steps_to_converge is not None


def test_steps_to_converge_is_the_step_after_which_the_loss_stays_low() -> None:
    run = quadratic_run(0.05, steps=400)
    # The slow coordinate is (1 - 0.05)^t: its loss falls to 1e-6 when 0.95^(2t) / 2 = 1e-6.
    assert run.steps_to_converge == int(np.ceil(np.log(2e-6) / (2 * np.log(0.95))))


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (Stop(loss=0.01), "the loss is at most 0.01"),
        (Stop(loss_change=1e-4), "the loss changed by at most 0.0001"),
        (Stop(gradient_norm=0.1), "the gradient's norm is at most 0.1"),
    ],
)
def test_stop_conditions_end_the_run_at_the_first_step_that_meets_them(stop: Stop, words: str) -> None:
    run = quadratic_run(0.05, steps=1000, stop=stop)
    assert run.stopped_at == run.steps < 1000
    assert words in run.reason
    assert f"Stopped after step {run.stopped_at}" in run.reason
    whole = quadratic_run(0.05, steps=1000)
    met = {
        "loss": whole.loss <= (stop.loss or 0),
        "loss_change": np.abs(np.diff(whole.loss, prepend=np.inf)) <= (stop.loss_change or 0),
        "gradient_norm": np.linalg.norm(whole.gradient, axis=1) <= (stop.gradient_norm or 0),
    }
    (name,) = stop.changes()
    assert run.stopped_at == int(np.argmax(met[name]))
    np.testing.assert_array_equal(run.theta, whole.theta[: run.stopped_at + 1])


def test_noise_is_determined_by_the_seed_and_leaves_the_exact_gradient_on_record() -> None:
    runs = [gdviz.descend("himmelblau", "adam", 0.1, noise=2.0, seed=seed, steps=3000) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    assert not np.array_equal(runs[0].theta, runs[2].theta)
    noise = runs[0].used_gradient - runs[0].gradient[:-1]
    assert abs(noise.mean()) < 0.1
    assert noise.std() == pytest.approx(2.0, rel=0.05)
    np.testing.assert_allclose(
        runs[0].gradient, gdviz.LANDSCAPES["himmelblau"]().gradient(runs[0].theta.T).T, rtol=1e-12, atol=1e-12
    )


def test_names_and_entries_are_the_same() -> None:
    by_name = gdviz.descend("beale", "rmsprop", "exponential_decay", clip="clipnorm", steps=20)
    by_entry = gdviz.descend(
        gdviz.LANDSCAPES["beale"](),
        gdviz.OPTIMIZERS["rmsprop"](),
        gdviz.SCHEDULES["exponential_decay"](0.001),
        clip=gdviz.CLIPPERS["clipnorm"](),
        steps=20,
    )
    assert by_name.setup == by_entry.setup
    np.testing.assert_array_equal(by_name.theta, by_entry.theta)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"landscape": "nowhere"}, "landscape must be one of quadratic, .*; got 'nowhere'"),
        ({"optimizer": 3}, "optimizer must be a name or an entry of the catalogue; got 3"),
        ({"learning_rate": -0.1}, "learning_rate must be a number with 0 ≤ learning_rate; got -0.1"),
        ({"learning_rate": float("nan")}, "learning_rate must be .*; got nan"),
        ({"learning_rate": "fast"}, "schedule must be one of constant, .*; got 'fast'"),
        ({"start": (1.0,)}, r"start must be two finite numbers, x and y; got \(1.0,\)"),
        ({"start": "ab"}, "start must be two finite numbers, x and y; got 'ab'"),
        ({"start": (0.0, float("inf"))}, r"start must be two finite numbers, x and y; got \(0.0, inf\)"),
        ({"steps": 0}, "steps must be a whole number with 1 ≤ steps ≤ 100000; got 0"),
        ({"steps": 2.5}, "steps must be a whole number .*; got 2.5"),
        ({"clip": "hard"}, "clipping must be one of clipvalue, .*; got 'hard'"),
        ({"noise": -1.0}, "noise must be a number with 0 ≤ noise; got -1.0"),
        ({"seed": -1}, "seed must be a whole number with 0 ≤ seed .*; got -1"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_value_and_what_is(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gdviz.descend(**{"landscape": "quadratic", "optimizer": "adam", **arguments})


def test_a_start_where_nothing_is_finite_is_reported_at_step_0() -> None:
    run = gdviz.descend("rosenbrock", "adam", start=(1e200, 0.0))
    assert (run.status, run.stopped_at) == ("diverged", 0)
    assert run.theta.shape == (1, 2)


def test_a_descent_is_the_same_whoever_runs_it() -> None:
    run = gdviz.descend("himmelblau", "nesterov", 0.005, noise=0.5)
    assert isinstance(run.setup, Descent)
    np.testing.assert_array_equal(gdviz.descent.run(run.setup).theta, run.theta)


@pytest.mark.parametrize("name", ["gradient_descent", "adam", "newton", "lbfgs", "bold_driver"])
def test_climbing_is_descending_on_the_landscape_upside_down(name: str) -> None:
    hill = gdviz.compile_landscape("exp(-x**2 - 2*y**2)", ((-2, 2), (-2, 2)))
    pit = gdviz.compile_landscape("-exp(-x**2 - 2*y**2)", ((-2, 2), (-2, 2)))
    up = gdviz.descend(hill, name, 0.05, start=(0.4, 0.3), steps=400, maximize=True)
    down = gdviz.descend(pit, name, 0.05, start=(0.4, 0.3), steps=400)
    np.testing.assert_allclose(up.theta, down.theta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(up.loss, -down.loss, rtol=1e-12)
    assert up.status == down.status
    assert up.steps_to_converge == down.steps_to_converge


def test_a_run_that_climbs_ends_at_a_maximum_or_without_bound() -> None:
    top = gdviz.descend("himmelblau", "gradient_descent", 0.002, start=(0.0, 0.0), steps=2000, maximize=True)
    assert top.status == "converged"
    assert top.reason.startswith("At a local maximum, (-0.2708, -0.923)")
    away = gdviz.descend("quadratic", "gradient_descent", 10.0, steps=2000, maximize=True)
    assert away.status == "diverged"
    assert "rises without bound, there is no maximum" in away.reason


def test_a_maximum_is_not_where_a_descent_converges() -> None:
    still = gdviz.descend("himmelblau", "gradient_descent", 1e-9, start=(-0.270845, -0.923039), steps=20)
    assert still.status == "stalled"
    assert still.reason.startswith("Near a maximum")


def test_a_schedule_that_ends_at_0_does_not_make_a_minimum_of_the_valley() -> None:
    """The gradient there is small beside the steep curvature of the walls, but not beside that along the valley."""
    schedule = gdviz.SCHEDULES["cosine_decay"](0.1, 250)
    run = gdviz.descend(
        "rosenbrock", "adam", schedule, start=(-1.5, 2.0), steps=300, clip=gdviz.CLIPPERS["clipnorm"](5.0)
    )
    assert run.distance[-1] > 0.1
    assert run.status == "stalled"
    assert run.reason.endswith("The schedule has lowered the learning rate to 0.")


def test_clipped_steps_are_those_whose_gradient_was_longer() -> None:
    run = gdviz.descend("rosenbrock", "momentum", 0.002, clip=gdviz.CLIPPERS["clipnorm"](5.0), steps=300)
    np.testing.assert_array_equal(run.clipped, np.linalg.norm(run.gradient[:-1], axis=1) > 5.0)
    assert 0 < run.clipped.sum() < 300
    noisy = gdviz.descend("rosenbrock", "momentum", 0.002, clip=gdviz.CLIPPERS["clipnorm"](5.0), noise=3.0, steps=300)
    np.testing.assert_array_equal(noisy.clipped, np.isclose(np.linalg.norm(noisy.used_gradient, axis=1), 5.0))
    assert not gdviz.descend("rosenbrock", "momentum", 0.002).clipped.any()
