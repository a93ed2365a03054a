"""The visitor who started a comparison. Those from before are nobody's."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("comparisons", sa.Column("visitor", sa.String(64)))
