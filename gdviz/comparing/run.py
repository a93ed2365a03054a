"""A comparison in this process, from Python."""

import math
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gdviz.comparing.comparison import Budget, Comparison, Entrant, entrants_of
from gdviz.comparing.plan import Known, Portion, portions
from gdviz.comparing.record import Record, Status, Trial, constant_scores, trial_of
from gdviz.training import DATASETS, PRESETS, KerasOptimizer, TrainingSetup
from gdviz.training.channel import Recorder
from gdviz.training.events import End, Scores, Start


def compare(
    problem: str | TrainingSetup,
    entrants: Sequence[str | KerasOptimizer | Entrant] = (),
    trials: int = 16,
    epochs: int | None = None,
    repeats: int = 5,
    *,
    metric: str | None = None,
    target: float | None = None,
    content: bytes | None = None,
    progress: Callable[[Record], object] | None = None,
    **budget: Any,
) -> Record:
    """Which optimizer for this problem: the same tuning for each, then several seeds of each one's best.

    Args:
        problem: A name of ``gdviz.training.DATASETS``, a title of ``PRESETS``, or a training, whose data, model, batch
            size and loss are taken.
        entrants: Names of ``gdviz.training.KERAS_OPTIMIZERS``, its entries, or an :class:`Entrant` each; the same one
            twice if wished. Left out, eight usual ones.
        trials: Learning rates that each may try.
        epochs: Of each training; None for those of the problem.
        repeats: Trainings of each one's best with fresh seeds, judged on the test part.
        metric: The metric that decides; None for the first one of the problem.
        target: A value of the metric; the record says how fast it is reached.
        content: The bytes of a CSV file, for a problem on the user's own.
        progress: Called with the record so far whenever trainings have ended.
        budget: Further fields of :class:`Budget`: ``search``, ``halving``, ``low``, ``high``, ``seed``.

    Returns:
        The findings: ``.best``, ``.sentence``, ``.trials``, ``.repeats``, ``.expected_best(name)``.

    Raises:
        ValueError: Something is not allowed, or does not go together.
    """
    setup = problem_of(problem)
    if epochs is not None:
        setup = setup.changed(epochs=epochs)
    unknown = set(budget) - {knob.name for knob in Budget.knobs()}
    if unknown:
        raise ValueError(f"budget has no {', '.join(sorted(unknown))}; it has search, halving, low, high and seed")
    decides = {} if metric is None else {"metric": metric}
    spent = Budget(trials=trials, repeats=repeats, **budget)
    return run(Comparison(setup, entrants_of(entrants), spent, target=target, **decides), content, progress)


def problem_of(problem: str | TrainingSetup) -> TrainingSetup:
    """A training from the name of its data or the title of a preset.

    Raises:
        ValueError: There is none of that name.
    """
    if isinstance(problem, TrainingSetup):
        return problem
    if problem in DATASETS:
        return TrainingSetup(data=DATASETS.make(problem))
    if problem in PRESETS:
        return PRESETS[problem]
    raise ValueError(
        f"problem must be a training, the title of a preset, or one of {', '.join(DATASETS)}; got {problem!r}"
    )


def run(
    comparison: Comparison, content: bytes | None = None, progress: Callable[[Record], object] | None = None
) -> Record:
    """Carry out a comparison in this process."""
    from gdviz.training.keras.together import Trainer

    trainer = Trainer(comparison.problem, content)
    ended: list[Trial] = []
    constant: dict[str, float] = {}
    while waiting := portions(comparison, known(comparison, ended)):
        for portion in waiting:
            recorders = train_portion(comparison, portion, trainer)
            constant = constant or constant_scores(comparison, recorders[0].of(Start)[0])
            ended += [
                trial_of(comparison, task.key, task.setup, status_of(recorder), recorder.events)
                for task, recorder in zip(portion, recorders, strict=True)
            ]
            if progress is not None:
                progress(record_of(comparison, ended, constant))
    return record_of(comparison, ended, constant)


def train_portion(comparison: Comparison, portion: Portion, trainer: Any) -> list[Recorder]:
    """Train the tasks of a portion, and return the record of each."""
    recorders = [Recorder() for _ in portion]
    trainer.train([task.setup for task in portion], recorders, **how(comparison, portion[0].entrant, portion[0].repeat))
    return recorders


def how(comparison: Comparison, entrant: int, repeat: int | None) -> dict[str, Any]:
    """A trainer's arguments for a portion: the test part is evaluated for the repeats only."""
    metric, sign = str(comparison.metric), comparison.sign

    def better(scores: Scores) -> float:
        score = sign * scores.get(metric, math.nan)
        return -math.inf if math.isnan(score) else score

    return {
        "tuned": comparison.entrants[entrant].tuned,
        "parts": ("train", "validation") if repeat is None else ("train", "validation", "test"),
        "rungs": comparison.rungs[1:] if repeat is None else (),
        "better": better,
        "metric": metric,
    }


def status_of(recorder: Recorder) -> Status:
    """How a run in memory ended; a trial that was stopped was given up by the search."""
    status = recorder.of(End)[0].status
    return "given up" if status == "stopped" else status


def known(comparison: Comparison, trials: Sequence[Trial]) -> list[Known]:
    """The trials as a plan takes them."""
    places = {name: k for k, name in enumerate(comparison.names)}
    return [
        Known(places[t.entrant], t.number, t.repeat, t.values, None if math.isnan(t.score) else t.score) for t in trials
    ]


def record_of(comparison: Comparison, trials: Sequence[Trial], constant: dict[str, float]) -> Record:
    """The findings so far, in the order of entrants and numbers."""
    places = {name: k for k, name in enumerate(comparison.names)}
    ordered = sorted(trials, key=lambda t: (places[t.entrant], t.number, -1 if t.repeat is None else t.repeat))
    return Record(
        comparison,
        tuple(t for t in ordered if t.repeat is None),
        tuple(t for t in ordered if t.repeat is not None),
        constant,
        versions(),
    )


def versions() -> dict[str, str]:
    """The versions of the packages that a comparison rests on, and the day."""
    import gdviz

    found = {"gdviz": gdviz.__version__, "date": time.strftime("%Y-%m-%d")}
    for name in ("keras", "tensorflow", "tensorflow-cpu", "optuna", "numpy", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
