"""The house of each test, with the service running in it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.integration.settings_rest.house import Browser, House

from settings_api import app


@pytest.fixture
async def house(
    kafka: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A running service; accounts of removed connections are let go at once."""
    monkeypatch.setattr(app, "RELEASE_EVERY_S", 0.05)
    one = House(kafka.bootstrap_servers, kafka.namespace, database_url)
    async with one.service():
        yield one


@pytest.fixture
async def anna(house: House) -> Browser:
    """A signed-in user, an admin of company 7."""
    return await house.signed_in(admin=True)


@pytest.fixture
async def connection(house: House, anna: Browser) -> str:
    """Address of Anna's connection."""
    return f"/api/v1/connections/{await house.connected(anna)}"
