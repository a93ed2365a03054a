"""A step of a run, in named stages of plain arithmetic, and its record.

The stages are Keras's, in its order:

    scheduled     a schedule that follows the loss lowers the learning rate
    gradient      of the landscape at the point; turned around when climbing
    disturbed     noise is added, then the bound applied where one is chosen
    decayed       the point moves towards 0
    moved         the optimizer's own rule
    averaged      the moving average of the points, which may take the point's place
    stopped       whether a condition ends the run at the point
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from numpy import minimum, sqrt, where

from gdviz.catalogue import Entry
from gdviz.clipping import Clipper
from gdviz.landscapes import Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Optimizer
from gdviz.optimizers.base import decayed
from gdviz.schedules import ReduceOnPlateau
from gdviz.tracing.derivatives import jacobian
from gdviz.tracing.record import NotRecordableError, Operation, Record, Traced, Vector, finished, traced

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class RunRecord:
    """A run as two records: its beginning, and one step.

    ``initial`` gives the state by name, for example ``m_x`` and ``m_y``, from the points ``x`` and ``y`` and the knobs;
    ``average_x`` and ``average_y`` count as state.

    ``step`` takes the points ``x``, ``y`` and the state; for each step ``step``, counting from 1, ``learning_rate``,
    and ``noise_x`` and ``noise_y`` where there is noise; the examples ``input`` and ``target`` of a landscape of data,
    and ``batch_input`` and ``batch_target`` of the step's mini-batch; and the knobs, named ``optimizer.beta_1``,
    ``landscape.b``, ``clip.clipnorm``, ``averaging.ema_momentum``, ``weight_decay``. It gives

    - ``loss``, ``gradient_x`` and ``gradient_y`` at the point before the step;
    - ``used_x`` and ``used_y``, what the rule is given, ``clipped``, whether the bound changed it, and
      ``learning_rate``, and ``stopped`` where there are conditions (see :meth:`Stages.stopped`);
    - ``loss_evaluations``, ``gradient_evaluations``, ``hessian_evaluations``, what the rule asked for besides;
    - ``x``, ``y`` and the state after the step.
    """

    initial: Record
    step: Record
    knobs: Mapping[str, float]
    """The values of the knobs."""
    state: tuple[str, ...]
    """The names of the state."""

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data for JSON: the fields by name."""
        records = {"initial": self.initial.to_dict(), "step": self.step.to_dict()}
        return {**records, "knobs": dict(self.knobs), "state": [*self.state]}


