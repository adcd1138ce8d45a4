"""Links what is the same meeting on both sides already when a connection starts.

The same title at the same time, both without a link, one to one. It is also the way back of
events that bear the mark of an earlier connection of ours.
"""

from collections import defaultdict
from typing import TypeVar

from reconciler.connection import Connection
from reconciler.core.model import Base, Entry, Gone, Link, LinkState
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.policy import event_not_creatable
from reconciler.core.reasons import Reason
from reconciler.core.series import series_of
from reconciler.desk import Desk
from reconciler.repository import items
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Schedule, Side

_Likeness = tuple[str, Schedule]
_IdT = TypeVar("_IdT", int, str)
_PAIRS_AT_A_TIME = 500


async def link_what_matches(desk: Desk, connection: Connection, trace: str | None) -> None:
    """Link the meetings that both sides have; where there are several alike, in order of id."""
    activities = await _unlinked_activities(desk, connection)
    events = await _unlinked_events(desk, connection) if activities else {}
    pairs = [
        pair
        for likeness, found in activities.items()
        for pair in zip(found, events.get(likeness, ()), strict=False)
    ]
    for begin in range(0, len(pairs), _PAIRS_AT_A_TIME):
        await _link(desk, connection, pairs[begin : begin + _PAIRS_AT_A_TIME], trace)
        await desk.save()
        desk.known.forget_items()


async def _link(
    desk: Desk, connection: Connection, pairs: list[tuple[int, str]], trace: str | None
) -> None:
    await desk.known.load(
        [(*connection.user_key, activity_id) for activity_id, _ in pairs],
        [(connection.connection_id, event_id) for _, event_id in pairs],
    )
    teller = desk.teller(connection, trace)
    for activity_id, event_id in pairs:
        activity = desk.known.activity(connection, activity_id)
        event = desk.known.event(connection, event_id)
        if not isinstance(activity, ActivitySnapshot) or not isinstance(event, EventSnapshot):
            continue
        shown_a = meeting_of_activity(activity, connection.policy)
        if shown_a is None:
            continue
        link = Link(
            link_id=desk.new_id(),
            origin=Side.CRM if event.link_mark else Side.CALENDAR,
            activity_id=activity_id,
            event_id=event_id,
            base=Base(activity=shown_a, event=meeting_of_event(event, connection.policy)),
            activity_type=activity.type,
            series_id=series_of(event),
        )
        desk.put_link(connection, link)
        entry = Entry(link.origin, "matched", Reason.MATCHED, after=shown_a)
        desk.rows.append(teller.entry(link, entry))


async def _unlinked_activities(desk: Desk, connection: Connection) -> dict[_Likeness, list[int]]:
    found: dict[_Likeness, list[int]] = defaultdict(list)
    after = 0
    while page := await items.activities_page(desk.database, connection.user_key, after):
        ids = {activity_id for _, _, activity_id in page}
        await desk.known.load_links([(connection.connection_id, one) for one in ids], [])
        for (_, _, activity_id), activity in page.items():
            link = desk.known.shelf.of_activity(connection.connection_id, activity_id)
            if isinstance(activity, Gone) or not _is_free(link, Side.CRM):
                continue
            shown = meeting_of_activity(activity, connection.policy)
            if shown is not None and activity.owner_id == connection.user.user_id:
                found[_likeness(shown)].append(activity_id)
        after = max(ids)
        desk.known.forget_items()
    return _in_order(found)


async def _unlinked_events(desk: Desk, connection: Connection) -> dict[_Likeness, list[str]]:
    """Ordinary events, also those that bear the mark of an earlier connection of ours."""
    found: dict[_Likeness, list[str]] = defaultdict(list)
    after = ""
    calendar_id = connection.policy.settings.calendar_id
    while page := await items.events_page(
        desk.database, connection.connection_id, calendar_id, after
    ):
        await desk.known.load_links([], list(page))
        for (_, event_id), event in page.items():
            link = desk.known.shelf.of_event(connection.connection_id, event_id)
            if isinstance(event, Gone) or not _is_free(link, Side.CALENDAR):
                continue
            unmarked = event.model_copy(update={"link_mark": None})
            refusal = event_not_creatable(unmarked, connection.policy, desk.now)
            if refusal in {None, Reason.ONE_WAY}:
                shown = as_activity_shows(meeting_of_event(event, connection.policy))
                found[_likeness(shown)].append(event_id)
        after = max(event_id for _, event_id in page)
        desk.known.forget_items()
    return _in_order(found)


def _likeness(meeting: Meeting) -> _Likeness:
    return (meeting.title, meeting.schedule)


def _in_order(found: dict[_Likeness, list[_IdT]]) -> dict[_Likeness, list[_IdT]]:
    return {likeness: sorted(ids) for likeness, ids in found.items()}


def _is_free(link: Link | None, side: Side) -> bool:
    """Whether the item on a side has no link, and was not taken out of the sync for good."""
    return link is None or (link.state is LinkState.DISSOLVED and side not in link.suppress)
