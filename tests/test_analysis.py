"""The step inspector's data agree with the record, and theory with what happens."""

import re

import numpy as np
import pytest

import gdviz
from gdviz import theory as analysis


@pytest.mark.parametrize("name", list(gdviz.OPTIMIZERS))
def test_a_step_of_every_rule_is_explained(name: str) -> None:
    run = gdviz.descend("himmelblau", name, noise=0.1, steps=8)
    step = analysis.explain(run, 3)
    np.testing.assert_array_equal(step.theta[0] + step.update, run.theta[2] + (run.theta[3] - run.theta[2]))
    assert list(step.state) == list(run.state)
    assert all(np.array_equal(after, run.state[key][3]) for key, (_, after) in step.state.items())
    assert step.numbers.count("{") - step.numbers.count("}") == step.formula.count("{") - step.formula.count("}")
    rule = gdviz.OPTIMIZERS[name]
    if not rule.asks and rule.elementwise:
        before = tuple(pair[0] for pair in step.state.values())
        theta, _ = rule().update(step.theta[0], step.used_gradient, before, step.learning_rate, 3)
        np.testing.assert_allclose(theta, step.theta[1], rtol=1e-14)


def column(vector: np.ndarray) -> str:
    return (
        r"{\left(\begin{smallmatrix}"
        + r" \\ ".join(f"{number:.4g}" for number in vector)
        + r"\end{smallmatrix}\right)}"
    )


def test_the_formula_holds_the_numbers_of_the_step() -> None:
    run = gdviz.descend("beale", "adam", 0.25, start=(1.5, 1.2), steps=8)
    numbers = analysis.explain(run, 3).numbers
    m, v, g = run.state["m"], run.state["v"], run.gradient[2]
    assert rf"m \leftarrow {{0.9}} {column(m[2])} + (1-{{0.9}}) {column(g)} = {column(m[3])[1:-1]}" in numbers
    assert rf"v \leftarrow {{0.999}} {column(v[2])} + (1-{{0.999}}) {column(g)}^2 = {column(v[3])[1:-1]}" in numbers
    assert (
        rf"\theta \leftarrow {column(run.theta[2])} - {{0.25}}\, \frac{{\sqrt{{1-{{0.999}}^{{3}}}}}}{{1-{{0.9}}^{{3}}}}"
        in numbers
    )
    assert rf"\frac{{{column(m[3])}}}{{\sqrt{{{column(v[3])}}} + {{(1 \cdot 10^{{-7}})}}}}" in numbers
    assert numbers.endswith(f" = {column(run.theta[3])[1:-1]}")


@pytest.mark.parametrize("name", list(gdviz.OPTIMIZERS))
def test_no_symbol_is_left_whose_value_is_known(name: str) -> None:
    run = gdviz.descend("himmelblau", name, 0.01, steps=8)
    numbers = analysis.explain(run, 3).numbers
    symbols = [
        "g",
        r"\theta",
        "t",
        r"\eta",
        *(key for key in run.state if len(key) == 1),
        *run.setup.optimizer.symbols.values(),
    ]
    for symbol in symbols:
        left = re.findall(
            rf"(?<![A-Za-z\\_])(?<!\\hat ){re.escape(symbol)}(?![A-Za-z_'0-9])(?!\s*\\leftarrow)", numbers
        )
        assert not left or (name, symbol) == ("lookahead", r"\theta"), (symbol, numbers)


def test_weight_decay_comes_before_the_rule() -> None:
    run = gdviz.descend("himmelblau", "gradient_descent", 0.01, weight_decay=0.5, steps=3)
    assert column(run.theta[1] * (1 - 0.5 * 0.01)) in analysis.explain(run, 2).numbers


@pytest.mark.parametrize("step", [0, 9, -1, 1.5, True])
def test_a_step_that_was_not_taken_is_refused(step: object) -> None:
    with pytest.raises(ValueError, match="step must be a whole number with 1 ≤ step ≤ 8"):
        analysis.explain(gdviz.descend("himmelblau", "adam", steps=8), step)


def test_gradient_descent_is_stable_just_below_the_limit_and_not_above() -> None:
    landscape = gdviz.LANDSCAPES["quadratic"](condition_number=7.0)
    limit = analysis.stability_limit(landscape, (1.0, 1.0))
    below = gdviz.descend(landscape, "gradient_descent", 0.99 * limit, steps=500)
    above = gdviz.descend(landscape, "gradient_descent", 1.01 * limit, steps=500)
    assert below.loss[-1] < below.loss[0] < above.loss[-1]
    assert analysis.stability_limit(gdviz.LANDSCAPES["plateau"](), (3.0, 3.0)) > 100


def test_eigenvectors_turn_with_the_landscape() -> None:
    values, vectors = analysis.curvature(gdviz.LANDSCAPES["quadratic"](condition_number=5.0, rotation=30.0), (1.0, 1.0))
    np.testing.assert_allclose(values, [1.0, 5.0], rtol=1e-12)
    np.testing.assert_allclose(np.abs(vectors[:, 0]), [np.cos(np.pi / 6), 0.5], rtol=1e-12)
