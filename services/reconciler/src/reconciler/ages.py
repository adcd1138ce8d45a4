"""How old a change is once it is on the other side: the figure that users feel.

It runs from the stamp of the side that made the change, so it holds the provider's own delay too.
What is older than an hour comes from a backfill or an outage and says nothing about pace.
"""

from datetime import datetime
from typing import Final

from reconciler.connection import Connection
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.outcomes import ActivityWritten, EventWritten, OutcomeMessage
from tandem.runtime import metrics

AGE_MAX_S: Final = 3600.0


def note_age(connection: Connection, body: OutcomeMessage, origin: object) -> None:
    """Count a write that succeeded; `origin` is the item of the other side as it is known."""
    if not isinstance(body, (ActivityWritten, EventWritten)):
        return
    since = origin_stamp(origin)
    if since is None:
        return
    age_s = max(0.0, (body.observed_at - since).total_seconds())
    if age_s <= AGE_MAX_S:
        to_crm = isinstance(body, ActivityWritten)
        metrics.CHANGE_SECONDS.labels(
            connection.known.provider.value, "to_crm" if to_crm else "to_calendar"
        ).observe(age_s)


def origin_stamp(origin: object) -> datetime | None:
    """When an item was changed by its side; None where that is not told."""
    if isinstance(origin, (ActivitySnapshot, EventSnapshot)):
        return origin.updated_at
    return None
