"""What a backup tells of calendars is old: each is read from its beginning.

So deletions of since are found too: of what the backup knows and a full list does not show the
provider is asked.
"""

from typing import Final

from calendar_ingest.repository.queries import QUERIES
from tandem.runtime.postgres import Connection, named_queries

_QUERIES: Final = named_queries("calendar_ingest", "restored.sql")


async def after_restore(database: Connection) -> None:
    """Have every calendar read and watched anew, and write nothing that was asked for before."""
    await _QUERIES.begin_anew(database)
    await _QUERIES.forget_commands(database)
    await QUERIES.read_everything_of_all(database)
