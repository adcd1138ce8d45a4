"""What pages look for is found without looking through the links or the history of others.

As long as rows of the history are in an order of their own, the planner may follow it past other
connections' rows to find the newest ones of a connection.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX links_living ON sync.links (connection_id, link_id)
            WHERE state <> 'dissolved';
        CREATE INDEX history_reason ON sync.history (connection_id, reason, row DESC);
        ALTER TABLE sync.history DROP CONSTRAINT history_pkey,
            ADD PRIMARY KEY (connection_id, row);
        DROP INDEX sync.history_connection;
        """
    )
