"""How much a run has recorded, so that it need not be read to be known. Runs from before are counted as nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("bytes", sa.BigInteger))
