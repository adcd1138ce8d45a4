"""Signing out everywhere finds a user's sessions without looking through all."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX sessions_user ON settings.sessions (company_id, user_id)")
