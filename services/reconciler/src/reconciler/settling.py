"""What the outcome of a command means for its link: agreed anew, at rest, or as it was before."""

from dataclasses import replace
from typing import Final

from reconciler.connection import Connection
from reconciler.core.changes import shown_event
from reconciler.core.create import anew
from reconciler.core.gone import delete_event
from reconciler.core.model import Link, LinkState, Observed, Pending, Verb
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.reasons import Reason
from reconciler.core.transitions import (
    activity_written,
    dissolve,
    done_before,
    event_written,
    write_failed,
    write_overtaken,
    write_refused,
)
from reconciler.core.unheard import attempted, found_activity, found_event, side_in_doubt
from reconciler.desk import Desk
from reconciler.journal import changed_by
from reconciler.known import is_living
from reconciler.removal import settle_left
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import HealthSignal
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
    Rejection.AUTH_LOST: (Reason.AUTH_LOST, HealthSignal.GRANT_LOST),
    Rejection.CALENDAR_GONE: (Reason.CALENDAR_GONE, HealthSignal.CALENDAR_GONE),
}


def settle(
    desk: Desk, connection: Connection, link: Link, outcome: OutcomeMessage, *, trace: str | None
) -> None:
    """Move a link on as the outcome of its present command says; others change no link."""
    side = _side_of(outcome)
    pending = link.pending_on(side)
    if pending is None or pending.revision != outcome.revision:
        _hear_late(desk, connection, link, outcome, trace=trace)
        return
    if link.state is LinkState.DISSOLVED:
        settle_left(desk, connection, link, pending, outcome, side=side, trace=trace)
        if isinstance(outcome, WriteRejected) and outcome.rejection is Rejection.AUTH_LOST:
            _block(desk, connection, outcome)
        return
    match outcome:
        case ActivityWritten() if outcome.likely and _is_anothers(
            desk, connection, link, outcome.activity_id
        ):
            desk.put_link(connection, anew(write_failed(link, side)))
        case ActivityWritten():
            _make_way(desk, connection, link, activity_id=outcome.activity_id, trace=trace)
            written = outcome.activity
            shown = meeting_of_activity(written, connection.policy) if written else None
            done = activity_written(link, outcome.activity_id, shown, found=outcome.found)
            _written(desk, connection, done, side, pending, trace=trace)
        case EventWritten():
            _make_way(desk, connection, link, event_id=outcome.event_id, trace=trace)
            event = outcome.event
            shown = shown_event(link, event, connection.policy) if event else None
            done = event_written(link, outcome.event_id, shown, found=outcome.found)
            _written(desk, connection, done, side, pending, trace=trace)
            ordered = pending.reason is Reason.UNDONE
            if pending.verb is Verb.CREATE and link.activity_id is None and not ordered:
                _take_back(desk, connection, done, trace=trace)
        case WriteRejected():
            _rejected(desk, connection, link, pending, outcome, trace=trace)


def _hear_late(
    desk: Desk, connection: Connection, link: Link, outcome: OutcomeMessage, *, trace: str | None
) -> None:
    """Take over what a create made that was told again after it had failed.

    It was refused for want of access the first time, so that its writer did not know it any more.
    """
    shelf, policy = desk.known.shelf, connection.policy
    doubled = desk.known.is_doubled(connection, link)
    match outcome:
        case EventWritten(event=EventSnapshot() as event) if side_in_doubt(link) is Side.CALENDAR:
            holder = shelf.of_event(connection.connection_id, event.event_id)
            decided = found_event(link, event, policy, doubled=doubled)
        case ActivityWritten(activity=ActivitySnapshot() as made) if (
            side_in_doubt(link) is Side.CRM
        ):
            holder = shelf.of_activity(connection.connection_id, made.activity_id)
            decided = found_activity(link, made, policy, doubled=doubled)
        case _:
            return
    if not is_living(holder):
        desk.carry_out(connection, Observed(link=link), decided, trace)


def _written(
    desk: Desk,
    connection: Connection,
    done: Link,
    side: Side,
    pending: Pending,
    *,
    trace: str | None,
) -> None:
    desk.put_written(connection, done)
    desk.rows.append(desk.teller(connection, trace).written(done, side, pending))
    desk.verdicts.note_both(connection.connection_id, done, pending.reason)


