"""What the brakes look back on: recent deletions of a connection, recent writes of a link."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE sync.deletions (
            connection_id uuid NOT NULL,
            link_id uuid NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (connection_id, at, link_id)
        );
        ALTER TABLE sync.links ADD COLUMN recent_writes json NOT NULL DEFAULT '[]';
        CREATE INDEX links_held ON sync.links (connection_id)
            WHERE state = 'resting' AND body->>'reason' = 'held_mass_delete';
        CREATE INDEX links_looping ON sync.links (connection_id)
            WHERE state = 'resting' AND body->>'reason' = 'loop_suspected';
        """
    )
