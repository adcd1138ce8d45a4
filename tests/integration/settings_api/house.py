"""A running settings-api on real PostgreSQL and Kafka, with its neighbours in memory.

The tests of a module share a running service, and each has a company of its own in it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn
from aiokafka import AIOKafkaConsumer
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from fastapi import FastAPI
from pydantic import TypeAdapter
from tests.integration.settings_api.browser import Browser
from tests.integration.settings_api.town import ADDRESSES, CLIENT, INTERNAL_TOKEN, Town

from settings_api.app import create_app
from settings_api.settings import Settings
from tandem.contracts.connections import (
    CONNECTION_MESSAGES,
    ConnectionChanged,
    ConnectionHealthReported,
    HealthSignal,
)
from tandem.contracts.requests import REQUEST_MESSAGES
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.credential_store import Credential
from tandem.runtime.publisher import Publisher, outgoing
from tandem.runtime.secrets import Sealer
from tandem_embedded.processes import free_port

PUBLIC_URL: Final = "http://tandem.example"
ADA: Final = "ada@north.example"
BOB: Final = "bob@north.example"
DEADLINE_S: Final = 30.0
ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    SETTINGS_CONNECTIONS.name: CONNECTION_MESSAGES,
    SYNC_REQUESTS.name: REQUEST_MESSAGES,
}
KEEP_WHAT_IS_PUBLISHED: Final = """
CREATE TABLE IF NOT EXISTS public.published
    (id bigint GENERATED ALWAYS AS IDENTITY, topic text, key text, value text);
CREATE OR REPLACE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.published (topic, key, value)
    VALUES (new.topic, new.key, convert_from(new.value, 'UTF8'));
    RETURN new;
END $$;
CREATE OR REPLACE TRIGGER keep AFTER INSERT ON settings.outbox
    FOR EACH ROW EXECUTE FUNCTION public.keep();
"""
FORGET_EVERYTHING: Final = """
DELETE FROM settings.sessions; DELETE FROM settings.api_tokens; DELETE FROM settings.oauth_states;
DELETE FROM settings.connections; DELETE FROM credentials.credentials;
DELETE FROM settings.users; DELETE FROM settings.companies;
DELETE FROM settings.rates; DELETE FROM settings.outbox; DELETE FROM public.published;
"""
_COMPANIES: Final = count(100, 2)


async def until(holds: Callable[[], Any | Awaitable[Any]], *, what: str) -> Any:
    """Poll until `holds` gives something true, and give it; fail after the deadline."""
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        value = holds()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert asyncio.get_running_loop().time() < end, f"not within {DEADLINE_S} s: {what}"
        await asyncio.sleep(0.01)


class ShiftedClock:
    """The machine's clock, put forward by the test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Present moment of the test."""
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


