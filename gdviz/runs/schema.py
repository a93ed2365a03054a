"""The tables of the store, and how a database made by an older version becomes one of this version.

The tables below are those of this version. How a database comes to them stands in ``migrations``, in revisions of
Alembic that do not follow these lines: a test compares what the two lead to.
"""

import io
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gdviz.runs.errors import StoreError

SCHEMA = sa.MetaData()
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RUNS = sa.Table(
    "runs",
    SCHEMA,
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
    sa.Column("group", sa.String(64)),
    sa.Column("visitor", sa.String(64)),
    sa.Column("app", sa.String(32)),
    sa.Column("bytes", sa.BigInteger),
    sa.Index("runs_by_group", "group"),
    sa.Index("runs_by_status", "status"),
)
EVENTS = sa.Table(
    "events",
    SCHEMA,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("events_by_run", "run", "id"),
)
COMMANDS = sa.Table(
    "commands",
    SCHEMA,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(32), nullable=False),
    sa.Column("value", sa.Float),
    sa.Index("commands_by_run", "run", "id"),
)
APPS = sa.Table(
    "apps",
    SCHEMA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("heard", sa.Float, nullable=False),
)
COMPARISONS = sa.Table(
    "comparisons",
    SCHEMA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("setup", sa.Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("content", sa.LargeBinary),
    sa.Column("app", sa.String(32)),
    sa.Column("visitor", sa.String(64)),
)
TRIALS = sa.Table(
    "trials",
    SCHEMA,
    sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("comparison", sa.String(32), sa.ForeignKey("comparisons.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entrant", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("repeat", sa.Integer, nullable=False),  # -1 for a trial: a unique constraint takes NULLs for distinct
    sa.Column("begun", sa.Integer, nullable=False, default=0),
    sa.UniqueConstraint("comparison", "entrant", "number", "repeat", name="no_trial_twice"),
)

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0005"
"""The revision that these tables are."""
_UPGRADING = 745_001
"""The number of the lock under which PostgreSQL lets one process upgrade at a time."""


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
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADING)))
        revision = _revision(connection)  # another process may have done it
        if revision != HEAD:
            _upgrade(connection, revision)


def _upgrade(connection: sa.Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if revision is not None and revision not in known:
        raise StoreError("The store of runs was made by a newer version of gdviz; update gdviz to open it.")
    if revision is not None and not sa.inspect(connection).has_table("alembic_version"):
        command.stamp(config, revision)
    command.upgrade(config, HEAD)


def _revision(connection: sa.Connection) -> str | None:
    """The revision of a database; None for an empty one."""
    tables = sa.inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
    if "schema_version" in tables:  # gdviz 0.1.0 counted
        version = connection.scalar(sa.text("SELECT version FROM schema_version"))
        return "0001" if version == 1 else f"version {version}"
    return None
