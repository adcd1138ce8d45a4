"""Each service comes to Kafka as itself, over TLS, and the deployed rules are just enough."""

import asyncio
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest
from aiokafka.errors import KafkaError
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from tests.e2e.waiting import eventually
from tests.integration.guarded.cluster import GuardedCluster
from tools.generate_kafka_resources import READS, WRITES

from tandem.contracts.topics import SERVICES, TOPICS, dead_letters_of
from tandem.runtime.app import Runtime
from tandem.runtime.failures import Retryable
from tandem.runtime.kafka import client_security
from tandem.runtime.publisher import Outgoing, Publisher
from tandem.runtime.settings import KafkaSettings
from tandem.runtime.topics import declare
from tandem_embedded.addresses import Ports
from tandem_embedded.environment import service_environment


@pytest.fixture(scope="module")
def cluster(scratch: Path) -> Iterator[GuardedCluster]:
    """A broker of its own, with every topic declared by the user that is made for it."""
    made = GuardedCluster.made(scratch / "guarded")
    try:
        made.start()
        settings = _kafka_settings(made, "kafka-topics")
        topics = [topic.model_copy(update={"partitions": 1}) for topic in TOPICS]
        created = asyncio.run(
            declare(
                settings.kafka_bootstrap_servers,
                replication_factor=1,
                topics=topics,
                security=client_security(settings),
            )
        )
        assert len(created) == len(TOPICS)
        yield made
    finally:
        made.server.stop()
        made.server.forget()


def _kafka_settings(cluster: GuardedCluster, user: str, **changed: str) -> KafkaSettings:
    told = cluster.settings(user) | changed
    return KafkaSettings(**{name.lower(): value for name, value in told.items()})  # type: ignore[arg-type]


def _publisher(cluster: GuardedCluster, service: str) -> Publisher:
    settings = _kafka_settings(cluster, f"kafka-{service}")
    return Publisher(
        settings.kafka_bootstrap_servers, client_id=service, security=client_security(settings)
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_consumes_all_that_it_is_there_for(
    service, cluster, database_url, monkeypatch
):
    package, subscribed = service.replace("-", "_"), set()
    subscribe = Runtime.subscribe

    def noted(runtime, topic, **options):
        subscribed.add(topic.name)
        subscribe(runtime, topic, **options)

    monkeypatch.setattr(Runtime, "subscribe", noted)
    environment = service_environment(
        package,
        ports=Ports.free(),
        kafka="",
        database_url=database_url,
        kept={
            "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
            "INTERNAL_TOKEN": "internal",
            "PIPEDRIVE_WEBHOOK_PASSWORD": "password",
        },
        overrides=cluster.settings(f"kafka-{service}"),
    )
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = import_module(f"{package}.app").create_app(
        import_module(f"{package}.settings").Settings()
    )
    async with (
        LifespanManager(app, startup_timeout=30, shutdown_timeout=30),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://service"
        ) as client,
    ):
        assert (await client.get("/readyz")).json() == {"failing": []}
        assert subscribed == {topic.name for topic in READS[service]}
        await asyncio.to_thread(
            eventually,
            lambda: _consumed(cluster, service) == subscribed,
            seconds=20,
            what="every topic is consumed",
        )


def _consumed(cluster: GuardedCluster, service: str) -> set[str]:
    """Topics of which the service's groups hold the partitions."""
    admin = cluster.admin
    listed = admin.list_consumer_groups().result(20).valid
    names = [group.group_id for group in listed if group.group_id.startswith(f"{service}.")]
    if not names:
        return set()
    groups = [told.result(20) for told in admin.describe_consumer_groups(names).values()]
    return {
        partition.topic
        for group in groups
        for member in group.members
        for partition in member.assignment.topic_partitions
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_its_own_topics_and_no_others(service, cluster):
    own = {topic.name for topic in WRITES[service]} | {dead_letters_of(service)}
    foreign = min({topic.name for topic in TOPICS} - own)
    publisher = _publisher(cluster, service)
    await publisher.start()
    try:
        for name in sorted(own):
            await publisher.publish([Outgoing(name, "key", b"not a message")])
        with pytest.raises(Retryable, match="TopicAuthorizationFailed"):
            await publisher.publish([Outgoing(foreign, "key", b"not a message")])
    finally:
        await publisher.stop()


@pytest.mark.parametrize(
    "changed",
    [{"KAFKA_PASSWORD": "wrong"}, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_CA_FILE": None}],
    ids=["wrong_password", "unknown_authority"],
)
async def test_who_can_not_be_told_apart_is_kept_out(cluster, changed):
    settings = _kafka_settings(cluster, "kafka-reconciler", **changed)
    publisher = Publisher(
        settings.kafka_bootstrap_servers, client_id="test", security=client_security(settings)
    )
    with pytest.raises(KafkaError):
        await publisher.start()
