"""Theory of the linear rules: against matrices built by the rules themselves, and against measured sweeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import gdviz
from gdviz.theory import (
    LINEAR_RULES,
    convergence_rate,
    iteration_matrix,
    largest_stable_rate,
    optimal_parameters,
    preconditioned_limit,
)

BOWL = gdviz.LANDSCAPES["quadratic"](condition_number=10.0, rotation=30.0)
MOMENTA = st.floats(0.0, 0.99)


def rule(name: str, rate: float, momentum: float) -> gdviz.optimizers.Optimizer:
    known = {"learning_rate": rate} if name == "gradient_descent" else {"learning_rate": rate, "momentum": momentum}
    return gdviz.OPTIMIZERS.make(name, **known)


def matrix_by_the_rule(optimizer: gdviz.optimizers.Optimizer, eigenvalue: float) -> np.ndarray:
    """Columns are what one step makes of a velocity of 1 and of a position of 1."""
    columns = []
    for velocity, x in ((1.0, 0.0), (0.0, 1.0)):
        state = (velocity,) if optimizer.state_names else ()
        after, state = optimizer.update(x, eigenvalue * x, state, optimizer.learning_rate, 1)
        columns.append([*state, after])
    return np.array(columns[1:] if not optimizer.state_names else columns).T


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(LINEAR_RULES), rate=st.floats(1e-4, 3.0), momentum=MOMENTA, eigenvalue=st.floats(0.01, 20.0)
)
def test_matrix_and_rate_are_those_of_the_rule_itself(
    name: str, rate: float, momentum: float, eigenvalue: float
) -> None:
    optimizer = rule(name, rate, momentum)
    by_the_rule = matrix_by_the_rule(optimizer, eigenvalue)
    np.testing.assert_allclose(iteration_matrix(optimizer, eigenvalue), by_the_rule, rtol=1e-12, atol=1e-12)
    radius = np.abs(np.linalg.eigvals(by_the_rule)).max()
    # Where two eigenvalues meet, each is known to the root of rounding only.
    assert convergence_rate(optimizer, [eigenvalue]) == pytest.approx(radius, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", LINEAR_RULES)
def test_at_the_limit_of_stability_the_rate_is_1(name: str) -> None:
    limit = largest_stable_rate(rule(name, 0.1, 0.7), 10.0)
    radii = [
        np.abs(np.linalg.eigvals(matrix_by_the_rule(rule(name, limit * share, 0.7), 10.0))).max()
        for share in (0.99, 1, 1.01)
    ]
    assert radii[0] < 1 < radii[2]
    assert radii[1] == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("name", LINEAR_RULES)
def test_measured_sweeps_agree_with_the_rate_to_1_percent(name: str) -> None:
    rates, momenta = (grid.ravel() for grid in np.meshgrid(np.geomspace(0.01, 0.3, 12), np.linspace(0.1, 0.9, 9)))
    theory = convergence_rate(rule(name, 0.1, 0.5), [1.0, 10.0], rates, momenta)
    knobs = {} if name == "gradient_descent" else {"momentum": momenta}

    def distance(steps: int) -> np.ndarray:
        """The largest of three steps in a row: a rotation does not pass through 0 at all of them."""
        runs = [gdviz.sweep(BOWL, name, (-3.5, 1.5), rates, steps + k, knobs=knobs) for k in range(3)]
        return np.max([np.linalg.norm(ends.theta, axis=0) for ends in runs], axis=0)

    measured = (distance(600) / distance(300)) ** (1 / 300)
    usable = (theory > 0.6) & (theory < 1.15)  # beyond, the distance leaves the range of floats
    assert usable.sum() > 50
    np.testing.assert_allclose(measured[usable], theory[usable], rtol=0.01)


@pytest.mark.parametrize("name", LINEAR_RULES)
def test_the_window_of_a_sweep_ends_where_theory_says_to_1_percent(name: str) -> None:
    limit = largest_stable_rate(rule(name, 0.1, 0.9), 10.0)
    rates = limit * np.linspace(0.9, 1.1, 201)
    ends = gdviz.sweep(BOWL, rule(name, 0.1, 0.9), (-3.5, 1.5), rates, 4000)
    measured = rates[ends.loss < 1].max()
    assert measured == pytest.approx(limit, rel=0.01)
    assert np.all(ends.loss[rates > limit * 1.01] > 1)


@pytest.mark.parametrize("beta_1", [0.0, 0.5, 0.9])
def test_adams_window_ends_at_the_preconditioned_limit_to_1_percent(beta_1: float) -> None:
    # With ε far above √v the preconditioner is ε, and stays; with β₂ = 0 nothing is to be corrected at first.
    adam = gdviz.OPTIMIZERS["adam"](epsilon=1e60, beta_1=beta_1, beta_2=0.0)
    limit = preconditioned_limit(BOWL, (0.0, 0.0), (1e60, 1e60), beta_1)
    rates = limit * np.linspace(0.9, 1.1, 201)
    ends = gdviz.sweep(BOWL, adam, (-3.5, 1.5), rates, 4000)
    assert rates[ends.loss < 1].max() == pytest.approx(limit, rel=0.01)
    assert np.all(ends.loss[rates > limit * 1.01] > 1)


@pytest.mark.parametrize("name", LINEAR_RULES)
def test_optimal_parameters_cannot_be_improved(name: str) -> None:
    best = optimal_parameters(name, 1.0, 25.0)
    assert convergence_rate(rule(name, best.learning_rate, best.momentum), [1.0, 25.0]) == pytest.approx(
        best.rate, abs=1e-7
    )

    def radius(x: np.ndarray) -> float:
        if not (x[0] > 0 and 0 <= x[1] < 1):
            return 2.0
        return max(np.abs(np.linalg.eigvals(matrix_by_the_rule(rule(name, *x), at))).max() for at in (1.0, 25.0))

    found = minimize(radius, [best.learning_rate * 1.1, min(best.momentum * 0.9 + 0.01, 0.9)], method="Nelder-Mead")
    assert found.fun >= best.rate - 1e-6
    assert found.fun <= best.rate + 0.02


def test_what_is_not_linear_is_refused() -> None:
    with pytest.raises(ValueError, match=r"optimizer must be one of gradient_descent, momentum, nesterov.*'adam'"):
        convergence_rate(gdviz.OPTIMIZERS["adam"](), [1.0])
    with pytest.raises(ValueError, match=r"0 < smallest ≤ largest; got 2\.0 and 1\.0"):
        optimal_parameters("momentum", 2.0, 1.0)
