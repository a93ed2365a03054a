"""Every rule on every landscape: costs, choice of the rate, profiles, tags, and the advice put to the test."""

import json
import math

import numpy as np
import pytest
import vl_convert
from streamlit.testing.v1 import AppTest

from gdviz.charts import comparing_landscapes as charts
from gdviz.comparing.landscapes import (
    TARGETS,
    Study,
    evaluations_a_step,
    expected_evaluations,
    solvable,
    study,
    sweeping,
)
from gdviz.descent import descend
from gdviz.landscapes import LANDSCAPES
from gdviz.landscapes.base import TAGS
from gdviz.optimizers import OPTIMIZERS

RULES = ("gradient_descent", "momentum", "adam", "rmsprop", "sam")
PLACES = ("quadratic", "himmelblau", "rosenbrock")


@pytest.fixture(scope="module")
def found() -> Study:
    *_, last = study(RULES, PLACES, rates=12, starts=32, steps=200)
    return last


def test_costs_are_those_of_single_runs(found: Study) -> None:
    rng = np.random.default_rng(0)
    (left, right), (bottom, top) = LANDSCAPES.make("quadratic").domain
    points = np.stack([rng.uniform(left, right, 32), rng.uniform(bottom, top, 32)])
    row, rate = RULES.index("momentum"), found.chosen()[RULES.index("momentum"), 0]
    for k in (0, 5):
        run = descend("quadratic", "momentum", learning_rate=rate, start=tuple(points[:, 16 + k]), steps=200)
        settled = run.steps_to_converge if run.status == "converged" else None
        assert found.costs[row, 0, k] == (math.inf if settled is None else max(settled, 1))


def test_targets_are_hit_when_single_runs_hit_them(found: Study) -> None:
    """Counted one by one, in a run of descend(), for one of the runs that judge."""
    rng = np.random.default_rng(0)
    places = [LANDSCAPES.make(name) for name in PLACES]
    drawn = [np.stack([rng.uniform(*side, 32) for side in place.domain]) for place in places]
    place, points = places[1], drawn[1]
    assert place.lowest is not None
    for row, each in ((RULES.index("adam"), 1), (RULES.index("sam"), 2)):
        run = descend(place, RULES[row], found.chosen()[row, 1], start=tuple(points[:, 16 + 3]), steps=200)
        height = np.median(place.value(points) - place.lowest)
        for aim, hit in zip(TARGETS, found.hits[row, 1, 3], strict=True):
            steps = next((t for t, loss in enumerate(run.loss) if loss <= place.lowest + aim * height), math.inf)
            assert hit == each * max(1, steps)


def test_a_rule_with_two_evaluations_a_step_pays_for_both() -> None:
    assert evaluations_a_step("gradient_descent") == 1.0
    assert evaluations_a_step("sam") == pytest.approx(2.0, abs=0.3)


def test_the_rate_is_chosen_on_one_half_and_judged_on_the_other(found: Study) -> None:
    assert found.costs.shape == (5, 3, 16)
    best = found.expected.min(axis=-1)
    assert np.array_equal(np.isfinite(best), np.isfinite(found.chosen()))
    # On a bowl every start costs much the same: the halves agree, without being the same numbers.
    assert found.judged()[0, 0] == pytest.approx(best[0, 0], rel=0.2)


def test_expected_evaluations_of_a_coin_that_restarts() -> None:
    """Runs that solve with chance q after c, else spend m: c + m (1 - q)/q, by the geometric distribution."""
    rng = np.random.default_rng(1)
    costs = np.where(rng.uniform(size=200_000) < 0.25, 10.0, np.inf)
    assert expected_evaluations(costs, 100.0) == pytest.approx(10 + 100 * 3, rel=0.03)
    assert expected_evaluations(np.full(3, np.inf), 100.0) == np.inf


def test_gradient_descent_on_the_bowl_has_the_window_that_theory_gives(found: Study) -> None:
    """Rates above 2/λ_max never solve the bowl."""
    curvature = np.linalg.eigvalsh(LANDSCAPES.make("quadratic").hessian(np.zeros(2))).max()
    above = found.rates > 2 / curvature
    assert np.all(np.isinf(found.expected[0, 0, above]))
    assert found.lost[0, 0, -1] == 1.0
    assert found.chosen()[0, 0] < 2 / curvature


