"""Quota that Google grants: units per user and for the whole project, in a sliding minute.

Kept in memory; several processes each count their own share, and learn from refusals.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from calendar_ingest.calendars import Account
from tandem.runtime.clock import Clock

WINDOW: Final = timedelta(minutes=1)
RESERVE_SHARE: Final = 0.2
"""Share of a quota that background work leaves to the rest."""
PAUSE_FIRST_S: Final = 1.0
PAUSE_LONGEST_S: Final = 64.0
TRACKED_MAX: Final = 10_000


@dataclass
class _Window:
    """Units spent in the last minute, summed up by the second."""

    spent: deque[list[float]] = field(default_factory=deque)
    total: float = 0.0

    def wait_s(self, cost: int, limit: float, now_s: float) -> float:
        """Seconds until `cost` more units stay within `limit`."""
        while self.spent and self.spent[0][0] + WINDOW.total_seconds() <= now_s:
            self.total -= self.spent.popleft()[1]
        too_many = self.total + cost - limit
        wait = 0.0
        for second, units in self.spent:
            if too_many <= 0:
                break
            too_many -= units
            wait = second + WINDOW.total_seconds() - now_s
        return wait

    def spend(self, cost: int, now_s: float) -> None:
        """Count units."""
        second = float(int(now_s) + 1)
        if self.spent and self.spent[-1][0] == second:
            self.spent[-1][1] += cost
        else:
            self.spent.append([second, cost])
        self.total += cost


@dataclass
class _Pause:
    until: datetime
    length_s: float


class Budget:
    """Tells how long a call has to wait."""

    def __init__(self, clock: Clock, *, user_per_minute: int, project_per_minute: int) -> None:
        self._clock = clock
        self._user_limit = user_per_minute
        self._project_limit = project_per_minute
        self._project = _Window()
        self._users: dict[UUID, _Window] = {}
        self._pauses: dict[UUID, _Pause] = {}

    def take(self, account: Account, cost: int) -> float:
        """Seconds to wait before a call of `cost` units; zero takes them out of the budget."""
        now = self._clock.now()
        pause = self._pauses.get(account.credential_id)
        if pause is not None and pause.until > now:
            return (pause.until - now).total_seconds()
        if len(self._users) >= TRACKED_MAX:
            self._users.clear()
        user = self._users.setdefault(account.credential_id, _Window())
        share = 1.0 - RESERVE_SHARE if account.background else 1.0
        wait = max(
            user.wait_s(cost, self._user_limit * share, now.timestamp()),
            self._project.wait_s(cost, self._project_limit * share, now.timestamp()),
        )
        if wait <= 0:
            user.spend(cost, now.timestamp())
            self._project.spend(cost, now.timestamp())
        return wait

    def throttled(self, account: Account, told_s: float | None) -> float:
        """Note a refusal; returns the seconds to stay away, doubling with each in a row.

        Several calls that were under way together are refused for one and the same reason.
        """
        now = self._clock.now()
        before = self._pauses.get(account.credential_id)
        if before is None:
            length = PAUSE_FIRST_S
        elif before.until > now:
            length = before.length_s
        else:
            length = min(before.length_s * 2.0, PAUSE_LONGEST_S)
        wait = max(length, min(told_s or 0.0, PAUSE_LONGEST_S))
        if len(self._pauses) >= TRACKED_MAX:
            self._pauses.clear()
        until = now + timedelta(seconds=wait)
        self._pauses[account.credential_id] = _Pause(until, length)
        return wait

    def welcomed(self, account: Account) -> None:
        """Note that Google answers again; what was under way before a pause tells nothing."""
        pause = self._pauses.get(account.credential_id)
        if pause is not None and pause.until <= self._clock.now():
            del self._pauses[account.credential_id]
