"""Drain rate of the reconciler: observations that wait in Kafka when it starts, beside the floor.

Both runs take the same records of new activities, each of which makes the reconciler create a
link and a command. The floor does the same consume, one bulk upsert and one produce for each
record, without any logic (`bench.floor`).
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from bench.figures import median

from tandem.contracts.activities import ActivitiesResynced, ActivityObserved, ActivitySnapshot
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionSettings,
    ConnectionStatus,
    Provider,
)
from tandem.contracts.events import CalendarResynced
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.topics import CALENDAR_EVENTS, CRM_ACTIVITIES, SETTINGS_CONNECTIONS, Topic
from tandem.runtime.publisher import Publisher, outgoing
from tandem.runtime.topics import declare
from tandem_embedded.apache_kafka import ApacheKafka
from tandem_embedded.postgres import Postgres
from tandem_embedded.processes import Child, free_port

RECORDS: Final = 20_000
USERS: Final = 200
ROUNDS: Final = 3
WAIT_S: Final = 180.0
_POLL_S: Final = 0.02

Enough = Callable[[int, int], bool]


def measure_drain() -> list[str]:
    """Run floor and reconciler in turn and return the lines to print."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        kafka = ApacheKafka(
            data=place / "kafka",
            log=place / "kafka.log",
            port=free_port(),
            controller_port=free_port(),
        )
        postgres = Postgres(data=place / "postgres", log=place / "pg.log", port=free_port())
        kafka.start()
        postgres.start()
        try:
            rounds = [_round(place, kafka, postgres) for _ in range(ROUNDS)]
        finally:
            kafka.stop()
            postgres.stop()
            postgres.forget()
    floors = [floor for floor, _ in rounds]
    rates = [rate for _, rate in rounds]
    ratio = median([rate / floor for floor, rate in rounds])
    return [
        f"{RECORDS} new activities of {USERS} users, {ROUNDS} rounds, medians",
        f"{'floor':<14}{median(floors):9.0f} records/s",
        f"{'reconciler':<14}{median(rates):9.0f} records/s   {ratio:.2f} of the floor",
    ]


def _round(place: Path, kafka: ApacheKafka, postgres: Postgres) -> tuple[float, float]:
    """Rates of the floor and of the reconciler, in records a second."""
    return (
        asyncio.run(_drain(place, kafka, postgres, module="bench.floor", purpose="floor.drain")),
        asyncio.run(
            _drain(place, kafka, postgres, module="reconciler", purpose="reconciler.activities")
        ),
    )


async def _drain(
    place: Path, kafka: ApacheKafka, postgres: Postgres, *, module: str, purpose: str
) -> float:
    name = f"b{uuid4().hex[:10]}"
    namespace = f"{name}."
    await _command(postgres.url, f"CREATE DATABASE {name}")
    await declare(kafka.bootstrap_servers, replication_factor=1, namespace=namespace)
    service = _service(place, kafka, postgres.url_of(name), namespace, module)
    connected, observations = _messages()
    await _publish(kafka, namespace, connected)
    service.start()
    try:
        await _caught_up(kafka, namespace, purpose)
        if module == "reconciler":
            await _started(postgres.url_of(name))
    finally:
        service.stop()
    await _publish(kafka, namespace, [(CRM_ACTIVITIES, one) for one in observations])
    begun = time.monotonic()
    service.start()
    try:
        first = await _progress(kafka, namespace, purpose, at_least=1)
        started = time.monotonic()
        await _caught_up(kafka, namespace, purpose)
        ended = time.monotonic()
    finally:
        service.stop()
    if ended - begun > WAIT_S:
        raise RuntimeError(f"{module} did not drain within {WAIT_S:.0f} s")
    return (RECORDS - first) / (ended - started)


def _service(
    place: Path, kafka: ApacheKafka, database_url: str, namespace: str, module: str
) -> Child:
    return Child(
        module,
        [sys.executable, "-m", module],
        log=place / f"{module}.log",
        env={
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "KAFKA_NAMESPACE": namespace,
            "DATABASE_URL": database_url,
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(free_port()),
            "INTERNAL_TOKEN": uuid4().hex,
            "LOG_LEVEL": "WARNING",
        },
    )


