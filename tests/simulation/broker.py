"""Kafka in memory: partitions, offsets, groups, redelivery and rebalances; it loses nothing.

What was consumed but not committed comes again, to whoever has the partition then.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final
from zlib import crc32

from tests.simulation.process import Process

from tandem.runtime.failures import Retryable
from tandem.runtime.publisher import Outgoing

PARTITIONS: Final = 3
AGAIN_S: Final = 1.0


@dataclass(frozen=True)
class Record:
    """A record as a consumer gets it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    timestamp: float


@dataclass
class Group:
    """The members of a consumer group on one topic, and how far it has come."""

    topic: str
    members: list["Consumer"] = field(default_factory=list)
    committed: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    generation: int = 0

    def rebalance(self) -> None:
        """Share the partitions anew; commits of before do not count any more."""
        self.members = [member for member in self.members if not member.process.dead]
        self.generation += 1
        for member in self.members:
            member.woken.set()

    def partitions_of(self, member: "Consumer") -> list[int]:
        """Partitions of a member."""
        place = self.members.index(member)
        return [one for one in range(PARTITIONS) if one % len(self.members) == place]


class Kafka:
    """The cluster. A record of a `blocked` partition waits until that is over."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.topics: dict[str, list[list[Record]]] = {}
        self.groups: dict[tuple[str, str], Group] = {}
        self.blocked: set[tuple[str, int]] = set()

    def append(self, outgoing: Outgoing) -> None:
        """Take a record for good."""
        partitions = self.topics.setdefault(outgoing.topic, [[] for _ in range(PARTITIONS)])
        number = crc32(outgoing.key.encode()) % PARTITIONS
        headers = (("traceparent", outgoing.trace.encode()),) if outgoing.trace else ()
        partitions[number].append(
            Record(
                outgoing.topic,
                number,
                len(partitions[number]),
                outgoing.key.encode(),
                outgoing.value,
                outgoing.headers + headers,
                self._now().timestamp() * 1000,
            )
        )
        self._wake(outgoing.topic)

    def _wake(self, topic: str) -> None:
        for group in self.groups.values():
            if group.topic == topic:
                for member in group.members:
                    member.woken.set()

    def join(self, name: str, topic: str, member: "Consumer") -> Group:
        """Add a consumer to a group."""
        group = self.groups.setdefault((name, topic), Group(topic))
        group.members.append(member)
        group.rebalance()
        return group

    def rebalance(self, groups: Iterable[Group] | None = None) -> None:
        """Notice who is gone."""
        for group in groups or self.groups.values():
            group.rebalance()

    def repeat(self, group: Group, records: int) -> None:
        """Deliver some records once more."""
        group.committed = [max(offset - records, 0) for offset in group.committed]
        group.rebalance()

    def block(self, topic: str, partition: int) -> None:
        """Hold up a partition."""
        self.blocked.add((topic, partition))

    def unblock(self, topic: str, partition: int) -> None:
        """Let a partition go on."""
        self.blocked.discard((topic, partition))
        self._wake(topic)

    def waiting(self) -> dict[str, int]:
        """Records that a group has not handled yet."""
        return {
            f"{name}:{topic}": lag
            for (name, topic), group in self.groups.items()
            if (lag := _lag(group, self.topics.get(topic, [])))
        }

    def batch_for(self, group: Group, member: "Consumer", most: int) -> list[Record]:
        """What a member is to handle next."""
        partitions = self.topics.get(group.topic)
        if partitions is None or member not in group.members:
            return []
        found: list[Record] = []
        for number in group.partitions_of(member):
            if (group.topic, number) not in self.blocked:
                found += partitions[number][group.committed[number] :]
        return found[:most]


def _lag(group: Group, partitions: list[list[Record]]) -> int:
    return sum(len(records) - group.committed[number] for number, records in enumerate(partitions))


class Consumer:
    """One subscription of one process."""

    def __init__(
        self,
        kafka: Kafka,
        process: Process,
        *,
        name: str,
        topic: str,
        most: int,
        handle: Callable[[Sequence[Record]], Any],
    ) -> None:
        self.process = process
        self.woken = asyncio.Event()
        self._kafka = kafka
        self._most = most
        self._handle = handle
        self._group = kafka.join(name, topic, self)

    async def run(self) -> None:
        """Handle batches for as long as the process lives."""
        while True:
            self.woken.clear()
            await self.process.io("poll")
            generation = self._group.generation
            batch = self._kafka.batch_for(self._group, self, self._most)
            if not batch:
                await self.woken.wait()
                continue
            try:
                await self._handle(batch)
            except Exception:  # noqa: BLE001 - a consumer is given the same batch again
                await asyncio.sleep(AGAIN_S)
                continue
            await self.process.io("commit offsets")
            if generation == self._group.generation:
                for record in batch:
                    self._group.committed[record.partition] = record.offset + 1


class SimulatedPublisher:
    """The producer of one process; `unlucky` is the share of publishes that fail half-way."""

    def __init__(self, kafka: Kafka, process: Process, chance: Random) -> None:
        self._kafka = kafka
        self._process = process
        self._chance = chance
        self.unlucky = 0.0
        self.on_loss: list[Callable[[], None]] = []

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish in order; what was taken before a failure stays taken."""
        listed = list(records)
        if not listed:
            return
        await self._process.io("publish")
        fails_at = None
        if self._chance.random() < self.unlucky:
            fails_at = self._chance.randint(0, len(listed))
        for place, record in enumerate(listed):
            if place == fails_at:
                break
            self._kafka.append(record)
        await self._process.io("published")
        if fails_at is not None:
            raise Retryable("kafka: the answer was lost")
