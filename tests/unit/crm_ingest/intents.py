"""Intents kept in memory, by the same rules as in PostgreSQL."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tests.unit.crm_ingest.moments import StillClock

from crm_ingest.creates import Begun, Held, Intent, Settled
from crm_ingest.recognition import Doubt
from tandem.contracts.message import SyncUser


@dataclass
class _Kept:
    user: SyncUser
    leased_until: datetime
    made_of: Intent
    sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    activity_id: int | None = None
    likely: bool = False


class MemoryIntents:
    """Survives the crash of whoever uses it."""

    def __init__(self, clock: StillClock) -> None:
        self._clock = clock
        self.kept: dict[tuple[UUID, int], _Kept] = {}

    async def begin(self, intent: Intent, lease_s: float) -> Begun | Held | Settled:
        now = self._clock.now()
        until = now + timedelta(seconds=lease_s)
        kept = self.kept.get(_key(intent))
        if kept is None:
            self.kept[_key(intent)] = _Kept(intent.user, until, intent)
            return Begun(None)
        if kept.activity_id is not None:
            return Settled(kept.activity_id, likely=kept.likely)
        if kept.leased_until > now:
            return Held((kept.leased_until - now).total_seconds())
        kept.leased_until = until
        return Begun(_doubt(kept))

    async def sending(self, intent: Intent, now: datetime, lease_s: float) -> None:
        kept = self.kept[_key(intent)]
        kept.sent_at = kept.sent_at or now
        kept.last_sent_at = now
        kept.made_of = intent
        kept.leased_until = self._clock.now() + timedelta(seconds=lease_s)

    async def free(self, intent: Intent, *, sent: bool, wait_s: float) -> None:
        kept = self.kept[_key(intent)]
        kept.sent_at = kept.sent_at if sent else None
        kept.leased_until = self._clock.now() + timedelta(seconds=wait_s)

    async def settle(self, intent: Intent, activity_id: int, *, likely: bool) -> bool:
        mine = self.kept[_key(intent)]
        taken = any(
            kept.activity_id == activity_id and kept.user.company_id == intent.user.company_id
            for kept in self.kept.values()
            if kept is not mine
        )
        if not taken:
            mine.activity_id = activity_id
            mine.likely = likely
        return not taken

    async def in_doubt(self, intent: Intent) -> list[Doubt]:
        return [
            doubt
            for key, kept in self.kept.items()
            if key != _key(intent) and kept.user == intent.user and kept.activity_id is None
            if (doubt := _doubt(kept)) is not None
        ]

    async def claimed(self, company_id: int, activity_ids: Collection[int]) -> set[int]:
        return {
            kept.activity_id
            for kept in self.kept.values()
            if kept.activity_id is not None
            and kept.activity_id in activity_ids
            and kept.user.company_id == company_id
        }


def _key(intent: Intent) -> tuple[UUID, int]:
    return intent.link_id, intent.generation


def _doubt(kept: _Kept) -> Doubt | None:
    if kept.sent_at is None or kept.last_sent_at is None:
        return None
    return Doubt(kept.sent_at, kept.last_sent_at, kept.made_of.wish)
