"""Steps of a link's life: a write begins, succeeds or is refused; the link rests or dissolves.

A base moves only by what was written: another edit, on its way or held back, stays a difference.
So does what is not as it was written in an item that was found, since its create had no answer.
"""

from dataclasses import replace

from reconciler.core.deal_contact import block_of
from reconciler.core.model import (
    ALL_FIELDS,
    NO_FIELDS,
    Base,
    Entry,
    Fields,
    Link,
    LinkState,
    Pending,
    Plan,
    Policy,
    Refusal,
    Verb,
    Write,
)
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.meetings import (
    TITLE_LENGTH_MAX,
    Meeting,
    MeetingField,
    Schedule,
    Side,
    Timed,
)

_TEXTS = (MeetingField.TITLE, MeetingField.DESCRIPTION, MeetingField.LOCATION)


def wanted_block(activity: ActivitySnapshot, present_block: str, policy: Policy) -> str:
    """The block that the event should show; unknown context leaves what is there."""
    if not policy.settings.include_deal_contact_info:
        return ""
    return present_block if activity.deal_contact is None else block_of(activity.deal_contact)


def start_write(link: Link, write: Write, pending: Pending) -> Plan:
    """A write to one side begins."""
    return start_writes(link, ((write, pending),))


def start_delete(
    link: Link,
    side: Side,
    shown: Meeting | None,
    reason: Reason,
    *,
    suppress: frozenset[Side] = frozenset(),
) -> Plan:
    """The delete of one side begins; `shown` is what the history says that it was.

    `suppress` are the sides whose item must not be taken as new once it is done.
    """
    pending = Pending(
        verb=Verb.DELETE,
        fields=NO_FIELDS,
        reason=reason,
        revision=link.revision + 1,
        before=shown,
        suppress=suppress,
    )
    return start_write(link, Write(side, Verb.DELETE, NO_FIELDS), pending)


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
        refused=None,
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


def rest(link: Link, reason: Reason) -> Plan:
    """The link keeps both ids and does nothing until its reason passes."""
    if link.state is LinkState.RESTING and link.reason is reason:
        return Plan(reason)
    resting = replace(
        link,
        state=LinkState.RESTING,
        reason=reason,
        refused=None,
        quiet=False,
        pending_activity=None,
        pending_event=None,
    )
    return Plan(reason=reason, link=resting, entries=(Entry(link.origin, "skipped", reason),))


def activity_written(
    link: Link, activity_id: int, shown: Meeting | None, *, found: bool = False
) -> Link:
    """A write to Pipedrive has succeeded; `shown` is what it shows now.

    `shown` None: it was deleted, or shows no meeting any more, and what was written counts.
    `found`: an earlier try has made it.
    """
    pending = link.pending_activity
    if pending is None:
        return link
    if pending.verb is Verb.DELETE:
        return _ended_by_delete(link, pending)
    if found:
        pending = _as_attempted(link, pending, shown)
    done = replace(_heard(link, Side.CRM), activity_id=activity_id, pending_activity=None)
    shown = _as_made(pending, shown, found=found)
    agreed = pending.agreed or shown
    if shown is None or agreed is None:
        return done
    return replace(done, base=_moved(link, pending, Base(activity=shown, event=agreed)))


def event_written(link: Link, event_id: str, shown: Meeting | None, *, found: bool = False) -> Link:
    """A write to the calendar has succeeded; `shown` is what it shows now (None: deleted).

    `found`: an earlier try has made it.
    """
    pending = link.pending_event
    if pending is None:
        return link
    if pending.verb is Verb.DELETE:
        return _ended_by_delete(link, pending)
    if found:
        pending = _as_attempted(link, pending, shown)
    block = link.block if pending.block is None else pending.block
    done = replace(_heard(link, Side.CALENDAR), event_id=event_id, block=block, pending_event=None)
    shown = _as_made(pending, shown, found=found)
    agreed = pending.agreed or shown
    if shown is None or agreed is None:
        return done
    return replace(done, base=_moved(link, pending, Base(activity=agreed, event=shown)))


def write_failed(link: Link, side: Side) -> Link:
    """A write to `side` was not done; the link is as it was before it was asked for."""
    return (
        replace(link, pending_activity=None)
        if side is Side.CRM
        else replace(link, pending_event=None)
    )


