"""Decides about everything that is known of a connection: at its start, and when its rules change.

Works through pages, so that memory does not grow with the calendar. At a start, meetings that are
on both sides already are linked instead of doubled.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from reconciler import repository
from reconciler.connection import Connection
from reconciler.core.model import Base, Entry, Gone, Link, LinkState, Observed
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.plan import plan
from reconciler.core.policy import event_not_creatable
from reconciler.core.reasons import Reason
from reconciler.desk import Desk
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, Schedule, Side

_FIRST_LINK: Final = UUID(int=0)
_Likeness = tuple[str, Schedule]


async def start(desk: Desk, connection: Connection, *, trace: str | None) -> None:
    """Decide for the first time; nobody is mailed about what comes of it."""
    started = replace(connection, started=True)
    desk.put_connection(started)
    await _link_what_matches(desk, started, trace)
    await decide_all(desk, started, trace=trace, backfill=True)


async def decide_all(
    desk: Desk, connection: Connection, *, trace: str | None, backfill: bool = False
) -> None:
    """Decide about every link and every item of a connection."""
    await _decide_links(desk, connection, trace, backfill=backfill)
    await _decide_activities(desk, connection, trace, backfill=backfill)
    await _decide_events(desk, connection, trace, backfill=backfill)


async def dissolve_all(desk: Desk, connection: Connection, reason: Reason) -> None:
    """End every link of a connection; the items stay as they are."""
    async for link in living_links(desk, connection):
        desk.put_link(
            connection,
            replace(
                link,
                state=LinkState.DISSOLVED,
                reason=reason,
                suppress=frozenset(),
                pending_activity=None,
                pending_event=None,
            ),
        )


async def living_links(desk: Desk, connection: Connection) -> AsyncIterator[Link]:
    """All living links of a connection, with the items of both sides loaded."""
    after = _FIRST_LINK
    while page := await repository.living_links_page(
        desk.database, connection.connection_id, after
    ):
        desk.shelf.add(page)
        await desk.load_other_sides()
        for kept in page:
            link_id = kept.link.link_id or after
            present = desk.shelf.get(link_id)
            if present is not None and present.link.state is not LinkState.DISSOLVED:
                yield present.link
        after = page[-1].link.link_id or after


async def _decide_links(
    desk: Desk, connection: Connection, trace: str | None, *, backfill: bool
) -> None:
    async for link in living_links(desk, connection):
        desk.decide_link(connection, link, trace=trace, backfill=backfill)


async def _decide_activities(
    desk: Desk, connection: Connection, trace: str | None, *, backfill: bool
) -> None:
    after = 0
    while page := await repository.activities_page(desk.database, connection.user, after):
        after = max(page)
        desk.know({(connection.user, key): value for key, value in page.items()}, {})
        desk.shelf.add(
            await repository.links_of_activities(desk.database, [connection.connection_id], page)
        )
        for activity_id, activity in page.items():
            link = desk.shelf.of_activity(connection.connection_id, activity_id)
            if _is_new(link) and isinstance(activity, ActivitySnapshot):
                observed = Observed(link=link, activity=activity)
                _decide_new(
                    desk,
                    connection,
                    observed,
                    Side.CRM,
                    str(activity_id),
                    trace=trace,
                    backfill=backfill,
                )


async def _decide_events(
    desk: Desk, connection: Connection, trace: str | None, *, backfill: bool
) -> None:
    after = ""
    while page := await repository.events_page(desk.database, connection, after):
        after = max(page)
        keys = {(connection.connection_id, key): value for key, value in page.items()}
        desk.know({}, keys)
        desk.shelf.add(await repository.links_of_events(desk.database, list(keys)))
        for event_id, event in page.items():
            link = desk.shelf.of_event(connection.connection_id, event_id)
            if _is_new(link) and isinstance(event, EventSnapshot):
                observed = Observed(link=link, event=event)
                _decide_new(
                    desk,
                    connection,
                    observed,
                    Side.CALENDAR,
                    event_id,
                    trace=trace,
                    backfill=backfill,
                )


def _decide_new(
    desk: Desk,
    connection: Connection,
    observed: Observed,
    side: Side,
    item_id: str,
    *,
    trace: str | None,
    backfill: bool,
) -> None:
    decided = plan(observed, policy=connection.policy, now=desk.now)
    desk.carry_out(connection, observed, decided, trace, backfill=backfill)
    desk.note_verdict((connection.connection_id, side, item_id), decided.reason)


def _is_new(link: Link | None) -> bool:
    return link is None or link.state is LinkState.DISSOLVED


async def _link_what_matches(desk: Desk, connection: Connection, trace: str | None) -> None:
    """Link an activity and an event that are the same meeting, where each has one counterpart."""
    activities = await _unlinked_activities(desk, connection)
    events = await _unlinked_events(desk, connection)
    teller = desk.teller(connection, trace)
    for likeness, found in activities.items():
        counterparts = events.get(likeness, [])
        if len(found) != 1 or len(counterparts) != 1:
            continue
        activity, shown_a = found[0]
        event, shown_e = counterparts[0]
        link = Link(
            link_id=desk.new_id(),
            origin=Side.CRM if event.link_mark else Side.CALENDAR,
            activity_id=activity.activity_id,
            event_id=event.event_id,
            base=Base(activity=shown_a, event=shown_e),
            activity_type=activity.type,
        )
        desk.put_link(connection, link)
        entry = Entry(link.origin, "matched", Reason.MATCHED, after=shown_a)
        desk.rows.append(teller.entry(link, entry))


async def _unlinked_activities(
    desk: Desk, connection: Connection
) -> dict[_Likeness, list[tuple[ActivitySnapshot, Meeting]]]:
    found: dict[_Likeness, list[tuple[ActivitySnapshot, Meeting]]] = defaultdict(list)
    after = 0
    while page := await repository.activities_page(desk.database, connection.user, after):
        after = max(page)
        desk.shelf.add(
            await repository.links_of_activities(desk.database, [connection.connection_id], page)
        )
        for activity_id, activity in page.items():
            link = desk.shelf.of_activity(connection.connection_id, activity_id)
            if isinstance(activity, Gone) or not _is_new(link):
                continue
            shown = meeting_of_activity(activity, connection.policy)
            if shown is not None and activity.owner_id == connection.user.user_id:
                found[shown.title, shown.schedule].append((activity, shown))
    return found


async def _unlinked_events(
    desk: Desk, connection: Connection
) -> dict[_Likeness, list[tuple[EventSnapshot, Meeting]]]:
    """Ordinary events, also those that bear the mark of an earlier installation of ours."""
    found: dict[_Likeness, list[tuple[EventSnapshot, Meeting]]] = defaultdict(list)
    after = ""
    while page := await repository.events_page(desk.database, connection, after):
        after = max(page)
        keys = [(connection.connection_id, event_id) for event_id in page]
        desk.shelf.add(await repository.links_of_events(desk.database, keys))
        for event_id, event in page.items():
            link = desk.shelf.of_event(connection.connection_id, event_id)
            if isinstance(event, Gone) or not _is_new(link):
                continue
            unmarked = event.model_copy(update={"link_mark": None})
            refusal = event_not_creatable(unmarked, connection.policy, desk.now)
            if refusal in {None, Reason.ONE_WAY}:
                meeting = meeting_of_event(event, connection.policy)
                shown = as_activity_shows(meeting)
                found[shown.title, shown.schedule].append((event, meeting))
    return found
