"""Takes over what became of a command: new base, ids and versions, or why it was not done."""

from dataclasses import replace
from typing import Final

from reconciler.connection import Connection
from reconciler.core.model import Base, Gone, Link, LinkState, Pending
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import activity_written, event_written, rest, write_failed
from reconciler.desk import Desk
from reconciler.repository import ActivitySeen, EventSeen
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Side
from tandem.contracts.outcomes import (
    ActivityWritten,
    EventWritten,
    OutcomeMessage,
    Rejection,
    WriteRejected,
)

_RESTS: Final = {
    Rejection.REFUSED: Reason.PROVIDER_REFUSED,
    Rejection.NOT_ORGANIZER: Reason.NOT_ORGANIZER,
}
_BLOCKS: Final = {
    Rejection.AUTH_LOST: Reason.AUTH_LOST,
    Rejection.CALENDAR_GONE: Reason.CALENDAR_GONE,
}


def seen_in(
    outcome: OutcomeMessage, link: Link | None, connection: Connection
) -> ActivitySeen | EventSeen | None:
    """What an outcome tells of its item, as an observation; None where it tells nothing."""
    activity_id = link.activity_id if link else None
    event_id = link.event_id if link else None
    gone = False
    activity: ActivitySnapshot | None = None
    event: EventSnapshot | None = None
    match outcome:
        case ActivityWritten():
            side, activity_id, activity = Side.CRM, outcome.activity_id, outcome.activity
            gone = activity is None
        case EventWritten():
            side, event_id, event = Side.CALENDAR, outcome.event_id, outcome.event
            gone = event is None
        case WriteRejected():
            side, activity, event = outcome.side, outcome.activity, outcome.event
            gone = outcome.rejection is Rejection.GONE
    if side is Side.CRM and activity_id is not None and (activity or gone):
        return ActivitySeen(connection.user, activity_id, activity, outcome.observed_at)
    if side is Side.CALENDAR and event_id is not None and (event or gone):
        return EventSeen(
            connection.connection_id,
            connection.policy.settings.calendar_id,
            event_id,
            event,
            event.updated_at if event else None,
            outcome.observed_at,
        )
    return None


def take_over(
    desk: Desk, connection: Connection, link: Link, outcome: OutcomeMessage, *, trace: str | None
) -> None:
    """Change the link as the outcome of its present command says; others change nothing."""
    match outcome:
        case ActivityWritten():
            if pending := _present(link.pending_activity, outcome):
                shown = _shown_activity(outcome.activity, connection)
                _give_way(desk, connection, link, outcome.activity_id)
                done = activity_written(link, outcome.activity_id, shown)
                _written(desk, connection, done, Side.CRM, pending, trace=trace)
        case EventWritten():
            if pending := _present(link.pending_event, outcome):
                shown = (
                    meeting_of_event(outcome.event, connection.policy) if outcome.event else None
                )
                done = event_written(link, outcome.event_id, shown)
                _written(desk, connection, done, Side.CALENDAR, pending, trace=trace)
        case WriteRejected():
            side = outcome.side
            pending = link.pending_activity if side is Side.CRM else link.pending_event
            if _present(pending, outcome):
                _rejected(desk, connection, link, outcome, trace=trace)


def _present(pending: Pending | None, outcome: OutcomeMessage) -> Pending | None:
    return pending if pending is not None and pending.revision == outcome.revision else None


def _written(
    desk: Desk,
    connection: Connection,
    done: Link,
    side: Side,
    pending: Pending,
    *,
    trace: str | None,
) -> None:
    desk.put_link(connection, done)
    desk.rows.append(desk.teller(connection, trace).written(done, side, pending))
    _note(desk, connection, done, pending.reason)


def _note(desk: Desk, connection: Connection, link: Link, reason: Reason) -> None:
    """Both items have a verdict that was told already."""
    for side, item_id in ((Side.CRM, link.activity_id), (Side.CALENDAR, link.event_id)):
        if item_id is not None:
            desk.note_verdict((connection.connection_id, side, str(item_id)), reason)


def _rejected(
    desk: Desk, connection: Connection, link: Link, outcome: WriteRejected, *, trace: str | None
) -> None:
    failed = write_failed(link, outcome.side)
    if outcome.rejection is Rejection.GONE:
        desk.forget_item(connection, failed, outcome.side)
    if reason := _RESTS.get(outcome.rejection):
        resting = rest(failed, reason, refused=_both_shown(desk, connection, failed)).link
        failed = resting or failed
        _note(desk, connection, failed, reason)
        desk.rows.append(
            desk.teller(connection, trace).refused(failed, outcome.side, reason, outcome.detail)
        )
    if blocked := _BLOCKS.get(outcome.rejection):
        desk.put_connection(replace(connection, blocked=blocked))
    desk.put_link(connection, failed)


def _both_shown(desk: Desk, connection: Connection, link: Link) -> Base | None:
    """What both sides are at a refusal; a missing side counts as what the other one shows."""
    activity, event = desk.activity(connection, link), desk.event(connection, link)
    shown_a = _shown_activity(activity, connection)
    shown_e = (
        meeting_of_event(event, connection.policy) if isinstance(event, EventSnapshot) else None
    )
    first, second = shown_a or shown_e, shown_e or shown_a
    return Base(activity=first, event=second) if first and second else None


def _shown_activity(
    activity: ActivitySnapshot | Gone | None, connection: Connection
) -> Meeting | None:
    if not isinstance(activity, ActivitySnapshot):
        return None
    return meeting_of_activity(activity, connection.policy)


def _give_way(desk: Desk, connection: Connection, link: Link, activity_id: int) -> None:
    """Our own new activity was taken for somebody's, before we knew its id: that link ends."""
    other = desk.shelf.of_activity(connection.connection_id, activity_id)
    if other is None or other.link_id == link.link_id or other.state is LinkState.DISSOLVED:
        return
    desk.put_link(
        connection,
        replace(
            other,
            state=LinkState.DISSOLVED,
            reason=Reason.SUPPRESSED,
            suppress=frozenset(Side),
            pending_activity=None,
            pending_event=None,
        ),
    )
