"""A run and its events, as the store gives them."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gdviz.training import TrainingSetup
from gdviz.training.events import TrainingEvent

Status = Literal["queued", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted"]
ACTIVE = ("running", "paused")
RESUMABLE = ("stopped", "failed", "interrupted")
STALE_SECONDS = 10.0
"""A run that is active, but of which no worker has been heard for so long, was interrupted."""
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Event:
    """An event of a run, with its place in the store."""

    cursor: int
    """Give the last one to :meth:`Runs.events` to read the events after it."""
    recorded: TrainingEvent

    @property
    def kind(self) -> str:
        """Its kind, one of ``gdviz.training.events.KINDS``."""
        return self.recorded.kind

    @property
    def payload(self) -> dict[str, Any]:
        """The event as the JSON object that the store keeps."""
        return self.recorded.payload()


@dataclass(frozen=True)
class Run:
    """A training run as the store has it."""

    id: str
    name: str
    note: str
    configuration: str
    """The setup as JSON. A list of runs is read without looking into it."""
    status: Status
    reason: str
    created: float
    """Seconds since 1970, as all times."""
    queued: float
    """When it began to wait, the last time that it did."""
    ended: float | None
    deleted: float | None
    epochs: int
    """Epochs done."""
    seconds: float
    """Time spent training."""
    losses: dict[str, float]
    """The loss at the end on the parts "train", "validation" and "test", where there is one."""
    group: str | None = None
    """The comparison that the run is a part of, by its id."""
    visitor: str | None = None
    """Who started it, where that is known."""

    @cached_property
    def setup(self) -> TrainingSetup:
        """The training.

        Raises:
            ValueError: This version of gdviz does not know something in it.
        """
        return TrainingSetup.from_json(self.configuration)


def run_of(row: sa.RowMapping, sign_of_life: Path) -> Run:
    """The run in a row of the table.

    A worker is heard of in the database; where that cannot be written, by the time of a file beside the run's model.
    """
    status, reason = row["status"], row["reason"]
    if status in ACTIVE and not _is_recent(row["heard"]):
        if _is_recent(_time_of(sign_of_life)):
            reason = "The store cannot be written: the training waits until it can, and nothing is lost."
        else:
            status, reason = "interrupted", "Its worker has not been heard of: it was killed, or the app was closed."
    losses = {part: row[f"{part}_loss"] for part in PARTS if row[f"{part}_loss"] is not None}
    same = ("id", "name", "note", "created", "queued", "ended", "deleted", "epochs", "seconds", "group", "visitor")
    kept = {name: row[name] for name in same}
    return Run(configuration=row["setup"], status=status, reason=reason, losses=losses, **kept)


def _is_recent(heard: float | None) -> bool:
    """Whether that was a moment ago. A time ahead was written before the clock was set back."""
    return heard is not None and abs(time.time() - heard) <= STALE_SECONDS


def _time_of(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except OSError:
        return None
