"""What is compared, and how much each entrant may spend: one frozen, checked, JSON-able configuration."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gdviz.catalogue import Entry, knob
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.comparing.halving import rungs
from gdviz.schedules import SCHEDULES, Constant, Schedule
from gdviz.training import KERAS_OPTIMIZERS, KerasOptimizer, TrainingSetup, Watch
from gdviz.training.optimizers import SEARCHED
from gdviz.training.stackable import why_alone

MOST_ENTRANTS = 8
HIGHER_IS_BETTER = ("categorical_accuracy", "top_k_categorical_accuracy", "binary_accuracy")
_FRESH = 100_000
"""The seeds of the repeats begin so far above those of the trials."""


@dataclass(frozen=True)
class Entrant:
    """An optimizer with a schedule and clipping of its own, and what a search may change of it."""

    optimizer: KerasOptimizer
    schedule: Schedule | None = None
    """Its learning rate at step 0 is the one that is tuned; None stands for a constant one."""
    clip: Clipper | None = None
    tuned: tuple[str, ...] = ("learning_rate",)
    """The learning rate, and further hyperparameters of ``gdviz.training.optimizers.SEARCHED``."""

    def __post_init__(self) -> None:
        known = {knob.name for knob in self.optimizer.knobs()} & set(SEARCHED)
        for name in self.tuned:
            if name not in known:
                raise ValueError(f"tuned must be of {', '.join(sorted(known))} for {self.label}; got {name!r}")
        ordered = [name for name in SEARCHED if name in {"learning_rate", *self.tuned}]
        object.__setattr__(self, "tuned", tuple(ordered))
        if self.schedule is not None and self.schedule.follows_loss:
            raise ValueError(f"schedule must not follow the loss step by step; got {self.schedule.label}")

    @property
    def label(self) -> str:
        """What people read."""
        with_schedule = "" if isinstance(self.schedule, Constant | None) else f", {self.schedule.label.lower()}"
        return f"{self.optimizer.label}{with_schedule}{f', clipped {self.clip.label.lower()}' if self.clip else ''}"

    def setup(self, problem: TrainingSetup, values: Mapping[str, float], seed: int) -> TrainingSetup:
        """The training of one trial: the problem with this optimizer and these hyperparameters."""
        schedule = (self.schedule or Constant()).starting_at(values["learning_rate"])
        return replace(
            problem,
            optimizer=replace(self.optimizer, **dict(values)),
            schedule=schedule,
            warmup_steps=0,
            clip=self.clip,
            seed=seed,
            watch=Watch(snapshot_epochs=0),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for :meth:`from_dict`."""
        parts = {"optimizer": self.optimizer, "schedule": self.schedule, "clip": self.clip}
        return {
            **{name: None if entry is None else entry.to_dict() for name, entry in parts.items()},
            "tuned": list(self.tuned),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Entrant":
        """The entrant that :meth:`to_dict` described."""
        schedule, clip = values.get("schedule"), values.get("clip")
        return cls(
            KERAS_OPTIMIZERS.from_dict(values["optimizer"]),
            None if schedule is None else SCHEDULES.from_dict(_tuples(schedule)),
            None if clip is None else CLIPPERS.from_dict(clip),
            tuple(values.get("tuned", ("learning_rate",))),
        )


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


@dataclass(frozen=True)
class Budget(Entry):
    """What every entrant may spend, the same for all."""

    label = "Budget"

    trials: int = knob(16, 1, 256, usual=(4, 64), log=True, help="learning rates that each entrant may try")
    repeats: int = knob(5, 2, 50, usual=(2, 20), help="trainings of each entrant's best, with fresh seeds")
    search: str = knob(
        "sobol", choices=("sobol", "tpe"), help="sobol: evenly spread, the same for all; tpe: near what did well"
    )
    halving: bool = knob(False, help="give up hopeless trials early, and begin more of them for the same epochs")
    low: float = knob(SEARCHED["learning_rate"].low, above=0.0, log=True, help="smallest learning rate tried")
    high: float = knob(SEARCHED["learning_rate"].high, above=0.0, log=True, help="largest learning rate tried")
    seed: int = knob(0, 0, 2**30, help="of the points tried, the initial weights and the order of batches")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise ValueError(f"Budget: low must be below high; got {self.low:g} and {self.high:g}")


@dataclass(frozen=True)
class Comparison:
    """Which optimizer for this problem: who takes part, and with which budget.

    Every entrant has the same number of trials, of the same length, at points spread in the same way. The validation
    part chooses the best trial of each; its hyperparameters are trained again with fresh seeds, and only these repeats
    are judged on the test part.

    Raises:
        ValueError: A field is not allowed, or two do not go together; names the field, its value, what is allowed.
    """

    problem: TrainingSetup = field(default_factory=TrainingSetup)
    """Data, model, batch size, epochs; its optimizer, schedule, clipping and seed play no part."""
    entrants: tuple[Entrant, ...] = ()
    budget: Budget = field(default_factory=Budget)
    metric: str | None = None
    """What decides: "loss" or one of the problem's metrics; None for its first metric, or the loss."""
    target: float | None = None
    """A value of the metric; how fast each entrant reaches it is told."""

    def __post_init__(self) -> None:
        given = self.entrants or tuple(Entrant(KERAS_OPTIMIZERS.make(name)) for name in USUAL_ENTRANTS)
        object.__setattr__(self, "entrants", tuple(given))
        allowed = ("loss", *(self.problem.metrics or ()))
        object.__setattr__(self, "metric", [*allowed[1:], "loss"][0] if self.metric is None else self.metric)
        if self.metric not in allowed:
            raise ValueError(f"metric must be one of {', '.join(allowed)}; got {self.metric!r}")
        if len(self.entrants) > MOST_ENTRANTS:
            raise ValueError(f"entrants must be at most {MOST_ENTRANTS}; got {len(self.entrants)}")
        split = self.problem.split
        if split.validate_on_test or not split.validation:
            raise ValueError(
                "Split: validation must be a part of its own for a comparison, so that the test part is not used to "
                f"choose; got validation={split.validation}, validate_on_test={split.validate_on_test}"
            )
        if not split.test and not self.problem.data.own_test:
            raise ValueError(f"Split: test must be above 0 for a comparison, to judge the repeats; got {split.test}")
        if self.budget.halving and (reason := next(filter(None, map(self.why_alone, self.entrants)), None)):
            raise ValueError(f"Budget: halving must be off for trainings that run one by one ({reason})")

    def why_alone(self, entrant: Entrant) -> str | None:
        """Why an entrant's trainings run one by one, not stacked; None where they are stacked."""
        return why_alone(entrant.setup(self.problem, {"learning_rate": 1.0}, 0))

    @property
    def names(self) -> tuple[str, ...]:
        """The entrants' names; the second of the same name is "adam (2)"."""
        found: list[str] = []
        for entrant in self.entrants:
            name = entrant.optimizer.name
            count = 1 + sum(entrant.optimizer.name == other.optimizer.name for other in self.entrants[: len(found)])
            found.append(name if count == 1 else f"{name} ({count})")
        return tuple(found)

    @property
    def labels(self) -> dict[str, str]:
        """What people read, by name: the shortest that tells the entrants apart."""
        labels = [entrant.label for entrant in self.entrants]
        numbers = [labels[: i + 1].count(label) for i, label in enumerate(labels)]
        shown = [label if n == 1 else f"{label} ({n})" for label, n in zip(labels, numbers, strict=True)]
        return dict(zip(self.names, shown, strict=True))

    @property
    def sign(self) -> int:
        """1 where a higher metric is better, -1 where a lower one is: a score is the metric times this."""
        return 1 if self.metric in HIGHER_IS_BETTER else -1

    @property
    def rungs(self) -> tuple[tuple[int, int], ...]:
        """Epochs and how many trials begin, then epochs and how many go on: one pair without halving."""
        if not self.budget.halving:
            return ((0, self.budget.trials),)
        return rungs(self.budget.trials, self.problem.epochs)

    @property
    def trials(self) -> int:
        """How many trials each entrant begins."""
        return self.rungs[0][1]

    def trial_seed(self, number: int) -> int:
        """The seed of trial ``number``, counting from 0: the same for all entrants."""
        return self.budget.seed + number

    def repeat_seed(self, number: int) -> int:
        """The seed of repeat ``number``: no trial has it."""
        return self.budget.seed + _FRESH + number

    def changed(self, **values: Any) -> "Comparison":
        """The same comparison with other values for some fields, those of the budget included."""
        known = {knob.name for knob in Budget.knobs()}
        spent = {name: values.pop(name) for name in list(values) if name in known}
        if "problem" in values:
            values = {"metric": None, "target": None, **values}
        return replace(self, budget=replace(self.budget, **spent), **values)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values: the argument of :meth:`from_dict`, and what is stored."""
        return {
            "problem": self.problem.to_dict(),
            "entrants": [entrant.to_dict() for entrant in self.entrants],
            "budget": self.budget.values(),
            "metric": self.metric,
            "target": self.target,
        }

    def to_json(self) -> str:
        """The comparison as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Comparison":
        """The comparison that :meth:`to_dict` described."""
        return cls(
            TrainingSetup.from_dict(values["problem"]),
            tuple(Entrant.from_dict(entrant) for entrant in values["entrants"]),
            Budget(**values["budget"]),
            values.get("metric"),
            values.get("target"),
        )

    @classmethod
    def from_json(cls, text: str) -> "Comparison":
        """The comparison that :meth:`to_json` wrote."""
        return cls.from_dict(json.loads(text))


USUAL_ENTRANTS = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "adamax")


def entrants_of(given: Sequence[str | KerasOptimizer | Entrant]) -> tuple[Entrant, ...]:
    """Entrants from names, optimizers or entrants."""
    return tuple(e if isinstance(e, Entrant) else Entrant(KERAS_OPTIMIZERS.make(e)) for e in given)
