"""What is eligible, and if not, why: the filters of both directions, in the order users expect."""

from datetime import datetime, timedelta

from reconciler.core.model import Link, Policy
from reconciler.core.normalize import schedule_of_activity
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import PrivateEvents
from tandem.contracts.events import EventKind, EventSnapshot, Response
from tandem.contracts.meetings import AllDay, Schedule, Side


def starts_in_past(schedule: Schedule, policy: Policy, now: datetime) -> bool:
    """Whether a meeting started before now; an all-day one, before today where the owner is."""
    if isinstance(schedule, AllDay):
        return schedule.first < now.astimezone(policy.zone).date()
    return schedule.start < now


def is_mailed_anyway(event: EventSnapshot, policy: Policy) -> bool:
    """Whether the provider mails the guests of an event whatever is done to it."""
    return policy.mails_any_change and any(not one.is_self for one in event.attendees)


def type_is_synced(key: str, policy: Policy) -> bool:
    """Whether activities of a type are synced."""
    return policy.settings.synced_types is None or key in policy.settings.synced_types


def activity_ineligible(activity: ActivitySnapshot, policy: Policy) -> Reason | None:
    """Why an activity may have no event, whether it has one already or not."""
    if activity.owner_id != policy.user_id:
        return Reason.OWNER_CHANGED
    if activity.due_date is None:
        return Reason.NO_DUE_DATE
    if not type_is_synced(activity.type, policy):
        return Reason.TYPE_NOT_SYNCED
    return None


def no_longer_eligible(link: Link, activity: ActivitySnapshot, policy: Policy) -> Reason | None:
    """Why a linked activity may not be synced any more.

    The user may save events as a type that is not ticked; that alone stops nothing.
    """
    reason = activity_ineligible(activity, policy)
    if reason is Reason.TYPE_NOT_SYNCED and link.activity_type is None:
        return None
    return reason


def is_declined(link: Link, event: EventSnapshot) -> bool:
    """Whether the user's own no counts as a deletion: only where the calendar had it first."""
    return event.response is Response.DECLINED and link.origin is Side.CALENDAR


def activity_not_creatable(
    activity: ActivitySnapshot, policy: Policy, now: datetime
) -> Reason | None:
    """Why no event is made for an activity that has none."""
    if activity.owner_id != policy.user_id:
        return Reason.NOT_OWNER
    if reason := activity_ineligible(activity, policy):
        return reason
    if activity.done:
        return Reason.DONE
    schedule = schedule_of_activity(activity, policy)
    if schedule is None or starts_in_past(schedule, policy, now):
        return Reason.PAST
    return None


def event_not_creatable(event: EventSnapshot, policy: Policy, now: datetime) -> Reason | None:
    """Why no activity is made for an event that has none."""
    reason: Reason | None = None
    if event.link_mark is not None:
        reason = Reason.SUPPRESSED
    elif not policy.two_way:
        reason = Reason.ONE_WAY
    elif event.kind is not EventKind.ORDINARY:
        reason = Reason.EVENT_KIND
    elif event.response is Response.DECLINED:
        reason = Reason.DECLINED
    elif event.private and policy.settings.private_events is PrivateEvents.SKIP:
        reason = Reason.PRIVATE
    elif starts_in_past(event.schedule, policy, now):
        reason = Reason.PAST
    elif event.series is not None and not starts_in_past(
        event.schedule, policy, now + timedelta(days=policy.settings.horizon_days)
    ):
        reason = Reason.BEYOND_HORIZON
    return reason
