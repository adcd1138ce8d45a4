"""A sandbox of its own for every test, and people who use it with Google's own client."""

from collections.abc import Callable, Iterator

import pytest
from tests.contract.google.clients import Person
from tests.contract.google.servers import Receiver, Stage, serving

from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

ANNA = "sales1@north.example"
"""Lives in Stockholm."""
BORIS = "sales2@north.example"
"""Lives in New York."""
CHANDRA = "sales3@north.example"
"""Lives in Kolkata."""


@pytest.fixture
def world() -> World:
    """A fresh sandbox with the default seed."""
    return World(SandboxSettings())


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """One server for all tests, and its address."""
    one = Stage()
    with serving(one) as url:
        yield one, url


@pytest.fixture
def base_url(world: World, stage: tuple[Stage, str]) -> Iterator[str]:
    """Where the sandbox answers."""
    server, url = stage
    with server.showing(world):
        yield url


@pytest.fixture
def person(world: World, base_url: str) -> Iterator[Callable[[str], Person]]:
    """Makes the person of an address."""
    people: list[Person] = []

    def make(email: str) -> Person:
        mailbox = world.google.mailboxes[email]
        people.append(Person(base_url, email, mailbox.token))
        return people[-1]

    yield make
    for one in people:
        one.close()


@pytest.fixture
def anna(person: Callable[[str], Person]) -> Person:
    """Somebody in Stockholm."""
    return person(ANNA)


@pytest.fixture
def boris(person: Callable[[str], Person]) -> Person:
    """Somebody in New York."""
    return person(BORIS)


@pytest.fixture
def chandra(person: Callable[[str], Person]) -> Person:
    """Somebody in Kolkata."""
    return person(CHANDRA)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes push messages."""
    one = Receiver()
    with serving(one.app()) as url:
        one.url = f"{url}/push"
        yield one
