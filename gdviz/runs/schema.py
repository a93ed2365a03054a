"""The tables of the store, and how a database made by an older version becomes one of this version."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from gdviz.runs.errors import StoreError

_SCHEMA = sa.MetaData()
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RUNS = sa.Table(
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
EVENTS = sa.Table(
    "events",
    _SCHEMA,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("events_by_run", "run", "id"),
)
COMMANDS = sa.Table(
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


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers beside one writer (WAL), and some patience with a lock. A file that cannot be written is still read."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 2000")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def migrate(engine: sa.Engine) -> None:
    """Bring the database to this version's schema.

    Raises:
        StoreError: A newer version made it.
    """
    if _version(engine) < len(MIGRATIONS):
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            _VERSION.create(connection, checkfirst=True)
            version = connection.scalar(sa.select(_VERSION.c.version)) or 0  # another process may have done it
            for migration in MIGRATIONS[version:]:
                migration(connection)
            connection.execute(sa.delete(_VERSION))
            connection.execute(sa.insert(_VERSION).values(version=max(version, len(MIGRATIONS))))
    if _version(engine) > len(MIGRATIONS):
        raise StoreError("The store of runs was made by a newer version of gdviz; update gdviz to open it.")


def _version(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("schema_version"):
            return 0
        return connection.scalar(sa.select(_VERSION.c.version)) or 0
