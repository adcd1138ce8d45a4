"""Inbox: ids of messages already handled, claimed in the transaction that handles them."""

from collections.abc import Iterable
from uuid import UUID

from tandem.runtime.postgres import Connection, Pool, as_uuid

KEEP_DAYS = 8
"""A day longer than the topics keep their messages."""

INBOX_TABLE = """
CREATE TABLE {schema}.inbox (
    message_id uuid PRIMARY KEY,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_claimed_at ON {schema}.inbox (claimed_at)
"""


class Inbox:
    """The table `<schema>.inbox`."""

    def __init__(self, *, schema: str) -> None:
        self._schema = schema

    async def claim(self, connection: Connection, message_ids: Iterable[UUID]) -> set[UUID]:
        """Claim ids in the caller's transaction; returns those that nobody had claimed before."""
        wanted = set(message_ids)
        rows = await connection.fetch(
            f"INSERT INTO {self._schema}.inbox (message_id)"
            " SELECT unnest($1::uuid[]) ORDER BY 1"
            " ON CONFLICT DO NOTHING RETURNING message_id",
            list(wanted),
        )
        if len(rows) == len(wanted):
            return wanted
        return {as_uuid(row["message_id"]) for row in rows}

    async def forget_old(self, pool: Pool) -> None:
        """Delete ids that can not come again."""
        await pool.execute(
            f"DELETE FROM {self._schema}.inbox"  # noqa: S608 - constant
            " WHERE claimed_at < now() - make_interval(days => $1)",
            KEEP_DAYS,
        )
