"""Events put together: one series for each thing that was measured."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Event = tuple[str, dict[str, Any]]


class Best(NamedTuple):
    """The best epoch of a run."""

    name: str
    """What was measured: "accuracy", or "loss"."""
    value: float
    epoch: int


def best(epochs: Iterable[dict[str, Any]]) -> Best | None:
    """The best validation score and its epoch: the highest accuracy, or the smallest loss where none was measured.

    The first of equal ones. None where nothing validated.

    >>> best([{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.3}, {"epoch": 3, "val_loss": 0.4}])
    Best(name='loss', value=0.3, epoch=2)
    """
    rows = list(epochs)
    accuracy = next((name for row in rows for name in row if name.startswith("val_") and "accuracy" in name), None)
    name = accuracy or "val_loss"
    scored = [(row[name], row["epoch"]) for row in rows if row.get(name) is not None and math.isfinite(row[name])]
    if not scored:
        return None
    value, epoch = (max if accuracy else min)(scored, key=lambda pair: pair[0])
    return Best("accuracy" if accuracy else "loss", value, epoch)


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
