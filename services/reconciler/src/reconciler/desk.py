"""One transaction's decisions: made in memory from what is known, stored all at once.

The users concerned are locked by whoever opens the transaction. An item that is left alone has a
verdict; it is told in the history once for each new reason.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from reconciler.brakes import Brakes, Deletion, hold, recent
from reconciler.commands import commands_of, topic_of
from reconciler.connection import Connection
from reconciler.core.model import Link, LinkState, Observed, Plan
from reconciler.core.normalize import meeting_of_event, type_name
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.transitions import rest
from reconciler.core.unheard import side_in_doubt
from reconciler.decisions import NOTHING, REFUSED, Decisions
from reconciler.invitations import are_invited_elsewhere
from reconciler.journal import UNREMARKABLE, HistoryRow, Teller
from reconciler.known import Known
from reconciler.preview import Preview
from reconciler.repository import connections, guards, links, notes
from reconciler.repository.links import KeptLink
from reconciler.verdicts import Verdicts
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.topics import SYNC_HEALTH
from tandem.runtime.outbox import Outbox
from tandem.runtime.publisher import Outgoing, outgoing
from tandem.runtime.telemetry import child_of

_ABOUT_THE_EVENT = frozenset({Reason.ONE_WAY, Reason.PAST, Reason.DECLINED, Reason.PRIVATE})


class Desk:
    """Decides about pairs and keeps what follows until `save`.

    With a `preview` nothing is sent: the writes that would be are noted there.
    """

    def __init__(
        self,
        known: Known,
        outbox: Outbox,
        *,
        brakes: Brakes,
        now: datetime,
        new_id: Callable[[], UUID],
        preview: Preview | None = None,
    ) -> None:
        self.known = known
        self.database = known.database
        self.now = now
        self.new_id = new_id
        self.rows: list[HistoryRow] = []
        self.verdicts = Verdicts()
        self._outbox = outbox
        self._outgoing: list[Outgoing] = []
        self._changed_connections: dict[UUID, None] = {}
        self._deferred: set[tuple[UUID, int]] = set()
        self._decisions = Decisions()
        self._brakes = brakes
        self._preview = preview
        self._unheld: set[UUID] = set()

    # Deciding

    def decide_activity(
        self,
        connection: Connection,
        activity_id: int,
        *,
        trace: str | None,
        backfill: bool = False,
        tell: bool = True,
    ) -> None:
        """Decide about an activity in one connection; `tell` where it may be news to the user."""
        activity = self.known.activity(connection, activity_id)
        link = self.known.shelf.of_activity(connection.connection_id, activity_id)
        if link is not None and link.state is not LinkState.DISSOLVED:
            self.decide_link(connection, link, trace=trace, backfill=backfill)
            return
        contested = self.known.is_contested(connection, activity)
        if link is None and not contested:
            link = self.known.made_without_word(connection, activity)
        observed = Observed(
            link=link,
            activity=activity,
            contested=contested,
            doubled=self.known.is_doubled(connection, link),
        )
        observed = self.known.with_left_alone(connection, observed)
        decided = self._plan(connection, observed)
        if decided.reason is Reason.AWAITING and contested:
            self.defer(connection, activity_id)
        decided = self.carry_out(connection, observed, decided, trace, backfill=backfill)
        if decided.reason is Reason.MATCHED and decided.link is not None:
            self.decide_link(connection, decided.link, trace=trace, backfill=backfill)
            return
        title = activity.subject if isinstance(activity, ActivitySnapshot) else ""
        self._leave(
            connection,
            Side.CRM,
            decided,
            self.teller(connection, trace) if tell else None,
            title=title,
            activity_id=activity_id,
        )

    def decide_event(
        self,
        connection: Connection,
        event_id: str,
        *,
        trace: str | None,
        backfill: bool = False,
        tell: bool = True,
    ) -> None:
        """Decide about an event of a connection; `tell` where it may be news to the user."""
        event = self.known.event(connection, event_id)
        link = self.known.marked(connection, event) or self.known.shelf.of_event(
            connection.connection_id, event_id
        )
        is_living = link is not None and link.state is not LinkState.DISSOLVED
        if link is not None and is_living and side_in_doubt(link) is not Side.CALENDAR:
            self.decide_link(connection, link, trace=trace, backfill=backfill)
            return
        observed = Observed(
            link=link,
            event=event,
            contested=self.known.waits_for_its_series(connection, event),
            crowded=self.known.is_crowded(connection, event, self.now),
            doubled=self.known.is_doubled(connection, link),
        )
        observed = self.known.with_left_alone(connection, observed)
        decided = self._plan(connection, observed)
        decided = self.carry_out(connection, observed, decided, trace, backfill=backfill)
        if decided.reason is Reason.MATCHED and decided.link is not None:
            self.decide_link(connection, decided.link, trace=trace, backfill=backfill)
            return
        title = (
            meeting_of_event(event, connection.policy).title
            if isinstance(event, EventSnapshot) and not decided.writes
            else ""
        )
        self._leave(
            connection,
            Side.CALENDAR,
            decided,
            self.teller(connection, trace) if tell else None,
            title=title,
            event_id=event_id,
        )

    def decide_link(
        self,
        connection: Connection,
        link: Link,
        *,
        trace: str | None,
        backfill: bool = False,
        ordered: bool = False,
    ) -> None:
        """Decide about a pair that is linked; no brake holds what was `ordered` by hand."""
        observed = self.known.pair(connection, link)
        decided = self._plan(connection, observed)
        deletion = Deletion(connection, observed, link, decided, trace, backfill)
        if ordered or not self._brakes.set_aside(deletion):
            decided = self.carry_out(connection, observed, decided, trace, backfill=backfill)
        if decided.reason in UNREMARKABLE:
            self.verdicts.note_both(connection.connection_id, link, decided.reason)
            return
        of_event = decided.reason in _ABOUT_THE_EVENT or link.activity_id is None
        side = Side.CALENDAR if of_event and link.event_id is not None else Side.CRM
        self._leave(
            connection,
            side,
            decided,
            self.teller(connection, trace),
            title=link.base.event.title if link.base else "",
            activity_id=link.activity_id,
            event_id=link.event_id,
            link_id=link.link_id,
        )

    def carry_out(
        self,
        connection: Connection,
        observed: Observed,
        decided: Plan,
        trace: str | None,
        *,
        backfill: bool = False,
    ) -> Plan:
        """Keep what a plan asks for: the link, its commands, its history rows.

        Returns what was carried out: a link that seems to loop rests instead.
        """
        link = decided.link
        if link is None:
            self._decisions.note(NOTHING, decided.reason)
            return decided
        if link.link_id is None:
            link = replace(link, link_id=self.new_id())
        if self._brakes.is_looping(self._recent_writes(link), decided):
            decided = rest(observed.link or link, Reason.LOOP_SUSPECTED)
            link = decided.link or link
        if decided.writes and self._preview is not None:
            self._preview.note(link, decided)
            self.put_link(connection, link)
        elif decided.writes:
            link = replace(link, quiet=backfill or _is_still_a_backfills(observed.link, link))
            self._send_commands(connection, observed, decided, link, trace)
        else:
            self._decisions.note(link.state, decided.reason)
            self.put_link(connection, link)
        teller = self.teller(connection, trace)
        self.rows += [teller.entry(link, entry) for entry in decided.entries]
        return decided

    # What follows

    def put_connection(self, connection: Connection) -> None:
        """Change a connection or add a new one."""
        self.known.put_connection(connection)
        self._changed_connections[connection.connection_id] = None

    def put_link(self, connection: Connection, link: Link) -> None:
        """Change a link that has no command to be sent; commands under way are kept."""
        self._put(connection, link, recent_writes=self._recent_writes(link))

    def put_calmed(self, connection: Connection, link: Link) -> None:
        """Change a link whose recent writes are forgiven."""
        self._put(connection, link, recent_writes=())

    def put_written(self, connection: Connection, link: Link) -> None:
        """Change a link of which a write of ours has just succeeded."""
        if not link.pending and link.refused is None:
            link = replace(link, quiet=False)
        self._put(connection, link, recent_writes=(*self._recent_writes(link), self.now))

    def defer(self, connection: Connection, activity_id: int) -> None:
        """Have an activity decided about once what is under way in a connection has ended."""
        self._deferred.add((connection.connection_id, activity_id))

    def note_refused(self, reason: Reason) -> None:
        """Note that a provider has refused a write for good."""
        self._decisions.note(REFUSED, reason)

    def teller(self, connection: Connection, trace: str | None) -> Teller:
        """Writes history rows for a connection."""
        return Teller(connection.connection_id, self.now, trace)

    def send(self, record: Outgoing) -> None:
        """Publish a record once the transaction has committed."""
        self._outgoing.append(record)

    def report(
        self,
        connection_id: UUID,
        signal: HealthSignal,
        *,
        observed_at: datetime | None = None,
        detail: str = "",
    ) -> None:
        """Tell settings-api what was noticed about a connection."""
        report = ConnectionHealthReported(
            message_id=self.new_id(),
            occurred_at=self.now,
            connection_id=connection_id,
            service="reconciler",
            signal=signal,
            observed_at=observed_at or self.now,
            detail=detail,
        )
        self.send(outgoing(SYNC_HEALTH, report))

    async def save(self) -> None:
        """Store everything that has changed since the last time."""
        await self._decide_deletions()
        await connections.put_connections(
            self.database, [self.known.connections[one] for one in self._changed_connections]
        )
        await links.put_links(self.database, self.known.shelf.take_changed())
        self.rows += await self.verdicts.save(self.database)
        await notes.defer(self.database, self._deferred)
        await notes.add_history(self.database, self.rows)
        await self._report_unheld()
        await self._outbox.add(self.database, self._outgoing)
        for kept in (
            self._changed_connections,
            self._deferred,
            self.rows,
            self._outgoing,
        ):
            kept.clear()

    def count_decisions(self) -> None:
        """Count what was decided; call it once the transaction has committed."""
        self._decisions.count()

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
    ) -> None:
        carried = child_of(trace, "reconciler.decide", {"reason": decided.reason})
        activity, event = observed.activity, observed.event
        records = [
            outgoing(topic_of(command), command, trace=carried)
            for command in commands_of(
                decided.writes,
                link,
                connection,
                activity=activity if isinstance(activity, ActivitySnapshot) else None,
                event=event if isinstance(event, EventSnapshot) else None,
                new_id=self.new_id,
                now=self.now,
                invited_elsewhere=are_invited_elsewhere(self.known, connection, observed, decided),
            )
        ]
        for write in decided.writes:
            self._decisions.note(f"{write.verb}_{write.side}", decided.reason)
        self._outgoing += records
        sent = [[one.topic, one.key, one.value.decode(), one.trace] for one in records]
        self._keep(
            connection,
            KeptLink(
                connection.connection_id,
                link,
                commands=json.dumps(sent),
                pending_since=self.now,
                recent_writes=self._recent_writes(link),
            ),
        )

    def _keep(self, connection: Connection, kept: KeptLink) -> None:
        before = self.known.shelf.of_link(kept.link)
        was_held = before is not None and _is_held(before.link)
        if was_held and not _is_held(kept.link) and not connection.removed:
            self._unheld.add(connection.connection_id)
        self.known.shelf.put(kept)
        event = self.known.event_of(connection, kept.link)
        self.known.occurrences.note(
            connection,
            kept.link,
            event if isinstance(event, EventSnapshot) else None,
            before.link if before is not None else None,
        )

    def _put(
        self, connection: Connection, link: Link, *, recent_writes: tuple[datetime, ...]
    ) -> None:
        kept = self.known.shelf.of_link(link)
        under_way = kept if kept is not None and link.pending else None
        self._keep(
            connection,
            KeptLink(
                connection.connection_id,
                link,
                commands=under_way.commands if under_way else None,
                pending_since=under_way.pending_since if under_way else None,
                recent_writes=recent_writes,
            ),
        )

    def _recent_writes(self, link: Link) -> tuple[datetime, ...]:
        kept = self.known.shelf.of_link(link)
        return recent(kept, self.now) if kept else ()

    async def _decide_deletions(self) -> None:
        """Carry out the deletions that were set aside, or hold them where they are too many."""
        free, held = await self._brakes.sort(self.database, self.now)
        for one in free:
            self.carry_out(
                one.connection, one.observed, one.decided, one.trace, backfill=one.backfill
            )
        for one in held:
            resting = hold(one)
            self.carry_out(one.connection, one.observed, resting, one.trace)
            self.verdicts.note_both(one.connection.connection_id, one.link, resting.reason)
        for connection_id in {one.connection.connection_id for one in held}:
            self.report(connection_id, HealthSignal.DELETIONS_HELD)

    async def _report_unheld(self) -> None:
        """Tell where nothing waits for the user's word any more."""
        for connection_id in self._unheld:
            if not await guards.resting_links(
                self.database, connection_id, Reason.HELD_MASS_DELETE
            ):
                self.report(connection_id, HealthSignal.DELETIONS_SETTLED)
        self._unheld.clear()

    def _leave(
        self,
        connection: Connection,
        side: Side,
        decided: Plan,
        teller: Teller | None,
        *,
        title: str,
        activity_id: int | None = None,
        event_id: str | None = None,
        link_id: UUID | None = None,
    ) -> None:
        """Note an item's verdict; a row where no other one tells of it."""
        item_id = str(activity_id) if side is Side.CRM else str(event_id)
        key = (connection.connection_id, side, item_id)
        if teller is None or decided.entries or decided.reason in UNREMARKABLE:
            self.verdicts.note(key, decided.reason)
            return
        row = teller.skipped(
            side,
            decided.reason,
            title=title or type_name(connection.policy.settings.save_events_as),
            activity_id=activity_id,
            event_id=event_id,
            link_id=link_id,
        )
        self.verdicts.note(key, decided.reason, None if decided.writes else row)


def _is_still_a_backfills(before: Link | None, link: Link) -> bool:
    """Whether what a link asks for is a backfill's write that was not carried out.

    What is done once a refused link wakes is news, and so is a link that follows another one.
    """
    return (
        before is not None
        and before.link_id == link.link_id
        and before.quiet
        and before.refused is None
    )


def _is_held(link: Link) -> bool:
    return link.state is LinkState.RESTING and link.reason is Reason.HELD_MASS_DELETE
