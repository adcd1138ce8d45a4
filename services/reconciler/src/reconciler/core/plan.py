"""The one door of the core: `plan` decides what follows from what was observed of one pair.

Total and deterministic: the same observation, policy and moment give the same plan. A plan is
never a to-do list that must survive; it can be made again from what is stored.
"""

from dataclasses import replace
from datetime import datetime

from reconciler.core.both import plan_both
from reconciler.core.gone import plan_activity_gone, plan_event_gone
from reconciler.core.model import (
    ALL_FIELDS,
    NO_FIELDS,
    Gone,
    Link,
    LinkState,
    Observed,
    Pending,
    Plan,
    Policy,
    Verb,
    Write,
)
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.policy import (
    activity_ineligible,
    activity_not_creatable,
    event_not_creatable,
)
from reconciler.core.reasons import Reason
from reconciler.core.text import with_block
from reconciler.core.transitions import dissolve, rest, start_write, wanted_block
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot, Response
from tandem.contracts.meetings import Side


def plan(observed: Observed, *, policy: Policy, now: datetime) -> Plan:
    """Decide about one pair of a connection, after the rulebook's decision table."""
    link = observed.link
    if link is None or link.state is LinkState.DISSOLVED:
        return _plan_unlinked(observed, policy, now)
    if link.pending:
        return Plan(Reason.AWAITING)
    return _plan_linked(link, observed, policy, now)


def _plan_unlinked(observed: Observed, policy: Policy, now: datetime) -> Plan:
    activity, event = observed.activity, observed.event
    if isinstance(activity, ActivitySnapshot):
        return _plan_new_activity(activity, observed, policy, now)
    if isinstance(event, EventSnapshot):
        return _plan_new_event(event, observed, policy, now)
    return Plan(Reason.NO_CHANGE)


def _plan_new_activity(
    activity: ActivitySnapshot, observed: Observed, policy: Policy, now: datetime
) -> Plan:
    if observed.link is not None and Side.CRM in observed.link.suppress:
        return Plan(observed.link.reason or Reason.SUPPRESSED)
    if observed.contested:
        return Plan(Reason.AWAITING)
    if reason := activity_not_creatable(activity, policy, now):
        return Plan(reason)
    meeting = meeting_of_activity(activity, policy)
    if meeting is None:
        return Plan(Reason.NO_DUE_DATE)
    link = Link(
        link_id=None,
        origin=Side.CRM,
        activity_id=activity.activity_id,
        activity_type=activity.type,
    )
    return create_event(link, activity, policy)


def _plan_new_event(
    event: EventSnapshot, observed: Observed, policy: Policy, now: datetime
) -> Plan:
    if observed.link is not None and Side.CALENDAR in observed.link.suppress:
        undeclined = (
            observed.link.reason is Reason.DECLINED and event.response is not Response.DECLINED
        )
        if not undeclined:
            return Plan(observed.link.reason or Reason.SUPPRESSED)
    if reason := event_not_creatable(event, policy, now):
        return Plan(reason)
    link = Link(
        link_id=None,
        origin=Side.CALENDAR,
        event_id=event.event_id,
        activity_type=policy.settings.save_events_as,
    )
    return create_activity(link, event, policy)


def create_event(link: Link, activity: ActivitySnapshot, policy: Policy) -> Plan:
    """Make the event of an activity that has a due date."""
    agreed = meeting_of_activity(activity, policy)
    if agreed is None:
        return Plan(Reason.NO_DUE_DATE)
    block = wanted_block(activity, link.block, policy)
    target = agreed.model_copy(update={"description": with_block(agreed.description, block)})
    pending = Pending(
        verb=Verb.CREATE,
        fields=ALL_FIELDS,
        reason=Reason.CREATED,
        revision=link.revision + 1,
        agreed=agreed,
        after=agreed,
    )
    return start_write(
        replace(link, block=block), Write(Side.CALENDAR, Verb.CREATE, ALL_FIELDS, target), pending
    )


def create_activity(link: Link, event: EventSnapshot, policy: Policy) -> Plan:
    """Make the activity of an event."""
    agreed = meeting_of_event(event, policy)
    pending = Pending(
        verb=Verb.CREATE,
        fields=ALL_FIELDS,
        reason=Reason.CREATED,
        revision=link.revision + 1,
        agreed=agreed,
        after=as_activity_shows(agreed),
    )
    return start_write(
        link, Write(Side.CRM, Verb.CREATE, ALL_FIELDS, as_activity_shows(agreed)), pending
    )


