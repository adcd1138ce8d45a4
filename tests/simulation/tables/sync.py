"""The reconciler's queries; see its `queries.sql`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from tests.simulation.tables.table import Row, Table, Tables, rows_of

WRITING = {"active", "needs_confirmation"}
_CONNECTION_COLUMNS = {
    "connection_id": "connection_ids",
    "company_id": "company_ids",
    "user_id": "user_ids",
    "revision": "revisions",
    "body": "bodies",
    "started": "starteds",
    "blocked_reason": "blocked_reasons",
    "removed": "removeds",
    "remove_events": "remove_eventses",
    "restored_at": "restored_ats",
    "rules_changed": "rules_changeds",
}
_LINK_COLUMNS = {
    "link_id": "link_ids",
    "connection_id": "connection_ids",
    "activity_id": "activity_ids",
    "event_id": "event_ids",
    "state": "states",
    "body": "bodies",
    "commands": "commands",
    "pending_since": "pending_sinces",
    "recent_writes": "recent_writeses",
}
_ACTIVITY_COLUMNS = (
    "company_id",
    "user_id",
    "activity_id",
    "snapshot",
    "updated_at",
    "observed_at",
)
_EVENT_COLUMNS = (
    "connection_id",
    "event_id",
    "calendar_id",
    "snapshot",
    "updated_at",
    "observed_at",
)


_WAITING = ("beyond_horizon", "recurring_limit")


def _begin(row: Row) -> str:
    schedule = json.loads(row["snapshot"])["schedule"]
    return str(schedule.get("start") or schedule["first"])


def _series(row: Row) -> str | None:
    snapshot = json.loads(row["snapshot"] or "{}")
    series_id: str | None = (snapshot.get("series") or {}).get("series_id")
    return series_id


def _mark(row: Row) -> str | None:
    mark: str | None = json.loads(row["snapshot"] or "{}").get("link_mark")
    return mark


class SyncTables(Tables):
    """Schema `sync`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.users = Table("company_id", "user_id")
        self.calendar_reads = Table("connection_id", "calendar_id")
        self.connections = Table("connection_id")
        self.activities = Table("company_id", "user_id", "activity_id")
        self.events = Table("connection_id", "event_id")
        self.links = Table("link_id")
        self.verdicts = Table("connection_id", "side", "item_id")
        self.deferred = Table("connection_id", "activity_id")
        self.history = Table("row")
        self.deletions = Table("connection_id", "at", "link_id")
        self._row = 0
        self._change = 0

    # Users and connections

    def add_users(self, company_ids: list[int], user_ids: list[int]) -> None:
        for company_id, user_id in zip(company_ids, user_ids, strict=True):
            if self.users.get(company_id, user_id) is None:
                self.users.put({"company_id": company_id, "user_id": user_id, "crm_read_at": None})

    def lock_users(self, company_ids: list[int], user_ids: list[int]) -> list[Row]:
        wanted = set(zip(company_ids, user_ids, strict=True))
        return self.users.where(lambda row: (row["company_id"], row["user_id"]) in wanted)

    def user_was_read(self, read_at: datetime, company_id: int, user_id: int) -> None:
        if row := self.users.get(company_id, user_id):
            self.users.change(row, crm_read_at=read_at)

    def calendar_was_read(self, connection_id: UUID, calendar_id: str, read_at: datetime) -> None:
        row = {"connection_id": connection_id, "calendar_id": calendar_id, "read_at": read_at}
        self.calendar_reads.put(row)

    def connections_of_users(self, company_ids: list[int], user_ids: list[int]) -> list[Row]:
        wanted = set(zip(company_ids, user_ids, strict=True))
        rows = self.connections.where(lambda row: (row["company_id"], row["user_id"]) in wanted)
        return [
            row | {"both_read": self._both_read(row)}
            for row in sorted(rows, key=lambda row: row["connection_id"])
        ]

    def _both_read(self, row: Row) -> bool:
        user = self.users.get(row["company_id"], row["user_id"])
        if user is None or user["crm_read_at"] is None or row["body"] is None:
            return False
        calendar_id = json.loads(row["body"])["settings"]["calendar_id"]
        read = self.calendar_reads.get(row["connection_id"], calendar_id)
        since = row["restored_at"]
        if read is None or since is None:
            return read is not None
        return bool(user["crm_read_at"] > since and read["read_at"] > since)

    def connection_by_id(self, connection_id: UUID) -> list[Row]:
        row = self.connections.get(connection_id)
        return [] if row is None else [row | {"both_read": False}]

    def put_connections(self, **columns: list[Any]) -> None:
        for row in rows_of(columns, _CONNECTION_COLUMNS):
            self.connections.put(row)

    # Items

    def store_activities(
        self,
        company_ids: list[int],
        user_ids: list[int],
        activity_ids: list[int],
        snapshots: list[str | None],
        updated_ats: list[datetime | None],
        observed_ats: list[datetime],
    ) -> list[Row]:
        columns = (company_ids, user_ids, activity_ids, snapshots, updated_ats, observed_ats)
        return self._store(self.activities, _ACTIVITY_COLUMNS, columns, ("company_id", "user_id"))

    def store_events(
        self,
        connection_ids: list[UUID],
        event_ids: list[str],
        calendar_ids: list[str],
        snapshots: list[str | None],
        updated_ats: list[datetime | None],
        observed_ats: list[datetime],
    ) -> list[Row]:
        columns = (connection_ids, event_ids, calendar_ids, snapshots, updated_ats, observed_ats)
        return self._store(self.events, _EVENT_COLUMNS, columns, ("connection_id",))

    def _store(self, table: Table, names: Sequence[str], columns: Any, owner: Any) -> list[Row]:
        """Keep the newer of two observations."""
        item = "activity_id" if table is self.activities else "event_id"
        stored = []
        for values in zip(*columns, strict=True):
            row = dict(zip(names, values, strict=True))
            known = table.get(*(row[name] for name in owner), row[item])
            if known is None or _newer(row, known):
                table.put(row)
                stored.append(row)
        return stored

    def activities_by_id(
        self, company_ids: list[int], user_ids: list[int], activity_ids: list[int]
    ) -> list[Row]:
        keys = zip(company_ids, user_ids, activity_ids, strict=True)
        return [row for key in keys if (row := self.activities.get(*key))]

    def activities_of_user(
        self, company_id: int, user_id: int, after: int, limit: int
    ) -> list[Row]:
        rows = self.activities.where(
            lambda row: (
                (row["company_id"], row["user_id"]) == (company_id, user_id)
                and row["activity_id"] > after
            )
        )
        return sorted(rows, key=lambda row: row["activity_id"])[:limit]

    def events_by_id(self, connection_ids: list[UUID], event_ids: list[str]) -> list[Row]:
        keys = zip(connection_ids, event_ids, strict=True)
        return [row for key in keys if (row := self.events.get(*key))]

    def events_of_connection(
        self, connection_id: UUID, calendar_id: str, after: str, limit: int
    ) -> list[Row]:
        rows = self.events.where(
            lambda row: (
                (row["connection_id"], row["calendar_id"]) == (connection_id, calendar_id)
                and row["event_id"] > after
            )
        )
        return sorted(rows, key=lambda row: row["event_id"])[:limit]

    # Links

    def links_by_id(self, link_ids: list[UUID]) -> list[Row]:
        return [row for one in link_ids if (row := self.links.get(one))]

    def links_of_activities(self, connection_ids: list[UUID], activity_ids: list[int]) -> list[Row]:
        wanted = set(zip(connection_ids, activity_ids, strict=True))
        return self._by_change(lambda row: (row["connection_id"], row["activity_id"]) in wanted)

    def links_of_events(self, connection_ids: list[UUID], event_ids: list[str]) -> list[Row]:
        wanted = set(zip(connection_ids, event_ids, strict=True))
        return self._by_change(lambda row: (row["connection_id"], row["event_id"]) in wanted)

    def _by_change(self, holds: Any) -> list[Row]:
        return sorted(self.links.where(holds), key=lambda row: row["changed_at"])

    def living_links(self, connection_id: UUID, after: UUID, limit: int) -> list[Row]:
        rows = self.links.where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["state"] != "dissolved"
                and row["link_id"] > after
            )
        )
        return sorted(rows, key=lambda row: row["link_id"])[:limit]

    def links_creating_activities(self, connection_ids: list[UUID]) -> list[Row]:
        return self.links.where(
            lambda row: (
                row["connection_id"] in connection_ids
                and row["activity_id"] is None
                and (
                    row["pending_since"] is not None
                    or json.loads(row["body"])["attempted"] is not None
                )
            )
        )

    def something_pending(self, connection_id: UUID) -> bool:
        return any(
            row["connection_id"] == connection_id and row["pending_since"] is not None
            for row in self.links
        )

    def put_links(self, **columns: list[Any]) -> None:
        given = [{"recent_writes": "[]"} | row for row in rows_of(columns, _LINK_COLUMNS)]
        for row in given:
            self._change += 1
            self._hold_unique(row)
            self.links.put(row | {"changed_at": datetime.fromtimestamp(self._change, UTC)})

    def held_links(self, connection_id: UUID, after: UUID, limit: int) -> list[Row]:
        return self._resting("held_mass_delete", connection_id, after, limit)

    def looping_links(self, connection_id: UUID, after: UUID, limit: int) -> list[Row]:
        return self._resting("loop_suspected", connection_id, after, limit)

    def _resting(self, reason: str, connection_id: UUID, after: UUID, limit: int) -> list[Row]:
        living = self.living_links(connection_id, after, limit)
        return [
            row
            for row in living
            if row["state"] == "resting" and json.loads(row["body"])["reason"] == reason
        ]

    def note_deletions(
        self, at: datetime, connection_ids: list[UUID], link_ids: list[UUID]
    ) -> None:
        for connection_id, link_id in zip(connection_ids, link_ids, strict=True):
            self.deletions.put({"connection_id": connection_id, "link_id": link_id, "at": at})

    def _deleted_since(self, connection_id: UUID, since: datetime) -> list[Row]:
        return self.deletions.where(
            lambda row: row["connection_id"] == connection_id and row["at"] > since
        )

    def deletions_since(self, connection_id: UUID, since: datetime, besides: list[UUID]) -> int:
        links = {row["link_id"] for row in self._deleted_since(connection_id, since)}
        return len(links.difference(besides))

    def links_since(self, connection_id: UUID, since: datetime) -> int:
        deleted = {row["link_id"] for row in self._deleted_since(connection_id, since)}
        return sum(
            row["connection_id"] == connection_id
            and (row["state"] != "dissolved" or row["link_id"] in deleted)
            for row in self.links
        )

    def forget_old_deletions(self, before: datetime) -> None:
        self.deletions.drop_where(lambda row: row["at"] < before)

    def _hold_unique(self, row: Row) -> None:
        """An item belongs to one living link of its connection."""
        if row["state"] == "dissolved":
            return
        for other in self.links:
            if (
                other["link_id"] != row["link_id"]
                and other["state"] != "dissolved"
                and other["connection_id"] == row["connection_id"]
                and any(
                    row[side] is not None and other[side] == row[side]
                    for side in ("activity_id", "event_id")
                )
            ):
                raise asyncpg.UniqueViolationError("two living links of one item")

    def take_stale_pending(self, now: datetime, before: datetime, limit: int) -> list[Row]:
        stale = [
            row
            for row in self.links
            if row["pending_since"] is not None
            and row["pending_since"] < before
            and self._may_write(row["connection_id"])
        ]
        stale.sort(key=lambda row: row["pending_since"])
        return [self.links.change(row, pending_since=now) for row in stale[:limit]]

    def _may_write(self, connection_id: UUID) -> bool:
        row = self.connections.get(connection_id)
        if row is None:
            return False
        if row["removed"]:
            return True
        body = json.loads(row["body"])
        return (
            row["blocked_reason"] is None
            and body["status"] in WRITING
            and body["settings"]["paused"] is False
        )

    # Verdicts, items that wait, history

    def put_verdicts(
        self,
        connection_ids: list[UUID],
        sides: list[str],
        item_ids: list[str],
        reasons: list[str],
    ) -> list[Row]:
        news = []
        for values in zip(connection_ids, sides, item_ids, reasons, strict=True):
            names = ("connection_id", "side", "item_id", "reason")
            row = dict(zip(names, values, strict=True))
            known = self.verdicts.get(*values[:3])
            if known is None or known["reason"] != row["reason"]:
                self.verdicts.put(row)
                news.append(row)
        return news

    def drop_verdicts(
        self, connection_ids: list[UUID], sides: list[str], item_ids: list[str]
    ) -> None:
        for key in zip(connection_ids, sides, item_ids, strict=True):
            if row := self.verdicts.get(*key):
                self.verdicts.drop(row)

    def connections_with_waiting(self) -> list[Row]:
        waiting = self.verdicts.where(lambda row: row["reason"] in _WAITING)
        return [{"connection_id": one} for one in {row["connection_id"]: None for row in waiting}]

    def waiting_occurrences(self, connection_id: UUID) -> list[Row]:
        waiting = self.verdicts.where(
            lambda row: row["connection_id"] == connection_id and row["reason"] in _WAITING
        )
        found = [self.events.get(connection_id, row["item_id"]) for row in waiting]
        known = [row for row in found if row is not None and row["snapshot"] is not None]
        return sorted(known, key=_begin)

    def linked_occurrences(
        self, connection_ids: list[UUID], series_ids: list[str], since: str
    ) -> list[Row]:
        wanted = set(zip(connection_ids, series_ids, strict=True))
        found: list[Row] = []
        for row in self.links.where(lambda row: row["state"] != "dissolved"):
            series_id = json.loads(row["body"])["series_id"]
            event = self.events.get(row["connection_id"], row["event_id"])
            if (row["connection_id"], series_id) not in wanted or event is None:
                continue
            if event["snapshot"] is not None and _begin(event) >= since:
                schedule = json.dumps(json.loads(event["snapshot"])["schedule"])
                found.append({**row, "series_id": series_id, "schedule": schedule})
        return found

    def occurrences_of(self, connection_ids: list[UUID], series_ids: list[str]) -> list[Row]:
        wanted = set(zip(connection_ids, series_ids, strict=True))
        return [
            row | {"series_id": _series(row)}
            for row in self.events
            if (row["connection_id"], _series(row)) in wanted
        ]

    def turned_events(self, connection_id: UUID) -> list[Row]:
        links = self.links.where(
            lambda row: row["connection_id"] == connection_id and row["state"] != "dissolved"
        )
        events = self.events.where(lambda row: row["connection_id"] == connection_id)
        known = {row["event_id"]: row for row in events}
        linked = {row["event_id"] for row in links}
        free = [row for row in events if _series(row) and row["event_id"] not in linked]
        first = {_series(row): row for row in sorted(free, key=_begin, reverse=True)}
        turned = [first[row["event_id"]] for row in links if row["event_id"] in first]
        for link in links:
            master = known.get(json.loads(link["body"])["series_id"])
            if master is not None and _mark(master) == str(link["link_id"]):
                turned.append(master)
        return turned

    def defer(self, connection_ids: list[UUID], activity_ids: list[int]) -> None:
        for connection_id, activity_id in zip(connection_ids, activity_ids, strict=True):
            self.deferred.put({"connection_id": connection_id, "activity_id": activity_id})

    def take_deferred(self, connection_ids: list[UUID]) -> list[Row]:
        taken = self.deferred.where(lambda row: row["connection_id"] in connection_ids)
        for row in taken:
            self.deferred.drop(row)
        return taken

    def add_history(self, **columns: list[Any]) -> None:
        for values in zip(*columns.values(), strict=True):
            self._row += 1
            self.history.put({"row": self._row} | dict(zip(columns, values, strict=True)))

    def forget_old_history(self, before: datetime, most: int) -> int:
        old = [row for row in self.history if row["at"] < before][:most]
        self.history.drop_where(lambda row: row in old)
        return len(old)

    def history_row(self, connection_id: UUID, row: int) -> list[Row]:
        found = self.history.get(row)
        return [found] if found and found["connection_id"] == connection_id else []

    # What is forgotten

    def forget_other_calendars(self, connection_id: UUID, calendar_id: str) -> None:
        for table in (self.calendar_reads, self.events):
            table.drop_where(
                lambda row: (
                    row["connection_id"] == connection_id and row["calendar_id"] != calendar_id
                )
            )

    def forget_connection(self, connection_id: UUID) -> None:
        for table in (
            self.links,
            self.verdicts,
            self.calendar_reads,
            self.deferred,
            self.deletions,
            self.events,
        ):
            table.drop_where(lambda row: row["connection_id"] == connection_id)

    def forget_unconnected_user(self, company_id: int, user_id: int) -> None:
        if any(
            (row["company_id"], row["user_id"]) == (company_id, user_id) and not row["removed"]
            for row in self.connections
        ):
            return
        if row := self.users.get(company_id, user_id):
            self.users.change(row, crm_read_at=None)
        self.activities.drop_where(
            lambda row: (row["company_id"], row["user_id"]) == (company_id, user_id)
        )

    def forget_gone_activities(self, before: datetime) -> None:
        """Nothing is old enough in a simulation."""

    def forget_gone_events(self, before: datetime) -> None:
        """Nothing is old enough in a simulation."""

    def forget_dissolved_links(self, before: datetime) -> None:
        """Nothing is old enough in a simulation."""


def _newer(row: Row, known: Row) -> bool:
    if (
        row["updated_at"] is not None
        and known["updated_at"] is not None
        and row["updated_at"] != known["updated_at"]
    ):
        return bool(row["updated_at"] > known["updated_at"])
    return bool(row["observed_at"] >= known["observed_at"])
