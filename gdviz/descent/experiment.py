"""Several optimizers on one landscape under the same conditions: the configuration that travels through the app.

An :class:`Experiment` can be written as plain data (for files) and as the fields of a link, and read back from both.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gdviz.catalogue import Catalogue, Entry
from gdviz.catalogue.links import Fields, entry_text, number, read_entry, read_values, settings_text, whole
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.descent.running import run
from gdviz.descent.setup import Averaging, Descent, Stop
from gdviz.descent.trajectory import Trajectory
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.own import OwnFunction, compile_landscape
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Constant, Schedule

MOST_RUNS = 8
MOST_STEPS = 5000

T = TypeVar("T")
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Experiment:
    """One to eight optimizers that start at the same point of one landscape."""

    landscape: Landscape
    optimizers: tuple[Optimizer, ...]
    schedule: Schedule = Constant()
    """Every optimizer follows it, from its own learning rate on."""
    shared_learning_rate: float | None = None
    """A learning rate for all, in place of each optimizer's own."""
    start: Point | None = None
    """None stands for the landscape's own start."""
    steps: int = 300
    clip: Clipper | None = None
    noise: float = 0.0
    seed: int = 0
    stop: Stop = Stop()
    weight_decay: float = 0.0
    averaging: Averaging | None = None
    batch_size: int | None = None
    maximize: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.optimizers) <= MOST_RUNS:
            raise ValueError(f"optimizers must be 1 to {MOST_RUNS}; got {len(self.optimizers)}")
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps must be a whole number with 1 ≤ steps ≤ {MOST_STEPS}; got {self.steps!r}")
        self.descents()

    def descents(self) -> tuple[Descent, ...]:
        """The runs, one for each optimizer.

        Raises:
            ValueError: A value is not allowed; the message names it, its value, and what is allowed.
        """
        rates = [
            optimizer.learning_rate if self.shared_learning_rate is None else self.shared_learning_rate
            for optimizer in self.optimizers
        ]
        return tuple(
            Descent(
                landscape=self.landscape,
                optimizer=replace(optimizer, learning_rate=rate),
                schedule=self.schedule.starting_at(rate),
                start=self.landscape.start if self.start is None else self.start,
                steps=self.steps,
                clip=self.clip,
                noise=self.noise,
                seed=self.seed,
                stop=self.stop,
                weight_decay=self.weight_decay,
                averaging=self.averaging,
                batch_size=self.batch_size,
                maximize=self.maximize,
            )
            for optimizer, rate in zip(self.optimizers, rates, strict=True)
        )

    def run(self) -> tuple[Trajectory, ...]:
        """Run them all."""
        return tuple(map(run, self.descents()))


DEFAULT = Experiment(
    landscape=LANDSCAPES.make("himmelblau"),
    optimizers=(
        OPTIMIZERS.make("gradient_descent", learning_rate=0.001),
        OPTIMIZERS.make("momentum", learning_rate=0.001),
        OPTIMIZERS.make("rmsprop", learning_rate=0.02),
        OPTIMIZERS.make("adam", learning_rate=0.1),
    ),
)
"""What the app opens with."""


# Links --------------------------------------------------------------------------------------------------------------


def to_link(experiment: Experiment) -> dict[str, list[str]]:
    """The fields of a link that reproduces the experiment exactly.

    Every value is written, defaults too, so that a link keeps its meaning when a default changes.

    >>> to_link(DEFAULT)["run"][-1]
    'adam,learning_rate=0.1,beta_1=0.9,beta_2=0.999,epsilon=1e-07'
    """
    fields = {
        **_landscape_fields(experiment.landscape),
        "run": [entry_text(optimizer) for optimizer in experiment.optimizers],
        "schedule": [entry_text(experiment.schedule)],
        "learning_rate": [] if experiment.shared_learning_rate is None else [repr(experiment.shared_learning_rate)],
        "start": [] if experiment.start is None else [",".join(map(repr, experiment.start))],
        "steps": [str(experiment.steps)],
        "clip": [] if experiment.clip is None else [entry_text(experiment.clip)],
        "noise": [repr(experiment.noise)],
        "seed": [str(experiment.seed)],
        "stop": [f"{name}={value!r}" for name, value in experiment.stop.changes().items()],
        "weight_decay": [repr(experiment.weight_decay)] if experiment.weight_decay else [],
        "averaging": settings_text(experiment.averaging) if experiment.averaging else [],
        "batch_size": [] if experiment.batch_size is None else [str(experiment.batch_size)],
        "direction": ["ascent"] if experiment.maximize else [],
    }
    return {name: values for name, values in fields.items() if values}


