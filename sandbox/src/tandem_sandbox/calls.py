"""Owns what the emulators were asked and which mails a real provider would have sent.

The log is bounded, the counters are not cut short by it.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tandem_sandbox.clock import SandboxClock

CALLS_KEPT_MAX = 50_000
MAILS_KEPT_MAX = 10_000
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request."""

    number: int
    provider: str
    operation: str
    method: str
    path: str
    account: str | None
    status: int
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """The call as control shows it."""
        return {**asdict(self), "at": self.at.isoformat()}


class CallLog:
    """Calls, newest last, and their number by provider, operation and account."""

    def __init__(self, kept_max: int = CALLS_KEPT_MAX) -> None:
        self._calls: deque[Call] = deque(maxlen=kept_max)
        self._counters: Counter[tuple[str, str, str | None]] = Counter()
        self._batched: Counter[tuple[str, str, str | None]] = Counter()
        self._statuses: Counter[tuple[str, int]] = Counter()
        self._writes = 0
        self._number = 0

    @property
    def writes(self) -> int:
        """How many calls so far may have changed the state."""
        return self._writes

    def record(  # noqa: PLR0917 - one line of a log
        self,
        provider: str,
        operation: str,
        method: str,
        path: str,
        account: str | None,
        status: int,
        at: datetime,
        *,
        batched: bool = False,
    ) -> None:
        """Note an answered request, alone or within a batch; ``path`` holds no token."""
        self._number += 1
        self._calls.append(
            Call(self._number, provider, operation, method, path, account, status, at)
        )
        self._counters[provider, operation, account] += 1
        self._batched[provider, operation, account] += batched
        self._statuses[provider, status] += 1
        if method in WRITES or operation.startswith("oauth."):
            self._writes += 1

    def matching(
        self, *, provider: str | None = None, operation: str | None = None, after: int = 0
    ) -> Iterator[Call]:
        """The kept calls with a number above ``after``, oldest first."""
        for call in self._calls:
            if (
                call.number > after
                and (provider is None or call.provider == provider)
                and (operation is None or call.operation == operation)
            ):
                yield call

    def counters(self) -> list[dict[str, Any]]:
        """How often each operation was called by each account, and how often within a batch."""
        return [
            {
                "provider": provider,
                "operation": operation,
                "account": account,
                "calls": calls,
                "batched": self._batched[provider, operation, account],
            }
            for (provider, operation, account), calls in self._counters.items()
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """How often each provider answered each status."""
        return [
            {"provider": provider, "status": status, "calls": calls}
            for (provider, status), calls in self._statuses.items()
        ]

    def reset(self) -> None:
        """Forget all calls and start counting anew."""
        self._calls.clear()
        self._counters.clear()
        self._batched.clear()
        self._statuses.clear()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that a real provider would have sent to a guest."""

    provider: str
    kind: str
    to: str
    event_id: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """The mail as control shows it."""
        return {**asdict(self), "at": self.at.isoformat()}


class MailLog:
    """The mails that were not sent, newest last."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._mails: deque[Mail] = deque(maxlen=MAILS_KEPT_MAX)
        self._total = 0

    @property
    def total(self) -> int:
        """All mails since the last reset."""
        return self._total

    def sent(self, provider: str, kind: str, to: str, event_id: str) -> None:
        """Note a mail of ``kind`` (``invitation``, ``update``, ``cancellation``)."""
        self._total += 1
        self._mails.append(Mail(provider, kind, to, event_id, self._clock.now()))

    def all(self) -> list[Mail]:
        """The kept mails."""
        return list(self._mails)

    def reset(self) -> None:
        """Forget all mails."""
        self._mails.clear()
        self._total = 0
