"""The guards of a connection: many deletions at once are held, a link that loops rests.

Both look back over `WINDOW`. Deletions of which the other side's item lives on, and those that a
user ordered himself, are not the brake's business.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Entry, Link, LinkState, Observed, Plan, Verb
from reconciler.core.reasons import Reason
from reconciler.repository import guards
from reconciler.repository.links import KeptLink
from tandem.runtime import postgres

WINDOW: Final = timedelta(minutes=10)
_OF_BOTH: Final = frozenset({Reason.DELETED, Reason.DECLINED})
"""Reasons of deletions after which no side has the item any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """More than these within `WINDOW` trip a brake; `deletions_share` is of all links."""

    deletions: int = 10
    deletions_share: float = 0.2
    writes_of_link: int = 6


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion that a plan asks for and that has not been sent yet."""

    connection: Connection
    observed: Observed
    link: Link
    decided: Plan
    trace: str | None
    backfill: bool = False


class Brakes:
    """Sets deletions aside until all of a transaction are known."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._aside: dict[UUID, Deletion] = {}

    def set_aside(self, deletion: Deletion) -> bool:
        """Keep a deletion back for now; False where the brake has nothing to say of the plan."""
        link_id = deletion.link.link_id
        if link_id is None:
            return False
        self._aside.pop(link_id, None)
        if not _is_deletion(deletion.decided):
            return False
        self._aside[link_id] = deletion
        return True

    async def sort(
        self, database: postgres.Connection, now: datetime
    ) -> tuple[list[Deletion], list[Deletion]]:
        """Those that may be carried out, and those to be held, of all that were set aside."""
        aside, self._aside = list(self._aside.values()), {}
        free: list[Deletion] = []
        held: list[Deletion] = []
        of_connection: dict[UUID, list[Deletion]] = defaultdict(list)
        for one in aside:
            of_connection[one.connection.connection_id].append(one)
        for connection_id, asked in of_connection.items():
            links = {one.link.link_id for one in asked if one.link.link_id}
            too_many = await self._are_too_many(database, connection_id, links, now)
            (held if too_many else free).extend(asked)
        await guards.note_deletions(
            database,
            [(one.connection.connection_id, one.link.link_id) for one in aside if one.link.link_id],
            now,
        )
        return free, held

    def is_looping(self, recent_writes: Sequence[datetime], decided: Plan) -> bool:
        """Whether the writes of a plan would be too many for one link; a deletion ends any loop."""
        writes = [write for write in decided.writes if write.verb is not Verb.DELETE]
        return bool(writes) and len(recent_writes) + len(writes) > self.limits.writes_of_link

    async def _are_too_many(
        self,
        database: postgres.Connection,
        connection_id: UUID,
        asked: Collection[UUID],
        now: datetime,
    ) -> bool:
        since = now - WINDOW
        # One that is asked for again, since it was not carried out, is the same deletion.
        before = await guards.deletions_since(database, connection_id, since, besides=asked)
        total = len(asked) + before
        if total <= self.limits.deletions:
            return False
        links = await guards.links_since(database, connection_id, since)
        return total > self.limits.deletions_share * links


def recent(kept: KeptLink, now: datetime) -> tuple[datetime, ...]:
    """When a link was written to within the window."""
    return tuple(moment for moment in kept.recent_writes if moment > now - WINDOW)


def hold(deletion: Deletion) -> Plan:
    """The link of a held deletion rests until the user has spoken."""
    write = deletion.decided.writes[0]
    pending = deletion.decided.link.pending_on(write.side) if deletion.decided.link else None
    resting = replace(
        deletion.link,
        state=LinkState.RESTING,
        reason=Reason.HELD_MASS_DELETE,
        quiet=deletion.backfill or deletion.link.quiet,
        pending_activity=None,
        pending_event=None,
    )
    entry = Entry(
        write.side, "held", Reason.HELD_MASS_DELETE, before=pending.before if pending else None
    )
    return Plan(Reason.HELD_MASS_DELETE, link=resting, entries=(entry,))


def _is_deletion(decided: Plan) -> bool:
    return (
        decided.reason in _OF_BOTH
        and len(decided.writes) == 1
        and decided.writes[0].verb is Verb.DELETE
    )