def from_link(fields: Fields, default: Experiment = DEFAULT) -> tuple[Experiment, list[str]]:
    """The experiment that a link describes, and a note on every field that could not be read.

    A field that is missing takes its default; so does one that cannot be read, with a note.
    """
    notes: list[str] = []

    def read(name: str, parse: Callable[[str], T], fallback: T) -> T:
        if not fields.get(name):
            return fallback
        try:
            return parse(fields[name][0])
        except ValueError as error:
            notes.append(f"{name}: {error}. The default is used.")
            return fallback

    def entry(name: str, catalogue: Catalogue[E], fallback: E) -> E:
        return read(name, lambda text: read_entry(catalogue, text, notes), fallback)

    runs = list(fields.get("run", ()))
    if len(runs) > MOST_RUNS:
        notes.append(f"run: at most {MOST_RUNS} can be shown; the others are left out.")
    optimizers = []
    for text in runs[:MOST_RUNS]:
        try:
            optimizers.append(read_entry(OPTIMIZERS, text, notes))
        except ValueError as error:
            notes.append(f"run: {error}. This run is left out.")
    experiment = Experiment(
        landscape=_landscape(fields, default.landscape, notes),
        optimizers=tuple(optimizers) or default.optimizers,
        schedule=entry("schedule", SCHEDULES, default.schedule),
        clip=read("clip", lambda text: read_entry(CLIPPERS, text, notes), default.clip),
        stop=Stop(**read_values(Stop, list(fields.get("stop", ())), notes)),
        averaging=Averaging(**read_values(Averaging, fields["averaging"], notes)) if fields.get("averaging") else None,
    )
    values: dict[str, Any] = {
        "shared_learning_rate": read("learning_rate", number, default.shared_learning_rate),
        "start": read("start", _point, default.start),
        "steps": read("steps", whole, default.steps),
        "noise": read("noise", number, default.noise),
        "seed": read("seed", whole, default.seed),
        "weight_decay": read("weight_decay", number, default.weight_decay),
        "batch_size": read("batch_size", whole, default.batch_size),
        "maximize": read("direction", _climbs, default.maximize),
    }
    for name, value in values.items():
        try:
            experiment = replace(experiment, **{name: value})
        except ValueError as error:
            notes.append(f"{name}: {error}. The default is used.")
    return experiment, notes


def _landscape_fields(landscape: Landscape) -> dict[str, list[str]]:
    if not isinstance(landscape, OwnFunction):
        return {"landscape": [entry_text(landscape)]}
    ends = [end for axis in landscape.domain for end in axis]
    return {"landscape": [OwnFunction.name], "function": [landscape.text], "domain": [",".join(map(repr, ends))]}


def _landscape(fields: Fields, default: Landscape, notes: list[str]) -> Landscape:
    (text,) = fields.get("landscape", ())[:1] or [""]
    try:
        if text == OwnFunction.name:
            return own_function((fields.get("function") or [""])[0], (fields.get("domain") or ["-5,5,-5,5"])[0])
        return read_entry(LANDSCAPES, text, notes) if text else default
    except ValueError as error:
        notes.append(f"landscape: {error}. The default is used.")
        return default


def own_function(text: str, domain: str) -> OwnFunction:
    """A landscape from a formula and ``xmin,xmax,ymin,ymax``.

    Raises:
        ValueError: One of them cannot be read; the message says where and why.
    """
    ends = [number(end) for end in domain.split(",")]
    if len(ends) != 4:
        raise ValueError(f"domain must be four numbers, xmin,xmax,ymin,ymax; got {domain[:60]!r}")
    return compile_landscape(text, ((ends[0], ends[1]), (ends[2], ends[3])))


def _climbs(text: str) -> bool:
    if text not in ("ascent", "descent"):
        raise ValueError(f"{text[:40]!r} is neither ascent nor descent")
    return text == "ascent"


def _point(text: str) -> Point:
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError(f"{text[:40]!r} is not two numbers, x and y")
    return number(parts[0]), number(parts[1])
