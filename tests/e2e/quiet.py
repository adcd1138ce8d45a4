"""Tells when a stack has nothing left to do: no delivery, no lag, no outbox row, no write."""

import asyncio
import time
from collections import Counter

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from tests.e2e.waiting import eventually

from tandem_embedded.mock_kafka import MockKafka
from tandem_embedded.stack import Stack

STILL_S = 0.3
"""What one process hands to another within this time is seen."""
# A read that came after its connection had ended, or that waits for a grant, is not under way.
_LEFT = """
SELECT (SELECT count(*) FROM crm.outbox) + (SELECT count(*) FROM calendar.outbox)
     + (SELECT count(*) FROM sync.outbox) + (SELECT count(*) FROM settings.outbox) AS outboxes,
       (SELECT count(*) FROM sync.links WHERE pending_since IS NOT NULL) AS writes,
       (SELECT count(*) FROM crm.reads r WHERE EXISTS (
            SELECT FROM crm.connections c
            WHERE c.company_id = r.company_id AND c.user_id = r.user_id
            AND c.removed_at IS NULL AND c.health IS DISTINCT FROM 'grant_lost'
            AND c.status NOT IN ('reconnect_needed', 'calendar_gone')))
     + (SELECT count(*) FROM calendar.reads r JOIN calendar.connections c USING (connection_id)
        WHERE r.due_at <= now() + interval '1 second' AND c.removed_at IS NULL
        AND c.status NOT IN ('reconnect_needed', 'calendar_gone'))
     + (SELECT count(*) FROM crm.held_hints) AS reads,
       (SELECT count(*) FROM crm.parked_commands) AS parked,
       (SELECT count(*) FROM sync.connections WHERE NOT started AND NOT removed
        AND blocked_reason IS NULL AND body->>'status' = 'active') AS starts
"""


def wait_until_quiet(stack: Stack, *, seconds: float = 60) -> None:
    """Return once nothing is under way, and every topic has ended where it did a while ago."""
    looks: list[tuple[Counter[str], int]] = []
    still_since = 0.0

    def quiet() -> bool:
        nonlocal still_since
        deliveries = httpx.get(stack.urls["sandbox"] + "/_control/deliveries", timeout=30)
        left, ends = asyncio.run(_left(stack))
        left["deliveries"] = int(deliveries.json()["pending"])
        looks.append((+left, ends))
        if +left or looks[-2:-1] != looks[-1:]:
            still_since = time.monotonic()
        return not +left and time.monotonic() - still_since >= STILL_S

    try:
        eventually(quiet, seconds=seconds, what="quiet")
    except AssertionError as never:
        never.add_note(f"what was under way at last, and the sum of all ends: {looks[-5:]}")
        raise


async def _left(stack: Stack) -> tuple[Counter[str], int]:
    """What is under way, and the sum of all ends."""
    database = await asyncpg.connect(stack.database_url)
    try:
        [row] = await database.fetch(_LEFT)
    finally:
        await database.close()
    left: Counter[str] = Counter(dict(row))
    if isinstance(stack.kafka, MockKafka):  # knows no admin calls
        return left, 0
    left["lag"], ends = await _lag(stack.kafka_address)
    return left, ends


async def _lag(bootstrap_servers: str) -> tuple[int, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await consumer.start()
    try:
        groups = [group for group, _ in await admin.list_consumer_groups() if "." in group]
        committed = {group: await admin.list_consumer_group_offsets(group) for group in groups}
        # A group commits for every partition that it was given, even where nothing came yet.
        places = sorted({place for places in committed.values() for place in places})
        assert places, "no group has read anything: then this would be quiet for ever"
        # Once it is to read them it knows where they are; asked without, it waits for metadata.
        consumer.assign(places)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        # A broker that has forgotten everything ends before what was read of it.
        lag = sum(
            max(ends[place] - max(known[place].offset, 0), 0)
            for known in committed.values()
            for place in known
        )
        return lag, sum(ends.values())
    finally:
        await consumer.stop()
        await admin.close()
