"""Rows of the schema `sync` as values, and back; a fixed number of statements for any batch."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from reconciler.connection import Connection
from reconciler.core.model import Gone, Link
from reconciler.core.reasons import Reason
from reconciler.journal import HistoryRow
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import ConnectionChanged
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.message import SyncUser
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid, named_queries

QUERIES: Final = named_queries("reconciler")
_LINK: Final = TypeAdapter(Link)
PAGE_MAX: Final = 1000

ActivityKey = tuple[SyncUser, int]
EventKey = tuple[UUID, str]
VerdictKey = tuple[UUID, Side, str]


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link with the connection that it belongs to, and its commands as they were sent."""

    connection_id: UUID
    link: Link
    commands: str | None = None
    pending_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivitySeen:
    """An observation of an activity; `snapshot` None: it is gone."""

    user: SyncUser
    activity_id: int
    snapshot: ActivitySnapshot | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An observation of an event; `snapshot` None: it is gone."""

    connection_id: UUID
    calendar_id: str
    event_id: str
    snapshot: EventSnapshot | None
    updated_at: datetime | None
    observed_at: datetime


async def lock_users(database: postgres.Connection, users: Collection[SyncUser]) -> None:
    """Let no other transaction decide for these users until this one ends."""
    columns = _user_columns(sorted(users, key=lambda user: (user.company_id, user.user_id)))
    await QUERIES.add_users(database, **columns)
    _ = [row async for row in QUERIES.lock_users(database, **columns)]


async def connections_of(
    database: postgres.Connection, users: Collection[SyncUser]
) -> list[Connection]:
    """All connections of some users, removed ones too."""
    rows = QUERIES.connections_of_users(database, **_user_columns(users))
    return [
        Connection(
            connection_id=as_uuid(row["connection_id"]),
            user=SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
            revision=row["revision"],
            told=_connection_told(row["body"]) if row["body"] else None,
            both_read=bool(row["both_read"]),
            started=row["started"],
            blocked=Reason(row["blocked_reason"]) if row["blocked_reason"] else None,
            removed=row["removed"],
        )
        async for row in rows
    ]


async def put_connections(database: postgres.Connection, connections: Sequence[Connection]) -> None:
    """Store connections, new or known."""
    if connections:
        await QUERIES.put_connections(
            database,
            connection_ids=[one.connection_id for one in connections],
            company_ids=[one.user.company_id for one in connections],
            user_ids=[one.user.user_id for one in connections],
            revisions=[one.revision for one in connections],
            bodies=[one.told.model_dump_json() if one.told else None for one in connections],
            starteds=[one.started for one in connections],
            blocked_reasons=[one.blocked for one in connections],
            removeds=[one.removed for one in connections],
        )


async def store_activities(
    database: postgres.Connection, seen: Iterable[ActivitySeen]
) -> set[ActivityKey]:
    """Keep what is newer than what is known; returns the activities of which that is so."""
    newest = _newest(((one.user, one.activity_id, one) for one in seen), _activity_stamp)
    if not newest:
        return set()
    rows = QUERIES.store_activities(
        database,
        **_user_columns([one.user for one in newest]),
        activity_ids=[one.activity_id for one in newest],
        snapshots=[one.snapshot.model_dump_json() if one.snapshot else None for one in newest],
        updated_ats=[one.snapshot.updated_at if one.snapshot else None for one in newest],
        observed_ats=[one.observed_at for one in newest],
    )
    return {
        (
            SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
            int(row["activity_id"]),
        )
        async for row in rows
    }


async def store_events(database: postgres.Connection, seen: Iterable[EventSeen]) -> set[EventKey]:
    """Keep what is newer than what is known; returns the events of which that is so."""
    newest = _newest(((one.connection_id, one.event_id, one) for one in seen), _event_stamp)
    if not newest:
        return set()
    rows = QUERIES.store_events(
        database,
        connection_ids=[one.connection_id for one in newest],
        event_ids=[one.event_id for one in newest],
        calendar_ids=[one.calendar_id for one in newest],
        snapshots=[one.snapshot.model_dump_json() if one.snapshot else None for one in newest],
        updated_ats=[one.updated_at for one in newest],
        observed_ats=[one.observed_at for one in newest],
    )
    return {(as_uuid(row["connection_id"]), row["event_id"]) async for row in rows}


async def activities_by_key(
    database: postgres.Connection, keys: Collection[ActivityKey]
) -> dict[ActivityKey, ActivitySnapshot | Gone]:
    """What is known of some activities."""
    if not keys:
        return {}
    rows = QUERIES.activities_by_id(
        database,
        **_user_columns([user for user, _ in keys]),
        activity_ids=[activity_id for _, activity_id in keys],
    )
    return {
        (
            SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
            int(row["activity_id"]),
        ): _activity(row)
        async for row in rows
    }


async def events_by_key(
    database: postgres.Connection, keys: Collection[EventKey]
) -> dict[EventKey, EventSnapshot | Gone]:
    """What is known of some events."""
    if not keys:
        return {}
    rows = QUERIES.events_by_id(
        database,
        connection_ids=[connection_id for connection_id, _ in keys],
        event_ids=[event_id for _, event_id in keys],
    )
    return {
        (as_uuid(row["connection_id"]), str(row["event_id"])): _event(row) async for row in rows
    }


async def activities_page(
    database: postgres.Connection, user: SyncUser, after: int
) -> dict[int, ActivitySnapshot | Gone]:
    """A page of a user's activities by id, at most `PAGE_MAX`."""
    rows = QUERIES.activities_of_user(
        database,
        company_id=user.company_id,
        user_id=user.user_id,
        after=after,
        limit=PAGE_MAX,
    )
    return {int(row["activity_id"]): _activity(row) async for row in rows}


