"""The front desk of each test, and everything that is published at it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from tests.integration.settings_api.front_desk import ADAPTERS, FrontDesk
from tests.integration.settings_api.vendors import calendar, user

from tandem.runtime.publisher import Publisher


@pytest.fixture
async def desk(kafka: Any, database_url: str) -> AsyncIterator[FrontDesk]:
    """Broker, database and vendors with two users of one company and their calendars."""
    publisher = Publisher(kafka.bootstrap_servers, client_id="tests", namespace=kafka.namespace)
    await publisher.start()
    here = FrontDesk(kafka.bootstrap_servers, kafka.namespace, database_url, publisher)
    here.vendors.users = {
        "ada@north.example": user(42, "ada@north.example"),
        "bob@north.example": user(43, "bob@north.example"),
    }
    here.vendors.calendars = [
        calendar("holidays", writable=False),
        calendar("work", primary=True),
        calendar("team"),
    ]
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
    await publisher.stop()
