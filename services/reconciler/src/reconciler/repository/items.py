"""Activities and events as they were last observed."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from reconciler.core.model import Gone
from reconciler.repository.queries import PAGE_MAX, QUERIES, UserKey
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.runtime import postgres
from tandem.runtime.postgres import as_uuid

ActivityKey = tuple[int, int, int]
"""Company, user, activity."""
EventKey = tuple[UUID, str]
"""Connection, event."""

Activities = dict[ActivityKey, ActivitySnapshot | Gone]
Events = dict[EventKey, EventSnapshot | Gone]


@dataclass(frozen=True, slots=True)
class ActivitySeen:
    """An observation of an activity; `snapshot` None: it is gone."""

    key: ActivityKey
    snapshot: ActivitySnapshot | None
    observed_at: datetime

    @property
    def stamp(self) -> datetime | None:
        """When it was last modified, as the provider tells it."""
        return self.snapshot.updated_at if self.snapshot else None


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An observation of an event; `snapshot` None: it is gone."""

    key: EventKey
    calendar_id: str
    snapshot: EventSnapshot | None
    stamp: datetime | None
    observed_at: datetime


SeenT = TypeVar("SeenT", ActivitySeen, EventSeen)


async def store_activities(
    database: postgres.Connection, seen: Iterable[ActivitySeen]
) -> Activities:
    """Keep what is newer than what is known, and return that."""
    newest = _newest(seen, lambda one: one.key)
    if not newest:
        return {}
    rows = QUERIES.store_activities(
        database,
        **_activity_columns(newest),
        snapshots=[
            one.snapshot.model_dump_json() if one.snapshot else None for one in newest.values()
        ],
        updated_ats=[one.stamp for one in newest.values()],
        observed_ats=[one.observed_at for one in newest.values()],
    )
    found: Activities = {}
    async for row in rows:
        key = (row["company_id"], row["user_id"], row["activity_id"])
        found[key] = newest[key].snapshot or Gone(newest[key].observed_at)
    return found


async def store_events(database: postgres.Connection, seen: Iterable[EventSeen]) -> Events:
    """Keep what is newer than what is known, and return that."""
    newest = _newest(seen, lambda one: one.key)
    if not newest:
        return {}
    rows = QUERIES.store_events(
        database,
        **_event_columns(newest),
        calendar_ids=[one.calendar_id for one in newest.values()],
        snapshots=[
            one.snapshot.model_dump_json() if one.snapshot else None for one in newest.values()
        ],
        updated_ats=[one.stamp for one in newest.values()],
        observed_ats=[one.observed_at for one in newest.values()],
    )
    found: Events = {}
    async for row in rows:
        key = (as_uuid(row["connection_id"]), row["event_id"])
        found[key] = newest[key].snapshot or Gone(newest[key].observed_at)
    return found


async def activities_by_key(
    database: postgres.Connection, keys: Collection[ActivityKey]
) -> Activities:
    """What is known of some activities."""
    if not keys:
        return {}
    rows = QUERIES.activities_by_id(database, **_activity_columns(keys))
    return {_activity_key(row): _activity(row) async for row in rows}


async def events_by_key(database: postgres.Connection, keys: Collection[EventKey]) -> Events:
    """What is known of some events."""
    if not keys:
        return {}
    rows = QUERIES.events_by_id(database, **_event_columns(keys))
    return {_event_key(row): _event(row) async for row in rows}


async def events_in_calendars(
    database: postgres.Connection, calendars: Mapping[EventKey, str]
) -> Events:
    """What is known of some events, each where it is in a certain calendar."""
    if not calendars:
        return {}
    rows = QUERIES.events_by_id(database, **_event_columns(calendars))
    return {
        key: _event(row)
        async for row in rows
        if row["calendar_id"] == calendars[key := _event_key(row)]
    }


async def activities_page(database: postgres.Connection, user: UserKey, after: int) -> Activities:
    """A page of a user's activities by id, at most `PAGE_MAX`."""
    rows = QUERIES.activities_of_user(
        database, company_id=user[0], user_id=user[1], after=after, limit=PAGE_MAX
    )
    return {_activity_key(row): _activity(row) async for row in rows}


async def events_page(
    database: postgres.Connection, connection_id: UUID, calendar_id: str, after: str
) -> Events:
    """A page of a calendar's events by id, at most `PAGE_MAX`."""
    rows = QUERIES.events_of_connection(
        database,
        connection_id=connection_id,
        calendar_id=calendar_id,
        after=after,
        limit=PAGE_MAX,
    )
    return {_event_key(row): _event(row) async for row in rows}


def _newest(seen: Iterable[SeenT], key_of: Callable[[SeenT], Hashable]) -> dict[Any, SeenT]:
    """Of several observations of one item the newest, by the rule of the `store_…` queries."""
    newest: dict[Any, SeenT] = {}
    for one in seen:
        key = key_of(one)
        known = newest.get(key)
        if known is None or _is_newer(one, known):
            newest[key] = one
    return newest


def _is_newer(one: SeenT, other: SeenT) -> bool:
    if one.stamp is not None and other.stamp is not None and one.stamp != other.stamp:
        return one.stamp > other.stamp
    return one.observed_at >= other.observed_at


def _activity_key(row: Any) -> ActivityKey:
    return (row["company_id"], row["user_id"], row["activity_id"])


def _event_key(row: Any) -> EventKey:
    return (as_uuid(row["connection_id"]), row["event_id"])


def _activity(row: Any) -> ActivitySnapshot | Gone:
    if row["snapshot"] is None:
        return Gone(row["observed_at"])
    return ActivitySnapshot.model_validate_json(row["snapshot"])


def _event(row: Any) -> EventSnapshot | Gone:
    if row["snapshot"] is None:
        return Gone(row["observed_at"])
    return EventSnapshot.model_validate_json(row["snapshot"])


def _activity_columns(keys: Iterable[ActivityKey]) -> dict[str, list[int]]:
    listed = list(keys)
    return {
        "company_ids": [company_id for company_id, _, _ in listed],
        "user_ids": [user_id for _, user_id, _ in listed],
        "activity_ids": [activity_id for _, _, activity_id in listed],
    }


def _event_columns(keys: Iterable[EventKey]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "connection_ids": [connection_id for connection_id, _ in listed],
        "event_ids": [event_id for _, event_id in listed],
    }
