"""A running calendar-ingest on real Kafka and PostgreSQL, with a provider in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from pydantic import TypeAdapter

from calendar_ingest.adapters.memory import MemoryProvider
from calendar_ingest.app import create_app
from calendar_ingest.calendars import Providers
from calendar_ingest.settings import Settings
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionHealthReported,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
    Provider,
)
from tandem.contracts.events import EVENT_MESSAGES, CalendarHinted, EventSnapshot, HintCause
from tandem.contracts.meetings import Timed
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.outcomes import OUTCOME_MESSAGES
from tandem.contracts.requests import BackfillRequested, Scope
from tandem.contracts.topics import CALENDAR_EVENTS, SYNC_HEALTH, SYNC_OUTCOMES, Topic
from tandem.runtime.publisher import Outgoing, Publisher, outgoing

INTERNAL_TOKEN = "internal-token-of-the-tests"
DEADLINE_S = 30.0
USER = SyncUser(company_id=7, user_id=42)
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    CALENDAR_EVENTS.name: EVENT_MESSAGES,
    SYNC_OUTCOMES.name: OUTCOME_MESSAGES,
    SYNC_HEALTH.name: TypeAdapter(ConnectionHealthReported),
}


async def until(
    holds: Callable[[], Any | Awaitable[Any]], *, what: str, deadline_s: float = DEADLINE_S
) -> Any:
    """Poll until `holds` gives something true, and give it; fail after the deadline."""
    end = asyncio.get_running_loop().time() + deadline_s
    while True:
        value = holds()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        await asyncio.sleep(0.02)


@dataclass
class Taken:
    """A record as it was read from a topic."""

    body: Any
    key: str
    trace: str | None


@dataclass
class Station:
    """One test's broker, database and provider; services are started on it."""

    bootstrap_servers: str
    namespace: str
    database_url: str
    provider: MemoryProvider
    credentials_keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    taken: dict[str, list[Taken]] = field(default_factory=dict)
    publisher: Publisher | None = None

    def settings(self, **changes: Any) -> Settings:
        """Settings of a service on this station."""
        return Settings.model_validate(
            {
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "kafka_namespace": self.namespace,
                "database_url": self.database_url,
                "http_port": 8082,
                "internal_token": INTERNAL_TOKEN,
                "credentials_database_url": self.database_url,
                "credentials_keys": self.credentials_keys,
                "google_api_url": "http://127.0.0.1:1/google/calendar/v3/",
                "google_token_url": "http://127.0.0.1:1/google/token",
                "google_client_id": "client",
                "google_client_secret": "secret",
                "google_webhook_url": "http://127.0.0.1:1/webhooks/google",
                "allow_plain_http": True,
                "sweep_interval_s": 300,
                **changes,
            }
        )

    @asynccontextmanager
    async def service(
        self, *, providers: Providers | None = None, **changes: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A running service, and a client of its endpoints."""
        known = providers or {Provider.GOOGLE: self.provider.access}
        app = create_app(self.settings(**changes), providers=known)
        async with (
            LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=manager.app), base_url="http://service"
            ) as client,
        ):
            yield client

    async def publish(self, topic: Topic, message: Message, *, trace: str | None = None) -> None:
        """Publish as another service would."""
        assert self.publisher is not None
        record = outgoing(topic, message, trace=trace)
        await self.publisher.publish([record])

    async def publish_record(self, record: Outgoing) -> None:
        """Publish a record as it is."""
        assert self.publisher is not None
        await self.publisher.publish([record])

    def bodies(self, topic: Topic, kind: type[Any]) -> list[Any]:
        """Messages of a kind that were published so far."""
        return [t.body for t in self.taken[topic.name] if isinstance(t.body, kind)]

    def signals_after(self, signal: HealthSignal, *, count: int) -> list[HealthSignal] | None:
        """What was reported of access after `signal`, once it is `count` signals."""
        told = [
            body.signal
            for body in self.bodies(SYNC_HEALTH, ConnectionHealthReported)
            if body.signal not in {HealthSignal.PUSH_UP, HealthSignal.PUSH_DOWN}
        ]
        if signal not in told:
            return None
        later = told[told.index(signal) + 1 :]
        return later if len(later) >= count else None

    async def query(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Look into the database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def collect(self, consumer: AIOKafkaConsumer) -> None:
        """Keep everything that is published."""
        async for record in consumer:
            name = record.topic.removeprefix(self.namespace)
            headers = dict(record.headers)
            trace = headers.get("traceparent")
            self.taken[name].append(
                Taken(
                    body=ADAPTERS[name].validate_json(record.value),
                    key=record.key.decode(),
                    trace=trace.decode() if trace else None,
                )
            )


def connection_changed(
    connection_id: UUID,
    *,
    revision: int = 1,
    status: ConnectionStatus = ConnectionStatus.ACTIVE,
    calendar_id: str = "work@example.com",
    credential_id: UUID | None = None,
    provider: Provider = Provider.GOOGLE,
) -> ConnectionChanged:
    """A connection as settings-api tells it."""
    return ConnectionChanged(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        connection_id=connection_id,
        revision=revision,
        user=USER,
        crm_credential_id=uuid4(),
        crm_api_url="https://example.test",
        calendar_credential_id=credential_id or uuid4(),
        provider=provider,
        email="owner@example.com",
        owner_email="owner@example.com",
        owner_time_zone="Europe/Berlin",
        status=status,
        settings=ConnectionSettings(calendar_id=calendar_id),
    )


def event(event_id: str, **changes: Any) -> EventSnapshot:
    """An ordinary event of an hour, in the future."""
    start = datetime(2031, 3, 4, 9, tzinfo=UTC)
    return EventSnapshot(
        event_id=event_id,
        schedule=Timed(start=start, end=start.replace(hour=10)),
        **{"title": event_id, **changes},
    )


def hinted(connection_id: UUID, cause: HintCause = HintCause.PUSH) -> CalendarHinted:
    """Something moved in the calendar of a connection."""
    return CalendarHinted(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        connection_id=connection_id,
        cause=cause,
    )


def requested(connection_id: UUID, scope: Scope = Scope.BOTH) -> BackfillRequested:
    """Everything of a connection is to be read."""
    return BackfillRequested(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        user=USER,
        connection_id=connection_id,
        scope=scope,
    )
