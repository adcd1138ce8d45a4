"""The table of sealed credentials."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE credentials.credentials (
            credential_id uuid PRIMARY KEY,
            sealed bytea NOT NULL,
            lost boolean NOT NULL DEFAULT false,
            changed_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
