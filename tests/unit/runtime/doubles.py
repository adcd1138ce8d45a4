"""Stand-ins for the clock, the publisher and Kafka's records."""

import asyncio
from datetime import UTC, datetime, timedelta

from aiokafka import ConsumerRecord

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class FakeClock:
    """Time passes only by sleeping, and at once."""

    def __init__(self):
        self.moment = NOW
        self.slept = []

    def now(self):
        return self.moment

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class FakePublisher:
    """Keeps what is published."""

    def __init__(self):
        self.published = []
        self.error = None

    async def publish(self, records):
        if self.error is not None:
            raise self.error
        self.published += list(records)


def record(value=b"{}", *, offset=0, topic="crm.activities.v1", headers=(), key=b"7:70"):
    return ConsumerRecord(
        topic=topic,
        partition=2,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(headers),
    )


async def until(condition, *, seconds=5.0):
    """Wait until something holds, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for is not ours to signal
            await asyncio.sleep(0.001)
