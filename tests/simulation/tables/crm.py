"""The queries of crm-ingest; see its `queries.sql`."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from tests.simulation.tables.table import Row, Table, Tables, rows_of

_OBSERVED_COLUMNS = {
    "company_id": "company_ids",
    "activity_id": "activity_ids",
    "owner_id": "owner_ids",
    "owner_told": "owners_told",
    "due_date": "due_dates",
    "done": "dones",
    "fingerprint": "fingerprints",
    "contact_fingerprint": "contact_fingerprints",
    "observed_at": "observed_ats",
}


class CrmTables(Tables):
    """Schema `crm`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections = Table("connection_id")
        self.sync_users = Table("company_id", "user_id")
        self.known_activities = Table("company_id", "activity_id")
        self.reads = Table("company_id", "user_id")
        self.held_hints = Table("company_id", "activity_id")
        self.parked_commands = Table("link_id")
        self.outcomes = Table("link_id")
        self.create_intents = Table("link_id", "generation")
        self.webhooks = Table("company_id")

    def _in(self, seconds: float) -> Any:
        return self.now() + timedelta(seconds=seconds)

    def _is_due(self, row: Row) -> bool:
        free = row["leased_until"] is None or row["leased_until"] <= self.now()
        return row["due_at"] <= self.now() and free

    def _can_read(self, row: Row, readable: list[str]) -> bool:
        """Whether a user has a connection through which he can be read."""
        return any(
            (one["company_id"], one["user_id"]) == (row["company_id"], row["user_id"])
            and one["removed_at"] is None
            and one["status"] in readable
            and one["health"] != "grant_lost"
            for one in self.connections
        )

    # Connections and people

    def connection_for_update(self, connection_id: UUID) -> list[Row]:
        row = self.connections.get(connection_id)
        return [row] if row else []

    def put_connection(self, readable: list[str], **values: Any) -> None:
        known = self.connections.get(values["connection_id"])
        if known is None:
            known = {"health": None, "health_reported_at": None, "push_up": None}
        elif known["status"] not in readable and values["status"] in readable:
            known = known | {"health": None}
        self.connections.put(known | values | {"removed_at": None})

    def add_sync_user(
        self, *, company_id: int, user_id: int, first_s: float, at_once: bool
    ) -> None:
        row = self.sync_users.get(company_id, user_id)
        if row is None:
            self.sync_users.put(
                {
                    "company_id": company_id,
                    "user_id": user_id,
                    "swept_at": self.now(),
                    "due_at": self._in(first_s),
                    "attempts": 0,
                    "calm": 0,
                    "lease": None,
                    "leased_until": None,
                }
            )
        else:
            due_at = self.now() if at_once else row["due_at"]
            self.sync_users.change(row, attempts=0, due_at=due_at)

    def refresh_contacts(self, company_id: int, user_id: int) -> None:
        for row in self._told(company_id, user_id):
            if not row["gone"] and not row["done"]:
                self.known_activities.change(row, contact_at=None)

    def remove_connection(self, revision: int, connection_id: UUID) -> None:
        row = self.connections.get(connection_id)
        if row and row["removed_at"] is None and row["revision"] < revision:
            self.connections.change(row, revision=revision, removed_at=self.now())

    def drop_abandoned_reads(self, company_id: int | None) -> None:
        connected = {
            (row["company_id"], row["user_id"])
            for row in self.connections
            if row["removed_at"] is None
        }
        self.reads.drop_where(
            lambda row: (
                (row["company_id"], row["user_id"]) not in connected
                and (row["company_id"] == company_id or row["requested_at"] < self._in(-3600))
            )
        )

    def removed_connections(self) -> list[Row]:
        return [
            row | {"long_ago": row["removed_at"] < self._in(-86_400)}
            for row in self.connections
            if row["removed_at"] is not None and row["removed_at"] < self._in(-60)
        ]

    def purge_connections(self, connection_ids: list[UUID]) -> None:
        for table in (self.connections, self.parked_commands):
            table.drop_where(lambda row: row["connection_id"] in connection_ids)

    def purge_users(self) -> None:
        users = {(row["company_id"], row["user_id"]) for row in self.connections}
        self.sync_users.drop_where(lambda row: (row["company_id"], row["user_id"]) not in users)

    def purge_companies(self) -> None:
        companies = {row["company_id"] for row in self.connections}
        self.known_activities.drop_where(lambda row: row["company_id"] not in companies)

    def people_of(self, readable: list[str], company_ids: list[int]) -> list[Row]:
        groups: dict[tuple[int, int], list[Row]] = {}
        for row in sorted(self.connections, key=lambda row: row["connection_id"]):
            if row["company_id"] in company_ids and row["removed_at"] is None:
                groups.setdefault((row["company_id"], row["user_id"]), []).append(row)
        people = []
        for (company_id, user_id), rows in sorted(groups.items()):
            usable = [
                row for row in rows if row["status"] in readable and row["health"] != "grant_lost"
            ]
            people.append(
                {
                    "company_id": company_id,
                    "user_id": user_id,
                    "include_contact": any(
                        row["include_contact"] and row["status"] in readable for row in rows
                    ),
                    "readable_id": usable[0]["connection_id"] if usable else None,
                }
            )
        return people

    def connections_by_id(self, connection_ids: list[UUID]) -> list[Row]:
        return [row for one in connection_ids if (row := self.connections.get(one))]

    def note_health(
        self,
        signal: str,
        company_ids: list[int],
        user_ids: list[int],
        unstarted: list[str],
        quiet_s: float,
    ) -> list[Row]:
        users = set(zip(company_ids, user_ids, strict=True))
        news = []
        for row in self.connections:
            if (
                (row["company_id"], row["user_id"]) in users
                and row["removed_at"] is None
                and row["status"] not in unstarted
                and (row["health"] != signal or row["health_reported_at"] < self._in(-quiet_s))
            ):
                self.connections.change(row, health=signal, health_reported_at=self.now())
                news.append({"connection_id": row["connection_id"], "before": row["health"]})
        return news

    def lost_grants(self, most: int) -> list[Row]:
        lost = [
            row
            for row in self.connections
            if row["health"] == "grant_lost" and row["removed_at"] is None
        ]
        return lost[:most]

    def note_push(
        self, *, up: bool, company_id: int, readable: list[str], interval_s: float
    ) -> list[Row]:
        for user in (
            () if up else self.sync_users.where(lambda row: row["company_id"] == company_id)
        ):
            due_at = min(user["due_at"], self._in(interval_s))
            self.sync_users.change(user, calm=0, due_at=due_at)
        news = [
            row
            for row in self.connections
            if row["company_id"] == company_id
            and row["removed_at"] is None
            and row["status"] in readable
            and row["push_up"] is not up
        ]
        return [self.connections.change(row, push_up=up) for row in news]

    def report_again(self) -> None:
        raise NotImplementedError("the simulated broker loses nothing")

    # Activities

    def known_activities_of(self, company_ids: list[int], activity_ids: list[int]) -> list[Row]:
        keys = zip(company_ids, activity_ids, strict=True)
        return [row for key in keys if (row := self.known_activities.get(*key))]

    def store_observed(self, **columns: list[Any]) -> None:
        for row in rows_of(columns, _OBSERVED_COLUMNS):
            told = [row["owner_id"]] if row.pop("owner_told") else []
            known = self.known_activities.get(row["company_id"], row["activity_id"])
            if known is not None and row["observed_at"] < known["observed_at"]:
                continue
            before = known["told"] if known else []
            contact_at = row["observed_at"] if row["contact_fingerprint"] else None
            self.known_activities.put(
                row
                | {
                    "told": before + [one for one in told if one not in before],
                    "gone": False,
                    "checked_at": row["observed_at"],
                    "contact_at": contact_at or (known["contact_at"] if known else None),
                }
            )

    def store_gone(
        self, company_ids: list[int], activity_ids: list[int], observed_ats: list[datetime]
    ) -> None:
        for company_id, activity_id, moment in zip(
            company_ids, activity_ids, observed_ats, strict=True
        ):
            row = self.known_activities.get(company_id, activity_id)
            if row and moment >= row["observed_at"]:
                self.known_activities.change(row, gone=True, observed_at=moment, checked_at=moment)

    def store_checked(self, checked_at: datetime, company_id: int, activity_ids: list[int]) -> None:
        for activity_id in activity_ids:
            if row := self.known_activities.get(company_id, activity_id):
                later = max(row["checked_at"], checked_at)
                self.known_activities.change(row, checked_at=later)

    def _told(self, company_id: int, user_id: int) -> list[Row]:
        return self.known_activities.where(
            lambda row: row["company_id"] == company_id and user_id in row["told"]
        )

    def _oldest(self, rows: list[Row], most: int) -> list[Row]:
        return sorted(rows, key=lambda row: (row["checked_at"], row["activity_id"]))[:most]

    def coming_to_check(
        self, company_id: int, user_id: int, today: date, checked_before: datetime, most: int
    ) -> list[Row]:
        rows = [
            row
            for row in self._told(company_id, user_id)
            if _lies_ahead(row, today) and not row["gone"] and row["checked_at"] < checked_before
        ]
        return self._oldest(rows, most)

    def others_to_check(
        self, company_id: int, user_id: int, today: date, checked_before: datetime, most: int
    ) -> list[Row]:
        rows = [
            row
            for row in self._told(company_id, user_id)
            if not _lies_ahead(row, today)
            and not row["gone"]
            and row["checked_at"] < checked_before
        ]
        return self._oldest(rows, most)

    def contacts_to_refresh(
        self, company_id: int, user_id: int, today: date, looked_before: datetime, most: int
    ) -> list[Row]:
        rows = [
            row
            for row in self._told(company_id, user_id)
            if row["owner_id"] == user_id
            and _lies_ahead(row, today)
            and not row["gone"]
            and (row["contact_at"] is None or row["contact_at"] < looked_before)
        ]
        return rows[:most]

    def unseen_activities(
        self, company_id: int, user_id: int, since: datetime, most: int
    ) -> list[Row]:
        rows = [
            row
            for row in self._told(company_id, user_id)
            if not row["gone"] and row["checked_at"] < since
        ]
        return sorted(rows, key=lambda row: row["activity_id"])[:most]

    def deleted_activities(self, company_id: int, user_id: int) -> list[Row]:
        rows = [row for row in self._told(company_id, user_id) if row["gone"]]
        return sorted(rows, key=lambda row: row["activity_id"])

    # Hints that are held

    def claim_held_hints(self, most: int, lease_s: float) -> list[Row]:
        due = self.held_hints.where(lambda row: row["due_at"] <= self.now())
        due.sort(key=lambda row: row["due_at"])
        return [self.held_hints.change(row, due_at=self._in(lease_s)) for row in due[:most]]

    def hold_hints(
        self,
        company_ids: list[int],
        activity_ids: list[int],
        user_ids: list[int | None],
        traces: list[str | None],
        missings: list[bool],
        waits_s: list[float],
    ) -> None:
        columns = (company_ids, activity_ids, user_ids, traces, missings, waits_s)
        for company_id, activity_id, user_id, trace, missing, wait_s in zip(*columns, strict=True):
            known = self.held_hints.get(company_id, activity_id)
            self.held_hints.put(
                {
                    "company_id": company_id,
                    "activity_id": activity_id,
                    "user_id": user_id or (known["user_id"] if known else None),
                    "trace": trace,
                    "missing": missing,
                    "attempts": known["attempts"] + 1 if known else 1,
                    "due_at": self._in(wait_s),
                }
            )

    def release_hints(
        self, company_ids: list[int], activity_ids: list[int], due_ats: list[datetime]
    ) -> None:
        for company_id, activity_id, due_at in zip(company_ids, activity_ids, due_ats, strict=True):
            row = self.held_hints.get(company_id, activity_id)
            if row and row["due_at"] == due_at:
                self.held_hints.drop(row)

    def forget_old_hints(self) -> None:
        """Nothing is old enough in a simulation."""

    # Sweeps and whole reads

    def claim_sweeps(self, readable: list[str], most: int, lease_s: float) -> list[Row]:
        claimed = self._claim(self.sync_users, readable, most, lease_s)
        return [row | {"pushed": self._is_pushed(row)} for row in claimed]

    def _is_pushed(self, user: Row) -> bool:
        return any(
            row["company_id"] == user["company_id"]
            and row["user_id"] == user["user_id"]
            and row["removed_at"] is None
            and row["push_up"]
            for row in self.connections
        )

    def _claim(
        self, table: Table, readable: list[str], most: int, lease_s: float, **more: Any
    ) -> list[Row]:
        due = [row for row in table if self._is_due(row) and self._can_read(row, readable)]
        due.sort(key=lambda row: row["due_at"])
        return [
            table.change(row, lease=self.new_uuid(), leased_until=self._in(lease_s), **more)
            for row in due[:most]
        ]

    def _leased(self, table: Table, company_id: int, user_id: int, lease: UUID) -> Row | None:
        row = table.get(company_id, user_id)
        return row if row and row["lease"] == lease else None

    def keep_sweep(self, lease_s: float, company_id: int, user_id: int, lease: UUID) -> list[Row]:
        row = self._leased(self.sync_users, company_id, user_id, lease)
        return [self.sync_users.change(row, leased_until=self._in(lease_s))] if row else []

    def finish_sweep(
        self,
        swept_at: datetime,
        calm: int,
        next_s: float,
        company_id: int,
        user_id: int,
        lease: UUID,
    ) -> None:
        if row := self._leased(self.sync_users, company_id, user_id, lease):
            self.sync_users.change(
                row,
                lease=None,
                leased_until=None,
                attempts=0,
                swept_at=swept_at,
                calm=calm,
                due_at=self._in(next_s),
            )

    def retry_sweep(self, wait_s: float, company_id: int, user_id: int, lease: UUID) -> None:
        self._retry(self.sync_users, wait_s, company_id, user_id, lease)

    def _retry(
        self, table: Table, wait_s: float, company_id: int, user_id: int, lease: UUID
    ) -> None:
        if row := self._leased(table, company_id, user_id, lease):
            table.change(
                row,
                lease=None,
                leased_until=None,
                attempts=row["attempts"] + 1,
                due_at=self._in(wait_s),
            )

    def request_reads(
        self, company_ids: list[int], user_ids: list[int], traces: list[str | None]
    ) -> None:
        for company_id, user_id, trace in zip(company_ids, user_ids, traces, strict=True):
            self.reads.put(
                {
                    "company_id": company_id,
                    "user_id": user_id,
                    "trace": trace,
                    "requested_at": self.now(),
                    "started_at": None,
                    "cursor": None,
                    "listed": False,
                    "due_at": self.now(),
                    "attempts": 0,
                    "lease": None,
                    "leased_until": None,
                }
            )

    def request_reads_of_all(self) -> None:
        raise NotImplementedError("the simulated broker loses nothing")

    def claim_reads(
        self, readable: list[str], most: int, now: datetime, lease_s: float
    ) -> list[Row]:
        claimed = self._claim(self.reads, readable, most, lease_s)
        return [self.reads.change(row, started_at=row["started_at"] or now) for row in claimed]

    def store_page(
        self,
        *,
        cursor: str | None,
        listed: bool,
        lease_s: float,
        company_id: int,
        user_id: int,
        lease: UUID,
    ) -> list[Row]:
        row = self._leased(self.reads, company_id, user_id, lease)
        if row is None:
            return []
        until = self._in(lease_s)
        return [
            self.reads.change(row, cursor=cursor, listed=listed, attempts=0, leased_until=until)
        ]

    def finish_read(self, company_id: int, user_id: int, lease: UUID) -> None:
        if row := self._leased(self.reads, company_id, user_id, lease):
            self.reads.drop(row)

    def retry_read(self, wait_s: float, company_id: int, user_id: int, lease: UUID) -> None:
        self._retry(self.reads, wait_s, company_id, user_id, lease)

    # Commands

    def queue_commands(self, **columns: list[Any]) -> None:
        names = ["link_id", "connection_id", "revision", "backfill", "command", "trace"]
        lists = [columns[name + "s"] for name in names]
        for values in zip(*lists, strict=True):
            row = dict(zip(names, values, strict=True))
            known = self.parked_commands.get(row["link_id"])
            if known is not None and row["revision"] <= known["revision"]:
                continue
            held = {name: known[name] if known else None for name in ("lease", "leased_until")}
            times = {"attempts": 0, "parked_at": self.now(), "due_at": self.now()}
            self.parked_commands.put(row | times | held)

    def claim_commands(self, holding: list[str], most: int, lease_s: float) -> list[Row]:
        due = [
            row
            for row in self.parked_commands
            if self._is_due(row) and self._may_write(row["connection_id"], holding)
        ]
        due.sort(key=lambda row: (row["backfill"], row["parked_at"]))
        claimed = []
        for row in due[:most]:
            leased = self.parked_commands.change(
                row, lease=self.new_uuid(), leased_until=self._in(lease_s)
            )
            outcome = self.outcomes.get(row["link_id"]) or {"revision": None, "outcome": None}
            connection = self.connections.get(row["connection_id"]) or {}
            told = {
                "outcome_revision": outcome["revision"],
                "outcome": outcome["outcome"],
            }
            claimed.append(connection | leased | told)
        return claimed

    def _may_write(self, connection_id: UUID, holding: list[str]) -> bool:
        row = self.connections.get(connection_id)
        return row is not None and (row["removed_at"] is not None or row["status"] not in holding)

    def settle_command(self, link_id: UUID, revision: int, lease: UUID) -> None:
        row = self.parked_commands.get(link_id)
        if row is None:
            return
        if row["revision"] <= revision:
            self.parked_commands.drop(row)
        elif row["lease"] == lease:
            self.parked_commands.change(row, lease=None, leased_until=None)

    def park_command(self, revision: int, wait_s: float, link_id: UUID, lease: UUID) -> None:
        row = self.parked_commands.get(link_id)
        if row is None or row["lease"] != lease:
            return
        same = row["revision"] == revision
        self.parked_commands.change(
            row,
            lease=None,
            leased_until=None,
            attempts=row["attempts"] + same,
            due_at=self._in(wait_s if same else 0),
        )

    def remember_outcome(self, link_id: UUID, revision: int, outcome: str) -> None:
        known = self.outcomes.get(link_id)
        if known is None or revision >= known["revision"]:
            self.outcomes.put({"link_id": link_id, "revision": revision, "outcome": outcome})

    def parked(self) -> int:
        return sum(row["attempts"] > 0 for row in self.parked_commands)

    def forget_old_writes(self) -> None:
        """Nothing is old enough in a simulation."""

    # Intents

    def begin_intent(
        self,
        link_id: UUID,
        generation: int,
        company_id: int,
        user_id: int,
        lease_s: float,
    ) -> list[Row]:
        row = self.create_intents.get(link_id, generation)
        until = self._in(lease_s)
        if row is None:
            row = {
                "link_id": link_id,
                "generation": generation,
                "company_id": company_id,
                "user_id": user_id,
                "type": None,
                "draft": None,
                "leased_until": until,
                "sent_at": None,
                "last_sent_at": None,
                "activity_id": None,
                "likely": False,
            }
            self.create_intents.put(row)
            return [row]
        if row["activity_id"] is None and row["leased_until"] <= self.now():
            return [self.create_intents.change(row, leased_until=until)]
        return []

    def intent(self, link_id: UUID, generation: int) -> list[Row]:
        row = self.create_intents.get(link_id, generation)
        if row is None:
            return []
        left = (row["leased_until"] - self.now()).total_seconds()
        return [row | {"wait_s": max(left, 0.0)}]

    def send_intent(
        self,
        now: datetime,
        lease_s: float,
        link_id: UUID,
        generation: int,
        **sent: str,
    ) -> None:
        if row := self.create_intents.get(link_id, generation):
            self.create_intents.change(
                row,
                sent_at=row["sent_at"] or now,
                last_sent_at=now,
                leased_until=self._in(lease_s),
                **sent,
            )

    def free_intent(self, *, sent: bool, wait_s: float, link_id: UUID, generation: int) -> None:
        row = self.create_intents.get(link_id, generation)
        if row and row["activity_id"] is None:
            self.create_intents.change(
                row, sent_at=row["sent_at"] if sent else None, leased_until=self._in(wait_s)
            )

    def settle_intent(
        self, *, activity_id: int, likely: bool, link_id: UUID, generation: int
    ) -> None:
        row = self.create_intents.get(link_id, generation)
        if row is None:
            return
        for other in self.create_intents:
            if other["activity_id"] == activity_id and other["link_id"] != link_id:
                raise asyncpg.UniqueViolationError("the activity is another intent's")
        self.create_intents.change(row, activity_id=activity_id, likely=likely)

    def intents_in_doubt(
        self, company_id: int, user_id: int, link_id: UUID, generation: int
    ) -> list[Row]:
        rows = self.create_intents.where(
            lambda row: (
                (row["company_id"], row["user_id"]) == (company_id, user_id)
                and row["activity_id"] is None
                and row["sent_at"] is not None
                and (row["link_id"], row["generation"]) != (link_id, generation)
            )
        )
        return sorted(rows, key=lambda row: (row["sent_at"], row["link_id"], row["generation"]))

    def claimed_activities(self, company_id: int, activity_ids: list[int]) -> list[Row]:
        return self.create_intents.where(
            lambda row: row["company_id"] == company_id and row["activity_id"] in activity_ids
        )

    # Webhooks

    def need_webhook(self, company_id: int) -> None:
        row = self.webhooks.get(company_id) or {
            "company_id": company_id,
            "webhook_id": None,
            "user_id": None,
            "terms": "",
            "checked_at": None,
        }
        self.webhooks.put(row | {"due_at": self.now()})

    def doubt_webhook(self, company_id: int, trusted_s: float) -> None:
        row = self.webhooks.get(company_id)
        if row and row["checked_at"] and row["checked_at"] < self._in(-trusted_s):
            self.webhooks.change(row, due_at=self.now())

    def claim_webhooks(self, most: int, lease_s: float) -> list[Row]:
        due = self.webhooks.where(lambda row: row["due_at"] <= self.now())
        due.sort(key=lambda row: row["due_at"])
        return [self.webhooks.change(row, due_at=self._in(lease_s)) for row in due[:most]]

    def watchers(self, readable: list[str], company_id: int) -> list[Row]:
        rows = self.connections.where(lambda row: row["company_id"] == company_id)
        rows.sort(key=lambda row: (row["user_id"], row["connection_id"]))
        return [
            row
            | {
                "connected": row["removed_at"] is None,
                "usable": (row["removed_at"] is not None or row["status"] in readable)
                and row["health"] != "grant_lost",
            }
            for row in rows
        ]

    def store_webhook(
        self, webhook_id: str, user_id: int, terms: str, next_s: float, company_id: int
    ) -> None:
        if row := self.webhooks.get(company_id):
            self.webhooks.change(
                row,
                webhook_id=webhook_id,
                user_id=user_id,
                terms=terms,
                checked_at=self.now(),
                due_at=self._in(next_s),
            )

    def postpone_webhook(self, wait_s: float, company_id: int) -> None:
        if row := self.webhooks.get(company_id):
            self.webhooks.change(row, due_at=self._in(wait_s))

    def forget_webhook(self, company_id: int) -> None:
        if row := self.webhooks.get(company_id):
            self.webhooks.drop(row)


def _lies_ahead(row: Row, today: date) -> bool:
    return not row["done"] and row["due_date"] is not None and row["due_date"] >= today
