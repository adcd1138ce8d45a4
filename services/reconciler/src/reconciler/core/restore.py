"""What people order by hand: a deleted side is made again, an earlier write is taken back.

An earlier state is written to the side that it came from, as its user would have done; the plan
that follows carries it to the other one. Where an edit of the event is not carried, it is written
to the activity, of which every edit is.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.changes import carried_event_changes, shown_event
from reconciler.core.create import create_activity_again, create_event_again, without_activity
from reconciler.core.model import (
    ALL_FIELDS,
    NO_FIELDS,
    Fields,
    Gone,
    Link,
    LinkState,
    Observed,
    Pending,
    Plan,
    Policy,
    Refusal,
    Verb,
    Write,
)
from reconciler.core.normalize import as_activity_shows, is_redacted, meeting_of_activity
from reconciler.core.policy import is_declined, no_longer_eligible
from reconciler.core.reasons import Reason
from reconciler.core.text import with_block
from reconciler.core.transitions import dissolve, rest, start_delete, start_write
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side


@dataclass(frozen=True, slots=True)
class Deed:
    """A write of ours as the history tells it: to which side, and what it was before.

    `before` is a whole meeting, of which `fields` are meant; None where there was nothing.
    `source` is the side that an earlier value is written back to: where the change came from, or
    where the value lost a conflict or was taken back.
    """

    side: Side
    verb: Verb
    before: Meeting | None
    fields: Fields
    source: Side


def restore(link: Link, observed: Observed, policy: Policy) -> Plan:
    """Make the deleted side of a link again, whatever speaks against a new item.

    An activity that may not be synced any more gets none: its link ends.
    """
    activity, event = observed.activity, observed.event
    awake = replace(link, state=LinkState.ACTIVE, reason=None)
    if isinstance(activity, ActivitySnapshot) and isinstance(event, EventSnapshot):
        if not is_declined(link, event):
            return Plan(Reason.NO_CHANGE)
        return _kept_though_declined(link, activity, policy)
    if isinstance(activity, ActivitySnapshot):
        if reason := no_longer_eligible(link, activity, policy):
            return dissolve(link, reason)
        return _by_order(create_event_again(awake, activity, policy))
    if isinstance(event, EventSnapshot):
        return _by_order(create_activity_again(awake, event, policy))
    return dissolve(link, Reason.DELETED)


def _kept_though_declined(link: Link, activity: ActivitySnapshot, policy: Policy) -> Plan:
    """The user does not want the deletion: it is not asked for again; the event stays as it is."""
    unwanted = start_delete(link, Side.CRM, meeting_of_activity(activity, policy), Reason.DECLINED)
    resting = rest(link, Reason.DECLINED)
    if unwanted.link is None or unwanted.link.pending_activity is None or resting.link is None:
        return resting
    refused = Refusal(Side.CRM, unwanted.link.pending_activity)
    return replace(resting, link=replace(resting.link, refused=refused))


def undo(link: Link, deed: Deed, observed: Observed, policy: Policy, now: datetime) -> Plan:
    """Take a write back; a plan without writes says by its reason why that can not be done."""
    if link.pending:
        return Plan(Reason.AWAITING)
    match deed.verb:
        case Verb.DELETE:
            return _undelete(link, deed, observed, policy)
        case Verb.CREATE:
            return _uncreate(link, deed.side, observed, policy)
        case Verb.UPDATE:
            return _write_back(link, deed, observed, policy, now)


def _undelete(link: Link, deed: Deed, observed: Observed, policy: Policy) -> Plan:
    if link.state is not LinkState.DISSOLVED:
        return Plan(Reason.NO_CHANGE)
    activity, event = observed.activity, observed.event
    if isinstance(activity, ActivitySnapshot):
        reason = no_longer_eligible(link, activity, policy)
        return Plan(reason) if reason else restore(link, replace(observed, event=None), policy)
    if isinstance(event, EventSnapshot):
        declined = Reason.DECLINED if is_declined(link, event) else None
        return Plan(declined) if declined else restore(link, observed, policy)
    if deed.before is None:
        return Plan(Reason.DELETED)
    return _create_from(link, deed.before)


def _create_from(link: Link, meeting: Meeting) -> Plan:
    """Make the origin's item of what is remembered; its other side follows from it."""
    side = link.origin
    target = as_activity_shows(meeting) if side is Side.CRM else meeting
    again = replace(
        without_activity(link),
        event_id=None,
        generation=link.generation + 1,
        base=None,
        block="",
        suppress=frozenset(),
        series_id=None,
    )
    pending = Pending(
        verb=Verb.CREATE,
        fields=ALL_FIELDS,
        reason=Reason.UNDONE,
        revision=link.revision + 1,
        after=target,
    )
    return start_write(again, Write(side, Verb.CREATE, ALL_FIELDS, target), pending)