@dataclass
class House:
    """Broker, database and neighbours; a service runs on them while `service` is entered."""

    bootstrap_servers: str
    namespace: str
    database_url: str
    town: Town = field(default_factory=Town)
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    neighbours: httpx.AsyncBaseTransport | None = None
    """Who answers in the town's place, from the next start of a service on."""
    company: int = 0
    app: FastAPI | None = None
    _heard: list[Any] = field(default_factory=list)
    _publisher: Publisher | None = None
    _browsers: list[Browser] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Settings of a service in this house."""
        return Settings.model_validate(
            {
                **ADDRESSES,
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "kafka_namespace": self.namespace,
                "database_url": self.database_url,
                "http_port": 8080,
                "internal_token": INTERNAL_TOKEN,
                "credentials_database_url": self.database_url,
                "credentials_keys": self.keys,
                "public_url": PUBLIC_URL,
                "pipedrive_client_id": CLIENT["pipedrive"][0],
                "pipedrive_client_secret": CLIENT["pipedrive"][1],
                "google_client_id": CLIENT["google"][0],
                "google_client_secret": CLIENT["google"][1],
                "email_providers": "north.example=google",
                "mx_lookup": False,
                "allow_plain_http": True,
                "sign_ins_per_minute": 100_000,
                **changes,
            }
        )

    @asynccontextmanager
    async def service(self, **changes: Any) -> AsyncIterator[None]:
        """Run the service."""
        http = httpx.AsyncClient(transport=self.neighbours or self.town.transport())
        app = create_app(self.settings(**changes), http=http, clock=self.clock)
        async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager:
            await self.query(KEEP_WHAT_IS_PUBLISHED)
            self.app, self._asgi = app, manager.app
            yield

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Let programs reach the running service over HTTP; gives its address."""
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(self._asgi, host="127.0.0.1", port=port, lifespan="off", log_config=None)
        )
        serving = asyncio.create_task(server.serve())
        try:
            await until(lambda: server.started, what="the server listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear everything that is published, and be able to report as other services do."""
        publisher = Publisher(self.bootstrap_servers, client_id="tests", namespace=self.namespace)
        consumer = AIOKafkaConsumer(
            *(self.namespace + name for name in ADAPTERS),
            bootstrap_servers=self.bootstrap_servers,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await asyncio.gather(publisher.start(), consumer.start())
        self._publisher = publisher
        hearing = asyncio.create_task(self._hear(consumer))
        try:
            yield
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            await asyncio.gather(publisher.stop(), consumer.stop())

    def let_in(self) -> None:
        """A new company moves in, with Ada (42) and Bob (43)."""
        self.company = next(_COMPANIES)
        self.knows(ADA, 42)
        self.knows(BOB, 43)

    async def clear_out(self) -> None:
        """Nobody is left, and the clock is right again."""
        for browser in self._browsers:
            await browser.aclose()
        self._browsers.clear()
        await self.query(FORGET_EVERYTHING)
        self.town.reset()
        self.clock.ahead = timedelta()

    def knows(
        self, email: str, user_id: int, *, company: int = 0, admin: bool = False, **changes: Any
    ) -> None:
        """Let Pipedrive know a user."""
        company = company or self.company
        self.town.users[email] = {
            "id": user_id,
            "name": email.partition("@")[0].title(),
            "email": email.title(),
            "locale": "de_DE",
            "timezone_name": "Europe/Berlin",
            "company_id": company,
            "company_name": f"Company {company}",
            "company_domain": "north",
            "access": [{"app": "sales", "admin": admin, "permission_set_id": "1"}],
            **changes,
        }

    def browser(self) -> Browser:
        """A browser without cookies."""
        self._browsers.append(Browser(self._asgi, self.town, PUBLIC_URL))
        return self._browsers[-1]

    async def signed_in(
        self, user_id: int = 42, *, company: int = 0, admin: bool = False, **changes: Any
    ) -> Browser:
        """A browser of a user who has signed in."""
        company = company or self.company
        email = f"user{user_id}@company{company}.example"
        self.knows(email, user_id, company=company, admin=admin, **changes)
        browser = self.browser()
        answer = await browser.sign_in(email)
        assert answer.status_code == 303, answer.text
        return browser

    async def query(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Look into the database, or change it."""
        connection = await asyncpg.connect(self.database_url)
        try:
            if values or statement.lstrip().upper().startswith("SELECT"):
                return await connection.fetch(statement, *values)
            await connection.execute(statement)
            return []
        finally:
            await connection.close()

    async def count(self, table: str) -> int:
        """Rows of a table."""
        return int((await self.query(f"SELECT count(*) AS rows FROM {table}"))[0]["rows"])  # noqa: S608 - the tests name it

    async def credentials(self) -> list[Credential]:
        """Every credential that is kept, opened."""
        sealer = Sealer(self.keys)
        rows = await self.query("SELECT sealed FROM credentials.credentials")
        return [Credential.model_validate_json(sealer.open(row["sealed"])) for row in rows]

    async def published(self, topic: str = SETTINGS_CONNECTIONS.name) -> list[dict[str, Any]]:
        """What was put into the outbox for a topic, the oldest first."""
        rows = await self.query(
            "SELECT value FROM public.published WHERE topic = $1 ORDER BY id", topic
        )
        return [json.loads(row["value"]) for row in rows]

    async def requests(self) -> list[str]:
        """Kinds of the requests for reading that were published."""
        return [one["kind"] for one in await self.published(SYNC_REQUESTS.name)]

    @property
    def told(self) -> list[Any]:
        """What has arrived on Kafka of this company."""
        return [one for one in self._heard if one.user.company_id == self.company]

    def told_of(self, kind: type[Any]) -> list[Any]:
        """Messages of a kind that have arrived so far."""
        return [one for one in self.told if isinstance(one, kind)]

    async def told_at(self, revision: int) -> ConnectionChanged:
        """The connection as it was told at a revision."""
        found: ConnectionChanged = await until(
            lambda: next(
                (one for one in self.told_of(ConnectionChanged) if one.revision == revision), None
            ),
            what=f"revision {revision}",
        )
        return found

    async def report(
        self,
        path: str,
        signal: HealthSignal,
        *,
        service: str = "calendar-ingest",
        at: datetime | None = None,
        detail: str = "",
    ) -> None:
        """Report on the connection at a path, on Kafka, as another service does."""
        assert self._publisher is not None
        now = self.clock.now()
        message = ConnectionHealthReported(
            message_id=uuid4(),
            occurred_at=now,
            connection_id=UUID(path.rpartition("/")[2]),
            service=service,
            signal=signal,
            observed_at=at or now,
            detail=detail,
        )
        await self._publisher.publish([outgoing(SYNC_HEALTH, message)])

    async def status_becomes(self, browser: Browser, path: str, status: str) -> None:
        """Wait until a connection shows a status."""

        async def holds() -> bool:
            return bool((await browser.get(path)).json()["status"] == status)

        await until(holds, what=f"status {status}")

    async def _hear(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            name = record.topic.removeprefix(self.namespace)
            self._heard.append(ADAPTERS[name].validate_json(record.value))
