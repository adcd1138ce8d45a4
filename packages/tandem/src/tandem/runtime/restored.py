"""Tells one service that its schema was put back to a backup: `… restored crm-ingest`.

`python -m tandem.runtime.restored` runs once for each service, between the restore and the start
of its processes. What the backup has under way was done or overtaken since: it is dropped, and
everything is read anew. What the service does itself is `after_restore` of its module `restored`.
"""

import sys
from importlib import import_module

from tandem.runtime.migrate import SCHEMAS, bring_up_to_date, run_for_one
from tandem.runtime.postgres import open_pool


async def note_restore(url: str, service: str) -> None:
    """Bring the schema of a service up to date, and let the service begin anew with it."""
    await bring_up_to_date(url, service)
    own = import_module(f"{service.replace('-', '_')}.restored")
    pool = await open_pool(url, connections_max=1)
    try:
        async with pool.acquire() as database, database.transaction():
            # It may have been published since the backup, and much that contradicts it.
            await database.execute(f"DELETE FROM {SCHEMAS[service]}.outbox")  # noqa: S608
            await own.after_restore(database)
    finally:
        await pool.close()


if __name__ == "__main__":
    sys.exit(run_for_one(sys.argv[1:], SCHEMAS, note_restore))
