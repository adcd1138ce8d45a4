"""Tells when a stack has nothing left to do: no delivery, no lag, no outbox row, no write."""

import asyncio

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from tests.e2e.waiting import eventually

from tandem_embedded.mock_kafka import MockKafka
from tandem_embedded.stack import Stack

_LEFT = """
SELECT (SELECT count(*) FROM crm.outbox) + (SELECT count(*) FROM calendar.outbox)
     + (SELECT count(*) FROM sync.outbox) + (SELECT count(*) FROM settings.outbox)
     + (SELECT count(*) FROM sync.links WHERE pending_since IS NOT NULL)
     + (SELECT count(*) FROM crm.reads) + (SELECT count(*) FROM crm.held_hints)
     + (SELECT count(*) FROM crm.parked_commands)
"""


def wait_until_quiet(stack: Stack, *, seconds: float = 60) -> None:
    """Return once two looks in a row see nothing under way and the same end of every topic."""
    seen: list[tuple[int, int]] = []

    def quiet() -> bool:
        deliveries = httpx.get(stack.urls["sandbox"] + "/_control/deliveries", timeout=30)
        pending = int(deliveries.json()["pending"])
        seen.append(asyncio.run(_left(stack)))
        waiting, _ = seen[-1]
        return pending == 0 and waiting == 0 and len(seen) > 1 and seen[-2] == seen[-1]

    eventually(quiet, seconds=seconds, what="quiet")


async def _left(stack: Stack) -> tuple[int, int]:
    """What is under way, and the sum of all ends."""
    database = await asyncpg.connect(stack.database_url)
    try:
        rows = int(await database.fetchval(_LEFT))
    finally:
        await database.close()
    if isinstance(stack.kafka, MockKafka):  # knows no admin calls
        return rows, 0
    lag, ends = await _lag(stack.kafka_address)
    return rows + lag, ends


async def _lag(bootstrap_servers: str) -> tuple[int, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await consumer.start()
    try:
        groups = [group for group, _ in await admin.list_consumer_groups() if "." in group]
        lag = 0
        ends: dict[TopicPartition, int] = {}
        for group in groups:
            committed = await admin.list_consumer_group_offsets(group)
            topics = {place.topic for place in committed}
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in consumer.partitions_for_topic(topic) or ()
            ] or list(committed)
            found = await consumer.end_offsets(places)
            ends |= found
            lag += sum(
                end - max(committed[place].offset, 0) if place in committed else end
                for place, end in found.items()
            )
        return lag, sum(ends.values())
    finally:
        await consumer.stop()
        await admin.close()
