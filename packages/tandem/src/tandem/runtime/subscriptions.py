"""Consuming: decode, retry with backoff, isolate, dead-letter, halt. At least once, in order.

A batch that fails is tried again as a whole while its error is `Retryable`; otherwise its records
are handled one by one, and only the record that fails by itself becomes a dead letter.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import GroupIdNotFound, UnknownMemberIdError, kafka_errors
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, TypeAdapter, ValidationError

from tandem.contracts.topics import dead_letters_of
from tandem.runtime import metrics
from tandem.runtime.clock import Clock
from tandem.runtime.dead_letters import ATTEMPTS, CAUSE, ORIGIN, OWN_HEADERS
from tandem.runtime.failures import (
    Backoff,
    DeadLetterLimit,
    Halted,
    Permanent,
    Retryable,
    is_retryable,
)
from tandem.runtime.logs import LOG
from tandem.runtime.publisher import Outgoing, Publisher
from tandem.runtime.telemetry import TRACEPARENT, span

MessageT = TypeVar("MessageT", bound=BaseModel)
HALT_PAUSE_S = 5.0
CAUSE_LENGTH_MAX = 300

# A broker that has forgotten a group tells its members so, which the client takes for the end of
# everything. To a member it means what an unknown member id means: join again.
kafka_errors[GroupIdNotFound.errno] = UnknownMemberIdError


class Fault(StrEnum):
    """What was wrong with a message that was given up, as the metric tells it."""

    UNREADABLE = "unreadable"
    REFUSED = "refused"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True)
class Delivery(Generic[MessageT]):
    """One message as it came: its body, and the trace that it belongs to."""

    body: MessageT
    trace: str | None


Handle = Callable[[Sequence[Delivery[MessageT]]], Awaitable[None]]


class Failures:
    """Applies the retry policy of `tandem.runtime.failures` to batches of Kafka records."""

    def __init__(
        self,
        *,
        service: str,
        publisher: Publisher,
        clock: Clock,
        limit: DeadLetterLimit,
        backoff: Backoff | None = None,
    ) -> None:
        self._service = service
        self._publisher = publisher
        self._clock = clock
        self._limit = limit
        self._backoff = backoff or Backoff()

    @property
    def halted(self) -> bool:
        """Whether too many dead letters have stopped the service."""
        return self._limit.exceeded

    async def run(
        self,
        records: Sequence[ConsumerRecord[bytes, bytes]],
        messages: TypeAdapter[MessageT],
        handle: Handle[MessageT],
    ) -> None:
        """Handle a batch. Returning acknowledges it; an exception leaves it for another try."""
        if self.halted:
            await self._clock.sleep(HALT_PAUSE_S)
            raise Halted("too many dead letters; see the dead-letter topic")
        deliveries: list[tuple[ConsumerRecord[bytes, bytes], Delivery[MessageT]]] = []
        for record in records:
            try:
                deliveries.append((record, _decode(record, messages)))
            except ValidationError as error:
                await self._give_up(record, error, attempts=1)
        if deliveries:
            await self._handle(deliveries, handle)

    async def _handle(
        self,
        deliveries: Sequence[tuple[ConsumerRecord[bytes, bytes], Delivery[MessageT]]],
        handle: Handle[MessageT],
        *,
        tries_before: int = 0,
    ) -> None:
        """Handle a batch as a whole; where that fails for good, each record by itself.

        A record that was in a batch which failed again and again has had its tries: by itself it
        has one, so that a batch full of bad ones does not keep the consumer from polling.
        """
        unknown_tries_max = 1 if tries_before else self._backoff.tries_max
        try:
            await self._try(deliveries, handle, unknown_tries_max)
        except Exception as error:
            if is_retryable(error):
                raise
            tries = tries_before + (1 if isinstance(error, Permanent) else unknown_tries_max)
            if len(deliveries) == 1:
                await self._give_up(deliveries[0][0], error, tries)
                return
            LOG.warning("batch_isolated", size=len(deliveries), error=type(error).__name__)
            for alone in deliveries:
                if self.halted:
                    raise Halted("too many dead letters; see the dead-letter topic") from error
                await self._handle([alone], handle, tries_before=tries)

    async def _try(
        self,
        deliveries: Sequence[tuple[ConsumerRecord[bytes, bytes], Delivery[MessageT]]],
        handle: Handle[MessageT],
        unknown_tries_max: int,
    ) -> None:
        topic = deliveries[0][0].topic
        oldest_s = min(record.timestamp for record, _ in deliveries) / 1000
        metrics.CONSUME_AGE.labels(topic).set(max(0.0, self._clock.now().timestamp() - oldest_s))
        tries = 0
        while True:
            tries += 1
            try:
                with metrics.HANDLE_SECONDS.labels(topic).time():
                    await handle([delivery for _, delivery in deliveries])
            except Permanent:
                raise
            except Exception as error:
                tries_max = self._backoff.tries_max if is_retryable(error) else unknown_tries_max
                if tries >= tries_max:
                    raise
                metrics.RETRIES.labels(topic).inc()
                least = error.retry_after_s if isinstance(error, Retryable) else None
                LOG.warning(
                    "batch_retried",
                    topic=topic,
                    tries=tries,
                    error=type(error).__name__,
                    detail=str(error)[:CAUSE_LENGTH_MAX] if isinstance(error, Retryable) else "",
                )
                await self._clock.sleep(self._backoff.wait_s(tries, least))
            else:
                metrics.CONSUMED.labels(topic).inc(len(deliveries))
                return

    async def _give_up(
        self, record: ConsumerRecord[bytes, bytes], error: Exception, attempts: int
    ) -> None:
        cause = _cause(error)
        LOG.error(
            "dead_letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            cause=cause,
        )
        await self._publisher.publish(
            [
                Outgoing(
                    topic=dead_letters_of(self._service),
                    key=(record.key or b"").decode(errors="replace"),
                    value=record.value or b"",
                    trace=_header(record, TRACEPARENT),
                    headers=(
                        *(
                            (name, value)
                            for name, value in record.headers
                            if name not in OWN_HEADERS
                        ),
                        (ORIGIN, f"{record.topic}:{record.partition}:{record.offset}".encode()),
                        (CAUSE, cause.encode()),
                        (ATTEMPTS, str(attempts).encode()),
                    ),
                )
            ]
        )
        metrics.DEAD_LETTERS.labels(record.topic, _fault(error)).inc()
        self._limit.count()


def _fault(error: Exception) -> Fault:
    if isinstance(error, ValidationError):
        return Fault.UNREADABLE
    return Fault.REFUSED if isinstance(error, Permanent) else Fault.UNEXPECTED


def _cause(error: Exception) -> str:
    """What went wrong, without the message's own values: those may be personal."""
    if isinstance(error, ValidationError):
        places = {
            ".".join(str(part) for part in problem["loc"]) + ": " + problem["type"]
            for problem in error.errors(include_input=False, include_url=False)
        }
        return "; ".join(sorted(places))[:CAUSE_LENGTH_MAX]
    if isinstance(error, (Permanent, Retryable)):
        return f"{type(error).__name__}: {error}"[:CAUSE_LENGTH_MAX]
    return type(error).__name__


