"""A sandbox of its own for every test, and people who use it with Microsoft's own client."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.contract.google.servers import Stage, serving
from tests.contract.microsoft.clients import Person, Receiver

from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

ANNA = "sales1.north@outlook.com"
"""Lives in Stockholm."""
BORIS = "sales2@north.onmicrosoft.com"
"""Lives in New York."""


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """One server for all tests, and its address."""
    one = Stage()
    with serving(one) as url:
        yield one, url


@pytest.fixture
def world(stage: tuple[Stage, str]) -> World:
    """A fresh sandbox with the default seed."""
    return World(SandboxSettings(public_url=stage[1]))


@pytest.fixture
def base_url(world: World, stage: tuple[Stage, str]) -> Iterator[str]:
    """Where the sandbox answers."""
    server, url = stage
    with server.showing(world):
        yield url


@pytest.fixture
async def anna(world: World, base_url: str) -> AsyncIterator[Person]:
    """Somebody in Stockholm."""
    person = Person(base_url, ANNA, world.microsoft.mailboxes[ANNA].token)
    yield person
    await person.close()


@pytest.fixture(scope="session")
def listener() -> Iterator[tuple[Stage, str]]:
    """One server for the receivers of all tests."""
    one = Stage()
    with serving(one) as url:
        yield one, url


@pytest.fixture
def receiver(listener: tuple[Stage, str]) -> Iterator[Receiver]:
    """Somebody who takes notices."""
    server, url = listener
    one = Receiver(url=url)
    with server.playing(one.app()):
        yield one