def _messages() -> tuple[list[tuple[Topic, Message]], list[Message]]:
    """What connects and starts every user, and the observations that follow."""
    now = datetime.now(UTC)
    soon = now + timedelta(days=2)
    connected: list[tuple[Topic, Message]] = []
    users = [SyncUser(company_id=1, user_id=number) for number in range(1, USERS + 1)]
    for user in users:
        connection_id = uuid4()
        common = {"message_id": uuid4(), "occurred_at": now}
        changed = ConnectionChanged(
            **common,
            connection_id=connection_id,
            revision=1,
            user=user,
            crm_credential_id=uuid4(),
            crm_api_url="https://example.com",
            calendar_credential_id=uuid4(),
            provider=Provider.GOOGLE,
            email=f"u{user.user_id}@example.com",
            owner_email=f"u{user.user_id}@example.com",
            owner_time_zone="Europe/Berlin",
            status=ConnectionStatus.ACTIVE,
            settings=ConnectionSettings(calendar_id="main"),
        )
        crm_read = ActivitiesResynced(
            message_id=uuid4(), occurred_at=now, user=user, observed_at=now
        )
        calendar_read = CalendarResynced(
            message_id=uuid4(),
            occurred_at=now,
            user=user,
            connection_id=connection_id,
            calendar_id="main",
            observed_at=now,
        )
        connected += [
            (SETTINGS_CONNECTIONS, changed),
            (CRM_ACTIVITIES, crm_read),
            (CALENDAR_EVENTS, calendar_read),
        ]
    observations: list[Message] = [
        ActivityObserved(
            message_id=uuid4(),
            occurred_at=now,
            user=user,
            observed_at=now,
            activity=ActivitySnapshot(
                activity_id=number,
                owner_id=user.user_id,
                subject=f"Activity {number}",
                type="meeting",
                due_date=soon.date(),
                due_time=soon.time().replace(second=0, microsecond=0),
                duration_minutes=30,
                public_description="Bring the drawings and the price list",
                location="Harbour 7",
                busy=True,
                added_at=now,
                updated_at=now,
            ),
        )
        for number, user in ((number, users[number % USERS]) for number in range(1, RECORDS + 1))
    ]
    return connected, observations


async def _publish(
    kafka: ApacheKafka, namespace: str, messages: list[tuple[Topic, Message]]
) -> None:
    publisher = Publisher(kafka.bootstrap_servers, client_id="bench", namespace=namespace)
    await publisher.start()
    try:
        for chunk in _chunks(messages, 1000):
            await publisher.publish([outgoing(topic, message) for topic, message in chunk])
    finally:
        await publisher.stop()


def _chunks(
    messages: list[tuple[Topic, Message]], size: int
) -> Iterator[list[tuple[Topic, Message]]]:
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


async def _caught_up(kafka: ApacheKafka, namespace: str, purpose: str) -> None:
    await _watch(kafka, namespace, purpose, lambda reached, ends: reached >= ends)


async def _progress(kafka: ApacheKafka, namespace: str, purpose: str, *, at_least: int) -> int:
    """How many of the waiting records were taken when at least some were."""
    return await _watch(
        kafka, namespace, purpose, lambda reached, ends: reached >= ends - RECORDS + at_least
    )


async def _watch(kafka: ApacheKafka, namespace: str, purpose: str, enough: Enough) -> int:
    """Poll until there is enough; returns how many of the waiting records are taken."""
    topic = namespace + CRM_ACTIVITIES.name
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(CRM_ACTIVITIES.partitions)]
        ends = sum((await consumer.end_offsets(places)).values())
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                offsets = await admin.list_consumer_group_offsets(namespace + purpose)
            except GroupCoordinatorNotAvailableError:  # the cluster has never had a group yet
                offsets = {}
            reached = sum(
                max(known.offset, 0) for place, known in offsets.items() if place.topic == topic
            )
            if enough(reached, ends):
                return int(reached - (ends - RECORDS))
            await asyncio.sleep(_POLL_S)
    finally:
        await consumer.stop()
        await admin.close()
    raise RuntimeError(f"{purpose} did not get there within {WAIT_S:.0f} s")


async def _started(database_url: str) -> None:
    """Wait until every connection decides."""
    database = await asyncpg.connect(database_url)
    try:
        deadline = time.monotonic() + WAIT_S
        while (
            await database.fetchval("SELECT count(*) FROM sync.connections WHERE started") < USERS
        ):
            if time.monotonic() > deadline:
                raise RuntimeError("the connections did not start")
            await asyncio.sleep(_POLL_S)
    finally:
        await database.close()


async def _command(url: str, statement: str) -> None:
    database = await asyncpg.connect(url)
    try:
        await database.execute(statement)
    finally:
        await database.close()
