"""The record of a comparison: its trials and repeats, and the findings that follow from them."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gdviz.comparing import statistics
from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import Known, chosen
from gdviz.training import TrainingSetup
from gdviz.training.events import End, Epoch, Start, TrainingEvent, of_kind

Status = Literal["queued", "running", "finished", "given up", "diverged", "stopped", "failed"]
MARGIN = 0.02
"""An accuracy within so much of the best counts as usable; of an error, five times this share."""


@dataclass(frozen=True)
class Trial:
    """One training of a comparison: a trial of the search, or a repeat of the best one."""

    entrant: str
    number: int
    """Of the trial, counting from 0."""
    repeat: int | None
    """None for a trial; which repeat of that trial."""
    values: dict[str, float]
    """The hyperparameters tuned."""
    seed: int
    status: Status
    score: float
    """On the validation part for a trial, on the test part for a repeat; -inf where it diverged, nan until it ends."""
    curve: tuple[float, ...] = ()
    """The score on the validation part after each epoch."""
    steps: int = 0
    """Steps an epoch."""
    seconds: float = 0.0
    """Its share of the time that it was trained in with others."""
    run: str | None = None
    """The id of its run in the store, where it has one."""

    @property
    def learning_rate(self) -> float:
        """The learning rate at step 0."""
        return self.values["learning_rate"]

    @property
    def ended(self) -> bool:
        """Whether it counts: finished, given up by the search, or diverged."""
        return self.status in ("finished", "given up", "diverged")


@dataclass(frozen=True, eq=False)
class Record:
    """The findings, complete or so far. Scores are larger where better: an error has its sign turned."""

    comparison: Comparison
    trials: tuple[Trial, ...]
    """Those of the searches, in the order of entrants and numbers."""
    tests: tuple[Trial, ...] = ()
    """The repeats."""
    constant: dict[str, float] = field(default_factory=dict)
    """The score of one constant answer, the training part's mean, on "validation" and "test"."""
    version: dict[str, str] = field(default_factory=dict)
    """The versions of the packages that were used."""

    @property
    def names(self) -> tuple[str, ...]:
        """The entrants' names."""
        return self.comparison.names

    def of(self, name: str) -> list[Trial]:
        """An entrant's trials that have ended."""
        return [trial for trial in self.trials if trial.entrant == name and trial.ended]

    def chosen(self, name: str) -> Trial | None:
        """An entrant's best trial on the validation part; None where none ended well."""
        trials = {trial.number: trial for trial in self.of(name)}
        best = chosen([Known(0, t.number, None, t.values, t.score) for t in trials.values()])
        return None if best is None else trials[best.number]

    def scores(self, name: str) -> NDArray[np.float64]:
        """The scores of an entrant's ended trials, in their order."""
        return np.array([trial.score for trial in self.of(name)])

    @cached_property
    def repeats(self) -> dict[str, NDArray[np.float64]]:
        """The scores on the test part of each entrant's best, trained again with fresh seeds, by name: (repeats,)."""
        return {name: np.array([t.score for t in self._repeated(name)]) for name in self.names}

    def _repeated(self, name: str) -> list[Trial]:
        best = self.chosen(name)
        number = None if best is None else best.number
        return [t for t in self.tests if (t.entrant, t.number) == (name, number) and t.ended]

    @cached_property
    def judged(self) -> dict[str, NDArray[np.float64]]:
        """The repeats of the entrants that have at least two, none below the constant answer."""
        floor = self.constant.get("test", -math.inf)
        floored = {name: statistics.floored(scores, floor) for name, scores in self.repeats.items()}
        return {name: scores for name, scores in floored.items() if len(scores) > 1 and np.isfinite(scores).all()}

    @cached_property
    def best(self) -> list[str]:
        """The entrants that cannot be distinguished from the best, best first."""
        return statistics.best(self.judged) if self.judged else []

    @cached_property
    def ranking(self) -> list[str]:
        """All entrants that were judged, best first."""
        return statistics.ranking(self.judged)

    @cached_property
    def differences(self) -> list[statistics.Difference]:
        """The differences of all pairs of entrants, corrected for their number."""
        return statistics.differences(self.judged)

    def difference(self, first: str, second: str) -> statistics.Difference | None:
        """How far ``first`` lies above ``second``."""
        for pair in self.differences:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.second, pair.first) == (first, second):
                return statistics.Difference(first, second, -pair.mean, -pair.high, -pair.low, pair.p)
        return None

    def summary(self, name: str) -> statistics.Summary | None:
        """Mean, standard deviation and interval of an entrant's repeats."""
        return statistics.summary(self.judged[name]) if name in self.judged else None

    def _floored(self, name: str) -> NDArray[np.float64]:
        scores = self.scores(name)
        floor = self.constant.get("validation", -math.inf)
        finite = scores[np.isfinite(scores)]
        return statistics.floored(scores, floor if math.isfinite(floor) else float(finite.min(initial=0.0)))

    def expected_best(self, name: str) -> NDArray[np.float64]:
        """The expected best score on the validation part after k trials, shape (trials,); it never falls."""
        return statistics.expected_best(self._floored(name))

    def expected_best_band(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The lower and the upper end of a bootstrap band around :meth:`expected_best`."""
        return statistics.expected_best_band(self._floored(name))

    def window(self, name: str) -> statistics.Window | None:
        """The learning rates around the best that come within :attr:`margin` of it; None where none ended well."""
        trials, scores = self.of(name), self.scores(name)
        if not np.isfinite(scores).any():
            return None
        return statistics.window([t.learning_rate for t in trials], scores, self.margin)

    @property
    def margin(self) -> float:
        """How much less than an entrant's best still counts as usable."""
        if self.comparison.sign > 0:
            return MARGIN
        finite = [t.score for t in self.trials if math.isfinite(t.score)]
        return 5 * MARGIN * abs(max(finite, default=0.0))

    def diverged(self, name: str) -> float:
        """The share of an entrant's trials that diverged."""
        trials = self.of(name)
        return sum(t.status == "diverged" for t in trials) / len(trials) if trials else 0.0

    def to_target(self, name: str) -> tuple[int, int, float] | None:
        """Median epochs, steps and seconds of an entrant's repeats to the target on the validation part; None where
        fewer than half reach it, or there is no target."""
        if self.comparison.target is None:
            return None
        target, repeated = self.comparison.sign * self.comparison.target, self._repeated(name)
        reached = sorted(
            (epochs, epochs * t.steps, t.seconds * epochs / max(1, len(t.curve)))
            for t in repeated
            if (epochs := statistics.first_reached(t.curve, target))
        )
        return reached[(len(repeated) - 1) // 2] if len(reached) > len(repeated) / 2 else None

    @property
    def counts(self) -> tuple[int, int]:
        """How many of its trainings have ended, and how many there will be. Repeats of what more trials have shown not
        to be the best do not count, and what diverged in every trial has no repeats."""
        each = self.comparison.trials + self.comparison.budget.repeats
        hopeless = sum(
            self.comparison.budget.repeats
            for name in self.names
            if len(self.of(name)) >= self.comparison.trials and self.chosen(name) is None
        )
        ended = sum(len(self.of(name)) + len(self._repeated(name)) for name in self.names)
        return ended, each * len(self.names) - hopeless

    @property
    def done(self) -> float:
        """The share of its trainings that have ended."""
        ended, total = self.counts
        return ended / total if total else 1.0

    def winner(self) -> TrainingSetup | None:
        """The training of the best entrant with its tuned values; None while there is none."""
        name = self.best[0] if self.best else None
        best = None if name is None else self.chosen(name)
        if name is None or best is None:
            return None
        entrant = self.comparison.entrants[self.names.index(name)]
        return entrant.setup(self.comparison.problem, best.values, self.comparison.repeat_seed(0))

    @cached_property
    def sentence(self) -> str:
        """The finding in words."""
        from gdviz.comparing.words import sentence

        return sentence(self)

    def shown(self, score: float) -> float:
        """The metric of a score: the sign of an error turned back."""
        return self.comparison.sign * score

    def to_csv(self) -> str:
        """All trials and repeats, one line each."""
        table = io.StringIO()
        tuned = list(dict.fromkeys(name for t in self.trials for name in t.values))
        metric = str(self.comparison.metric)
        names = ["entrant", "trial", "repeat", "part", "seed", "status", *tuned, metric, "epochs", "seconds", "run"]
        writer = csv.writer(table)
        writer.writerow(names)
        for t in (*self.trials, *self.tests):
            part = "validation" if t.repeat is None else "test"
            score = self.shown(t.score) if math.isfinite(t.score) else ""
            repeat = "" if t.repeat is None else t.repeat + 1
            values = [repr(t.values[name]) if name in t.values else "" for name in tuned]
            row = [t.entrant, t.number + 1, repeat, part, t.seed, t.status, *values, score]
            writer.writerow([*row, len(t.curve), round(t.seconds, 4), t.run or ""])
        return table.getvalue()

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """Draw itself in a notebook."""
        from gdviz.charts.comparing import expected_best

        return expected_best(self)._repr_mimebundle_(*args, **kwargs)


def trial_of(
    comparison: Comparison,
    key: tuple[int, int, int | None],
    setup: TrainingSetup,
    status: Status,
    events: Sequence[TrainingEvent],
    run: str | None = None,
) -> Trial:
    """A trial from the events of its run."""
    entrant, number, repeat = key
    metric, sign = comparison.metric, comparison.sign
    epochs = of_kind(events, Epoch)
    validated = [epoch.measured for epoch in epochs if "val_loss" in epoch.measured]
    curve = tuple(sign * measured.get(f"val_{metric}", math.nan) for measured in validated)
    end = next(iter(of_kind(events, End)), None)
    start = next(iter(of_kind(events, Start)), None)
    score = math.nan
    if status == "diverged":
        score = -math.inf
    elif status in ("finished", "given up") and repeat is None and curve:
        score = curve[-1]
    elif status == "finished" and end is not None:
        score = sign * end.scores["test"].get(str(metric), math.nan)
    values = {name: float(getattr(setup.optimizer, name)) for name in comparison.entrants[entrant].tuned}
    seconds = epochs[-1].seconds if epochs else 0.0
    return Trial(
        comparison.names[entrant],
        number,
        repeat,
        values,
        setup.seed,
        status if math.isfinite(score) or status != "finished" else "diverged",
        score if math.isfinite(score) or status not in ("finished", "given up") else -math.inf,
        curve,
        start.batches if start else 0,
        seconds,
        run,
    )


def constant_scores(comparison: Comparison, start: Start) -> dict[str, float]:
    """The score of the constant answer on each part, from the event that began a run."""
    return {part: comparison.sign * scores[str(comparison.metric)] for part, scores in (start.constant or {}).items()}
