"""After a loss everything is read again, by whoever has the partitions then; on a real broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from pydantic import BaseModel, TypeAdapter
from tests.unit.runtime.doubles import until

from tandem.contracts.topics import CRM_ACTIVITIES
from tandem.runtime.app import Runtime
from tandem.runtime.publisher import Outgoing
from tandem.runtime.settings import RuntimeSettings

PURPOSE = "rewinding"
DEADLINE_S = 30.0


class Word(BaseModel):
    """A message."""

    word: str


class Service:
    """A running service that reads words."""

    def __init__(self, kafka, database_url) -> None:
        self.words: list[str] = []
        self._kafka = kafka
        settings = RuntimeSettings.model_validate(
            {
                "kafka_bootstrap_servers": kafka.bootstrap_servers,
                "kafka_namespace": kafka.namespace,
                "database_url": database_url,
                "http_port": 8083,
                "internal_token": "internal-token-of-the-tests",
            }
        )
        self.runtime = Runtime(settings, service="reconciler", schema="sync", package="reconciler")
        self.runtime.subscribe(
            CRM_ACTIVITIES,
            purpose=PURPOSE,
            title="words",
            messages=TypeAdapter(Word),
            handle=self._handle,
        )

    async def say(self, word: str) -> None:
        record = Outgoing(CRM_ACTIVITIES.name, "key", Word(word=word).model_dump_json().encode())
        await self.runtime.publisher.publish([record])

    async def has_read(self, *words: str) -> None:
        await until(lambda: self.words[: len(words)] == list(words), seconds=DEADLINE_S)

    async def lose_the_partitions(self) -> None:
        """Another member of the group comes and goes, so that partitions are given out anew."""
        other = AIOKafkaConsumer(
            self._kafka.namespace + CRM_ACTIVITIES.name,
            bootstrap_servers=self._kafka.bootstrap_servers,
            group_id=f"{self._kafka.namespace}reconciler.{PURPOSE}",
            enable_auto_commit=False,
            heartbeat_interval_ms=500,
        )
        await other.start()
        await until(other.assignment, seconds=DEADLINE_S)
        await other.stop()

    async def _handle(self, deliveries) -> None:
        self.words += [delivery.body.word for delivery in deliveries]


@asynccontextmanager
async def _running(kafka, database_url) -> AsyncIterator[Service]:
    service = Service(kafka, database_url)
    await service.runtime.start()
    try:
        yield service
    finally:
        await service.runtime.stop()


async def test_a_topic_is_read_once_whoever_comes_and_goes(kafka, database_url):
    async with _running(kafka, database_url) as service:
        await service.say("first")
        await service.has_read("first")
        await service.lose_the_partitions()
        await service.say("second")
        await service.has_read("first", "second")
        assert len(service.words) == 2


async def test_after_a_loss_a_topic_is_read_again_also_by_who_is_given_it_then(kafka, database_url):
    """What was committed before the loss is no place to go on from."""
    async with _running(kafka, database_url) as service:
        await service.say("first")
        await service.has_read("first")
        service.runtime.rewind()
        await service.has_read("first", "first")
        await service.lose_the_partitions()
        await service.has_read("first", "first", "first")
