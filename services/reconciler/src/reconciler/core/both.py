"""Both sides are there: carry what changed to the other side, with at most one write to each."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.core.changes import shown_event
from reconciler.core.merge import Merge, Pair, guests_after_edit, merge
from reconciler.core.model import (
    NO_FIELDS,
    Base,
    Entry,
    Fields,
    Link,
    Pending,
    Plan,
    Policy,
    Verb,
    Write,
)
from reconciler.core.normalize import (
    as_activity_shows,
    event_schedule,
    is_redacted,
    meeting_of_activity,
)
from reconciler.core.policy import is_mailed_anyway, starts_in_past, type_is_synced
from reconciler.core.reasons import Reason
from reconciler.core.series import merge_occurrence, series_of, why_written
from reconciler.core.text import with_block
from reconciler.core.transitions import start_writes, wanted_block
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import (
    TEXT_LENGTH_MAX,
    Meeting,
    MeetingField,
    Schedule,
    Side,
    Timed,
)

_DESCRIPTION: Fields = frozenset({MeetingField.DESCRIPTION})
_BUSY: Fields = frozenset({MeetingField.BUSY})


def plan_both(
    link: Link, activity: ActivitySnapshot, event: EventSnapshot, *, policy: Policy, now: datetime
) -> Plan:
    """Merge both sides. One user edit leads to at most one write to each side."""
    shown_a = meeting_of_activity(activity, policy)
    if shown_a is None:
        return Plan(Reason.NO_DUE_DATE)
    shown_e = shown_event(link, event, policy, activity_type=activity.type)
    base = link.base or Base(activity=shown_a, event=shown_e)
    pair = Pair(link, base, activity, event, shown_a, shown_e)
    alone = event.series is None
    merged = merge(pair, policy, now) if alone else merge_occurrence(pair, policy, now)
    settled = _settled(pair, merged, policy)
    steps = (
        _event_step(pair, merged, policy, now) if alone else None,
        _activity_step(pair, merged, policy),
    )
    writes = tuple(step for step in steps if step is not None)
    entries = _conflict_entries(merged, shown_a, shown_e)
    if writes:
        return start_writes(settled, writes, entries)
    reason = merged.held_back or Reason.NO_CHANGE
    return Plan(reason, link=settled if settled != link else None, entries=entries)


def _settled(pair: Pair, merged: Merge, policy: Policy) -> Link:
    """The link with what both sides agree on already."""
    link, base, kind = pair.link, pair.base, pair.activity.type
    if merged.agreed or link.base is None:
        agreed = Base(
            activity=base.activity.with_fields(pair.shown_a, merged.agreed),
            event=base.event.with_fields(pair.shown_e, merged.agreed),
        )
        link = replace(link, base=agreed)
    if kind != link.activity_type and type_is_synced(kind, policy):
        link = replace(link, activity_type=kind)
    series_id = series_of(pair.event)
    return link if link.series_id == series_id else replace(link, series_id=series_id)


def _event_step(
    pair: Pair, merged: Merge, policy: Policy, now: datetime
) -> tuple[Write, Pending] | None:
    """The write to the calendar, with the deal/contact block where the description is written."""
    block = wanted_block(pair.activity, pair.link.block, policy)
    fields = merged.to_event
    if block != pair.link.block and _takes_block(pair, merged, policy, now):
        fields |= _DESCRIPTION
    if not fields:
        return None
    wanted = pair.shown_a
    if MeetingField.SCHEDULE in fields:
        wanted = wanted.model_copy(update={"schedule": _event_schedule(pair)})
    if MeetingField.GUESTS in fields:
        wanted = wanted.model_copy(update={"guests": _guests(pair, merged, Side.CALENDAR)})
    after = pair.shown_e.with_fields(wanted, merged.to_event)
    target = after
    if MeetingField.GUESTS in fields:
        invited = (one.email for one in pair.event.attendees if not one.is_self)
        target = _with_owner(target, invited, policy)
    if MeetingField.DESCRIPTION in fields:
        target = target.model_copy(update={"description": with_block(after.description, block)})
    refreshed = fields - merged.to_event
    # A description that was changed and may not be carried stays a difference.
    held = refreshed and pair.shown_e.description != pair.base.event.description
    pending = Pending(
        verb=Verb.UPDATE,
        fields=merged.to_event if held else fields,
        reason=Reason.UPDATED,
        revision=pair.link.revision + 1,
        agreed=pair.shown_a.with_fields(pair.base.activity, refreshed),
        before=pair.shown_e,
        after=after,
        block=block if MeetingField.DESCRIPTION in fields else None,
    )
    write = Write(Side.CALENDAR, Verb.UPDATE, fields, target, silent=not merged.to_event)
    return write, pending


def _takes_block(pair: Pair, merged: Merge, policy: Policy, now: datetime) -> bool:
    """Whether the event's own description may be written again with another block."""
    return (
        not starts_in_past(pair.shown_e.schedule, policy, now)
        and not is_redacted(pair.event, policy)
        and MeetingField.DESCRIPTION not in merged.to_activity
        # Of a text this long only the beginning may be known; the rest would be lost.
        and len(pair.event.description) < TEXT_LENGTH_MAX
        # A block alone is no reason to mail anybody: it waits for company.
        and (bool(merged.to_event) or not is_mailed_anyway(pair.event, policy))
    )


