"""Reads what changed in a calendar, publishes it, and only then moves the cursor.

Absence never deletes: what a full list does not show is asked for one by one, and only the
provider's word that it is gone is passed on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from calendar_ingest.calendars import (
    Access,
    Calendar,
    CalendarGoneError,
    Changes,
    CursorExpiredError,
    Providers,
    Tombstone,
)
from calendar_ingest.leases import LeaseLostError, held
from calendar_ingest.moves import end_of
from calendar_ingest.observations import Observations
from calendar_ingest.reports import Reports
from calendar_ingest.repository import Channels, ReadClaim, Reads, Seen
from calendar_ingest.series import SeriesReader
from tandem.contracts.connections import HealthSignal
from tandem.contracts.events import EventSnapshot
from tandem.runtime.app import Runtime
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span
from tandem.runtime.waits import RETRY_LONGEST_S, retry_wait_s

UNSEEN_AT_A_TIME: Final = 50
LONG_AGO: Final = timedelta(days=30)
"""An event that ended longer ago need not show in a full list, which covers 31 days."""


@dataclass
class _Progress:
    """How far one reading has come; `full_started_at` is set while everything is read."""

    cursor: str | None
    full_started_at: datetime | None
    listed: bool
    expanded_until: datetime | None
    changed: bool = False


class Reader:
    """Reads one claimed calendar at a time; several run side by side."""

    def __init__(
        self,
        runtime: Runtime,
        providers: Providers,
        *,
        reads: Reads,
        channels: Channels,
        reports: Reports,
    ) -> None:
        self._runtime = runtime
        self._providers = providers
        self._reads = reads
        self._channels = channels
        self._reports = reports

    async def read(self, claim: ReadClaim) -> None:
        """Read a calendar up to the present; trouble is kept for later, not raised."""
        with span("calendar.read", parent=claim.trace):
            try:
                await self._read(claim)
            except LeaseLostError:
                LOG.info("read_superseded", connection_id=str(claim.connection_id))
            except GrantLostError as error:
                await self._rest(claim, HealthSignal.GRANT_LOST, str(error))
            except CalendarGoneError as error:
                await self._rest(claim, HealthSignal.CALENDAR_GONE, str(error))
            except Permanent as error:
                LOG.warning(
                    "read_refused", connection_id=str(claim.connection_id), detail=str(error)
                )
                await self._reads.retry(claim, RETRY_LONGEST_S)
            except Exception as error:  # noqa: BLE001 - the calendar is read again later
                if not is_retryable(error):
                    LOG.error("read_failed", connection_id=str(claim.connection_id), exc_info=True)
                await self._reads.retry(claim, retry_wait_s(claim.attempts, error))

    async def _read(self, claim: ReadClaim) -> None:
        access = self._providers[claim.provider]
        progress = _Progress(
            claim.cursor, claim.full_started_at, claim.listed, claim.expanded_until
        )
        while not progress.listed:
            await self._read_page(claim, access, progress)
        await self._read_days_to_come(claim, access, progress)
        if progress.full_started_at is not None:
            await self._confirm_unseen(claim, access, progress)
            await self._runtime.publisher.publish(
                [self._observations(claim).resynced(self._runtime.clock.now())]
            )
        elif progress.changed and not claim.pushed:
            await self._channels.doubt(claim.connection_id)
        await self._finish(claim)

    async def _read_page(self, claim: ReadClaim, access: Access, progress: _Progress) -> None:
        read_at = self._runtime.clock.now()
        if progress.cursor is None:
            progress.full_started_at, progress.expanded_until = read_at, None
            held(await self._reads.begin_full(claim, read_at))
        full = progress.full_started_at is not None
        calendar = _with_priority(claim.calendar, background=full)
        try:
            page = await access.calendars.changes(calendar, progress.cursor)
        except CursorExpiredError:
            if progress.cursor is None:
                raise
            LOG.info("cursor_expired", connection_id=str(claim.connection_id))
            progress.cursor = None
            return
        series = SeriesReader(self._reads, claim, access, calendar)
        changes, formerly = await series.follow(page, read_at, full=full)
        await self._foretell(claim, progress, changes, read_at, formerly=formerly)
        await self._publish(claim, changes, read_at)
        progress.cursor, progress.listed = changes.cursor, not changes.more
        progress.changed = progress.changed or bool(changes.observed or changes.gone)
        await self._store_told(claim, progress, changes, read_at)

    async def _read_days_to_come(
        self, claim: ReadClaim, access: Access, progress: _Progress
    ) -> None:
        """Read the occurrences of series that time has brought into the window."""
        now = self._runtime.clock.now()
        calendar = _with_priority(claim.calendar, background=True)
        series = SeriesReader(self._reads, claim, access, calendar)
        full = progress.full_started_at is not None
        pages = series.days_to_come(progress.expanded_until, now, full=full)
        async for found, formerly, until in pages:
            await self._foretell(claim, progress, found, now, formerly=formerly)
            await self._publish(claim, found, now)
            await self._store_told(claim, progress, found, now)
            if until is not None:
                await self._reads.keep_expanded(claim, until)

    async def _foretell(
        self,
        claim: ReadClaim,
        progress: _Progress,
        changes: Changes,
        read_at: datetime,
        *,
        formerly: Mapping[str, str],
    ) -> None:
        """Know before it is told whatever may later be deleted without a tombstone of its own.

        Those are the occurrences of a series, and all that a full list must not show any more.
        Should we crash after telling, they are missed; in a full list they count as not seen yet.
        Once they are known, nobody can see any more that they were new: what they were `formerly`
        is kept with them until it is told.
        """
        full_started_at = progress.full_started_at
        told = [one for one in changes.observed if full_started_at is not None or one.series]
        if told:
            seen_at = full_started_at - timedelta.resolution if full_started_at else read_at
            await self._store(
                claim,
                progress,
                seen=_seen(told, formerly),
                seen_at=seen_at,
                gone=[],
                foretold=True,
            )

    async def _confirm_unseen(self, claim: ReadClaim, access: Access, progress: _Progress) -> None:
        """Ask for each known event that the full list did not show, and tell what it is now."""
        since = progress.full_started_at or self._runtime.clock.now()
        calendar = _with_priority(claim.calendar, background=True)
        while True:
            unseen = await self._reads.unseen(
                claim, since=since, ended_before=since - LONG_AGO, most=UNSEEN_AT_A_TIME
            )
            if not unseen:
                return
            for event_id in unseen:
                read_at = self._runtime.clock.now()
                event = await access.calendars.get(calendar, event_id)
                told = (event,) if event else ()
                gone = () if event else (Tombstone(event_id),)
                found = Changes(told, gone, cursor="", more=False)
                await self._publish(claim, found, read_at)
                await self._store_told(claim, progress, found, read_at)

    async def _publish(self, claim: ReadClaim, changes: Changes, read_at: datetime) -> None:
        observations = self._observations(claim)
        formerly = await self._formerly(claim, changes, read_at)
        await self._runtime.publisher.publish(
            [
                *(
                    observations.observed(event, read_at, formerly=formerly.get(event.event_id))
                    for event in changes.observed
                ),
                *(observations.gone(tombstone, read_at) for tombstone in changes.gone),
            ]
        )

    async def _formerly(
        self, claim: ReadClaim, changes: Changes, read_at: datetime
    ) -> dict[str, str]:
        """What occurrences were before they were moved; one that is there is no former one."""
        occurrences = [event.event_id for event in changes.observed if event.series is not None]
        found = await self._reads.formerly(claim, occurrences, read_at)
        present = {event.event_id for event in changes.observed}
        return {event_id: former for event_id, former in found.items() if former not in present}

    async def _store_told(
        self, claim: ReadClaim, progress: _Progress, changes: Changes, read_at: datetime
    ) -> None:
        """Keep what was told."""
        await self._store(
            claim,
            progress,
            seen=_seen(changes.observed),
            seen_at=read_at,
            gone=[tombstone.event_id for tombstone in changes.gone],
        )

    async def _store(
        self,
        claim: ReadClaim,
        progress: _Progress,
        *,
        seen: dict[str, Seen],
        seen_at: datetime,
        gone: list[str],
        foretold: bool = False,
    ) -> None:
        held(
            await self._reads.store_page(
                claim,
                cursor=progress.cursor,
                listed=progress.full_started_at is not None and progress.listed,
                seen=seen,
                seen_at=seen_at,
                gone=gone,
                foretold=foretold,
            )
        )

    async def _finish(self, claim: ReadClaim) -> None:
        async with self._runtime.pool.acquire() as db, db.transaction():
            held(await self._reads.finish(db, claim))
            await self._reports.access(db, claim.connection_id, HealthSignal.SYNCED)
        self._runtime.outbox.wake()

    async def _rest(self, claim: ReadClaim, signal: HealthSignal, detail: str) -> None:
        LOG.warning(
            "read_stopped",
            connection_id=str(claim.connection_id),
            signal=signal.value,
            detail=detail,
        )
        async with self._runtime.pool.acquire() as db, db.transaction():
            await self._reads.rest(db, claim)
            await self._reports.access(db, claim.connection_id, signal, detail)
        self._runtime.outbox.wake()

    def _observations(self, claim: ReadClaim) -> Observations:
        return Observations(
            connection_id=claim.connection_id,
            user=claim.user,
            calendar_id=claim.calendar.calendar_id,
            new_id=self._runtime.new_id,
        )


def _with_priority(calendar: Calendar, *, background: bool) -> Calendar:
    return replace(calendar, account=replace(calendar.account, background=background))


def _seen(
    events: Iterable[EventSnapshot], formerly: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Seen]:
    return {
        event.event_id: Seen(
            end_of(event),
            event.series.series_id if event.series else None,
            formerly.get(event.event_id),
        )
        for event in events
    }
