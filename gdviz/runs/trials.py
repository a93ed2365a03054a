"""Comparisons and their runs in the store."""

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import Task
from gdviz.runs import records
from gdviz.runs.errors import store_errors
from gdviz.runs.records import ACTIVE, RESUMABLE
from gdviz.runs.schema import COMMANDS, COMPARISONS, EVENTS, RUNS, TRIALS
from gdviz.runs.store import Runs
from gdviz.training import TrainingSetup
from gdviz.training.events import End, Epoch, Start, TrainingEvent, read

_KEPT = (Start.kind, Epoch.kind, End.kind)


@dataclass(frozen=True)
class Stored:
    """A comparison as the store has it."""

    id: str
    name: str
    comparison: Comparison
    status: str
    """ "running", "stopped", "finished" or "failed"."""
    reason: str
    created: float
    ended: float | None
    visitor: str | None = None
    """Who started it."""


@dataclass(frozen=True)
class StoredTrial:
    """The place of a run in its comparison, and how it stands."""

    run: str
    key: tuple[int, int, int | None]
    status: str
    reason: str
    begun: int
    """How often a worker has begun it."""
    configuration: str

    @property
    def setup(self) -> TrainingSetup:
        """The training."""
        return TrainingSetup.from_json(self.configuration)


class Trials:
    """The comparisons of a store."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    def create(
        self,
        comparison: Comparison,
        name: str,
        content: bytes | None,
        app: str | None = None,
        visitor: str | None = None,
    ) -> str:
        """Store a comparison that begins; returns its id."""
        id, now = uuid.uuid4().hex, time.time()
        values = {"id": id, "name": name, "setup": comparison.to_json(), "status": "running", "reason": ""}
        self._write(sa.insert(COMPARISONS).values(**values, created=now, content=content, app=app, visitor=visitor))
        return id

    def get(self, comparison: str) -> Stored:
        """A comparison.

        Raises:
            ValueError: There is none with that id.
        """
        found = self._search(COMPARISONS.c.id == comparison)
        if not found:
            raise ValueError(f"comparison must be the id of a stored comparison; got {comparison!r}")
        return found[0]

    def search(self, status: str | None = None) -> list[Stored]:
        """All comparisons, newest first; those that this version cannot read are left out."""
        return self._search(sa.true() if status is None else COMPARISONS.c.status == status)

    def _search(self, where: Any) -> list[Stored]:
        names = ("id", "name", "setup", "status", "reason", "created", "ended", "visitor")
        query = sa.select(*(COMPARISONS.c[name] for name in names)).where(where)
        found = []
        with store_errors(), self.runs.engine.connect() as connection:
            for row in connection.execute(query.order_by(COMPARISONS.c.created.desc())):
                try:
                    comparison = Comparison.from_json(row.setup)
                except (ValueError, KeyError, TypeError):
                    continue
                told = row.status, row.reason, row.created, row.ended, row.visitor
                found.append(Stored(row.id, row.name, comparison, *told))
        return found

    def status(self, comparison: str) -> str | None:
        """Its status alone."""
        with store_errors(), self.runs.engine.connect() as connection:
            return connection.scalar(sa.select(COMPARISONS.c.status).where(COMPARISONS.c.id == comparison))

    def change(self, comparison: str, **values: Any) -> None:
        """Give a comparison other columns."""
        self._write(sa.update(COMPARISONS).where(COMPARISONS.c.id == comparison).values(**values))

    def content(self, comparison: str) -> bytes | None:
        """The user's file that it is about."""
        with store_errors(), self.runs.engine.connect() as connection:
            found = connection.scalar(sa.select(COMPARISONS.c.content).where(COMPARISONS.c.id == comparison))
        return found if found is None else bytes(found)

    def trials(self, comparison: str) -> list[StoredTrial]:
        """Its runs; one that runs but is not heard of is "interrupted"."""
        query = (
            sa.select(*(c for c in RUNS.c if c.name != "content"), TRIALS.c.entrant, TRIALS.c.number, TRIALS.c.repeat)
            .add_columns(TRIALS.c.begun)
            .join(TRIALS, TRIALS.c.run == RUNS.c.id)
            .where(TRIALS.c.comparison == comparison)
            .order_by(TRIALS.c.entrant, TRIALS.c.number, TRIALS.c.repeat)
        )
        with store_errors(), self.runs.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        found = []
        for row in rows:
            run, repeat = self.runs._run(row), None if row["repeat"] < 0 else row["repeat"]
            key = row["entrant"], row["number"], repeat
            found.append(StoredTrial(run.id, key, run.status, run.reason, row["begun"], run.configuration))
        return found

    def add(
        self,
        comparison: str,
        name: str,
        tasks: Iterable[Task],
        app: str | None = None,
        visitor: str | None = None,
    ) -> list[str]:
        """Store the runs of tasks, waiting; returns the ids. None is stored twice, whoever else tries at the same time.

        Args:
            comparison: The comparison's id.
            name: What the runs' names begin with.
            tasks: What is to be trained.
            app: In whose queue they wait.
            visitor: Whose runs they are: whoever started the comparison.

        Raises:
            StoreError: One of them is there already, or the store cannot be written.
        """
        now, ids, runs, places = time.time(), [], [], []
        for task in tasks:
            ids.append(uuid.uuid4().hex)
            repeat = -1 if task.repeat is None else task.repeat
            what = f"trial {task.number + 1}" if task.repeat is None else f"repeat {task.repeat + 1}"
            runs.append(
                {
                    "id": ids[-1],
                    "name": f"{name}: {task.setup.optimizer.label}, {what}"[:200],
                    "note": "",
                    "reason": "",
                    "setup": task.setup.to_json(),
                    "status": "queued",
                    "created": now,
                    "queued": now,
                    "epochs": 0,
                    "seconds": 0.0,
                    "group": comparison,
                    "app": app,
                    "visitor": visitor,
                }
            )
            place = {"run": ids[-1], "comparison": comparison, "entrant": task.entrant, "number": task.number}
            places.append({**place, "repeat": repeat, "begun": 0})
        with store_errors(), self.runs.engine.begin() as connection:
            connection.execute(sa.insert(RUNS), runs)
            connection.execute(sa.insert(TRIALS), places)
        return ids

    def wait_again(self, runs: Sequence[str], *, afresh: bool = False) -> None:
        """Let runs that were stopped or interrupted begin again, from the beginning: a trial takes a second.

        Args:
            runs: Their ids.
            afresh: Forget how often they were begun.
        """
        now = time.time()
        again = {"status": "queued", "reason": "", "queued": now, "ended": None, "owner": None, "heard": None}
        # Another app may have let them begin again already: what a worker of its has in hand is left to it.
        near = RUNS.c.heard.between(now - records.STALE_SECONDS, now + records.STALE_SECONDS)
        unheard = sa.and_(RUNS.c.status.in_(ACTIVE), sa.or_(RUNS.c.heard.is_(None), sa.not_(near)))
        idle = sa.and_(RUNS.c.id.in_(runs), sa.or_(RUNS.c.status.in_(RESUMABLE), unheard))
        waits = sa.update(RUNS).where(idle).values(**again, epochs=0, seconds=0.0).returning(RUNS.c.id)
        with store_errors(), self.runs.engine.begin() as connection:
            these = connection.scalars(waits).all()
            for table in (EVENTS, COMMANDS):
                connection.execute(sa.delete(table).where(table.c.run.in_(these)))
            if afresh:
                connection.execute(sa.update(TRIALS).where(TRIALS.c.run.in_(these)).values(begun=0))

    def claim(self, runs: Sequence[str], owner: str) -> list[str]:
        """Take those of the runs that wait, all at once: a portion that two workers try to take goes to one of them.
        Only their owner may write to them from then on.
        """
        waiting = sa.and_(RUNS.c.id.in_(runs), RUNS.c.status == "queued")
        taken = sa.update(RUNS).where(waiting).values(status="running", owner=owner, heard=time.time())
        with store_errors(), self.runs.engine.begin() as connection:
            claimed = list(connection.scalars(taken.returning(RUNS.c.id)).all())
            connection.execute(sa.update(TRIALS).where(TRIALS.c.run.in_(claimed)).values(begun=TRIALS.c.begun + 1))
        return claimed

    def interrupt(self, runs: Sequence[str], reason: str, owner: str | None = None) -> bool:
        """Say that the worker of runs is no more; those that have ended keep what they say.

        Args:
            runs: Their ids.
            reason: Why.
            owner: Whose runs they have to be; None for anybody's, also for those that wait.

        Returns:
            Whether any run was ended by this.
        """
        return sum(self.runs.end(run, "interrupted", reason, owner) for run in runs) > 0

    def events(self, runs: Sequence[str]) -> dict[str, list[TrainingEvent]]:
        """The beginning, the epochs and the end of runs."""
        events: dict[str, list[TrainingEvent]] = {run: [] for run in runs}
        query = sa.select(EVENTS).where(EVENTS.c.run.in_(runs), EVENTS.c.kind.in_(_KEPT)).order_by(EVENTS.c.id)
        with store_errors(), self.runs.engine.connect() as connection:
            for row in connection.execute(query):
                events[row.run].append(read(row.kind, json.loads(row.payload)))
        return events

    def _write(self, statement: Any) -> None:
        with store_errors(), self.runs.engine.begin() as connection:
            connection.execute(statement)
