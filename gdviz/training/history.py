"""Events put together: one series for each thing that was measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Event = tuple[str, dict[str, Any]]


@dataclass
class History:
    """The measurements of a run by batch and by epoch. A resumed run repeats some steps; the later value counts."""

    batches: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Measurements of each batch, by step, counting from 1."""
    epochs: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Measurements of each epoch, counting from 1."""

    def add(self, events: Iterable[Event]) -> "History":
        """Take in further events, in their order."""
        for kind, payload in events:
            if kind == "batches":
                columns = {name: values for name, values in payload.items() if isinstance(values, list)}
                for i in range(len(payload["loss"])):
                    self.batches[payload["step"] + i] = {name: values[i] for name, values in columns.items()}
            elif kind == "epoch":
                self.epochs[payload["epoch"]] = payload
            elif kind == "resumed":
                self.batches = {step: row for step, row in self.batches.items() if step <= payload["step"]}
                self.epochs = {epoch: row for epoch, row in self.epochs.items() if epoch <= payload["epoch"]}
        return self

    def series(self, name: str) -> tuple[list[int], list[Any]]:
        """Steps and values of a measurement by batch, or epochs and values of one that exists by epoch only."""
        rows = self.batches if any(name in row for row in self.batches.values()) else self.epochs
        kept = sorted((at, row[name]) for at, row in rows.items() if name in row)
        return [at for at, _ in kept], [value for _, value in kept]
