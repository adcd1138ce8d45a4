"""Writes of a backfill go to Google and Graph together; each has an outcome of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.integration.calendar_ingest.providers import (
    GoogleOwner,
    MicrosoftOwner,
    google_owner,
    microsoft_owner,
)
from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    hinted,
    until,
)

from calendar_ingest.calendars import Calendar, EventEdit, NewEvent, StaleError
from tandem.contracts.commands import CreateEvent
from tandem.contracts.connections import ConnectionChanged, Provider
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.outcomes import EventWritten
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_OUTCOMES,
)
from tandem.runtime.failures import Retryable
from tandem.runtime.publisher import outgoing
from tandem_sandbox.faults import FaultKind, FaultOrder

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))
BACKFILLED = 300
TOGETHER = {Provider.GOOGLE: 50, Provider.MICROSOFT: 20}
BITS = 5
Owner = GoogleOwner | MicrosoftOwner


@pytest.fixture(params=TOGETHER)
def provider(request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param)


@pytest.fixture
async def owner(provider: Provider) -> AsyncIterator[Owner]:
    opened = google_owner() if provider is Provider.GOOGLE else microsoft_owner()
    async with opened as one:
        yield one


def _calendar(owner: Owner, *, background: bool = True) -> Calendar:
    account = replace(owner.calendar.account, background=background)
    return replace(owner.calendar, account=account)


def _new() -> NewEvent:
    return NewEvent(link_id=uuid4(), generation=0, meeting=MEETING, time_zone="Europe/Berlin")


def _arm(owner: Owner, provider: Provider, operation: str, **fault: Any) -> None:
    owner.world.faults.arm(
        FaultOrder(provider=provider, operation=operation, kind=FaultKind.STATUS, **fault)
    )


def _writes(owner: Owner) -> list[str]:
    """What was written to, in the order."""
    return [
        "batch" if "batch" in one.url.path else one.url.path.rpartition("/")[2]
        for one in owner.sent
        if one.method != "GET" and not one.url.path.endswith(("subscriptions", "watch"))
    ]


async def _all(calls: list[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_creates_that_come_together_go_together_and_each_is_answered(
    owner: Owner, provider: Provider
):
    new = [_new() for _ in range(2 * TOGETHER[provider] + 5)]
    create = owner.access.calendars.create
    made = await _all([create(_calendar(owner), one) for one in new])
    assert _writes(owner) == ["batch"] * 3
    assert [one.event.link_mark for one in made] == [str(one.link_id) for one in new]
    assert len({one.event.event_id for one in made}) == len(new)


async def test_what_a_person_waits_for_goes_by_itself_and_so_does_one_alone(owner: Owner):
    create = owner.access.calendars.create
    await _all([create(_calendar(owner, background=False), _new()) for _ in range(3)])
    await create(_calendar(owner), _new())
    assert _writes(owner) == ["events"] * 4


async def test_each_write_of_a_batch_has_its_own_refusal(owner: Owner):
    calendars, calendar = owner.access.calendars, _calendar(owner)
    events = [(await calendars.create(calendar, _new())).event for _ in range(3)]
    await owner.retitle(events[1].event_id, "Owner's")
    edits = [
        EventEdit(
            event_id=event.event_id,
            version=event.version,
            fields=frozenset({MeetingField.TITLE}),
            meeting=MEETING.model_copy(update={"title": "Dinner"}),
            time_zone="Europe/Berlin",
        )
        for event in events
    ]
    first, stale, third = await _all([calendars.update(calendar, edit) for edit in edits])
    assert _writes(owner)[-1] == "batch"
    assert (first.title, third.title) == ("Dinner", "Dinner")
    assert isinstance(stale, StaleError)
    assert stale.event.title == "Owner's"


async def test_what_an_earlier_try_has_made_is_found_in_few_requests(owner: Owner):
    new = [_new() for _ in range(10)]
    create = owner.access.calendars.create
    made = await _all([create(_calendar(owner), one) for one in new])
    before = len(owner.sent)
    found = await _all([create(_calendar(owner), one) for one in new])
    assert [one.event.event_id for one in found] == [one.event.event_id for one in made]
    assert len(owner.sent) - before <= 2, "one that tries, one that reads back"


async def test_deletions_and_edits_go_together_too(owner: Owner):
    calendars, calendar = owner.access.calendars, _calendar(owner)
    events = [(await calendars.create(calendar, _new())).event for _ in range(3)]
    await owner.take_away(events[0].event_id)
    gone = await _all(
        [calendars.delete(calendar, one.event_id, version=one.version) for one in events]
    )
    assert gone == [None] * 3
    assert _writes(owner)[-1] == "batch"
    assert [await calendars.get(calendar, one.event_id) for one in events] == [None] * 3


async def test_a_throttled_write_of_a_batch_says_how_long_to_wait(owner: Owner, provider: Provider):
    _arm(owner, provider, "events.*", status=429, retry_after=7)
    create = owner.access.calendars.create
    told = await _all([create(_calendar(owner), _new()) for _ in range(3)])
    [throttled] = [one for one in told if isinstance(one, Exception)]
    assert isinstance(throttled, Retryable)
    assert throttled.retry_after_s == 7


async def test_a_batch_that_fails_as_a_whole_is_tried_again_and_doubles_nothing(
    owner: Owner, provider: Provider
):
    _arm(owner, provider, "batch", status=503)
    new = [_new() for _ in range(3)]
    create = owner.access.calendars.create
    told = await _all([create(_calendar(owner), one) for one in new])
    assert [type(one) for one in told] == [Retryable] * 3
    for _ in range(2):
        made = await _all([create(_calendar(owner), one) for one in new])
        assert len({one.event.event_id for one in made}) == 3
    changes = await owner.access.calendars.changes(owner.calendar, None)
    assert len(changes.observed) == 3


def _commands(owner: Owner, connection_id: UUID, count: int) -> list[CreateEvent]:
    return [
        CreateEvent(
            message_id=uuid4(),
            occurred_at=datetime.now(UTC),
            user=USER,
            connection_id=connection_id,
            link_id=uuid4(),
            revision=1,
            calendar_id=owner.calendar.calendar_id,
            generation=0,
            meeting=MEETING,
            time_zone="Europe/Berlin",
            backfill=True,
        )
        for _ in range(count)
    ]


def _connection(owner: Owner, connection_id: UUID, provider: Provider) -> ConnectionChanged:
    return connection_changed(
        connection_id,
        calendar_id=owner.calendar.calendar_id,
        credential_id=owner.calendar.account.credential_id,
        provider=provider,
    )


async def _written(station: Station, count: int) -> list[EventWritten]:
    """What was written, once it is all."""
    found: list[EventWritten] = await until(
        lambda: len(told := station.bodies(SYNC_OUTCOMES, EventWritten)) == count and told,
        what="all are written",
    )
    return found


async def test_a_backfill_takes_a_request_for_as_many_events_as_a_batch_has(
    station: Station, owner: Owner, provider: Provider
):
    connection_id = uuid4()
    commands = _commands(owner, connection_id, BACKFILLED)
    assert station.publisher is not None
    async with station.service(providers={provider: owner.access}):
        await station.publisher.publish([outgoing(CALENDAR_COMMANDS, one) for one in commands])
        await until(lambda: _queued(station, BACKFILLED), what="all are queued")
        await station.publish(SETTINGS_CONNECTIONS, _connection(owner, connection_id, provider))
        written = await _written(station, BACKFILLED)
    assert _writes(owner) == ["batch"] * (BACKFILLED // TOGETHER[provider])
    assert {one.link_id for one in written} == {one.link_id for one in commands}
    assert len({one.event_id for one in written}) == BACKFILLED


async def test_what_comes_bit_by_bit_still_goes_together(
    station: Station, owner: Owner, provider: Provider
):
    connection_id, bit = uuid4(), TOGETHER[provider] // BITS
    assert station.publisher is not None
    async with station.service(providers={provider: owner.access}):
        await station.publish(SETTINGS_CONNECTIONS, _connection(owner, connection_id, provider))
        for number in range(BITS):
            commands = _commands(owner, connection_id, bit)
            await station.publisher.publish([outgoing(CALENDAR_COMMANDS, one) for one in commands])
            await until(partial(_seen, station, (number + 1) * bit), what="a bit is queued")
        await _written(station, BITS * bit)
    assert _writes(owner) == ["batch"]


async def test_late_notices_of_a_large_backfill_are_read_together(
    station: Station, owner: Owner, provider: Provider
):
    connection_id = uuid4()
    assert station.publisher is not None
    async with station.service(providers={provider: owner.access}):
        await station.publish(SETTINGS_CONNECTIONS, _connection(owner, connection_id, provider))
        commands = _commands(owner, connection_id, TOGETHER[provider])
        await station.publisher.publish([outgoing(CALENDAR_COMMANDS, one) for one in commands])
        await _written(station, len(commands))
        await until(lambda: _queued(station, 0), what="nothing is left to be written")
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: station.query(
                "SELECT 1 FROM calendar.reads WHERE due_at > now() + interval '5 seconds'"
            ),
            what="it waits for more of them",
        )


async def _queued(station: Station, count: int) -> bool:
    [row] = await station.query("SELECT count(*) AS rows FROM calendar.commands")
    return bool(row["rows"] == count)


async def _seen(station: Station, count: int) -> bool:
    """Whether so many were queued so far, whatever has become of them."""
    return await _queued(station, count) or bool(station.bodies(SYNC_OUTCOMES, EventWritten))
