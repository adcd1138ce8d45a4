"""A running settings-api on real Kafka and PostgreSQL, with its vendors in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from pydantic import TypeAdapter
from tests.integration.settings_api.vendors import CLIENT_SECRET, INTERNAL_TOKEN, Vendors

from settings_api.app import create_app
from settings_api.settings import Settings
from tandem.contracts.connections import (
    CONNECTION_MESSAGES,
    ConnectionChanged,
    ConnectionHealthReported,
    HealthSignal,
)
from tandem.contracts.message import Message
from tandem.contracts.requests import REQUEST_MESSAGES
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.credential_store import Credential
from tandem.runtime.publisher import Publisher, outgoing
from tandem.runtime.secrets import Sealer

DEADLINE_S = 30.0
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    SETTINGS_CONNECTIONS.name: CONNECTION_MESSAGES,
    SYNC_REQUESTS.name: REQUEST_MESSAGES,
}
VENDORS = "https://vendors.example"


async def until(holds: Callable[[], Any | Awaitable[Any]], *, what: str) -> Any:
    """Poll until `holds` gives something true, and give it; fail after the deadline."""
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        value = holds()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        await asyncio.sleep(0.02)


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


class Browser(httpx.AsyncClient):
    """A person's browser: keeps cookies, follows nothing by itself."""

    def __init__(self, app: Any, vendors: Vendors) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://tandem.example",
        )
        self._vendors = vendors

    async def sign_in(self, email: str) -> httpx.Response:
        """Sign in with Pipedrive; writes carry the CSRF token from then on."""
        start = await self.get("/oauth/pipedrive/start")
        back = self._vendors.consent(start.headers["location"], email)
        answer = await self.get("/oauth/pipedrive/callback", params=back)
        if answer.status_code == 303:
            me = (await self.get("/api/v1/me")).json()
            self.headers["x-csrf-token"] = me["csrf_token"]
        return answer

    async def connect(self, email: str, *, chosen: str | None = None) -> httpx.Response:
        """Connect a Google calendar; the account `chosen` there may be another one."""
        answer = await self.post("/api/v1/connections", json={"email": email})
        assert answer.status_code == 202, answer.text
        back = self._vendors.consent(answer.json()["authorize_url"], chosen or email)
        return await self.get("/oauth/google/callback", params=back)

    async def connected(self, email: str) -> str:
        """Connect a Google calendar; returns the connection's path."""
        answer = await self.connect(email)
        assert answer.status_code == 303, answer.text
        items = (await self.get("/api/v1/connections")).json()["items"]
        connection_id = next(one["id"] for one in items if one["email"] == email)
        return f"/api/v1/connections/{connection_id}"

    async def started(self, email: str) -> str:
        """Connect a Google calendar and start it; returns the connection's path."""
        path = await self.connected(email)
        assert (await self.post(f"{path}/start")).status_code == 200
        return path


@dataclass
class FrontDesk:
    """One test's broker, database and vendors; services are started on it."""

    bootstrap_servers: str
    namespace: str
    database_url: str
    publisher: Publisher
    vendors: Vendors = field(default_factory=Vendors)
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    told: list[Message] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Settings of a service."""
        return Settings.model_validate(
            {
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "kafka_namespace": self.namespace,
                "database_url": self.database_url,
                "http_port": 8080,
                "internal_token": INTERNAL_TOKEN,
                "credentials_database_url": self.database_url,
                "credentials_keys": self.keys,
                "public_url": "http://tandem.example",
                "pipedrive_authorize_url": f"{VENDORS}/pipedrive/authorize",
                "pipedrive_token_url": f"{VENDORS}/pipedrive/token",
                "pipedrive_client_id": "client",
                "pipedrive_client_secret": CLIENT_SECRET,
                "google_authorize_url": f"{VENDORS}/google/authorize",
                "google_token_url": f"{VENDORS}/google/token",
                "google_revoke_url": f"{VENDORS}/google/revoke",
                "google_userinfo_url": f"{VENDORS}/google/userinfo",
                "google_client_id": "client",
                "google_client_secret": CLIENT_SECRET,
                "microsoft_authorize_url": f"{VENDORS}/microsoft/authorize",
                "microsoft_token_url": f"{VENDORS}/microsoft/token",
                "microsoft_me_url": f"{VENDORS}/microsoft/me",
                "crm_ingest_url": "http://crm-ingest",
                "calendar_ingest_url": "http://calendar-ingest",
                "reconciler_url": "http://reconciler",
                "email_providers": "north.example=google",
                "mx_lookup": False,
                "allow_plain_http": True,
                **changes,
            }
        )

    @asynccontextmanager
    async def service(self, **changes: Any) -> AsyncIterator[Callable[[], Browser]]:
        """A running service; what it gives makes browsers that look at it."""
        http = httpx.AsyncClient(transport=self.vendors.transport())
        app = create_app(self.settings(**changes), http=http, clock=self.clock)
        browsers: list[Browser] = []

        def browser() -> Browser:
            browsers.append(Browser(manager.app, self.vendors))
            return browsers[-1]

        async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager:
            yield browser
            for one in browsers:
                await one.aclose()

    async def collect(self, consumer: AIOKafkaConsumer) -> None:
        """Keep everything that is published."""
        async for record in consumer:
            name = record.topic.removeprefix(self.namespace)
            self.told.append(ADAPTERS[name].validate_json(record.value))

    async def report(
        self,
        path: str,
        signal: HealthSignal,
        *,
        service: str = "calendar-ingest",
        at: datetime | None = None,
        detail: str = "",
    ) -> None:
        """Report on a connection as another service would."""
        now = self.clock.now()
        body = ConnectionHealthReported(
            message_id=uuid4(),
            occurred_at=now,
            connection_id=UUID(path.rpartition("/")[2]),
            service=service,
            signal=signal,
            observed_at=at or now,
            detail=detail,
        )
        await self.publisher.publish([outgoing(SYNC_HEALTH, body)])

    def told_of(self, kind: type[Any]) -> list[Any]:
        """Messages of a kind that were published so far."""
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

    async def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows of the service's database."""
        database = await asyncpg.connect(self.database_url)
        try:
            return list(await database.fetch(statement, *values))
        finally:
            await database.close()

    async def credentials(self) -> list[Credential]:
        """Every credential that is kept, opened."""
        sealer = Sealer(self.keys)
        rows = await self.query("SELECT sealed FROM credentials.credentials")
        return [Credential.model_validate_json(sealer.open(row["sealed"])) for row in rows]
