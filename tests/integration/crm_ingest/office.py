"""A running crm-ingest on real Kafka and PostgreSQL, with a company in memory or in the sandbox."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from pydantic import TypeAdapter

from crm_ingest.adapters.memory import MemoryCrm
from crm_ingest.app import create_app
from crm_ingest.crm import Crm
from crm_ingest.settings import Settings
from tandem.contracts.activities import ACTIVITY_MESSAGES, ActivityHinted
from tandem.contracts.commands import ActivityDraft, CreateActivity, DeleteActivity, UpdateActivity
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionHealthReported,
    ConnectionSettings,
    ConnectionStatus,
    HealthSignal,
    Provider,
)
from tandem.contracts.meetings import MeetingField
from tandem.contracts.message import Message, SyncUser
from tandem.contracts.outcomes import OUTCOME_MESSAGES, ActivityWritten, WriteRejected
from tandem.contracts.requests import BackfillRequested, Scope
from tandem.contracts.topics import (
    CRM_ACTIVITIES,
    CRM_COMMANDS,
    CRM_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_HEALTH,
    SYNC_OUTCOMES,
    SYNC_REQUESTS,
    Topic,
)
from tandem.runtime.publisher import Publisher, outgoing

INTERNAL_TOKEN = "internal-token-of-the-tests"
HOOK_USER, HOOK_PASSWORD = "tandem", "password-of-the-webhooks"
DEADLINE_S = 30.0
ANNA = SyncUser(company_id=7, user_id=42)
BORIS = SyncUser(company_id=7, user_id=43)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    CRM_ACTIVITIES.name: ACTIVITY_MESSAGES,
    CRM_HINTS.name: TypeAdapter(ActivityHinted),
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

    @property
    def trace_id(self) -> str:
        """Trace that the record belongs to."""
        assert self.trace is not None
        return self.trace.split("-")[1]


@dataclass
class Office:
    """One test's broker, database and company; services are started on it."""

    bootstrap_servers: str
    namespace: str
    database_url: str
    company: MemoryCrm
    credentials_keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    taken: dict[str, list[Taken]] = field(default_factory=dict)
    publisher: Publisher | None = None

    def settings(self, **changes: Any) -> Settings:
        """Settings of a service in this office."""
        return Settings.model_validate(
            {
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "kafka_namespace": self.namespace,
                "database_url": self.database_url,
                "http_port": 8081,
                "internal_token": INTERNAL_TOKEN,
                "credentials_database_url": self.database_url,
                "credentials_keys": self.credentials_keys,
                "pipedrive_token_url": "http://127.0.0.1:1/oauth/token",
                "pipedrive_client_id": "client",
                "pipedrive_client_secret": "secret",
                "pipedrive_webhook_url": "http://127.0.0.1:1/webhooks/pipedrive",
                "pipedrive_webhook_user": HOOK_USER,
                "pipedrive_webhook_password": HOOK_PASSWORD,
                "allow_plain_http": True,
                **changes,
            }
        )

    @asynccontextmanager
    async def service(
        self, *, crm: Crm | None = None, **changes: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A running service, and a client of its endpoints."""
        app = create_app(self.settings(**changes), crm=crm or self.company.crm)
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
        await self.publisher.publish([outgoing(topic, message, trace=trace)])

    async def connect(self, user: SyncUser = ANNA, **changes: Any) -> UUID:
        """Connect a user, and wait until the service knows."""
        message = connection_changed(user, **changes)
        await self.publish(SETTINGS_CONNECTIONS, message)
        await until(
            lambda: self.query(
                "SELECT 1 FROM crm.connections WHERE connection_id = $1 AND revision = $2",
                message.connection_id,
                message.revision,
            ),
            what="the connection is known",
        )
        return message.connection_id

    async def hint(
        self, activity_id: int, *, owner: SyncUser | None = ANNA, trace: str | None = None
    ) -> None:
        """Hint at an activity of company 7."""
        await self.publish(
            CRM_HINTS,
            ActivityHinted(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                company_id=7,
                activity_id=activity_id,
                user_id=owner.user_id if owner else None,
            ),
            trace=trace,
        )

    async def backfill(self, user: SyncUser = ANNA, scope: Scope = Scope.BOTH) -> None:
        """Ask for everything of a user."""
        await self.publish(
            SYNC_REQUESTS,
            BackfillRequested(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                user=user,
                connection_id=uuid4(),
                scope=scope,
            ),
            trace=TRACE,
        )

    async def swept(self) -> None:
        """Sweep every user once, and wait until that is done."""
        await self.query("UPDATE crm.sync_users SET due_at = now() - interval '1 second'")
        await until(
            lambda: self.query(
                "SELECT 1 WHERE NOT EXISTS (SELECT FROM crm.sync_users"
                " WHERE due_at <= now() OR lease IS NOT NULL)"
            ),
            what="everybody is swept",
        )

    async def idle(self) -> None:
        """Wait until nothing is left of hints, reads and commands."""
        await until(
            lambda: self.query(
                "SELECT 1 WHERE NOT EXISTS (SELECT FROM crm.held_hints)"
                " AND NOT EXISTS (SELECT FROM crm.reads)"
                " AND NOT EXISTS (SELECT FROM crm.parked_commands)"
            ),
            what="nothing waits",
        )

    def bodies(self, topic: Topic, *kinds: type[Any]) -> list[Any]:
        """Messages of some kinds that were published so far."""
        return [t.body for t in self.taken[topic.name] if isinstance(t.body, kinds)]

    async def observed(self, count: int, *kinds: type[Any]) -> Any:
        """At least `count` messages about activities."""
        return await until(
            lambda: len(found := self.bodies(CRM_ACTIVITIES, *kinds)) >= count and found,
            what=f"{count} of {[kind.__name__ for kind in kinds]}",
        )

    async def outcomes(self, count: int) -> Any:
        """At least `count` outcomes."""
        return await until(
            lambda: (
                len(found := self.bodies(SYNC_OUTCOMES, ActivityWritten, WriteRejected)) >= count
                and found
            ),
            what=f"{count} outcomes",
        )

    async def signalled(self, *signals: HealthSignal, connection_id: UUID | None = None) -> None:
        """Wait until signals were reported in this order, whatever was reported between."""

        def all_came() -> bool:
            left = list(signals)
            for body in self.bodies(SYNC_HEALTH, ConnectionHealthReported):
                of_it = connection_id in {None, body.connection_id}
                if left and of_it and body.signal is left[0]:
                    left.pop(0)
            return not left

        await until(all_came, what=f"{signals}")

    async def command(
        self, command: CreateActivity | UpdateActivity | DeleteActivity, *, trace: str | None = None
    ) -> None:
        """Ask for a write."""
        await self.publish(CRM_COMMANDS, command, trace=trace)

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
            trace = dict(record.headers).get("traceparent")
            self.taken[name].append(
                Taken(
                    body=ADAPTERS[name].validate_json(record.value),
                    key=record.key.decode(),
                    trace=trace.decode() if trace else None,
                )
            )


def connection_changed(
    user: SyncUser = ANNA,
    *,
    connection_id: UUID | None = None,
    revision: int = 1,
    status: ConnectionStatus = ConnectionStatus.ACTIVE,
    credential_id: UUID | None = None,
    include_contact: bool = False,
) -> ConnectionChanged:
    """A connection as settings-api tells it."""
    return ConnectionChanged(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        connection_id=connection_id or uuid4(),
        revision=revision,
        user=user,
        crm_credential_id=credential_id or uuid4(),
        crm_api_url="http://127.0.0.1:1",
        calendar_credential_id=uuid4(),
        provider=Provider.GOOGLE,
        email="owner@example.com",
        owner_email="owner@example.com",
        owner_time_zone="Europe/Berlin",
        status=status,
        settings=ConnectionSettings(
            calendar_id="work@example.com", include_deal_contact_info=include_contact
        ),
    )


DRAFT = ActivityDraft(
    subject="Lunch",
    due_date=date(2031, 3, 4),
    due_time=time(9, 30),
    duration_minutes=45,
    public_description="Bring the <contract> & a pen",
    location="Main Street 1",
    busy=True,
)


def _common(connection_id: UUID, user: SyncUser, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_id": uuid4(),
        "occurred_at": datetime.now(UTC),
        "user": user,
        "connection_id": connection_id,
        "link_id": uuid4(),
        "revision": 1,
        **changes,
    }


def create(connection_id: UUID, *, user: SyncUser = ANNA, **changes: Any) -> CreateActivity:
    """A create of lunch."""
    fields = {"generation": 0, "type": "meeting", "draft": DRAFT, **changes}
    return CreateActivity(**_common(connection_id, user, fields))


def update(
    connection_id: UUID, activity_id: int, seen_at: datetime, *fields: MeetingField, **changes: Any
) -> UpdateActivity:
    """An update of some fields to what they are at lunch."""
    values = {
        "activity_id": activity_id,
        "seen_at": seen_at,
        "fields": frozenset(fields),
        "draft": DRAFT,
        **changes,
    }
    return UpdateActivity(**_common(connection_id, ANNA, values))


def delete(
    connection_id: UUID, activity_id: int, seen_at: datetime, **changes: Any
) -> DeleteActivity:
    """A delete."""
    values = {"activity_id": activity_id, "seen_at": seen_at, **changes}
    return DeleteActivity(**_common(connection_id, ANNA, values))


def basic(password: str = HOOK_PASSWORD) -> dict[str, str]:
    """Headers of a webhook."""
    return {"authorization": "Basic " + b64encode(f"{HOOK_USER}:{password}".encode()).decode()}


def webhook(activity_id: int = 1, *, owner_id: int = ANNA.user_id, **meta: Any) -> dict[str, Any]:
    """Body of a webhook v2."""
    return {
        "data": {"id": activity_id, "owner_id": owner_id, "due_time": {"value": "10:00:00"}},
        "previous": None,
        "meta": {
            "action": "change",
            "entity": "activity",
            "entity_id": str(activity_id),
            "company_id": "7",
            "version": "2.0",
            **meta,
        },
    }
