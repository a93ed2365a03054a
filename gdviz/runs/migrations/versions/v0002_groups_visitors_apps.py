"""Runs that belong together, the visitor who started a run, and the app in whose queue it waits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("group", sa.String(64)))
    op.add_column("runs", sa.Column("visitor", sa.String(64)))
    op.add_column("runs", sa.Column("app", sa.String(32)))
    op.create_index("runs_by_group", "runs", ["group"])
    op.create_index("runs_by_status", "runs", ["status"])
    op.create_table(
        "apps",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("heard", sa.Float, nullable=False),
    )
    op.execute("UPDATE schema_version SET version = 2")  # where gdviz 0.1.0 looks for what a newer version made
