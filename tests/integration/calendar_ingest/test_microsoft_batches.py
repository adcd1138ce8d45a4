"""Writes of a backfill go to Graph together, and each has an outcome of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.providers import MicrosoftOwner, microsoft_owner
from tests.integration.calendar_ingest.station import USER, Station, connection_changed, until

from calendar_ingest.calendars import Calendar, EventEdit, NewEvent, StaleError
from tandem.contracts.commands import CreateEvent
from tandem.contracts.connections import Provider
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.outcomes import EventWritten
from tandem.contracts.topics import CALENDAR_COMMANDS, SETTINGS_CONNECTIONS, SYNC_OUTCOMES
from tandem.runtime.failures import Retryable
from tandem.runtime.publisher import outgoing
from tandem_sandbox.faults import FaultKind, FaultOrder

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))
BACKFILLED = 300


@pytest.fixture
async def owner() -> AsyncIterator[MicrosoftOwner]:
    async with microsoft_owner() as one:
        yield one


def _calendar(owner: MicrosoftOwner, *, background: bool = True) -> Calendar:
    account = replace(owner.calendar.account, background=background)
    return replace(owner.calendar, account=account)


def _new() -> NewEvent:
    return NewEvent(link_id=uuid4(), generation=0, meeting=MEETING, time_zone="Europe/Berlin")


def _arm(owner: MicrosoftOwner, operation: str, **fault: Any) -> None:
    owner.world.faults.arm(
        FaultOrder(provider="microsoft", operation=operation, kind=FaultKind.STATUS, **fault)
    )


def _writes(owner: MicrosoftOwner) -> list[str]:
    """Last part of the paths that were written to, in their order."""
    return [
        one.url.path.rpartition("/")[2]
        for one in owner.sent
        if one.method != "GET" and "subscriptions" not in one.url.path
    ]


async def _all(calls: list[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_creates_that_come_together_go_together_and_each_is_answered(owner: MicrosoftOwner):
    new = [_new() for _ in range(45)]
    create = owner.access.calendars.create
    made = await _all([create(_calendar(owner), one) for one in new])
    assert _writes(owner) == ["$batch"] * 3
    assert [one.event.link_mark for one in made] == [str(one.link_id) for one in new]
    assert len({one.event.event_id for one in made}) == 45


async def test_what_a_person_waits_for_goes_by_itself_and_so_does_one_alone(owner: MicrosoftOwner):
    create = owner.access.calendars.create
    await _all([create(_calendar(owner, background=False), _new()) for _ in range(3)])
    await create(_calendar(owner), _new())
    assert _writes(owner) == ["events"] * 4


async def test_each_write_of_a_batch_has_its_own_refusal(owner: MicrosoftOwner):
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
    assert _writes(owner)[-1] == "$batch"
    assert (first.title, third.title) == ("Dinner", "Dinner")
    assert isinstance(stale, StaleError)
    assert stale.event.title == "Owner's"


async def test_a_throttled_write_of_a_batch_says_how_long_to_wait(owner: MicrosoftOwner):
    _arm(owner, "events.create", status=429, retry_after=7)
    create = owner.access.calendars.create
    told = await _all([create(_calendar(owner), _new()) for _ in range(3)])
    [throttled] = [one for one in told if isinstance(one, Exception)]
    assert isinstance(throttled, Retryable)
    assert throttled.retry_after_s == 7


async def test_a_batch_that_fails_as_a_whole_is_tried_again_and_doubles_nothing(
    owner: MicrosoftOwner,
):
    _arm(owner, "batch", status=503)
    new = [_new() for _ in range(3)]
    create = owner.access.calendars.create
    told = await _all([create(_calendar(owner), one) for one in new])
    assert [type(one) for one in told] == [Retryable] * 3
    for _ in range(2):
        made = await _all([create(_calendar(owner), one) for one in new])
        assert len({one.event.event_id for one in made}) == 3
    changes = await owner.access.calendars.changes(owner.calendar, None)
    assert len(changes.observed) == 3


async def test_a_backfill_takes_a_request_for_twenty_events(
    station: Station, owner: MicrosoftOwner
):
    connection_id = uuid4()
    commands = [
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
        for _ in range(BACKFILLED)
    ]
    connection = connection_changed(
        connection_id,
        calendar_id=owner.calendar.calendar_id,
        credential_id=owner.calendar.account.credential_id,
        provider=Provider.MICROSOFT,
    )
    assert station.publisher is not None
    async with station.service(providers={Provider.MICROSOFT: owner.access}):
        await station.publisher.publish([outgoing(CALENDAR_COMMANDS, one) for one in commands])
        await until(lambda: _queued(station), what="all are queued")
        await station.publish(SETTINGS_CONNECTIONS, connection)
        written = await until(
            lambda: (
                len(found := station.bodies(SYNC_OUTCOMES, EventWritten)) == BACKFILLED and found
            ),
            what="all are written",
        )
    assert _writes(owner) == ["$batch"] * (BACKFILLED // 20)
    assert {one.link_id for one in written} == {one.link_id for one in commands}
    assert len({one.event_id for one in written}) == BACKFILLED


async def _queued(station: Station) -> bool:
    [row] = await station.query("SELECT count(*) AS rows FROM calendar.commands")
    return bool(row["rows"] == BACKFILLED)
