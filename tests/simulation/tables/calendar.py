"""The queries of calendar-ingest; see its `queries.sql`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation.tables.table import Row, Table, Tables


class CalendarTables(Tables):
    """Schema `calendar`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections = Table("connection_id")
        self.reads = Table("connection_id")
        self.known_events = Table("connection_id", "event_id")
        self.channels = Table("channel_id")
        self.commands = Table("link_id")
        self.outcomes = Table("link_id")

    def _in(self, seconds: float) -> Any:
        return self.now() + timedelta(seconds=seconds)

    # Connections

    def connection_for_update(self, connection_id: UUID) -> list[Row]:
        row = self.connections.get(connection_id)
        return [row] if row else []

    def put_connection(self, **values: Any) -> None:
        known = self.connections.get(values["connection_id"]) or {
            "removed_at": None,
            "health": None,
            "health_reported_at": None,
            "push_up": None,
            "writing_lease": None,
            "writing_until": None,
            "bulk_at": None,
        }
        self.connections.put(known | values | {"channel_due_at": self.now()})

    def add_read(self, connection_id: UUID) -> None:
        if self.reads.get(connection_id) is None:
            self.reads.put(self._read(connection_id) | {"due_at": None})

    def _read(self, connection_id: UUID) -> Row:
        return {
            "connection_id": connection_id,
            "cursor": None,
            "full_started_at": None,
            "listed": False,
            "hints": 0,
            "pushed": False,
            "trace": None,
            "due_at": self.now(),
            "attempts": 0,
            "lease": None,
            "leased_until": None,
            "visited_at": self.now(),
            "expanded_until": None,
            "pushed_at": None,
        }

    def forget_calendar(self, connection_id: UUID) -> None:
        self.known_events.drop_where(lambda row: row["connection_id"] == connection_id)
        for row in self.channels.where(lambda row: row["connection_id"] == connection_id):
            self.channels.change(row, state="closing", due_at=self.now())

    def remove_connection(self, connection_id: UUID, revision: int) -> None:
        row = self.connections.get(connection_id)
        if row and row["removed_at"] is None and row["revision"] < revision:
            self.connections.change(row, revision=revision, removed_at=self.now())

    def removed_connections(self) -> list[Row]:
        return [
            row | {"long_ago": row["removed_at"] < self._in(-86_400)}
            for row in self.connections
            if row["removed_at"] is not None
        ]

    def note_health(self, connection_id: UUID, signal: str, quiet_s: float) -> list[Row]:
        row = self.connections.get(connection_id)
        if row is None:
            return []
        news = row["health"] != signal or row["health_reported_at"] < self._in(-quiet_s)
        if not news:
            return []
        self.connections.change(row, health=signal, health_reported_at=self.now())
        return [{"before": row["health"]}]

    # Reading

    def _is_readable(self, row: Row | None, readable: list[str]) -> bool:
        return row is not None and row["removed_at"] is None and row["status"] in readable

    def read_everything(self, connection_ids: list[UUID], traces: list[str | None]) -> None:
        for connection_id, trace in zip(connection_ids, traces, strict=True):
            known = self.reads.get(connection_id)
            row = known or self._read(connection_id)
            self.reads.put(
                row
                | {
                    "cursor": None,
                    "full_started_at": None,
                    "listed": False,
                    "expanded_until": None,
                    "hints": row["hints"] + (known is not None),
                    "attempts": 0,
                    "lease": None,
                    "leased_until": None,
                    "due_at": self.now(),
                    "trace": trace,
                }
            )

    def read_everything_of_all(self) -> None:
        ids = [row["connection_id"] for row in self.reads]
        self.read_everything(ids, [None] * len(ids))

    def _is_backfilled(self, connection_id: UUID, echoing_s: float) -> bool:
        written_at = (self.connections.get(connection_id) or {}).get("bulk_at")
        return (written_at is not None and written_at > self._in(-echoing_s)) or any(
            one["connection_id"] == connection_id and one["backfill"] for one in self.commands
        )

    def hint(
        self,
        connection_ids: list[UUID],
        pushed: list[bool],
        traces: list[str | None],
        together_s: float,
        echoing_s: float,
    ) -> None:
        for connection_id, push, trace in zip(connection_ids, pushed, traces, strict=True):
            row = self.reads.get(connection_id)
            if row is None:
                continue
            waits = row["attempts"] > 0 and row["due_at"] is not None
            due_at = self.now()
            if not waits and self._is_backfilled(connection_id, echoing_s):
                due_at = row["due_at"] or self._in(together_s)
            self.reads.change(
                row,
                hints=row["hints"] + 1,
                pushed=row["pushed"] or push,
                pushed_at=self.now() if push else row["pushed_at"],
                due_at=row["due_at"] if waits else due_at,
                trace=(row["trace"] or trace) if row["lease"] is None else trace,
            )

    def sweep(self, interval_s: float, quiet_interval_s: float, readable: list[str]) -> list[Row]:
        due = [
            row
            for row in self.reads
            if row["due_at"] is None
            and row["visited_at"] < self._in(-self._interval_s(row, interval_s, quiet_interval_s))
            and self._is_readable(self.connections.get(row["connection_id"]), readable)
        ]
        return [self.reads.change(row, due_at=self.now()) for row in due]

    def _interval_s(self, read: Row, interval_s: float, quiet_interval_s: float) -> float:
        connection = self.connections.get(read["connection_id"])
        if read["pushed_at"] is None or not connection or connection["health"] == "grant_lost":
            return interval_s
        if self._live_of(connection)["live_channel_id"] is None:
            return interval_s
        silence_s: float = (self.now() - read["pushed_at"]).total_seconds()
        return min(quiet_interval_s, max(interval_s, silence_s))

    def claim_reads(self, most: int, lease_s: float, readable: list[str]) -> list[Row]:
        due = [
            row
            for row in self.reads
            if row["due_at"] is not None
            and row["due_at"] <= self.now()
            and (row["leased_until"] is None or row["leased_until"] <= self.now())
            and self._is_readable(self.connections.get(row["connection_id"]), readable)
        ]
        claimed = []
        for row in sorted(due, key=lambda row: row["due_at"])[:most]:
            leased = self.reads.change(row, lease=self.new_uuid(), leased_until=self._in(lease_s))
            connection = self.connections.get(row["connection_id"]) or {}
            claimed.append(connection | leased)
        return claimed

    def _leased(self, connection_id: UUID, lease: UUID) -> Row | None:
        row = self.reads.get(connection_id)
        return row if row and row["lease"] == lease else None

    def begin_full_read(self, now: datetime, connection_id: UUID, lease: UUID) -> list[Row]:
        row = self._leased(connection_id, lease)
        if row is None:
            return []
        return [
            self.reads.change(
                row, cursor=None, full_started_at=now, listed=False, expanded_until=None
            )
        ]

    def store_page(
        self,
        *,
        cursor: str | None,
        listed: bool,
        lease_s: float,
        connection_id: UUID,
        lease: UUID,
        seen_at: datetime,
        event_ids: list[str],
        ends: list[datetime],
        series_ids: list[str | None],
        formers: list[str | None],
        foretold: bool,
        gone: list[str],
    ) -> list[Row]:
        row = self._leased(connection_id, lease)
        if row is None:
            return []
        until = self._in(lease_s)
        self.reads.change(row, cursor=cursor, listed=listed, leased_until=until)
        columns = zip(event_ids, ends, series_ids, formers, strict=True)
        for event_id, ends_at, series_id, formerly in columns:
            before = self.known_events.get(connection_id, event_id) or {"formerly": None}
            known = {"connection_id": connection_id, "event_id": event_id}
            seen = {"ends_at": ends_at, "series_id": series_id, "seen_at": seen_at}
            kept = {"formerly": formerly or before["formerly"] if foretold else None}
            self.known_events.put(known | seen | kept)
        for event_id in gone:
            if known_row := self.known_events.get(connection_id, event_id):
                self.known_events.drop(known_row)
        return [row]

    def know_event(
        self,
        connection_id: UUID,
        event_id: str,
        calendar_id: str,
        ends_at: datetime,
        seen_at: datetime,
    ) -> None:
        connection = self.connections.get(connection_id)
        known = self.known_events.get(connection_id, event_id)
        if connection and connection["calendar_id"] == calendar_id and known is None:
            row = {"connection_id": connection_id, "event_id": event_id}
            seen = {"ends_at": ends_at, "series_id": None, "seen_at": seen_at, "formerly": None}
            self.known_events.put(row | seen)

    def unseen_events(self, connection_id: UUID, since: datetime, most: int) -> list[Row]:
        rows = self.known_events.where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["seen_at"] < since
                and (row["series_id"] is None or row["ends_at"] > since)
            )
        )
        return sorted(rows, key=lambda row: row["event_id"])[:most]

    def coming_occurrences(
        self, connection_id: UUID, series_ids: list[str], now: datetime
    ) -> list[Row]:
        rows = self.known_events.where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["series_id"] in series_ids
                and row["ends_at"] > now
            )
        )
        return sorted(rows, key=lambda row: (row["series_id"], row["event_id"]))

    def former_occurrences(
        self, connection_id: UUID, event_ids: list[str], now: datetime
    ) -> list[Row]:
        found = [self.known_events.get(connection_id, event_id) for event_id in event_ids]
        formers = [
            (row, self.known_events.get(connection_id, row["formerly"])) for row in found if row
        ]
        return [row for row, former in formers if former and former["ends_at"] > now]

    def known_singles(self, connection_id: UUID, event_ids: list[str]) -> list[Row]:
        return self.known_events.where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["event_id"] in event_ids
                and row["series_id"] is None
            )
        )

    def keep_expanded(self, until: datetime, connection_id: UUID, lease: UUID) -> None:
        if row := self._leased(connection_id, lease):
            self.reads.change(row, expanded_until=until)

    def keep_reading(self, lease_s: float, connection_id: UUID, lease: UUID) -> list[Row]:
        row = self._leased(connection_id, lease)
        return [self.reads.change(row, leased_until=self._in(lease_s))] if row else []

    def forget_ended_events(
        self, connection_id: UUID, since: datetime, ended_before: datetime
    ) -> None:
        self.known_events.drop_where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["seen_at"] < since
                and row["ends_at"] < ended_before
            )
        )

    def finish_read(
        self, hints: int, connection_id: UUID, lease: UUID, together_s: float, echoing_s: float
    ) -> list[Row]:
        row = self._leased(connection_id, lease)
        if row is None:
            return []
        again = row["hints"] > hints
        wait_s = together_s if self._is_backfilled(connection_id, echoing_s) else 0.0
        done = self.reads.change(
            row,
            lease=None,
            leased_until=None,
            attempts=0,
            full_started_at=None,
            listed=False,
            visited_at=self.now(),
            pushed=row["pushed"] and again,
            due_at=self._in(wait_s) if again else None,
            trace=row["trace"] if again else None,
        )
        return [done]

    def retry_read(self, wait_s: float, connection_id: UUID, lease: UUID) -> None:
        if row := self._leased(connection_id, lease):
            self.reads.change(
                row,
                lease=None,
                leased_until=None,
                attempts=row["attempts"] + 1,
                due_at=self._in(wait_s),
            )

    def rest_read(self, connection_id: UUID, lease: UUID) -> None:
        if row := self._leased(connection_id, lease):
            self.reads.change(
                row,
                lease=None,
                leased_until=None,
                attempts=0,
                due_at=None,
                trace=None,
                pushed=False,
                visited_at=self.now(),
            )

    # Channels

    def channel_by_id(self, channel_id: UUID) -> list[Row]:
        row = self.channels.get(channel_id)
        if row is None:
            return []
        over = row["expires_at"] is not None and row["expires_at"] <= self._in(-86_400)
        return [] if over else [row]

    def claim_watching(self, readable: list[str], most: int, lease_s: float) -> list[Row]:
        due = [
            row
            for row in self.connections
            if self._is_readable(row, readable)
            and row["channel_due_at"] <= self.now()
            and not self._has_live(row)
        ]
        due.sort(key=lambda row: row["channel_due_at"])
        return [
            self.connections.change(row, channel_due_at=self._in(lease_s)) | self._live_of(row)
            for row in due[:most]
        ]

    def _live_of(self, connection: Row) -> Row:
        live = self.channels.where(
            lambda row: (
                row["connection_id"] == connection["connection_id"]
                and row["calendar_id"] == connection["calendar_id"]
                and row["state"] == "live"
                and row["expires_at"] > self.now()
            )
        )
        newest = max(live, key=lambda row: row["opened_at"], default=None)
        return {
            "live_channel_id": newest["channel_id"] if newest else None,
            "live_resource_id": newest["resource_id"] if newest else None,
        }

    def renew_channels_now(self, connection_id: UUID) -> None:
        live = self.channels.where(
            lambda row: row["connection_id"] == connection_id and row["state"] == "live"
        )
        for row in live:
            self.channels.change(row, renew_at=self.now())
        if live and (connection := self.connections.get(connection_id)):
            self.connections.change(connection, channel_due_at=self.now())

    def _has_live(self, connection: Row) -> bool:
        return any(
            row["connection_id"] == connection["connection_id"]
            and row["calendar_id"] == connection["calendar_id"]
            and row["state"] == "live"
            and row["renew_at"] > self.now()
            for row in self.channels
        )

    def add_channel(
        self, channel_id: UUID, connection_id: UUID, calendar_id: str, secret_hash: bytes
    ) -> None:
        self.channels.put(
            {
                "channel_id": channel_id,
                "connection_id": connection_id,
                "calendar_id": calendar_id,
                "secret_hash": secret_hash,
                "resource_id": "",
                "state": "opening",
                "opened_at": self.now(),
                "renew_at": None,
                "expires_at": None,
                "due_at": self.now(),
            }
        )

    def open_channel(
        self, resource_id: str, expires_at: datetime, renew_at: datetime, channel_id: UUID
    ) -> None:
        row = self.channels.get(channel_id)
        if row is None:
            return
        for other in self.channels.where(
            lambda one: (
                one["connection_id"] == row["connection_id"]
                and one["channel_id"] != channel_id
                and one["state"] == "live"
            )
        ):
            self.channels.change(other, state="closing", due_at=self.now())
        state = "live" if row["state"] == "opening" else row["state"]
        self.channels.change(
            row, resource_id=resource_id, expires_at=expires_at, renew_at=renew_at, state=state
        )
        if connection := self.connections.get(row["connection_id"]):
            self.connections.change(connection, push_up=True, channel_due_at=self.now())

    def drop_channel(self, channel_id: UUID) -> None:
        if row := self.channels.get(channel_id):
            self.channels.drop(row)

    def postpone_watching(self, wait_s: float, connection_id: UUID) -> list[Row]:
        row = self.connections.get(connection_id)
        if row is None:
            return []
        live = any(
            one["connection_id"] == connection_id
            and one["calendar_id"] == row["calendar_id"]
            and one["state"] == "live"
            and one["expires_at"] > self.now()
            for one in self.channels
        )
        due_at = self._in(wait_s)
        return [self.connections.change(row, channel_due_at=due_at, push_up=live)]

    def doubt_channels(self, connection_id: UUID, younger_s: float) -> None:
        if read := self.reads.get(connection_id):
            self.reads.change(read, pushed_at=None)
        for row in self.channels.where(
            lambda one: (
                one["connection_id"] == connection_id
                and one["state"] == "live"
                and one["opened_at"] < self._in(-younger_s)
            )
        ):
            self.channels.change(row, renew_at=self.now())

    def claim_closing(self, readable: list[str], most: int, lease_s: float) -> list[Row]:
        due = [row for row in self.channels if self._is_to_close(row, readable)]
        due.sort(key=lambda row: row["due_at"])
        closing = []
        for row in due[:most]:
            held = self.channels.change(row, state="closing", due_at=self._in(lease_s))
            connection = self.connections.get(row["connection_id"]) or {}
            provider = {name: connection.get(name) for name in ("credential_id", "provider")}
            closing.append(held | provider)
        return closing

    def _is_to_close(self, row: Row, readable: list[str]) -> bool:
        if row["due_at"] > self.now():
            return False
        connection = self.connections.get(row["connection_id"])
        return (
            row["state"] == "closing"
            or (row["expires_at"] is not None and row["expires_at"] < self._in(-86_400))
            or (row["state"] == "opening" and row["opened_at"] < self._in(-600))
            or (row["state"] == "live" and not self._is_readable(connection, readable))
        )

    # Commands

    def queue_commands(self, gather_s: float, **columns: list[Any]) -> None:
        names = ["link_id", "connection_id", "revision", "backfill", "command", "trace"]
        lists = [columns[name + "s"] for name in names]
        for values in zip(*lists, strict=True):
            row = dict(zip(names, values, strict=True))
            known = self.commands.get(row["link_id"])
            if known is None or row["revision"] > known["revision"]:
                due_at = self._in(gather_s if row["backfill"] else 0.0)
                times = {"attempts": 0, "queued_at": self.now(), "due_at": due_at}
                self.commands.put(row | times | {"begun": bool(known and known["begun"])})

    def claim_writes(self, holding: list[str], most: int, lease_s: float) -> list[Row]:
        due = [
            row
            for row in self.connections
            if (row["writing_until"] is None or row["writing_until"] <= self.now())
            and (row["removed_at"] is not None or row["status"] not in holding)
            and any(
                one["connection_id"] == row["connection_id"] and one["due_at"] <= self.now()
                for one in self.commands
            )
        ]
        return [
            self.connections.change(
                row, writing_lease=self.new_uuid(), writing_until=self._in(lease_s)
            )
            for row in due[:most]
        ]

    def due_commands(
        self, connection_id: UUID, most: int, plenty: int, gather_s: float
    ) -> list[Row]:
        waiting = self.commands.where(
            lambda row: (
                row["connection_id"] == connection_id
                and row["due_at"]
                <= self._in(gather_s if row["backfill"] and row["attempts"] == 0 else 0.0)
            )
        )
        waiting.sort(key=lambda row: (row["backfill"], row["queued_at"], row["link_id"]))
        backfill = [row for row in waiting[:most] if row["backfill"]]
        goes = len(backfill) >= plenty or any(row["due_at"] <= self.now() for row in backfill)
        due = [row for row in waiting[:most] if goes or not row["backfill"]]
        found = []
        for row in due:
            outcome = self.outcomes.get(row["link_id"]) or {"revision": None, "outcome": None}
            found.append(
                row | {"outcome_revision": outcome["revision"], "outcome": outcome["outcome"]}
            )
            self.commands.change(row, begun=True)
        return found

    def keep_writing(
        self, lease_s: float, connection_id: UUID, lease: UUID, *, bulk: bool
    ) -> list[Row]:
        row = self.connections.get(connection_id)
        if row is None or row["writing_lease"] != lease:
            return []
        bulk_at = self.now() if bulk else row["bulk_at"]
        until = self._in(lease_s)
        return [self.connections.change(row, writing_until=until, bulk_at=bulk_at)]

    def drop_command(self, link_id: UUID, revision: int) -> None:
        row = self.commands.get(link_id)
        if row and row["revision"] == revision:
            self.commands.drop(row)

    def remember_outcome(
        self, link_id: UUID, connection_id: UUID, revision: int, outcome: str
    ) -> None:
        known = self.outcomes.get(link_id)
        if known is None or revision >= known["revision"]:
            row = {"link_id": link_id, "connection_id": connection_id, "revision": revision}
            self.outcomes.put(row | {"outcome": outcome})

    def park_command(self, wait_s: float, link_id: UUID, revision: int) -> None:
        row = self.commands.get(link_id)
        if row and row["revision"] == revision:
            self.commands.change(row, attempts=row["attempts"] + 1, due_at=self._in(wait_s))

    def postpone_backfill(self, wait_s: float, connection_id: UUID) -> None:
        for row in self.commands.where(
            lambda one: one["connection_id"] == connection_id and one["backfill"]
        ):
            if row["due_at"] < self._in(wait_s):
                self.commands.change(row, due_at=self._in(wait_s))

    def stop_writing(self, pause_s: float, connection_id: UUID, lease: UUID) -> None:
        row = self.connections.get(connection_id)
        if row and row["writing_lease"] == lease:
            self.connections.change(row, writing_lease=None, writing_until=self._in(pause_s))

    def parked_by_provider(self) -> list[Row]:
        return []

    def purge_connections(self, connection_ids: list[UUID]) -> None:
        for table in (
            self.reads,
            self.known_events,
            self.channels,
            self.commands,
            self.connections,
        ):
            table.drop_where(lambda row: row["connection_id"] in connection_ids)

    def forget_old(self) -> None:
        """Nothing is old enough in a simulation."""