def _uncreate(link: Link, side: Side, observed: Observed, policy: Policy) -> Plan:
    """Delete what was made; the item that it was made of stays and does not come back."""
    item = observed.activity if side is Side.CRM else observed.event
    if link.state is LinkState.DISSOLVED or item is None or isinstance(item, Gone):
        return Plan(Reason.DELETED)
    shown = (
        meeting_of_activity(item, policy)
        if isinstance(item, ActivitySnapshot)
        else shown_event(link, item, policy)
    )
    return start_delete(link, side, shown, Reason.UNDONE, suppress=frozenset({side.other}))


def _write_back(link: Link, deed: Deed, observed: Observed, policy: Policy, now: datetime) -> Plan:
    activity, event = observed.activity, observed.event
    if not isinstance(activity, ActivitySnapshot) or not isinstance(event, EventSnapshot):
        return Plan(link.reason or Reason.DELETED)
    if link.state is not LinkState.ACTIVE or deed.before is None:
        return Plan(link.reason or Reason.NO_CHANGE)
    if event.series is not None:
        return Plan(Reason.RECURRING_READ_ONLY)
    if is_redacted(event, policy) and deed.fields != {MeetingField.SCHEDULE}:
        return Plan(Reason.PRIVATE)
    shown = shown_event(link, event, policy, activity_type=activity.type)
    edited = shown.with_fields(deed.before, deed.fields)
    stays = carried_event_changes(link, event, edited, policy, now).held_back is not None
    if deed.source is Side.CRM or stays:
        return _put_back(link, Side.CRM, meeting_of_activity(activity, policy), deed)
    return _put_back(link, Side.CALENDAR, shown, deed)


def _put_back(link: Link, side: Side, shown: Meeting | None, deed: Deed) -> Plan:
    """Write the earlier values to a side; `shown` is what that is now."""
    if shown is None or deed.before is None:
        return Plan(Reason.NO_DUE_DATE)
    earlier = as_activity_shows(deed.before) if side is Side.CRM else deed.before
    after = shown.with_fields(earlier, deed.fields)
    changed = shown.changed_fields(after)
    if not changed:
        return Plan(Reason.NO_CHANGE)
    target = after
    if side is Side.CALENDAR and MeetingField.DESCRIPTION in changed:
        text = with_block(after.description, link.block)
        target = after.model_copy(update={"description": text})
    pending = Pending(
        verb=Verb.UPDATE,
        # Neither side agrees yet: the plan that follows finds an edit, as if its user had made it.
        fields=NO_FIELDS,
        reason=Reason.UNDONE,
        revision=link.revision + 1,
        before=shown,
        after=after,
    )
    return start_write(link, Write(side, Verb.UPDATE, changed, target), pending)


def _by_order(decided: Plan) -> Plan:
    """The same plan, told in the history as ordered by hand."""
    link = decided.link
    if link is None:
        return decided
    activity, event = link.pending_activity, link.pending_event
    ordered = replace(
        link,
        suppress=frozenset(),
        pending_activity=replace(activity, reason=Reason.UNDONE) if activity else None,
        pending_event=replace(event, reason=Reason.UNDONE) if event else None,
    )
    return replace(decided, reason=Reason.UNDONE, link=ordered)
