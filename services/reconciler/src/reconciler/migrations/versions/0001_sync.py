"""Links, observations, history, and what a transaction needs beside them."""

from alembic import op

from tandem.runtime.continuity import BROKER_MARKS_TABLE
from tandem.runtime.inbox import INBOX_TABLE
from tandem.runtime.outbox import OUTBOX_TABLE

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE sync.users (
            company_id bigint NOT NULL,
            user_id bigint NOT NULL,
            crm_read_at timestamptz,
            PRIMARY KEY (company_id, user_id)
        );

        CREATE TABLE sync.calendar_reads (
            connection_id uuid NOT NULL,
            calendar_id text NOT NULL,
            read_at timestamptz NOT NULL,
            PRIMARY KEY (connection_id, calendar_id)
        );

        CREATE TABLE sync.connections (
            connection_id uuid PRIMARY KEY,
            company_id bigint NOT NULL,
            user_id bigint NOT NULL,
            revision int NOT NULL,
            body json,
            started boolean NOT NULL DEFAULT false,
            blocked_reason text,
            removed boolean NOT NULL DEFAULT false,
            remove_events boolean NOT NULL DEFAULT false
        );
        CREATE INDEX connections_user ON sync.connections (company_id, user_id);

        CREATE TABLE sync.activities (
            company_id bigint NOT NULL,
            user_id bigint NOT NULL,
            activity_id bigint NOT NULL,
            snapshot json,
            updated_at timestamptz,
            observed_at timestamptz NOT NULL,
            PRIMARY KEY (company_id, user_id, activity_id)
        );

        CREATE INDEX activities_gone ON sync.activities (observed_at) WHERE snapshot IS NULL;

        CREATE TABLE sync.events (
            connection_id uuid NOT NULL,
            event_id text NOT NULL,
            calendar_id text NOT NULL,
            snapshot json,
            updated_at timestamptz,
            observed_at timestamptz NOT NULL,
            PRIMARY KEY (connection_id, event_id)
        );

        CREATE INDEX events_gone ON sync.events (observed_at) WHERE snapshot IS NULL;

        CREATE TABLE sync.links (
            link_id uuid PRIMARY KEY,
            connection_id uuid NOT NULL,
            activity_id bigint,
            event_id text,
            state text NOT NULL,
            body json NOT NULL,
            commands json,
            pending_since timestamptz,
            changed_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE UNIQUE INDEX links_activity ON sync.links (connection_id, activity_id)
            WHERE state <> 'dissolved' AND activity_id IS NOT NULL;
        CREATE UNIQUE INDEX links_event ON sync.links (connection_id, event_id)
            WHERE state <> 'dissolved' AND event_id IS NOT NULL;
        CREATE INDEX links_ended_activity ON sync.links (connection_id, activity_id)
            WHERE state = 'dissolved' AND activity_id IS NOT NULL;
        CREATE INDEX links_ended_event ON sync.links (connection_id, event_id)
            WHERE state = 'dissolved' AND event_id IS NOT NULL;
        CREATE INDEX links_pending ON sync.links (pending_since) WHERE pending_since IS NOT NULL;
        CREATE INDEX links_creating ON sync.links (connection_id)
            WHERE pending_since IS NOT NULL AND activity_id IS NULL;

        CREATE TABLE sync.verdicts (
            connection_id uuid NOT NULL,
            side text NOT NULL,
            item_id text NOT NULL,
            reason text NOT NULL,
            PRIMARY KEY (connection_id, side, item_id)
        );

        CREATE TABLE sync.deferred (
            connection_id uuid NOT NULL,
            activity_id bigint NOT NULL,
            PRIMARY KEY (connection_id, activity_id)
        );

        CREATE TABLE sync.history (
            row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            connection_id uuid NOT NULL,
            at timestamptz NOT NULL,
            side text NOT NULL,
            activity_id bigint,
            event_id text,
            link_id uuid,
            title text NOT NULL,
            action text NOT NULL,
            reason text NOT NULL,
            detail text NOT NULL,
            before json,
            after json,
            trace_id text
        );
        CREATE INDEX history_connection ON sync.history (connection_id, row DESC);
        CREATE INDEX history_activity ON sync.history (connection_id, activity_id, row DESC);
        CREATE INDEX history_event ON sync.history (connection_id, event_id, row DESC);
        """
    )
    op.execute(OUTBOX_TABLE.format(schema="sync"))
    op.execute(INBOX_TABLE.format(schema="sync"))
    op.execute(BROKER_MARKS_TABLE.format(schema="sync"))
