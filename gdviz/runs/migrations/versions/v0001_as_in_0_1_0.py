"""The tables as gdviz 0.1.0 made them. A revision that was released never changes; further ones follow it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("setup", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("queued", sa.Float, nullable=False),
        sa.Column("heard", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("deleted", sa.Float),
        sa.Column("owner", sa.String(64)),
        sa.Column("epochs", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("train_loss", sa.Float),
        sa.Column("validation_loss", sa.Float),
        sa.Column("test_loss", sa.Float),
        sa.Column("content", sa.LargeBinary),
    )
    for table, further in (
        ("events", [sa.Column("kind", sa.String(16), nullable=False), sa.Column("payload", sa.Text, nullable=False)]),
        ("commands", [sa.Column("name", sa.String(32), nullable=False), sa.Column("value", sa.Float)]),
    ):
        op.create_table(
            table,
            sa.Column("id", _ID, primary_key=True, autoincrement=True),
            sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
            *further,
        )
        op.create_index(f"{table}_by_run", table, ["run", "id"])
    version = op.create_table("schema_version", sa.Column("version", sa.Integer, nullable=False))
    op.bulk_insert(version, [{"version": 1}])