def _plan_linked(link: Link, observed: Observed, policy: Policy, now: datetime) -> Plan:
    activity, event = observed.activity, observed.event
    if isinstance(activity, Gone) and isinstance(event, Gone):
        return dissolve(link, Reason.DELETED)
    if isinstance(activity, ActivitySnapshot) and (reason := activity_ineligible(activity, policy)):
        return _plan_ineligible(link, activity, event, reason, policy)
    if link.state is LinkState.RESTING:
        woken = _woken(link, observed, policy)
        if woken is None:
            return Plan(link.reason or Reason.NO_CHANGE)
        link = woken
    return _plan_awake(link, activity, event, policy=policy, now=now)


def _plan_awake(
    link: Link,
    activity: ActivitySnapshot | Gone | None,
    event: EventSnapshot | Gone | None,
    *,
    policy: Policy,
    now: datetime,
) -> Plan:
    if isinstance(activity, Gone) and isinstance(event, EventSnapshot):
        return plan_activity_gone(link, event, policy, now, create_activity=create_activity)
    if activity is None and link.activity_id is None and isinstance(event, EventSnapshot):
        return _create_again(link, event_not_creatable(event, policy, now)) or create_activity(
            link, event, policy
        )
    if not isinstance(activity, ActivitySnapshot):
        return Plan(Reason.NO_CHANGE)
    if event is None and link.event_id is None:
        return _create_again(link, activity_not_creatable(activity, policy, now)) or create_event(
            link, activity, policy
        )
    if event is None:
        return Plan(Reason.NO_CHANGE)
    declined = (
        isinstance(event, EventSnapshot)
        and event.response is Response.DECLINED
        and link.origin is Side.CALENDAR
    )
    if isinstance(event, Gone) or declined:
        return plan_event_gone(
            link, activity, policy, now, declined=declined, create_event=create_event
        )
    return plan_both(link, activity, event, policy=policy, now=now)


def _create_again(link: Link, refusal: Reason | None) -> Plan | None:
    """A create that was not done is tried again, unless there is no ground for it any more."""
    return dissolve(link, refusal) if refusal else None


def _plan_ineligible(
    link: Link,
    activity: ActivitySnapshot,
    event: EventSnapshot | Gone | None,
    reason: Reason,
    policy: Policy,
) -> Plan:
    """An activity that may not be synced any more: its event goes, unless it is the user's own."""
    if isinstance(event, Gone) or link.event_id is None:
        return dissolve(link, reason)
    unticked = reason is Reason.TYPE_NOT_SYNCED and activity.type == link.activity_type
    if unticked or link.origin is Side.CALENDAR or not isinstance(event, EventSnapshot):
        return rest(link, reason)
    pending = Pending(
        verb=Verb.DELETE,
        fields=NO_FIELDS,
        reason=reason,
        revision=link.revision + 1,
        before=meeting_of_event(event, policy),
    )
    return start_write(link, Write(Side.CALENDAR, Verb.DELETE, NO_FIELDS), pending)


_WAKE_WHEN_ELIGIBLE = frozenset(
    {Reason.TYPE_NOT_SYNCED, Reason.OWNER_CHANGED, Reason.NO_DUE_DATE, Reason.NOT_OWNER}
)
_WAKE_WHEN_CHANGED = frozenset({Reason.PROVIDER_REFUSED, Reason.NOT_ORGANIZER})


def _woken(link: Link, observed: Observed, policy: Policy) -> Link | None:
    """The link awake again, or None while the cause of its rest holds."""
    if link.reason in _WAKE_WHEN_ELIGIBLE:
        return replace(link, state=LinkState.ACTIVE, reason=None)
    if link.reason in _WAKE_WHEN_CHANGED:
        activity, event = observed.activity, observed.event
        gone = isinstance(activity, Gone) or isinstance(event, Gone)
        changed = (
            isinstance(activity, ActivitySnapshot)
            and link.refused is not None
            and meeting_of_activity(activity, policy) != link.refused.activity
        ) or (
            isinstance(event, EventSnapshot)
            and link.refused is not None
            and meeting_of_event(event, policy) != link.refused.event
        )
        if gone or changed:
            return replace(link, state=LinkState.ACTIVE, reason=None, refused=None)
    return None
