"""The whole service on the sandbox's Google over HTTP: pushes in, writes out, nothing doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    requested,
    until,
)

from calendar_ingest.app import create_app
from tandem.contracts.commands import CreateEvent, UpdateEvent
from tandem.contracts.connections import HealthSignal
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_EVENTS,
    SETTINGS_CONNECTIONS,
    SYNC_OUTCOMES,
    SYNC_REQUESTS,
)
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import Credential, CredentialKind, Credentials
from tandem_embedded.processes import free_port
from tandem_sandbox.accounts import static_token
from tandem_sandbox.faults import FaultKind, FaultOrder
from tandem_sandbox.google.app import google_router
from tandem_sandbox.grants import Consent
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

OWNER = "sales1@north.example"
START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))
DENTIST = {
    "summary": "Dentist",
    "start": {"dateTime": "2031-03-04T10:00:00+01:00"},
    "end": {"dateTime": "2031-03-04T11:00:00+01:00"},
}


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[None]:
    """An application that answers on a port while the block runs."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, ws="none", access_log=False
        )
    )
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started or serving.done(), what=f"port {port} answers")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@dataclass
class Stage:
    """A sandbox, a service that is connected to it, and the owner's own client."""

    station: Station
    world: World
    owner: httpx.AsyncClient
    connection_id: UUID

    def arm(self, operation: str, kind: FaultKind, **changes: Any) -> None:
        """Have the next call of an operation go wrong."""
        self.world.faults.arm(
            FaultOrder(provider="google", operation=operation, kind=kind, **changes)
        )

    def calls(self, operation: str) -> int:
        """How often an operation was called over the API."""
        return sum(
            entry["calls"]
            for entry in self.world.calls.counters()
            if entry["operation"] == operation
        )

    def create(self, **changes: Any) -> CreateEvent:
        """A command for a new event."""
        fields = {
            "message_id": uuid4(),
            "occurred_at": datetime.now(UTC),
            "user": USER,
            "connection_id": self.connection_id,
            "link_id": uuid4(),
            "revision": 1,
            "calendar_id": OWNER,
            "generation": 0,
            "meeting": MEETING,
            "time_zone": "Europe/Berlin",
        }
        return CreateEvent(**{**fields, **changes})

    async def outcomes(self, count: int) -> list[Any]:
        """The first outcomes."""
        kind = (EventWritten, WriteRejected)
        return await until(  # type: ignore[no-any-return]
            lambda: len(found := self.station.bodies(SYNC_OUTCOMES, kind)) >= count and found,  # type: ignore[arg-type]
            what=f"{count} outcomes",
        )


@pytest.fixture
async def stage(station: Station) -> AsyncIterator[Stage]:
    sandbox_port, service_port = free_port(), free_port()
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    world = World(SandboxSettings(public_url=sandbox))
    router = FastAPI()
    router.include_router(google_router(world), prefix="/google")
    settings = station.settings(
        http_port=service_port,
        google_api_url=f"{sandbox}/google/calendar/v3/",
        google_token_url=f"{sandbox}/google/token",
        google_client_id="sandbox-client",
        google_client_secret="sandbox-secret",
        google_webhook_url=f"http://127.0.0.1:{service_port}/webhooks/google",
    )
    credential_id, connection_id = uuid4(), uuid4()
    async with (
        served(router, sandbox_port),
        served(create_app(settings), service_port),
        httpx.AsyncClient(
            base_url=f"{sandbox}/google/calendar/v3/calendars/{OWNER}/",
            headers={"authorization": f"Bearer {static_token('google', OWNER)}"},
        ) as owner,
    ):
        await _grant(world, settings, credential_id)
        await station.publish(
            SETTINGS_CONNECTIONS,
            connection_changed(connection_id, calendar_id=OWNER, credential_id=credential_id),
        )
        await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the backfill")
        await until(
            lambda: station.query("SELECT 1 FROM calendar.channels WHERE state = 'live'"),
            what="the channel",
        )
        yield Stage(station, world, owner, connection_id)
    await world.aclose()