async def events_page(
    database: postgres.Connection, connection: Connection, after: str
) -> dict[str, EventSnapshot | Gone]:
    """A page of a calendar's events by id, at most `PAGE_MAX`."""
    rows = QUERIES.events_of_connection(
        database,
        connection_id=connection.connection_id,
        calendar_id=connection.policy.settings.calendar_id,
        after=after,
        limit=PAGE_MAX,
    )
    return {str(row["event_id"]): _event(row) async for row in rows}


async def links_by_id(database: postgres.Connection, link_ids: Collection[UUID]) -> list[KeptLink]:
    """Links with these ids."""
    if not link_ids:
        return []
    return [_link(row) async for row in QUERIES.links_by_id(database, link_ids=list(link_ids))]


async def links_of_activities(
    database: postgres.Connection,
    connection_ids: Collection[UUID],
    activity_ids: Collection[int],
) -> list[KeptLink]:
    """Links of some activities in some connections, living and dissolved, the newest last."""
    if not connection_ids or not activity_ids:
        return []
    rows = QUERIES.links_of_activities(
        database, connection_ids=list(connection_ids), activity_ids=list(activity_ids)
    )
    return [_link(row) async for row in rows]


async def links_of_events(
    database: postgres.Connection, keys: Collection[EventKey]
) -> list[KeptLink]:
    """Links of some events, living and dissolved, the newest last."""
    if not keys:
        return []
    rows = QUERIES.links_of_events(
        database,
        connection_ids=[connection_id for connection_id, _ in keys],
        event_ids=[event_id for _, event_id in keys],
    )
    return [_link(row) async for row in rows]


async def links_creating(
    database: postgres.Connection, connection_ids: Collection[UUID]
) -> list[KeptLink]:
    """Links whose activity is being made."""
    if not connection_ids:
        return []
    rows = QUERIES.links_creating_activities(database, connection_ids=list(connection_ids))
    return [_link(row) async for row in rows]


async def living_links_page(
    database: postgres.Connection, connection_id: UUID, after: UUID
) -> list[KeptLink]:
    """A page of a connection's living links by id, at most `PAGE_MAX`."""
    rows = QUERIES.living_links(database, connection_id=connection_id, after=after, limit=PAGE_MAX)
    return [_link(row) async for row in rows]


async def put_links(database: postgres.Connection, links: Sequence[KeptLink]) -> None:
    """Store links; those that end come first, so that one may take another's place."""
    if not links:
        return
    ordered = sorted(links, key=lambda kept: kept.link.state != "dissolved")
    for group in (
        [kept for kept in ordered if kept.link.state == "dissolved"],
        [kept for kept in ordered if kept.link.state != "dissolved"],
    ):
        if group:
            await QUERIES.put_links(
                database,
                link_ids=[kept.link.link_id for kept in group],
                connection_ids=[kept.connection_id for kept in group],
                activity_ids=[kept.link.activity_id for kept in group],
                event_ids=[kept.link.event_id for kept in group],
                states=[kept.link.state.value for kept in group],
                bodies=[_LINK.dump_json(kept.link).decode() for kept in group],
                commands=[kept.commands for kept in group],
                pending_sinces=[kept.pending_since for kept in group],
            )