def write_overtaken(link: Link, side: Side, shown: Meeting | None) -> Link:
    """An update of `side` was not done, because somebody was faster; `shown` is what is there now.

    What that shows of the update all the same is agreed: an earlier try whose answer was lost has
    written it, or somebody has entered just that. It is no edit that could win over a later one.
    """
    pending, failed = link.pending_on(side), write_failed(link, side)
    return failed if pending is None else update_agreed(failed, side, pending, shown)


def update_agreed(link: Link, side: Side, update: Pending, shown: Meeting | None) -> Link:
    """A link that agrees on what its item on a side shows of an update."""
    there, base = done_before(update, shown), link.base
    if not there or base is None or shown is None or update.agreed is None:
        return link
    here = {side: shown, side.other: update.agreed}
    agreed = Base(
        activity=base.activity.with_fields(here[Side.CRM], there),
        event=base.event.with_fields(here[Side.CALENDAR], there),
    )
    return replace(link, base=agreed)


def done_before(update: Pending, shown: Meeting | None) -> Fields:
    """Fields of an update that its item shows as they were to be written."""
    if update.verb is not Verb.UPDATE or update.after is None or shown is None:
        return NO_FIELDS
    return update.fields - update.after.changed_fields(shown)


def write_refused(link: Link, side: Side, reason: Reason) -> Link:
    """A write to `side` was refused for good; the link rests until another one is called for."""
    pending = link.pending_on(side)
    return replace(
        write_failed(link, side),
        state=LinkState.RESTING,
        reason=reason,
        refused=Refusal(side, pending) if pending is not None else None,
        also_refused=next((one for one in link.refusals if one.side is not side), None),
    )


def _heard(link: Link, side: Side) -> Link:
    """A link that is in no doubt any more about what was written to a side."""
    doubtful = link.attempted is not None and link.attempted.side is side
    return replace(link, attempted=None) if doubtful else link


def _as_attempted(link: Link, pending: Pending, shown: Meeting | None) -> Pending:
    """The create that has made an item that was found, where more than one was sent.

    What the item shows is of the last of them that was to write it, the rest of the first. So what
    was edited on the other side since then is still to be carried.
    """
    if link.attempted is None or pending.verb is not Verb.CREATE or shown is None:
        return pending
    first, *later = (*link.attempted.writes, pending)
    after, agreed = first.after, first.agreed
    for write in later:
        if after is None or agreed is None or write.after is None or write.agreed is None:
            return pending
        there = ALL_FIELDS - write.after.changed_fields(shown)
        after = after.with_fields(write.after, there)
        agreed = agreed.with_fields(write.agreed, there)
    return replace(pending, after=after, agreed=agreed, block=first.block)


def _as_made(pending: Pending, shown: Meeting | None, *, found: bool) -> Meeting | None:
    """What an item showed once it was written: of one that was found, what was asked for.

    What a provider makes of that by itself is no edit: it may show a length where none was
    written, cut a long text, and leave out guests whom it would mail.
    """
    after = pending.after
    if shown is None or after is None or not found or pending.verb is not Verb.CREATE:
        return shown or after
    own = {field for field in _TEXTS if _only_cut(getattr(after, field), getattr(shown, field))}
    if _only_lengthened(after.schedule, shown.schedule):
        own.add(MeetingField.SCHEDULE)
    if shown.guests < after.guests:
        own.add(MeetingField.GUESTS)
    return after.with_fields(shown, frozenset(own))


def _only_cut(written: str, shown: str) -> bool:
    return TITLE_LENGTH_MAX <= len(shown) < len(written) and written.startswith(shown)


def _only_lengthened(written: Schedule, shown: Schedule) -> bool:
    return (
        isinstance(written, Timed)
        and isinstance(shown, Timed)
        and written.start == written.end == shown.start
    )


def _moved(link: Link, pending: Pending, shown: Base) -> Base:
    """The base after a write: as shown, in the fields that the write was about."""
    if link.base is None or pending.verb is Verb.CREATE:
        return shown
    return Base(
        activity=link.base.activity.with_fields(shown.activity, pending.fields),
        event=link.base.event.with_fields(shown.event, pending.fields),
    )


def _ended_by_delete(link: Link, pending: Pending) -> Link:
    return replace(
        link,
        state=LinkState.DISSOLVED,
        reason=pending.reason,
        suppress=pending.suppress,
        pending_activity=None,
        pending_event=None,
        refused=None,
    )
