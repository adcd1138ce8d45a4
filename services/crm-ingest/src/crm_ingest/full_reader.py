"""Reads all activities of a user, page by page, and says when it is done.

The cursor is stored once its page is published, so a crash repeats at most a page. Absence never
deletes: what the user was told of and the list does not show is asked for by its id, and what is
not found then is hinted to the reader, who knows how to tell a deletion.
"""

from collections.abc import Sequence
from typing import Final

from crm_ingest.crm import Account, Activities, Page
from crm_ingest.hinting import Hinting
from crm_ingest.observations import Observations
from crm_ingest.observer import Observer, Seen
from crm_ingest.reports import Reports
from crm_ingest.repository.activities import KnownActivities
from crm_ingest.repository.connections import Connections, People
from crm_ingest.repository.reads import ReadClaim, Reads
from crm_ingest.waits import retry_wait_s
from tandem.contracts.connections import HealthSignal
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.publisher import Publisher
from tandem.runtime.telemetry import span

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
        hinting: Hinting,
        connections: Connections,
        known: KnownActivities,
        reads: Reads,
        reports: Reports,
        clock: Clock,
    ) -> None:
        self._activities = activities
        self._observer = observer
        self._observations = observations
        self._publisher = publisher
        self._hinting = hinting
        self._connections = connections
        self._known = known
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
        account, people = await self._access(claim)
        cursor, listed = claim.cursor, claim.listed
        while not listed:
            moment = self._clock.now()
            page = await self._activities.of_owner(account, cursor=cursor)
            await self._observe(claim, page, people, moment)
            cursor, listed = page.cursor, page.cursor is None
            if not await self._reads.store_page(claim, cursor=cursor, listed=listed):
                raise LeaseLostError
        await self._ask_for_unseen(claim, account, people)
        await self._publisher.publish(
            [self._observations.resynced(claim.user, self._clock.now(), trace=claim.trace)]
        )
        await self._reads.finish(claim)
        await self._reports.access([claim.user], HealthSignal.SYNCED)

    async def _access(self, claim: ReadClaim) -> tuple[Account, People]:
        people = await self._connections.people([claim.user.company_id])
        account = people.accounts.get(claim.user)
        if account is None:
            raise LeaseLostError
        return account.in_background(), people

    async def _ask_for_unseen(self, claim: ReadClaim, account: Account, people: People) -> None:
        while True:
            unseen = await self._known.unseen(
                claim.user, since=claim.started_at, most=IDS_MAX
            )
            if not unseen:
                return
            moment = self._clock.now()
            found = await self._activities.by_ids(account, unseen)
            await self._observe(claim, Page(found), people, moment)
            await self._known.store_checked(claim.user.company_id, unseen, moment)
            await self._hint(claim, unseen, Page(found))
            if not await self._reads.store_page(claim, cursor=None, listed=True):
                raise LeaseLostError

    async def _hint(self, claim: ReadClaim, asked: Sequence[int], found: Page) -> None:
        there = {reading.activity.activity_id for reading in found.readings}
        await self._hinting.hint(
            claim.user.company_id, [one for one in asked if one not in there], trace=claim.trace
        )

    async def _observe(self, claim: ReadClaim, page: Page, people: People, moment: object) -> None:
        raise NotImplementedError