def test_distributions_and_profiles_are_made_of_the_costs(found: Study) -> None:
    share = found.distribution(np.array([0.5, 1e9]))
    assert share[:, 0] == pytest.approx(0)
    assert share[:, 1] == pytest.approx(np.isfinite(found.hits).mean(axis=(1, 2, 3)))
    assert np.all(share[:, 1] >= found.solved().mean(axis=1))
    profile = found.profile(np.array([1.0, 1e12]))
    assert profile[:, 0].sum() >= np.isfinite(found.judged()).any(axis=0).mean()
    assert profile[:, 1] == pytest.approx(np.isfinite(found.judged()).mean(axis=1))


def test_the_advice_is_told_with_its_numbers(found: Study) -> None:
    assert "of 1 convex landscapes" in found.advice
    assert "of 2 others" in found.advice


@pytest.mark.parametrize("width", [300, 900])
def test_its_charts_are_valid_and_told_in_words(width: int, found: Study) -> None:
    for figure in (
        charts.cost_map(found, width=width),
        charts.cost_map(found, tag="not convex", width=width, dark=True),
        charts.distributions(found, RULES[:2], width=width),
        charts.profiles(found, RULES, tag="convex", width=width, dark=True),
    ):
        assert vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict())))
        assert "%" in figure.description


def test_the_page_shows_a_study(found: Study) -> None:
    script = """
import streamlit as st
from gdviz.ui import choose_landscapes as ui
ui.pictures(st.session_state["study"], 700)
"""
    page = AppTest.from_string(script, default_timeout=60)
    page.session_state["study"] = found
    page.run()
    assert not page.exception
    assert found.advice in page.info[0].value.replace("\\", "")
    for view in ("Runtime distributions", "Performance profiles"):
        next(group for group in page.button_group if group.key == "choose.study.view").set_value(view)
        page.run()
        assert not page.exception
        assert len(page.get("vega_lite_chart")) == 1


def test_the_study_is_streamed() -> None:
    parts = [s.done for s in study(("momentum", "adam"), ("sphere", "booth"), rates=4, starts=4, steps=20)]
    assert parts == [0.5, 1.0]


def test_who_takes_part() -> None:
    assert {"adam", "momentum", "lion", "sam", "newton"} <= set(sweeping())
    assert not {"lbfgs", "gradient_ascent"} & set(sweeping())
    assert set(sweeping()) <= set(OPTIMIZERS)
    assert {"rosenbrock", "ackley", "easom"} <= set(solvable())
    assert not {"saddle", "linear_regression"} & set(solvable())


@pytest.mark.parametrize("name", list(LANDSCAPES))
def test_tags_are_true(name: str) -> None:
    """What can be measured is: curvature and slope on 4000 points of the domain, the condition at the minimum."""
    landscape = LANDSCAPES.make(name)
    tags = set(landscape.tags)
    assert tags
    assert tags <= set(TAGS)
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(low, high, 4000) for low, high in landscape.domain])
    curvature = np.linalg.eigvalsh(landscape.hessian(points).transpose(2, 0, 1))
    scale = np.abs(curvature).max(axis=1)
    bowl = np.mean(curvature[:, 0] >= -1e-9 * np.maximum(scale, 1e-300)) == 1.0
    if "convex" in tags:
        a, b = points[:, :2000], points[:, 2000:]
        chord = (landscape.value(a) + landscape.value(b)) / 2
        assert bowl
        assert np.all(landscape.value((a + b) / 2) <= chord + 1e-9 * np.abs(chord))
    else:
        a, b = points[:, :2000], points[:, 2000:]
        assert (
            not bowl
            or np.any(landscape.value((a + b) / 2) > (landscape.value(a) + landscape.value(b)) / 2)
            or ("plateau" in tags)
        )
    if "plateau" in tags:
        span, width = np.ptp(landscape.value(points)), max(high - low for low, high in landscape.domain)
        assert np.mean(np.linalg.norm(landscape.gradient(points), axis=0) * width < 0.01 * span) > 0.1
    if "ill-conditioned" in tags and "kinks" not in tags:
        low, high = np.linalg.eigvalsh(landscape.hessian(np.array(landscape.minima[0])))
        assert high >= 100 * low
    if "saddles" in tags:
        assert np.any((curvature[:, 0] < 0) & (curvature[:, 1] > 0))
