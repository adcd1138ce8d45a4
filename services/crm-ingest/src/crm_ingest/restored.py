"""What a backup tells of activities is old: every user is read from the start.

So deletions of since are found too: what the backup knows and a full list does not show is asked
for by its id.
"""

from typing import Final

from crm_ingest.repository.queries import QUERIES
from tandem.runtime.postgres import Connection, named_queries

_QUERIES: Final = named_queries("crm_ingest", "restored.sql")


async def after_restore(database: Connection) -> None:
    """Have everybody read and watched anew, and write nothing that was asked for before."""
    await _QUERIES.begin_anew(database)
    await _QUERIES.forget_commands(database)
    await QUERIES.request_reads_of_all(database)
    await QUERIES.report_again(database)
