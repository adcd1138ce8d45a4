"""How far reading each calendar has come, and who reads it at this moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from calendar_ingest.calendars import Account, Calendar
from calendar_ingest.repository.queries import LEASE_S, QUERIES, READABLE, Database
from tandem.contracts.connections import Provider
from tandem.contracts.message import SyncUser
from tandem.runtime.postgres import Connection, as_uuid

ECHOING_S: Final = 30.0
"""Seconds for which a provider may still give notice of what a large backfill wrote."""
TOGETHER_S: Final = 10.0
"""While a backfill is written, notices of so many seconds cause one reading."""


@dataclass(frozen=True)
class ReadClaim:
    """A calendar that this process is to read now, and how far reading has come.

    Occurrences of series are read up to the horizon; so far they were `expanded_until`.
    """

    connection_id: UUID
    lease: UUID
    user: SyncUser
    provider: Provider
    calendar: Calendar
    cursor: str | None
    full_started_at: datetime | None
    listed: bool
    hints: int
    pushed: bool
    trace: str | None
    attempts: int
    horizon: timedelta
    expanded_until: datetime | None


@dataclass(frozen=True)
class Seen:
    """When an event ends that was seen, and the series to which it belongs.

    `formerly` is the occurrence of that series which it takes the place of, until that is told.
    """

    ends_at: datetime
    series_id: str | None
    formerly: str | None = None


class Reads:
    """The tables `reads` and `known_events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hint(self, hinted: Mapping[UUID, tuple[bool, str | None]]) -> None:
        """Have calendars read: by connection, whether a push told it, and the trace."""
        await QUERIES.hint(
            self._database.pool,
            connection_ids=list(hinted),
            pushed=[pushed for pushed, _ in hinted.values()],
            traces=[trace for _, trace in hinted.values()],
            together_s=TOGETHER_S,
            echoing_s=ECHOING_S,
        )

    async def sweep(self, interval_s: float, quiet_interval_s: float) -> int:
        """Have calendars read of which nothing was heard for a while; returns how many.

        That is `interval_s`, and up to `quiet_interval_s` where pushes are known to come.
        """
        rows = [
            row
            async for row in QUERIES.sweep(
                self._database.pool,
                interval_s=interval_s,
                quiet_interval_s=quiet_interval_s,
                readable=READABLE,
            )
        ]
        return len(rows)

    async def read_everything(self, traces: Mapping[UUID, str | None]) -> None:
        """Have whole calendars read again, by connection with the trace that asked for it."""
        await QUERIES.read_everything(
            self._database.pool, connection_ids=list(traces), traces=list(traces.values())
        )

    async def read_everything_of_all(self) -> None:
        """Have every calendar read again as a whole."""
        await QUERIES.read_everything_of_all(self._database.pool)

    async def claim(self, most: int) -> list[ReadClaim]:
        """Claim calendars that are due."""
        rows = [
            row
            async for row in QUERIES.claim_reads(
                self._database.pool, most=most, lease_s=LEASE_S, readable=READABLE
            )
        ]
        return [_read_claim(row) for row in rows]

    async def begin_full(self, claim: ReadClaim, now: datetime) -> bool:
        """Start from the beginning; False where the lease is lost."""
        row = await QUERIES.begin_full_read(
            self._database.pool, connection_id=claim.connection_id, lease=claim.lease, now=now
        )
        return row is not None

    async def store_page(
        self,
        claim: ReadClaim,
        *,
        cursor: str | None,
        listed: bool,
        seen: Mapping[str, Seen],
        seen_at: datetime,
        gone: Iterable[str],
        foretold: bool = False,
    ) -> bool:
        """Keep a page: events seen, by their ids, and events gone.

        What events were formerly is kept while they are only `foretold`. False where the lease is
        lost.
        """
        row = await QUERIES.store_page(
            self._database.pool,
            connection_id=claim.connection_id,
            lease=claim.lease,
            cursor=cursor,
            listed=listed,
            lease_s=LEASE_S,
            event_ids=list(seen),
            ends=[one.ends_at for one in seen.values()],
            series_ids=[one.series_id for one in seen.values()],
            formers=[one.formerly for one in seen.values()],
            foretold=foretold,
            seen_at=seen_at,
            gone=list(gone),
        )
        return row is not None

    async def know(
        self,
        db: Connection,
        connection_id: UUID,
        *,
        calendar_id: str,
        event_id: str,
        ends_at: datetime,
        seen_at: datetime,
    ) -> None:
        """Know an event that was made: a full list that never shows it is to be noticed."""
        await QUERIES.know_event(
            db,
            connection_id=connection_id,
            calendar_id=calendar_id,
            event_id=event_id,
            ends_at=ends_at,
            seen_at=seen_at,
        )

    async def unseen(
        self, claim: ReadClaim, *, since: datetime, ended_before: datetime, most: int
    ) -> list[str]:
        """Known events that a full list since `since` has not shown."""
        known = {"connection_id": claim.connection_id, "since": since}
        await QUERIES.forget_ended_events(self._database.pool, **known, ended_before=ended_before)
        rows = [row async for row in QUERIES.unseen_events(self._database.pool, **known, most=most)]
        return [row["event_id"] for row in rows]

    async def coming_occurrences(
        self, claim: ReadClaim, series_ids: Collection[str], now: datetime
    ) -> dict[str, dict[str, Seen]]:
        """Known occurrences that have not ended, by series, of those of some ids that are one."""
        found: dict[str, dict[str, Seen]] = defaultdict(dict)
        if not series_ids:
            return found
        rows = QUERIES.coming_occurrences(
            self._database.pool,
            connection_id=claim.connection_id,
            series_ids=list(series_ids),
            now=now,
        )
        async for row in rows:
            seen = Seen(row["ends_at"], row["series_id"], row["formerly"])
            found[row["series_id"]][row["event_id"]] = seen
        return found

    async def formerly(
        self, claim: ReadClaim, event_ids: Collection[str], now: datetime
    ) -> dict[str, str]:
        """What some occurrences were formerly, where that is known, and has not ended."""
        if not event_ids:
            return {}
        rows = QUERIES.former_occurrences(
            self._database.pool,
            connection_id=claim.connection_id,
            event_ids=list(event_ids),
            now=now,
        )
        return {row["event_id"]: row["formerly"] async for row in rows}

    async def known_singles(self, claim: ReadClaim, event_ids: Collection[str]) -> list[str]:
        """Those of some events that are known as single ones."""
        if not event_ids:
            return []
        rows = QUERIES.known_singles(
            self._database.pool, connection_id=claim.connection_id, event_ids=list(event_ids)
        )
        return [row["event_id"] async for row in rows]

    async def keep_expanded(self, claim: ReadClaim, until: datetime) -> None:
        """Occurrences have been read up to a moment, and were published."""
        await QUERIES.keep_expanded(
            self._database.pool,
            connection_id=claim.connection_id,
            lease=claim.lease,
            until=until,
        )

    async def keep(self, claim: ReadClaim) -> bool:
        """Hold the lease for longer; False where it is lost."""
        row = await QUERIES.keep_reading(
            self._database.pool,
            connection_id=claim.connection_id,
            lease=claim.lease,
            lease_s=LEASE_S,
        )
        return row is not None

    async def finish(self, db: Connection, claim: ReadClaim) -> bool:
        """Everything was read; False where the lease is lost."""
        row = await QUERIES.finish_read(
            db,
            connection_id=claim.connection_id,
            lease=claim.lease,
            hints=claim.hints,
            together_s=TOGETHER_S,
            echoing_s=ECHOING_S,
        )
        return row is not None

    async def retry(self, claim: ReadClaim, wait_s: float) -> None:
        """Read on in `wait_s`."""
        await QUERIES.retry_read(
            self._database.pool, connection_id=claim.connection_id, lease=claim.lease, wait_s=wait_s
        )

    async def rest(self, db: Connection, claim: ReadClaim) -> None:
        """Leave a calendar until the next sweep."""
        await QUERIES.rest_read(db, connection_id=claim.connection_id, lease=claim.lease)


def _read_claim(row: Any) -> ReadClaim:
    return ReadClaim(
        connection_id=as_uuid(row["connection_id"]),
        lease=as_uuid(row["lease"]),
        user=SyncUser(company_id=row["company_id"], user_id=row["user_id"]),
        provider=Provider(row["provider"]),
        calendar=Calendar(Account(as_uuid(row["credential_id"])), row["calendar_id"]),
        cursor=row["cursor"],
        full_started_at=row["full_started_at"],
        listed=row["listed"],
        hints=row["hints"],
        pushed=row["pushed"],
        trace=row["trace"],
        attempts=row["attempts"],
        horizon=timedelta(days=row["horizon_days"]),
        expanded_until=row["expanded_until"],
    )
