"""A sandbox of its own for every test, users of its Pipedrive, and a receiver of webhooks."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from tests.contract.google.servers import Receiver, serving
from tests.contract.pipedrive.clients import Caller

from tandem_sandbox.app import create_app
from tandem_sandbox.pipedrive.state import Company
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


@pytest.fixture
async def app() -> AsyncIterator[Starlette]:
    """A fresh sandbox with the default seed."""
    one = create_app(SandboxSettings())
    yield one
    await one.state.world.aclose()


@pytest.fixture
def world(app: Starlette) -> World:
    """What the sandbox holds."""
    found: World = app.state.world
    return found


@pytest.fixture
def company(world: World) -> Company:
    """North."""
    return world.pipedrive.companies[1001]


@pytest.fixture
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sandbox."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        yield client


@pytest.fixture
def caller(http: httpx.AsyncClient, world: World) -> Callable[[str], Caller]:
    """Makes the caller of an address."""

    def make(email: str) -> Caller:
        found = world.pipedrive.user_of(email)
        assert found is not None
        _, user = found
        return Caller(http, user.id, user.email, user.token)

    return make


@pytest.fixture
def admin(caller: Callable[[str], Caller]) -> Caller:
    """The admin of North."""
    return caller("sales1@north.example")


@pytest.fixture
def boris(caller: Callable[[str], Caller]) -> Caller:
    """A user of North without rights of an admin."""
    return caller("sales2@north.example")


@pytest.fixture
def chandra(caller: Callable[[str], Caller]) -> Caller:
    """Another one."""
    return caller("sales3@north.example")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    one = Receiver()
    with serving(one.app()) as url:
        one.url = f"{url}/push"
        yield one
