"""A step of a run, in named stages of plain arithmetic, and its record.

The stages are Keras's, in its order:

    gradient      of the landscape at the point; turned around when climbing
    disturbed     noise is added, then the bound applied where one is chosen
    decayed       the point moves towards 0
    moved         the optimizer's own rule
    averaged      the moving average of the points, which may take the point's place
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy import where

from gdviz.catalogue import Entry
from gdviz.clipping import Clipper
from gdviz.landscapes import Landscape
from gdviz.optimizers import Optimizer
from gdviz.tracing.derivatives import jacobian
from gdviz.tracing.record import NotRecordableError, Operation, Record, Traced, Vector, finished

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class RunRecord:
    """A run as two records: what comes before the first step, and one step.

    ``initial`` gives the state by name, for example ``m_x`` and ``m_y``, from the points ``x`` and ``y`` and the knobs;
    ``average_x`` and ``average_y`` count as state.

    ``step`` takes the points ``x``, ``y`` and the state; for each step ``step``, counting from 1, ``learning_rate``,
    and ``noise_x`` and ``noise_y`` where there is noise; and the knobs, named ``optimizer.beta_1``, ``landscape.b``,
    ``clip.clipnorm``, ``averaging.ema_momentum``, ``weight_decay``. It gives

    - ``loss``, ``gradient_x`` and ``gradient_y`` at the point before the step;
    - ``used_x`` and ``used_y``, what the rule is given, and ``clipped``, whether the bound changed it;
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


class RecordedOracle:
    """Answers a rule's questions about the loss with recorded calculations; see ``gdviz.optimizers.Oracle``."""

    def __init__(self, stages: "Stages", noise: Any) -> None:
        self._stages, self._noise = stages, noise
        self.asked: dict[str, Any] = {"loss": 0.0, "gradient": 0.0, "hessian": 0.0}
        """How often a loss, a gradient and a Hessian were needed."""

    def loss(self, theta: Any, when: Any = True) -> Any:
        """The loss at ``theta``; needed only ``when``."""
        self._count("loss", when)
        loss = self._stages.landscape.f(*theta)
        return -loss if self._stages.maximize else loss

    def gradient(self, theta: Any, when: Any = True) -> Any:
        """The gradient at ``theta``; needed only ``when``."""
        self._count("gradient", when)
        return self._stages.disturbed(self._stages.gradient(theta), self._noise)[1]

    def hessian(self, theta: Any, when: Any = True) -> Any:
        """The rows of the matrix of second derivatives at ``theta``; needed only ``when``."""
        self._count("hessian", when)
        rows = jacobian(self._stages.landscape.df, *theta)
        return [[-entry if self._stages.maximize else entry for entry in row] for row in rows]

    def _count(self, what: str, when: Any) -> None:
        self.asked[what] = self.asked[what] + (1.0 if when is True else where(when, 1.0, 0.0))


@dataclass(frozen=True)
class Stages:
    """What a run consists of; see :func:`gdviz.descend`."""

    landscape: Landscape
    optimizer: Optimizer
    clip: Clipper | None = None
    weight_decay: Any = None
    averaging: Any = None
    maximize: bool = False

    def gradient(self, theta: Any) -> Vector:
        """The gradient that the run follows."""
        gradient = Vector(*self.landscape.df(*theta))
        return -gradient if self.maximize else gradient

    def disturbed(self, gradient: Any, noise: Any) -> tuple[Any, Any]:
        """The gradient with its noise, and what of it is used. Noise comes with the data: clipping sees it too."""
        full = gradient if noise is None else gradient + noise
        return full, full if self.clip is None else self.clip(full)

    def decayed(self, theta: Any, learning_rate: Any) -> Any:
        """The point after weight decay."""
        return theta if self.weight_decay is None else theta - theta * self.weight_decay * learning_rate

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
            rule.update(theta[i], gradient[i], tuple(part[i] for part in state), learning_rate, step)
            for i in range(len(theta))
        ]
        places, states = zip(*made, strict=True)
        return Vector(*places), tuple(Vector(*parts) for parts in zip(*states, strict=True))

    def averaged(self, theta: Any, average: Any, step: Any) -> tuple[Any, Any]:
        """The point and the average after the step."""
        memory = where(step > 1, self.averaging.ema_momentum, 0.0)
        average = memory * average + (1 - memory) * theta
        every = self.averaging.ema_overwrite_frequency
        return (where(step % every == 0, average, theta) if every else theta), average

    def initial_state(self, theta: Any) -> tuple[Any, ...]:
        """The rule's state before the first step."""
        if not self.optimizer.elementwise:
            return self.optimizer.initial_state(theta)
        parts = [self.optimizer.initial_state(part) for part in theta]
        return tuple(Vector(*values) for values in zip(*parts, strict=True))


