"""Series: each coming occurrence is told of by itself, and only the provider's word ends one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.station import (
    Station,
    connection_changed,
    event,
    hinted,
    requested,
    until,
)

from calendar_ingest.adapters.memory import MemoryProvider
from calendar_ingest.calendars import Occurrences, RefusedError
from calendar_ingest.reader import Reader
from calendar_ingest.repository import ReadClaim, Reads
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved, Series
from tandem.contracts.meetings import Timed
from tandem.contracts.topics import (
    CALENDAR_EVENTS,
    CALENDAR_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_REQUESTS,
)
from tandem.runtime.failures import Retryable

CALENDAR = "work@example.com"
NOW = datetime.now(UTC)


def occurrence(number, *, series="s", **changes):
    """The occurrence of a series in some days."""
    start = NOW + timedelta(days=number, hours=1)
    return event(f"{series}_{number:03}", **changes).model_copy(
        update={
            "schedule": Timed(start=start, end=start + timedelta(hours=1)),
            "series": Series(series_id=series, original_start=start),
        }
    )


def put_days(station: Station, numbers, **changes):
    station.provider.put_series(
        CALENDAR, "s", [occurrence(number, **changes) for number in numbers]
    )


async def connected(station: Station, *, horizon_days=10):
    """A connection of which everything was read; then what is published starts anew."""
    connection_id = uuid4()
    changed = connection_changed(connection_id)
    settings = changed.settings.model_copy(update={"horizon_days": horizon_days})
    await station.publish(SETTINGS_CONNECTIONS, changed.model_copy(update={"settings": settings}))
    await station.publish(SYNC_REQUESTS, requested(connection_id))
    await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the backfill")
    return connection_id


def moved(numbers, *, hours=2, name="m"):
    """What occurrences become by moving their series: they have other ids then."""
    later = timedelta(hours=hours)
    return [
        was.model_copy(
            update={
                "event_id": f"{name}_{number:03}",
                "schedule": Timed(start=was.schedule.start + later, end=was.schedule.end + later),
            }
        )
        for number in numbers
        for was in [occurrence(number)]
    ]


def formerly(station: Station):
    """What each occurrence was that was told to have been another one."""
    told = station.bodies(CALENDAR_EVENTS, EventObserved)
    return {one.event.event_id: one.formerly for one in told if one.formerly is not None}


def observed(station: Station):
    return [body.event.event_id for body in station.bodies(CALENDAR_EVENTS, EventObserved)]


def gone(station: Station):
    return [body.event_id for body in station.bodies(CALENDAR_EVENTS, EventGone)]


async def hear(station: Station, connection_id):
    """Have the changes read, and wait until they are."""
    station.provider.put(CALENDAR, event(mark := f"mark-{uuid4()}"))
    await station.publish(CALENDAR_HINTS, hinted(connection_id))
    await until(lambda: mark in observed(station), what="the reading")
    await until(
        lambda: station.query("SELECT 1 FROM calendar.reads WHERE due_at IS NULL"), what="its end"
    )


async def test_occurrences_up_to_the_horizon_are_told_of_before_the_end(station: Station):
    station.provider.page_size = 3
    put_days(station, range(-2, 15))
    async with station.service():
        await connected(station)
    bodies = [taken.body for taken in station.taken[CALENDAR_EVENTS.name]]
    assert observed(station) == [f"s_{number:03}" for number in range(10)]
    assert bodies[0].event.series.series_id == "s"
    assert isinstance(bodies[-1], CalendarResynced)


@pytest.mark.rule("6.4")
async def test_a_changed_series_is_told_of_anew(station: Station):
    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        put_days(station, range(3), title="Renamed")
        await hear(station, connection_id)
    told = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert [one.event.title for one in told if one.event.series][3:] == ["Renamed"] * 3
    assert gone(station) == []


@pytest.mark.rule("6.4")
async def test_occurrences_that_a_changed_series_has_lost_are_tombstones(station: Station):
    put_days(station, range(5))
    async with station.service():
        connection_id = await connected(station)
        put_days(station, [0, 1, 6])
        await hear(station, connection_id)
    assert "s_006" in observed(station)
    assert gone(station) == ["s_002", "s_003", "s_004"]


async def test_a_series_that_the_provider_refuses_to_show_holds_up_nothing(station: Station):
    put_days(station, range(2))

    async def refuse(*_: Any, **__: Any) -> Occurrences:
        raise RefusedError("403 forbidden")

    async with station.service():
        connection_id = await connected(station)
        station.provider.occurrences = refuse  # type: ignore[method-assign]
        put_days(station, [0, 5])
        await hear(station, connection_id)
    assert gone(station) == []


async def test_an_occurrence_that_only_left_the_window_is_no_tombstone(station: Station):
    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        far = occurrence(2).model_copy(update={"schedule": occurrence(300).schedule})
        station.provider.put_series(CALENDAR, "s", [occurrence(0), occurrence(1), far])
        await hear(station, connection_id)
    assert gone(station) == []
    last = [
        one.event
        for one in station.bodies(CALENDAR_EVENTS, EventObserved)
        if one.event.event_id == far.event_id
    ][-1]
    assert last.schedule == far.schedule


async def test_a_deleted_series_ends_what_is_still_to_come_of_it(station: Station):
    put_days(station, range(4))
    async with station.service():
        connection_id = await connected(station)
        await station.query(
            "UPDATE calendar.known_events SET ends_at = now() WHERE event_id = 's_000'"
        )
        station.provider.take_away_series(CALENDAR, "s")
        await hear(station, connection_id)
    assert sorted(gone(station)) == ["s", "s_001", "s_002", "s_003"]


async def test_a_deletion_is_told_although_the_reading_died_between_telling_and_keeping(
    station: Station, monkeypatch: pytest.MonkeyPatch
):
    kept = Reads.store_page

    async def dying(reads: Reads, claim: ReadClaim, **page: Any) -> bool:
        if page["cursor"] != claim.cursor:
            raise Retryable("died")
        return await kept(reads, claim, **page)

    async with station.service():
        connection_id = await connected(station)
        monkeypatch.setattr(Reads, "store_page", dying)
        put_days(station, range(3))
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(lambda: len(observed(station)) == 3, what="the telling")
        station.provider.take_away_series(CALENDAR, "s")
        monkeypatch.setattr(Reads, "store_page", kept)
        await hear(station, connection_id)
    assert sorted(gone(station)) == ["s", "s_000", "s_001", "s_002"]


async def test_a_series_that_vanished_between_two_full_lists_is_asked_for(station: Station):
    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        station.provider.take_away_series(CALENDAR, "s")
        station.provider.forget_cursors(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(lambda: len(gone(station)) == 3, what="the tombstones")
    assert gone(station) == ["s_000", "s_001", "s_002"]


async def test_a_past_occurrence_does_not_end_because_no_list_shows_it(station: Station):
    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        await station.query(
            "UPDATE calendar.known_events SET ends_at = now() WHERE event_id = 's_000'"
        )
        put_days(station, [1, 2])
        station.provider.forget_cursors(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 2, what="the end"
        )
    assert gone(station) == []


async def test_the_window_rolls_although_the_calendar_rests(station: Station):
    put_days(station, range(15))
    async with station.service(sweep_interval_s=1):
        await connected(station)
        assert len(observed(station)) == 10
        await station.query(
            "UPDATE calendar.reads SET expanded_until = expanded_until - interval '26 hours'"
        )
        await until(lambda: len(observed(station)) > 10, what="the day that has come")
        rolled = "SELECT 1 FROM calendar.reads WHERE expanded_until > $1"
        await until(
            lambda: station.query(rolled, NOW + timedelta(days=10)), what="the end of the reading"
        )
    assert observed(station)[10:] == ["s_009"]


async def test_a_window_that_was_read_lately_is_not_read_again(station: Station):
    put_days(station, range(15))
    async with station.service():
        connection_id = await connected(station)
        await station.query(
            "UPDATE calendar.reads SET expanded_until = expanded_until - interval '20 hours'"
        )
        await hear(station, connection_id)
    assert [one for one in observed(station) if one.startswith("s_")][10:] == []


async def test_a_longer_horizon_is_read_at_once(station: Station):
    put_days(station, range(15))
    async with station.service():
        connection_id = await connected(station)
        longer = connection_changed(connection_id, revision=2)
        settings = longer.settings.model_copy(update={"horizon_days": 13})
        await station.publish(
            SETTINGS_CONNECTIONS, longer.model_copy(update={"settings": settings})
        )
        await until(lambda: len(observed(station)) == 13, what="the days that were added")
    assert observed(station)[10:] == ["s_010", "s_011", "s_012"]


async def test_a_window_that_a_crash_cut_off_is_read_before_the_end_is_told(station: Station):
    connection_id = uuid4()
    put_days(station, range(3))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await until(lambda: station.query("SELECT 1 FROM calendar.reads"), what="the connection")
        await station.query(
            "UPDATE calendar.reads SET cursor = '9', full_started_at = now(), listed = true,"
            " due_at = now()"
        )
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the end")
    bodies = [taken.body for taken in station.taken[CALENDAR_EVENTS.name]]
    assert [type(body) for body in bodies] == [EventObserved] * 3 + [CalendarResynced]


async def test_a_single_event_that_becomes_a_series_ends_after_its_occurrences_are_told(
    station: Station,
):
    station.provider.put(CALENDAR, event("s"))
    async with station.service():
        connection_id = await connected(station)
        put_days(station, range(2))
        await hear(station, connection_id)
    told = [
        body.event.event_id if isinstance(body, EventObserved) else body.event_id
        for body in (taken.body for taken in station.taken[CALENDAR_EVENTS.name])
        if isinstance(body, (EventObserved, EventGone))
    ]
    assert [one for one in told if not one.startswith("mark")] == ["s", "s_000", "s_001", "s"]
    assert gone(station) == ["s"]


async def test_a_series_that_becomes_a_single_event_leaves_no_occurrence(station: Station):
    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        station.provider.put(CALENDAR, event("s"))
        await hear(station, connection_id)
    assert "s" in observed(station)
    assert gone(station) == ["s_000", "s_001", "s_002"]


@pytest.mark.rule("6.4")
async def test_each_occurrence_of_a_moved_series_tells_which_one_it_was(station: Station):
    weekdays = [one for one in range(91) if (NOW + timedelta(days=one)).weekday() < 5][:65]
    put_days(station, weekdays)
    station.provider.page_size = 20
    async with station.service():
        connection_id = await connected(station, horizon_days=95)
        station.provider.put_series(CALENDAR, "s", moved(weekdays))
        await hear(station, connection_id)
        assert formerly(station) == {f"m_{one:03}": f"s_{one:03}" for one in weekdays}
        assert gone(station) == [f"s_{one:03}" for one in weekdays]
        station.provider.put_series(CALENDAR, "s", [*moved(weekdays), *moved([92])])
        await hear(station, connection_id)
    last = [one.formerly for one in station.bodies(CALENDAR_EVENTS, EventObserved)][-67:]
    assert last == [None] * 67, "what is told once is not told again"


async def test_occurrences_that_stay_are_not_taken_for_moved_ones(station: Station):
    put_days(station, range(5))
    async with station.service():
        connection_id = await connected(station)
        station.provider.put_series(
            CALENDAR, "s", [occurrence(0), occurrence(1), *moved([2]), occurrence(3), *moved([7])]
        )
        await hear(station, connection_id)
    assert formerly(station) == {"m_002": "s_002"}
    assert gone(station) == ["s_002", "s_004"]


async def read_anew(station: Station, connection_id):
    """Have the whole calendar read, of which no change is told any more."""
    times = len(station.bodies(CALENDAR_EVENTS, CalendarResynced))
    station.provider.forget_cursors(CALENDAR)
    await station.publish(CALENDAR_HINTS, hinted(connection_id))
    await until(
        lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) > times, what="the end"
    )


@pytest.mark.parametrize("stays", [0, 2])
async def test_a_series_that_moved_between_two_full_lists_tells_what_it_was(
    station: Station, stays
):
    put_days(station, range(6))
    station.provider.page_size = 2
    async with station.service():
        connection_id = await connected(station)
        shown = [*(occurrence(one) for one in range(stays)), *moved(range(stays, 6))]
        station.provider.put_series(CALENDAR, "s", shown)
        await read_anew(station, connection_id)
    assert formerly(station) == {f"m_{one:03}": f"s_{one:03}" for one in range(stays, 6)}
    assert gone(station) == [f"s_{one:03}" for one in range(stays, 6)]


async def test_a_full_list_asks_for_no_series_that_has_not_changed(
    station: Station, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    shown = MemoryProvider.occurrences

    async def noting(provider: MemoryProvider, *call: Any, **of: Any) -> Occurrences:
        if of.get("series_id"):
            asked.append(of["series_id"])
        return await shown(provider, *call, **of)

    put_days(station, range(6))
    station.provider.page_size = 2
    async with station.service():
        connection_id = await connected(station)
        monkeypatch.setattr(MemoryProvider, "occurrences", noting)
        station.provider.put_series(
            CALENDAR, "new", [occurrence(one, series="new") for one in range(5)]
        )
        await read_anew(station, connection_id)
    assert "new_004" in observed(station)
    assert asked == []


@pytest.mark.parametrize("then", ["read on", "read anew", "moved again", "moved back"])
async def test_what_an_occurrence_was_is_told_although_the_reading_died_before_the_telling(
    station: Station, monkeypatch: pytest.MonkeyPatch, then
):
    died = False

    async def dying(*_: Any) -> None:
        nonlocal died
        died = True
        raise Retryable("died")

    put_days(station, range(3))
    async with station.service():
        connection_id = await connected(station)
        with monkeypatch.context() as while_dying:
            while_dying.setattr(Reader, "_publish", dying)
            station.provider.put_series(CALENDAR, "s", moved(range(3)))
            await station.publish(CALENDAR_HINTS, hinted(connection_id))
            await until(lambda: died, what="the end of the reading")
        if then == "moved again":
            station.provider.put_series(CALENDAR, "s", moved(range(3), hours=5, name="n"))
        if then == "moved back":
            put_days(station, range(3))
        if then == "read anew":
            await station.publish(SYNC_REQUESTS, requested(connection_id))
        await hear(station, connection_id)
    expected = {
        "read on": {"m_000": "s_000", "m_001": "s_001", "m_002": "s_002"},
        "read anew": {"m_000": "s_000", "m_001": "s_001", "m_002": "s_002"},
        "moved again": {"n_000": "s_000", "n_001": "s_001", "n_002": "s_002"},
        "moved back": {},
    }
    assert formerly(station) == expected[then]
    assert ("s_001" in gone(station)) is (then != "moved back")
    kept = await station.query("SELECT 1 FROM calendar.known_events WHERE formerly IS NOT NULL")
    assert kept == []
