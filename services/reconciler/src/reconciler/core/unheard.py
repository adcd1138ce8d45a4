"""What we wrote without word of it: the answer to a write was lost, then access was.

A link remembers the creates of its missing side that failed. Asked for again, the same link finds
what they made. If none is to be made any more, the item turns up all the same: then it
belongs to its link, which is decided about like any other. Of updates it remembers what they wrote,
so that this is not taken for somebody's edit.
"""

from collections.abc import Iterable, Mapping
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
from reconciler.core.transitions import (
    activity_written,
    done_before,
    event_written,
    update_agreed,
)
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side

SKEW: Final = timedelta(minutes=2)
"""How far a provider's clock may be off ours."""
NOT_IT: Final = 0
ALIKE: Final = 2
EXACT: Final = 3
WRITES_MAX: Final = 4
"""Writes in doubt that are remembered besides the first and the present one."""
_TOLD: Final = frozenset({MeetingField.TITLE, MeetingField.SCHEDULE})
_ELSEWHERE: Final = frozenset({Reason.CALENDAR_CHANGED, Reason.DISCONNECTED})
"""Why a link ended whose items are not where those of a new one are to be."""


def attempted(link: Link, side: Side, *, since: datetime, until: datetime) -> Link:
    """A link whose write of a side failed, perhaps only after it was done between two moments.

    Of updates to both sides only those of the side that failed last are remembered.
    """
    pending = link.pending_on(side)
    if pending is None or pending.verb is Verb.DELETE:
        return link
    before = link.attempted
    if before is None or before.side is not side:
        before = Attempt(side, (), since=since, until=until)
    writes = (*before.writes[:1], *before.writes[1:][-WRITES_MAX:], pending)
    return replace(link, attempted=replace(before, writes=writes, until=until))


def side_in_doubt(link: Link) -> Side | None:
    """The side on which a link may have an item that nobody has told us of."""
    if link.attempted is None or link.attempted.writes[0].verb is not Verb.CREATE:
        return None
    if link.pending or link.suppress or link.reason in _ELSEWHERE:
        return None
    if link.activity_id is None:
        return Side.CRM
    return Side.CALENDAR if link.event_id is None else None


def update_heard_of(link: Link, shown: Mapping[Side, Meeting]) -> tuple[Link, tuple[Entry, ...]]:
    """The link with what an item shows of updates that nobody told of; that is told now.

    It is agreed, so that it is no edit that could win over a later one, or over a deletion. Where
    nothing differs there is nothing to be in doubt about: what is entered after that is somebody's
    own. `shown` are the sides that are there.
    """
    attempt, told = link.attempted, []
    if attempt is None or attempt.side not in shown:
        return link, ()
    base = link.base
    if base and shown == {Side.CRM: base.activity, Side.CALENDAR: base.event}:
        return replace(link, attempted=None), ()
    for write in attempt.writes:
        if write.before is None or write.after is None:
            continue
        changed = write.before.changed_fields(write.after)
        if carried := done_before(write, shown[attempt.side]) & changed:
            link = update_agreed(link, attempt.side, write, shown[attempt.side])
            entry = Entry(attempt.side, "updated", write.reason, write.before, write.after, carried)
            told.append(entry)
    return (replace(link, attempted=None), tuple(told)) if told else (link, ())


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
            if likeness(link, activity, policy):
                return found_activity(link, activity, policy, doubled=observed.doubled)
    return None


def found_event(link: Link, event: EventSnapshot, policy: Policy, *, doubled: bool) -> Plan:
    """The link in doubt has its event, unless its activity is `doubled`, so that ours is too many.

    The caller makes sure that nobody else has the event.
    """
    if link.attempted is None:
        raise ValueError("a link is in doubt about a create")
    write = link.attempted.writes[-1]
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
    begun = replace(_awake(link), pending_activity=link.attempted.writes[-1])
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
    tries = (pending, *(link.attempted.writes if link.attempted else ()))
    return [one.after for one in tries if one is not None and one.after is not None]


def _is_of(attempt: Attempt, stamp: datetime) -> bool:
    """Whether what a provider has stamped may be of an attempt."""
    return attempt.since - SKEW <= stamp <= attempt.until + SKEW


def likeness(link: Link, activity: ActivitySnapshot, policy: Policy) -> int:
    """In how many of type, title and time an activity is what a create in doubt was to make.

    It bears no mark, so these tell, and when it was made. Fewer than all three count only if it
    was modified since, fewer than two never: then this is `NOT_IT`.
    """
    attempt = link.attempted
    if side_in_doubt(link) is not Side.CRM or attempt is None:
        return NOT_IT
    in_time, shown = _is_of(attempt, activity.added_at), meeting_of_activity(activity, policy)
    if shown is None or not in_time or activity.owner_id != policy.user_id:
        return NOT_IT
    wanted_type = link.activity_type or policy.settings.save_events_as
    told = (len(_TOLD - asked.changed_fields(shown)) for asked in asked_for(link))
    alike = (activity.type == wanted_type) + max(told, default=0)
    modified = activity.updated_at > activity.added_at
    return alike if alike == EXACT or (alike == ALIKE and modified) else NOT_IT


def maker_of(links: Iterable[Link], activity: ActivitySnapshot, policy: Policy) -> Link | None:
    """The link of which a create has made an activity; None where that leaves a choice.

    Where it is exactly what several were to make, they are as good as one another.
    """
    alike = [(likeness(link, activity, policy), link) for link in links]
    exact = [link for degree, link in alike if degree == EXACT]
    if exact:
        return exact[0]
    rest = [link for degree, link in alike if degree == ALIKE]
    return rest[0] if len(rest) == 1 else None
