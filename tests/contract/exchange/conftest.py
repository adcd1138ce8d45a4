"""A server of its own for every test, and people who use it with exchangelib, unpatched."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from exchangelib import (
    DELEGATE,
    Account,
    Configuration,
    Credentials,
    EWSTimeZone,
    FailFast,
)
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.contract.google.servers import serving

from tandem_sandbox.exchange.app import exchange_routes
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

ANNA = "sales1@onprem.example"
"""Lives in Stockholm."""
BORIS = "sales2@onprem.example"
"""Lives in New York."""


def staged(world: World) -> Starlette:
    """The server as the sandbox mounts it."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await world.aclose()

    routes = [Mount("/exchange", routes=exchange_routes(world))]
    return Starlette(routes=routes, lifespan=lifespan)


def opened(world: World, base_url: str, email: str, password: str | None = None) -> Account:
    """An account at the server; nothing is told to exchangelib but its address."""
    login = Credentials(email, password or world.exchange.mailboxes[email].password)
    return Account(
        email,
        config=Configuration(
            service_endpoint=f"{base_url}/exchange/EWS/Exchange.asmx",
            credentials=login,
            retry_policy=FailFast(),
        ),
        autodiscover=False,
        access_type=DELEGATE,
        default_timezone=EWSTimeZone("UTC"),
    )


@pytest.fixture
def world() -> World:
    """A fresh sandbox with the default seed."""
    return World(SandboxSettings())


@pytest.fixture
def base_url(world: World) -> Iterator[str]:
    """Where the server answers."""
    with serving(staged(world)) as url:
        yield url


@pytest.fixture
def account(world: World, base_url: str) -> Iterator[Callable[..., Account]]:
    """Opens the account of an address."""
    accounts: list[Account] = []

    def make(email: str, password: str | None = None) -> Account:
        accounts.append(opened(world, base_url, email, password))
        return accounts[-1]

    yield make
    for one in accounts:
        one.protocol.close()


@pytest.fixture
def anna(account: Callable[..., Account]) -> Account:
    """Somebody in Stockholm."""
    return account(ANNA)
