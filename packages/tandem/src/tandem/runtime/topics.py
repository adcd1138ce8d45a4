"""Creates the declared topics, and tells which are missing.

`python -m tandem.runtime.topics` declares them against `KAFKA_BOOTSTRAP_SERVERS`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from pydantic import Field

from tandem.contracts.topics import TOPICS, Topic
from tandem.runtime.kafka import client_security
from tandem.runtime.settings import KafkaSettings, from_environment

LISTED_WITHIN: Final = 30.0
"""Seconds in which a created topic must be listed by the brokers."""


class TopicSettings(KafkaSettings):
    """Where topics are declared."""

    kafka_replication_factor: Annotated[int, Field(ge=1, le=9)] = 3
    """Copies of each partition; a cluster of one node takes 1."""


def _new_topic(topic: Topic, *, namespace: str, replication_factor: int) -> NewTopic:
    configuration = (
        {"cleanup.policy": "compact"}
        if topic.compacted
        else {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms)}
    )
    return NewTopic(
        name=namespace + topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication_factor,
        topic_configs=configuration,
    )


async def declare(
    bootstrap_servers: str,
    *,
    replication_factor: int,
    namespace: str = "",
    topics: Sequence[Topic] = TOPICS,
    security: Mapping[str, Any] | None = None,
) -> list[str]:
    """Create the topics that do not exist yet, and wait until they are listed; returns their names.

    `security` comes from `tandem.runtime.kafka`; none: plain and unknown. Raises `TimeoutError` if
    the cluster does not list what it created within `LISTED_WITHIN` seconds.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **(security or {}))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        wanted = [topic for topic in topics if namespace + topic.name not in present]
        if not wanted:
            return []
        answer = await admin.create_topics(
            [
                _new_topic(topic, namespace=namespace, replication_factor=replication_factor)
                for topic in wanted
            ]
        )
        # A topic may exist without having been listed: another process made it, or a moment ago.
        there_before: set[str] = set()
        for name, code, *message in answer.topic_errors:
            if code == TopicAlreadyExistsError.errno:
                there_before.add(name)
            elif code:
                raise for_code(code)(f"{name}: {message}")
        await _listed(admin, {namespace + topic.name for topic in wanted})
        return [topic.name for topic in wanted if namespace + topic.name not in there_before]
    finally:
        await admin.close()


async def _listed(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the brokers, too, know what their controller has created.

    The controller answers as soon as its log has the topics; a broker learns of them a moment
    later, and tells clients until then that they do not exist.
    """
    missing = names
    try:
        async with asyncio.timeout(LISTED_WITHIN):
            while missing:
                missing = names - set(await admin.list_topics())
                await asyncio.sleep(0.05 if missing else 0)
    except TimeoutError:
        raise TimeoutError(
            f"created, but not listed after {LISTED_WITHIN} s: {', '.join(sorted(missing))}"
        ) from None


def _main() -> None:
    settings = from_environment(TopicSettings)
    created = asyncio.run(
        declare(
            settings.kafka_bootstrap_servers,
            replication_factor=settings.kafka_replication_factor,
            namespace=settings.kafka_namespace,
            security=client_security(settings),
        )
    )
    print("created:", ", ".join(created) or "nothing, all topics exist")  # noqa: T201 - a command


if __name__ == "__main__":
    _main()
