"""No page looks through a table or at rows of others, however much is in it.

Settings-api and the reconciler run in this process, so that each query is known by its page; the
database is asked how it would carry the query out, both with the very values and without any.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

import asyncpg
import httpx
import psycopg
import pytest
from asgi_lifespan import LifespanManager
from asyncpg.connection import LoggedQuery
from bench.filled import ADMIN, NOT_STARTED, Size, connection_of, fill, secret_of
from psycopg import sql
from tests.integration.settings_api.house import PUBLIC_URL, House
from tests.integration.settings_api.test_who_may import routes_of
from tests.integration.settings_api.town import ADDRESSES, INTERNAL_TOKEN

from reconciler.app import create_app
from reconciler.settings import Settings
from tandem.runtime import postgres
from tandem.runtime.migrate import bring_up_to_date

SIZE: Final = Size(connections=5_000, items=10, history=40_000, companies=5_000, colleagues=20)
ITEM: Final = ADMIN * SIZE.items
PAGE: ContextVar[str] = ContextVar("page")
QUERIES: Final = {
    "/connections/{connection_id}/history": (
        "",
        "?cursor=30000",
        "?reason=provider_refused",
        "?q=Meeting",
        "?q=Meeting&reason=updated&cursor=30000",
        f"?q={ITEM}",
    ),
    "/admin": ("", f"?cursor={ADMIN}.{connection_of(ADMIN)}"),
    "/explain": ("", f"?item={ITEM}", f"?item=e{ITEM}", "?item=nowhere"),
    "/api/v1/connections/{connection_id}/history": ("", "?limit=200&reason=deleted"),
    "/api/v1/explain": (f"?activity_id={ITEM}",),
}
"""What each page is asked for, where it takes anything."""
OTHERS: Final = (
    "/api/openapi.json",
    "/assets/",
    "/language/",
    "/livez",
    "/metrics",
    "/oauth/",
    "/readyz",
)
"""Addresses that tell a signed-in person nothing of his own."""
OWNER: Final = re.compile(r"\b(connection_id|company_id|user_id) =")
"""Whose a row is must be asked of an index, not of the row."""


class Asked:
    """Queries of pages: the statement with one set of values of each page that asks it."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], tuple[Any, ...]] = {}

    def heard(self, query: LoggedQuery) -> None:
        """Take note of a query, if it is a page's; each is logged in the context of its own."""
        page = PAGE.get("")
        if page and ("settings." in query.query or "sync." in query.query):
            self.found[page, query.query] = query.args


class Neighbours(httpx.AsyncBaseTransport):
    """The reconciler itself, and a town for all else."""

    def __init__(self, reconciler: Any, house: House) -> None:
        self._reconciler = httpx.ASGITransport(app=reconciler)
        self._town = house.town.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on to whom it is for."""
        at_reconciler = str(request.url).startswith(ADDRESSES["reconciler_url"])
        return await (self._reconciler if at_reconciler else self._town).handle_async_request(
            request
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What pages ask from now on."""
    noted, prepare = Asked(), postgres._prepare

    async def prepared(connection: asyncpg.Connection) -> None:
        await prepare(connection)
        connection.add_query_logger(noted.heard)

    monkeypatch.setattr(postgres, "_prepare", prepared)
    monkeypatch.setattr("settings_api.pages.live.LOOKS", 1)
    monkeypatch.setattr("settings_api.pages.live.LOOK_EVERY_S", 0.0)
    return noted


async def test_no_query_of_a_page_looks_through_a_table(lone_house: House, asked: Asked):
    async with _both_services(lone_house):
        await fill(lone_house.database_url, SIZE)
        pages = {*await _read(lone_house, ADMIN), *await _read(lone_house, NOT_STARTED)}
        PAGE.set("")
        await asyncio.sleep(0)  # what was asked is told in the loop's next turn
    assert {page for page, _ in asked.found} == pages
    scans = {
        (page, table, statement)
        for (page, statement), values in asked.found.items()
        for table in await _scanned(lone_house.database_url, statement, values)
    }
    assert scans == set()


@asynccontextmanager
async def _both_services(house: House) -> AsyncIterator[None]:
    await bring_up_to_date(house.database_url, "reconciler")
    settings = Settings.model_validate(
        {
            "kafka_bootstrap_servers": house.bootstrap_servers,
            "kafka_namespace": house.namespace,
            "database_url": house.database_url,
            "http_port": 8080,
            "internal_token": INTERNAL_TOKEN,
        }
    )
    async with LifespanManager(
        create_app(settings), startup_timeout=60, shutdown_timeout=60
    ) as reconciler:
        house.neighbours = Neighbours(reconciler.app, house)
        async with house.service(reads_per_minute=1_000_000):
            yield


async def _read(house: House, number: int) -> set[str]:
    """Read every page as a person; the routes that were read."""
    pages = list(_pages(house, number))
    assert house.app is not None
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=house.app),
        base_url=PUBLIC_URL,
        cookies={"tandem_session": secret_of(number)},
        headers={"accept": "text/html"},
        timeout=60,
    ) as visitor:
        for page, address in pages:
            PAGE.set(page)
            answer = await visitor.get(address)
            assert answer.status_code == 200, (address, answer.text)
    return {page for page, _ in pages}


def _pages(house: House, number: int) -> Iterator[tuple[str, str]]:
    """Route and address of everything that a person can read."""
    one = f"/connections/{connection_of(number)}"
    if number == NOT_STARTED:
        yield "preview before the start", one + "/preview"
        return
    for route in sorted(routes_of(house)):
        method, path = route.split()
        if method == "GET" and not path.startswith(OTHERS):
            for query in QUERIES.get(path, ("",)):
                yield path, path.format(connection_id=connection_of(number)) + query


async def _scanned(url: str, statement: str, values: tuple[Any, ...]) -> set[str]:
    """Tables that a statement would look through."""
    database = await asyncpg.connect(url)
    await postgres._prepare(database)
    try:
        async with database.transaction():
            told = await database.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
    finally:
        await database.close()
    with psycopg.connect(url) as blind:
        # One string, so that the placeholders are let through as they are.
        row = blind.execute(
            sql.SQL("EXPLAIN (GENERIC_PLAN, FORMAT JSON) {}").format(sql.SQL(statement))
        ).fetchone()
    assert row is not None
    return {*_looked_through(json.loads(told)[0]["Plan"]), *_looked_through(row[0][0]["Plan"])}


def _looked_through(plan: dict[str, Any]) -> Iterator[str]:
    """Tables of which rows are read that are somebody else's."""
    whole = plan["Node Type"] == "Seq Scan"
    if whole or OWNER.search(plan.get("Filter", "")):
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _looked_through(part)
