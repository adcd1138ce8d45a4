"""Steps of a link's life: a write begins, succeeds or is refused; the link rests or dissolves."""

from dataclasses import replace

from reconciler.core.deal_contact import block_of
from reconciler.core.model import (
    Base,
    Entry,
    Link,
    LinkState,
    Pending,
    Plan,
    Policy,
    Verb,
    Write,
)
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.meetings import Meeting, Side


def wanted_block(activity: ActivitySnapshot, present_block: str, policy: Policy) -> str:
    """The block that the event should show; unknown context leaves what is there."""
    if not policy.settings.include_deal_contact_info:
        return ""
    return present_block if activity.deal_contact is None else block_of(activity.deal_contact)


def start_write(link: Link, write: Write, pending: Pending) -> Plan:
    """A write to one side begins."""
    return start_writes(link, ((write, pending),))


def start_writes(
    link: Link,
    writes: tuple[tuple[Write, Pending], ...],
    entries: tuple[Entry, ...] = (),
) -> Plan:
    """Writes to one or both sides begin, under one new revision of the link."""
    pending = {write.side: step for write, step in writes}
    started = replace(
        link,
        state=LinkState.ACTIVE,
        reason=None,
        revision=link.revision + 1,
        pending_activity=pending.get(Side.CRM),
        pending_event=pending.get(Side.CALENDAR),
    )
    return Plan(
        reason=writes[0][1].reason,
        link=started,
        writes=tuple(write for write, _ in writes),
        entries=entries,
    )


def dissolve(
    link: Link, reason: Reason, *, suppress: frozenset[Side] = frozenset(), tell: bool = True
) -> Plan:
    """The link ends; `suppress` are the sides whose item must not come back as new."""
    ended = replace(
        link,
        state=LinkState.DISSOLVED,
        reason=reason,
        suppress=suppress,
        pending_activity=None,
        pending_event=None,
        refused=None,
    )
    entries = (Entry(link.origin, "dissolved", reason),) if tell else ()
    return Plan(reason=reason, link=ended, entries=entries)


def rest(link: Link, reason: Reason, *, refused: Base | None = None) -> Plan:
    """The link keeps both ids and does nothing until its reason passes."""
    if link.state is LinkState.RESTING and link.reason is reason:
        return Plan(reason)
    resting = replace(
        link,
        state=LinkState.RESTING,
        reason=reason,
        refused=refused,
        pending_activity=None,
        pending_event=None,
    )
    return Plan(reason=reason, link=resting, entries=(Entry(link.origin, "skipped", reason),))


def activity_written(link: Link, activity_id: int, shown: Meeting | None) -> Link:
    """A write to Pipedrive has succeeded; `shown` is what it shows now (None: deleted)."""
    pending = link.pending_activity
    if pending is None:
        return link
    if pending.verb is Verb.DELETE or shown is None:
        return _ended_by_delete(link, pending)
    done = replace(link, activity_id=activity_id, pending_activity=None, refused=None)
    agreed = pending.agreed or shown
    if link.base is None or pending.verb is Verb.CREATE:
        return replace(done, base=Base(activity=shown, event=agreed))
    return replace(
        done,
        base=Base(
            activity=link.base.activity.with_fields(shown, pending.fields),
            event=link.base.event.with_fields(agreed, pending.fields),
        ),
    )


def event_written(link: Link, event_id: str, shown: Meeting | None) -> Link:
    """A write to the calendar has succeeded; `shown` is what it shows now (None: deleted).

    Only the fields that it carried are agreed; an edit that is on its way to the other side, or
    that the direction keeps from it, stays a difference.
    """
    pending = link.pending_event
    if pending is None:
        return link
    if pending.verb is Verb.DELETE or shown is None:
        return _ended_by_delete(link, pending)
    done = replace(link, event_id=event_id, pending_event=None, refused=None)
    agreed = pending.agreed or shown
    if link.base is None or pending.verb is Verb.CREATE:
        return replace(done, base=Base(activity=agreed, event=shown))
    return replace(
        done,
        base=Base(
            activity=link.base.activity.with_fields(agreed, pending.fields),
            event=link.base.event.with_fields(shown, pending.fields),
        ),
    )


def _ended_by_delete(link: Link, pending: Pending) -> Link:
    return replace(
        link,
        state=LinkState.DISSOLVED,
        reason=pending.reason,
        suppress=pending.suppress,
        pending_activity=None,
        pending_event=None,
    )


def write_failed(link: Link, side: Side) -> Link:
    """A write to `side` was not done; the link is as it was before it was asked for."""
    return (
        replace(link, pending_activity=None)
        if side is Side.CRM
        else replace(link, pending_event=None)
    )
