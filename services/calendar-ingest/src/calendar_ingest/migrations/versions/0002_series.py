"""How far ahead occurrences of series were read, and to which series a known event belongs."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE calendar.connections ADD COLUMN horizon_days int NOT NULL DEFAULT 90;
        ALTER TABLE calendar.reads ADD COLUMN expanded_until timestamptz;
        ALTER TABLE calendar.known_events ADD COLUMN series_id text;
        CREATE INDEX known_events_series ON calendar.known_events (connection_id, series_id)
            WHERE series_id IS NOT NULL;
        """
    )
