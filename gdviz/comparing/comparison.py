"""The configuration of a comparison: its problem, its entrants, and the budget that all of them have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from gdviz.catalogue import Entry, Fields, Setup, knob, names, one_of, optional, part, several
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.comparing.halving import rungs
from gdviz.schedules import SCHEDULES, Constant, Schedule
from gdviz.training import KERAS_OPTIMIZERS, KerasOptimizer, TrainingSetup, Watch
from gdviz.training.optimizers import SEARCHED
from gdviz.training.scores import OF_CLASSES
from gdviz.training.setup import ACCURACIES, ALL_METRICS
from gdviz.training.stackable import why_alone

MOST_ENTRANTS = 8
NOT_THE_PROBLEM = {
    "optimizer",
    "schedule",
    "clip",
    "warmup_steps",
    "seed",
    "watch",
    "reduce_on_plateau",
    "early_stopping",
}
"""Fields of a training's link that a comparison's does not have: each entrant brings its own, or there are none."""
_FRESH = 100_000
"""The seeds of the repeats begin so far above those of the trials."""


@dataclass(frozen=True)
class Entrant(Setup):
    """An optimizer with a schedule and clipping of its own, and the hyperparameters that a search may change."""

    label = "Entrant"
    noun = "an entrant"
    maker = "gdviz.comparing.comparison.Entrant"

    optimizer: KerasOptimizer = one_of(KERAS_OPTIMIZERS, "adam")
    schedule: Schedule | None = optional(SCHEDULES)
    """Its learning rate at step 0 is the one that is tuned; None stands for a constant one."""
    clip: Clipper | None = optional(CLIPPERS)
    tuned: tuple[str, ...] = names(tuple(SEARCHED), ("learning_rate",), help="hyperparameters that are searched")
    """The learning rate, and further hyperparameters of ``gdviz.training.optimizers.SEARCHED``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = {knob.name for knob in self.optimizer.knobs()} & set(SEARCHED)
        for name in self.tuned:
            if name not in known:
                raise ValueError(f"tuned must be of {', '.join(sorted(known))} for {self.title}; got {name!r}")
        ordered = [name for name in SEARCHED if name in {"learning_rate", *self.tuned}]
        object.__setattr__(self, "tuned", tuple(ordered))
        if self.schedule is not None and self.schedule.follows_loss:
            raise ValueError(f"schedule must not follow the loss step by step; got {self.schedule.label}")

    @property
    def title(self) -> str:
        """The entrant in words."""
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

    def part_fields(self, key: str, prefix: str, spread: bool) -> dict[str, list[str]]:
        """One text: ``adam,learning_rate=0.001;clip:clipnorm,clipnorm=1.0;tuned:learning_rate``."""
        others = {"schedule": self.schedule, "clip": self.clip}
        texts = [f"{name}:{entry.link_text()}" for name, entry in others.items() if entry is not None]
        return {key: [";".join([self.optimizer.link_text(), *texts, f"tuned:{','.join(self.tuned)}"])]}

    @classmethod
    def from_part_fields(cls, fields: Fields, notes: list[str], key: str, prefix: str, spread: bool) -> Self:
        optimizer, *parts = fields[key][0].split(";")
        values: dict[str, Any] = {"optimizer": KERAS_OPTIMIZERS.from_text(optimizer, {}, notes)}
        known = {field.name: field for field in cls.declared()}
        for given in parts:
            name, _, text = given.partition(":")
            if name not in ("schedule", "clip", "tuned"):
                raise ValueError(f"no part {name[:40]!r} in an entrant; it has schedule, clip and tuned")
            values[name] = known[name].from_link({name: text.split(",") if name == "tuned" else [text]}, notes)
        return cls(**values)


@dataclass(frozen=True)
class Budget(Entry):
    """The budget of every entrant, the same for all."""

    label = "Budget"
    maker = "gdviz.comparing.comparison.Budget"

    trials: int = knob(
        16, 1, 256, usual=(4, 64), log=True, label="Trials of each", help="learning rates that each entrant may try"
    )
    repeats: int = knob(
        5, 2, 50, usual=(2, 20), label="Repeats of each one's best", help="with fresh seeds; they decide"
    )
    search: str = knob(
        "sobol", choices=("sobol", "tpe"), help="sobol: evenly spread, the same for all; tpe: near what did well"
    )
    halving: bool = knob(
        False,
        label="Successive halving",
        help="give up hopeless trials early, and begin more of them for the same epochs",
    )
    low: float = knob(
        SEARCHED["learning_rate"].low, above=0.0, log=True, label="Smallest learning rate", help="from which rate on"
    )
    high: float = knob(
        SEARCHED["learning_rate"].high, above=0.0, log=True, label="Largest learning rate", help="up to which rate"
    )
    seed: int = knob(0, 0, 2**30, help="of the points tried, the initial weights and the order of batches")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise ValueError(f"Budget: low must be below high; got {self.low:g} and {self.high:g}")


