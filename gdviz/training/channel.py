"""The connection of a training with the world: events out, commands in."""

from dataclasses import dataclass, field
from typing import Protocol

from gdviz.training.events import E, TrainingEvent, of_kind

COMMANDS = ("pause", "resume", "stop", "set_learning_rate", "step_batch", "step_epoch", "set_speed")
"""The commands that a training in progress obeys."""


@dataclass(frozen=True)
class Command:
    """One of ``COMMANDS``.

    ``value`` is the learning rate of set_learning_rate, or the batches per second that set_speed allows at most, None
    for as many as there can be. The speed changes nothing that is computed.
    """

    name: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in COMMANDS:
            raise ValueError(f"command must be one of {', '.join(COMMANDS)}; got {self.name!r}")
        rate = self.value
        if self.name == "set_learning_rate" and (rate is None or not 0 <= rate < float("inf")):
            raise ValueError(f"learning_rate must be a number with 0 ≤ learning_rate; got {rate!r}")
        if self.name == "set_speed" and rate is not None and not 0 < rate < float("inf"):
            raise ValueError(f"speed must be a number with 0 < speed, or None; got {rate!r}")


class Channel(Protocol):
    """Events out, commands in."""

    def emit(self, event: TrainingEvent) -> None:
        """Record an event."""

    def flush(self) -> None:
        """Make sure that the events so far will not be lost."""

    def commands(self) -> list[Command]:
        """The commands that came since the last call. Called often, also while the training is paused."""


@dataclass
class Recorder:
    """A channel that keeps its events in memory, for a training in the same process.

    >>> recorder = Recorder([Command("stop")])
    >>> recorder.commands(), recorder.commands()
    ([Command(name='stop', value=None)], [])
    """

    waiting: list[Command] = field(default_factory=list)
    events: list[TrainingEvent] = field(default_factory=list)

    def emit(self, event: TrainingEvent) -> None:
        self.events.append(event)

    def flush(self) -> None:
        """Nothing waits here."""

    def commands(self) -> list[Command]:
        given, self.waiting = self.waiting, []
        return given

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class."""
        return of_kind(self.events, kind)
