"""Items that we made without word of it: the answer to their create was lost, then access was.

A link remembers the first create of its missing side that failed. Asked for again, the same link
finds what that made. If none is to be made any more, the item turns up all the same: then it
belongs to its link, which is decided about like any other.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.changes import shown_event
from reconciler.core.gone import delete_after_end
from reconciler.core.model import (
    Attempt,
    Entry,
    Link,
    LinkState,
    Observed,
    Plan,
    Policy,
    Verb,
)
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.reasons import Reason
from reconciler.core.transitions import activity_written, event_written
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Side

SKEW: Final = timedelta(minutes=2)
"""How far Pipedrive's clock may be off ours."""
_ELSEWHERE: Final = frozenset({Reason.CALENDAR_CHANGED, Reason.DISCONNECTED})
"""Why a link ended whose items are not where those of a new one are to be."""


def attempted(link: Link, side: Side, *, since: datetime, until: datetime) -> Link:
    """A link whose create of a side failed, perhaps only after it was done between two moments."""
    pending = link.pending_on(side)
    if pending is None or pending.verb is not Verb.CREATE:
        return link
    first = link.attempted or Attempt(pending, since=since, until=until)
    return replace(link, attempted=replace(first, until=until))


def side_in_doubt(link: Link) -> Side | None:
    """The side on which a link may have an item that nobody has told us of."""
    if link.attempted is None or link.pending or link.suppress or link.reason in _ELSEWHERE:
        return None
    if link.activity_id is None:
        return Side.CRM
    return Side.CALENDAR if link.event_id is None else None


def taken_up(former: Link | None, side: Side) -> Link | None:
    """The link to make an item on a side with, where a former one may have made it already."""
    if former is None or side_in_doubt(former) is not side:
        return None
    return replace(former, base=None)


def heard_of(link: Link, observed: Observed, policy: Policy) -> Plan | None:
    """What follows where an item turns out to be what a create of the link has made."""
    activity, event = observed.activity, observed.event
    match side_in_doubt(link):
        case Side.CALENDAR if isinstance(event, EventSnapshot):
            if event.link_mark == str(link.link_id):
                return found_event(link, event, policy, doubled=observed.doubled)
        case Side.CRM if isinstance(activity, ActivitySnapshot):
            if made_by(link, activity, policy):
                return found_activity(link, activity, policy, doubled=observed.doubled)
    return None


def found_event(link: Link, event: EventSnapshot, policy: Policy, *, doubled: bool) -> Plan:
    """The link in doubt has its event, unless its activity is `doubled`, so that ours is too many.

    The caller makes sure that nobody else has the event.
    """
    if link.attempted is None:
        raise ValueError("a link is in doubt about a create")
    write = link.attempted.write
    shown = shown_event(replace(link, block=write.block or ""), event, policy)
    if doubled:
        ours = replace(link, event_id=event.event_id)
        return delete_after_end(ours, Side.CALENDAR, shown, Reason.SUPPRESSED)
    begun = replace(_awake(link), pending_event=write)
    return _matched(event_written(begun, event.event_id, shown, found=True), Side.CALENDAR, shown)


def found_activity(
    link: Link, activity: ActivitySnapshot, policy: Policy, *, doubled: bool
) -> Plan:
    """As `found_event`, of an activity."""
    if link.attempted is None:
        raise ValueError("a link is in doubt about a create")
    shown = meeting_of_activity(activity, policy)
    if doubled:
        ours = replace(link, activity_id=activity.activity_id)
        return delete_after_end(ours, Side.CRM, shown, Reason.SUPPRESSED)
    begun = replace(_awake(link), pending_activity=link.attempted.write)
    return _matched(
        activity_written(begun, activity.activity_id, shown, found=True), Side.CRM, shown
    )


def _awake(link: Link) -> Link:
    return replace(link, state=LinkState.ACTIVE, reason=None, refused=None)


def _matched(link: Link, side: Side, shown: Meeting | None) -> Plan:
    entry = Entry(side, "matched", Reason.MATCHED, after=shown)
    return Plan(Reason.MATCHED, link=link, entries=(entry,))


def asked_for(link: Link) -> list[Meeting]:
    """What the item of a link that is being made may be like."""
    pending = link.pending_activity or link.pending_event
    tries = (pending, link.attempted.write if link.attempted else None)
    return [one.after for one in tries if one is not None and one.after is not None]


def made_by(link: Link, activity: ActivitySnapshot, policy: Policy) -> bool:
    """Whether an activity without a link is what a create in doubt has made.

    It bears no mark, so it is known by type, title and time, and by when it was made. One that
    was changed in these counts as somebody's own, and an edit beats a deletion.
    """
    attempt = link.attempted
    if side_in_doubt(link) is not Side.CRM or attempt is None or attempt.write.after is None:
        return False
    asked, shown = attempt.write.after, meeting_of_activity(activity, policy)
    return (
        shown is not None
        and (shown.title, shown.schedule) == (asked.title, asked.schedule)
        and activity.type == (link.activity_type or policy.settings.save_events_as)
        and activity.owner_id == policy.user_id
        and attempt.since - SKEW <= activity.added_at <= attempt.until + SKEW
    )
