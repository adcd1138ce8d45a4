"""What a backup tells of links is old: all is decided anew from what both sides show now."""

from typing import Final

from tandem.runtime.postgres import Connection, named_queries

_QUERIES: Final = named_queries("reconciler", "restored.sql")


async def after_restore(database: Connection) -> None:
    """Let every connection begin anew; it keeps the pairs that the backup knows."""
    await _QUERIES.begin_anew(database)
    await _QUERIES.forget_half_made_links(database)
    await _QUERIES.forget_writes(database)
    await _QUERIES.forget_deferred(database)