def _event_schedule(pair: Pair) -> Schedule:
    """The activity's time on the calendar; what it can not show of the event's length is kept."""
    moved, was_activity = pair.shown_a.schedule, pair.base.activity.schedule
    was_event = pair.base.event
    if as_activity_shows(was_event).schedule == as_activity_shows(pair.shown_e).schedule:
        was_event = pair.shown_e
    if _is_instant(was_event.schedule) and not pair.activity.duration_minutes:
        # Its activity has the default duration, which may be another one by now.
        was_activity = moved
    return event_schedule(moved, was_activity=was_activity, was_event=was_event.schedule)


def _is_instant(schedule: Schedule) -> bool:
    return isinstance(schedule, Timed) and schedule.start == schedule.end


def _activity_step(pair: Pair, merged: Merge, policy: Policy) -> tuple[Write, Pending] | None:
    """The write to Pipedrive."""
    if not merged.to_activity:
        return None
    wanted = as_activity_shows(pair.shown_e)
    if MeetingField.GUESTS in merged.to_activity:
        wanted = wanted.model_copy(update={"guests": _guests(pair, merged, Side.CRM)})
    after = pair.shown_a.with_fields(wanted, merged.to_activity)
    kept = _BUSY if _would_flip_busy(pair, after, merged.to_activity) else NO_FIELDS
    pending = Pending(
        verb=Verb.UPDATE,
        # What the event is being told of at the same time is agreed by that write.
        fields=merged.to_activity | (kept - merged.to_event),
        reason=why_written(merged),
        revision=pair.link.revision + 1,
        agreed=pair.shown_e.with_fields(pair.base.event, kept),
        before=pair.shown_a,
        after=after,
    )
    target = after
    if MeetingField.GUESTS in merged.to_activity:
        target = _with_owner(target, (guest.email for guest in pair.activity.guests), policy)
    return Write(Side.CRM, Verb.UPDATE, merged.to_activity | kept, target), pending


def _guests(pair: Pair, merged: Merge, side: Side) -> frozenset[str]:
    """Guests that a side is to have: its own as edited on the other, or that one's if it wins."""
    if MeetingField.GUESTS in merged.conflicts | merged.put_back:
        return (pair.shown_e if side is Side.CRM else pair.shown_a).guests
    return guests_after_edit(pair, side)


def _with_owner(target: Meeting, invited: Iterable[str], policy: Policy) -> Meeting:
    """A target in which the owner's addresses stay where they were invited: they are no guests."""
    own = policy.owner_emails.intersection(email.lower() for email in invited)
    return target.model_copy(update={"guests": target.guests | own})


def _would_flip_busy(pair: Pair, after: Meeting, fields: Fields) -> bool:
    """An activity that does not say whether it is busy shows another value once it is all-day."""
    return (
        pair.activity.busy is None
        and MeetingField.BUSY not in fields
        and after.schedule.kind != pair.shown_a.schedule.kind
    )


def _conflict_entries(merged: Merge, shown_a: Meeting, shown_e: Meeting) -> tuple[Entry, ...]:
    """The loser's value of each conflict, kept for the history."""
    if not merged.conflicts:
        return ()
    lost_by_e = merged.conflicts & merged.to_event
    lost_by_a = merged.conflicts & merged.to_activity
    rows = (
        Entry(Side.CALENDAR, "conflict", Reason.CONFLICT, shown_e, shown_a, lost_by_e),
        Entry(Side.CRM, "conflict", Reason.CONFLICT, shown_a, shown_e, lost_by_a),
    )
    return tuple(row for row in rows if row.fields)
