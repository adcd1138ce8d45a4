"""Scopes of API tokens, rate limits, and answers of writes that may be repeated.

A token of an earlier release may do everything, as it could when it was made; so may one that the
previous release makes while it still runs.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

CHANGES = """
ALTER TABLE settings.api_tokens ADD COLUMN scope text NOT NULL DEFAULT 'admin'
    CHECK (scope IN ('read', 'write', 'admin'));

CREATE UNLOGGED TABLE settings.rates (
    bucket text PRIMARY KEY,
    empty_at timestamptz NOT NULL
);
CREATE INDEX rates_empty ON settings.rates (empty_at);

CREATE TABLE settings.repeats (
    company_id bigint NOT NULL,
    user_id bigint NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    claimed_at timestamptz NOT NULL,
    status int,
    answer bytea,
    PRIMARY KEY (company_id, user_id, key),
    FOREIGN KEY (company_id, user_id) REFERENCES settings.users ON DELETE CASCADE
);
CREATE INDEX repeats_claimed ON settings.repeats (claimed_at);
"""


def upgrade() -> None:
    op.execute(CHANGES)
