"""Occurrences of a recurring series: the calendar says what they are, Pipedrive only shows them.

Nothing is ever written to an event of a series: that would make an exception of it.
"""

from datetime import datetime
from typing import Final

from reconciler.core.changes import carried_event_changes
from reconciler.core.merge import Merge, Pair, says_the_same
from reconciler.core.model import NO_FIELDS, Policy
from reconciler.core.normalize import as_activity_shows
from reconciler.core.reasons import Reason
from tandem.contracts.events import EventSnapshot

OCCURRENCES_MAX: Final = 100
"""How many coming occurrences of one series are linked at a time."""


def series_of(event: EventSnapshot) -> str | None:
    """The series that an event belongs to."""
    return event.series.series_id if event.series is not None else None


def merge_occurrence(pair: Pair, policy: Policy, now: datetime) -> Merge:
    """An activity's edits are put back to what the event shows, whatever else has changed."""
    edits = pair.base.activity.changed_fields(pair.shown_a)
    from_event, held_back = carried_event_changes(
        pair.based_link, pair.event, pair.shown_e, policy, now
    )
    changed = edits | from_event
    shown = as_activity_shows(pair.shown_e)
    agreed = frozenset(field for field in changed if says_the_same(pair, shown, field, policy))
    return Merge(
        to_event=NO_FIELDS,
        to_activity=changed - agreed,
        agreed=agreed,
        conflicts=NO_FIELDS,
        held_back=held_back,
        put_back=edits - agreed,
    )


def why_written(merged: Merge) -> Reason:
    """Why the activity of an occurrence is written to."""
    return Reason.RECURRING_READ_ONLY if merged.put_back else Reason.UPDATED
