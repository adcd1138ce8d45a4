"""How many sweeps of a user in a row have found nothing that a webhook should have told."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE crm.sync_users ADD COLUMN calm int NOT NULL DEFAULT 0")
