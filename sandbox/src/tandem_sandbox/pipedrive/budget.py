"""Owns the rate budgets: tokens a day per company, requests in rolling two seconds per token.

Who goes on after 429 meets the gateway in front: 403 with its page instead of JSON.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

WINDOW_SECONDS = 2.0
REFUSALS_BEFORE_BLOCK = 10
BLOCK_SECONDS = 10.0


class Plan(BaseModel):
    """How much a company may ask; the default is too large to be met by accident."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily_tokens: int = Field(default=100_000_000, ge=0, le=1_000_000_000)
    burst_api_token: int = Field(default=100_000, ge=1, le=1_000_000)
    burst_oauth: int = Field(default=100_000, ge=1, le=1_000_000)
    burst_search: int = Field(default=100_000, ge=1, le=1_000_000)


VendorPlan = Literal["lite", "growth", "premium", "ultimate"]


def vendor_plan(name: VendorPlan, seats: int) -> Plan:
    """The limits of a plan as Pipedrive sells it."""
    factor, api_token, oauth = {
        "lite": (1, 20, 80),
        "growth": (2, 40, 160),
        "premium": (5, 100, 400),
        "ultimate": (7, 120, 480),
    }[name]
    return Plan(
        daily_tokens=30_000 * factor * seats,
        burst_api_token=api_token,
        burst_oauth=oauth,
        burst_search=10,
    )


class Toll(StrEnum):
    """Whether a request may pass."""

    PASSED = "passed"
    BURST = "burst"
    DAILY = "daily"
    BLOCKED = "blocked"


@dataclass(slots=True)
class Charge:
    """The verdict on one request and the headers that tell of it."""

    toll: Toll
    headers: dict[str, str]


@dataclass(slots=True)
class _Window:
    stamps: deque[float] = field(default_factory=deque)
    refusals: int = 0
    blocked_until: float = 0.0


@dataclass(slots=True)
class _Day:
    day: date
    used: int = 0


class Budget:
    """What was used; kept in memory only."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, bool], _Window] = {}
        self._days: dict[int, _Day] = {}

    def used_today(self, company_id: int, today: date) -> int:
        """Tokens that the company used today."""
        return self._of_day(company_id, today).used

    def charge(
        self,
        *,
        company_id: int,
        plan: Plan,
        token: str,
        oauth: bool,
        search: bool,
        cost: int,
        today: date,
        moment: float,
    ) -> Charge:
        """Take ``cost`` tokens and one place in the token's window, if both are left.

        Args:
            company_id: Whose daily budget is used.
            plan: The company's limits.
            token: The token of the request; each has a window of its own.
            oauth: Whether it is an OAuth token; these may ask more.
            search: Searches have a smaller window of their own.
            cost: Tokens as the vendor's price list says.
            today: The server's day.
            moment: Monotonic seconds.
        """
        limit = plan.burst_search if search else plan.burst_oauth if oauth else plan.burst_api_token
        window = self._windows.setdefault((token, search), _Window())
        while window.stamps and window.stamps[0] <= moment - WINDOW_SECONDS:
            window.stamps.popleft()
        day = self._of_day(company_id, today)
        toll = self._toll(window, day, plan=plan, limit=limit, cost=cost, moment=moment)
        if toll is Toll.PASSED:
            window.stamps.append(moment)
            window.refusals = 0
            day.used += cost
        oldest = window.stamps[0] if window.stamps else moment
        return Charge(
            toll,
            {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(max(limit - len(window.stamps), 0)),
                "x-ratelimit-reset": str(max(round(oldest + WINDOW_SECONDS - moment + 0.5), 1)),
                "x-daily-ratelimit-token-limit": str(plan.daily_tokens),
                "x-daily-ratelimit-token-remaining": str(max(plan.daily_tokens - day.used, 0)),
            },
        )

    def _of_day(self, company_id: int, today: date) -> _Day:
        day = self._days.get(company_id)
        if day is None or day.day != today:
            day = self._days[company_id] = _Day(today)
        return day

    @staticmethod
    def _toll(
        window: _Window, day: _Day, *, plan: Plan, limit: int, cost: int, moment: float
    ) -> Toll:
        if window.blocked_until > moment:
            return Toll.BLOCKED
        if day.used + cost > plan.daily_tokens:
            return Toll.DAILY
        if len(window.stamps) < limit:
            return Toll.PASSED
        window.refusals += 1
        if window.refusals > REFUSALS_BEFORE_BLOCK:
            window.blocked_until = moment + BLOCK_SECONDS
            window.refusals = 0
            return Toll.BLOCKED
        return Toll.BURST
