"""The whole service on real Kafka and PostgreSQL, driven only by messages and its endpoints."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from asgi_lifespan import LifespanManager
from tests.integration.reconciler.hands import SOON, TRACE

from reconciler.app import create_app
from reconciler.settings import Settings
from tandem.contracts.activities import ActivitiesResynced, ActivityObserved, ActivitySnapshot
from tandem.contracts.commands import EVENT_COMMANDS
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionSettings,
    ConnectionStatus,
    Provider,
)
from tandem.contracts.events import CalendarResynced, EventSnapshot
from tandem.contracts.meetings import Timed
from tandem.contracts.message import SyncUser
from tandem.contracts.outcomes import EventWritten
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_EVENTS,
    CRM_ACTIVITIES,
    SETTINGS_CONNECTIONS,
    SYNC_OUTCOMES,
)
from tandem.runtime.clock import SystemClock
from tandem.runtime.publisher import Publisher, outgoing

TOKEN = "internal-token-of-the-tests"
USER = SyncUser(company_id=7, user_id=70)
DEADLINE_S = 40.0
CLOCK = SystemClock()


class Surroundings:
    """The broker as the other services use it."""

    def __init__(self, kafka, database_url):
        self.kafka = kafka
        self.connection_id = uuid4()
        self.settings = Settings.model_validate(
            {
                "kafka_bootstrap_servers": kafka.bootstrap_servers,
                "kafka_namespace": kafka.namespace,
                "database_url": database_url,
                "http_port": 8083,
                "internal_token": TOKEN,
                "resend_after_s": 1,
            }
        )
        self.publisher = Publisher(
            kafka.bootstrap_servers, client_id="tests", namespace=kafka.namespace
        )
        self.taken: list[Any] = []
        self.traces: list[str | None] = []

    @asynccontextmanager
    async def service(self):
        app = create_app(self.settings)
        async with (
            LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=manager.app),
                base_url="http://reconciler",
                headers={"authorization": f"Bearer {TOKEN}"},
            ) as client,
        ):
            yield client

    async def publish(self, topic, **fields):
        kind = fields.pop("kind")
        moment = CLOCK.now()
        message = kind(message_id=uuid4(), occurred_at=moment, **fields)
        await self.publisher.publish([outgoing(topic, message, trace=TRACE)])

    async def connect(self):
        """An active connection, of which both sides have been read."""
        await self.publish(
            SETTINGS_CONNECTIONS,
            kind=ConnectionChanged,
            connection_id=self.connection_id,
            revision=1,
            user=USER,
            crm_credential_id=uuid4(),
            crm_api_url="https://example.com",
            calendar_credential_id=uuid4(),
            provider=Provider.GOOGLE,
            email="u@example.com",
            owner_email="u@example.com",
            owner_time_zone="Europe/Berlin",
            status=ConnectionStatus.ACTIVE,
            settings=ConnectionSettings(calendar_id="main"),
        )
        moment = CLOCK.now()
        await self.publish(CRM_ACTIVITIES, kind=ActivitiesResynced, user=USER, observed_at=moment)
        await self.publish(
            CALENDAR_EVENTS,
            kind=CalendarResynced,
            user=USER,
            connection_id=self.connection_id,
            calendar_id="main",
            observed_at=moment,
        )

    async def observe(self, subject):
        moment = CLOCK.now()
        start = moment.replace(microsecond=0)
        activity = ActivitySnapshot(
            activity_id=5,
            owner_id=USER.user_id,
            subject=subject,
            type="meeting",
            due_date=SOON.replace(year=start.year + 1).date(),
            due_time=SOON.time(),
            duration_minutes=30,
            added_at=start,
            updated_at=moment,
        )
        await self.publish(
            CRM_ACTIVITIES,
            kind=ActivityObserved,
            user=USER,
            activity=activity,
            observed_at=moment,
        )

    async def written(self, command):
        moment = CLOCK.now()
        event = EventSnapshot(
            event_id="made",
            version="1",
            updated_at=moment,
            title=command.meeting.title,
            schedule=Timed(start=command.meeting.schedule.start, end=command.meeting.schedule.end),
            link_mark=str(command.link_id),
        )
        await self.publish(
            SYNC_OUTCOMES,
            kind=EventWritten,
            user=USER,
            connection_id=command.connection_id,
            link_id=command.link_id,
            revision=command.revision,
            observed_at=moment,
            event_id=event.event_id,
            event=event,
        )

    async def command(self, number: int):
        """The n-th command to the calendar, from 0."""
        consumer = AIOKafkaConsumer(
            self.kafka.namespace + CALENDAR_COMMANDS.name,
            bootstrap_servers=self.kafka.bootstrap_servers,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                records = [await consumer.getone() for _ in range(number + 1)]
        finally:
            await consumer.stop()
        last = max(records, key=lambda record: record.offset)
        self.traces.append(dict(last.headers)["traceparent"].decode())
        return EVENT_COMMANDS.validate_json(last.value)


async def until(holds: Callable[[], Any]) -> Any:
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while True:
        if found := await holds():
            return found
        assert asyncio.get_running_loop().time() < end, "not within the deadline"
        await asyncio.sleep(0.05)


@pytest.fixture
async def around(kafka, database_url):
    surroundings = Surroundings(kafka, database_url)
    await surroundings.publisher.start()
    yield surroundings
    await surroundings.publisher.stop()


async def test_an_observation_becomes_a_command_and_its_outcome_history(around):
    async with around.service() as client:
        await around.connect()
        await around.observe("Through Kafka")
        command = await around.command(0)
        assert command.meeting.title == "Through Kafka"
        assert around.traces[0].split("-")[1] == TRACE.split("-")[1]
        await around.written(command)
        path = f"/internal/connections/{around.connection_id}/history"

        async def rows():
            return (await client.get(path)).json()["items"]

        (row,) = await until(rows)
        assert (row["action"], row["reason"], row["side"]) == ("created", "created", "calendar")
        assert (row["item_id"], row["activity_id"], row["event_id"]) == ("made", 5, "made")
        assert row["link_id"] == str(command.link_id)
        assert row["trace_id"] == TRACE.split("-")[1]
        assert row["sentence"]
        asked = {"connection_id": str(around.connection_id), "activity_id": "5"}
        answer = (await client.get("/internal/explain", params=asked)).json()
        assert answer["synced"]
        assert (answer["activity_id"], answer["event_id"]) == (5, "made")
        assert (await client.get("/readyz")).status_code == 200
        assert 'tandem_decisions_total{action="create_calendar"' in (
            (await client.get("/metrics")).text
        )


async def test_a_command_without_an_outcome_comes_again_also_after_a_restart(around):
    async with around.service():
        await around.connect()
        await around.observe("Unanswered")
        first = await around.command(0)
    async with around.service():
        again = await around.command(1)
    assert again == first


async def test_the_history_is_paged_and_searched(around):
    async with around.service() as client:
        await around.connect()
        await around.observe("Årsmöte 100% (ö.*)?")
        await around.written(await around.command(0))
        await around.observe("Renamed")
        await around.command(1)
        path = f"/internal/connections/{around.connection_id}/history"

        async def asked(**params):
            answer = await client.get(path, params=params)
            assert answer.status_code == 200
            return answer.json()

        (row,) = await until(lambda: _items(asked(q="100%")))
        assert (await asked(q="årsMÖTE"))["items"] == (await asked(q="(Ö.*)?"))["items"] == [row]
        assert (await asked(q="[a-z]"))["items"] == (await asked(q="100_"))["items"] == []
        assert (await asked(reason="conflict"))["items"] == []
        assert (await asked(q="made"))["items"] == [row]
        page = await asked(limit=1)
        assert page["next_cursor"] is None
        assert (await asked(cursor=str(row["row"])))["items"] == []


async def _items(answer):
    return (await answer)["items"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/internal/connections/{known}/history?limit=0", 422),
        ("/internal/connections/{known}/history?reason=weather", 422),
        ("/internal/connections/{known}/history?colour=red", 422),
        ("/internal/explain?connection_id={known}", 422),
        ("/internal/explain?connection_id={known}&activity_id=1&event_id=e", 422),
        ("/internal/explain?connection_id=nonsense&activity_id=1", 422),
        ("/internal/explain?connection_id={known}&activity_id=1", 404),
    ],
)
async def test_a_wrong_question_is_answered_with_a_problem(around, path, status):
    async with around.service() as client:
        answer = await client.get(path.replace("{known}", str(UUID(int=1))))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


async def test_nobody_without_the_internal_token_is_answered(around):
    async with around.service() as client:
        for path in (f"/internal/connections/{UUID(int=1)}/history", "/internal/explain"):
            answer = await client.get(path, headers={"authorization": "Bearer wrong"})
            assert answer.status_code == 401
