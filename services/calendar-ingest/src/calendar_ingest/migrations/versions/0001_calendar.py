"""Projection of connections, push channels, the state of reading, and commands on their way."""

from alembic import op

from tandem.runtime.continuity import BROKER_MARKS_TABLE
from tandem.runtime.outbox import OUTBOX_TABLE

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE calendar.connections (
    connection_id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    credential_id uuid NOT NULL,
    provider text NOT NULL,
    calendar_id text NOT NULL,
    status text NOT NULL,
    removed_at timestamptz,
    health text,
    health_reported_at timestamptz,
    push_up boolean,
    channel_due_at timestamptz NOT NULL DEFAULT now(),
    writing_lease uuid,
    writing_until timestamptz
);

CREATE TABLE calendar.reads (
    connection_id uuid PRIMARY KEY,
    cursor text,
    full_started_at timestamptz,
    listed boolean NOT NULL DEFAULT false,
    hints bigint NOT NULL DEFAULT 0,
    pushed boolean NOT NULL DEFAULT false,
    trace text,
    due_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    lease uuid,
    leased_until timestamptz,
    visited_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reads_due ON calendar.reads (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE calendar.known_events (
    connection_id uuid NOT NULL,
    event_id text NOT NULL,
    ends_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (connection_id, event_id)
);

CREATE TABLE calendar.channels (
    channel_id uuid PRIMARY KEY,
    connection_id uuid NOT NULL,
    calendar_id text NOT NULL,
    secret_hash bytea NOT NULL,
    resource_id text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'opening' CHECK (state IN ('opening', 'live', 'closing')),
    opened_at timestamptz NOT NULL DEFAULT now(),
    renew_at timestamptz,
    expires_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX channels_connection ON calendar.channels (connection_id);

CREATE TABLE calendar.commands (
    link_id uuid PRIMARY KEY,
    connection_id uuid NOT NULL,
    revision int NOT NULL,
    backfill boolean NOT NULL,
    command text NOT NULL,
    trace text,
    attempts int NOT NULL DEFAULT 0,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX commands_due ON calendar.commands (connection_id, due_at);

CREATE TABLE calendar.outcomes (
    link_id uuid PRIMARY KEY,
    connection_id uuid NOT NULL,
    revision int NOT NULL,
    outcome text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outcomes_recorded_at ON calendar.outcomes (recorded_at);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(OUTBOX_TABLE.format(schema="calendar"))
    op.execute(BROKER_MARKS_TABLE.format(schema="calendar"))
