"""Rules that Keras does not have take the steps of Optax, of textbook formulas, or of a rule they contain."""

from collections.abc import Callable

import jax
import numpy as np
import optax
import optax.contrib
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.landscapes import Landscape
from gdviz.optimizers import Optimizer
from gdviz.schedules import Schedule

STEPS = 200
LANDSCAPES = (
    gdviz.LANDSCAPES["rosenbrock"](),
    gdviz.LANDSCAPES["quadratic"](condition_number=20.0, rotation=40.0),
    gdviz.LANDSCAPES["himmelblau"](),
)
BETAS = {"beta_1": "b1", "beta_2": "b2", "epsilon": "eps", "epsilon_root": "eps_root"}
# The function of Optax for a rule, and the names that its arguments have there where they are others.
OPTAX: dict[str, tuple[Callable[..., optax.GradientTransformation], dict[str, str]]] = {
    "radam": (optax.radam, BETAS),
    "adabelief": (optax.adabelief, BETAS),
    "yogi": (lambda initial_accumulator_value, **others: optax.yogi(**others), BETAS),  # its value there is fixed
    "prodigy": (
        lambda beta_1, beta_2, **others: optax.contrib.prodigy(betas=(beta_1, beta_2), **others),
        {"epsilon": "eps", "initial_distance": "estim_lr0"},
    ),
}


def settings_of(name: str) -> st.SearchStrategy[Optimizer]:
    """Any hyperparameters in their usual bounds."""
    rule = gdviz.OPTIMIZERS[name]
    values = {}
    for knob in rule.knobs():
        low, high = knob.usual or (max(knob.low, knob.above or 0.0), min(knob.high, knob.below or 1.0))
        if knob.name == "learning_rate":
            low, high = 1e-4, 1e-2
        powers = st.floats(np.log10(low), np.log10(high)) if knob.log else None
        inside = 0.01 * (high - low)
        values[knob.name] = st.floats(low + inside, high - inside) if powers is None else powers.map(lambda p: 10.0**p)
    # Where the memory is short, an average may be 0 up to rounding, and what is divided by it nothing but rounding.
    values |= {"initial_accumulator_value": st.just(1e-6)} if name == "yogi" else {}
    values |= {"epsilon": st.just(1e-6), "epsilon_root": st.just(1e-8)} if name == "adabelief" else {}
    return st.fixed_dictionaries(values).map(lambda chosen: rule(**chosen))


def optax_path(tx: optax.GradientTransformation, run: gdviz.Trajectory) -> np.ndarray:
    """Where Optax goes from the start of a run, given the gradients that its rule was given: shape (T+1, 2)."""

    def step(carry: tuple, gradient: jax.Array) -> tuple:
        theta, state = carry
        updates, state = tx.update(gradient, state, theta)
        theta = optax.apply_updates(theta, updates)
        return (theta, state), getattr(theta, "fast", theta)

    start = run.theta[0]
    first = optax.LookaheadParams.init_synced(jax.numpy.asarray(start)) if "lookahead" in run.label.lower() else start
    first = jax.tree.map(jax.numpy.asarray, first)
    _, path = jax.lax.scan(step, (first, tx.init(first)), run.used_gradient)
    return np.concatenate([start[None], path])


@pytest.fixture(autouse=True, scope="module")
def _float64():
    with jax.enable_x64(True):
        yield


