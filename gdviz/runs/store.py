"""The store itself: runs, their events and commands, as an app and as a worker use them."""

import json
import os
import shutil
import time
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gdviz.runs.queue import Queue
from gdviz.runs.quotas import QuotaError, Quotas, Usage
from gdviz.runs.records import ACTIVE, RESUMABLE, Event, Run, run_of
from gdviz.runs.schema import COMMANDS, COMPARISONS, EVENTS, RUNS, TRIALS
from gdviz.runs.table import history_table
from gdviz.training import TrainingSetup
from gdviz.training.channel import Command
from gdviz.training.events import KINDS, Batches, Epoch, Resumed, read
from gdviz.training.history import History
from gdviz.training.titles import title

SORTS = ("created", "name", "status", "epochs", "seconds", "train_loss", "validation_loss", "test_loss")
_LONGEST_NAME = 200
_LONGEST_NOTE = 10_000


class Runs(Queue):
    """The store; its arguments are those of :class:`gdviz.runs.database.Database`."""

    def create(
        self,
        setup: TrainingSetup,
        name: str = "",
        content: bytes | None = None,
        *,
        group: str | None = None,
        visitor: str | None = None,
        app: str | None = None,
    ) -> str:
        """Store a run that waits to be trained.

        Args:
            setup: The training.
            name: Its name for people; empty for a name from the setup.
            content: The bytes of the user's CSV file, for a training on one.
            group: The comparison that it is a part of.
            visitor: Who started it.
            app: In whose queue it waits.

        Returns:
            Its id.

        Raises:
            ValueError: The name is too long.
            StoreError: The store cannot be written.
        """
        run, now = uuid.uuid4().hex, time.time()
        name = _checked("name", name, _LONGEST_NAME) or title(setup)[:_LONGEST_NAME]
        values: dict[str, Any] = {
            "id": run,
            "name": name,
            "setup": setup.to_json(),
            "status": "queued",
            "content": content,
        }
        values |= {"group": _checked("group", group, 64) if group is not None else None, "visitor": visitor, "app": app}
        self._write(sa.insert(RUNS).values(**values, created=now, queued=now))
        return run

    def get(self, run: str) -> Run:
        """A run.

        Raises:
            ValueError: There is none with that id.
        """
        with self._reading() as connection:
            row = connection.execute(_without_content().where(RUNS.c.id == run)).mappings().first()
        if row is None:
            raise ValueError(f"run must be the id of a stored run; got {run!r}")
        return self._run(row)

    def search(
        self,
        text: str = "",
        sort: str = "created",
        *,
        ascending: bool = False,
        deleted: bool = False,
        group: str | None = None,
        visitor: str | None = None,
    ) -> list[Run]:
        """The runs whose name, note or configuration contain a text.

        Args:
            text: The text; capital and small letters are the same.
            sort: One of ``SORTS``; runs without a value come last.
            ascending: Smallest first.
            deleted: The deleted ones instead.
            group: Those of this group; None for all.
            visitor: Those that this visitor started; None for all.
        """
        if sort not in SORTS:
            raise ValueError(f"sort must be one of {', '.join(SORTS)}; got {sort!r}")
        query = _without_content().where(RUNS.c.deleted.is_not(None) if deleted else RUNS.c.deleted.is_(None))
        for column, value in (("group", group), ("visitor", visitor)):
            query = query if value is None else query.where(RUNS.c[column] == value)
        if text:
            within = (RUNS.c.name, RUNS.c.note, RUNS.c.setup)
            query = query.where(sa.or_(*(column.icontains(text, autoescape=True) for column in within)))
        by = RUNS.c[sort]
        query = query.order_by(by.is_(None), by if ascending else by.desc(), RUNS.c.created.desc())
        with self._reading() as connection:
            return [self._run(row) for row in connection.execute(query).mappings()]

    def rename(self, run: str, name: str) -> None:
        """Give a run another name."""
        if not name.strip():
            raise ValueError(f"name must not be empty; got {name!r}")
        self._change(run, name=_checked("name", name, _LONGEST_NAME))

    def annotate(self, run: str, note: str) -> None:
        """Give a run a note."""
        self._change(run, note=_checked("note", note, _LONGEST_NOTE))

    def delete(self, run: str) -> None:
        """Put a run away. :meth:`restore` brings it back; :meth:`purge` removes it for good."""
        if self.get(run).status in (*ACTIVE, "queued"):
            raise ValueError(f"run must have ended before it is deleted; {run!r} has not")
        self._change(run, deleted=time.time())

    def restore(self, run: str) -> None:
        """Undo :meth:`delete`."""
        self._change(run, deleted=None)

    def purge(self, older_than: float = 30 * 24 * 3600.0) -> int:
        """Remove for good, files included, what was deleted more than so many seconds ago; returns how many runs."""
        gone = [run.id for run in self.search(deleted=True) if (run.deleted or 0) <= time.time() - older_than]
        for table, column in ((EVENTS, EVENTS.c.run), (COMMANDS, COMMANDS.c.run), (RUNS, RUNS.c.id)):
            self._write(sa.delete(table).where(column.in_(gone)))
        for run in gone:
            shutil.rmtree(self.folder / run, ignore_errors=True)
        empty = COMPARISONS.c.id.not_in(sa.select(TRIALS.c.comparison))
        ended = COMPARISONS.c.ended <= time.time() - older_than
        self._write(sa.delete(COMPARISONS).where(empty, ended, COMPARISONS.c.status != "running"))
        return len(gone)

    def usage(self, visitor: str | None = None) -> Usage:
        """The use of the store, of a visitor or in all."""
        whose = RUNS.c.visitor == visitor if visitor is not None else sa.true()
        waiting = sa.select(sa.func.count(sa.distinct(sa.func.coalesce(RUNS.c.group, RUNS.c.id))))
        recorded = sa.func.coalesce(RUNS.c.bytes, 0) + sa.func.coalesce(sa.func.length(RUNS.c.content), 0)
        compared = COMPARISONS.c.visitor == visitor if visitor is not None else sa.true()
        uploaded = sa.select(sa.func.sum(sa.func.length(COMPARISONS.c.content))).where(compared)
        with self._reading() as connection:
            queued = connection.scalar(waiting.where(whose, RUNS.c.status == "queued")) or 0
            found = connection.execute(sa.select(RUNS.c.id, recorded).where(whose)).all()
            database = connection.scalar(uploaded) or 0
        files = sum(_bytes_in(self.folder / run) for run, _ in found)
        database += sum(bytes for _, bytes in found)
        if visitor is None and self._place.path:
            database = sum(file.stat().st_size for file in self._place.path.parent.glob(f"{self._place.path.name}*"))
        return Usage(len(found), queued, int(database) + files)

    def recorded(self, run: str) -> int:
        """How many bytes a run has recorded."""
        with self._reading() as connection:
            return connection.scalar(sa.select(RUNS.c.bytes).where(RUNS.c.id == run)) or 0

    def admit(self, visitor: str | None = None) -> None:
        """See that one more run may be stored.

        Raises:
            QuotaError: A quota is reached, of the visitor or of all.
        """
        everybody = self.usage()
        theirs = self.usage(visitor) if visitor is not None else Usage(0, 0, 0)
        if reason := Quotas.from_environment().refusal(everybody, theirs):
            raise QuotaError(reason)

    def place(self, run: str) -> int | None:
        """The place in the queue, counting from 1; None where it is not waiting."""
        waiting = sa.select(RUNS.c.id).where(RUNS.c.status == "queued").order_by(RUNS.c.queued, RUNS.c.id)
        with self._reading() as connection:
            ids = connection.scalars(waiting).all()
        return ids.index(run) + 1 if run in ids else None

    def events(
        self, run: str, after: int = 0, limit: int | None = None, kinds: Collection[str] | None = None
    ) -> Sequence[Event]:
        """The events of a run after a cursor, in order. Any process may read, as often as it likes.

        Args:
            run: The run.
            after: The cursor; 0 for the beginning.
            limit: So many at most.
            kinds: Events of these kinds only; None for all that this version knows.
        """
        wanted = EVENTS.c.kind.in_(KINDS if kinds is None else kinds)
        query = sa.select(EVENTS).where(EVENTS.c.run == run, EVENTS.c.id > after, wanted)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(EVENTS.c.id).limit(limit))
            return [Event(row.id, read(row.kind, json.loads(row.payload))) for row in rows]

    def history(self, run: str, *, batches: bool = True) -> History:
        """The measurements of a run by epoch, and by batch unless these are not wanted."""
        kinds = [Epoch.kind, Resumed.kind, *([Batches.kind] if batches else [])]
        return History().add(event.recorded for event in self.events(run, kinds=kinds))

    def epochs_of(self, runs: Sequence[str]) -> dict[str, list[Epoch]]:
        """The epochs of runs, all at once: for a list of many."""
        query = sa.select(EVENTS.c.run, EVENTS.c.payload).where(EVENTS.c.run.in_(runs), EVENTS.c.kind == Epoch.kind)
        epochs: dict[str, list[Epoch]] = {run: [] for run in runs}
        with self._reading() as connection:
            for row in connection.execute(query.order_by(EVENTS.c.id)):
                epochs[row.run].append(Epoch.from_payload(json.loads(row.payload)))
        return epochs

    def history_csv(self, run: str, by: Literal["batch", "epoch"] = "epoch") -> str:
        """The history as CSV, one line a batch or an epoch; values of a layer in a column of its own."""
        return history_table([event.recorded for event in self.events(run)], by)

    def differences(self, runs: Sequence[str]) -> dict[str, list[Any]]:
        """The fields in which the configurations of runs differ, with the value of each run, in their order."""
        setups = [self.get(run).setup for run in runs]
        names = {name: None for other in setups[1:] for name in setups[0].differences(other)}
        flat = [setup.flat() for setup in setups]
        return {name: [values.get(name) for values in flat] for name in names}

    def model_file(self, run: str) -> Path:
        """Where the trained model is, a .keras file; it exists once the run has ended with finite numbers."""
        return self.folder / run / "model.keras"

    def checkpoint_file(self, run: str) -> Path:
        """Where the last checkpoint is."""
        return self.folder / run / "checkpoint.keras"

    def content(self, run: str) -> bytes | None:
        """The user's file that the run trains on."""
        with self._reading() as connection:
            found = connection.scalar(sa.select(RUNS.c.content).where(RUNS.c.id == run))
        return found if found is None else bytes(found)

    def send(self, run: str, command: Command) -> None:
        """Send a run a command; its worker reads it within a fraction of a second. A run that waits can be stopped.

        Raises:
            ValueError: The run has ended.
        """
        status = self.get(run).status
        if status == "queued" and command.name == "stop":
            ended = {"status": "stopped", "reason": "Stopped before it began.", "ended": time.time()}
            if self._write(sa.update(RUNS).where(RUNS.c.id == run, RUNS.c.status == "queued").values(**ended)):
                return
        elif status not in (*ACTIVE, "queued"):
            raise ValueError(f"command {command.name!r} needs a run that has not ended; {run!r} is {status}")
        self._write(sa.insert(COMMANDS).values(run=run, name=command.name, value=command.value))

    def requeue(self, run: str, app: str | None = None) -> None:
        """Let a run that was stopped, failed or was interrupted wait again, to go on from its checkpoint.

        Args:
            run: The run.
            app: In whose queue it waits.

        Raises:
            ValueError: It is in another state; of two requests at the same time, one is refused so.
        """
        now = self.get(run)
        if now.status not in RESUMABLE:
            raise ValueError(f"only a run that is {', '.join(RESUMABLE)} can go on; {run!r} is {now.status}")
        # A run of which nothing is heard is interrupted, but its row still says that it runs.
        as_seen = sa.and_(RUNS.c.id == run, RUNS.c.status.in_((*RESUMABLE, *ACTIVE)), RUNS.c.queued == now.queued)
        values = {"status": "queued", "reason": "", "ended": None, "owner": None, "heard": None, "app": app}
        with self._writing() as connection:
            waits = sa.update(RUNS).where(as_seen).values(**values, queued=max(time.time(), now.queued + 1e-3))
            if not connection.execute(waits).rowcount:
                raise ValueError(f"only a run that has not been told to go on yet can go on; {run!r} has been")
            connection.execute(sa.delete(COMMANDS).where(COMMANDS.c.run == run))  # they were for the worker it had

    def _run(self, row: sa.RowMapping) -> Run:
        return run_of(row, self._sign_of_life(row["id"]))

    def _change(self, run: str, **values: Any) -> None:
        if not self._write(sa.update(RUNS).where(RUNS.c.id == run).values(**values)):
            raise ValueError(f"run must be the id of a stored run; got {run!r}")


def _bytes_in(folder: Path) -> int:
    """How much a run's files take."""
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return 0


def _checked(name: str, text: str, longest: int) -> str:
    if not isinstance(text, str) or len(text) > longest:
        raise ValueError(f"{name} must be a text of at most {longest} characters; got {str(text)[:50]!r}")
    return text.strip()


def _without_content() -> sa.Select[Any]:
    return sa.select(*(column for column in RUNS.c if column.name != "content"))
