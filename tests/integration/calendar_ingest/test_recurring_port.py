"""One suite for every implementation of `Recurring`: the provider in memory, and the real ones."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Generic, Protocol, TypeVar

import pytest
from exchangelib import CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.items import SEND_TO_NONE
from exchangelib.recurrence import DailyPattern, Recurrence
from tests.integration.calendar_ingest.providers import (
    ExchangeOwner,
    GoogleOwner,
    MemoryOwner,
    MicrosoftOwner,
    Owner,
    exchange_owner,
    google_owner,
    microsoft_owner,
)

from calendar_ingest.adapters.exchange import expansion
from calendar_ingest.calendars import Changes, Window
from tandem.contracts.events import EventSnapshot, Series
from tandem.contracts.meetings import AllDay, Timed

Hands = TypeVar("Hands", bound=Owner)
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

    async def retitle(self, occurrence: EventSnapshot, title: str) -> None:
        """Change one occurrence alone."""
        ...

    async def cancel(self, occurrence: EventSnapshot) -> None:
        """Delete one occurrence alone."""
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

    async def retitle(self, occurrence: EventSnapshot, title: str) -> None:
        await self._put_instead(occurrence, [occurrence.model_copy(update={"title": title})])

    async def cancel(self, occurrence: EventSnapshot) -> None:
        await self._put_instead(occurrence, [])

    async def _put_instead(self, occurrence: EventSnapshot, events: list[EventSnapshot]) -> None:
        assert occurrence.series is not None
        series_id = occurrence.series.series_id
        found = await _occurrences(self, series_id=series_id)
        kept = [event for event in found if event.event_id != occurrence.event_id]
        self.owner.provider.put_series(self.calendar_id, series_id, [*kept, *events])

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


class _Real(Generic[Hands]):
    """Changes an occurrence as any other event."""

    def __init__(self, owner: Hands) -> None:
        self.owner = owner

    async def retitle(self, occurrence: EventSnapshot, title: str) -> None:
        await self.owner.retitle(occurrence.event_id, title)

    async def cancel(self, occurrence: EventSnapshot) -> None:
        await self.owner.take_away(occurrence.event_id)


class GoogleOrganizer(_Real[GoogleOwner]):
    """Makes series in the sandbox's Google."""

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


class MicrosoftOrganizer(_Real[MicrosoftOwner]):
    """Makes series in the sandbox's Microsoft Graph."""

    async def repeat(self, title: str, days: int) -> str:
        zone = "W. Europe Standard Time"
        body = {
            "subject": title,
            "start": {"dateTime": "2031-03-04T10:00:00", "timeZone": zone},
            "end": {"dateTime": "2031-03-04T11:00:00", "timeZone": zone},
            "recurrence": _daily_in_graph(days),
        }
        return str((await self.owner.call("POST", "", body))["id"])

    async def shorten(self, series_id: str, days: int) -> None:
        await self.owner.call("PATCH", f"/{series_id}", {"recurrence": _daily_in_graph(days)})

    async def end(self, series_id: str) -> None:
        await self.owner.take_away(series_id)


class ExchangeOrganizer(_Real[ExchangeOwner]):
    """Makes series in the sandbox's Exchange."""

    async def repeat(self, title: str, days: int) -> str:
        zone = EWSTimeZone("Europe/Berlin")
        item = CalendarItem(
            account=self.owner.own,
            folder=self.owner.own.calendar,
            subject=title,
            start=EWSDateTime(2031, 3, 4, 10, tzinfo=zone),
            end=EWSDateTime(2031, 3, 4, 11, tzinfo=zone),
            recurrence=_daily_in_ews(days),
        )
        await to_thread(item.save, send_meeting_invitations=SEND_TO_NONE)
        return str(item.id)

    async def shorten(self, series_id: str, days: int) -> None:
        item = await to_thread(self.owner.item, series_id)
        item.recurrence = _daily_in_ews(days)
        await to_thread(
            item.save, update_fields=["recurrence"], send_meeting_invitations=SEND_TO_NONE
        )

    async def end(self, series_id: str) -> None:
        await self.owner.take_away(series_id)


def _daily_in_graph(days: int) -> dict[str, object]:
    return {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2031-03-04", "numberOfOccurrences": days},
    }


def _daily_in_ews(days: int) -> Recurrence:
    return Recurrence(pattern=DailyPattern(interval=1), start=EWSDate(2031, 3, 4), number=days)


@pytest.fixture(params=["memory", "google", "microsoft", "exchange"])
async def organizer(request: pytest.FixtureRequest) -> AsyncIterator[Organizer]:
    if request.param == "memory":
        yield MemoryOrganizer(MemoryOwner())
    elif request.param == "exchange":
        async with exchange_owner() as exchange:
            yield ExchangeOrganizer(exchange)
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


async def test_an_occurrence_is_changed_and_another_cancelled_by_itself(organizer: Organizer):
    series_id = await organizer.repeat("Daily", 3)
    cursor = (await _changes(organizer)).cursor
    first, second, third = await _occurrences(organizer)
    await organizer.retitle(second, "Special")
    await organizer.cancel(third)
    found = await _occurrences(organizer)
    assert [(event.event_id, event.title) for event in found] == [
        (first.event_id, "Daily"),
        (second.event_id, "Special"),
    ]
    assert found[1].series == second.series
    assert found[1].version != second.version
    assert await organizer.owner.access.calendars.get(organizer.owner.calendar, third.event_id) is (
        None
    )
    later = await _changes(organizer, cursor)
    told = {event.event_id for event in later.observed} | {one.event_id for one in later.gone}
    assert later.series == (series_id,) or told == {second.event_id, third.event_id}


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


@pytest.mark.parametrize("organizer", ["exchange"], indirect=True)
async def test_a_stretch_with_too_many_events_is_read_on_from_its_last(organizer, monkeypatch):
    monkeypatch.setattr(expansion, "PAGE_EVENTS", 4)
    await organizer.repeat("Daily", 10)
    found = await _occurrences(organizer)
    assert len({event.event_id for event in found}) == 10
    # One call for each page, and each begins with what the one before ended with.
    assert len(found) == 13


@pytest.mark.parametrize("organizer", ["exchange"], indirect=True)
async def test_occurrences_of_whole_days_keep_their_days(organizer):
    zone = EWSTimeZone("Europe/Berlin")
    days = {"start": EWSDate(2031, 3, 28), "end": EWSDate(2031, 3, 28), "is_all_day": True}
    zones = {"_start_timezone": zone, "_end_timezone": zone}
    rule = Recurrence(pattern=DailyPattern(interval=1), start=EWSDate(2031, 3, 28), number=4)
    item = CalendarItem(
        account=organizer.owner.own,
        folder=organizer.owner.own.calendar,
        subject="Fair",
        recurrence=rule,
        **days,
        **zones,
    )
    await to_thread(item.save, send_meeting_invitations=SEND_TO_NONE)
    window = Window(FIRST, FIRST + timedelta(days=40))
    found = (
        await organizer.owner.access.recurring.occurrences(organizer.owner.calendar, window)
    ).observed
    dates = [date(2031, 3, day) for day in (28, 29, 30, 31)]
    assert [event.schedule for event in found] == [AllDay(first=day, days=1) for day in dates]
    assert [event.series.original_start for event in found] == dates
