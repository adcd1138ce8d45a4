"""Whether a connection's rules have changed while it was at rest, and are still to be applied."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE sync.connections ADD COLUMN rules_changed boolean NOT NULL DEFAULT false"
    )
