"""The in-memory broker serves groups whose members join at once, and forgets over its restart."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tandem.contracts.topics import CRM_HINTS
from tandem_embedded.mock_kafka import MockKafka
from tandem_embedded.processes import free_port


@pytest.fixture
def broker(tmp_path):
    server = MockKafka(log=tmp_path / "kafka.log", port=free_port(), partitions_max=3)
    server.start()
    yield server
    server.stop()


async def _end_offsets(broker):
    consumer = AIOKafkaConsumer(CRM_HINTS.name, bootstrap_servers=broker.bootstrap_servers)
    await consumer.start()
    try:
        await asyncio.wait_for(consumer.getmany(timeout_ms=100), 10)
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await consumer.stop()


async def _produce(broker, count):
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")
    await producer.start()
    try:
        for number in range(count):
            await producer.send_and_wait(CRM_HINTS.name, b"%d" % number, key=b"%d" % number)
    finally:
        await producer.stop()


async def test_members_that_join_at_once_share_all_records(broker):
    await _produce(broker, 12)
    members = [
        AIOKafkaConsumer(
            CRM_HINTS.name,
            group_id="group",
            bootstrap_servers=broker.bootstrap_servers,
            auto_offset_reset="earliest",
        )
        for _ in range(3)
    ]
    await asyncio.gather(*(member.start() for member in members))
    try:
        seen: set[bytes] = set()
        async with asyncio.timeout(30):
            while len(seen) < 12:
                for member in members:
                    for records in (await member.getmany(timeout_ms=50)).values():
                        seen |= {record.value for record in records}
    finally:
        for member in members:
            await member.stop()


async def test_a_restart_forgets_everything(broker):
    await _produce(broker, 5)
    assert await _end_offsets(broker) == 5
    broker.stop()
    broker.start()
    assert await _end_offsets(broker) == 0