async def _grant(world: World, settings: Any, credential_id: UUID) -> None:
    """What the owner's consent leaves: a refresh token, and an access token that has ended."""
    now = world.clock.now()
    redirect = "http://127.0.0.1/callback"
    consent = Consent(
        email=OWNER,
        scope="https://www.googleapis.com/auth/calendar",
        redirect_uri=redirect,
        offline=True,
        prompted=True,
    )
    code = world.google.grants.authorize(consent, now)
    issued = world.google.grants.exchange(code, redirect_uri=redirect, verifier=None, now=now)
    credentials = Credentials(settings, SystemClock(), connections_max=2)
    await credentials.open()
    await credentials.store.put(
        Credential(
            credential_id=credential_id,
            kind=CredentialKind.GOOGLE,
            account=OWNER,
            access_token=SecretStr("ended"),
            refresh_token=SecretStr(issued.refresh_token),  # type: ignore[arg-type]
            expires_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
    )
    await credentials.close()


async def test_what_the_owner_does_is_pushed_and_observed(stage: Stage):
    event_id = (await stage.owner.post("events", json=DENTIST)).json()["id"]
    [observed] = await until(
        lambda: stage.station.bodies(CALENDAR_EVENTS, EventObserved), what="the observation"
    )
    assert (observed.event.event_id, observed.event.title) == (event_id, "Dentist")
    assert observed.event.schedule == MEETING.schedule
    await stage.owner.delete(f"events/{event_id}")
    [gone] = await until(
        lambda: stage.station.bodies(CALENDAR_EVENTS, EventGone), what="the tombstone"
    )
    assert gone.event_id == event_id
    assert stage.calls("events.get") == 0


async def test_a_write_comes_back_as_it_is_read(stage: Stage):
    command = stage.create()
    await stage.station.publish(CALENDAR_COMMANDS, command)
    [written] = await stage.outcomes(1)
    assert isinstance(written, EventWritten)
    [echo] = await until(
        lambda: stage.station.bodies(CALENDAR_EVENTS, EventObserved), what="the echo"
    )
    assert echo.event == written.event
    item = (await stage.owner.get(f"events/{written.event_id}")).json()
    assert item["start"] == {
        "dateTime": "2031-03-04T10:00:00+01:00",
        "timeZone": "Europe/Berlin",
    }
    assert (stage.calls("events.insert"), stage.world.mails.total) == (1, 0)


async def test_an_answer_that_was_lost_makes_no_second_event(stage: Stage):
    stage.arm("events.insert", FaultKind.TIMEOUT_AFTER_WRITE)
    command = stage.create()
    await stage.station.publish(CALENDAR_COMMANDS, command)
    [written] = await stage.outcomes(1)
    assert isinstance(written, EventWritten)
    listed = (await stage.owner.get("events")).json()["items"]
    assert [item["id"] for item in listed] == [written.event_id]
    stage.arm("events.patch", FaultKind.TIMEOUT_AFTER_WRITE)
    update = UpdateEvent(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        user=USER,
        connection_id=stage.connection_id,
        link_id=command.link_id,
        revision=2,
        calendar_id=OWNER,
        event_id=written.event_id,
        version=written.event.version,  # type: ignore[union-attr]
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING.model_copy(update={"title": "Dinner"}),
        time_zone="Europe/Berlin",
    )
    await stage.station.publish(CALENDAR_COMMANDS, update)
    _, stale = await stage.outcomes(2)
    # The write was done; what the event is now tells the reconciler so.
    assert isinstance(stale, WriteRejected)
    assert stale.rejection is Rejection.STALE
    assert stale.event.title == "Dinner"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "rateLimitExceeded"), (429, None), (503, None)]
)
async def test_bad_weather_delays_a_write_and_doubles_nothing(stage: Stage, status, reason):
    stage.arm("events.insert", FaultKind.STATUS, status=status, reason=reason, times=2)
    await stage.station.publish(CALENDAR_COMMANDS, stage.create())
    [written] = await stage.outcomes(1)
    assert isinstance(written, EventWritten)
    listed = (await stage.owner.get("events")).json()["items"]
    assert len(listed) == 1


async def test_an_expired_sync_token_is_a_resync_that_deletes_nothing(stage: Stage):
    await stage.station.publish(CALENDAR_COMMANDS, stage.create())
    await stage.outcomes(1)
    await until(lambda: stage.station.bodies(CALENDAR_EVENTS, EventObserved), what="the echo")
    stage.world.google.expire_sync_tokens(OWNER)
    (await stage.owner.post("events", json=DENTIST)).raise_for_status()
    await until(
        lambda: len(stage.station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 2,
        what="the resync",
    )
    assert stage.station.bodies(CALENDAR_EVENTS, EventGone) == []


async def test_a_revoked_grant_is_told_by_the_reader_and_by_the_writer(stage: Stage):
    stage.world.google.revoke(OWNER)
    await stage.station.publish(CALENDAR_COMMANDS, stage.create())
    [lost] = await stage.outcomes(1)
    assert isinstance(lost, WriteRejected)
    assert lost.rejection is Rejection.AUTH_LOST
    await until(
        lambda: stage.station.signals_after(HealthSignal.GRANT_LOST, count=0) is not None,
        what="the report",
    )
