"""A running settings-api on real PostgreSQL and Kafka, browsers and programs that use it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from tests.integration.settings_rest.neighbourhood import (
    CLIENT,
    INTERNAL_TOKEN,
    Neighbourhood,
    person,
)

from settings_api.app import create_app
from settings_api.settings import Settings
from tandem.contracts.connections import ConnectionHealthReported, HealthSignal
from tandem.contracts.topics import SETTINGS_CONNECTIONS, SYNC_HEALTH, SYNC_REQUESTS
from tandem.runtime.publisher import Publisher, outgoing

PUBLIC_URL = "http://settings.test"
MAILBOX = "anna@gmail.com"
DEADLINE_S = 30.0
KEEP_WHAT_IS_PUBLISHED = """
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


async def until(holds: Callable[[], Awaitable[Any]], *, what: str) -> Any:
    """Poll until `holds` gives something true, and give it; fail after the deadline."""
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while not (value := await holds()):
        assert asyncio.get_running_loop().time() < end, f"not within {DEADLINE_S} s: {what}"
        await asyncio.sleep(0.02)
    return value


@dataclass
class House:
    """One test's broker, database and neighbourhood."""

    bootstrap_servers: str
    namespace: str
    database_url: str
    town: Neighbourhood = field(default_factory=Neighbourhood)
    keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    transport: httpx.AsyncBaseTransport | None = None

    def settings(self, **changes: Any) -> Settings:
        """Settings of a service in this house."""
        return Settings.model_validate(
            {
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "kafka_namespace": self.namespace,
                "database_url": self.database_url,
                "http_port": 8080,
                "internal_token": INTERNAL_TOKEN,
                "credentials_database_url": self.database_url,
                "credentials_keys": self.keys,
                "public_url": PUBLIC_URL,
                "pipedrive_authorize_url": "https://oauth.pipedrive.test/oauth/authorize",
                "pipedrive_token_url": "https://oauth.pipedrive.test/oauth/token",
                "pipedrive_client_id": CLIENT["pipedrive"][0],
                "pipedrive_client_secret": CLIENT["pipedrive"][1],
                "google_authorize_url": "https://accounts.google.test/auth",
                "google_token_url": "https://oauth.google.test/token",
                "google_revoke_url": "https://revoke.google.test/revoke",
                "google_userinfo_url": "https://users.google.test/userinfo",
                "google_client_id": CLIENT["google"][0],
                "google_client_secret": CLIENT["google"][1],
                "crm_ingest_url": "http://crm-ingest.test",
                "calendar_ingest_url": "http://calendar-ingest.test",
                "reconciler_url": "http://reconciler.test",
                "allow_plain_http": True,
                "mx_lookup": False,
                **changes,
            }
        )

    @asynccontextmanager
    async def service(self, **changes: Any) -> AsyncIterator[None]:
        """Run the service."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.town.answer))
        app = create_app(self.settings(**changes), http=http)
        async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager:
            await self.query(KEEP_WHAT_IS_PUBLISHED)
            self.transport = httpx.ASGITransport(app=manager.app)
            yield

    def browser(self, *, base_url: str = PUBLIC_URL) -> "Browser":
        """A browser without cookies."""
        assert self.transport is not None
        return Browser(self, httpx.AsyncClient(transport=self.transport, base_url=base_url))

    async def signed_in(self, company_id: int = 7, user_id: int = 42, **more: Any) -> "Browser":
        """A browser of a user who has signed in."""
        browser = self.browser()
        answer = await browser.sign_in(person(company_id, user_id, **more))
        assert answer.status_code == 303, answer.text
        await browser.learn_csrf()
        return browser

    async def connected(self, browser: "Browser", email: str = MAILBOX) -> str:
        """Connect a Google account; gives the connection's id."""
        answer = await browser.connect(email)
        assert answer.status_code == 303, answer.text
        items = (await browser.get("/api/v1/connections")).json()["items"]
        return str(next(one["id"] for one in items if one["email"] == email))

    async def query(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Look into the database, or change it."""
        connection = await asyncpg.connect(self.database_url)
        try:
            if values:
                return await connection.fetch(statement, *values)
            if statement.lstrip().upper().startswith("SELECT"):
                return await connection.fetch(statement)
            await connection.execute(statement)
            return []
        finally:
            await connection.close()

    async def published(self, topic: str = SETTINGS_CONNECTIONS.name) -> list[dict[str, Any]]:
        """What was put into the outbox for a topic, the oldest first."""
        rows = await self.query(
            "SELECT value FROM public.published WHERE topic = $1 ORDER BY id", topic
        )
        return [json.loads(row["value"]) for row in rows]

    async def requests(self) -> list[str]:
        """Kinds of the requests for reading that were published."""
        return [one["kind"] for one in await self.published(SYNC_REQUESTS.name)]

    async def report(
        self,
        connection_id: str,
        service: str,
        signal: HealthSignal,
        *,
        at: datetime | None = None,
        detail: str = "",
    ) -> None:
        """Report on Kafka as another service does."""
        message = ConnectionHealthReported(
            message_id=uuid4(),
            occurred_at=datetime.now(UTC),
            connection_id=UUID(connection_id),
            service=service,
            signal=signal,
            observed_at=at or datetime.now(UTC),
            detail=detail,
        )
        publisher = Publisher(self.bootstrap_servers, client_id="tests", namespace=self.namespace)
        await publisher.start()
        try:
            await publisher.publish([outgoing(SYNC_HEALTH, message)])
        finally:
            await publisher.stop()

    async def status_becomes(self, browser: "Browser", address: str, status: str) -> None:
        """Wait until a connection shows a status."""

        async def holds() -> bool:
            return bool((await browser.get(address)).json()["status"] == status)

        await until(holds, what=f"status {status}")

    async def count(self, table: str) -> int:
        """Rows of a table."""
        return int((await self.query(f"SELECT count(*) AS rows FROM {table}"))[0]["rows"])  # noqa: S608 - the tests name it


@dataclass
class Browser:
    """Cookies of its own; writes carry the CSRF token once it is learnt."""

    house: House
    client: httpx.AsyncClient
    csrf: str | None = None

    async def sign_in(self, who: dict[str, Any], **returned: str) -> httpx.Response:
        """Go to Pipedrive and come back; `returned` changes what comes back."""
        begun = await self.client.get("/oauth/pipedrive/start")
        assert begun.status_code == 302
        query = self.house.town.consent(begun.headers["location"], account=who)
        return await self.client.get("/oauth/pipedrive/callback", params={**query, **returned})

    async def learn_csrf(self) -> None:
        """Ask for the token that writes must carry."""
        self.csrf = (await self.client.get("/api/v1/me")).json()["csrf_token"]

    async def authorize_url(self, email: str = MAILBOX) -> str:
        """Where Google asks for consent."""
        answer = await self.post("/api/v1/connections", json={"email": email})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["authorize_url"])

    async def connect(self, email: str = MAILBOX, *, account: str | None = None) -> httpx.Response:
        """Go to Google, say yes as `account`, and come back."""
        query = self.house.town.consent(await self.authorize_url(email), account=account or email)
        return await self.client.get("/oauth/google/callback", params=query)

    async def get(self, path: str, **request: Any) -> httpx.Response:
        """Read."""
        return await self.client.get(path, **request)

    async def post(self, path: str, **request: Any) -> httpx.Response:
        """Act."""
        return await self.write("POST", path, **request)

    async def patch(self, path: str, **request: Any) -> httpx.Response:
        """Change."""
        return await self.write("PATCH", path, **request)

    async def delete(self, path: str, **request: Any) -> httpx.Response:
        """End."""
        return await self.write("DELETE", path, **request)

    async def write(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send with the CSRF token."""
        token = {"x-csrf-token": self.csrf} if self.csrf else {}
        headers = {**token, **request.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **request)


def problem(answer: httpx.Response, status: int, words: str = "") -> dict[str, Any]:
    """The problem document of an answer, once it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert words in document["title"]
    return document
