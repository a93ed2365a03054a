"""What connects a training with the world: events out, commands in."""

from dataclasses import dataclass, field
from typing import Any, Protocol

COMMANDS = ("pause", "resume", "stop", "set_learning_rate", "step_batch", "step_epoch")
"""What a training in progress can be told."""

EVENTS = ("start", "batches", "epoch", "snapshot", "sharpness", "command", "resumed", "fault", "plane", "end")
"""The kinds of events.

- start: sizes and names.
- batches: measurements of consecutive batches.
- epoch: training and validation means.
- snapshot: what the model predicts.
- sharpness: the Hessian's largest eigenvalue.
- command: one was carried out.
- resumed: the run went on from a checkpoint; what came after that step is done again.
- fault: something failed that the training survives.
- plane: the path in its principal plane.
- end: how the training ended, and why.
"""


@dataclass(frozen=True)
class Command:
    """One of ``COMMANDS``; ``value`` is the learning rate of set_learning_rate."""

    name: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in COMMANDS:
            raise ValueError(f"command must be one of {', '.join(COMMANDS)}; got {self.name!r}")
        rate = self.value
        if self.name == "set_learning_rate" and (rate is None or not 0 <= rate < float("inf")):
            raise ValueError(f"learning_rate must be a number with 0 ≤ learning_rate; got {rate!r}")


class Channel(Protocol):
    """Events out, commands in."""

    def emit(self, kind: str, payload: dict[str, Any]) -> None:
        """Record an event."""

    def flush(self) -> None:
        """Make sure that what was emitted so far will not be lost."""

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
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def emit(self, kind: str, payload: dict[str, Any]) -> None:
        self.events.append((kind, payload))

    def flush(self) -> None:
        """Nothing waits here."""

    def commands(self) -> list[Command]:
        given, self.waiting = self.waiting, []
        return given

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of the events of one kind."""
        return [payload for name, payload in self.events if name == kind]