def _header(record: ConsumerRecord[bytes, bytes], name: str) -> str | None:
    for header, value in record.headers:
        if header == name:
            return str(value.decode(errors="replace"))
    return None


def _decode(
    record: ConsumerRecord[bytes, bytes], messages: TypeAdapter[MessageT]
) -> Delivery[MessageT]:
    return Delivery(
        body=messages.validate_json(record.value or b""), trace=_header(record, TRACEPARENT)
    )


async def _readable(
    records: tuple[ConsumerRecord[bytes, bytes], ...], original: Callable[[Any], Awaitable[Any]]
) -> Any:
    """The framework skips a record whose headers are not UTF-8; ours are made readable first."""
    return await original(
        tuple(
            replace(
                record,
                headers=tuple(
                    (name, value.decode(errors="replace").encode())
                    for name, value in record.headers
                ),
            )
            for record in records
        )
    )


async def _raw(message: Any) -> Any:
    return message.raw_message


def subscribe(
    broker: KafkaBroker,
    failures: Failures,
    *,
    topic: str,
    group: str,
    title: str,
    messages: TypeAdapter[MessageT],
    handle: Handle[MessageT],
    records_max: int,
    on_assigned: Callable[[], None] | None = None,
) -> None:
    """Consume `topic` in `group` (`<service>.<purpose>`), in batches, from the earliest record.

    `on_assigned` is called whenever partitions have been given out anew.
    """

    async def on_batch(records: tuple[ConsumerRecord[bytes, bytes], ...]) -> None:
        await failures.run(records, messages, handle)

    _count_from_zero(topic)
    broker.subscriber(
        topic,
        group_id=group,
        batch=True,
        max_records=records_max,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=_readable,
        decoder=_raw,
        title=title,
        session_timeout_ms=10_000,
        # A member learns at its next heartbeat that another has come or gone.
        heartbeat_interval_ms=1_000,
        max_poll_interval_ms=300_000,
        listener=_Assigned(on_assigned) if on_assigned else None,
    )(on_batch)


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells that partitions were given out."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing is to be given up."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Tell it."""
        self._tell()


def _count_from_zero(topic: str) -> None:
    """Have the metrics tell of what is rare before it happens: the first time counts too."""
    metrics.CONSUMED.labels(topic)
    metrics.RETRIES.labels(topic)
    for fault in Fault:
        metrics.DEAD_LETTERS.labels(topic, fault)


def handling(name: str, delivery: Delivery[MessageT]) -> Any:
    """Span in which one delivery is handled, a child of the trace that brought it."""
    return span(name, kind=SpanKind.CONSUMER, parent=delivery.trace)