@dataclass(frozen=True)
class Comparison(Setup):
    """Which optimizer for this problem: who takes part, and with which budget.

    Every entrant has the same number of trials, of the same length, at points spread in the same way. The validation
    part chooses the best trial of each; its hyperparameters are trained again with fresh seeds, and only these repeats
    are judged on the test part.

    Raises:
        ValueError: A field is not allowed, or two do not go together; names the field, its value, what is allowed.
    """

    noun = "a comparison"
    maker = "gdviz.comparing.comparison.Comparison"

    problem: TrainingSetup = part(TrainingSetup, spread=True)
    """Data, model, batch size, epochs; its optimizer, schedule, clipping and seed play no part."""
    entrants: tuple[Entrant, ...] = several(Entrant, most=MOST_ENTRANTS, link="entrant")
    """None at all stands for the usual ones."""
    budget: Budget = part(Budget)
    metric: str = knob(None, choices=("loss", *ALL_METRICS, *OF_CLASSES), link="decides", help="the score that decides")
    """``"loss"``, a metric of the problem, or for classes ``"f1"`` or ``"auc"``; None for its first metric, or the
    loss."""
    target: float | None = knob(None, help="value of the metric; how fast each entrant reaches it is reported")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.entrants:
            object.__setattr__(self, "entrants", entrants_of(USUAL_ENTRANTS))
        allowed = deciding(self.problem)
        usual = (*(self.problem.metrics or ()), "loss")[0]
        object.__setattr__(self, "metric", usual if self.metric is None else self.metric)
        if self.metric not in allowed:
            raise ValueError(f"metric must be one of {', '.join(allowed)}; got {self.metric!r}")
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
        """Labels for people, by name: the shortest that tell the entrants apart."""
        labels = [entrant.title for entrant in self.entrants]
        numbers = [labels[: i + 1].count(label) for i, label in enumerate(labels)]
        shown = [label if n == 1 else f"{label} ({n})" for label, n in zip(labels, numbers, strict=True)]
        return dict(zip(self.names, shown, strict=True))

    @property
    def sign(self) -> int:
        """1 where a higher metric is better, -1 where a lower one is: a score is the metric times this."""
        return 1 if self.metric in (*ACCURACIES, *OF_CLASSES) else -1

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

    def changed(self, **values: Any) -> Self:
        """A copy with other values for some fields, those of the budget included."""
        known = {knob.name for knob in Budget.knobs()}
        spent = {name: values.pop(name) for name in list(values) if name in known}
        if "problem" in values:
            values = {"metric": None, "target": None, **values}
        return super().changed(**{"budget": replace(self.budget, **spent), **values})

    def to_link(self) -> dict[str, list[str]]:
        """The fields of a link that reproduces the comparison; a user's own file is not part of it."""
        return {name: texts for name, texts in super().to_link().items() if name not in NOT_THE_PROBLEM}

    @classmethod
    def from_link(cls, fields: Fields) -> tuple[Self, list[str]]:
        return super().from_link({name: texts for name, texts in fields.items() if name not in NOT_THE_PROBLEM})


def deciding(problem: TrainingSetup) -> tuple[str, ...]:
    """The scores that can decide: the metrics of the problem, the first one being the usual; F1 and AUC of classes; the
    loss."""
    return (*(problem.metrics or ()), *(OF_CLASSES if problem.data.task != "regression" else ()), "loss")


USUAL_ENTRANTS = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "adamax")


def entrants_of(given: Sequence[str | KerasOptimizer | Entrant]) -> tuple[Entrant, ...]:
    """Entrants from names, optimizers or entrants."""
    return tuple(e if isinstance(e, Entrant) else Entrant(KERAS_OPTIMIZERS.make(e)) for e in given)
