"""Finds the linked occurrences of a series, and those that wait for their turn."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX links_series ON sync.links (connection_id, (body->>'series_id'))
            WHERE state <> 'dissolved' AND body->>'series_id' IS NOT NULL;
        CREATE INDEX verdicts_waiting ON sync.verdicts (connection_id)
            WHERE reason IN ('beyond_horizon', 'recurring_limit');
        """
    )
