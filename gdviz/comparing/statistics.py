"""Statistics of scores, with their uncertainty: of tuning trials, of repeats, and of runs on many problems.

A score is larger where it is better: an accuracy, or an error with its sign turned (as scikit-learn does it). A trial
that diverged has the score -inf. Where a mean is taken, it counts as ``floor``: the score of the best constant answer,
which needs no training and is always there to fall back upon.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

LEVEL = 0.95
"""The confidence of intervals and bands."""
RESAMPLES = 2000


def floored(scores: ArrayLike, floor: float = -math.inf) -> Floats:
    """Scores of which none is below ``floor``: who has worse than the best constant answer would give that one."""
    return np.asarray(np.maximum(np.asarray(scores, float), floor))


def expected_best(scores: ArrayLike) -> Floats:
    r"""The expected best of k trials, for k = 1 ... n, of a search that drew trials as these were drawn.

    E[max of k] = Σᵢ s₍ᵢ₎ ((i/n)ᵏ - ((i-1)/n)ᵏ),   s₍₁₎ ≤ ... ≤ s₍ₙ₎

    the mean of the largest of k draws, with replacement, from the scores seen (Dodge et al. 2019, "Show your work",
    https://arxiv.org/abs/1909.03004). It never falls, and stays at or below the best score seen. Being a plug-in
    estimate, it is a little too low for large k (Tang et al. 2020, https://arxiv.org/abs/2004.08353).

    Args:
        scores: Shape (..., n), finite; see :func:`floored`.

    Returns:
        Shape (..., n).

    >>> expected_best([0.0, 1.0]).tolist()
    [0.5, 0.75]
    """
    ordered = np.sort(np.asarray(scores, float), axis=-1)
    n = ordered.shape[-1]
    trials = np.arange(1, n + 1)
    reached = (np.arange(n + 1)[:, None] / n) ** trials
    return np.asarray(ordered @ np.diff(reached, axis=0))


def expected_best_band(
    scores: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Floats, Floats]:
    """A percentile-bootstrap band around :func:`expected_best` (Efron & Tibshirani, 1993).

    Args:
        scores: The scores of n trials, shape (n,).
        level: The share of the resamples within the band.
        resamples: The number of resamples.
        seed: Determines the resamples.

    Returns:
        The lower and the upper ends, each of shape (n,).
    """
    scores = np.asarray(scores, float)
    drawn = np.random.default_rng(seed).integers(0, len(scores), (resamples, len(scores)))
    low, high = np.quantile(expected_best(scores[drawn]), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


@dataclass(frozen=True)
class Summary:
    """The repeats of one entrant."""

    mean: float
    deviation: float
    """The sample's standard deviation, with n - 1; nan for a single repeat."""
    low: float
    """From here ..."""
    high: float
    """... to here reaches the bootstrap interval of the mean."""
    n: int


def summary(scores: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0) -> Summary:
    """Mean, standard deviation, and the percentile-bootstrap interval of the mean (Efron & Tibshirani 1993, ch. 13).

    Args:
        scores: Shape (n,), finite.
        level: The interval's confidence.
        resamples: How often the repeats are drawn anew.
        seed: Of these draws.
    """
    scores = np.asarray(scores, float)
    drawn = np.random.default_rng(seed).integers(0, len(scores), (resamples, len(scores)))
    low, high = np.quantile(scores[drawn].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    deviation = float(scores.std(ddof=1)) if len(scores) > 1 else math.nan
    return Summary(float(scores.mean()), deviation, float(low), float(high), len(scores))


@dataclass(frozen=True)
class Difference:
    """How far the mean of ``first`` lies above that of ``second``."""

    first: str
    second: str
    mean: float
    low: float
    high: float
    """The ends of an interval that holds for all pairs at once, with the confidence asked for."""
    p: float
    """The chance of a difference at least as large if there were none, corrected for the number of pairs."""

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def differences(repeats: Mapping[str, ArrayLike], *, level: float = LEVEL) -> list[Difference]:
    r"""The differences of all pairs of entrants, by Welch's t-test, corrected by Bonferroni for the number of pairs.

    t = (x̄ - ȳ) / √(s²ₓ/n + s²ᵧ/m),  with the degrees of freedom of Welch (1947); each interval has the confidence
    1 - (1 - level) / pairs. Spreads may differ from entrant to entrant, as those of optimizers do. Where neither of
    two entrants varies at all, any difference is told apart.

    Args:
        repeats: Scores by entrant, at least two of each, finite.
        level: The confidence that all intervals hold at once.

    Raises:
        ValueError: An entrant has fewer than two repeats.
    """
    scores = {name: np.asarray(values, float) for name, values in repeats.items()}
    for name, values in scores.items():
        if len(values) < 2:
            raise ValueError(f"repeats must be at least 2 of each entrant to be compared; {name} has {len(values)}")
    pairs = list(itertools.combinations(scores, 2))
    found = []
    for first, second in pairs:
        x, y = scores[first], scores[second]
        mean = float(x.mean() - y.mean())
        parts = np.array([x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)])
        error = math.sqrt(parts.sum())
        if error <= 1e-12 * max(1.0, abs(x.mean()), abs(y.mean())):  # rounding, not spread
            found.append(Difference(first, second, mean, mean, mean, float(abs(mean) <= 1e-12)))
            continue
        freedom = parts.sum() ** 2 / (parts**2 / [len(x) - 1, len(y) - 1]).sum()
        reach = error * special.stdtrit(freedom, 1 - (1 - level) / 2 / len(pairs))
        p = min(1.0, 2 * special.stdtr(freedom, -abs(mean) / error) * len(pairs))
        found.append(Difference(first, second, mean, mean - float(reach), mean + float(reach), float(p)))
    return found


def ranking(repeats: Mapping[str, ArrayLike]) -> list[str]:
    """The entrants, highest mean first; those with equal means in the order given."""
    return sorted(repeats, key=lambda name: -float(np.mean(np.asarray(repeats[name], float))))


def best(repeats: Mapping[str, ArrayLike], *, level: float = LEVEL) -> list[str]:
    """The entrants that cannot be distinguished from the one with the highest mean, that one first."""
    first, *others = ranking(repeats)
    worse = {
        name
        for pair in differences(repeats, level=level)
        if pair.told_apart and first in (pair.first, pair.second)
        for name in (pair.first, pair.second)
    }
    return [first, *(name for name in others if name not in worse)]


@dataclass(frozen=True)
class Window:
    """The learning rates around the best one that score within a margin of it."""

    low: float
    high: float
    open_low: bool
    """True where it may reach below ``low``, the smallest rate tried ..."""
    open_high: bool
    """... or above ``high``, the largest."""

    @property
    def decades(self) -> float:
        """Its width in powers of ten: the wider, the easier to tune."""
        return math.log10(self.high / self.low)


def window(learning_rates: ArrayLike, scores: ArrayLike, margin: float) -> Window:
    """The window of learning rates around the best trial, without a gap, in which scores are within ``margin`` of it.

    Its ends lie where the line between the last trial within and the first one beyond, over the logarithm of the
    learning rate, crosses the margin; next to a diverged trial, whose score no line leads to, in the middle.

    Args:
        learning_rates: Shape (n,), above 0.
        scores: Shape (n,); -inf where diverged, but not everywhere.
        margin: How much less than the best still counts, at least 0.

    Raises:
        ValueError: Every trial diverged.

    >>> window([1e-3, 1e-2, 1e-1], [0.0, 1.0, 0.5], 0.5)
    Window(low=0.0031622776601683794, high=0.1, open_low=False, open_high=True)
    """
    order = np.argsort(learning_rates, kind="stable")
    at, scores = np.log10(np.asarray(learning_rates, float)[order]), np.asarray(scores, float)[order]
    top = int(np.argmax(scores))
    if not math.isfinite(scores[top]):
        raise ValueError("scores must have one that is finite: every trial diverged")
    least = scores[top] - margin

    def end(step: int) -> tuple[float, bool]:
        inside = top
        while 0 <= inside + step < len(at) and scores[inside + step] >= least:
            inside += step
        outside = inside + step
        if not 0 <= outside < len(at):
            return float(10 ** at[inside]), True
        fall = scores[inside] - scores[outside]
        share = (scores[inside] - least) / fall if math.isfinite(fall) else 0.5
        return float(10 ** (at[inside] + share * (at[outside] - at[inside]))), False

    (low, open_low), (high, open_high) = end(-1), end(1)
    return Window(low, high, open_low, open_high)


def first_reached(values: Sequence[float], target: float) -> int | None:
    """After how many epochs a score first reached the target, counting from 1; None where it never did."""
    hits = np.flatnonzero(np.asarray(values, float) >= target)
    return int(hits[0]) + 1 if len(hits) else None


def runtime_distribution(costs: ArrayLike, budgets: ArrayLike) -> Floats:
    """The share of runs that reached their target within each budget: an empirical distribution of runtimes.

    As in COCO (Hansen et al. 2021, https://arxiv.org/abs/1603.08785). Runs that never reached it have the cost inf.

    Args:
        costs: Shape (..., runs).
        budgets: Shape (b,).

    Returns:
        Shape (..., b).

    >>> runtime_distribution([3, 5, np.inf], [1, 3, 10]).round(3).tolist()
    [0.0, 0.333, 0.667]
    """
    return np.asarray((np.asarray(costs, float)[..., None] <= np.asarray(budgets, float)).mean(axis=-2))


def performance_profile(costs: ArrayLike, ratios: ArrayLike) -> Floats:
    r"""For each solver, the share of problems that it solves within τ times the cost of the best solver there.

    ρₛ(τ) = |{p : c(s, p) ≤ τ minₛ c(s, p)}| / |P|      (Dolan & Moré 2002, https://arxiv.org/abs/cs/0102001)

    A problem that nobody solves counts for nobody.

    Args:
        costs: Shape (solvers, problems), above 0; inf where a solver does not solve a problem.
        ratios: The τ, shape (t,), from 1.

    Returns:
        Shape (solvers, t).

    >>> performance_profile([[1, 4], [2, 2]], [1, 2]).tolist()
    [[0.5, 1.0], [0.5, 1.0]]
    """
    costs = np.asarray(costs, float)
    least = costs.min(axis=0)
    solved = np.isfinite(least)
    share = np.full(costs.shape, np.inf)
    share[:, solved] = costs[:, solved] / least[solved]
    return runtime_distribution(share, ratios)
