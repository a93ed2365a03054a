"""Comparisons, and the place of each of their runs in them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("setup", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("content", sa.LargeBinary),
        sa.Column("app", sa.String(32)),
    )
    op.create_table(
        "trials",
        sa.Column("run", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("comparison", sa.String(32), sa.ForeignKey("comparisons.id", ondelete="CASCADE"), nullable=False),
        sa.Column("entrant", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.UniqueConstraint("comparison", "entrant", "number", "repeat", name="no_trial_twice"),
    )