def _rejected(
    desk: Desk,
    connection: Connection,
    link: Link,
    pending: Pending,
    outcome: WriteRejected,
    *,
    trace: str | None,
) -> None:
    rejection = outcome.rejection
    link = _attempted(desk, link, outcome)
    failed = (
        _overtaken(desk, connection, link, pending, side=outcome.side, trace=trace)
        if rejection is Rejection.STALE
        else write_failed(link, outcome.side)
    )
    if pending.verb is Verb.CREATE and rejection is Rejection.GONE:
        # It was made by an earlier try of the same command, and somebody has deleted it since.
        ended = dissolve(failed, Reason.SUPPRESSED, suppress=frozenset({outcome.side.other}))
        desk.carry_out(connection, Observed(link=failed), ended, trace)
        return
    if pending.verb is Verb.CREATE and rejection is Rejection.STALE:
        rejection = Rejection.REFUSED
    if reason := _RESTS.get(rejection):
        failed = write_refused(link, outcome.side, reason)
        desk.verdicts.note_both(connection.connection_id, failed, reason)
        desk.note_refused(reason)
        desk.rows.append(
            desk.teller(connection, trace).refused(failed, outcome.side, reason, outcome.detail)
        )
    if rejection in _BLOCKS:
        _block(desk, connection, outcome)
    desk.put_link(connection, failed)


def _attempted(desk: Desk, link: Link, outcome: WriteRejected) -> Link:
    """The link with what a refused write may have done; of what is gone nothing is left.

    Where somebody was faster, what is there is known.
    """
    if outcome.rejection is Rejection.GONE:
        return replace(link, attempted=None)
    pending = link.pending_on(outcome.side)
    known = outcome.rejection is Rejection.STALE
    if known and pending is not None and pending.verb is Verb.UPDATE:
        return link
    kept = desk.known.shelf.of_link(link)
    since = kept.pending_since if kept is not None else None
    return attempted(link, outcome.side, since=since or desk.now, until=desk.now)


def _overtaken(
    desk: Desk,
    connection: Connection,
    link: Link,
    pending: Pending,
    *,
    side: Side,
    trace: str | None,
) -> Link:
    """Move a link on whose update came too late; what an earlier try has written is told."""
    shown = _shown_now(desk, connection, link, side)
    failed = write_overtaken(link, side, shown)
    if carried := done_before(pending, shown) & changed_by(pending):
        done = replace(pending, fields=carried)
        desk.rows.append(desk.teller(connection, trace).written(failed, side, done))
    return failed


def _shown_now(desk: Desk, connection: Connection, link: Link, side: Side) -> Meeting | None:
    """What the item on a side shows, as it was last observed."""
    if side is Side.CALENDAR:
        return desk.known.shown_event(connection, link)
    activity = desk.known.activity_of(connection, link)
    if not isinstance(activity, ActivitySnapshot):
        return None
    return meeting_of_activity(activity, connection.policy)


def _block(desk: Desk, connection: Connection, outcome: WriteRejected) -> None:
    """Nothing more is written for the connection until it is mended; that is reported once."""
    reason, signal = _BLOCKS[outcome.rejection]
    if connection.blocked is reason or connection.removed:
        return
    desk.put_connection(replace(connection, blocked=reason))
    desk.report(
        connection.connection_id, signal, observed_at=outcome.observed_at, detail=outcome.side
    )


def _is_anothers(desk: Desk, connection: Connection, link: Link, activity_id: int) -> bool:
    """Whether an activity that seemed to be what a create has made has a link of its own."""
    holder = desk.known.shelf.of_activity(connection.connection_id, activity_id)
    return is_living(holder) and holder is not None and holder.link_id != link.link_id


def _make_way(
    desk: Desk,
    connection: Connection,
    link: Link,
    *,
    activity_id: int | None = None,
    event_id: str | None = None,
    trace: str | None,
) -> None:
    """End the link that took our own new item for somebody else's, before we knew its id."""
    shelf = desk.known.shelf
    other = (
        shelf.of_activity(connection.connection_id, activity_id)
        if activity_id is not None
        else shelf.of_event(connection.connection_id, event_id or "")
    )
    if other is None or other.link_id == link.link_id or other.state is LinkState.DISSOLVED:
        return
    if activity_id is None or (other.event_id is None and other.pending_event is None):
        ended = dissolve(other, Reason.SUPPRESSED, suppress=frozenset(Side))
        desk.carry_out(connection, Observed(link=other), ended, trace)
        return
    without = replace(other, activity_id=None, pending_activity=None, base=None)
    desk.put_link(connection, without)
    if other.event_id is not None:
        _take_back(desk, connection, without, trace=trace)


def _take_back(desk: Desk, connection: Connection, link: Link, *, trace: str | None) -> None:
    """Delete an event that we made of an activity that turned out to be our own."""
    shown = desk.known.shown_event(connection, link)
    taken_back = delete_event(link, shown, Reason.SUPPRESSED)
    desk.carry_out(connection, Observed(link=link), taken_back, trace)


def _side_of(outcome: OutcomeMessage) -> Side:
    match outcome:
        case ActivityWritten():
            return Side.CRM
        case EventWritten():
            return Side.CALENDAR
        case WriteRejected():
            return outcome.side
