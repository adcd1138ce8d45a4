"""Companies, users, sessions, connections, and the outbox beside them."""

from alembic import op

from tandem.runtime.continuity import BROKER_MARKS_TABLE
from tandem.runtime.outbox import OUTBOX_TABLE

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE settings.companies (
    company_id bigint PRIMARY KEY,
    name text NOT NULL,
    domain text NOT NULL
);

CREATE TABLE settings.users (
    company_id bigint NOT NULL REFERENCES settings.companies,
    user_id bigint NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL,
    locale text NOT NULL,
    is_admin boolean NOT NULL,
    crm_credential_id uuid NOT NULL,
    crm_api_url text NOT NULL,
    signed_in_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, user_id)
);

CREATE TABLE settings.oauth_states (
    state_hash bytea PRIMARY KEY,
    provider text NOT NULL,
    browser_hash bytea NOT NULL,
    company_id bigint,
    user_id bigint,
    email text NOT NULL DEFAULT '',
    verifier bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE settings.sessions (
    token_hash bytea PRIMARY KEY,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    csrf_token text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    FOREIGN KEY (company_id, user_id) REFERENCES settings.users ON DELETE CASCADE
);

CREATE TABLE settings.api_tokens (
    token_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (company_id, user_id) REFERENCES settings.users ON DELETE CASCADE
);
CREATE INDEX api_tokens_user ON settings.api_tokens (company_id, user_id);

CREATE TABLE settings.connections (
    connection_id uuid PRIMARY KEY,
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    provider text NOT NULL,
    email text NOT NULL,
    calendar_credential_id uuid NOT NULL,
    settings jsonb NOT NULL,
    started boolean NOT NULL DEFAULT false,
    revision int NOT NULL DEFAULT 1,
    reports jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    remove_events boolean NOT NULL DEFAULT false,
    released boolean NOT NULL DEFAULT false,
    revoke_tries int NOT NULL DEFAULT 0,
    revoke_after timestamptz,
    FOREIGN KEY (company_id, user_id) REFERENCES settings.users
);
CREATE UNIQUE INDEX connections_account
    ON settings.connections (company_id, user_id, provider, email) WHERE removed_at IS NULL;
CREATE INDEX connections_removed ON settings.connections (removed_at)
    WHERE removed_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(OUTBOX_TABLE.format(schema="settings"))
    op.execute(BROKER_MARKS_TABLE.format(schema="settings"))
