"""Whose create an intent is, and what was sent, so that its activity is known again once edited."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE crm.create_intents
            ADD COLUMN user_id bigint, ADD COLUMN last_sent_at timestamptz,
            ADD COLUMN type text, ADD COLUMN draft text;
        CREATE INDEX create_intents_in_doubt ON crm.create_intents (company_id)
            WHERE activity_id IS NULL AND sent_at IS NOT NULL;
        """
    )
