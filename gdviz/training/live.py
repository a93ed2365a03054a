"""A page's view of a run that it watches: no more than a screen can show, however long the run is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.training.events import (
    Batches,
    CommandDone,
    End,
    Epoch,
    Fault,
    Plane,
    Resumed,
    Sharpness,
    Snapshot,
    Start,
    TrainingEvent,
)

By = Literal["batch", "epoch"]
Series = tuple[NDArray[Any], NDArray[np.float64]]
"""Steps or epochs, shape (n,), and values, shape (n,) or (n, layers)."""

_MOST_ROWS = 1000
_PACE_SECONDS = 6.0
_LEAST_SECONDS = 0.5


class Rows:
    """Rows of measurements in the order of a number: a step, or an epoch.

    When they become too many, every second one goes, then every second of those left, and so on; the last is always
    there.

    Args:
        most: Between half as many rows and as many are kept.

    >>> rows = Rows(most=4)
    >>> rows.extend(np.arange(1, 11), {"loss": np.arange(10.0)})
    >>> rows.series("loss")[0].tolist()
    [1, 5, 9, 10]
    """

    def __init__(self, most: int = _MOST_ROWS) -> None:
        self.most, self.every, self.count = most, 1, 0
        self.at: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.columns: dict[str, NDArray[np.float64]] = {}
        self.last: dict[str, Any] = {}
        """The last row, with its number as ``at``."""

    def extend(self, at: ArrayLike, columns: Mapping[str, ArrayLike]) -> None:
        """Append rows; each column has a value, or a list of values, for each of them."""
        numbers = np.asarray(at)
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
        self.last = {"at": int(numbers[-1]), **{name: values[-1] for name, values in arrays.items()}}
        wanted = (self.count + np.arange(len(numbers))) % self.every == 0
        self.count += len(numbers)
        for name, values in arrays.items():
            before = self.columns.get(name, np.full((len(self.at), *values.shape[1:]), np.nan))
            self.columns[name] = np.concatenate([before, values[wanted]])
        self.at = np.concatenate([self.at, numbers[wanted]])
        while len(self.at) > self.most:
            self.every *= 2
            self._keep(np.arange(len(self.at)) % 2 == 0)

    def cut(self, after: int) -> None:
        """Forget the rows after a number, which will come again."""
        self._keep(self.at <= after)
        self.count, self.last = len(self.at) * self.every, {}

    def lowest(self, name: str) -> dict[str, Any]:
        """The row with a column's least finite value, with its number as ``at``; empty where there is none."""
        values = self.columns.get(name, np.empty(0))
        if not np.isfinite(values).any():
            return {}
        place = int(np.argmin(np.where(np.isfinite(values), values, np.inf)))
        return {"at": int(self.at[place]), **{name: column[place] for name, column in self.columns.items()}}

    def series(self, name: str) -> Series:
        """One column, the last row included: the numbers of its rows, and its values."""
        at, values = self.at, self.columns[name]
        if self.last and name in self.last and (not len(at) or self.last["at"] > at[-1]):
            at, values = np.append(at, self.last["at"]), np.concatenate([values, [self.last[name]]])
        return at, values

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self.at = self.at[kept]
        self.columns = {name: values[kept] for name, values in self.columns.items()}


