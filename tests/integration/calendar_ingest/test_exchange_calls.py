"""What reading and writing costs at an Exchange server, call by call."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.providers import (
    EXCHANGE_OWNER,
    ExchangeOwner,
    exchange_owner,
)

from calendar_ingest.calendars import EventEdit, NewEvent
from tandem.contracts.meetings import Meeting, MeetingField, Timed

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))


def new(*, repeated: bool) -> NewEvent:
    return NewEvent(uuid4(), 0, MEETING, "Europe/Berlin", repeated=repeated)


@pytest.fixture
async def owner() -> AsyncIterator[ExchangeOwner]:
    """An owner whose mailbox is open, so that opening it is not counted."""
    async with exchange_owner() as exchange:
        await exchange.access.calendars.changes(exchange.calendar, None)
        exchange.world.calls.reset()
        yield exchange


def counted(owner: ExchangeOwner) -> Counter[str]:
    """Operations since this was asked before."""
    rows = owner.world.calls.counters()
    owner.world.calls.reset()
    return Counter(
        {row["operation"]: row["calls"] for row in rows if row["account"] == EXCHANGE_OWNER}
    )


async def test_only_a_repeated_create_looks_for_what_was_made_before(owner: ExchangeOwner):
    calendars = owner.access.calendars
    first = new(repeated=False)
    event = (await calendars.create(owner.calendar, first)).event
    assert counted(owner) == {"CreateItem": 1, "GetItem": 1}
    again = await calendars.create(owner.calendar, replace(first, repeated=True))
    assert again.event.event_id == event.event_id
    assert counted(owner) == {"FindItem": 1, "GetItem": 1}


async def test_the_echo_of_an_own_write_is_listed_and_not_asked_for(owner: ExchangeOwner):
    calendars = owner.access.calendars
    cursor = (await calendars.changes(owner.calendar, None)).cursor
    event = (await calendars.create(owner.calendar, new(repeated=False))).event
    counted(owner)
    listed = await calendars.changes(owner.calendar, cursor)
    assert listed.observed == (event,)
    assert counted(owner) == {"SyncFolderItems": 1}
    edit = EventEdit(
        event_id=event.event_id,
        version=event.version,
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING.model_copy(update={"title": "Dinner"}),
        time_zone="Europe/Berlin",
    )
    edited = await calendars.update(owner.calendar, edit)
    assert counted(owner) == {"UpdateItem": 1, "GetItem": 1}
    listed = await calendars.changes(owner.calendar, listed.cursor)
    assert listed.observed == (edited,)
    assert counted(owner) == {"SyncFolderItems": 1}


async def test_what_somebody_else_has_made_of_an_own_write_is_asked_for(owner: ExchangeOwner):
    calendars = owner.access.calendars
    cursor = (await calendars.changes(owner.calendar, None)).cursor
    event = (await calendars.create(owner.calendar, new(repeated=False))).event
    await owner.retitle(event.event_id, "Supper")
    counted(owner)
    [seen] = (await calendars.changes(owner.calendar, cursor)).observed
    assert seen.title == "Supper"
    assert counted(owner) == {"SyncFolderItems": 1, "GetItem": 1}
