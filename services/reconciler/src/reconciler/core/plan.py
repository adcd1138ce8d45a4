"""The one door of the core: `plan` decides what follows from what was observed of one pair.

Total and deterministic: the same observation, policy and moment give the same plan. A plan is
never a to-do list that must survive; it can be made again from what is stored.
"""

from dataclasses import replace
from datetime import datetime

from reconciler.core.both import plan_both
from reconciler.core.changes import shown_event
from reconciler.core.create import create_activity, create_event
from reconciler.core.gone import (
    APART,
    delete_event,
    event_not_worth_an_activity,
    plan_activity_gone,
    plan_event_gone,
    plan_gone_while_apart,
)
from reconciler.core.model import Gone, Link, LinkState, Observed, Plan, Policy, Refusal
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.policy import (
    activity_not_creatable,
    event_not_creatable,
    is_declined,
    no_longer_eligible,
    type_is_synced,
)
from reconciler.core.reasons import REFUSALS, Reason
from reconciler.core.reunion import reunite
from reconciler.core.series import series_of
from reconciler.core.transitions import dissolve, rest, write_failed
from reconciler.core.unheard import heard_of, taken_up, update_heard_of
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Side

_WAKES_BY_ITSELF = APART | REFUSALS | {Reason.DECLINED}
"""Reasons to rest that pass with a change of either side or of the settings."""


def plan(observed: Observed, *, policy: Policy, now: datetime) -> Plan:
    """Decide about one pair of a connection, after the rulebook's decision table."""
    link = observed.link
    if link is not None and (found := heard_of(link, observed, policy)):
        return found
    if link is None or link.state is LinkState.DISSOLVED:
        return _plan_unlinked(observed, policy, now)
    if link.pending:
        return Plan(Reason.AWAITING)
    return _plan_linked(link, observed, policy, now)


def _plan_unlinked(observed: Observed, policy: Policy, now: datetime) -> Plan:
    link, activity, event = observed.link, observed.activity, observed.event
    both_there = isinstance(activity, ActivitySnapshot) and isinstance(event, EventSnapshot)
    if link is not None and both_there:
        return reunite(link)
    if isinstance(activity, ActivitySnapshot):
        return _plan_new_activity(activity, observed, policy, now)
    if isinstance(event, EventSnapshot):
        return _plan_new_event(event, observed, policy, now)
    return Plan(Reason.NO_CHANGE)


def _plan_new_activity(
    activity: ActivitySnapshot, observed: Observed, policy: Policy, now: datetime
) -> Plan:
    former = observed.link
    if former is not None and Side.CRM in former.suppress and not _reopened(former, activity):
        return Plan(former.reason or Reason.SUPPRESSED)
    if observed.contested:
        return Plan(Reason.AWAITING)
    if reason := activity_not_creatable(activity, policy, now):
        given_away = former is not None and former.reason is Reason.OWNER_CHANGED
        return Plan(Reason.OWNER_CHANGED if given_away and reason is Reason.NOT_OWNER else reason)
    link = replace(
        taken_up(former, Side.CALENDAR) or Link(link_id=None, origin=Side.CRM),
        origin=Side.CRM,
        activity_id=activity.activity_id,
        activity_type=activity.type,
    )
    return create_event(link, activity, policy)


def _plan_new_event(
    event: EventSnapshot, observed: Observed, policy: Policy, now: datetime
) -> Plan:
    former = observed.link
    if former is not None and Side.CALENDAR in former.suppress:
        return Plan(former.reason or Reason.SUPPRESSED)
    if reason := event_not_creatable(event, policy, now):
        return Plan(reason)
    if observed.contested:
        return Plan(Reason.AWAITING)
    if observed.crowded:
        return Plan(Reason.RECURRING_LIMIT)
    chosen = policy.settings.save_events_as
    link = replace(
        taken_up(former, Side.CRM) or Link(link_id=None, origin=Side.CALENDAR),
        origin=Side.CALENDAR,
        event_id=event.event_id,
        activity_type=chosen if type_is_synced(chosen, policy) else None,
        series_id=series_of(event),
    )
    return create_activity(link, event, policy)


def _reopened(former: Link, activity: ActivitySnapshot) -> bool:
    """Whether an activity that was kept as done, without an event, is to be done again."""
    kept_alone = former.reason is Reason.DONE_KEPT and Side.CALENDAR not in former.suppress
    return kept_alone and not activity.done


def _plan_linked(link: Link, observed: Observed, policy: Policy, now: datetime) -> Plan:
    if _waits(link, observed) or _is_unseen(link, observed):
        return Plan(link.reason or Reason.NO_CHANGE)
    if _is_over(observed):
        return dissolve(link, Reason.DELETED)
    if observed.remade:
        # The link goes on with what is made, or is decided again if that comes to nothing.
        return Plan(Reason.AWAITING)
    decided = _plan_apart(link, observed, policy)
    if decided is None:
        awake = _awake(link)
        decided = _plan_heard(awake, observed, policy, now)
        if decided.link is None and awake is not link:
            decided = replace(decided, link=awake)
    if _comes_to_the_same_rest(link, decided):
        return Plan(link.reason or decided.reason)
    return _without_refused(link, decided)


def _awake(link: Link) -> Link:
    """The link as it is when it does not rest, and nothing asked for is left to be done."""
    at_work = link.state is LinkState.ACTIVE and link.reason is None
    if at_work and link.refused is None and not link.quiet:
        return link
    return replace(link, state=LinkState.ACTIVE, reason=None, refused=None, quiet=False)


