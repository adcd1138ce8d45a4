"""The occurrences of a series are found at once."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX events_series
            ON sync.events (connection_id, (snapshot->'series'->>'series_id'))
            WHERE snapshot->'series'->>'series_id' IS NOT NULL;
        """
    )
