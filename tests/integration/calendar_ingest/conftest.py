"""The station of each test, and everything that is published on it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from tests.integration.calendar_ingest.station import ADAPTERS, Station

from calendar_ingest.adapters.memory import MemoryProvider
from tandem.runtime.clock import SystemClock
from tandem.runtime.publisher import Publisher


@pytest.fixture
async def station(kafka: Any, database_url: str) -> AsyncIterator[Station]:
    """Broker, database and provider, and everything that is published on them."""
    clock = SystemClock()
    provider = MemoryProvider(clock)
    provider.add_calendar("work@example.com")
    here = Station(kafka.bootstrap_servers, kafka.namespace, database_url, provider)
    here.taken = {name: [] for name in ADAPTERS}
    here.publisher = Publisher(
        kafka.bootstrap_servers, client_id="tests", namespace=kafka.namespace
    )
    await here.publisher.start()
    consumer = AIOKafkaConsumer(
        *(kafka.namespace + name for name in ADAPTERS),
        bootstrap_servers=kafka.bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    collecting = asyncio.create_task(here.collect(consumer))
    yield here
    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)
    await consumer.stop()
    await here.publisher.stop()
