"""The same question on landscapes: every rule on every formula, each with a learning rate of its own choice.

The learning rate is chosen on one half of the starts and judged on the other. A run has solved its landscape when it
stays at the loss of the global minimum; what it cost is counted in evaluations of the gradient. Runtime distributions
count, as COCO does, how soon runs first reach each of several targets on the way there.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdviz.comparing import statistics
from gdviz.descent import descend
from gdviz.descent.ending import reaches
from gdviz.landscapes import LANDSCAPES
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS
from gdviz.sweeps.compiled import available
from gdviz.sweeps.ends import CONVERGED, DIVERGED
from gdviz.sweeps.run import loss_curves, make_cases, run_cases
from gdviz.tracing import why_not

Array = NDArray[np.float64]

SIMPLE = ("gradient_descent", "momentum", "nesterov")
ADAPTIVE = ("adam", "rmsprop")
"""Who is meant by the usual advice: simple ones where it is convex, Adam or RMSprop where it is not."""
TARGETS = np.geomspace(1.0, 1e-6, 13)
"""Losses to be reached, above that of the minimum: as shares of the median height of the starts."""
MARGIN = 2.0
"""A learning rate is usable where it needs at most so many times the evaluations of the best."""


@dataclass(frozen=True, eq=False)
class Study:
    """The results so far of O rules on L landscapes, with R learning rates and S starts."""

    optimizers: tuple[str, ...]
    landscapes: tuple[str, ...]
    rates: Array
    """Learning rates, shape (R,)."""
    steps: int
    """The most steps of a run."""
    expected: Array
    """Expected evaluations to solve, on the starts that choose, shape (O, L, R); inf where none is solved."""
    costs: Array
    """Evaluations of each run at the chosen rate on the starts that judge, shape (O, L, S // 2); inf where unsolved."""
    hits: NDArray[np.float32]
    """Evaluations of each of these runs until it first reaches each target, shape (O, L, S // 2, targets); inf where it
    does not. Where no rate solves, the runs are those of the rate that ends lowest."""
    lost: Array
    """The share of diverged runs, shape (O, L, R)."""
    known: NDArray[np.bool_]
    """Whether each pair is done, shape (O, L)."""

    @property
    def done(self) -> float:
        """The share of the pairs that is done."""
        return float(self.known.mean())

    def median(self) -> Array:
        """Median evaluations to solve at the chosen rate, shape (O, L); inf where fewer than half of the runs solve."""
        return np.sort(self.costs, axis=-1)[..., (self.costs.shape[-1] - 1) // 2]

    def solved(self) -> Array:
        """The share of the runs that solve at the chosen rate, shape (O, L)."""
        return np.asarray(np.isfinite(self.costs).mean(axis=-1))

    def judged(self) -> Array:
        """Expected evaluations to solve at the chosen rate, on the starts that judge, shape (O, L)."""
        return expected_evaluations(self.costs, self.steps)

    def chosen(self) -> Array:
        """The chosen learning rates, shape (O, L); nan where none solves."""
        best = self.rates[np.argmin(self.expected, axis=-1)]
        return np.where(np.isfinite(self.expected).any(axis=-1), best, np.nan)

    def decades(self) -> Array:
        """The width of the window of usable rates, shape (O, L); nan where none solves."""
        found = np.full(self.known.shape, np.nan)
        for where in np.ndindex(*self.known.shape):
            if np.isfinite(self.expected[where]).any():
                scores = -np.log10(self.expected[where])
                found[where] = statistics.window(self.rates, scores, np.log10(MARGIN)).decades
        return found

    def of_kind(self, tag: str) -> NDArray[np.bool_]:
        """Whether each landscape has a tag, or lacks it where the tag begins with "not ", shape (L,)."""
        wanted = tag.removeprefix("not ")
        has = np.array([wanted in LANDSCAPES[name].tags for name in self.landscapes])
        return np.asarray(has == (wanted == tag))

    def distribution(self, budgets: Array, tag: str | None = None) -> Array:
        """The share of runs and targets reached within each budget, over landscapes of a kind, shape (O, budgets)."""
        kind = self.known.all(axis=0) if tag is None else self.of_kind(tag) & self.known.all(axis=0)
        return statistics.runtime_distribution(self.hits[:, kind].reshape(len(self.optimizers), -1), budgets)

    def profile(self, ratios: Array, tag: str | None = None) -> Array:
        """Performance profiles of the expected evaluations, over landscapes of a kind, shape (O, ratios)."""
        kind = self.known.all(axis=0) if tag is None else self.of_kind(tag) & self.known.all(axis=0)
        return statistics.performance_profile(self.judged()[:, kind], ratios)

    @property
    def advice(self) -> str:
        """The usual advice, put to the test in one sentence with its numbers."""
        convex, other = (self._verdict(tag) for tag in ("convex", "not convex"))
        if convex is None or other is None:
            return "The usual advice needs convex landscapes and others, simple rules and Adam or RMSprop."
        holds = (
            "holds on both sides"
            if convex[0] > convex[1] and other[1] > other[0]
            else (
                "holds where it is convex only"
                if convex[0] > convex[1]
                else "holds where it is not convex only"
                if other[1] > other[0]
                else "holds on neither side"
            )
        )
        return (
            f"“Convex: simple ones; else Adam or RMSprop” {holds}: with its best learning rate each, the fastest of "
            f"gradient descent, momentum and Nesterov is ahead on {convex[0]} and behind on {convex[1]} of {convex[2]} "
            f"convex landscapes; Adam or RMSprop is ahead on {other[1]} and behind on {other[0]} of {other[2]} others."
        )

    def _verdict(self, tag: str) -> tuple[int, int, int] | None:
        """On how many landscapes of a kind the simple rules are ahead, behind, and how many there are."""
        kind = self.of_kind(tag) & self.known.all(axis=0)
        groups = [[self.optimizers.index(n) for n in names if n in self.optimizers] for names in (SIMPLE, ADAPTIVE)]
        if not kind.any() or not all(groups):
            return None
        costs = self.judged()[:, kind]
        simple, adaptive = (costs[rows].min(axis=0) for rows in groups)
        return int((simple < adaptive).sum()), int((adaptive < simple).sum()), int(kind.sum())


def expected_evaluations(costs: Array, most: float | Array) -> Array:
    """The expected evaluations until one run solves, if runs that do not are begun again: all that is spent, over the
    number that solve (the average runtime of COCO, Hansen et al. 2021, https://arxiv.org/abs/1603.08785).

    Args:
        costs: Of runs along the last axis; inf where unsolved.
        most: The evaluations of an unsolved run.

    >>> expected_evaluations(np.array([10.0, 20.0, np.inf]), 30.0)
    array(30.)
    """
    solved = np.isfinite(costs)
    spent = np.where(solved, costs, most).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(solved.any(axis=-1), spent / solved.sum(axis=-1), np.inf))


def sweeping() -> tuple[str, ...]:
    """The rules that descend, have a learning rate to be tuned, and run as sweeps."""
    bowl = LANDSCAPES.make("rosenbrock")
    return tuple(
        name for name, entry in OPTIMIZERS.items() if not entry.ascends and why_not(bowl, OPTIMIZERS.make(name)) is None
    )


def solvable() -> tuple[str, ...]:
    """The landscapes that are formulas and have a global minimum."""
    return tuple(
        name
        for name, entry in LANDSCAPES.items()
        if LANDSCAPES.make(name).minima and not issubclass(entry, DataLandscape)
    )


@lru_cache
def evaluations_a_step(optimizer: str) -> float:
    """Evaluations of the gradient in a step of a rule."""
    run = descend("quadratic", optimizer, steps=4)
    return run.gradient_evaluations / max(1, len(run.loss) - 1)


def study(
    optimizers: Sequence[str] | None = None,
    landscapes: Sequence[str] | None = None,
    *,
    rates: int = 24,
    starts: int = 256,
    steps: int = 300,
    seed: int = 0,
) -> Iterator[Study]:
    """Every rule on every landscape, landscape after landscape.

    Args:
        optimizers: Names of ``gdviz.OPTIMIZERS``; None for all that :func:`sweeping` lists.
        landscapes: Names of ``gdviz.LANDSCAPES``; None for all that :func:`solvable` lists.
        rates: Learning rates tried, evenly spread in the logarithm from 1e-6 to 10; the same for all.
        starts: Random starts, uniform on the domain, the same for all; at least two.
        steps: The most steps of a run.
        seed: Of the starts.

    Yields:
        The study so far, after each landscape; the arrays are the same, and filled further.
    """
    names, places = tuple(optimizers or sweeping()), tuple(landscapes or solvable())
    shape, judging = (len(names), len(places)), starts - starts // 2
    grid = np.geomspace(1e-6, 10.0, rates)
    found = Study(
        names, places, grid, steps,
        np.full((*shape, rates), np.inf), np.full((*shape, judging), np.inf),
        np.full((*shape, judging, len(TARGETS)), np.inf, np.float32),
        np.zeros((*shape, rates)), np.zeros(shape, bool),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for column, landscape in enumerate(places):
            (left, right), (bottom, top) = LANDSCAPES.make(landscape).domain
            points = np.stack([rng.uniform(left, right, starts), rng.uniform(bottom, top, starts)])
            jobs = [pool.submit(_enter, found, row, column, points) for row in range(len(names))]
            for job in jobs:
                job.result()
            yield found


def _enter(found: Study, row: int, column: int, points: Array) -> None:
    """Run one rule on one landscape, and note the results."""
    optimizer, place, grid = found.optimizers[row], LANDSCAPES.make(found.landscapes[column]), found.rates
    half, each = points.shape[1] // 2, evaluations_a_step(optimizer)
    cases = make_cases(place, optimizer, np.tile(points, len(grid)), np.repeat(grid, points.shape[1]), found.steps)
    ends = run_cases(cases, "linked" if available() else None, threads=1)
    assert place.lowest is not None
    solved = (ends.codes == CONVERGED) & reaches(ends.loss, place.lowest)
    costs = np.where(solved, np.maximum(ends.steps_to_converge, 1.0) * each, np.inf).reshape(len(grid), -1)
    expected = expected_evaluations(costs[:, :half], found.steps * each)
    lowest = np.where(np.isfinite(ends.loss), ends.loss, np.inf).reshape(costs.shape)[:, :half]
    best = int(np.argmin(expected if np.isfinite(expected).any() else np.sort(lowest, axis=1)[:, half // 2]))
    chosen = make_cases(place, optimizer, points[:, half:], np.full(points.shape[1] - half, grid[best]), found.steps)
    aims = place.lowest + np.median(place.value(points) - place.lowest) * TARGETS
    found.hits[row, column] = np.maximum(first_hits(loss_curves(chosen), aims), 1) * each
    found.expected[row, column], found.costs[row, column] = expected, costs[best, half:]
    found.lost[row, column] = (ends.codes == DIVERGED).reshape(costs.shape).mean(axis=1)
    found.known[row, column] = True


def first_hits(losses: Array, targets: Array) -> Array:
    """After how many steps each run first is at each target or below, shape (runs, targets); inf where it never is.

    Args:
        losses: Shape (steps + 1, runs).
        targets: Falling, shape (targets,).

    >>> first_hits(np.array([[4.0], [1.0], [2.0]]), np.array([3.0, 1.0, 0.0]))
    array([[ 1.,  1., inf]])
    """
    lowest = np.fmin.accumulate(losses, axis=0)
    steps = np.stack([(~(lowest <= target)).sum(axis=0) for target in targets], axis=-1)
    return np.where(steps < len(losses), steps, np.inf)
