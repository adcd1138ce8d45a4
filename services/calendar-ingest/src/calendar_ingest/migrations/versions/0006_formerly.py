"""Which occurrence of its series one that has yet to be told of takes the place of."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE calendar.known_events ADD COLUMN formerly text")