def record_run(
    landscape: Landscape,
    optimizer: Optimizer,
    *,
    clip: Clipper | None = None,
    noise: bool = False,
    weight_decay: float = 0.0,
    averaging: Any = None,
    maximize: bool = False,
) -> RunRecord:
    """Record a run.

    Args:
        landscape, optimizer, clip, weight_decay, averaging, maximize: As for :func:`gdviz.descend`.
        noise: Whether noise is added to the gradient.

    Raises:
        NotRecordableError: Something is not a fixed list of operations; see :func:`why_not`.
    """
    tape: dict[Operation, int] = {}
    knobs: dict[str, float] = {}

    def knob(name: str, value: float) -> Traced:
        knobs[name] = value
        return Traced(tape, ("knob", name))

    def held(entry: E, owner: str) -> E:
        """An entry whose real hyperparameters are recorded; those that choose or count are taken as they are."""
        real = [one.name for one in entry.knobs() if one.type is float and getattr(entry, one.name) is not None]
        return with_values(entry, {name: knob(f"{owner}.{name}", getattr(entry, name)) for name in real})

    def point(name: str) -> Traced:
        return Traced(tape, ("point", name))

    def at_step(name: str) -> Traced:
        return Traced(tape, ("step", name))

    stages = Stages(
        held(landscape, "landscape"),
        held(optimizer, "optimizer"),
        None if clip is None else held(clip, "clip"),
        knob("weight_decay", weight_decay) if weight_decay else None,
        None if averaging is None else held(averaging, "averaging"),
        maximize,
    )
    theta, rate, step = Vector(point("x"), point("y")), at_step("learning_rate"), at_step("step")
    disturbance = Vector(at_step("noise_x"), at_step("noise_y")) if noise else None

    first = dict(zip(optimizer.state_names, stages.initial_state(theta), strict=True))
    state = tuple(
        Vector(point(f"{name}_x"), point(f"{name}_y")) if isinstance(value, Vector) else point(name)
        for name, value in first.items()
    )
    exact = Vector(*stages.landscape.df(*theta))
    full, used = stages.disturbed(stages.gradient(theta), disturbance)
    oracle = RecordedOracle(stages, disturbance)
    new, state = stages.moved(stages.decayed(theta, rate), used, state, rate, step, oracle)
    after = dict(zip(optimizer.state_names, state, strict=True))
    if averaging is not None:
        first["average"] = theta
        new, after["average"] = stages.averaged(new, Vector(point("average_x"), point("average_y")), step)
    outputs = {
        "loss": stages.landscape.f(*theta),
        **_named({"gradient": exact, "used": used}),
        "clipped": 0.0 if clip is None else (used[0] != full[0]) | (used[1] != full[1]),
        **{f"{what}_evaluations": count for what, count in oracle.asked.items()},
        "x": new[0],
        "y": new[1],
        **_named(after),
    }
    return RunRecord(finished(tape, _named(first)), finished(tape, outputs), knobs, (*_named(after),))


def why_not(landscape: Landscape, optimizer: Optimizer) -> str | None:
    """The reason why a rule cannot be recorded on a landscape; None where it can."""
    try:
        record_run(landscape, optimizer)
    except NotRecordableError as error:
        return str(error)
    return None


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Vectors by coordinate: m_x and m_y."""
    return {
        name + end: part
        for name, value in values.items()
        for end, part in (zip(("_x", "_y"), value, strict=True) if isinstance(value, Vector) else [("", value)])
    }


def with_values(entry: E, values: Mapping[str, Any]) -> E:
    """An entry with recorded values for some hyperparameters; nothing is checked."""
    made = object.__new__(type(entry))
    for name, value in {**vars(entry), **values}.items():
        object.__setattr__(made, name, value)
    return made
