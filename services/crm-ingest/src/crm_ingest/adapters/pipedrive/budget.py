"""How much Pipedrive still lets us ask: bursts per token, a daily budget per company.

Kept in memory from what the answers' headers say; several processes each learn it by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from crm_ingest.crm import Account
from tandem.runtime.clock import Clock

RESERVE_SHARE: Final = 0.2
"""Below this share of a budget, background work waits for the rest."""
DAILY_PAUSE_S: Final = 600.0
CLOUDFLARE_PAUSE_S: Final = 60.0
BURST_WINDOW_S: Final = 2.0
RESET_S_MAX: Final = 60.0
TRACKED_MAX: Final = 10_000


@dataclass
class _Burst:
    limit: int
    remaining: int
    resets_at: datetime


@dataclass
class _Day:
    limit: int | None
    remaining: int
    read_at: datetime


class Budget:
    """Tells how long a call has to wait, and learns from answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bursts: dict[UUID, _Burst] = {}
        self._days: dict[int, _Day] = {}
        self._blocked: dict[UUID | int, datetime] = {}

    def take(self, account: Account) -> float:
        """Seconds to wait before the account's next call; zero takes one call out of the budget."""
        now = self._clock.now()
        wait = max(
            self._blocked_s(account.credential_id, now),
            self._blocked_s(account.user.company_id, now),
            self._day_s(account, now),
        )
        if wait > 0:
            return wait
        burst = self._bursts.get(account.credential_id)
        if burst is None or burst.resets_at <= now:
            return 0.0
        reserve = burst.limit * RESERVE_SHARE if account.background else 0
        if burst.remaining <= reserve:
            return (burst.resets_at - now).total_seconds()
        burst.remaining -= 1
        return 0.0

    def learn(self, account: Account, headers: Mapping[str, str]) -> None:
        """Take over what an answer's headers say."""
        now = self._clock.now()
        remaining = _number(headers.get("x-ratelimit-remaining"))
        if remaining is not None:
            limit = _number(headers.get("x-ratelimit-limit")) or remaining
            reset_s = min(_number(headers.get("x-ratelimit-reset")) or BURST_WINDOW_S, RESET_S_MAX)
            if len(self._bursts) >= TRACKED_MAX:
                self._bursts.clear()
            self._bursts[account.credential_id] = _Burst(
                int(limit), int(remaining), now + timedelta(seconds=reset_s)
            )
        left = _number(
            headers.get("x-daily-ratelimit-token-remaining") or headers.get("x-daily-requests-left")
        )
        if left is not None:
            whole = _number(headers.get("x-daily-ratelimit-token-limit"))
            self._days[account.user.company_id] = _Day(
                int(whole) if whole else None, int(left), now
            )

    def throttled(self, account: Account, headers: Mapping[str, str]) -> float:
        """Note a 429; returns the seconds to stay away from this token."""
        day = self._days.get(account.user.company_id)
        told = _number(headers.get("retry-after")) or _number(headers.get("x-ratelimit-reset"))
        wait = told or BURST_WINDOW_S
        if day is not None and day.remaining <= 0:
            wait = max(wait, DAILY_PAUSE_S)
        wait = min(wait, DAILY_PAUSE_S)
        self._block(account.credential_id, wait)
        return wait

    def walled(self, account: Account) -> float:
        """Note a block by Cloudflare; returns the seconds to stay away from this company."""
        self._block(account.user.company_id, CLOUDFLARE_PAUSE_S)
        return CLOUDFLARE_PAUSE_S

    def _block(self, who: UUID | int, seconds: float) -> None:
        if len(self._blocked) >= TRACKED_MAX:
            self._blocked.clear()
        self._blocked[who] = self._clock.now() + timedelta(seconds=seconds)

    def _blocked_s(self, who: UUID | int, now: datetime) -> float:
        until = self._blocked.get(who)
        return max((until - now).total_seconds(), 0.0) if until else 0.0

    def _day_s(self, account: Account, now: datetime) -> float:
        """An empty day is asked again after a pause: nobody tells when the server's day ends."""
        day = self._days.get(account.user.company_id)
        if day is None:
            return 0.0
        reserve = int((day.limit or 0) * RESERVE_SHARE) if account.background else 0
        if day.remaining > reserve:
            return 0.0
        ends = day.read_at + timedelta(seconds=DAILY_PAUSE_S)
        return max((ends - now).total_seconds(), 0.0)


def _number(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
