"""One side of a link was deleted: follow it, or let an edit of the other side beat the deletion."""

from dataclasses import replace
from datetime import datetime

from reconciler.core.changes import activity_edits, carried_event_changes, shown_event
from reconciler.core.create import create_activity_again, create_event_again
from reconciler.core.model import Link, Plan, Policy
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.policy import (
    activity_not_creatable,
    event_not_creatable,
    is_declined,
    type_is_synced,
)
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve, rest, start_delete
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Side

APART = frozenset({Reason.TYPE_NOT_SYNCED, Reason.OWNER_CHANGED, Reason.NO_DUE_DATE})
"""Why a link rests while its activity is not one to be synced."""
_CRM = frozenset({Side.CRM})
_CALENDAR = frozenset({Side.CALENDAR})


def plan_activity_gone(link: Link, event: EventSnapshot, policy: Policy, now: datetime) -> Plan:
    """The activity was deleted, the event is there. An occurrence stays and does not come back."""
    if is_declined(link, event):
        return dissolve(link, Reason.DECLINED)
    if event.series is not None:
        return dissolve(link, Reason.SUPPRESSED, suppress=_CRM | _CALENDAR)
    shown = shown_event(link, event, policy)
    if policy.two_way and (wanted := _plan_for_edits(link, event, shown, policy, now)):
        return wanted
    if link.origin is Side.CRM or event.is_organizer:
        return delete_event(link, shown, Reason.DELETED)
    return dissolve(link, Reason.NOT_ORGANIZER, suppress=_CALENDAR)


def _plan_for_edits(
    link: Link, event: EventSnapshot, shown: Meeting, policy: Policy, now: datetime
) -> Plan | None:
    """What the edits of an event without its activity ask for; None where there are none.

    Those that may not be carried are nowhere else: the event stays, and does not come back.
    """
    edits = carried_event_changes(link, event, shown, policy, now)
    if edits.fields:
        refusal = event_not_worth_an_activity(link, event, policy, now)
        return dissolve(link, refusal) if refusal else create_activity_again(link, event, policy)
    if edits.held_back is None:
        return None
    return dissolve(link, edits.held_back, suppress=_CALENDAR)


def plan_gone_while_apart(link: Link, policy: Policy) -> Plan | None:
    """The activity of a resting link was deleted; None where that is to be followed.

    The user's own event stays and does not come back. Ours rests with its type, and goes once
    that is ticked again.
    """
    if link.origin is Side.CALENDAR:
        return dissolve(link, link.reason or Reason.DELETED, suppress=_CALENDAR)
    unticked = link.activity_type is not None and not type_is_synced(link.activity_type, policy)
    return Plan(Reason.TYPE_NOT_SYNCED) if unticked else None


def plan_event_gone(
    link: Link,
    activity: ActivitySnapshot,
    policy: Policy,
    now: datetime,
    *,
    declined: bool,
) -> Plan:
    """The event was deleted, or declined by the user where it came from the calendar.

    An edit of an occurrence's activity does not count: it was to be put back. A declined event is
    still there, so one whose activity was edited is not made twice: the link rests until the user
    changes his mind.
    """
    shown = meeting_of_activity(activity, policy)
    may_edit = link.series_id is None
    if may_edit and link.base and shown and activity_edits(link.base, activity, shown):
        if declined:
            return rest(link, Reason.DECLINED)
        refusal = activity_not_creatable(activity, policy, now)
        if refusal is None:
            return create_event_again(link, activity, policy)
        if refusal is not Reason.DONE:
            return dissolve(link, refusal)
    keep_activity = _CRM | _CALENDAR if declined else _CRM
    if activity.done:
        return dissolve(link, Reason.DONE_KEPT, suppress=keep_activity)
    if not policy.two_way and link.origin is Side.CALENDAR:
        return dissolve(link, Reason.ONE_WAY, suppress=keep_activity)
    return start_delete(link, Side.CRM, shown, Reason.DECLINED if declined else Reason.DELETED)


def delete_event(link: Link, shown: Meeting | None, reason: Reason) -> Plan:
    """Delete the event of a link; `shown` is what the history says that it was."""
    return start_delete(link, Side.CALENDAR, shown, reason)


def delete_after_end(link: Link, side: Side, shown: Meeting | None, reason: Reason) -> Plan:
    """Delete an item of a link that has ended already, and stays so."""
    decided = start_delete(link, side, shown, reason)
    if decided.link is None:
        return decided
    return replace(decided, link=replace(decided.link, state=link.state, reason=link.reason))


def event_not_worth_an_activity(
    link: Link, event: EventSnapshot, policy: Policy, now: datetime
) -> Reason | None:
    """Why a linked event without its activity gets none again; our own mark is no reason."""
    accepted = event.model_copy(update={"link_mark": None})
    reason = event_not_creatable(accepted, policy, now)
    return None if reason is Reason.DECLINED and not is_declined(link, event) else reason
