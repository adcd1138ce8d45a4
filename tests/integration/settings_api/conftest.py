"""The house of each test: the module's running service, into which the test's company moves."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from tests.conftest import declared_namespace
from tests.integration.settings_api.browser import Browser
from tests.integration.settings_api.house import ADA, House

from settings_api import app
from tandem.runtime.migrate import CREDENTIALS, bring_up_to_date
from tandem_embedded.apache_kafka import ApacheKafka
from tandem_embedded.postgres import Postgres

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module run in one loop, that of the service which they share."""
    for item in items:
        if _HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(postgres_server: Postgres) -> str:
    """A database with all tables, to be copied."""
    name = f"t{uuid4().hex[:12]}"
    _command(postgres_server.url, f"CREATE DATABASE {name}")
    for what in ("settings-api", CREDENTIALS):
        await bring_up_to_date(postgres_server.url_of(name), what)
    return name


@pytest.fixture(scope="module")
def _database(postgres_server: Postgres, template: str) -> Iterator[str]:
    """The database of the module's service."""
    yield from _copy(postgres_server, template)


@pytest.fixture
def lone_database(postgres_server: Postgres, template: str) -> Iterator[str]:
    """A database of the test's own."""
    yield from _copy(postgres_server, template)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def namespaces(kafka_server: ApacheKafka) -> tuple[str, str]:
    """Topics of the services that modules share, and of those that tests have for themselves."""
    servers = kafka_server.bootstrap_servers
    return await declared_namespace(servers), await declared_namespace(servers)


@pytest.fixture(scope="module")
def changed_settings() -> dict[str, str]:
    """What the module's service is set up with otherwise."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _running(
    kafka_server: ApacheKafka,
    namespaces: tuple[str, str],
    _database: str,
    changed_settings: dict[str, str],
) -> AsyncIterator[House]:
    """A running service; accounts of removed connections are let go at once."""
    one = House(kafka_server.bootstrap_servers, namespaces[0], _database)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "RELEASE_EVERY_S", 0.05)
        async with one.service(**changed_settings), one.listening():
            yield one


@pytest_asyncio.fixture(loop_scope="module")
async def house(_running: House) -> AsyncIterator[House]:
    """The module's service with a company that is new there."""
    _running.let_in()
    yield _running
    await _running.clear_out()


@pytest_asyncio.fixture(loop_scope="module")
async def lone_house(
    kafka_server: ApacheKafka, namespaces: tuple[str, str], lone_database: str
) -> AsyncIterator[House]:
    """A house in which the test itself starts a service."""
    one = House(kafka_server.bootstrap_servers, namespaces[1], lone_database)
    one.let_in()
    async with one.listening():
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def anna(house: House) -> Browser:
    """A signed-in user (42), an admin of her company."""
    return await house.signed_in(admin=True)


@pytest_asyncio.fixture(loop_scope="module")
async def connection(anna: Browser) -> str:
    """Path of Anna's connection."""
    return await anna.connected("anna@gmail.com")


@pytest_asyncio.fixture(loop_scope="module")
async def ada(house: House) -> Browser:
    """A signed-in user (42), no admin."""
    browser = house.browser()
    await browser.sign_in(ADA)
    return browser


def _copy(server: Postgres, template: str) -> Iterator[str]:
    name = f"t{uuid4().hex[:12]}"
    _command(server.url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url_of(name)
    _command(server.url, f"DROP DATABASE {name} WITH (FORCE)")


def _command(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
