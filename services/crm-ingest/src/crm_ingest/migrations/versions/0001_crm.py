"""Projection of connections, what is known of activities, and the state of reads and writes."""

from alembic import op

from tandem.runtime.continuity import BROKER_MARKS_TABLE
from tandem.runtime.outbox import OUTBOX_TABLE

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE crm.connections (
    connection_id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    credential_id uuid NOT NULL,
    api_url text NOT NULL,
    owner_email text NOT NULL,
    include_contact boolean NOT NULL,
    status text NOT NULL,
    removed_at timestamptz,
    health text,
    health_reported_at timestamptz,
    push_up boolean
);
CREATE INDEX connections_user ON crm.connections (company_id, user_id);

CREATE TABLE crm.sync_users (
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    swept_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,
    lease uuid,
    leased_until timestamptz,
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX sync_users_due ON crm.sync_users (due_at);

CREATE TABLE crm.known_activities (
    company_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    told bigint[] NOT NULL,
    due_date date,
    done boolean NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    fingerprint text NOT NULL,
    contact_fingerprint text NOT NULL DEFAULT '',
    observed_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    contact_at timestamptz,
    PRIMARY KEY (company_id, activity_id)
);
CREATE INDEX known_activities_told ON crm.known_activities USING gin (told);
CREATE INDEX known_activities_gone ON crm.known_activities (observed_at) WHERE gone;

CREATE TABLE crm.reads (
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    trace text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    cursor text,
    listed boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,
    lease uuid,
    leased_until timestamptz,
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX reads_due ON crm.reads (due_at);

CREATE TABLE crm.held_hints (
    company_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    user_id bigint,
    trace text,
    missing boolean NOT NULL,
    attempts int NOT NULL DEFAULT 1,
    held_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, activity_id)
);
CREATE INDEX held_hints_due ON crm.held_hints (due_at);

CREATE TABLE crm.parked_commands (
    link_id uuid PRIMARY KEY,
    connection_id uuid NOT NULL,
    revision int NOT NULL,
    backfill boolean NOT NULL,
    command text NOT NULL,
    trace text,
    attempts int NOT NULL DEFAULT 0,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT now(),
    lease uuid,
    leased_until timestamptz
);
CREATE INDEX parked_commands_due ON crm.parked_commands (backfill, parked_at);

CREATE TABLE crm.outcomes (
    link_id uuid PRIMARY KEY,
    revision int NOT NULL,
    outcome text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outcomes_recorded_at ON crm.outcomes (recorded_at);

CREATE TABLE crm.create_intents (
    link_id uuid NOT NULL,
    generation int NOT NULL,
    company_id bigint NOT NULL,
    draft_hash text NOT NULL,
    leased_until timestamptz NOT NULL,
    sent_at timestamptz,
    activity_id bigint,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (link_id, generation),
    UNIQUE (company_id, activity_id)
);
CREATE INDEX create_intents_begun_at ON crm.create_intents (begun_at);

CREATE TABLE crm.webhooks (
    company_id bigint PRIMARY KEY,
    webhook_id text,
    user_id bigint,
    terms text NOT NULL DEFAULT '',
    checked_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(OUTBOX_TABLE.format(schema="crm"))
    op.execute(BROKER_MARKS_TABLE.format(schema="crm"))
