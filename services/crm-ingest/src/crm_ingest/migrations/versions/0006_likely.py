"""Whether the activity that a create has found only seems to be its own, also after a crash."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE crm.create_intents ADD COLUMN likely boolean NOT NULL DEFAULT false")
