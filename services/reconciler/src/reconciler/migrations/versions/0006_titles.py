"""Titles of a connection's history are looked through in the index, and old rows are found.

A title is kept as long as an activity's may be, since an entry of an index has a limit. Rows are
added at the end, so the index alone can answer for those that a vacuum has seen: let it come often.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """
        UPDATE sync.history SET title = left(title, 255) WHERE length(title) > 255;
        ALTER TABLE sync.history DROP CONSTRAINT history_pkey,
            ADD PRIMARY KEY (connection_id, row) INCLUDE (reason, title);
        CREATE INDEX history_at ON sync.history USING brin (at);
        ALTER TABLE sync.history SET (autovacuum_vacuum_insert_scale_factor = 0.02);
        """
    )
