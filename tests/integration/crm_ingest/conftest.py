"""The office of each test, and everything that is published in it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from tests.integration.crm_ingest.office import ADAPTERS, Office

from crm_ingest.adapters.memory import MemoryCrm
from tandem.runtime.clock import SystemClock
from tandem.runtime.publisher import Publisher


@pytest.fixture
async def office(kafka: Any, database_url: str) -> AsyncIterator[Office]:
    """Broker, database and company, and everything that is published."""
    company = MemoryCrm(SystemClock())
    here = Office(kafka.bootstrap_servers, kafka.namespace, database_url, company)
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
