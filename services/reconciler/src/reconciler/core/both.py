"""Both sides are there: merge field by field over the state on which they last agreed."""

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.changes import carried_event_changes
from reconciler.core.model import (
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
    meeting_of_activity,
    meeting_of_event,
)
from reconciler.core.policy import starts_in_past
from reconciler.core.reasons import Reason
from reconciler.core.text import with_block
from reconciler.core.transitions import start_writes, wanted_block
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import ConflictWinner
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both sides as they are, in the vendors' shape and in canonical form, over their base."""

    link: Link
    base: Base
    activity: ActivitySnapshot
    event: EventSnapshot
    shown_a: Meeting
    shown_e: Meeting


@dataclass(frozen=True, slots=True)
class _Merge:
    """Where each changed field goes. `agreed` fields need no write: both sides say the same."""

    to_event: Fields
    to_activity: Fields
    agreed: Fields
    conflicts: Fields
    held_back: Reason | None


def plan_both(
    link: Link, activity: ActivitySnapshot, event: EventSnapshot, *, policy: Policy, now: datetime
) -> Plan:
    """Merge both sides. One user edit leads to at most one write to each side."""
    shown_a = meeting_of_activity(activity, policy)
    shown_e = meeting_of_event(event, policy)
    if shown_a is None:
        return Plan(Reason.NO_DUE_DATE)
    base = link.base or Base(activity=shown_a, event=shown_e)
    pair = _Pair(link, base, activity, event, shown_a, shown_e)
    merge = _merge(pair, policy, now)
    settled = replace(
        link,
        activity_type=activity.type,
        base=Base(
            activity=base.activity.with_fields(shown_a, merge.agreed),
            event=base.event.with_fields(shown_e, merge.agreed),
        ),
    )
    steps: list[tuple[Write, Pending]] = []
    if event_step := _event_step(pair, merge, policy, now):
        write, pending, block = event_step
        settled = replace(settled, block=block)
        steps.append((write, pending))
    if merge.to_activity:
        steps.append(_activity_step(pair, merge.to_activity))
    entries = _conflict_entries(merge, shown_a, shown_e)
    if steps:
        return start_writes(settled, tuple(steps), entries)
    reason = merge.held_back or Reason.NO_CHANGE
    return Plan(reason, link=settled if settled != link else None, entries=entries)


def _merge(pair: _Pair, policy: Policy, now: datetime) -> _Merge:
    from_a = pair.base.activity.changed_fields(pair.shown_a)
    from_e, held_back = carried_event_changes(
        replace(pair.link, base=pair.base), pair.event, policy, now
    )
    if MeetingField.GUESTS in from_a and not pair.event.is_organizer:
        from_a -= {MeetingField.GUESTS}
        held_back = held_back or Reason.NOT_ORGANIZER
    e_for_a = as_activity_shows(pair.shown_e)
    to_event: set[MeetingField] = set()
    to_activity: set[MeetingField] = set()
    agreed: set[MeetingField] = set()
    conflicts: set[MeetingField] = set()
    for field in from_a | from_e:
        value_a = getattr(pair.shown_a, field)
        if value_a == getattr(e_for_a, field):
            agreed.add(field)
        elif field not in from_e:
            to_event.add(field)
        elif field not in from_a:
            to_activity.add(field)
        else:
            conflicts.add(field)
            crm_wins = _winner(pair, policy) is Side.CRM
            (to_event if crm_wins else to_activity).add(field)
    return _Merge(
        to_event=frozenset(to_event),
        to_activity=frozenset(to_activity),
        agreed=frozenset(agreed),
        conflicts=frozenset(conflicts),
        held_back=held_back,
    )


def _winner(pair: _Pair, policy: Policy) -> Side:
    """Who wins a true conflict; on a tie, or where the calendar tells no time, Pipedrive."""
    match policy.settings.conflict_winner:
        case ConflictWinner.CRM:
            return Side.CRM
        case ConflictWinner.CALENDAR:
            return Side.CALENDAR
        case ConflictWinner.LATEST:
            # Pipedrive's stamps have whole seconds only.
            stamp = pair.event.updated_at
            later = stamp is not None and stamp.replace(microsecond=0) > (
                pair.activity.updated_at.replace(microsecond=0)
            )
            return Side.CALENDAR if later else Side.CRM


def _event_step(
    pair: _Pair, merge: _Merge, policy: Policy, now: datetime
) -> tuple[Write, Pending, str] | None:
    """The write to the calendar, and the deal/contact block that it leaves there."""
    block = wanted_block(pair.activity, pair.link.block, policy)
    fields = merge.to_event
    future = not starts_in_past(pair.shown_e.schedule, policy, now)
    if block != pair.link.block and future and MeetingField.DESCRIPTION not in merge.to_activity:
        fields |= {MeetingField.DESCRIPTION}
    if not fields:
        return None
    agreed = pair.shown_a.model_copy(
        update={
            "schedule": event_schedule(
                pair.shown_a.schedule,
                was_activity=pair.base.activity.schedule,
                was_event=pair.base.event.schedule,
            )
        }
    )
    after = pair.shown_e.with_fields(agreed, merge.to_event)
    target = after
    if MeetingField.DESCRIPTION in fields:
        target = after.model_copy(update={"description": with_block(after.description, block)})
    else:
        block = pair.link.block
    pending = Pending(
        verb=Verb.UPDATE,
        fields=fields,
        reason=Reason.UPDATED,
        revision=pair.link.revision + 1,
        agreed=pair.shown_a.with_fields(pair.base.activity, fields - merge.to_event),
        before=pair.shown_e,
        after=after,
    )
    return Write(Side.CALENDAR, Verb.UPDATE, fields, target), pending, block


def _activity_step(pair: _Pair, fields: Fields) -> tuple[Write, Pending]:
    target = pair.shown_a.with_fields(as_activity_shows(pair.shown_e), fields)
    pending = Pending(
        verb=Verb.UPDATE,
        fields=fields,
        reason=Reason.UPDATED,
        revision=pair.link.revision + 1,
        agreed=pair.shown_e,
        before=pair.shown_a,
        after=target,
    )
    return Write(Side.CRM, Verb.UPDATE, fields, target), pending


def _conflict_entries(merge: _Merge, shown_a: Meeting, shown_e: Meeting) -> tuple[Entry, ...]:
    """The loser's value of each conflict, kept for the history."""
    lost_by_e = merge.conflicts & merge.to_event
    lost_by_a = merge.conflicts & merge.to_activity
    rows = (
        Entry(Side.CALENDAR, "conflict", Reason.CONFLICT, shown_e, shown_a, lost_by_e),
        Entry(Side.CRM, "conflict", Reason.CONFLICT, shown_a, shown_e, lost_by_a),
    )
    return tuple(row for row in rows if row.fields)
