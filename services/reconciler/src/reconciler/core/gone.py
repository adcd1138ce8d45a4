"""One side of a link was deleted: follow it, or let an edit of the other side beat the deletion."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from reconciler.core.changes import carried_event_changes
from reconciler.core.model import NO_FIELDS, Link, Pending, Plan, Policy, Verb, Write
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.policy import activity_not_creatable
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve, start_write
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side

CreateActivity = Callable[[Link, EventSnapshot, Policy], Plan]
CreateEvent = Callable[[Link, ActivitySnapshot, Policy], Plan]


def plan_activity_gone(
    link: Link,
    event: EventSnapshot,
    policy: Policy,
    now: datetime,
    *,
    create_activity: CreateActivity,
) -> Plan:
    """The activity was deleted, the event is there."""
    changed = carried_event_changes(link, event, policy, now).fields
    if changed and policy.two_way:
        again = replace(link, activity_id=None, generation=link.generation + 1, base=None)
        return create_activity(again, event, policy)
    if link.origin is Side.CRM or event.is_organizer:
        pending = Pending(
            verb=Verb.DELETE,
            fields=NO_FIELDS,
            reason=Reason.DELETED,
            revision=link.revision + 1,
            before=meeting_of_event(event, policy),
        )
        return start_write(link, Write(Side.CALENDAR, Verb.DELETE, NO_FIELDS), pending)
    return dissolve(link, Reason.NOT_ORGANIZER, suppress=frozenset({Side.CALENDAR}))


def plan_event_gone(
    link: Link,
    activity: ActivitySnapshot,
    policy: Policy,
    now: datetime,
    *,
    declined: bool,
    create_event: CreateEvent,
) -> Plan:
    """The event was deleted, or declined by the user where it came from the calendar."""
    keep_activity = frozenset({Side.CRM, Side.CALENDAR} if declined else {Side.CRM})
    shown = meeting_of_activity(activity, policy)
    changed = link.base is not None and shown != link.base.activity
    if changed:
        if declined:
            return dissolve(link, Reason.DECLINED, suppress=keep_activity)
        if reason := activity_not_creatable(activity, policy, now):
            kept = Reason.DONE_KEPT if reason is Reason.DONE else reason
            return dissolve(link, kept, suppress=keep_activity)
        again = replace(link, event_id=None, generation=link.generation + 1, base=None, block="")
        return create_event(again, activity, policy)
    if activity.done:
        return dissolve(link, Reason.DONE_KEPT, suppress=keep_activity)
    if not policy.two_way and link.origin is Side.CALENDAR:
        return dissolve(link, Reason.ONE_WAY, suppress=keep_activity)
    pending = Pending(
        verb=Verb.DELETE,
        fields=NO_FIELDS,
        reason=Reason.DECLINED if declined else Reason.DELETED,
        revision=link.revision + 1,
        before=shown,
        suppress=frozenset({Side.CALENDAR}) if declined else frozenset(),
    )
    return start_write(link, Write(Side.CRM, Verb.DELETE, NO_FIELDS), pending)
