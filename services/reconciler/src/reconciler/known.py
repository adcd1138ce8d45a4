"""What one transaction knows of items and links, loaded in a fixed number of statements."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.changes import shown_event
from reconciler.core.model import Gone, Link, LinkState, Observed, Verb
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.reunion import is_whole_again
from reconciler.core.unheard import asked_for, maker_of
from reconciler.occurrences import Occurrences
from reconciler.repository import UserKey, items, links
from reconciler.repository.items import Activities, ActivityKey, EventKey, Events
from reconciler.repository.links import KeptLink
from reconciler.shelf import Shelf
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting
from tandem.runtime import postgres


class Known:
    """Items, links and connections; what is here is as it will be stored."""

    def __init__(self, database: postgres.Connection, connections: Iterable[Connection]) -> None:
        self.database = database
        self.shelf = Shelf()
        self.occurrences = Occurrences(database)
        self.connections: dict[UUID, Connection] = {}
        self._of_user: dict[UserKey, dict[UUID, Connection]] = {}
        self._activities: Activities = {}
        self._events: Events = {}
        for connection in connections:
            self.put_connection(connection)

    def put_connection(self, connection: Connection) -> None:
        """Know a connection, or know it as it is now."""
        self.connections[connection.connection_id] = connection
        of_user = self._of_user.setdefault(connection.user_key, {})
        of_user[connection.connection_id] = connection

    def of_user(self, user: UserKey) -> Collection[Connection]:
        """A user's connections, removed ones too."""
        return self._of_user.get(user, {}).values()

    def take_in(self, activities: Activities, events: Events) -> None:
        """Know items that were just stored or loaded."""
        self._activities |= activities
        self._events |= events

    def activity(self, connection: Connection, activity_id: int) -> ActivitySnapshot | Gone | None:
        """An activity of a connection's user."""
        return self._activities.get((*connection.user_key, activity_id))

    def event(self, connection: Connection, event_id: str) -> EventSnapshot | Gone | None:
        """An event of a connection."""
        return self._events.get((connection.connection_id, event_id))

    def activity_of(self, connection: Connection, link: Link) -> ActivitySnapshot | Gone | None:
        """The activity of a link."""
        return None if link.activity_id is None else self.activity(connection, link.activity_id)

    def event_of(self, connection: Connection, link: Link) -> EventSnapshot | Gone | None:
        """The event of a link."""
        return None if link.event_id is None else self.event(connection, link.event_id)

    def shown_event(self, connection: Connection, link: Link) -> Meeting | None:
        """What the event of a link shows; None where none is known, or it is gone."""
        event = self.event_of(connection, link)
        if not isinstance(event, EventSnapshot):
            return None
        return shown_event(link, event, connection.policy)

    def marked(self, connection: Connection, event: EventSnapshot | Gone | None) -> Link | None:
        """The link that an event bears the mark of, while it awaits or has this very event.

        One that does not await it leaves it to another link that has it by now.
        """
        mark = mark_of(event)
        kept = self.shelf.get(mark) if mark else None
        if kept is None or kept.connection_id != connection.connection_id:
            return None
        if not isinstance(event, EventSnapshot):
            return None
        holder = self.shelf.of_event(connection.connection_id, event.event_id)
        if is_living(holder) and holder is not kept.link and not kept.link.pending:
            return None
        return kept.link if kept.link.event_id in {None, event.event_id} else None

    def pair(self, connection: Connection, link: Link) -> Observed:
        """All that is known of a link."""
        activity = self.activity_of(connection, link)
        is_there = isinstance(activity, ActivitySnapshot)
        return Observed(
            link=link,
            activity=activity,
            event=self.event_of(connection, link),
            remade=not is_there and self._is_remade_elsewhere(connection, link),
        )

    async def load_pairs(self, page: Iterable[KeptLink]) -> None:
        """Know links that were just loaded, with the items of both sides."""
        self.shelf.add(page)
        await self.load_other_sides()

    def is_crowded(
        self, connection: Connection, event: EventSnapshot | Gone | None, now: datetime
    ) -> bool:
        """Whether as many occurrences of an event's series are linked as may be."""
        return isinstance(event, EventSnapshot) and self.occurrences.are_too_many(
            connection, event, now
        )

    def is_contested(
        self, connection: Connection, activity: ActivitySnapshot | Gone | None
    ) -> bool:
        """Whether an activity that has no link may turn out to be that of one with a write.

        A create of ours may be its origin: its webhook can be faster than the outcome. A title or a
        time in common is enough. Or it was made again, and the link of the deleted one is busy.
        """
        if not isinstance(activity, ActivitySnapshot):
            return False
        if self._is_awaited(connection, activity.activity_id):
            return True
        creating = [
            *(one.link for one in self.shelf.creating_activities(connection.connection_id)),
            *(link for one in self.others_of_user(connection) for link in self.remaking(one)),
        ]
        if not creating:
            return False
        shown = meeting_of_activity(activity, connection.policy)
        return shown is not None and any(
            made.title == shown.title or made.schedule == shown.schedule
            for link in creating
            for made in asked_for(link)
        )

    def others_of_user(self, connection: Connection) -> list[Connection]:
        """The other connections of a connection's user, removed ones too."""
        return [
            one
            for one in self.of_user(connection.user_key)
            if one.connection_id != connection.connection_id
        ]

    def remaking(self, connection: Connection) -> list[Link]:
        """Links of a connection of which a deleted activity is being made again."""
        making = self.shelf.creating_activities(connection.connection_id)
        return [one.link for one in making if one.link.former_activity_id is not None]

    def former_activities(self, user: UserKey, activity_id: int) -> list[tuple[UUID, int]]:
        """The deleted activities that one was made again for, each with a connection to know it."""
        found: list[tuple[UUID, int]] = []
        for one in self.of_user(user):
            link = self.shelf.of_activity(one.connection_id, activity_id)
            if link is not None and link.activity_id == activity_id:
                found += [(one.connection_id, former) for former in link.former_activity_ids]
        return found

    def _is_remade_elsewhere(self, connection: Connection, link: Link) -> bool:
        """Whether another connection of the user is making the lost activity of a link again."""
        lost = link.last_activity_id
        return lost is not None and any(
            lost in making.former_activity_ids
            for one in self.others_of_user(connection)
            for making in self.remaking(one)
        )

    def _is_awaited(self, connection: Connection, activity_id: int) -> bool:
        """Whether a link that is written to has the deleted activity that one was made again for.

        It moves to the new one once its write has ended, unless the deleted one is back by then.
        """
        busy = (
            link
            for maker_id, former_id in self.former_activities(connection.user_key, activity_id)
            if maker_id != connection.connection_id
            and not isinstance(self.activity(connection, former_id), ActivitySnapshot)
            and (link := self.shelf.of_activity(connection.connection_id, former_id)) is not None
            and link.activity_id == former_id
            and link.pending
        )
        return any(is_living(link) for link in busy)

    def waits_for_its_series(
        self, connection: Connection, event: EventSnapshot | Gone | None
    ) -> bool:
        """Whether an occurrence may get the link of the single event that its series was.

        A write to that is still under way.
        """
        if not isinstance(event, EventSnapshot) or event.series is None:
            return False
        series_id = event.series.series_id
        link = self.shelf.of_event(connection.connection_id, series_id)
        if link is None or not is_living(link) or link.event_id != series_id:
            return False
        return not may_move(link)

    def made_without_word(
        self, connection: Connection, activity: ActivitySnapshot | Gone | None
    ) -> Link | None:
        """The link of which a create, whose answer was lost, made an activity without a link."""
        if not isinstance(activity, ActivitySnapshot):
            return None
        in_doubt = self.shelf.in_doubt(connection.connection_id)
        return maker_of((one.link for one in in_doubt), activity, connection.policy)

    def with_left_alone(self, connection: Connection, observed: Observed) -> Observed:
        """What is observed of one item, with the one that its ended link left alone, if any.

        Both are there then, without another link, and go on together.
        """
        link = observed.link
        if link is None or self.is_doubled(connection, link):
            return observed
        activity, event = self.activity_of(connection, link), self.event_of(connection, link)
        if not isinstance(activity, ActivitySnapshot) or not isinstance(event, EventSnapshot):
            return observed
        is_of_link = observed.activity is activity or observed.event is event
        if is_of_link and is_whole_again(link, activity, event, connection.policy):
            return replace(observed, activity=activity, event=event)
        return observed

    def is_doubled(self, connection: Connection, link: Link | None) -> bool:
        """Whether a link has ended, and an item that it had has a new one."""
        if link is None or link.state is not LinkState.DISSOLVED:
            return False
        of_activity = (
            self.shelf.of_activity(connection.connection_id, link.activity_id)
            if link.activity_id is not None
            else None
        )
        of_event = (
            self.shelf.of_event(connection.connection_id, link.event_id)
            if link.event_id is not None
            else None
        )
        return is_living(of_activity) or is_living(of_event)

    async def load(self, activities: Collection[ActivityKey], events: Collection[EventKey]) -> None:
        """Load items with their links, the other sides of these, and what is being created."""
        await self._load_items(activities, events)
        await self.load_links_of(activities, events)
        await self.load_left_alone()
        await self.load_other_sides()

    async def load_links_of(
        self, activities: Collection[ActivityKey], events: Collection[EventKey]
    ) -> None:
        """Load the links of items, of activities in all connections of their users.

        With them come links whose activity is being made, or may have been made without word of it,
        and those of the deleted activities that some were made again for.
        """
        pairs = self._in_each_connection(activities)
        await self.load_links(pairs, events)
        await self.load_creating({connection_id for connection_id, _ in pairs})
        await self._load_siblings(
            (company_id, user_id, former_id)
            for company_id, user_id, activity_id in activities
            for _, former_id in self.former_activities((company_id, user_id), activity_id)
        )

    async def load_creating(self, connections: Collection[UUID]) -> None:
        """Load the links whose activity is being made, or may have been made without word of it."""
        self.shelf.add(await links.links_creating(self.database, connections))
        await self.load_rivals(connections)

    async def load_rivals(self, connections: Collection[UUID]) -> None:
        """Load what belongs to links in doubt: the items that they have, and who has these now."""
        in_doubt = [kept for one in connections for kept in self.shelf.in_doubt(one)]
        events = await self._load_holders(in_doubt)
        await self._load_items((), events)

    async def load_links(
        self, activities: Collection[tuple[UUID, int]], events: Collection[EventKey]
    ) -> None:
        """Load the links of items in connections, and those that loaded events bear the mark of."""
        self.shelf.add(await links.links_of_activities(self.database, activities))
        self.shelf.add(await links.links_of_events(self.database, events))
        marks = {mark_of(self._events.get(key)) for key in events}
        wanted = [mark for mark in marks if mark and self.shelf.get(mark) is None]
        self.shelf.add(await links.links_by_id(self.database, wanted))
        if wanted:
            await self.load_rivals({connection_id for connection_id, _ in events})

    async def load_left_alone(self) -> None:
        """Load the other item where an ended link has left one alone, and who has these now.

        Of events those of the calendar that is synced.
        """
        ended = [
            kept
            for kept in self.shelf.all()
            if (connection := self.connections.get(kept.connection_id)) is not None
            and self._leaves_alone(connection, kept.link)
        ]
        calendars = {
            key: self.connections[key[0]].policy.settings.calendar_id
            for key in await self._load_holders(ended)
            if key not in self._events
        }
        self.take_in({}, await items.events_in_calendars(self.database, calendars))

    async def _load_holders(self, kept_links: Iterable[KeptLink]) -> set[EventKey]:
        """Load who has the items of some links now, and their activities; returns their events."""
        pairs = [(kept.connection_id, kept.link) for kept in kept_links]
        activities = [
            (one, link.activity_id) for one, link in pairs if link.activity_id is not None
        ]
        events = [(one, link.event_id) for one, link in pairs if link.event_id is not None]
        self.shelf.add(await links.links_of_activities(self.database, activities))
        self.shelf.add(await links.links_of_events(self.database, events))
        await self._load_items(
            {(*self.connections[one].user_key, activity_id) for one, activity_id in activities}, ()
        )
        return set(events)

    def _leaves_alone(self, connection: Connection, link: Link) -> bool:
        """Whether a link has ended without one of its items, and one is known to be there."""
        ended_alone = not is_living(link) and bool(link.suppress)
        if not ended_alone or link.activity_id is None or link.event_id is None:
            return False
        activity, event = self.activity_of(connection, link), self.event_of(connection, link)
        return isinstance(activity, ActivitySnapshot) or isinstance(event, EventSnapshot)

    async def load_series(self, events: Collection[EventKey], now: datetime) -> None:
        """Load what decides about known occurrences without a link.

        How many others of their series are linked, and the link of what these were before.
        """
        wanted = {
            (connection_id, event.series.series_id)
            for connection_id, event_id in events
            if isinstance(event := self._events.get((connection_id, event_id)), EventSnapshot)
            and event.series is not None
            and not is_living(self.shelf.of_event(connection_id, event_id))
        }
        await self.occurrences.load(wanted, now)
        await self.load_links([], wanted)

    async def load_other_sides(self) -> None:
        """Load the items of all living links that are known here.

        Of a user with several connections, also the links that his others have of the activities,
        and those that may be making again what is gone.
        """
        activities: set[ActivityKey] = set()
        events: set[EventKey] = set()
        for kept in self.shelf.all():
            connection = self.connections.get(kept.connection_id)
            if connection is None or kept.link.state is LinkState.DISSOLVED:
                continue
            if kept.link.activity_id is not None:
                activities.add((*connection.user_key, kept.link.activity_id))
            if kept.link.event_id is not None:
                events.add((kept.connection_id, kept.link.event_id))
        await self._load_items(activities, events)
        await self._load_siblings(activities)
        await self._load_remaking()

    def forget_items(self) -> None:
        """Let go of what a page needed, so that memory does not grow with the calendar."""
        self.shelf = Shelf()
        self.occurrences = Occurrences(self.database)
        self._activities = {}
        self._events = {}

    def _in_each_connection(self, activities: Iterable[ActivityKey]) -> list[tuple[UUID, int]]:
        return [
            (one.connection_id, activity_id)
            for company_id, user_id, activity_id in activities
            for one in self.of_user((company_id, user_id))
        ]

    async def _load_siblings(self, activities: Iterable[ActivityKey]) -> None:
        wanted = [
            (connection_id, activity_id)
            for connection_id, activity_id in self._in_each_connection(activities)
            if self.shelf.of_activity(connection_id, activity_id) is None
        ]
        self.shelf.add(await links.links_of_activities(self.database, wanted))

    async def _load_remaking(self) -> None:
        """Load what others are making where a living link has lost its activity."""
        wanted: set[UUID] = set()
        for kept in self.shelf.all():
            connection = self.connections.get(kept.connection_id)
            if connection is None or kept.link.pending or not is_living(kept.link):
                continue
            is_there = isinstance(self.activity_of(connection, kept.link), ActivitySnapshot)
            if kept.link.last_activity_id is not None and not is_there:
                wanted |= {one.connection_id for one in self.others_of_user(connection)}
        await self.load_creating(wanted)

    async def _load_items(
        self, activities: Collection[ActivityKey], events: Collection[EventKey]
    ) -> None:
        self.take_in(
            await items.activities_by_key(
                self.database, [key for key in activities if key not in self._activities]
            ),
            await items.events_by_key(
                self.database, [key for key in events if key not in self._events]
            ),
        )


def is_living(link: Link | None) -> bool:
    """Whether there is a link that was not dissolved."""
    return link is not None and link.state is not LinkState.DISSOLVED


def may_move(link: Link) -> bool:
    """Whether a link may have another event from now on: nothing is being written or deleted."""
    deletes = link.pending_activity is not None and link.pending_activity.verb is Verb.DELETE
    return is_living(link) and link.pending_event is None and not deletes


def mark_of(event: EventSnapshot | Gone | None) -> UUID | None:
    """The link that an event says it belongs to."""
    if not isinstance(event, EventSnapshot) or event.link_mark is None:
        return None
    try:
        return UUID(event.link_mark)
    except ValueError:
        return None
