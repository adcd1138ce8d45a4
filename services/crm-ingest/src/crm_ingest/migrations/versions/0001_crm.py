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
    grant_lost boolean NOT NULL DEFAULT false,
    push_up boolean,
    synced_at timestamptz
);
CREATE INDEX connections_user ON crm.connections (company_id, user_id);

CREATE TABLE crm.sync_users (
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    swept_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX sync_users_due ON crm.sync_users (due_at);

CREATE TABLE crm.activity_owners (
    company_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    told bigint[] NOT NULL,
    due_date date,
    done boolean NOT NULL DEFAULT false,
    gone boolean NOT NULL DEFAULT false,
    fingerprint text NOT NULL DEFAULT '',
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, activity_id)
);
CREATE INDEX activity_owners_told ON crm.activity_owners USING gin (told);

CREATE TABLE crm.reads (
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    connection_id uuid,
    reason text NOT NULL,
    trace text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    cursor text,
    listed boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX reads_due ON crm.reads (due_at);

CREATE TABLE crm.held_hints (
    company_id bigint NOT NULL,
    activity_id bigint NOT NULL,
    user_id bigint,
    trace text,
    attempts int NOT NULL DEFAULT 1,
    held_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, activity_id)
);
CREATE INDEX held_hints_due ON crm.held_hints (due_at);

CREATE TABLE crm.create_intents (
    link_id uuid NOT NULL,
    generation int NOT NULL,
    connection_id uuid NOT NULL,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    draft_hash text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    schedule text NOT NULL,
    state text NOT NULL DEFAULT 'started',
    started_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL,
    activity_id bigint,
    PRIMARY KEY (link_id, generation),
    UNIQUE (company_id, activity_id)
);
CREATE INDEX create_intents_open ON crm.create_intents (company_id, user_id)
    WHERE activity_id IS NULL;

CREATE TABLE crm.outcomes (
    link_id uuid PRIMARY KEY,
    revision int NOT NULL,
    outcome jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE crm.parked_commands (
    link_id uuid PRIMARY KEY,
    revision int NOT NULL,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    backfill boolean NOT NULL,
    command jsonb NOT NULL,
    trace text,
    attempts int NOT NULL DEFAULT 0,
    parked_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL
);
CREATE INDEX parked_commands_due ON crm.parked_commands (due_at);

CREATE TABLE crm.webhooks (
    company_id bigint PRIMARY KEY,
    webhook_id text,
    terms text NOT NULL DEFAULT '',
    up boolean,
    due_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(OUTBOX_TABLE.format(schema="crm"))
    op.execute(BROKER_MARKS_TABLE.format(schema="crm"))
