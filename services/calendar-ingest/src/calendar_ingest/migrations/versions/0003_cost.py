"""When a calendar was last pushed, and which commands have been begun."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE calendar.reads ADD COLUMN pushed_at timestamptz;
        ALTER TABLE calendar.commands ADD COLUMN begun boolean NOT NULL DEFAULT false;
        """
    )
