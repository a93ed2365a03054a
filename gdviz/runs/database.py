"""The database of a store: opened, read and written, and watched for being deleted or replaced while it is in use."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from gdviz.runs.errors import StoreError, first_line, store_errors
from gdviz.runs.place import Place, file_of
from gdviz.runs.schema import EVENTS, RUNS, migrate, prepare_sqlite


class Database:
    """The connection of a store with its database; :class:`gdviz.runs.queue.Queue` builds on it, and nothing else does.

    Args:
        url: The database, as SQLAlchemy writes it. None stands for ``GDVIZ_DATABASE_URL``, or SQLite in ``folder``.
        folder: The folder of the model files. None stands for ``GDVIZ_FOLDER``, or ``~/.gdviz``.
        create: Make the database where there is none.

    Raises:
        StoreError: The database cannot be opened, or was made by a newer version.
    """

    def __init__(self, url: str | None = None, folder: str | Path | None = None, *, create: bool = True) -> None:
        self.notice = ""
        """A notice to users about a change of the database while it was in use; empty for none."""
        self.folder = Path(folder or os.environ.get("GDVIZ_FOLDER") or Path.home() / ".gdviz")
        self.url = url or os.environ.get("GDVIZ_DATABASE_URL") or f"sqlite:///{self.folder / 'runs.sqlite'}"
        self._reopening = threading.Lock()
        self._claimed: str | None = None
        self._kept: _Kept | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._place = Place(file_of(self.url))
            if not create and self._place.path and self._place.identity is None:
                raise StoreError(f"The store of runs cannot be opened: there is no file {self._place.path}")
            self.engine = self._opened()
            self._place.look_again()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StoreError(f"The store of runs cannot be opened: {first_line(error)}") from error

    def _write(self, statement: Any) -> int:
        with self._writing() as connection:
            return connection.execute(statement).rowcount

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with store_errors():
            self._check_place()
            with self.engine.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction. Committed to a file that was deleted meanwhile, it has failed like any other."""
        with store_errors():
            self._check_place()
            with self.engine.begin() as connection:
                yield connection
            self._check_place()

    # The database's file

    def _opened(self) -> sa.Engine:
        engine = sa.create_engine(self.url)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", prepare_sqlite)
        migrate(engine)
        return engine

    def _check_place(self) -> None:
        """See that the database is still the file that was opened.

        Raises:
            StoreError: It is gone, or was replaced. A file that replaces it is used from then on.
        """
        if self._place.state == "there":
            self._kept = None
            return
        with self._reopening:
            state = self._place.state
            if state == "gone":
                if self._claimed and not self._kept:
                    self._kept = _all_of(self._claimed, self.engine)
                raise StoreError(
                    f"The store's database was deleted or moved while it was in use: {self._place.path}. Put it back, "
                    "or restart gdviz, which makes an empty one. A run in progress waits, and keeps what it measured."
                )
            if state == "replaced":
                before, after = self.engine, self._opened()
                if self._claimed:
                    _put(self._kept or _all_of(self._claimed, before), after)
                self.engine, self._kept = after, None
                self._place.look_again()
                before.dispose()
                self.notice = (
                    "The store's database was replaced by another one while it was in use, at "
                    f"{time.strftime('%H:%M:%S')}. What is shown are the runs of the new one."
                )
                raise StoreError(self.notice)


class _Kept(NamedTuple):
    """A run with all that it recorded, as rows."""

    run: dict[str, Any]
    events: list[dict[str, Any]]


def _all_of(run: str, engine: sa.Engine) -> _Kept:
    """A run, read from a file that may have been deleted, but is still open. Not for long: a new database of the same
    name takes the old one's log for its own, and empties it.
    """
    columns = (EVENTS.c.run, EVENTS.c.kind, EVENTS.c.payload)
    with engine.connect() as connection:
        row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run)).mappings().one()
        events = connection.execute(sa.select(*columns).where(EVENTS.c.run == run).order_by(EVENTS.c.id)).mappings()
        return _Kept(dict(row), [dict(event) for event in events])


def _put(kept: _Kept, engine: sa.Engine) -> None:
    """Put a run into the database that has taken the place of its own, where it is not there."""
    with engine.begin() as connection:
        if not connection.scalar(sa.select(RUNS.c.id).where(RUNS.c.id == kept.run["id"])):
            connection.execute(sa.insert(RUNS).values(**kept.run))
            if kept.events:
                connection.execute(sa.insert(EVENTS), kept.events)
