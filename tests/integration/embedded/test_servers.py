"""The embedded broker and database do what the services count on."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

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


async def test_the_database_is_postgresql_18_in_utf8(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        assert (await connection.fetchval("SHOW server_encoding")) == "UTF8"
        assert connection.get_server_version().major == 18
    finally:
        await connection.close()
