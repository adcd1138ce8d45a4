"""Links of which a create may have made an activity without word of it are found at once."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX links_attempted ON sync.links (connection_id)
            WHERE activity_id IS NULL AND body->>'attempted' IS NOT NULL;
        """
    )
