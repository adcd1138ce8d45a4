"""The whole retry policy: what an error means, how often it is tried again, where it ends.

A handler raises `Retryable` or `Permanent`; anything else that it raises counts as permanent
after as many tries, because an unknown error is more often a bug than bad weather.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from aiokafka.errors import KafkaError


class Retryable(Exception):  # noqa: N818 - named for what the caller may do
    """It may work later; `retry_after_s` is the least wait, where the provider told one."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Permanent(Exception):  # noqa: N818 - named for what the caller may do
    """It will never work; trying again only costs."""


class Superseded(Exception):  # noqa: N818 - named for what happened
    """Something newer has taken its place; dropping it is right."""


class Halted(Exception):  # noqa: N818 - named for what happened
    """Too many dead letters: the service stops acknowledging until somebody looks."""


_WEATHER = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    KafkaError,
)


def is_retryable(error: BaseException) -> bool:
    """Whether an error is bad weather: `Retryable`, or a database or broker out of reach."""
    return isinstance(error, (Retryable, *_WEATHER))


@dataclass(frozen=True)
class Backoff:
    """Waits between tries: doubling from `first_s` up to `longest_s`, at most `tries_max` tries.

    The sum of the waits stays far below Kafka's `max.poll.interval.ms` of five minutes.
    """

    first_s: float = 0.1
    longest_s: float = 10.0
    tries_max: int = 8

    def wait_s(self, tries: int, least_s: float | None = None) -> float:
        """Seconds to wait after `tries` failed tries."""
        return min(max(self.first_s * 2.0 ** (tries - 1), least_s or 0.0), self.longest_s)


class DeadLetterLimit:
    """Counts dead letters in a sliding window; beyond the limit the service halts."""

    def __init__(
        self, *, most: int, now: Callable[[], datetime], window: timedelta = timedelta(minutes=10)
    ) -> None:
        self._most = most
        self._now = now
        self._window = window
        self._moments: deque[datetime] = deque(maxlen=most + 1)

    @property
    def exceeded(self) -> bool:
        """Whether more than the permitted number fell into the window."""
        since = self._now() - self._window
        while self._moments and self._moments[0] < since:
            self._moments.popleft()
        return len(self._moments) > self._most

    def count(self) -> None:
        """Note one more dead letter."""
        self._moments.append(self._now())
