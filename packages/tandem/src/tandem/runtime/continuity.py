"""Detects a broker that forgot acknowledged messages, also over our own restart.

The highest offset that this service has seen of each of its topics' partitions is kept in
`<schema>.broker_marks`. A partition whose end lies before its mark has lost messages, so whoever
asks must read its sources again from the start.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from tandem.contracts.topics import Topic
from tandem.runtime import metrics
from tandem.runtime.kafka import client_security
from tandem.runtime.logs import LOG
from tandem.runtime.postgres import Pool
from tandem.runtime.settings import KafkaSettings

BROKER_MARKS_TABLE = """
CREATE TABLE {schema}.broker_marks (
    topic text NOT NULL,
    partition int NOT NULL,
    end_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
)
"""


class Continuity:
    """Compares the ends of `topics` with what they once were."""

    def __init__(self, *, schema: str, kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
        self._schema = schema
        self._kafka = kafka
        self._names = [kafka.kafka_namespace + topic.name for topic in topics]

    async def lost(self, pool: Pool) -> bool:
        """Whether messages were lost since the last call; the marks are moved to the present."""
        # Marks first: another process may move them on while the ends are being read.
        rows = await pool.fetch(
            f"SELECT topic, partition, end_offset FROM {self._schema}.broker_marks"  # noqa: S608
            " WHERE topic = ANY($1::text[])",
            self._names,
        )
        marks = {(row["topic"], row["partition"]): row["end_offset"] for row in rows}
        ends = await self._ends()
        shrunk = sorted(place for place, mark in marks.items() if ends.get(place, 0) < mark)
        # A partition that is there no more has its mark put back, so that this is told once.
        places = sorted(marks.keys() | ends.keys())
        await pool.executemany(
            f"INSERT INTO {self._schema}.broker_marks VALUES ($1, $2, $3)"  # noqa: S608
            " ON CONFLICT (topic, partition) DO UPDATE SET end_offset = excluded.end_offset",
            [(topic, partition, ends.get((topic, partition), 0)) for topic, partition in places],
        )
        if shrunk:
            metrics.BROKER_LOSSES.inc()
            LOG.error("kafka_lost_messages", partitions=[f"{t}:{p}" for t, p in shrunk])
        return bool(shrunk)

    async def _ends(self) -> dict[tuple[str, int], int]:
        # A connection that is broken off half made is never closed: a cancellation waits for it.
        reading = asyncio.ensure_future(self._read_ends())
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait([reading])
            raise

    async def _read_ends(self) -> dict[tuple[str, int], int]:
        # Only of topics that it was made with does a consumer know the partitions.
        consumer = AIOKafkaConsumer(
            *self._names,
            bootstrap_servers=self._kafka.kafka_bootstrap_servers,
            request_timeout_ms=15_000,
            **client_security(self._kafka),
        )
        try:
            await consumer.start()
            partitions = [
                TopicPartition(name, partition)
                for name in self._names
                for partition in sorted(consumer.partitions_for_topic(name) or ())
            ]
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return {(place.topic, place.partition): end for place, end in ends.items()}
