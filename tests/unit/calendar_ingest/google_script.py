"""A Google of which every answer is scripted, and every request is kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from calendar_ingest.adapters.google.access import google_access
from calendar_ingest.adapters.google.budget import Budget
from calendar_ingest.adapters.google.client import GoogleClient
from calendar_ingest.calendars import Access, Account, Calendar
from calendar_ingest.settings import GoogleSettings

ACCOUNT = Account(UUID(int=1))
CALENDAR = Calendar(ACCOUNT, "work@example.com")


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2031, 3, 4, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class Tokens:
    """Hands out a token, and another one when it is said to be stale."""

    current: str = "token-1"
    stale: list[str] = field(default_factory=list)

    async def token(self, _account: Account, *, stale: str = "") -> str:
        if stale:
            self.stale.append(stale)
            self.current = f"token-{len(self.stale) + 1}"
        return self.current


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Answers requests in their order."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def body(self, number: int = -1) -> Any:
        """The JSON of a request."""
        return json.loads(self.requests[number].content)


def error(status: int, reason: str, message: str = "No.") -> httpx.Response:
    """An error in Google's shape."""
    detail = {"domain": "global", "reason": reason, "message": message}
    return httpx.Response(
        status, json={"error": {"errors": [detail], "code": status, "message": message}}
    )


def item(**changes: Any) -> dict[str, Any]:
    """An event as Google shows it."""
    return {
        "id": "abc",
        "etag": '"1"',
        "status": "confirmed",
        "summary": "Lunch",
        "start": {"dateTime": "2031-03-05T10:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2031-03-05T11:00:00+01:00", "timeZone": "Europe/Berlin"},
        "updated": "2031-03-04T09:00:00.123Z",
        "organizer": {"email": "owner@example.com", "self": True},
        **changes,
    }


def settings() -> GoogleSettings:
    """Settings that reach nobody."""
    return GoogleSettings.model_construct(
        google_api_url="https://google.test/calendar/v3/",
        google_token_url="https://google.test/token",
        google_client_id="client",
        google_client_secret=SecretStr("client-secret"),
        google_webhook_url="https://tandem.test/webhooks/google",
    )


def access(script: Script, clock: StillClock, tokens: Tokens | None = None) -> Access:
    """The adapter on a scripted Google."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(script))
    return google_access(http, settings(), tokens=tokens or Tokens(), clock=clock)


def client(script: Script, clock: StillClock, tokens: Tokens, **limits: int) -> GoogleClient:
    """The adapter's client on a scripted Google."""
    quota = {"user_per_minute": 600, "project_per_minute": 10_000, **limits}
    return GoogleClient(
        httpx.AsyncClient(transport=httpx.MockTransport(script)),
        api_url="https://google.test/calendar/v3",
        tokens=tokens,
        budget=Budget(clock, **quota),
        clock=clock,
    )
