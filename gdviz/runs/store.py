"""The store itself: what an app does with runs, and what a worker does."""

import json
import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gdviz.runs.errors import StoreError, first_line, store_errors
from gdviz.runs.records import ACTIVE, RESUMABLE, Event, Run, run_of
from gdviz.runs.schema import COMMANDS, EVENTS, RUNS, migrate, prepare_sqlite
from gdviz.runs.table import history_table
from gdviz.training import TrainingSetup
from gdviz.training.channel import Command
from gdviz.training.history import History

SORTS = ("created", "name", "status", "epochs", "seconds", "train_loss", "validation_loss", "test_loss")
_LONGEST_NAME = 200
_LONGEST_NOTE = 10_000


class Runs:
    """The store.

    Args:
        url: The database, as SQLAlchemy writes it. None stands for ``GDVIZ_DATABASE_URL``, or SQLite in ``folder``.
        folder: Where model files are. None stands for ``GDVIZ_FOLDER``, or ``~/.gdviz``.

    Raises:
        StoreError: The database cannot be opened, or was made by a newer version.
    """

    def __init__(self, url: str | None = None, folder: str | Path | None = None) -> None:
        self.folder = Path(folder or os.environ.get("GDVIZ_FOLDER") or Path.home() / ".gdviz")
        self.url = url or os.environ.get("GDVIZ_DATABASE_URL") or f"sqlite:///{self.folder / 'runs.sqlite'}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(self.url)
            if self.engine.dialect.name == "sqlite":
                sa.event.listen(self.engine, "connect", prepare_sqlite)
            migrate(self.engine)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StoreError(f"The store of runs cannot be opened: {first_line(error)}") from error

    # What an app does with runs

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
            setup: What to train.
            name: What people call it; empty for a name made of the setup.
            content: The bytes of the user's CSV file, for a training on one.
            group: What it is a part of, as the trainings of one comparison are.
            visitor: Who started it.
            app: In whose queue it waits.

        Returns:
            Its id.

        Raises:
            ValueError: The name is too long.
            StoreError: The store cannot be written.
        """
        run, now = uuid.uuid4().hex, time.time()
        name = _checked("name", name, _LONGEST_NAME) or f"{setup.data.label}, {setup.optimizer.label}"
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
        return run_of(row)

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
            return [run_of(row) for row in connection.execute(query).mappings()]

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
        return len(gone)

    def place(self, run: str) -> int | None:
        """The place in the queue, counting from 1; None where it is not waiting."""
        waiting = sa.select(RUNS.c.id).where(RUNS.c.status == "queued").order_by(RUNS.c.queued, RUNS.c.id)
        with self._reading() as connection:
            ids = connection.scalars(waiting).all()
        return ids.index(run) + 1 if run in ids else None

    def events(
        self, run: str, after: int = 0, limit: int | None = None, kinds: Collection[str] | None = None
    ) -> Sequence[Event]:
        """What a run recorded after a cursor, in order. Any process may read, as often as it likes.

        Args:
            run: The run.
            after: The cursor; 0 for the beginning.
            limit: So many at most.
            kinds: Events of these kinds only; None for all.
        """
        query = sa.select(EVENTS).where(EVENTS.c.run == run, EVENTS.c.id > after).order_by(EVENTS.c.id).limit(limit)
        if kinds is not None:
            query = query.where(EVENTS.c.kind.in_(kinds))
        with self._reading() as connection:
            return [Event(row.id, row.kind, json.loads(row.payload)) for row in connection.execute(query)]

    def history(self, run: str, *, batches: bool = True) -> History:
        """The measurements of a run by epoch, and by batch unless these are not wanted."""
        kinds = ("epoch", "resumed", *(("batches",) if batches else ()))
        return History().add((event.kind, event.payload) for event in self.events(run, kinds=kinds))

    def history_csv(self, run: str, by: Literal["batch", "epoch"] = "epoch") -> str:
        """The history as CSV, one line a batch or an epoch; values of a layer in a column of its own."""
        return history_table(self.events(run), by)

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
        """Tell a run something; its worker reads it within a fraction of a second. A run that waits can be stopped.

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

    def requeue(self, run: str) -> None:
        """Let a run that was stopped, failed or was interrupted wait again, to go on from its checkpoint.

        Raises:
            ValueError: It is in another state.
        """
        status = self.get(run).status
        if status not in RESUMABLE:
            raise ValueError(f"only a run that is {', '.join(RESUMABLE)} can go on; {run!r} is {status}")
        self._write(sa.delete(COMMANDS).where(COMMANDS.c.run == run))  # they were for the worker it had
        self._change(run, status="queued", reason="", queued=time.time(), ended=None, owner=None, heard=None)

    # What a worker does

    def claim(self, run: str, owner: str) -> bool:
        """Take a waiting run; False where it waits no more. Only its owner may write to it from then on."""
        values = {"status": "running", "owner": owner, "heard": time.time()}
        return self._write(sa.update(RUNS).where(RUNS.c.id == run, RUNS.c.status == "queued").values(**values)) == 1

    def record(self, run: str, owner: str, events: Sequence[tuple[str, dict[str, Any]]], **values: Any) -> bool:
        """Write events and columns of a run in one transaction; False, and nothing is written, for another's run."""
        mine = sa.and_(RUNS.c.id == run, RUNS.c.owner == owner, RUNS.c.status.in_(ACTIVE))
        rows = [{"run": run, "kind": kind, "payload": json.dumps(payload)} for kind, payload in events]
        with store_errors(), self.engine.begin() as connection:
            if not connection.execute(sa.update(RUNS).where(mine).values(heard=time.time(), **values)).rowcount:
                return False
            if rows:
                connection.execute(sa.insert(EVENTS), rows)
        return True

    def commands(self, run: str, after: int) -> list[tuple[int, Command]]:
        """The commands sent to a run after a cursor."""
        query = sa.select(COMMANDS).where(COMMANDS.c.run == run, COMMANDS.c.id > after).order_by(COMMANDS.c.id)
        with store_errors(), self.engine.connect() as connection:
            return [(row.id, Command(row.name, row.value)) for row in connection.execute(query)]

    def end(self, run: str, status: Literal["failed", "interrupted"], reason: str) -> None:
        """Say how a run ended whose worker could not say it; a run that has ended keeps what it says."""
        open_run = sa.and_(RUNS.c.id == run, RUNS.c.status.in_((*ACTIVE, "queued")))
        self._write(sa.update(RUNS).where(open_run).values(status=status, reason=reason, ended=time.time()))

    def _change(self, run: str, **values: Any) -> None:
        if not self._write(sa.update(RUNS).where(RUNS.c.id == run).values(**values)):
            raise ValueError(f"run must be the id of a stored run; got {run!r}")

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with store_errors(), self.engine.connect() as connection:
            yield connection

    def _write(self, statement: Any) -> int:
        with store_errors(), self.engine.begin() as connection:
            return connection.execute(statement).rowcount


def _checked(name: str, text: str, longest: int) -> str:
    if not isinstance(text, str) or len(text) > longest:
        raise ValueError(f"{name} must be a text of at most {longest} characters; got {str(text)[:50]!r}")
    return text.strip()


def _without_content() -> sa.Select[Any]:
    return sa.select(*(column for column in RUNS.c if column.name != "content"))
