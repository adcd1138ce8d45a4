"""The retry policy: what counts as bad weather, how long it is waited for, when a service halts."""

from datetime import timedelta

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError, NotLeaderForPartitionError
from tests.unit.runtime.doubles import FakeClock

from tandem.runtime.failures import (
    Backoff,
    DeadLetterLimit,
    Permanent,
    Retryable,
    Superseded,
    is_retryable,
)

MAX_POLL_INTERVAL_S = 300.0


@pytest.mark.parametrize("asked_s", [None, 3600.0])
def test_all_waits_together_stay_far_below_the_longest_time_between_polls(asked_s):
    backoff = Backoff()
    waits = [backoff.wait_s(tries, asked_s) for tries in range(1, backoff.tries_max)]
    assert sum(waits) < MAX_POLL_INTERVAL_S / 3
    assert max(waits) <= backoff.longest_s


def test_waits_double_and_heed_what_the_provider_asks():
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.wait_s(tries) for tries in range(1, 6)] == [1, 2, 4, 8, 10]
    assert backoff.wait_s(1, 5) == 5
    assert backoff.wait_s(3, 0.5) == 4


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Retryable("later"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (KafkaConnectionError(), True),
        (NotLeaderForPartitionError(), True),
        (asyncpg.InterfaceError("closed"), True),
        (asyncpg.exceptions.AdminShutdownError("bye"), True),
        (asyncpg.exceptions.DeadlockDetectedError("again"), True),
        (asyncpg.exceptions.TooManyConnectionsError("full"), True),
        (asyncpg.exceptions.UniqueViolationError("bug"), False),
        (Permanent("never"), False),
        (Superseded("newer"), False),
        (KeyError("bug"), False),
    ],
)
def test_only_bad_weather_is_retryable(error, expected):
    assert is_retryable(error) is expected


def test_a_service_halts_beyond_the_limit_within_the_window_only():
    clock = FakeClock()
    limit = DeadLetterLimit(most=2, now=clock.now, window=timedelta(minutes=10))
    for _ in range(2):
        limit.count()
    assert not limit.exceeded
    clock.moment += timedelta(minutes=9)
    limit.count()
    assert limit.exceeded
    clock.moment += timedelta(minutes=2)
    assert not limit.exceeded, "two of three have left the window"


def test_counting_for_ever_needs_no_more_memory():
    clock = FakeClock()
    limit = DeadLetterLimit(most=2, now=clock.now)
    for _ in range(10_000):
        limit.count()
    assert limit.exceeded
    assert len(limit._moments) == 3
