"""The runs as apps and workers pass them on: who has which in its queue, who trains it, and what comes of it."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gdviz.runs import records
from gdviz.runs.database import Database
from gdviz.runs.records import ACTIVE
from gdviz.runs.schema import APPS, COMMANDS, EVENTS, RUNS, TRIALS
from gdviz.training.channel import Command
from gdviz.training.events import TrainingEvent


class Queue(Database):
    """What waits and what is trained; :class:`gdviz.runs.Runs` builds on it, and nothing else does."""

    # For an app

    def beat(self, app: str) -> None:
        """Say that an app lives: what waits in its queue is left to it."""
        with self._writing() as connection:
            if not connection.execute(sa.update(APPS).where(APPS.c.id == app).values(heard=time.time())).rowcount:
                connection.execute(sa.insert(APPS).values(id=app, heard=time.time()))

    def leave(self, app: str) -> None:
        """Say that an app is closed: others may take over what waits in its queue."""
        self._write(sa.delete(APPS).where(APPS.c.id == app))

    def adopt(self, app: str, *, nobodys: bool = False) -> None:
        """Take over what waits in the queues of apps that are no more.

        Args:
            app: Who takes over.
            nobodys: Runs that are in no app's queue, too.
        """
        now, far = time.time(), records.STALE_SECONDS
        living = sa.select(APPS.c.id).where(APPS.c.heard.between(now - far, now + far))
        orphaned: sa.ColumnElement[bool] = RUNS.c.app.not_in(living)
        if nobodys:
            orphaned = sa.or_(orphaned, RUNS.c.app.is_(None))
        self._write(sa.update(RUNS).where(RUNS.c.status == "queued", orphaned).values(app=app))

    def anything_waits(self) -> bool:
        """Whether any run waits to be trained."""
        with self._reading() as connection:
            return connection.scalar(sa.select(RUNS.c.id).where(RUNS.c.status == "queued").limit(1)) is not None

    def waiting(self, app: str) -> Sequence[str]:
        """The runs in an app's queue, in its order. Trials of a comparison are not among them: they go on with it."""
        alone = RUNS.c.id.not_in(sa.select(TRIALS.c.run))
        mine = sa.select(RUNS.c.id).where(RUNS.c.status == "queued", RUNS.c.app == app, alone)
        with self._reading() as connection:
            return connection.scalars(mine.order_by(RUNS.c.queued, RUNS.c.id)).all()

    def end(self, run: str, status: Literal["failed", "interrupted"], reason: str, owner: str | None = None) -> bool:
        """Say how a run ended whose worker could not say it; a run that has ended keeps what it says.

        Args:
            run: The run.
            status: How it ended.
            reason: Why.
            owner: Whose run it has to be; None for anybody's, also for one that waits.

        Returns:
            Whether the run was ended by this.
        """
        open_run = sa.and_(RUNS.c.id == run, RUNS.c.status.in_((*ACTIVE, "queued")))
        if owner is not None:
            open_run = sa.and_(open_run, RUNS.c.owner == owner)
        values = {"status": status, "reason": reason, "ended": time.time()}
        return bool(self._write(sa.update(RUNS).where(open_run).values(**values)))

    # For the worker of a run

    def claim(self, run: str, owner: str) -> bool:
        """Take a waiting run; False where it waits no more. Only its owner may write to it from then on."""
        values = {"status": "running", "owner": owner, "heard": time.time()}
        if not self._write(sa.update(RUNS).where(RUNS.c.id == run, RUNS.c.status == "queued").values(**values)):
            return False
        self._claimed = run
        return True

    def say_alive(self, run: str) -> None:
        """Leave a sign of life beside a run's model, for as long as the database cannot be written."""
        file, now = self._sign_of_life(run), time.time()
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            os.utime(file, (now, now))

    def record(self, run: str, owner: str, events: Sequence[TrainingEvent], **values: Any) -> bool:
        """Write events and columns of a run in one transaction; False, and nothing is written, for another's run."""
        return self.record_all({run: (events, values)}, owner)

    def record_all(self, written: Mapping[str, tuple[Sequence[TrainingEvent], Mapping[str, Any]]], owner: str) -> bool:
        """The same for several runs: in one transaction, or not at all where one of them is another's."""
        with suppress(_TakenError), self._writing() as connection:
            for run, (events, values) in written.items():
                _record(connection, run, owner, events, values)
            return True
        return False

    def commands(self, run: str, after: int) -> list[tuple[int, Command]]:
        """The commands sent to a run after a cursor."""
        query = sa.select(COMMANDS).where(COMMANDS.c.run == run, COMMANDS.c.id > after).order_by(COMMANDS.c.id)
        with self._reading() as connection:
            return [(row.id, Command(row.name, row.value)) for row in connection.execute(query)]

    def _sign_of_life(self, run: str) -> Path:
        return self.folder / run / "alive"


class _TakenError(Exception):
    """A run is not, or no longer, its worker's: the transaction is undone."""


def _record(
    connection: sa.Connection, run: str, owner: str, events: Sequence[TrainingEvent], values: Mapping[str, Any]
) -> None:
    mine = sa.and_(RUNS.c.id == run, RUNS.c.owner == owner, RUNS.c.status.in_(ACTIVE))
    rows = [{"run": run, "kind": event.kind, "payload": json.dumps(event.payload())} for event in events]
    more = sum(len(row["payload"]) for row in rows)
    heard = {"heard": time.time(), "bytes": sa.func.coalesce(RUNS.c.bytes, 0) + more}
    if not connection.execute(sa.update(RUNS).where(mine).values(**values, **heard)).rowcount:
        raise _TakenError
    if rows:
        connection.execute(sa.insert(EVENTS), rows)
