"""The statistics of a comparison, against closed forms, SciPy, and simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from gdviz.comparing import statistics

finite = some.floats(-100, 100).map(lambda x: round(x, 6))


def test_expected_best_of_two_draws_is_the_mean_over_all_pairs_of_draws() -> None:
    scores = np.array([0.3, 0.9, 0.1, 0.5])
    for k in (1, 2, 3, 4):
        drawn = np.array(list(itertools.product(scores, repeat=k)))
        assert statistics.expected_best(scores)[k - 1] == pytest.approx(drawn.max(axis=1).mean(), rel=1e-12)


def test_expected_best_of_uniform_scores_has_a_closed_form() -> None:
    n = 5000
    scores = (np.arange(n) + 0.5) / n
    k = np.arange(1, 20)
    assert statistics.expected_best(scores)[:19] == pytest.approx(k / (k + 1), abs=1e-3)


@given(some.lists(finite, min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_expected_best_never_falls_and_stays_within_the_scores(scores: list[float]) -> None:
    found = statistics.expected_best(scores)
    assert np.all(np.diff(found) >= -1e-9)
    assert found[0] == pytest.approx(np.mean(scores), abs=1e-9)
    assert found[-1] <= max(scores) + 1e-9


def test_the_band_is_that_of_scipys_bootstrap() -> None:
    scores = np.random.default_rng(3).normal(size=16)
    low, high = statistics.expected_best_band(scores, resamples=20_000)
    for k in (1, 4, 16):

        def statistic(x: np.ndarray, axis: int, k: int = k) -> np.ndarray:
            return statistics.expected_best(np.moveaxis(x, axis, -1))[..., k - 1]

        peer = stats.bootstrap((scores,), statistic, method="percentile", n_resamples=20_000, rng=1)
        assert (low[k - 1], high[k - 1]) == pytest.approx(tuple(peer.confidence_interval), abs=0.03)


def test_the_interval_of_the_mean_is_that_of_scipys_bootstrap() -> None:
    scores = np.random.default_rng(4).normal(5, 2, 8)
    found = statistics.summary(scores, resamples=50_000)
    peer = stats.bootstrap((scores,), np.mean, method="percentile", n_resamples=50_000, rng=1).confidence_interval
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high), abs=0.03)
    assert found.deviation == pytest.approx(stats.tstd(scores))


def test_a_single_pair_is_welchs_test() -> None:
    x, y = np.random.default_rng(5).normal([0, 1], [1, 3], (6, 2)).T
    (found,) = statistics.differences({"x": x, "y": y[:5]})
    peer = stats.ttest_ind(x, y[:5], equal_var=False)
    interval = peer.confidence_interval(0.95)
    assert (found.low, found.high, found.p) == pytest.approx((interval.low, interval.high, peer.pvalue), rel=1e-9)


def test_intervals_of_several_pairs_are_wider_by_bonferroni() -> None:
    scores = dict(zip("abc", np.random.default_rng(6).normal(size=(3, 5)), strict=True))
    for found in statistics.differences(scores):
        peer = stats.ttest_ind(scores[found.first], scores[found.second], equal_var=False)
        interval = peer.confidence_interval(1 - 0.05 / 3)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
        assert found.p == pytest.approx(min(1, 3 * peer.pvalue), rel=1e-9)
        assert found.told_apart == (found.p < 0.05)


def test_the_same_entered_twice_is_told_apart_in_at_most_5_percent() -> None:
    """Entrants with the same distribution: accuracies on 360 rows, whose spread is that of five seeds."""
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(400):
        chance = rng.normal(0.975, 0.005, (2, 5)).clip(0, 1)
        x, y = rng.binomial(360, chance) / 360
        (pair,) = statistics.differences({"adam": x, "adam (2)": y})
        told += pair.told_apart
    assert told <= 0.05 * 400


def test_among_eight_alike_hardly_ever_any_is_told_apart() -> None:
    rng = np.random.default_rng(1)
    names = "abcdefgh"
    told = sum(len(statistics.best(dict(zip(names, rng.normal(size=(8, 5)), strict=True)))) < 8 for _ in range(400))
    assert told <= 0.05 * 400


def test_a_planted_difference_is_found() -> None:
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(100):
        repeats = dict(zip("abcd", rng.normal([[0.97], [0.97], [0.94], [0.90]], 0.004, (4, 5)), strict=True))
        found += set(statistics.best(repeats)) == {"a", "b"}
    assert found >= 90


def test_what_does_not_vary_is_told_apart_by_any_difference() -> None:
    assert statistics.best({"a": [0.9, 0.9], "b": [0.8, 0.8], "c": [0.9, 0.9]}) == ["a", "c"]


def test_one_repeat_is_not_enough() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        statistics.differences({"a": [1.0], "b": [1.0, 2.0]})


def test_the_window_of_a_parabola_has_its_width() -> None:
    decades = np.linspace(-5, 1, 241)
    found = statistics.window(10**decades, -((decades + 2) ** 2), 0.25)
    assert math.log10(found.low) == pytest.approx(-2.5, abs=0.01)
    assert found.decades == pytest.approx(1.0, abs=0.02)
    assert (found.open_low, found.open_high) == (False, False)


def test_the_window_ends_at_a_gap_and_beside_a_diverged_trial() -> None:
    found = statistics.window([1, 10, 100, 1000], [0.9, 0.0, 1.0, -math.inf], 0.2)
    assert found.low == pytest.approx(100 * 10**-0.2)
    assert found.high == pytest.approx(10**2.5)


@given(some.lists(some.tuples(some.floats(-6, 2), finite), min_size=1, max_size=20), some.floats(0, 50))
@settings(max_examples=50, deadline=None)
def test_a_wider_margin_never_narrows_the_window(trials: list[tuple[float, float]], margin: float) -> None:
    rates, scores = 10 ** np.array([t[0] for t in trials]), np.array([t[1] for t in trials])
    narrow, wide = (statistics.window(rates, scores, m) for m in (margin, 2 * margin))
    assert wide.low <= narrow.low * (1 + 1e-9)
    assert wide.high >= narrow.high * (1 - 1e-9)


def test_runtime_distributions_are_empirical_distributions() -> None:
    costs = np.random.default_rng(7).exponential(size=200)
    peer = stats.ecdf(costs).cdf
    at = np.linspace(0, 4, 30)
    assert statistics.runtime_distribution(costs, at) == pytest.approx(peer.evaluate(at))


def test_performance_profiles_end_at_the_share_solved() -> None:
    costs = [[1.0, np.inf, 3.0, np.inf], [2.0, 5.0, 1.0, np.inf]]
    found = statistics.performance_profile(costs, [1, 2, 3, 1e9])
    assert found.tolist() == [[0.25, 0.25, 0.5, 0.5], [0.5, 0.75, 0.75, 0.75]]


def test_the_first_epoch_at_the_target() -> None:
    assert statistics.first_reached([0.1, 0.5, 0.4, 0.6], 0.5) == 2
    assert statistics.first_reached([0.1, math.nan], 0.5) is None