async def verdicts(
    database: postgres.Connection, keys: Collection[VerdictKey]
) -> dict[VerdictKey, Reason]:
    """The last verdict of some items."""
    if not keys:
        return {}
    rows = QUERIES.verdicts(database, **_verdict_columns(keys))
    return {
        (as_uuid(row["connection_id"]), Side(row["side"]), row["item_id"]): Reason(row["reason"])
        async for row in rows
    }


async def put_verdicts(database: postgres.Connection, found: dict[VerdictKey, Reason]) -> None:
    """Store verdicts."""
    if found:
        await QUERIES.put_verdicts(
            database, **_verdict_columns(found), reasons=[reason.value for reason in found.values()]
        )


async def defer(database: postgres.Connection, items: Collection[tuple[UUID, int]]) -> None:
    """Remember activities that are to be decided once a create has ended."""
    if items:
        await QUERIES.defer(
            database,
            connection_ids=[connection_id for connection_id, _ in items],
            activity_ids=[activity_id for _, activity_id in items],
        )


async def take_deferred(
    database: postgres.Connection, connection_ids: Collection[UUID]
) -> list[tuple[UUID, int]]:
    """Activities that waited in some connections; they do not wait any more."""
    if not connection_ids:
        return []
    rows = QUERIES.take_deferred(database, connection_ids=list(connection_ids))
    return [(as_uuid(row["connection_id"]), int(row["activity_id"])) async for row in rows]


async def add_history(database: postgres.Connection, rows: Sequence[HistoryRow]) -> None:
    """Append rows."""
    if rows:
        await QUERIES.add_history(
            database,
            connection_ids=[row.connection_id for row in rows],
            ats=[row.at for row in rows],
            sides=[row.side.value for row in rows],
            activity_ids=[row.activity_id for row in rows],
            event_ids=[row.event_id for row in rows],
            link_ids=[row.link_id for row in rows],
            titles=[row.title for row in rows],
            actions=[row.action for row in rows],
            reasons=[row.reason.value for row in rows],
            details=[row.detail for row in rows],
            befores=[_json(row.before) for row in rows],
            afters=[_json(row.after) for row in rows],
            trace_ids=[row.trace_id for row in rows],
        )


@lru_cache(maxsize=4096)
def _connection_told(body: str) -> ConnectionChanged:
    return ConnectionChanged.model_validate_json(body)


def loaded(value: str | None) -> Any:
    """The value of a json column."""
    return None if value is None else json.loads(value)


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


def _activity(row: Any) -> ActivitySnapshot | Gone:
    if row["snapshot"] is None:
        return Gone(row["observed_at"])
    return ActivitySnapshot.model_validate_json(row["snapshot"])


def _event(row: Any) -> EventSnapshot | Gone:
    if row["snapshot"] is None:
        return Gone(row["observed_at"])
    return EventSnapshot.model_validate_json(row["snapshot"])


def _link(row: Any) -> KeptLink:
    return KeptLink(
        connection_id=as_uuid(row["connection_id"]),
        link=_LINK.validate_json(row["body"]),
        commands=row["commands"],
        pending_since=row["pending_since"],
    )


def _user_columns(users: Iterable[SyncUser]) -> dict[str, list[int]]:
    listed = list(users)
    return {
        "company_ids": [user.company_id for user in listed],
        "user_ids": [user.user_id for user in listed],
    }


def _verdict_columns(keys: Iterable[VerdictKey]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "connection_ids": [connection_id for connection_id, _, _ in listed],
        "sides": [side.value for _, side, _ in listed],
        "item_ids": [item_id for _, _, item_id in listed],
    }


def _activity_stamp(one: ActivitySeen) -> tuple[datetime | None, datetime]:
    return (one.snapshot.updated_at if one.snapshot else None, one.observed_at)


def _event_stamp(one: EventSeen) -> tuple[datetime | None, datetime]:
    return (one.updated_at, one.observed_at)


def _newest(seen: Iterable[tuple[Any, Any, Any]], stamp_of: Any) -> list[Any]:
    """Of several observations of one item the newest, by the rule of the `store_…` queries."""
    newest: dict[Any, Any] = {}
    for owner, item_id, one in seen:
        known = newest.get((owner, item_id))
        if known is None or _is_newer(stamp_of(one), stamp_of(known)):
            newest[owner, item_id] = one
    return list(newest.values())


def _is_newer(
    one: tuple[datetime | None, datetime], other: tuple[datetime | None, datetime]
) -> bool:
    if one[0] is not None and other[0] is not None and one[0] != other[0]:
        return one[0] > other[0]
    return one[1] >= other[1]
