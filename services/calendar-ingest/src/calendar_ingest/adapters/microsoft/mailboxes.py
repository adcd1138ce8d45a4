"""How hard a mailbox may be asked: four requests at a time, and none while Graph says to wait."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from calendar_ingest.calendars import Account
from tandem.runtime.clock import Clock

CONCURRENT_MAX: Final = 4
PAUSE_FIRST_S: Final = 1.0
PAUSE_LONGEST_S: Final = 600.0
TRACKED_MAX: Final = 10_000


@dataclass
class _Mailbox:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENT_MAX))
    paused_until: datetime | None = None
    pause_s: float = 0.0


class Mailboxes:
    """Counts within one process; several learn from Graph's refusals."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[UUID, _Mailbox] = {}

    def places(self, account: Account) -> asyncio.Semaphore:
        """The places of a mailbox, one per request under way."""
        return self._mailbox(account).places

    def wait_s(self, account: Account) -> float:
        """Seconds for which Graph wants to be left alone."""
        until = self._mailbox(account).paused_until
        return max((until - self._clock.now()).total_seconds(), 0.0) if until else 0.0

    def throttled(self, account: Account, told_s: float | None) -> float:
        """Note a refusal; returns the seconds to stay away, doubling where Graph does not tell."""
        mailbox = self._mailbox(account)
        mailbox.pause_s = min(max(mailbox.pause_s * 2, PAUSE_FIRST_S), PAUSE_LONGEST_S)
        wait = min(told_s, PAUSE_LONGEST_S) if told_s else mailbox.pause_s
        mailbox.paused_until = self._clock.now() + timedelta(seconds=wait)
        return wait

    def welcomed(self, account: Account) -> None:
        """Note that Graph answers again."""
        mailbox = self._mailbox(account)
        mailbox.paused_until, mailbox.pause_s = None, 0.0

    def _mailbox(self, account: Account) -> _Mailbox:
        if len(self._known) >= TRACKED_MAX:
            self._known = {key: one for key, one in self._known.items() if one.places.locked()}
        return self._known.setdefault(account.credential_id, _Mailbox())
