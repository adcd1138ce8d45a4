"""Messages that were given up: read them, play them back where they came from, or drop them.

A letter is settled by a mark: a record in the same topic that names it. So a letter is settled by
itself, in any order, the marks outlive what they settle, and the topic tells who was played back.
A letter is played back before it is marked: whoever dies between leaves it open, and playing it
back twice does no harm, since receivers know the ids of what they have handled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tandem.contracts.topics import SERVICES, TOPICS, dead_letters_of
from tandem.runtime.failures import Permanent
from tandem.runtime.kafka import client_security
from tandem.runtime.publisher import Outgoing, Publisher
from tandem.runtime.settings import KafkaSettings
from tandem.runtime.telemetry import TRACEPARENT

ORIGIN: Final = "origin"
CAUSE: Final = "cause"
ATTEMPTS: Final = "attempts"
SETTLES: Final = "settles"
OUTCOME: Final = "outcome"
REPLAYED: Final = "replayed"
OWN_HEADERS: Final = frozenset({ORIGIN, CAUSE, ATTEMPTS, TRACEPARENT})
"""What a dead letter's headers say of itself; all others are the message's own."""

_READ_S: Final = 1.0


class Outcome(StrEnum):
    """What became of a letter."""

    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up; `outcome` is None while nobody has settled it."""

    service: str
    partition: int
    offset: int
    moment: datetime
    origin: str
    cause: str
    attempts: int
    key: str
    value: bytes
    trace: str | None
    headers: tuple[tuple[str, bytes], ...]
    outcome: Outcome | None = None

    @property
    def id(self) -> str:
        """Its name, as operators give it: `reconciler:0:17`."""
        return f"{self.service}:{self.partition}:{self.offset}"


class DeadLetters:
    """The dead letters of all services, or of those named."""

    def __init__(self, kafka: KafkaSettings, *, services: Sequence[str] = SERVICES) -> None:
        self._kafka = kafka
        self._services = {kafka.kafka_namespace + dead_letters_of(name): name for name in services}
        self._topics = {topic.name for topic in TOPICS} - set(map(dead_letters_of, SERVICES))

    async def read(self) -> list[DeadLetter]:
        """All letters that Kafka still has, oldest first, settled ones included."""
        records = await self._records()
        marks = dict(
            mark for record in records if (mark := self._mark(record, _headers(record))) is not None
        )
        letters = [
            self._letter(record, headers, marks)
            for record in records
            if SETTLES not in (headers := _headers(record))
        ]
        return sorted(letters, key=lambda letter: (letter.moment, letter.id))

    async def replay(self, letters: Iterable[DeadLetter]) -> int:
        """Publish open letters again where they came from, as they came; returns how many."""
        return await self._settle(letters, Outcome.REPLAYED)

    async def drop(self, letters: Iterable[DeadLetter]) -> int:
        """Mark open letters as not to be handled any more; returns how many."""
        return await self._settle(letters, Outcome.DROPPED)

    def topic_of(self, letter: DeadLetter) -> str:
        """The topic that a letter goes back to; `Permanent` where it is none that is declared."""
        name = letter.origin.rsplit(":", 2)[0].removeprefix(self._kafka.kafka_namespace)
        if name not in self._topics:
            raise Permanent(f"{letter.id} does not come from a topic that is declared")
        return name

    async def _settle(self, letters: Iterable[DeadLetter], outcome: Outcome) -> int:
        chosen = [letter for letter in letters if letter.outcome is None]
        back = [self._again(letter) for letter in chosen] if outcome is Outcome.REPLAYED else []
        publisher = Publisher(
            self._kafka.kafka_bootstrap_servers,
            client_id="dead-letters",
            namespace=self._kafka.kafka_namespace,
            security=client_security(self._kafka),
        )
        await publisher.start()
        try:
            await publisher.publish(back)
            await publisher.publish([_mark_of(letter, outcome) for letter in chosen])
        finally:
            await publisher.stop()
        return len(chosen)

    def _again(self, letter: DeadLetter) -> Outgoing:
        return Outgoing(
            topic=self.topic_of(letter),
            key=letter.key,
            value=letter.value,
            trace=letter.trace,
            headers=(*letter.headers, (REPLAYED, letter.id.encode())),
        )

    def _letter(
        self,
        record: ConsumerRecord[bytes, bytes],
        headers: Mapping[str, bytes],
        marks: Mapping[str, Outcome],
    ) -> DeadLetter:
        service = self._services[record.topic]
        attempts = _text(headers, ATTEMPTS)
        return DeadLetter(
            service=service,
            partition=record.partition,
            offset=record.offset,
            moment=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            origin=_text(headers, ORIGIN),
            cause=_text(headers, CAUSE),
            attempts=int(attempts) if attempts.isdecimal() else 0,
            key=(record.key or b"").decode(errors="replace"),
            value=record.value or b"",
            trace=_text(headers, TRACEPARENT) or None,
            headers=tuple(
                (name, value)
                for name, value in record.headers
                if name not in OWN_HEADERS and name != REPLAYED
            ),
            outcome=marks.get(f"{service}:{record.partition}:{record.offset}"),
        )

    def _mark(
        self, record: ConsumerRecord[bytes, bytes], headers: Mapping[str, bytes]
    ) -> tuple[str, Outcome] | None:
        settled, outcome = _text(headers, SETTLES), _text(headers, OUTCOME)
        if not settled or outcome not in {*Outcome}:
            return None
        return f"{self._services[record.topic]}:{settled}", Outcome(outcome)

    async def _records(self) -> list[ConsumerRecord[bytes, bytes]]:
        """Everything from the topics' starts to where they end now."""
        consumer = AIOKafkaConsumer(
            *self._services,
            bootstrap_servers=self._kafka.kafka_bootstrap_servers,
            auto_offset_reset="earliest",
            **client_security(self._kafka),
        )
        records: list[ConsumerRecord[bytes, bytes]] = []
        try:
            await consumer.start()
            places = [
                TopicPartition(name, partition)
                for name in self._services
                for partition in sorted(consumer.partitions_for_topic(name) or ())
            ]
            starts = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            ahead = {place for place in places if starts[place] < ends[place]}
            while ahead:
                for batch in (await consumer.getmany(timeout_ms=int(_READ_S * 1000))).values():
                    records += batch
                ahead = {place for place in ahead if await consumer.position(place) < ends[place]}
        finally:
            await consumer.stop()
        return records


def _mark_of(letter: DeadLetter, outcome: Outcome) -> Outgoing:
    return Outgoing(
        topic=dead_letters_of(letter.service),
        key=letter.key,
        value=b"",
        headers=(
            (SETTLES, f"{letter.partition}:{letter.offset}".encode()),
            (OUTCOME, outcome.encode()),
        ),
    )


def _headers(record: ConsumerRecord[bytes, bytes]) -> dict[str, bytes]:
    return dict(record.headers)


def _text(headers: Mapping[str, Any], name: str) -> str:
    value = headers.get(name) or b""
    return str(value.decode(errors="replace"))
