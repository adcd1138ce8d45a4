"""Whether the guests of a meeting are invited by another calendar of the same user.

A meeting that one calendar had first is copied into the user's others. Whoever is its guest has
been invited from there, and is to hear of it from there alone.
"""

from reconciler.connection import Connection
from reconciler.core.model import Link, Observed, Plan, Verb
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.policy import is_mailed_anyway
from reconciler.core.unheard import asked_for
from reconciler.known import Known, is_living
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


def are_invited_elsewhere(
    known: Known, connection: Connection, observed: Observed, decided: Plan
) -> bool:
    """Whether what a plan writes to a calendar is of a meeting that another one had first."""
    link = decided.link
    if link is None or link.activity_id is None or link.origin is Side.CALENDAR:
        return False
    event = observed.event
    if isinstance(event, EventSnapshot) and is_mailed_anyway(event, connection.policy):
        # Its guests were invited from here.
        return False
    deleted = any(write.verb is Verb.DELETE for write in decided.writes)
    return any(
        _came_from(known.shelf.of_activity(one.connection_id, link.activity_id), deleted=deleted)
        or _is_coming_from(known, one, observed)
        for one in known.others_of_user(connection)
    )


def _came_from(link: Link | None, *, deleted: bool) -> bool:
    """Whether a calendar had a meeting first; of a deleted one its link may have ended already."""
    return link is not None and link.origin is Side.CALENDAR and (deleted or is_living(link))


def _is_coming_from(known: Known, other: Connection, observed: Observed) -> bool:
    """Whether an activity is just being made of an event; it can be seen before that is told."""
    activity = observed.activity
    making = known.shelf.creating_activities(other.connection_id)
    if not making or not isinstance(activity, ActivitySnapshot):
        return False
    shown = meeting_of_activity(activity, other.policy)
    return shown is not None and any(
        (made.title, made.schedule) == (shown.title, shown.schedule)
        for kept in making
        for made in asked_for(kept.link)
    )
