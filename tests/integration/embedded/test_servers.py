"""The embedded broker and database do what the services count on."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from tandem.contracts.topics import CRM_HINTS, TOPICS
from tandem.runtime.topics import declare


async def test_a_record_comes_out_as_it_went_in(kafka):
    topic = kafka.namespace + CRM_HINTS.name
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all")
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    try:
        await producer.send_and_wait(topic, b"value", key=b"key", headers=[("name", b"text")])
        record = await consumer.getone()
    finally:
        await producer.stop()
        await consumer.stop()
    assert (record.key, record.value, record.headers) == (b"key", b"value", (("name", b"text"),))


async def test_declaring_topics_twice_creates_them_once(kafka_server, kafka):
    again = await declare(
        kafka.bootstrap_servers, replication_factor=1, namespace=kafka.namespace, topics=TOPICS
    )
    assert again == []


async def test_topics_that_a_broker_did_not_list_yet_are_not_told_as_created(kafka, monkeypatch):
    told: list[int] = []
    list_topics = AIOKafkaAdminClient.list_topics

    async def behind_at_first(self: AIOKafkaAdminClient) -> list[str]:
        """What a broker says that has not heard of the newest topics yet, twice."""
        topics = await list_topics(self)
        told.append(len(topics))
        return [] if len(told) <= 2 else topics

    monkeypatch.setattr(AIOKafkaAdminClient, "list_topics", behind_at_first)
    again = await declare(
        kafka.bootstrap_servers, replication_factor=1, namespace=kafka.namespace, topics=TOPICS
    )
    assert (again, len(told)) == ([], 3)


async def test_the_database_is_postgresql_18_in_utf8(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        assert (await connection.fetchval("SHOW server_encoding")) == "UTF8"
        assert connection.get_server_version().major == 18
    finally:
        await connection.close()