def assert_the_steps_of_optax(optimizer: Optimizer, schedule: Schedule, clip: str | None) -> None:
    make, names = OPTAX[optimizer.name]
    rates = jax.numpy.asarray(schedule(np.arange(STEPS)))
    values = {names.get(key, key): value for key, value in optimizer.values().items() if key != "learning_rate"}
    tx = make(learning_rate=lambda count: rates[count], **values)
    for landscape in LANDSCAPES:
        run = gdviz.descend(landscape, optimizer, schedule, clip=clip, steps=STEPS)
        assert run.steps == STEPS
        np.testing.assert_allclose(run.theta, optax_path(tx, run), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", list(OPTAX))
def test_200_steps_are_those_of_optax(name: str) -> None:
    optimizer = gdviz.OPTIMIZERS[name]()
    assert_the_steps_of_optax(optimizer, gdviz.SCHEDULES["constant"](optimizer.learning_rate), None)


@pytest.mark.parametrize("name", list(OPTAX))
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(data=st.data())
def test_200_steps_with_any_hyperparameters_a_schedule_and_clipping_are_those_of_optax(
    name: str, data: st.DataObject
) -> None:
    optimizer = data.draw(settings_of(name))
    schedule = data.draw(st.sampled_from(["cosine_decay", "exponential_decay", "constant"]))
    clip = data.draw(st.sampled_from([None, "clipnorm", "clipvalue"]))
    assert_the_steps_of_optax(optimizer, gdviz.SCHEDULES[schedule](optimizer.learning_rate), clip)


@pytest.mark.parametrize(("inner", "make"), [("gradient_descent", optax.sgd), ("adam", optax.adam)])
def test_lookahead_is_that_of_optax(inner: str, make: Callable[..., optax.GradientTransformation]) -> None:
    optimizer = gdviz.OPTIMIZERS["lookahead"](0.01, rule=inner, sync_period=7, slow_step_size=0.4)
    run = gdviz.descend("quadratic", optimizer, steps=STEPS)
    theirs = optax_path(optax.lookahead(make(0.01), 7, 0.4), run)
    # Adam's ε stands elsewhere in Optax: 1e-8 after the bias correction, in place of 1e-7 before.
    np.testing.assert_allclose(
        run.theta, theirs, rtol=1e-10 if inner != "adam" else 1e-4, atol=1e-12 if inner != "adam" else 1e-5
    )


def test_rprop_is_that_of_pytorch() -> None:
    """Recorded from torch.optim.Rprop 2.13. Optax 0.2.8 applies each step one step late, and is no reference here."""
    rule, theta = gdviz.OPTIMIZERS["rprop"](0.1), 1.0
    state = rule.initial_state(theta)
    path = []
    for step, gradient in enumerate([4.0, 2.0, -1.0, -3.0, 2.0, 1.0, 1.0], start=1):
        theta, state = rule.update(theta, gradient, state, 0.1, step)
        path.append(float(theta))
    np.testing.assert_allclose(path, [0.9, 0.78, 0.78, 0.84, 0.84, 0.81, 0.774], rtol=1e-12)


def test_polyak_step_is_that_of_optax() -> None:
    run = gdviz.descend("rosenbrock", gdviz.OPTIMIZERS["polyak_step"](1.0, max_learning_rate=0.5), steps=STEPS)
    tx, theta = optax.polyak_sgd(0.5), run.theta[0]
    state = tx.init(theta)
    for gradient, loss, ours in zip(run.gradient[:20], run.loss, run.theta[1:], strict=False):
        updates, state = tx.update(gradient, state, theta, value=loss)
        theta = theta + np.asarray(updates)
        np.testing.assert_allclose(ours, theta, rtol=1e-10)
    assert (run.gradient_evaluations, run.loss_evaluations) == (STEPS, STEPS)


def test_sam_without_a_radius_is_the_rule_inside_and_costs_twice_as_much() -> None:
    sam = gdviz.descend("rosenbrock", gdviz.OPTIMIZERS["sam"](0.001, rule="momentum", rho=0.0), steps=STEPS)
    np.testing.assert_allclose(sam.theta, gdviz.descend("rosenbrock", "momentum", 0.001, steps=STEPS).theta, rtol=1e-12)
    assert sam.gradient_evaluations == 2 * STEPS


def test_sam_follows_the_gradient_of_the_worst_point() -> None:
    landscape = gdviz.LANDSCAPES["himmelblau"]()
    run = gdviz.descend(landscape, gdviz.OPTIMIZERS["sam"](0.005, rho=0.3), steps=50)
    for theta, gradient, after in zip(run.theta, run.gradient, run.theta[1:], strict=False):
        worst = theta + 0.3 * gradient / np.hypot(*gradient)
        np.testing.assert_allclose(after, theta - 0.005 * landscape.gradient(worst), rtol=1e-12)


def test_newton_solves_a_quadratic_in_one_step_and_large_damping_is_gradient_descent() -> None:
    run = gdviz.descend("quadratic", "newton", steps=3)
    np.testing.assert_allclose(run.theta[1], 0.0, atol=1e-12)
    assert run.hessian_evaluations == 3
    damped = gdviz.descend("himmelblau", gdviz.OPTIMIZERS["newton"](1.0, damping=1e9), steps=5)
    plain = gdviz.descend("himmelblau", "gradient_descent", 1e-9, steps=5)
    np.testing.assert_allclose(damped.theta - damped.theta[0], plain.theta - plain.theta[0], rtol=1e-5)


def test_lbfgs_directions_are_those_of_the_inverse_hessian_written_out() -> None:
    rule, rng = gdviz.OPTIMIZERS["lbfgs"](memory=4), np.random.default_rng(2)
    moves = rng.normal(size=(4, 2))
    changes = moves @ np.array([[3.0, 0.5], [0.5, 1.0]]) * rng.uniform(0.5, 2.0, (4, 1))
    inverse = np.eye(2) * (moves[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for s, y in zip(moves, changes, strict=True):  # the BFGS update of the inverse (Nocedal & Wright, 6.17)
        left = np.eye(2) - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    gradient = rng.normal(size=2)
    np.testing.assert_allclose(rule.direction(gradient, moves, changes), -inverse @ gradient, rtol=1e-10)


def test_lbfgs_never_rises_and_solves_rosenbrock() -> None:
    run = gdviz.descend("rosenbrock", "lbfgs", steps=100)
    assert run.status == "converged"
    assert np.all(np.diff(run.loss) <= 0)
    assert run.loss_evaluations > 2 * run.steps


def test_bold_driver_never_rises_and_recovers_from_a_learning_rate_that_is_too_large() -> None:
    run = gdviz.descend("quadratic", "bold_driver", 100.0, steps=400)
    assert np.all(np.diff(run.loss) <= 0)
    assert run.status == "converged"
    assert run.loss_evaluations == run.steps + 1


def test_sophia_is_bounded_and_cut_nowhere_it_is_damped_momentum_over_the_curvature() -> None:
    run = gdviz.descend("rosenbrock", "sophia", 0.01, steps=STEPS)
    assert np.abs(np.diff(run.theta, axis=0)).max() <= 0.01 * (1 + 1e-9)
    assert run.hessian_evaluations == STEPS // 10
    free = gdviz.OPTIMIZERS["sophia"](0.1, beta_1=0.0, beta_2=0.0, gamma=1.0, update_interval=1)
    run = gdviz.descend(gdviz.LANDSCAPES["quadratic"](rotation=0.0), free, start=(0.5, 0.4), steps=20)
    np.testing.assert_allclose(run.theta[:, 0], 0.5 * 0.9 ** np.arange(21), rtol=1e-12)


def test_adam_uncorrected_becomes_adam() -> None:
    ours = gdviz.OPTIMIZERS["adam_uncorrected"]()
    adam, state, theta = gdviz.OPTIMIZERS["adam"](), (0.3, 0.2), 1.0
    np.testing.assert_allclose(
        ours.update(theta, 2.0, state, 0.1, 10**6)[0], adam.update(theta, 2.0, state, 0.1, 10**6)[0], rtol=1e-12
    )
    first = theta - ours.update(theta, 2.0, (0.0, 0.0), 0.1, 1)[0]
    assert first == pytest.approx(0.1 * 0.1 / np.sqrt(0.001), rel=1e-5)


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=lambda landscape: landscape.name)
def test_adam_undivided_is_an_average_of_the_gradient_and_nothing_else_of_adam(landscape: Landscape) -> None:
    run = gdviz.descend(landscape, gdviz.OPTIMIZERS["adam_undivided"](1e-5, beta_1=0.8, beta_2=0.99), steps=STEPS)
    average = optax.chain(
        optax.ema(0.8, debias=True),
        optax.scale_by_schedule(lambda count: -1e-5 / jax.numpy.sqrt(1 - 0.99 ** (count + 1))),
    )
    assert run.steps == STEPS
    np.testing.assert_allclose(run.theta, optax_path(average, run), rtol=1e-10)


def test_adam_undivided_takes_longer_steps_where_the_loss_is_larger_as_adam_does_not() -> None:
    def path(name: str, height: float) -> np.ndarray:
        bowl = gdviz.compile_landscape(f"{height}*(x**2 + 2*y**2)")
        return gdviz.descend(bowl, name, learning_rate=1e-4, start=(2.0, 1.0), steps=100).theta

    np.testing.assert_allclose(path("adam", 100), path("adam", 1), atol=1e-6)
    moved = [np.abs(np.diff(path("adam_undivided", height), axis=0))[0] for height in (1, 100)]
    np.testing.assert_allclose(moved[1], 100 * moved[0], rtol=1e-8)
    # The first step is 1/√(1-β₂) times that of plain gradient descent.
    np.testing.assert_allclose(moved[0], 1e-4 * np.array([4.0, 4.0]) / np.sqrt(0.001), rtol=1e-9)


def test_gradient_ascent_is_descent_of_the_negative() -> None:
    up = gdviz.descend("saddle", "gradient_ascent", 0.05, start=(0.5, 0.2), steps=30)
    down = gdviz.descend("saddle", "gradient_descent", 0.05, start=(0.2, 0.5), steps=30)
    np.testing.assert_allclose(up.theta, down.theta[:, ::-1], rtol=1e-12)


def test_dynamic_gradient_descent_takes_bounded_steps() -> None:
    rule = gdviz.OPTIMIZERS["dynamic_gradient_descent"](0.1, gradient_scale=2.0)
    run = gdviz.descend("beale", rule, start=(4.4, 4.4), steps=STEPS)
    assert np.linalg.norm(np.diff(run.theta, axis=0), axis=1).max() <= 0.2
    small = gdviz.OPTIMIZERS["dynamic_gradient_descent"](0.1, gradient_scale=1e12)
    plain = gdviz.descend("quadratic", "gradient_descent", 0.1, steps=STEPS)
    np.testing.assert_allclose(gdviz.descend("quadratic", small, steps=STEPS).theta, plain.theta, rtol=1e-7)
