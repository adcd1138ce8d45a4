"""What a backup tells of connections holds again, and the others are told of each of them."""

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from settings_api.connection import Connection
from tandem.contracts.topics import SETTINGS_CONNECTIONS
from tandem.runtime import postgres
from tandem.runtime.outbox import Outbox
from tandem.runtime.publisher import outgoing

_QUERIES: Final = postgres.named_queries("settings_api", "restored.sql")


async def after_restore(database: postgres.Connection) -> None:
    """Tell of every connection, in place of what was told since the backup; end all sessions."""
    await _QUERIES.outdate(database)
    await _QUERIES.sign_everybody_out(database)
    now = datetime.now(UTC)
    async for row in _QUERIES.every_connection(database):
        message = Connection.of(row).as_message(message_id=uuid4(), at=now)
        await Outbox(schema="settings").add(database, [outgoing(SETTINGS_CONNECTIONS, message)])
