"""The store of training runs: configurations, events, results and commands in one database, model files beside it.

SQLite in WAL mode by default, so that a worker writes while any number of processes read; or the database that
``GDVIZ_DATABASE_URL`` names. What was committed stays readable, whatever becomes of the process that wrote it.
"""

import csv
import io
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gdviz.training import TrainingSetup
from gdviz.training.channel import Command
from gdviz.training.history import History

Status = Literal["queued", "running", "paused", "finished", "stopped", "diverged", "failed", "interrupted"]
ACTIVE = ("running", "paused")
RESUMABLE = ("stopped", "failed", "interrupted")
STALE_SECONDS = 10.0
"""A run that is active, but of which no worker has been heard for so long, was interrupted."""
SORTS = ("created", "name", "status", "epochs", "seconds", "train_loss", "validation_loss", "test_loss")
_LONGEST_NAME = 200
_LONGEST_NOTE = 10_000

_SCHEMA = sa.MetaData()
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_RUNS = sa.Table(
    "runs",
    _SCHEMA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("setup", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("queued", sa.Float, nullable=False),
    sa.Column("heard", sa.Float),
    sa.Column("ended", sa.Float),
    sa.Column("deleted", sa.Float),
    sa.Column("owner", sa.String(64)),
    sa.Column("epochs", sa.Integer, nullable=False, default=0),
    sa.Column("seconds", sa.Float, nullable=False, default=0.0),
    sa.Column("train_loss", sa.Float),
    sa.Column("validation_loss", sa.Float),
    sa.Column("test_loss", sa.Float),
    sa.Column("content", sa.LargeBinary),
)
_EVENTS = sa.Table(
    "events",
    _SCHEMA,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("events_by_run", "run", "id"),
)
_COMMANDS = sa.Table(
    "commands",
    _SCHEMA,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("value", sa.Float),
    sa.Index("commands_by_run", "run", "id"),
)
_VERSION = sa.Table("schema_version", sa.MetaData(), sa.Column("version", sa.Integer, nullable=False))

MIGRATIONS: list[Callable[[sa.Connection], None]] = [_SCHEMA.create_all]
"""Number i takes the schema from version i to i + 1. An entry that was released never changes; further ones follow."""


class StoreError(RuntimeError):
    """The store cannot be used; the message says why."""


@dataclass(frozen=True)
class Event:
    """Something that a run recorded."""

    cursor: int
    """Give the last one to :meth:`Runs.events` to read what came after it."""
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A training run as the store has it."""

    id: str
    name: str
    note: str
    setup: TrainingSetup
    status: Status
    reason: str
    created: float
    """Seconds since 1970, as all times."""
    ended: float | None
    deleted: float | None
    epochs: int
    """Epochs done."""
    seconds: float
    """Time spent training."""
    losses: dict[str, float]
    """The loss at the end on the parts "train", "validation" and "test", where there is one."""


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
                sa.event.listen(self.engine, "connect", _prepare_sqlite)
            self._migrate()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StoreError(f"The store of runs cannot be opened: {_short(error)}") from error

    def _migrate(self) -> None:
        if self._version() < len(MIGRATIONS):
            with self.engine.begin() as connection:
                if self.engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                _VERSION.create(connection, checkfirst=True)
                version = connection.scalar(sa.select(_VERSION.c.version)) or 0  # another process may have done it
                for migration in MIGRATIONS[version:]:
                    migration(connection)
                connection.execute(sa.delete(_VERSION))
                connection.execute(sa.insert(_VERSION).values(version=max(version, len(MIGRATIONS))))
        if self._version() > len(MIGRATIONS):
            raise StoreError("The store of runs was made by a newer version of gdviz; update gdviz to open it.")

    def _version(self) -> int:
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("schema_version"):
                return 0
            return connection.scalar(sa.select(_VERSION.c.version)) or 0

    # What an app does with runs

    def create(self, setup: TrainingSetup, name: str = "", content: bytes | None = None) -> str:
        """Store a run that waits to be trained.

        Args:
            setup: What to train.
            name: What people call it; empty for a name made of the setup.
            content: The bytes of the user's CSV file, for a training on one.

        Returns:
            Its id.

        Raises:
            ValueError: The name is too long.
            StoreError: The store cannot be written.
        """
        run, now = uuid.uuid4().hex, time.time()
        name = _checked("name", name, _LONGEST_NAME) or f"{setup.data.label}, {setup.optimizer.label}"
        values = {"id": run, "name": name, "setup": setup.to_json(), "status": "queued", "content": content}
        self._write(sa.insert(_RUNS).values(**values, created=now, queued=now))
        return run

    def get(self, run: str) -> Run:
        """A run.

        Raises:
            ValueError: There is none with that id.
        """
        with self.engine.connect() as connection:
            row = connection.execute(_without_content().where(_RUNS.c.id == run)).mappings().first()
        if row is None:
            raise ValueError(f"run must be the id of a stored run; got {run!r}")
        return _run(row)

    def search(
        self, text: str = "", sort: str = "created", *, ascending: bool = False, deleted: bool = False
    ) -> list[Run]:
        """The runs whose name, note or configuration contain a text.

        Args:
            text: The text; capital and small letters are the same.
            sort: One of ``SORTS``; runs without a value come last.
            ascending: Smallest first.
            deleted: The deleted ones instead.
        """
        if sort not in SORTS:
            raise ValueError(f"sort must be one of {', '.join(SORTS)}; got {sort!r}")
        query = _without_content().where(_RUNS.c.deleted.is_not(None) if deleted else _RUNS.c.deleted.is_(None))
        if text:
            within = (_RUNS.c.name, _RUNS.c.note, _RUNS.c.setup)
            query = query.where(sa.or_(*(column.icontains(text, autoescape=True) for column in within)))
        column = _RUNS.c[sort]
        query = query.order_by(column.is_(None), column if ascending else column.desc(), _RUNS.c.created.desc())
        with self.engine.connect() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

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
        for table, column in ((_EVENTS, _EVENTS.c.run), (_COMMANDS, _COMMANDS.c.run), (_RUNS, _RUNS.c.id)):
            self._write(sa.delete(table).where(column.in_(gone)))
        for run in gone:
            shutil.rmtree(self.folder / run, ignore_errors=True)
        return len(gone)

    def place(self, run: str) -> int | None:
        """The place in the queue, counting from 1; None where it is not waiting."""
        waiting = sa.select(_RUNS.c.id).where(_RUNS.c.status == "queued").order_by(_RUNS.c.queued, _RUNS.c.id)
        with self.engine.connect() as connection:
            ids = connection.scalars(waiting).all()
        return ids.index(run) + 1 if run in ids else None

    def events(self, run: str, after: int = 0, limit: int | None = None) -> Sequence[Event]:
        """What a run recorded after a cursor, in order. Any process may read, as often as it likes."""
        query = sa.select(_EVENTS).where(_EVENTS.c.run == run, _EVENTS.c.id > after).order_by(_EVENTS.c.id).limit(limit)
        with self.engine.connect() as connection:
            return [Event(row.id, row.kind, json.loads(row.payload)) for row in connection.execute(query)]

    def history(self, run: str) -> History:
        """The measurements of a run by batch and by epoch."""
        return History().add((event.kind, event.payload) for event in self.events(run))

    def history_csv(self, run: str, by: Literal["batch", "epoch"] = "epoch") -> str:
        """The history as CSV, one line a batch or an epoch; values of a layer in a column of its own."""
        history = self.history(run)
        start: dict[str, Any] = next((e.payload for e in self.events(run) if e.kind == "start"), {})
        owners = {"inactive": [probe["layer"] for probe in start.get("probes", ())]}
        rows = []
        for at, row in sorted((history.batches if by == "batch" else history.epochs).items()):
            flat: dict[str, Any] = {"step": at} if by == "batch" else {}
            for name, value in row.items():
                layers = owners.get(name, start.get("layers", ()))
                flat |= (
                    {f"{name} {layer}": v for layer, v in zip(layers, value, strict=True)}
                    if isinstance(value, list)
                    else {name: value}
                )
            rows.append(flat)
        table = io.StringIO()
        writer = csv.DictWriter(table, list(rows[0]) if rows else [by])
        writer.writeheader()
        writer.writerows(rows)
        return table.getvalue()

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
        return self.folder / run / "checkpoint.npz"

    def content(self, run: str) -> bytes | None:
        """The user's file that the run trains on."""
        with self.engine.connect() as connection:
            found = connection.scalar(sa.select(_RUNS.c.content).where(_RUNS.c.id == run))
        return found if found is None else bytes(found)

    def send(self, run: str, command: Command) -> None:
        """Tell a run something; its worker reads it within a fraction of a second. A run that waits can be stopped.

        Raises:
            ValueError: The run has ended.
        """
        status = self.get(run).status
        if status == "queued" and command.name == "stop":
            ended = {"status": "stopped", "reason": "Stopped before it began.", "ended": time.time()}
            if self._write(sa.update(_RUNS).where(_RUNS.c.id == run, _RUNS.c.status == "queued").values(**ended)):
                return
        elif status not in (*ACTIVE, "queued"):
            raise ValueError(f"command {command.name!r} needs a run that has not ended; {run!r} is {status}")
        self._write(sa.insert(_COMMANDS).values(run=run, name=command.name, value=command.value))

    def requeue(self, run: str) -> None:
        """Let a run that was stopped, failed or was interrupted wait again, to go on from its checkpoint.

        Raises:
            ValueError: It is in another state.
        """
        status = self.get(run).status
        if status not in RESUMABLE:
            raise ValueError(f"only a run that is {', '.join(RESUMABLE)} can go on; {run!r} is {status}")
        self._change(run, status="queued", reason="", queued=time.time(), ended=None, owner=None, heard=None)

    # What a worker does

    def claim(self, run: str, owner: str) -> bool:
        """Take a waiting run; False where it waits no more. Only its owner may write to it from then on."""
        values = {"status": "running", "owner": owner, "heard": time.time()}
        return self._write(sa.update(_RUNS).where(_RUNS.c.id == run, _RUNS.c.status == "queued").values(**values)) == 1

    def record(self, run: str, owner: str, events: Sequence[tuple[str, dict[str, Any]]], **values: Any) -> bool:
        """Write events and columns of a run in one transaction; False, and nothing is written, for another's run."""
        mine = sa.and_(_RUNS.c.id == run, _RUNS.c.owner == owner, _RUNS.c.status.in_(ACTIVE))
        rows = [{"run": run, "kind": kind, "payload": json.dumps(payload)} for kind, payload in events]
        with _store_errors(), self.engine.begin() as connection:
            if not connection.execute(sa.update(_RUNS).where(mine).values(heard=time.time(), **values)).rowcount:
                return False
            if rows:
                connection.execute(sa.insert(_EVENTS), rows)
        return True

    def commands(self, run: str, after: int) -> list[tuple[int, Command]]:
        """The commands sent to a run after a cursor."""
        query = sa.select(_COMMANDS).where(_COMMANDS.c.run == run, _COMMANDS.c.id > after).order_by(_COMMANDS.c.id)
        with _store_errors(), self.engine.connect() as connection:
            return [(row.id, Command(row.name, row.value)) for row in connection.execute(query)]

    def last_command(self, run: str) -> int:
        """The cursor after all commands sent to a run so far."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.max(_COMMANDS.c.id)).where(_COMMANDS.c.run == run)) or 0

    def end(self, run: str, status: Literal["failed", "interrupted"], reason: str) -> None:
        """Say how a run ended whose worker could not say it; a run that has ended keeps what it says."""
        open_run = sa.and_(_RUNS.c.id == run, _RUNS.c.status.in_((*ACTIVE, "queued")))
        self._write(sa.update(_RUNS).where(open_run).values(status=status, reason=reason, ended=time.time()))

    def _change(self, run: str, **values: Any) -> None:
        if not self._write(sa.update(_RUNS).where(_RUNS.c.id == run).values(**values)):
            raise ValueError(f"run must be the id of a stored run; got {run!r}")

    def _write(self, statement: Any) -> int:
        with _store_errors(), self.engine.begin() as connection:
            return connection.execute(statement).rowcount


class _store_errors:  # noqa: N801 - used like a function, in with
    """Turns errors of the database into :class:`StoreError`, in words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sa.exc.SQLAlchemyError):
            raise StoreError(f"The store of runs cannot be used: {_short(error)}") from error


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers beside one writer (WAL), and some patience with a lock. A file that cannot be written is still read."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 2000")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _checked(name: str, text: str, longest: int) -> str:
    if not isinstance(text, str) or len(text) > longest:
        raise ValueError(f"{name} must be a text of at most {longest} characters; got {str(text)[:50]!r}")
    return text.strip()


def _without_content() -> sa.Select[Any]:
    return sa.select(*(column for column in _RUNS.c if column.name != "content"))


def _run(row: Any) -> Run:
    status, reason = row["status"], row["reason"]
    if status in ACTIVE and time.time() - (row["heard"] or 0) > STALE_SECONDS:
        status, reason = "interrupted", "Its worker has not been heard of: it was killed, or the app was closed."
    losses = {part: row[f"{part}_loss"] for part in ("train", "validation", "test")}
    return Run(
        id=row["id"],
        name=row["name"],
        note=row["note"],
        setup=TrainingSetup.from_json(row["setup"]),
        status=status,
        reason=reason,
        created=row["created"],
        ended=row["ended"],
        deleted=row["deleted"],
        epochs=row["epochs"],
        seconds=row["seconds"],
        losses={part: loss for part, loss in losses.items() if loss is not None},
    )
