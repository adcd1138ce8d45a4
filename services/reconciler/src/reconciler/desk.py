"""One transaction's work: what it knows of items and links, and what it has decided so far.

Everything is loaded in a fixed number of statements, decided in memory, and stored in a fixed
number of statements. The users concerned are locked by whoever opens the transaction.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from reconciler import repository
from reconciler.commands import commands_of, topic_of
from reconciler.connection import Connection
from reconciler.core.model import Gone, Link, LinkState, Observed, Plan
from reconciler.core.normalize import meeting_of_activity, meeting_of_event, type_name
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.journal import UNREMARKABLE, HistoryRow, Teller
from reconciler.repository import ActivityKey, EventKey, KeptLink, VerdictKey
from reconciler.shelf import Shelf
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.runtime import metrics, postgres
from tandem.runtime.outbox import Outbox
from tandem.runtime.publisher import Outgoing, outgoing
from tandem.runtime.telemetry import span, trace_id, traceparent

_ABOUT_THE_EVENT = frozenset({Reason.ONE_WAY, Reason.PAST, Reason.DECLINED, Reason.PRIVATE})


class Desk:
    """Decides about pairs and keeps what follows until `save`."""

    def __init__(
        self,
        database: postgres.Connection,
        connections: Iterable[Connection],
        *,
        now: datetime,
        new_id: Callable[[], UUID],
    ) -> None:
        self.database = database
        self.connections = {one.connection_id: one for one in connections}
        self.shelf = Shelf()
        self.now = now
        self.new_id = new_id
        self.rows: list[HistoryRow] = []
        self._activities: dict[ActivityKey, ActivitySnapshot | Gone] = {}
        self._events: dict[EventKey, EventSnapshot | Gone] = {}
        self._verdicts: dict[VerdictKey, Reason] = {}
        self._new_verdicts: dict[VerdictKey, Reason] = {}
        self._changed_connections: dict[UUID, None] = {}
        self._deferred: set[tuple[UUID, int]] = set()
        self._outgoing: list[Outgoing] = []

    # What is known

    def put_connection(self, connection: Connection) -> None:
        """Change a connection or add a new one."""
        self.connections[connection.connection_id] = connection
        self._changed_connections[connection.connection_id] = None

    def of_user(self, user: object) -> list[Connection]:
        """A user's connections that were not removed."""
        return [one for one in self.connections.values() if one.user == user and not one.removed]

    async def load(self, activities: Collection[ActivityKey], events: Collection[EventKey]) -> None:
        """Load items, their links, the other sides of these, and what is being created."""
        await self._load_items(activities, events)
        users = {user for user, _ in activities}
        connection_ids = [one.connection_id for user in users for one in self.of_user(user)]
        self.shelf.add(
            await repository.links_of_activities(
                self.database, connection_ids, {activity_id for _, activity_id in activities}
            )
        )
        self.shelf.add(await repository.links_of_events(self.database, events))
        self.shelf.add(await repository.links_by_id(self.database, self._marks(events)))
        self.shelf.add(await repository.links_creating(self.database, connection_ids))
        await self.load_other_sides()
        await self._load_verdicts(activities, events)

    async def load_other_sides(self) -> None:
        """Load the items of all living links that are known here."""
        activities: set[ActivityKey] = set()
        events: set[EventKey] = set()
        for kept in self.shelf.all():
            connection = self.connections.get(kept.connection_id)
            if connection is None or kept.link.state is LinkState.DISSOLVED:
                continue
            if kept.link.activity_id is not None:
                activities.add((connection.user, kept.link.activity_id))
            if kept.link.event_id is not None:
                events.add((kept.connection_id, kept.link.event_id))
        await self._load_items(activities, events)

    def know(
        self,
        activities: dict[ActivityKey, ActivitySnapshot | Gone],
        events: dict[EventKey, EventSnapshot | Gone],
    ) -> None:
        """Take in items that were loaded elsewhere."""
        self._activities |= activities
        self._events |= events

    def activity(self, connection: Connection, link: Link) -> ActivitySnapshot | Gone | None:
        """The activity of a link."""
        if link.activity_id is None:
            return None
        return self._activities.get((connection.user, link.activity_id))

    def event(self, connection: Connection, link: Link) -> EventSnapshot | Gone | None:
        """The event of a link."""
        if link.event_id is None:
            return None
        return self._events.get((connection.connection_id, link.event_id))

    def forget_item(self, connection: Connection, link: Link, side: Side) -> None:
        """Take a side of a link for deleted: the provider said so when it was written to."""
        if side is Side.CRM and link.activity_id is not None:
            self._activities[connection.user, link.activity_id] = Gone(self.now)
        if side is Side.CALENDAR and link.event_id is not None:
            self._events[connection.connection_id, link.event_id] = Gone(self.now)

    @property
    def leaving(self) -> list[Connection]:
        """Connections that are removed but not forgotten yet."""
        return [one for one in self.connections.values() if one.removed and one.told is not None]

    # Deciding

    def decide_activity(
        self, connection: Connection, activity_id: int, *, trace: str | None
    ) -> None:
        """Decide about an activity in one connection."""
        link = self.shelf.of_activity(connection.connection_id, activity_id)
        if link is not None and link.state is not LinkState.DISSOLVED:
            self.decide_link(connection, link, trace=trace)
            return
        activity = self._activities.get((connection.user, activity_id))
        contested = isinstance(activity, ActivitySnapshot) and self._contested(connection, activity)
        observed = Observed(link=link, activity=activity, contested=contested)
        decided = self._plan(connection, observed)
        if decided.reason is Reason.AWAITING and contested:
            self._deferred.add((connection.connection_id, activity_id))
        self.carry_out(connection, observed, decided, trace)
        title = activity.subject if isinstance(activity, ActivitySnapshot) else ""
        self._tell(connection, Side.CRM, decided, title=title, activity_id=activity_id, trace=trace)

    def decide_event(self, connection: Connection, event_id: str, *, trace: str | None) -> None:
        """Decide about an event of a connection."""
        event = self._events.get((connection.connection_id, event_id))
        link = self._marked(connection, event) or self.shelf.of_event(
            connection.connection_id, event_id
        )
        if link is not None and link.state is not LinkState.DISSOLVED:
            self.decide_link(connection, link, trace=trace)
            return
        observed = Observed(link=link, event=event)
        decided = self._plan(connection, observed)
        self.carry_out(connection, observed, decided, trace)
        title = (
            meeting_of_event(event, connection.policy).title
            if isinstance(event, EventSnapshot)
            else ""
        )
        self._tell(connection, Side.CALENDAR, decided, title=title, event_id=event_id, trace=trace)

    def decide_link(
        self, connection: Connection, link: Link, *, trace: str | None, backfill: bool = False
    ) -> None:
        """Decide about a pair that is linked."""
        observed = Observed(
            link=link,
            activity=self.activity(connection, link),
            event=self.event(connection, link),
        )
        decided = self._plan(connection, observed)
        self.carry_out(connection, observed, decided, trace, backfill=backfill)
        side = Side.CALENDAR if decided.reason in _ABOUT_THE_EVENT else Side.CRM
        if (side is Side.CALENDAR or link.activity_id is None) and link.event_id is not None:
            side = Side.CALENDAR
        self._tell(
            connection,
            side,
            decided,
            title=link.base.event.title if link.base else "",
            activity_id=link.activity_id,
            event_id=link.event_id,
            link_id=link.link_id,
            trace=trace,
        )

    def carry_out(
        self,
        connection: Connection,
        observed: Observed,
        decided: Plan,
        trace: str | None,
        *,
        backfill: bool = False,
    ) -> None:
        """Keep what a plan asks for: the link, its commands, its history rows."""
        link = decided.link
        if link is None:
            metrics.DECISIONS.labels("none", decided.reason).inc()
            return
        if link.link_id is None:
            link = replace(link, link_id=self.new_id())
        if decided.writes:
            self._send_commands(connection, observed, decided, link, trace, backfill=backfill)
        else:
            metrics.DECISIONS.labels(link.state, decided.reason).inc()
            self.put_link(connection, link)
        teller = self.teller(connection, trace)
        self.rows += [teller.entry(link, entry) for entry in decided.entries]

    def put_link(self, connection: Connection, link: Link) -> None:
        """Change a link that has no command to be sent; commands under way are kept."""
        known = self.shelf.get(link.link_id) if link.link_id is not None else None
        pending = link.pending and known is not None
        self.shelf.put(
            KeptLink(
                connection.connection_id,
                link,
                commands=known.commands if pending and known else None,
                pending_since=known.pending_since if pending and known else None,
            )
        )

    def teller(self, connection: Connection, trace: str | None) -> Teller:
        """Writes history rows for a connection."""
        return Teller(connection.connection_id, self.now, trace_id(trace))

    def note_verdict(self, key: VerdictKey, reason: Reason) -> bool:
        """Remember an item's verdict; tells whether it is another one than before."""
        known = self._new_verdicts.get(key) or self._verdicts.get(key)
        if known is reason or (known is None and reason in UNREMARKABLE):
            return False
        self._new_verdicts[key] = reason
        return True

    def send(self, record: Outgoing) -> None:
        """Publish a record once the transaction has committed."""
        self._outgoing.append(record)

    async def save(self, outbox: Outbox) -> None:
        """Store everything that has changed."""
        await repository.put_connections(
            self.database, [self.connections[one] for one in self._changed_connections]
        )
        await repository.put_links(self.database, self.shelf.changed)
        await repository.put_verdicts(self.database, self._new_verdicts)
        await repository.defer(self.database, self._deferred)
        await repository.add_history(self.database, self.rows)
        await outbox.add(self.database, self._outgoing)

    # Details

    def _plan(self, connection: Connection, observed: Observed) -> Plan:
        return plan(observed, policy=connection.policy, now=self.now)

    def _send_commands(
        self,
        connection: Connection,
        observed: Observed,
        decided: Plan,
        link: Link,
        trace: str | None,
        *,
        backfill: bool,
    ) -> None:
        with span("reconciler.decide", parent=trace, attributes={"reason": decided.reason}):
            carried = traceparent()
        activity, event = observed.activity, observed.event
        records = [
            outgoing(topic_of(command), command, trace=carried)
            for command in commands_of(
                decided.writes,
                link,
                connection,
                activity=activity if isinstance(activity, ActivitySnapshot) else None,
                event=event if isinstance(event, EventSnapshot) else None,
                message_ids=iter(self.new_id, None),
                now=self.now,
                backfill=backfill,
            )
        ]
        for write in decided.writes:
            metrics.DECISIONS.labels(f"{write.verb}_{write.side}", decided.reason).inc()
        self._outgoing += records
        self.shelf.put(
            KeptLink(
                connection.connection_id,
                link,
                commands=json.dumps(
                    [[one.topic, one.key, one.value.decode(), one.trace] for one in records]
                ),
                pending_since=self.now,
            )
        )

    def _tell(
        self,
        connection: Connection,
        side: Side,
        decided: Plan,
        *,
        title: str,
        activity_id: int | None = None,
        event_id: str | None = None,
        link_id: UUID | None = None,
        trace: str | None,
    ) -> None:
        """A row for an item that is left alone, once for each new reason."""
        item_id = str(activity_id) if side is Side.CRM else str(event_id)
        new = self.note_verdict((connection.connection_id, side, item_id), decided.reason)
        if new and decided.reason not in UNREMARKABLE and not (decided.entries or decided.writes):
            self.rows.append(
                self.teller(connection, trace).skipped(
                    side,
                    decided.reason,
                    title=title or type_name(connection.policy.settings.save_events_as),
                    activity_id=activity_id,
                    event_id=event_id,
                    link_id=link_id,
                )
            )

    def _contested(self, connection: Connection, activity: ActivitySnapshot) -> bool:
        """Whether a create of ours may be the origin of an activity that has no link.

        Its webhook can be faster than the outcome. A title or a time in common is enough.
        """
        creating = self.shelf.creating_activities(connection.connection_id)
        shown = meeting_of_activity(activity, connection.policy) if creating else None
        return shown is not None and any(
            (pending := kept.link.pending_activity) is not None
            and (made := pending.after) is not None
            and (made.title == shown.title or made.schedule == shown.schedule)
            for kept in creating
        )

    def _marked(self, connection: Connection, event: EventSnapshot | Gone | None) -> Link | None:
        """The link that an event bears the mark of, while it awaits or has this very event."""
        mark = _link_id(event)
        kept = self.shelf.get(mark) if mark else None
        if (
            kept is None
            or kept.connection_id != connection.connection_id
            or not isinstance(event, EventSnapshot)
        ):
            return None
        return kept.link if kept.link.event_id in {None, event.event_id} else None

    def _marks(self, events: Collection[EventKey]) -> set[UUID]:
        marks = {_link_id(self._events.get(key)) for key in events}
        return {mark for mark in marks if mark is not None}

    async def _load_items(
        self, activities: Collection[ActivityKey], events: Collection[EventKey]
    ) -> None:
        missing_a = [key for key in activities if key not in self._activities]
        missing_e = [key for key in events if key not in self._events]
        self._activities |= await repository.activities_by_key(self.database, missing_a)
        self._events |= await repository.events_by_key(self.database, missing_e)

    async def _load_verdicts(
        self, activities: Collection[ActivityKey], events: Collection[EventKey]
    ) -> None:
        keys: set[VerdictKey] = {
            (one.connection_id, Side.CRM, str(activity_id))
            for user, activity_id in activities
            for one in self.of_user(user)
        }
        keys |= {(connection_id, Side.CALENDAR, event_id) for connection_id, event_id in events}
        for kept in self.shelf.all():
            if kept.link.activity_id is not None:
                keys.add((kept.connection_id, Side.CRM, str(kept.link.activity_id)))
            if kept.link.event_id is not None:
                keys.add((kept.connection_id, Side.CALENDAR, kept.link.event_id))
        self._verdicts |= await repository.verdicts(self.database, keys)


def _link_id(event: EventSnapshot | Gone | None) -> UUID | None:
    if not isinstance(event, EventSnapshot) or event.link_mark is None:
        return None
    try:
        return UUID(event.link_mark)
    except ValueError:
        return None
