"""Links what is the same meeting on both sides already when a connection starts.

First the pairs of a calendar that was left and is chosen again, whatever was edited since and
whether or not such an event would get a new activity: they are decided about like any others. Then
what has the same title at the same time, both without a link, one to one. It is also the way back
of events that bear the mark of an earlier connection of ours, and of pairs that the database forgot
when it was put back to a backup.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from reconciler.connection import Connection
from reconciler.core.model import Base, Entry, Gone, Link, LinkState, Policy
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.pairing import Unlinked, edited_meetings, forgotten_base, same_meetings
from reconciler.core.policy import activity_not_creatable, event_not_creatable
from reconciler.core.reasons import Reason
from reconciler.core.series import series_of
from reconciler.core.transitions import wanted_block
from reconciler.desk import Desk
from reconciler.known import is_living, mark_of
from reconciler.repository import items
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side

_Pairs = list[tuple[int, str]]
_PAIRS_AT_A_TIME = 500


async def link_what_matches(desk: Desk, connection: Connection, trace: str | None) -> None:
    """Link the meetings that both sides have; where there are several alike, in order of id."""
    former = await _former_links(desk, connection)
    for begin in range(0, len(former), _PAIRS_AT_A_TIME):
        await _link_again(desk, connection, former[begin : begin + _PAIRS_AT_A_TIME], trace)
        await desk.save()
        desk.known.forget_items()
    activities = await _unlinked_activities(desk, connection)
    events = await _unlinked_events(desk, connection) if activities else []
    pairs = same_meetings(activities, events)
    if connection.restored_at is not None:
        taken_a, taken_e = {one for one, _ in pairs}, {one for _, one in pairs}
        pairs += edited_meetings(
            (one for one in activities if one.item_id not in taken_a),
            (one for one in events if one.item_id not in taken_e),
        )
    for begin in range(0, len(pairs), _PAIRS_AT_A_TIME):
        await _link(desk, connection, pairs[begin : begin + _PAIRS_AT_A_TIME], trace)
        await desk.save()
        desk.known.forget_items()


async def _former_links(desk: Desk, connection: Connection) -> list[Link]:
    """The links that the events of a calendar had when it was left; of an activity, the last one.

    An event may have been left alone when its calendar was chosen again, and its activity has got
    another one since.
    """
    found: list[tuple[datetime, Link]] = []
    async for event_id, _ in _free_events(desk, connection):
        link = desk.known.shelf.of_event(connection.connection_id, event_id)
        if link is not None and link.reason is Reason.CALENDAR_CHANGED and not link.pending:
            kept = desk.known.shelf.of_link(link)
            left_at = kept.changed_at if kept is not None else None
            found.append((left_at or desk.now, link))
    found.sort(key=itemgetter(0))
    return list({link.activity_id: link for _, link in found}.values())


async def _link_again(
    desk: Desk, connection: Connection, former: Iterable[Link], trace: str | None
) -> None:
    """Let former links go on whose activity has no other event; what they agreed on still counts.

    So does one that was to get no other event, as it had outlived that of the other calendar: the
    event that it has here would be taken for a new one.
    """
    of_activity = {one.activity_id: one for one in former if one.activity_id is not None}
    await desk.known.load([(*connection.user_key, one) for one in of_activity], [])
    teller = desk.teller(connection, trace)
    for activity_id, link in of_activity.items():
        activity = desk.known.activity(connection, activity_id)
        newest = desk.known.shelf.of_activity(connection.connection_id, activity_id)
        there = isinstance(activity, ActivitySnapshot) and not is_living(newest)
        if there and link.base is not None:
            desk.put_link(connection, _as_it_was(link))
            entry = Entry(link.origin, "matched", Reason.MATCHED, after=link.base.activity)
            desk.rows.append(teller.entry(link, entry))


async def _link(desk: Desk, connection: Connection, pairs: _Pairs, trace: str | None) -> None:
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
        block = _block_above_text(activity, event, connection.policy)
        shown_e = meeting_of_event(event, connection.policy, block=block)
        link = Link(
            link_id=desk.new_id(),
            origin=Side.CRM if event.link_mark else Side.CALENDAR,
            activity_id=activity_id,
            event_id=event_id,
            base=Base(activity=shown_a, event=shown_e)
            if connection.restored_at is None
            else forgotten_base(activity, event, shown_a, shown_e),
            activity_type=activity.type,
            block=block,
            series_id=series_of(event),
        )
        desk.put_link(connection, link)
        entry = Entry(link.origin, "matched", Reason.MATCHED, after=shown_a)
        desk.rows.append(teller.entry(link, entry))


def _block_above_text(activity: ActivitySnapshot, event: EventSnapshot, policy: Policy) -> str:
    """The deal/contact block that an event shows above what somebody has written below it.

    Only where knowing the block changes what the event shows is there such a text.
    """
    block = wanted_block(activity, "", policy)
    with_text = meeting_of_event(event, policy, block=block)
    return block if with_text != meeting_of_event(event, policy) else ""


async def _unlinked_activities(desk: Desk, connection: Connection) -> list[Unlinked[int]]:
    found: list[Unlinked[int]] = []
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
                wanting = activity_not_creatable(activity, connection.policy, desk.now) is None
                found.append(Unlinked(activity_id, shown.title, shown.schedule, wanting))
        after = max(ids)
        desk.known.forget_items()
    return found


async def _unlinked_events(desk: Desk, connection: Connection) -> list[Unlinked[str]]:
    """Ordinary events, also those that bear the mark of an earlier link of ours."""
    found: list[Unlinked[str]] = []
    async for event_id, event in _free_events(desk, connection):
        if _may_match(desk, connection, event):
            shown = as_activity_shows(meeting_of_event(event, connection.policy))
            mark = mark_of(event)
            forgotten = mark is not None and desk.known.shelf.get(mark) is None
            found.append(Unlinked(event_id, shown.title, shown.schedule, forgotten))
    return found


async def _free_events(
    desk: Desk, connection: Connection
) -> AsyncIterator[tuple[str, EventSnapshot]]:
    """Events without a link, page by page; the links that they had are loaded."""
    after = ""
    calendar_id = connection.policy.settings.calendar_id
    while page := await items.events_page(
        desk.database, connection.connection_id, calendar_id, after
    ):
        desk.known.take_in({}, page)
        await desk.known.load_links([], list(page))
        for (_, event_id), event in page.items():
            link = desk.known.shelf.of_event(connection.connection_id, event_id)
            if isinstance(event, EventSnapshot) and _is_free(link, Side.CALENDAR):
                yield event_id, event
        after = max(event_id for _, event_id in page)
        desk.known.forget_items()


def _as_it_was(link: Link) -> Link:
    """A former link awake, unless its user has rejected that its activity goes with the event."""
    if link.refused is not None:
        return replace(link, state=LinkState.RESTING, reason=Reason.DECLINED)
    return replace(link, state=LinkState.ACTIVE, reason=None)


def _may_match(desk: Desk, connection: Connection, event: EventSnapshot) -> bool:
    """Whether an event may have an activity; one that we made keeps it when it has begun."""
    unmarked = event.model_copy(update={"link_mark": None})
    refusal = event_not_creatable(unmarked, connection.policy, desk.now)
    if refusal is Reason.PAST:
        return connection.restored_at is not None and event.link_mark is not None
    return refusal in {None, Reason.ONE_WAY}


def _is_free(link: Link | None, side: Side) -> bool:
    """Whether the item on a side has no link, and was not taken out of the sync for good."""
    return link is None or (link.state is LinkState.DISSOLVED and side not in link.suppress)