@dataclass(frozen=True)
class Stages:
    """The stages of a step, as methods; see :func:`gdviz.descend`."""

    landscape: Landscape
    optimizer: Optimizer
    clip: Clipper | None = None
    weight_decay: Any = 0.0
    averaging: Any = None
    maximize: bool = False
    plateau: ReduceOnPlateau | None = None
    """The schedule, where it follows the loss."""
    noise: bool = False
    stop: Any = None
    batches: bool = False
    """Whether a step sees a mini-batch of a landscape of data."""
    seen: Any = None
    """The landscape over the mini-batch; None for all of the landscape."""
    vector: Callable[..., Any] = Vector
    """The function that makes a vector of two coordinates: of recorded values, or of numbers."""

    @property
    def ground(self) -> Landscape:
        """The landscape as a step sees it."""
        return self.landscape if self.seen is None else self.seen

    def scheduled(self, learning_rate: Any, loss: Any, watched: tuple[Any, ...], step: Any) -> tuple[Any, Any]:
        """The learning rate, and the memory of the schedule; the loss at the start does not change it yet."""
        assert self.plateau is not None
        after = self.plateau.after(-loss if self.maximize else loss, watched)
        watched = tuple(where(step > 1, new, old) for new, old in zip(after, watched, strict=True))
        return minimum(learning_rate, watched[0]), watched

    def gradient(self, theta: Any) -> Any:
        """The gradient that the run follows."""
        gradient = self.vector(*self.ground.df(*theta))
        return -gradient if self.maximize else gradient

    def disturbed(self, gradient: Any, noise: Any) -> tuple[Any, Any]:
        """The gradient with its noise, and the one that is used. Noise comes with the data: clipping sees it too."""
        full = gradient if noise is None else gradient + noise
        return full, full if self.clip is None else self.clip(full)

    def decayed(self, theta: Any, learning_rate: Any) -> Any:
        """The point after weight decay."""
        has_none = isinstance(self.weight_decay, float) and self.weight_decay == 0
        return theta if has_none else decayed(theta, self.weight_decay, learning_rate)

    def moved(
        self, theta: Any, gradient: Any, state: tuple[Any, ...], learning_rate: Any, step: Any, oracle: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        """The point and the state after the rule's step; an elementwise rule takes the coordinates one by one."""
        rule = self.optimizer
        if rule.asks:
            return rule.search(theta, gradient, state, learning_rate, step, oracle)
        if not rule.elementwise:
            return rule.update(theta, gradient, state, learning_rate, step)
        made = [
            rule.update(theta[i], gradient[i], tuple(part[i] for part in state), learning_rate, step) for i in (0, 1)
        ]
        places, states = zip(*made, strict=True)
        return self.vector(*places), tuple(self.vector(*parts) for parts in zip(*states, strict=True))

    def averaged(self, theta: Any, average: Any, step: Any) -> tuple[Any, Any]:
        """The point and the average after the step."""
        memory = where(step > 1, self.averaging.ema_momentum, 0.0)
        average = memory * average + (1 - memory) * theta
        every = self.averaging.ema_overwrite_frequency
        return (where(step % every == 0, average, theta) if every else theta), average

    def stopped(self, loss: Any, before: Any, gradient: Any) -> Any:
        """Which of the conditions of ``gdviz.Stop`` holds first: its place in ``CONDITIONS`` from 1 on, or 0."""
        stop, holds = self.stop, dict[str, Any]()
        if stop.gradient_norm is not None:
            holds["gradient_norm"] = sqrt((gradient * gradient).sum(axis=0)) <= stop.gradient_norm
        if stop.loss_change is not None:
            holds["loss_change"] = abs(loss - before) <= stop.loss_change
        if stop.loss is not None:
            holds["loss"] = loss >= stop.loss if self.maximize else loss <= stop.loss
        code: Any = 0.0
        for name in reversed(holds):
            code = where(holds[name], CONDITIONS.index(name) + 1.0, code)
        return code

    def initial_state(self, theta: Any) -> dict[str, Any]:
        """The state before the first step, by name."""
        rule = self.optimizer
        if rule.elementwise:
            parts = [rule.initial_state(part) for part in theta]
            state = tuple(self.vector(*values) for values in zip(*parts, strict=True))
        else:
            state = rule.initial_state(theta)
        named = dict(zip(rule.state_names, state, strict=True))
        if self.averaging is not None:
            named["average"] = theta
        if self.plateau is not None:
            named |= dict(zip(WATCHED, self.plateau.before(), strict=True))
        if self.stop is not None:
            named["previous_loss"] = math.inf
        return named

    def step(
        self, theta: Any, state: dict[str, Any], learning_rate: Any, step: Any, noise: Any, oracle: Any
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """All stages: the point and the state after a step, and its further outputs."""
        named, new, known = dict(state), dict[str, Any](), dict[str, Any]()
        if self.plateau is not None:
            watched = tuple(named.pop(name) for name in WATCHED)
            learning_rate, watched = self.scheduled(learning_rate, self.landscape.f(*theta), watched, step)
            new = dict(zip(WATCHED, watched, strict=True))
        if self.stop is not None:
            new["previous_loss"] = loss = self.landscape.f(*theta)
            exact = self.vector(*self.landscape.df(*theta))
            known["stopped"] = self.stopped(loss, named.pop("previous_loss"), exact)
        average = named.pop("average", None)
        full, used = self.disturbed(self.gradient(theta), noise)
        clipped = False if self.clip is None else (used[0] != full[0]) | (used[1] != full[1])
        place = self.decayed(theta, learning_rate)
        place, after = self.moved(place, used, tuple(named.values()), learning_rate, step, oracle)
        new |= dict(zip(named, after, strict=True))
        if average is not None:
            place, new["average"] = self.averaged(place, average, step)
        known |= {"used": used, "clipped": clipped, "learning_rate": learning_rate}
        return place, {name: new[name] for name in state}, known

    def entries(self) -> dict[str, Entry]:
        """The entries by the names that their knobs begin with."""
        named = {
            "landscape": self.landscape,
            "optimizer": self.optimizer,
            "clip": self.clip,
            "averaging": self.averaging,
            "schedule": self.plateau,
            "stop": self.stop,
        }
        return {name: entry for name, entry in named.items() if entry is not None}

    def knobs(self) -> dict[str, float]:
        """The values of the real hyperparameters; those that choose or count are part of a record's structure."""
        values = {
            f"{owner}.{name}": getattr(entry, name)
            for owner, entry in self.entries().items()
            for name in real_knobs(entry)
        }
        return {**values, "weight_decay": self.weight_decay}

    def structure(self) -> "Stages":
        """The same for all runs that one record serves: without the values of the knobs."""
        return self._with(lambda owner, name: 0.0, bool(self.weight_decay) * 1.0)

    def _with(self, value: Callable[[str, str], Any], weight_decay: Any) -> "Stages":
        entries = {
            owner: entry.having(**{name: value(owner, name) for name in real_knobs(entry)})
            for owner, entry in self.entries().items()
        }
        entries["plateau"] = entries.pop("schedule", None)  # type: ignore[arg-type]
        return replace(self, weight_decay=weight_decay, **entries)  # type: ignore[arg-type]


CONDITIONS = ("gradient_norm", "loss_change", "loss")
"""The conditions of ``gdviz.Stop``; where several hold at once, the first counts."""
WATCHED = ("plateau_rate", "plateau_best", "plateau_waited", "plateau_cooling")
"""The memory of a schedule that follows the loss."""


@lru_cache(maxsize=64)
def real_knobs(entry: Entry) -> tuple[str, ...]:
    """The names of an entry's real hyperparameters."""
    return tuple(one.name for one in entry.knobs() if one.type is float and getattr(entry, one.name) is not None)


class RecordedOracle:
    """Answers a rule's questions about the loss with recorded calculations; see ``gdviz.optimizers.Oracle``."""

    def __init__(self, stages: "Stages", noise: Any) -> None:
        self._stages, self._noise = stages, noise
        self.asked: dict[str, Any] = {"loss": 0.0, "gradient": 0.0, "hessian": 0.0}
        """How often a loss, a gradient and a Hessian were needed."""

    def loss(self, theta: Any, when: Any = True) -> Any:
        """The loss at ``theta``; needed only ``when``."""
        self._count("loss", when)
        loss = self._stages.ground.f(*theta)
        return -loss if self._stages.maximize else loss

    def gradient(self, theta: Any, when: Any = True) -> Any:
        """The gradient at ``theta``; needed only ``when``."""
        self._count("gradient", when)
        return self._stages.disturbed(self._stages.gradient(theta), self._noise)[1]

    def hessian(self, theta: Any, when: Any = True) -> Any:
        """The rows of the matrix of second derivatives at ``theta``; needed only ``when``."""
        self._count("hessian", when)
        rows = jacobian(self._stages.ground.df, *theta)
        sign = -1.0 if self._stages.maximize else 1.0
        return [[traced(theta[0].tape, sign * entry) for entry in row] for row in rows]

    def _count(self, what: str, when: Any) -> None:
        self.asked[what] = self.asked[what] + (1.0 if when is True else where(when, 1.0, 0.0))


def record_run(
    landscape: Landscape,
    optimizer: Optimizer,
    *,
    clip: Clipper | None = None,
    noise: bool = False,
    weight_decay: float = 0.0,
    averaging: Any = None,
    maximize: bool = False,
    plateau: ReduceOnPlateau | None = None,
) -> RunRecord:
    """Record a run.

    Args:
        landscape, optimizer, clip, weight_decay, averaging, maximize: As for :func:`gdviz.descend`.
        noise: Whether noise is added to the gradient.
        plateau: The schedule, where it follows the loss. The learning rates of others depend on the step alone.

    Raises:
        NotRecordableError: The rule is not a fixed list of operations; see :func:`why_not`.
    """
    return record_stages(Stages(landscape, optimizer, clip, weight_decay, averaging, maximize, plateau, noise))


def record_stages(run: Stages) -> RunRecord:
    """Record a run; see :func:`record_run`."""
    reason = why_not(run.landscape, run.optimizer)
    if reason:
        raise NotRecordableError(reason)
    tape: dict[Operation, int] = {}

    def leaf(kind: str, name: str) -> Traced:
        return Traced(tape, (kind, name))

    decay = leaf("knob", "weight_decay") if run.weight_decay else 0.0
    stages = run._with(lambda owner, name: leaf("knob", f"{owner}.{name}"), decay)
    if isinstance(stages.landscape, DataLandscape):
        recorded = stages.landscape.over(leaf("example", "input"), leaf("example", "target"))
        drawn = stages.landscape.over(leaf("example", "batch_input"), leaf("example", "batch_target"))
        stages = replace(stages, landscape=recorded, seen=drawn if run.batches else None)
    theta, step, rate = (
        Vector(leaf("point", "x"), leaf("point", "y")),
        leaf("step", "step"),
        leaf("step", "learning_rate"),
    )
    noise = Vector(leaf("step", "noise_x"), leaf("step", "noise_y")) if run.noise else None

    first = stages.initial_state(theta)
    state = {
        name: Vector(leaf("point", f"{name}_x"), leaf("point", f"{name}_y"))
        if isinstance(value, Vector)
        else leaf("point", name)
        for name, value in first.items()
    }
    oracle = RecordedOracle(stages, noise)
    place, after, known = stages.step(theta, state, rate, step, noise, oracle)
    outputs = {
        "loss": stages.landscape.f(*theta),
        "gradient": Vector(*stages.landscape.df(*theta)),
        **known,
        **{f"{what}_evaluations": count for what, count in oracle.asked.items()},
        "x": place[0],
        "y": place[1],
        **after,
    }
    return RunRecord(finished(tape, _named(first)), finished(tape, _named(outputs)), run.knobs(), (*_named(first),))


def why_not(landscape: Landscape, optimizer: Optimizer) -> str | None:
    """The reason why a rule cannot be recorded on a landscape; None where it can, as on every landscape here."""
    return optimizer.not_recorded or None


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Vectors by coordinate: m_x and m_y."""
    return {
        name + end: part
        for name, value in values.items()
        for end, part in (zip(("_x", "_y"), value, strict=True) if isinstance(value, Vector) else [("", value)])
    }
