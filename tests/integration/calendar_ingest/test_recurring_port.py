"""One suite for every implementation of `Recurring`: the provider in memory, and the real ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest
from tests.integration.calendar_ingest.providers import (
    GoogleOwner,
    MemoryOwner,
    MicrosoftOwner,
    Owner,
    google_owner,
    microsoft_owner,
)

from calendar_ingest.calendars import Changes, Window
from tandem.contracts.events import EventSnapshot, Series
from tandem.contracts.meetings import Timed

FIRST = datetime(2031, 3, 4, 9, tzinfo=UTC)
ALL = Window(FIRST - timedelta(days=1), FIRST + timedelta(days=30))


class Organizer(Protocol):
    """Who makes series of `days` occurrences, one a day."""

    @property
    def owner(self) -> Owner:
        """Whose calendar it is."""
        ...

    async def repeat(self, title: str, days: int) -> str:
        """Make a series."""
        ...

    async def shorten(self, series_id: str, days: int) -> None:
        """Let a series have fewer days."""
        ...

    async def end(self, series_id: str) -> None:
        """Delete a series."""
        ...


class MemoryOrganizer:
    """Makes series in memory."""

    def __init__(self, owner: MemoryOwner) -> None:
        self.owner = owner
        self.calendar_id = owner.calendar.calendar_id

    async def repeat(self, title: str, days: int) -> str:
        self._put(title, days)
        return title

    async def shorten(self, series_id: str, days: int) -> None:
        self._put(series_id, days)

    async def end(self, series_id: str) -> None:
        self.owner.provider.take_away_series(self.calendar_id, series_id)

    def _put(self, series_id: str, days: int) -> None:
        starts = [FIRST + timedelta(days=number) for number in range(days)]
        events = [
            EventSnapshot(
                event_id=f"{series_id}_{number}",
                title=series_id,
                schedule=Timed(start=start, end=start + timedelta(hours=1)),
                series=Series(series_id=series_id, original_start=start),
            )
            for number, start in enumerate(starts)
        ]
        self.owner.provider.put_series(self.calendar_id, series_id, events)


class GoogleOrganizer:
    """Makes series in the sandbox's Google."""

    def __init__(self, owner: GoogleOwner) -> None:
        self.owner = owner

    async def repeat(self, title: str, days: int) -> str:
        body = {
            "summary": title,
            "start": {"dateTime": "2031-03-04T10:00:00+01:00", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2031-03-04T11:00:00+01:00", "timeZone": "Europe/Berlin"},
            "recurrence": [f"RRULE:FREQ=DAILY;COUNT={days}"],
        }
        return str((await self.owner.call("POST", "", body))["id"])

    async def shorten(self, series_id: str, days: int) -> None:
        rule = [f"RRULE:FREQ=DAILY;COUNT={days}"]
        await self.owner.call("PATCH", f"/{series_id}", {"recurrence": rule})

    async def end(self, series_id: str) -> None:
        await self.owner.take_away(series_id)


class MicrosoftOrganizer:
    """Makes series in the sandbox's Microsoft Graph."""

    def __init__(self, owner: MicrosoftOwner) -> None:
        self.owner = owner

    async def repeat(self, title: str, days: int) -> str:
        zone = "W. Europe Standard Time"
        body = {
            "subject": title,
            "start": {"dateTime": "2031-03-04T10:00:00", "timeZone": zone},
            "end": {"dateTime": "2031-03-04T11:00:00", "timeZone": zone},
            "recurrence": _daily(days),
        }
        return str((await self.owner.call("POST", "", body))["id"])

    async def shorten(self, series_id: str, days: int) -> None:
        await self.owner.call("PATCH", f"/{series_id}", {"recurrence": _daily(days)})

    async def end(self, series_id: str) -> None:
        await self.owner.take_away(series_id)


def _daily(days: int) -> dict[str, object]:
    return {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2031-03-04", "numberOfOccurrences": days},
    }


@pytest.fixture(params=["memory", "google", "microsoft"])
async def organizer(request: pytest.FixtureRequest) -> AsyncIterator[Organizer]:
    if request.param == "memory":
        yield MemoryOrganizer(MemoryOwner())
    elif request.param == "google":
        async with google_owner() as google:
            yield GoogleOrganizer(google)
    else:
        async with microsoft_owner() as microsoft:
            yield MicrosoftOrganizer(microsoft)


async def _occurrences(
    organizer: Organizer, window: Window = ALL, series_id: str | None = None
) -> list[EventSnapshot]:
    recurring = organizer.owner.access.recurring
    assert recurring is not None
    found: list[EventSnapshot] = []
    page: str | None = None
    while True:
        answer = await recurring.occurrences(
            organizer.owner.calendar, window, series_id=series_id, page=page
        )
        found += answer.observed
        page = answer.page
        if not page:
            return sorted(found, key=_start)


def _start(event: EventSnapshot) -> datetime:
    assert isinstance(event.schedule, Timed)
    return event.schedule.start


async def _changes(organizer: Organizer, cursor: str | None = None) -> Changes:
    return await organizer.owner.access.calendars.changes(organizer.owner.calendar, cursor)


async def test_a_changed_series_is_named_and_is_no_event_itself(organizer: Organizer):
    series_id = await organizer.repeat("Daily", 3)
    first = await _changes(organizer)
    assert (first.observed, first.gone, first.series) == ((), (), (series_id,))
    await organizer.shorten(series_id, 2)
    second = await _changes(organizer, first.cursor)
    assert second.series == (series_id,)
    assert (await _changes(organizer, second.cursor)).series == ()


async def test_each_occurrence_is_an_event_that_knows_its_series(organizer: Organizer):
    series_id = await organizer.repeat("Daily", 3)
    await organizer.owner.put("Single")
    found = await _occurrences(organizer)
    starts = [FIRST + timedelta(days=number) for number in range(3)]
    assert [_start(event) for event in found] == starts
    assert [event.series for event in found] == [
        Series(series_id=series_id, original_start=start) for start in starts
    ]
    assert found == await _occurrences(organizer, series_id=series_id)
    [first, *_] = found
    assert await organizer.owner.access.calendars.get(organizer.owner.calendar, first.event_id)


async def test_only_occurrences_of_the_window_are_read(organizer: Organizer):
    await organizer.repeat("Daily", 10)
    window = Window(FIRST + timedelta(days=2, minutes=30), FIRST + timedelta(days=5))
    found = await _occurrences(organizer, window)
    assert [_start(event).day for event in found] == [6, 7, 8]


async def test_occurrences_of_other_series_are_left_out_where_one_is_asked_for(organizer):
    series_id = await organizer.repeat("Daily", 2)
    await organizer.repeat("Other", 2)
    assert len(await _occurrences(organizer)) == 4
    found = await _occurrences(organizer, series_id=series_id)
    assert {event.title for event in found} == {"Daily"}


async def test_many_occurrences_come_in_pages(organizer: Organizer):
    await organizer.repeat("Daily", 20)
    assert len({event.event_id for event in await _occurrences(organizer)}) == 20


async def test_what_a_series_has_lost_is_gone_by_its_id(organizer: Organizer):
    series_id = await organizer.repeat("Daily", 3)
    lost = (await _occurrences(organizer))[2].event_id
    await organizer.shorten(series_id, 2)
    assert len(await _occurrences(organizer)) == 2
    assert await organizer.owner.access.calendars.get(organizer.owner.calendar, lost) is None


async def test_a_deleted_series_is_one_tombstone_and_has_no_occurrences(organizer: Organizer):
    series_id = await organizer.repeat("Daily", 3)
    cursor = (await _changes(organizer)).cursor
    await organizer.end(series_id)
    later = await _changes(organizer, cursor)
    assert [tombstone.event_id for tombstone in later.gone] == [series_id]
    assert later.series == ()
    assert await _occurrences(organizer) == []
    assert await _occurrences(organizer, series_id=series_id) == []


async def test_an_unknown_series_has_no_occurrences(organizer: Organizer):
    assert await _occurrences(organizer, series_id="unknown") == []
