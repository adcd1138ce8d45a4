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
        committed = {group: await admin.list_consumer_group_offsets(group) for group in groups}
        await consumer.topics()
        topics = {place.topic for places in committed.values() for place in places}
        places = [
            TopicPartition(topic, number)
            for topic in sorted(topics)
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        # One call for all of them: each call for another set waits for fresh metadata.
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        lag = 0
        for known in committed.values():
            followed = {place.topic for place in known}
            for place, end in ends.items():
                if place.topic in followed:
                    reached = known[place].offset if place in known else 0
                    lag += end - max(reached, 0)
        return lag, sum(ends.values())
    finally:
        await consumer.stop()
        await admin.close()
