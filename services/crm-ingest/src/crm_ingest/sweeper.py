"""Finds what no webhook told: changes since the last sweep, deletions, and changed deals.

A sweep lists what changed since the one before, with an overlap for clocks that differ. Known
activities that lie ahead are then asked for by their ids, the longest unchecked first; what does
not show is left to the reader as a hint, who confirms a deletion.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crm_ingest.crm import Account, Activities, Reading
from crm_ingest.observer import Observer, Seen
from crm_ingest.reports import Reports
from crm_ingest.repository.activities import KnownActivities
from crm_ingest.repository.connections import Connections, People
from crm_ingest.repository.hints import HeldHints, Hint
from crm_ingest.repository.sweeps import SweepClaim, Sweeps
from crm_ingest.repository.webhooks import Webhooks
from tandem.contracts.connections import HealthSignal
from tandem.runtime.clock import Clock
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Permanent, is_retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import span
from tandem.runtime.waits import retry_wait_s

OVERLAP: Final = timedelta(minutes=3)
IDS_MAX: Final = 100
COMING_MAX: Final = 300
"""Coming activities that one sweep asks for; each hundred costs as much as the list itself."""
OTHERS_MAX: Final = 100
OTHERS_EVERY: Final = timedelta(hours=6)
"""Past, done and undated activities are asked for this often."""
CONTACTS_MAX: Final = 100
CALM_MAX: Final = 10
WEBHOOK_LATE: Final = timedelta(seconds=60)
"""A change that no webhook has told after this time makes the webhook doubtful."""


class SweepLostError(Exception):
    """The lease ran out, or the user can not be read any more."""


class Sweeper:
    """Sweeps one claimed user at a time; several run side by side."""

    def __init__(
        self,
        *,
        activities: Activities,
        observer: Observer,
        connections: Connections,
        known: KnownActivities,
        held: HeldHints,
        sweeps: Sweeps,
        webhooks: Webhooks,
        reports: Reports,
        clock: Clock,
        interval_s: float,
        quiet_interval_s: float,
    ) -> None:
        self._activities = activities
        self._observer = observer
        self._connections = connections
        self._known = known
        self._held = held
        self._sweeps = sweeps
        self._webhooks = webhooks
        self._reports = reports
        self._clock = clock
        self._interval_s = interval_s
        self._quiet_interval_s = max(interval_s, quiet_interval_s)

    async def sweep(self, claim: SweepClaim) -> None:
        """Sweep a user; trouble is kept for later, not raised."""
        with span("crm.sweep"):
            try:
                await self._sweep(claim)
            except SweepLostError:
                LOG.info("sweep_superseded", user=claim.user.key)
            except GrantLostError as error:
                await self._reports.access([claim.user], HealthSignal.GRANT_LOST, str(error))
                await self._sweeps.retry(claim, self._interval_s)
            except Permanent as error:
                LOG.warning("sweep_refused", user=claim.user.key, detail=str(error))
                await self._sweeps.retry(claim, self._interval_s)
            except Exception as error:  # noqa: BLE001 - the user is swept again later
                if not is_retryable(error):
                    LOG.error("sweep_failed", user=claim.user.key, exc_info=True)
                wait_s = retry_wait_s(claim.attempts, error, longest_s=self._interval_s)
                await self._sweeps.retry(claim, wait_s)

    async def _sweep(self, claim: SweepClaim) -> None:
        started_at = self._clock.now()
        people = await self._connections.people([claim.user.company_id])
        account = people.accounts.get(claim.user)
        if account is None:
            raise SweepLostError
        account = account.in_background()
        missed = await self._changes(claim, account, people)
        missed |= await self._check(claim, account, people, started_at)
        # Of deals and contacts no webhook tells.
        told = claim.pushed and not missed and not account.include_contact
        calm = claim.calm + 1 if told else 0
        await self._sweeps.finish(claim, swept_at=started_at, calm=calm, next_s=self._next_s(calm))
        await self._reports.access([claim.user], HealthSignal.SYNCED)

    def _next_s(self, calm: int) -> float:
        """Seconds until the next sweep: the more calm ones in a row, the rarer they get."""
        interval_s = min(self._interval_s * 2.0 ** min(calm, CALM_MAX), self._quiet_interval_s)
        return interval_s * random.uniform(0.85, 1.0)  # noqa: S311 - no secret

    async def _changes(self, claim: SweepClaim, account: Account, people: People) -> bool:
        """Read what has changed; returns whether a webhook should have told some of it."""
        since = claim.swept_at - OVERLAP
        cursor: str | None = None
        missed = False
        while True:
            moment = self._clock.now()
            page = await self._activities.of_owner(account, updated_since=since, cursor=cursor)
            news = await self._observe(claim, page.readings, people, moment)
            if any(_was_missed(one, moment) for one in news):
                missed = True
                await self._webhooks.doubt(claim.user.company_id)
            cursor = page.cursor
            if cursor is None:
                return missed

    async def _check(
        self, claim: SweepClaim, account: Account, people: People, started_at: datetime
    ) -> bool:
        """Ask for known activities by their ids, and for the deals and contacts of some.

        Returns whether one does not show, which a webhook should have told.
        """
        user, today = claim.user, started_at.date()
        coming = await self._known.coming(
            user, today=today, checked_before=started_at, most=COMING_MAX
        )
        others = await self._known.others(
            user, today=today, checked_before=started_at - OTHERS_EVERY, most=OTHERS_MAX
        )
        missed = await self._ask_for(claim, account, people, [*coming, *others])
        if account.include_contact:
            interval = timedelta(seconds=self._interval_s / 2)
            outdated = await self._known.outdated_contacts(
                user, today=today, looked_before=started_at - interval, most=CONTACTS_MAX
            )
            await self._ask_for(claim, account, people, outdated, contacts_are_news=True)
        return missed

    async def _ask_for(
        self,
        claim: SweepClaim,
        account: Account,
        people: People,
        activity_ids: Sequence[int],
        *,
        contacts_are_news: bool = False,
    ) -> bool:
        company_id = claim.user.company_id
        missed = False
        for at in range(0, len(activity_ids), IDS_MAX):
            asked = activity_ids[at : at + IDS_MAX]
            moment = self._clock.now()
            found = await self._activities.by_ids(account, asked)
            await self._observe(claim, found, people, moment, contacts_are_news=contacts_are_news)
            there = {reading.activity.activity_id for reading in found}
            absent = [activity_id for activity_id in asked if activity_id not in there]
            await self._held.hold([(Hint(company_id, one), 0.0) for one in absent])
            await self._known.store_checked(company_id, asked, moment)
            missed = missed or bool(absent)
        return missed

    async def _observe(
        self,
        claim: SweepClaim,
        readings: Sequence[Reading],
        people: People,
        moment: datetime,
        *,
        contacts_are_news: bool = False,
    ) -> list[Seen]:
        company_id = claim.user.company_id
        told = await self._observer.observe(
            [
                Seen((company_id, reading.activity.activity_id), reading, moment)
                for reading in readings
            ],
            people,
            only_news=True,
            contacts_are_news=contacts_are_news,
        )
        if told.waiting:
            raise told.waiting[0][1]
        if told.lost:
            raise GrantLostError("pipedrive has revoked the grant")
        if not await self._sweeps.keep(claim):
            raise SweepLostError
        return told.news


def _was_missed(seen: Seen, moment: datetime) -> bool:
    return seen.reading is not None and (moment - seen.reading.activity.updated_at > WEBHOOK_LATE)
