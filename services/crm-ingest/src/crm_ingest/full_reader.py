"""Reads all activities of a user, page by page, and says when it is done.

The cursor is stored once its page is published, so a crash repeats at most a page. Absence never
deletes: what the user was told of and the list does not show is asked for by its id, and what is
not found then is left to the reader as a hint, who knows how to tell a deletion.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from crm_ingest.crm import Account, Activities, Reading
from crm_ingest.observations import Observations
from crm_ingest.observer import Observer, Seen
from crm_ingest.reports import Reports
from crm_ingest.repository.activities import KnownActivities
from crm_ingest.repository.connections import Connections, People
from crm_ingest.repository.hints import HeldHints, Hint
from crm_ingest.repository.reads import ReadClaim, Reads
from tandem.contracts.connections import HealthSignal
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.publisher import Publisher
from tandem.runtime.telemetry import span
from tandem.runtime.waits import retry_wait_s

IDS_MAX: Final = 100
REFUSED_WAIT_S: Final = 300.0


class LeaseLostError(Exception):
    """Somebody else reads this user now, or he has to be read from the start."""


class FullReader:
    """Reads one claimed user at a time; several run side by side."""

    def __init__(
        self,
        *,
        activities: Activities,
        observer: Observer,
        observations: Observations,
        publisher: Publisher,
        connections: Connections,
        known: KnownActivities,
        held: HeldHints,
        reads: Reads,
        reports: Reports,
        clock: Clock,
    ) -> None:
        self._activities = activities
        self._observer = observer
        self._observations = observations
        self._publisher = publisher
        self._connections = connections
        self._known = known
        self._held = held
        self._reads = reads
        self._reports = reports
        self._clock = clock

    async def claim(self, most: int) -> list[ReadClaim]:
        """Claim users who are due."""
        return await self._reads.claim(most, now=self._clock.now())

    async def read(self, claim: ReadClaim) -> None:
        """Read a user to the end; trouble is kept for later, not raised."""
        with span("crm.read_all", parent=claim.trace):
            try:
                await self._read(claim)
            except LeaseLostError:
                LOG.info("read_superseded", user=claim.user.key)
            except GrantLostError as error:
                await self._reports.access([claim.user], HealthSignal.GRANT_LOST, str(error))
                await self._reads.retry(claim, REFUSED_WAIT_S)
            except Permanent as error:
                LOG.warning("read_refused", user=claim.user.key, detail=str(error))
                await self._reads.retry(claim, REFUSED_WAIT_S)
            except Exception as error:  # noqa: BLE001 - the user is read on later
                if not is_retryable(error):
                    LOG.error("read_failed", user=claim.user.key, exc_info=True)
                await self._reads.retry(claim, retry_wait_s(claim.attempts, error))

    async def _read(self, claim: ReadClaim) -> None:
        people = await self._connections.people([claim.user.company_id])
        account = people.accounts.get(claim.user)
        if account is None:
            raise LeaseLostError
        account = account.in_background()
        cursor, listed = claim.cursor, claim.listed
        while not listed:
            moment = self._clock.now()
            page = await self._activities.of_owner(account, cursor=cursor)
            await self._observe(claim, page.readings, people, moment)
            cursor, listed = page.cursor, page.cursor is None
            await self._progress(claim, cursor=cursor, listed=listed)
        await self._ask_for_unseen(claim, account, people)
        await self._conclude(claim)

    async def _ask_for_unseen(self, claim: ReadClaim, account: Account, people: People) -> None:
        """Ask for what the user was once told of and the list did not show."""
        company_id = claim.user.company_id
        while unseen := await self._known.unseen(claim.user, since=claim.started_at, most=IDS_MAX):
            moment = self._clock.now()
            found = await self._activities.by_ids(account, unseen)
            await self._observe(claim, found, people, moment)
            there = {reading.activity.activity_id for reading in found}
            await self._held.hold(
                [
                    (Hint(company_id, activity_id, trace=claim.trace), 0.0)
                    for activity_id in unseen
                    if activity_id not in there
                ]
            )
            await self._known.store_checked(company_id, unseen, moment)
            await self._progress(claim, cursor=None, listed=True)

    async def _conclude(self, claim: ReadClaim) -> None:
        """Tell of deletions once more, since what was told may be lost; then that this is all."""
        deleted = await self._known.deleted(claim.user)
        await self._publisher.publish(
            [
                *(
                    self._observations.gone(claim.user, activity_id, moment, trace=claim.trace)
                    for activity_id, moment in deleted
                ),
                self._observations.resynced(claim.user, self._clock.now(), trace=claim.trace),
            ]
        )
        await self._reads.finish(claim)
        await self._reports.access([claim.user], HealthSignal.SYNCED)

    async def _progress(self, claim: ReadClaim, *, cursor: str | None, listed: bool) -> None:
        if not await self._reads.store_page(claim, cursor=cursor, listed=listed):
            raise LeaseLostError

    async def _observe(
        self, claim: ReadClaim, readings: Sequence[Reading], people: People, moment: datetime
    ) -> None:
        company_id = claim.user.company_id
        told = await self._observer.observe(
            [
                Seen((company_id, reading.activity.activity_id), reading, moment, claim.trace)
                for reading in readings
            ],
            people,
        )
        if told.waiting:
            raise told.waiting[0][1]
        if told.lost:
            raise GrantLostError("pipedrive has revoked the grant")
