"""Decides about everything that is known of a connection: at its start, and when its rules change.

Works through pages and stores after each, so that memory does not grow with the calendar.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Link
from reconciler.core.reasons import REFUSALS
from reconciler.desk import Desk
from reconciler.following import follow_all
from reconciler.known import is_living
from reconciler.matching import link_what_matches
from reconciler.observations import Traces, decide_in_their_order
from reconciler.occurrences import in_their_order
from reconciler.repository import PAGE_MAX, items, links, occurrences
from reconciler.repository.connections import connections_of
from tandem.contracts.connections import ConflictWinner, ConnectionSettings, ConnectionStatus
from tandem.contracts.meetings import Side

_BEFORE_ALL_LINKS: Final = UUID(int=0)


async def start_what_can(desk: Desk, users: Traces) -> None:
    """Start those connections of some users of which both sides have now been read."""
    if not users:
        return
    for stored in await connections_of(desk.database, users):
        known = desk.known.connections.get(stored.connection_id, stored)
        present = replace(known, both_read=stored.both_read)
        desk.known.put_connection(present)
        if present.can_start:
            await _start(desk, present, trace=users[present.user_key])


async def _start(desk: Desk, connection: Connection, *, trace: str | None) -> None:
    """Decide for the first time; nobody is mailed about what comes of it."""
    started = replace(connection, started=True, rules_changed=False)
    desk.put_connection(started)
    await link_what_matches(desk, started, trace)
    deciding = started if started.restored_at is None else _by_the_later_edit(started)
    await decide_all(desk, deciding, trace=trace, backfill=True)


def _by_the_later_edit(connection: Connection) -> Connection:
    """To a backup, an edit that was synced since looks like one of both sides: the last counts.

    Guests have been told of it, so even what was refused by then is mailed to nobody.
    """
    settings = connection.known.settings.model_copy(
        update={"conflict_winner": ConflictWinner.LATEST, "invite_guests": False}
    )
    return replace(connection, told=connection.known.model_copy(update={"settings": settings}))


async def foresee(desk: Desk, connection: Connection, settings: ConnectionSettings | None) -> None:
    """Decide about everything as if it were let, with other settings if given; not to be kept."""
    known = connection.known
    told = known.model_copy(
        update={
            "status": ConnectionStatus.ACTIVE,
            "settings": (settings or known.settings).model_copy(update={"paused": False}),
        }
    )
    as_if = replace(connection, told=told, blocked=None)
    desk.put_connection(as_if)
    if not as_if.started:
        await _start(desk, as_if, trace=None)
    else:
        await decide_all(desk, as_if, trace=None, backfill=True)


async def decide_all(
    desk: Desk,
    connection: Connection,
    *,
    trace: str | None,
    backfill: bool = False,
    tell: bool = False,
) -> None:
    """Decide about every link and every item of a connection; `tell` of items left alone.

    What a provider has refused is tried once more: its user may have done what the refusal says.
    An edit that a calendar had refused is mailed then, even where settings have changed.
    """
    await follow_all(desk, connection)
    async for link in living_links(desk, connection):
        quiet = backfill and not _is_edit_refused_by_calendar(link)
        desk.decide_link(connection, without_refusals(link), trace=trace, backfill=quiet)
    async for activity_id in _activities(desk, connection):
        if not is_living(desk.known.shelf.of_activity(connection.connection_id, activity_id)):
            desk.decide_activity(connection, activity_id, trace=trace, backfill=backfill, tell=tell)
    async for event_id in _events(desk, connection):
        if not is_living(desk.known.shelf.of_event(connection.connection_id, event_id)):
            desk.decide_event(connection, event_id, trace=trace, backfill=backfill, tell=tell)


def without_refusals(link: Link) -> Link:
    """The link as if no provider had refused it; what its user has rejected stays so."""
    return replace(link, refused=None) if link.reason in REFUSALS else link


def _is_edit_refused_by_calendar(link: Link) -> bool:
    """Whether a calendar has refused what somebody edited, and not what a backfill brought."""
    by_calendar = any(one.side is Side.CALENDAR for one in link.refusals)
    return by_calendar and link.reason in REFUSALS and not link.quiet


async def take_turns(desk: Desk, connection: Connection) -> None:
    """Decide about the occurrences of a connection that wait until time has come closer."""
    if not connection.decides:
        return
    waiting = await occurrences.waiting_occurrences(desk.database, connection.connection_id)
    for begin in range(0, len(waiting), PAGE_MAX):
        keys = [(connection.connection_id, one) for one in waiting[begin : begin + PAGE_MAX]]
        await desk.known.load([], keys)
        await decide_in_their_order(desk, dict.fromkeys(keys))
        await _turn_page(desk)


async def living_links(desk: Desk, connection: Connection) -> AsyncIterator[Link]:
    """All living links of a connection, with the items of both sides loaded, page by page."""
    after = _BEFORE_ALL_LINKS
    await _turn_page(desk)
    while page := await links.living_links_page(desk.database, connection.connection_id, after):
        await desk.known.load_pairs(page)
        for kept in page:
            yield kept.link
        after = page[-1].link.link_id or after
        await _turn_page(desk)


async def _activities(desk: Desk, connection: Connection) -> AsyncIterator[int]:
    after = 0
    while page := await items.activities_page(desk.database, connection.user_key, after):
        desk.known.take_in(page, {})
        await desk.known.load_links_of(page, [])
        await desk.known.load_left_alone()
        for _, _, activity_id in page:
            yield activity_id
        after = max(activity_id for _, _, activity_id in page)
        await _turn_page(desk)


async def _events(desk: Desk, connection: Connection) -> AsyncIterator[str]:
    after = ""
    calendar_id = connection.policy.settings.calendar_id
    while page := await items.events_page(
        desk.database, connection.connection_id, calendar_id, after
    ):
        desk.known.take_in({}, page)
        await desk.known.load_links([], list(page))
        await desk.known.load_left_alone()
        await desk.known.load_series(list(page), desk.now)
        for _, event_id in in_their_order(page):
            yield event_id
        after = max(event_id for _, event_id in page)
        await _turn_page(desk)


async def _turn_page(desk: Desk) -> None:
    await desk.save()
    desk.known.forget_items()