def _waits(link: Link, observed: Observed) -> bool:
    """Whether a link rests until somebody says otherwise.

    A held deletion that is no more, because the item is back or both are gone, waits for nobody.
    """
    if link.state is not LinkState.RESTING or link.reason in _WAKES_BY_ITSELF:
        return False
    if link.reason is not Reason.HELD_MASS_DELETE:
        return True
    event = observed.event
    back = (
        isinstance(observed.activity, ActivitySnapshot)
        and isinstance(event, EventSnapshot)
        and not is_declined(link, event)
    )
    return not (back or _is_over(observed))


def _is_unseen(link: Link, observed: Observed) -> bool:
    """Whether a side is there that was never observed, so that nothing is known of its state."""
    return (link.activity_id is not None and observed.activity is None) or (
        link.event_id is not None and observed.event is None
    )


def _is_over(observed: Observed) -> bool:
    """Whether no side is left."""
    return not isinstance(observed.activity, ActivitySnapshot) and not isinstance(
        observed.event, EventSnapshot
    )


def _without_refused(link: Link, decided: Plan) -> Plan:
    """A plan without what was refused, of items that are still the same; that stays refused.

    A write to the other side, which nobody has refused, is none the worse for it.
    """
    after = decided.link
    if after is None:
        return decided
    repeated = {one.side: one for one in link.refusals if _is_asked_for(after, one)}
    if not repeated:
        return decided
    kept = tuple(write for write in decided.writes if write.side not in repeated)
    if not kept:
        return Plan(link.reason or decided.reason)
    [(side, refusal)] = repeated.items()
    resting = replace(
        write_failed(after, side),
        state=link.state,
        reason=link.reason,
        refused=refusal,
        also_refused=None,
    )
    # What that side was to lose in a conflict was told when it was refused.
    entries = tuple(one for one in decided.entries if (one.side, one.action) != (side, "conflict"))
    return replace(decided, link=resting, writes=kept, entries=entries)


def _is_asked_for(link: Link, refusal: Refusal) -> bool:
    asked = link.pending_on(refusal.side)
    return asked is not None and asked.asks_the_same(refusal.write)


def _comes_to_the_same_rest(link: Link, decided: Plan) -> bool:
    after = decided.link
    return (
        after is not None
        and after.state is link.state is LinkState.RESTING
        and after.reason is link.reason
    )


def _plan_apart(link: Link, observed: Observed, policy: Policy) -> Plan | None:
    """What follows where the activity is not one to be synced; None where it is."""
    activity = observed.activity
    if isinstance(activity, ActivitySnapshot):
        reason = no_longer_eligible(link, activity, policy)
        return _plan_ineligible(link, activity, observed.event, reason, policy) if reason else None
    was_apart = link.state is LinkState.RESTING and link.reason in APART
    return plan_gone_while_apart(link, policy) if was_apart else None


def _plan_heard(link: Link, observed: Observed, policy: Policy, now: datetime) -> Plan:
    """As `_plan_awake`, once what the items show of our own updates is no edit any more."""
    if link.attempted is None:
        return _plan_awake(link, observed, policy, now)
    heard, told = update_heard_of(link, _shown(link, observed, policy))
    decided = _plan_awake(heard, observed, policy, now)
    if heard is link:
        return decided
    return replace(decided, link=decided.link or heard, entries=(*told, *decided.entries))


def _shown(link: Link, observed: Observed, policy: Policy) -> dict[Side, Meeting]:
    """What the sides that are there show."""
    shown: dict[Side, Meeting | None] = {}
    kind = None
    if isinstance(observed.activity, ActivitySnapshot):
        kind = observed.activity.type
        shown[Side.CRM] = meeting_of_activity(observed.activity, policy)
    if isinstance(observed.event, EventSnapshot):
        shown[Side.CALENDAR] = shown_event(link, observed.event, policy, activity_type=kind)
    return {side: meeting for side, meeting in shown.items() if meeting is not None}


def _plan_awake(link: Link, observed: Observed, policy: Policy, now: datetime) -> Plan:
    activity, event = observed.activity, observed.event
    if isinstance(activity, ActivitySnapshot):
        if isinstance(event, EventSnapshot) and not is_declined(link, event):
            return plan_both(link, activity, event, policy=policy, now=now)
        if event is not None:
            declined = isinstance(event, EventSnapshot)
            return plan_event_gone(link, activity, policy, now, declined=declined)
        refusal = activity_not_creatable(activity, policy, now)
        return dissolve(link, refusal) if refusal else create_event(link, activity, policy)
    if not isinstance(event, EventSnapshot):
        return Plan(Reason.NO_CHANGE)
    if activity is not None:
        return plan_activity_gone(link, event, policy, now)
    refusal = event_not_worth_an_activity(link, event, policy, now)
    return dissolve(link, refusal) if refusal else create_activity(link, event, policy)


def _plan_ineligible(
    link: Link,
    activity: ActivitySnapshot,
    event: EventSnapshot | Gone | None,
    reason: Reason,
    policy: Policy,
) -> Plan:
    """An activity that may not be synced any more: its event goes, unless it is the user's own.

    A link whose event stays rests: that remembers the event, so that it does not come back as a
    new activity, and mends itself when the activity comes back.
    """
    if not isinstance(event, EventSnapshot):
        return dissolve(link, reason)
    if link.origin is Side.CALENDAR:
        return rest(link, reason)
    unticked = not type_is_synced(activity.type, policy) and reason is not Reason.OWNER_CHANGED
    if unticked and (link.reason is Reason.TYPE_NOT_SYNCED or activity.type == link.activity_type):
        return rest(link, Reason.TYPE_NOT_SYNCED)
    return delete_event(link, shown_event(link, event, policy), reason)
