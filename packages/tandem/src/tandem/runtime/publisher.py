"""Publishes messages to Kafka and returns once all replicas have them.

Also notices a broker that lost what it had acknowledged: offsets of a partition never go back.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from tandem.contracts.message import Message
from tandem.contracts.topics import Topic
from tandem.runtime import metrics
from tandem.runtime.failures import Permanent, Retryable
from tandem.runtime.logs import LOG
from tandem.runtime.telemetry import TRACEPARENT, traceparent

MESSAGE_BYTES_MAX = 1_000_000

_Place = tuple[str, int]


@dataclass(frozen=True)
class Outgoing:
    """One record to be published; `trace` is a `traceparent`."""

    topic: str
    key: str
    value: bytes
    trace: str | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def outgoing(topic: Topic, message: Message, *, trace: str | None = None) -> Outgoing:
    """A message ready to be published, with the trace given or the current one.

    Raises `Permanent` for one that Kafka would never take: in an outbox it would block the others.
    """
    value = message.model_dump_json().encode()
    if len(value) > MESSAGE_BYTES_MAX:
        raise Permanent(f"a {type(message).__name__} of {len(value)} bytes is too large")
    return Outgoing(topic=topic.name, key=message.key, value=value, trace=trace or traceparent())


class Publisher:
    """An idempotent producer with `acks=all`.

    `security` comes from `tandem.runtime.kafka`; none: plain and unknown.
    `on_loss` is called once each time the broker is found to have lost acknowledged messages.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        client_id: str,
        namespace: str = "",
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._security = security or {}
        self._client_id = client_id
        self._namespace = namespace
        self._producer: AIOKafkaProducer | None = None
        self._wanted = False
        self._changing = asyncio.Lock()
        self._highest: dict[_Place, int] = {}
        self.on_loss: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Connect."""
        async with self._changing:
            self._wanted = True
            await self._connect()

    async def stop(self) -> None:
        """Send what is pending, then disconnect."""
        async with self._changing:
            self._wanted = False
            producer, self._producer = self._producer, None
            if producer is not None:
                await producer.stop()

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish all records; `Retryable` where Kafka did not take every one of them."""
        pending = list(records)
        if not pending:
            return
        try:
            producer = await self._connected()
        except KafkaError as error:
            raise Retryable(f"kafka: {type(error).__name__}") from error
        # What is acknowledged by now lies before all that is sent from here on.
        known, floor = self._highest, dict(self._highest)
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
                if self._highest is known:
                    place = (metadata.topic, metadata.partition)
                    self._watch(place, metadata.offset, after=floor.get(place, -1))
        except (KafkaTimeoutError, KafkaConnectionError) as error:
            raise Retryable(f"kafka: {type(error).__name__}") from error
        except KafkaError as error:
            await self._replace(producer)
            raise Retryable(f"kafka: {type(error).__name__}") from error
        for record in pending:
            metrics.PUBLISHED.labels(record.topic).inc()

    def _watch(self, place: _Place, offset: int, *, after: int) -> None:
        """Compare a record's offset with one that was acknowledged before it was sent.

        Records that were under way together tell nothing: their answers come in any order. After
        a loss they are let be, so that it is told once.
        """
        if offset < 0:
            return
        if offset > after:
            self._highest[place] = max(offset, self._highest.get(place, -1))
            return
        self._highest = {place: offset}
        metrics.BROKER_LOSSES.inc()
        LOG.error("kafka_lost_messages", topic=place[0], partition=place[1])
        for notify in self.on_loss:
            notify()

    async def _connect(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=MESSAGE_BYTES_MAX + 10_000,
            request_timeout_ms=15_000,
            retry_backoff_ms=100,
            **self._security,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def _connected(self) -> AIOKafkaProducer:
        """The producer, made anew where replacing it has failed before."""
        if self._producer is None:
            async with self._changing:
                if not self._wanted:
                    raise Retryable("kafka: the producer is not connected")
                if self._producer is None:
                    await self._connect()
        return self._producer

    async def _replace(self, broken: AIOKafkaProducer) -> None:
        """A producer whose sequence the broker does not know any more never recovers."""
        async with self._changing:
            present = self._producer
            if present is not broken:
                return
            self._producer = None
            LOG.warning("kafka_producer_replaced")
            try:
                await present.stop()
            except KafkaError as error:
                LOG.warning("kafka_producer_stop_failed", error=type(error).__name__)
            try:
                await self._connect()
            except KafkaError as error:
                LOG.warning("kafka_producer_start_failed", error=type(error).__name__)


def _headers(record: Outgoing) -> list[tuple[str, bytes]]:
    headers = list(record.headers)
    if record.trace:
        headers.append((TRACEPARENT, record.trace.encode()))
    return headers
