"""A create that finds its activity leaves it as it is, and need not know what that was made of."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE crm.create_intents ALTER COLUMN draft_hash SET DEFAULT ''")
