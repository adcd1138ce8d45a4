"""When the database was last put back to a backup, as each connection has to know."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE sync.connections ADD COLUMN restored_at timestamptz")
