"""Real servers for the tests that ask for them: one broker and one database server a run.

Each test has a database and a namespace of topics of its own.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tandem.contracts.topics import TOPICS
from tandem.runtime.topics import declare
from tandem_embedded.apache_kafka import ApacheKafka
from tandem_embedded.postgres import Postgres
from tandem_embedded.processes import free_port

PARTITIONS = 3
# These take longest; those of one kind share a stack.
_LONG = frozenset({"e2e", "chaos", "pages", "simulation"})
_HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, however the rest was shuffled."""
    items.sort(key=lambda item: item.path.relative_to(_HERE).parts[0] not in _LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of a file, or of one of the long kinds, run in one worker where there are several."""
    from xdist.scheduler import LoadScopeScheduling  # only there where there are several

    class ByPlace(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            kind = file.removeprefix("tests/").partition("/")[0]
            return kind if kind in _LONG else file

    return ByPlace(config, log)


@dataclass(frozen=True)
class Kafka:
    """A broker with every topic declared in a namespace of this test's own."""

    bootstrap_servers: str
    namespace: str


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Folder for the servers' data and logs."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_server(scratch: Path) -> Iterator[ApacheKafka]:
    """Apache Kafka, one node."""
    server = ApacheKafka(
        data=scratch / "kafka",
        log=scratch / "kafka.log",
        port=free_port(),
        controller_port=free_port(),
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(scratch: Path) -> Iterator[Postgres]:
    """PostgreSQL without fsync."""
    server = Postgres(
        data=scratch / "postgres", log=scratch / "postgres.log", port=free_port(), durable=False
    )
    server.start()
    yield server
    server.stop()
    server.forget()


@pytest.fixture
async def kafka(kafka_server: ApacheKafka) -> AsyncIterator[Kafka]:
    """A fresh namespace on the broker."""
    servers = kafka_server.bootstrap_servers
    namespace = await declared_namespace(servers)
    yield Kafka(servers, namespace)
    await _forget(servers, namespace)


async def declared_namespace(bootstrap_servers: str) -> str:
    """Declare every topic in a new namespace."""
    namespace = f"t{uuid4().hex[:12]}."
    await declare(
        bootstrap_servers,
        replication_factor=1,
        namespace=namespace,
        topics=[
            topic.model_copy(update={"partitions": min(topic.partitions, PARTITIONS)})
            for topic in TOPICS
        ],
    )
    return namespace


async def _forget(bootstrap_servers: str, namespace: str) -> None:
    """Delete the topics of a namespace: the small broker has no room for those of all tests."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        topics = [one for one in await admin.list_topics() if one.startswith(namespace)]
        await admin.delete_topics(topics)
    finally:
        await admin.close()


@pytest.fixture
async def database_url(postgres_server: Postgres) -> AsyncIterator[str]:
    """A fresh, empty database."""
    name = f"t{uuid4().hex[:12]}"
    await _command(postgres_server.url, f"CREATE DATABASE {name}")
    yield postgres_server.url_of(name)
    await _command(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)")


async def _command(url: str, statement: str) -> None:
    async with asyncio.timeout(30):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
