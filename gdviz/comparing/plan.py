"""The plan of a comparison: which trainings come next, for one process and for workers, now and after a break."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.search import propose, shares_of, values_at
from gdviz.training import TrainingSetup

AT_ONCE = 16
"""So many trainings are stacked: more take no less time each."""
_ASKED_AT_ONCE = 4
"""So many trials of a TPE search run before it learns from them."""


@dataclass(frozen=True)
class Task:
    """One training of a comparison. No two have the same entrant, number and repeat."""

    entrant: int
    """Its place in ``comparison.entrants``."""
    number: int
    """Of the trial, counting from 0."""
    repeat: int | None
    """None for a trial; which repeat of that trial, counting from 0."""
    setup: TrainingSetup

    @property
    def key(self) -> tuple[int, int, int | None]:
        """Its identity: entrant, number and repeat."""
        return self.entrant, self.number, self.repeat


@dataclass(frozen=True)
class Known:
    """The standing of a task: waiting, running, or ended with a score."""

    entrant: int
    number: int
    repeat: int | None
    values: dict[str, float]
    score: float | None
    """None until it has ended; -inf where it diverged."""


Portion = tuple[Task, ...]
"""Tasks of one entrant that are trained together."""


def portions(comparison: Comparison, known: Sequence[Known]) -> list[Portion]:
    """The tasks that can begin now: trials of every entrant, and repeats where its trials have ended.

    Nothing is proposed twice: what is known, in whatever state, is left out. An empty list while tasks run means
    waiting, and afterwards that the comparison is done.
    """
    found = [
        _trials(comparison, k, [t for t in known if t.entrant == k and t.repeat is None]) for k in _all(comparison)
    ]
    found += [[repeats] for k in _all(comparison) if (repeats := _repeats(comparison, k, known))]
    # The first portion of everybody comes before the second of anybody.
    return [row[i] for i in range(max(map(len, found), default=0)) for row in found if i < len(row)]


def chosen(trials: Collection[Known]) -> Known | None:
    """The best of an entrant's trials, the earlier of two alike; None where all diverged."""
    ended = [t for t in trials if t.score is not None and math.isfinite(t.score)]
    return max(ended, key=lambda t: (t.score, -t.number), default=None)


def _all(comparison: Comparison) -> range:
    return range(len(comparison.entrants))


def _trials(comparison: Comparison, k: int, known: Sequence[Known]) -> list[Portion]:
    entrant, budget = comparison.entrants[k], comparison.budget
    known = sorted(known, key=lambda t: t.number)
    seen = [(shares_of(budget, t.values), t.score) for t in known]
    waiting = sum(t.score is None for t in known)
    if budget.search == "tpe" and waiting > _ASKED_AT_ONCE // 2:
        return []
    most = comparison.trials if budget.search == "sobol" else _ASKED_AT_ONCE
    shares = propose(entrant, budget, most, seen, comparison.trials)
    tasks = []
    for number, share in enumerate(shares, start=len(known)):
        setup = entrant.setup(comparison.problem, values_at(budget, share), comparison.trial_seed(number))
        tasks.append(Task(k, number, None, setup))
    at_once = len(tasks) or 1 if budget.halving else AT_ONCE
    return [tuple(tasks[i : i + at_once]) for i in range(0, len(tasks), at_once)]


def _repeats(comparison: Comparison, k: int, known: Sequence[Known]) -> Portion:
    """The repeats of the best trial, once all trials have ended; of more trials another may be the best."""
    trials = [t for t in known if t.entrant == k and t.repeat is None]
    if len(trials) < comparison.trials or any(t.score is None for t in trials):
        return ()
    best = chosen(trials)
    if best is None:
        return ()
    there = {t.repeat for t in known if (t.entrant, t.number) == (k, best.number)}
    wanted = [r for r in range(comparison.budget.repeats) if r not in there]
    setups = [comparison.entrants[k].setup(comparison.problem, best.values, comparison.repeat_seed(r)) for r in wanted]
    return tuple(Task(k, best.number, r, setup) for r, setup in zip(wanted, setups, strict=True))
