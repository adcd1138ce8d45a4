"""When much was last written to a calendar at once."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE calendar.connections ADD COLUMN bulk_at timestamptz;")
