"""A sandbox of its own for every test, its users, and a receiver of its webhooks."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.contract.pipedrive_calls.company import Person, Receiver

from tandem_sandbox.pipedrive.app import pipedrive_routes
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


@pytest.fixture
def receiver() -> Receiver:
    """Somebody who takes webhooks."""
    return Receiver()


@pytest.fixture
async def world(receiver: Receiver) -> AsyncIterator[World]:
    """A fresh sandbox with the default seed; webhooks go to the receiver."""
    one = World(SandboxSettings())
    one.deliveries._transport = httpx.MockTransport(receiver.answer)
    one.deliveries.time_scale = 0.0001
    yield one
    await one.aclose()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the emulated Pipedrive."""
    app = Starlette(routes=[Mount("/pipedrive", routes=pipedrive_routes(world))])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox.test/pipedrive"
    ) as one:
        yield one


@pytest.fixture
def admin(client: httpx.AsyncClient, world: World) -> Person:
    """The admin of North."""
    return Person(client, world, "sales1@north.example")


@pytest.fixture
def boris(client: httpx.AsyncClient, world: World) -> Person:
    """A user of North without rights of an admin."""
    return Person(client, world, "sales2@north.example")


@pytest.fixture
def stranger(client: httpx.AsyncClient, world: World) -> Person:
    """A user of South."""
    return Person(client, world, "sales1@south.example")