@dataclass
class Live:
    """A run as its events tell it."""

    start: Start | None = None
    """Sizes and names; None before the worker has begun."""
    batches: Rows = field(default_factory=Rows)
    epochs: Rows = field(default_factory=Rows)
    best: dict[str, Any] = field(default_factory=dict)
    """The epoch with the lowest validation loss, its number as ``at``; empty where there is none. Runs are set side by
    side by another rule: see :func:`gdviz.training.history.best`."""
    snapshot: Snapshot | None = None
    """The model's last predictions; None where none were recorded."""
    plane: Plane | None = None
    """The path in its principal plane; None until the run has ended."""
    end: End | None = None
    """How the run ended, with loss and metrics on each part; None while it goes on."""
    sharpness: Rows = field(default_factory=Rows)
    happenings: list[tuple[int, str]] = field(default_factory=list)
    """What happened on the way, a step and a word or two each."""
    faults: list[str] = field(default_factory=list)
    """Faults that the run survived."""

    def add(self, events: Iterable[TrainingEvent]) -> None:
        """Take in further events, in their order."""
        for event in events:
            match event:
                case Batches():
                    self._add_batches(event)
                case Epoch():
                    self._add_epoch(event)
                case Sharpness():
                    columns = {"sharpness": event.sharpness, "limit": event.limit, "converged": event.converged}
                    self.sharpness.extend([event.step], {name: [value] for name, value in columns.items()})
                case Start():
                    self.start = event
                case Snapshot():
                    self.snapshot = event
                case Plane():
                    self.plane = event
                case CommandDone():
                    self._add_command(event)
                case End():
                    self.end = event
                    if ending := _ending(event, self):
                        self.happenings.append((self.step, ending))
                case Fault():
                    self.faults.append(event.what)
                case Resumed():
                    self.batches.cut(event.step)
                    self.sharpness.cut(event.step)
                    self.epochs.cut(event.epoch)
                    if self.best.get("at", 0) > event.epoch:
                        self.best = self.epochs.lowest("val_loss")
                    self.happenings = [one for one in self.happenings if one[0] <= event.step]
                    self.happenings.append((event.step, "resumed"))
                    self.end = None

    def _add_batches(self, event: Batches) -> None:
        count = len(event.measured["loss"])
        measured = {"learning_rate": event.learning_rate, **event.measured}
        columns = {name: values for name, values in measured.items() if np.size(values)}
        self.batches.extend(event.step + np.arange(count), {**columns, "epoch": [event.epoch] * count})

    def _add_epoch(self, event: Epoch) -> None:
        columns = {"step": event.step, "seconds": event.seconds, **event.measured}
        self.epochs.extend([event.epoch], {name: [value] for name, value in columns.items()})
        # As they pass: of a long run not every epoch is kept.
        if self.epochs.last.get("val_loss", np.inf) < self.best.get("val_loss", np.inf):
            self.best = self.epochs.last

    def _add_command(self, event: CommandDone) -> None:
        if event.command == "pause":
            if self.happenings and self.happenings[-1][1] == "paused":
                self.happenings.pop()  # taken step by step: the last pause stands for all
            self.happenings.append((event.step, "paused"))
        elif event.learning_rate is not None:
            plateau = " (plateau)" if event.command == "reduce_on_plateau" else ""
            self.happenings.append((event.step, f"η = {event.learning_rate:.3g}{plateau}"))

    @property
    def step(self) -> int:
        """Batches done."""
        return int(self.batches.last.get("at", 0))

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1."""
        return min(1.0, self.step / self.start.steps) if self.start else 0.0

    def series(self, name: str, by: By) -> Series:
        """A measurement against the step or against the epoch; empty where there is none.

        What exists by batch only is averaged over the batches of each epoch that are kept; what exists by epoch only
        stands at the last step of its epoch.
        """
        in_batches, in_epochs = name in self.batches.columns, name in self.epochs.columns
        if by == "batch" and in_batches:
            return self.batches.series(name)
        if in_epochs:
            epochs, values = self.epochs.series(name)
            return (epochs if by == "epoch" else self.epochs.series("step")[1].astype(int)), values
        if in_batches:
            _, epoch = self.batches.series("epoch")
            _, values = self.batches.series(name)
            epochs, starts, counts = np.unique(epoch, return_index=True, return_counts=True)
            sums = np.add.reduceat(values, starts, axis=0)
            return epochs.astype(int), (sums.T / counts).T
        return np.empty(0, dtype=int), np.empty(0)


def _ending(event: End, live: Live) -> str:
    """How a run ended, in a word or two, where that is not as planned."""
    if event.status != "finished":
        return event.status
    return "stopped early" if live.start and live.step < live.start.steps else ""


@dataclass
class Pace:
    """How fast a run goes by the clock, validation and measurements included, over the last seconds.

    >>> pace = Pace()
    >>> [pace.batches_per_second(now, step) for now, step in ((0.0, 0), (0.01, 40), (1.0, 50), (2.0, 100))]
    [None, None, 50.0, 50.0]
    """

    seen: list[tuple[float, int]] = field(default_factory=list)

    def batches_per_second(self, now: float, step: int) -> float | None:
        """Take in that ``step`` is reached at the time ``now``; None until there is something to compare with."""
        if self.seen and step < self.seen[-1][1]:
            self.seen.clear()
        self.seen.append((now, step))
        while now - self.seen[0][0] > _PACE_SECONDS and len(self.seen) > 2:
            self.seen.pop(0)
        (begun, first), (last, reached) = self.seen[0], self.seen[-1]
        # Batches arrive in handfuls: over a moment, they say nothing.
        return (reached - first) / (last - begun) if reached > first and last - begun >= _LEAST_SECONDS else None
