"""Publishes messages to Kafka and returns once all replicas have them.

Also notices a broker that lost what it had acknowledged: offsets of a partition never go back.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from tandem.contracts.message import Message
from tandem.contracts.topics import Topic
from tandem.runtime import metrics
from tandem.runtime.failures import Retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import TRACEPARENT, traceparent

MESSAGE_BYTES_MAX = 1_000_000


@dataclass(frozen=True)
class Outgoing:
    """One record to be published; `trace` is a `traceparent`."""

    topic: str
    key: str
    value: bytes
    trace: str | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def outgoing(topic: Topic, message: Message, *, trace: str | None = None) -> Outgoing:
    """A message ready to be published, with the trace given or the current one."""
    return Outgoing(
        topic=topic.name,
        key=message.key,
        value=message.model_dump_json().encode(),
        trace=trace or traceparent(),
    )


class Publisher:
    """An idempotent producer with `acks=all`.

    `on_loss` is called once each time the broker is found to have lost acknowledged messages.
    """

    def __init__(self, bootstrap_servers: str, *, client_id: str, namespace: str = "") -> None:
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._namespace = namespace
        self._producer: AIOKafkaProducer | None = None
        self._highest: dict[tuple[str, int], int] = {}
        self._restarting = asyncio.Lock()
        self.on_loss: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Connect."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=MESSAGE_BYTES_MAX + 10_000,
            request_timeout_ms=15_000,
            retry_backoff_ms=100,
        )
        await producer.start()
        self._producer = producer

    async def stop(self) -> None:
        """Send what is pending, then disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish all records; `Retryable` where Kafka did not take every one of them."""
        pending = list(records)
        if not pending:
            return
        producer = self._producer
        if producer is None:
            raise Retryable("kafka: the producer is not connected")
        try:
            # `send` only fills the producer's batches; one wait covers them all.
            futures = [
                await producer.send(
                    self._namespace + record.topic,
                    value=record.value,
                    key=record.key.encode(),
                    headers=_headers(record),
                )
                for record in pending
            ]
            for metadata in await asyncio.gather(*futures):
                self._watch(metadata.topic, metadata.partition, metadata.offset)
        except (KafkaTimeoutError, KafkaConnectionError) as error:
            raise Retryable(f"kafka: {type(error).__name__}") from error
        except KafkaError as error:
            await self._replace(producer)
            raise Retryable(f"kafka: {type(error).__name__}") from error
        for record in pending:
            metrics.PUBLISHED.labels(record.topic).inc()

    def _watch(self, topic: str, partition: int, offset: int) -> None:
        place = (topic, partition)
        if offset >= 0:
            if offset <= self._highest.get(place, -1):
                self._highest.clear()
                metrics.BROKER_LOSSES.inc()
                LOG.error("kafka_lost_messages", topic=topic, partition=partition)
                for notify in self.on_loss:
                    notify()
            self._highest[place] = max(offset, self._highest.get(place, -1))

    async def _replace(self, broken: AIOKafkaProducer) -> None:
        """A producer whose sequence the broker does not know any more never recovers."""
        async with self._restarting:
            if self._producer is not broken:
                return
            self._producer = None
            LOG.warning("kafka_producer_replaced")
            try:
                await broken.stop()
            except KafkaError as error:
                LOG.warning("kafka_producer_stop_failed", error=type(error).__name__)
            await self.start()


def _headers(record: Outgoing) -> list[tuple[str, bytes]]:
    headers = list(record.headers)
    if record.trace:
        headers.append((TRACEPARENT, record.trace.encode()))
    return headers
