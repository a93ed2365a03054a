"""Events put together: one series for each thing that was measured."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gdviz.training.events import Batches, Epoch, Resumed, TrainingEvent
from gdviz.training.setup import SHARES_RIGHT


class Best(NamedTuple):
    """The best epoch of a run."""

    name: str
    """The measurement: "accuracy", or "loss"."""
    value: float
    epoch: int


def best(epochs: Iterable[Epoch]) -> Best | None:
    """The best validation score and its epoch: the highest share of rows that are right, or the smallest loss where
    that was not measured. The first of equal ones. None where nothing validated.

    This is for setting runs side by side, whose losses may be different functions. Within one run the loss tells more:
    it goes on after the last row is right, and rises again where the model begins to overfit. So
    :attr:`gdviz.training.live.Live.best` is the epoch of the lowest loss, whatever else was measured.

    >>> best(Epoch(i, 10 * i, 1.0, 100.0, {"val_loss": loss}) for i, loss in enumerate((0.5, 0.3, 0.4), start=1))
    Best(name='loss', value=0.3, epoch=2)
    """
    rows = {row.epoch: row.measured for row in epochs}
    measured = {name for row in rows.values() for name in row}
    accuracy = next((f"val_{name}" for name in SHARES_RIGHT if f"val_{name}" in measured), None)
    name = accuracy or "val_loss"
    scored = [(row[name], epoch) for epoch, row in rows.items() if name in row and math.isfinite(row[name])]
    if not scored:
        return None
    value, epoch = (max if accuracy else min)(scored, key=lambda pair: pair[0])
    return Best("accuracy" if accuracy else "loss", value, epoch)


@dataclass
class History:
    """The measurements of a run by batch and by epoch. A resumed run repeats some steps; the later value counts."""

    batches: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Measurements of each batch, by step, counting from 1."""
    epochs: dict[int, Epoch] = field(default_factory=dict)
    """Each epoch, counting from 1."""

    def add(self, events: Iterable[TrainingEvent]) -> "History":
        """Take in further events, in their order."""
        for event in events:
            match event:
                case Batches(step=first):
                    columns = {"learning_rate": event.learning_rate, **event.measured}
                    for i in range(len(event.measured["loss"])):
                        self.batches[first + i] = {name: values[i] for name, values in columns.items()}
                case Epoch():
                    self.epochs[event.epoch] = event
                case Resumed():
                    self.batches = {step: row for step, row in self.batches.items() if step <= event.step}
                    self.epochs = {epoch: row for epoch, row in self.epochs.items() if epoch <= event.epoch}
        return self

    def series(self, name: str) -> tuple[list[int], list[Any]]:
        """Steps and values of a measurement by batch, or epochs and values of one that exists by epoch only."""
        in_batches = any(name in row for row in self.batches.values())
        rows = self.batches if in_batches else {at: epoch.measured for at, epoch in self.epochs.items()}
        kept = sorted((at, row[name]) for at, row in rows.items() if name in row)
        return [at for at, _ in kept], [value for _, value in kept]
