"""Reading: everything is published before the cursor moves, and absence never deletes."""

from typing import Any
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    event,
    hinted,
    requested,
    until,
)

from calendar_ingest.repository import ReadClaim, Reads
from tandem.contracts.connections import ConnectionHealthReported, ConnectionStatus, HealthSignal
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved
from tandem.contracts.topics import (
    CALENDAR_EVENTS,
    CALENDAR_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_HEALTH,
    SYNC_REQUESTS,
)
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable

CALENDAR = "work@example.com"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _backfilled(station: Station, connection_id):
    await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
    await station.publish(SYNC_REQUESTS, requested(connection_id))
    await until(
        lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the backfill's end"
    )


def _is_watched(station: Station) -> bool:
    told = station.bodies(SYNC_HEALTH, ConnectionHealthReported)
    return HealthSignal.PUSH_UP in {body.signal for body in told}


async def test_backfill_publishes_every_event_and_then_says_that_all_were_seen(station: Station):
    connection_id = uuid4()
    station.provider.page_size = 3
    for number in range(10):
        station.provider.put(CALENDAR, event(f"e{number}"))
    async with station.service():
        await _backfilled(station, connection_id)
    bodies = [taken.body for taken in station.taken[CALENDAR_EVENTS.name]]
    seen = [body.event.event_id for body in bodies if isinstance(body, EventObserved)]
    assert seen == [f"e{number}" for number in range(10)]
    assert isinstance(bodies[-1], CalendarResynced)
    assert bodies[-1].calendar_id == CALENDAR
    assert {taken.key for taken in station.taken[CALENDAR_EVENTS.name]} == {USER.key}


async def test_a_deletion_is_told_although_the_first_reading_died_between_telling_and_keeping(
    station: Station, monkeypatch: pytest.MonkeyPatch
):
    kept = Reads.store_page

    async def dying(reads: Reads, claim: ReadClaim, *, listed: bool, **page: Any) -> bool:
        if listed:
            raise Retryable("died")
        return await kept(reads, claim, listed=listed, **page)

    monkeypatch.setattr(Reads, "store_page", dying)
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("e"))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(lambda: station.bodies(CALENDAR_EVENTS, EventObserved), what="it is told of")
        station.provider.take_away(CALENDAR, "e")
        station.provider.forget_cursors(CALENDAR)
        monkeypatch.setattr(Reads, "store_page", kept)
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the end")
    assert [gone.event_id for gone in station.bodies(CALENDAR_EVENTS, EventGone)] == ["e"]


async def test_a_request_before_its_connection_is_carried_out_when_that_comes(station: Station):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("e"))
    async with station.service():
        await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(
            lambda: station.query("SELECT 1 FROM calendar.reads WHERE due_at IS NOT NULL"),
            what="the request is kept",
        )
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the end")
    assert len(station.bodies(CALENDAR_EVENTS, EventObserved)) == 1


async def test_a_hint_reads_only_what_changed_and_carries_its_trace(station: Station):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("old"))
    async with station.service():
        await _backfilled(station, connection_id)
        station.provider.put(CALENDAR, event("new"))
        station.provider.take_away(CALENDAR, "old")
        await station.publish(CALENDAR_HINTS, hinted(connection_id), trace=TRACE)
        gone = await until(lambda: station.bodies(CALENDAR_EVENTS, EventGone), what="the tombstone")
    observed = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert [body.event.event_id for body in observed] == ["old", "new"]
    assert [body.event_id for body in gone] == ["old"]
    traces = {
        taken.trace.split("-")[1]  # type: ignore[union-attr]
        for taken in station.taken[CALENDAR_EVENTS.name]
        if taken.body in (observed[1], gone[0])
    }
    assert traces == {TRACE.split("-")[1]}


async def test_an_expired_cursor_reads_everything_and_deletes_nothing_by_absence(
    station: Station,
):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("stays"))
    station.provider.put(CALENDAR, event("goes"))
    async with station.service():
        await _backfilled(station, connection_id)
        station.provider.take_away(CALENDAR, "goes")
        station.provider.forget_cursors(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 2,
            what="the resync",
        )
        gone = station.bodies(CALENDAR_EVENTS, EventGone)
        assert [body.event_id for body in gone] == ["goes"]
        # The event that only left the list is asked for, found, and told as it is now.
        station.provider.put(CALENDAR, event("stays", title="Edited meanwhile"))
        station.provider.hide(CALENDAR, "stays")
        station.provider.forget_cursors(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 3,
            what="the second resync",
        )
    assert len(station.bodies(CALENDAR_EVENTS, EventGone)) == 1
    told = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert told[-1].event.title == "Edited meanwhile"


async def test_bad_weather_delays_one_calendar_and_loses_nothing(station: Station):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("e"))
    station.provider.failures += [Retryable("quota"), OSError("connection reset")]
    async with station.service():
        await _backfilled(station, connection_id)
    assert len(station.bodies(CALENDAR_EVENTS, EventObserved)) == 1


async def test_a_crash_between_publish_and_cursor_publishes_again(station: Station):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("e"))
    async with station.service():
        await _backfilled(station, connection_id)
        await station.query("UPDATE calendar.reads SET cursor = '0'")
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, EventObserved)) == 2, what="read again"
        )


async def test_an_interrupted_full_read_goes_on_where_it_was(station: Station):
    connection_id = uuid4()
    station.provider.page_size = 2
    for number in range(4):
        station.provider.put(CALENDAR, event(f"e{number}"))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await until(lambda: station.query("SELECT 1 FROM calendar.reads"), what="the connection")
        await station.query(
            "UPDATE calendar.reads SET cursor = '2', full_started_at = now(), due_at = now()"
        )
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the end")
    observed = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert [body.event.event_id for body in observed] == ["e2", "e3"]


async def test_a_new_connection_is_read_and_watched_before_its_start(station: Station):
    connection_id = uuid4()
    new = connection_changed(connection_id, status=ConnectionStatus.SETTING_UP)
    station.provider.put(CALENDAR, event("e"))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, new)
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the reading")
        await until(lambda: _is_watched(station), what="the watching")
    [observed] = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert (observed.connection_id, observed.event.event_id) == (connection_id, "e")


async def test_paused_is_read_and_reconnecting_or_gone_is_not(station: Station):
    quiet = {uuid4(): ConnectionStatus.CALENDAR_GONE, uuid4(): ConnectionStatus.RECONNECT_NEEDED}
    paused = uuid4()
    station.provider.put(CALENDAR, event("e"))
    async with station.service():
        for connection_id, status in {**quiet, paused: ConnectionStatus.PAUSED}.items():
            await station.publish(
                SETTINGS_CONNECTIONS, connection_changed(connection_id, status=status)
            )
            await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced), what="the paused")
        await until(
            lambda: station.query(
                "SELECT 1 FROM calendar.reads WHERE due_at IS NOT NULL HAVING count(*) = 2"
            ),
            what="both requests are kept",
        )
    observed = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert {body.connection_id for body in observed} == {paused}


async def test_a_sweep_reads_calendars_of_which_nothing_was_heard(station: Station):
    connection_id = uuid4()
    async with station.service(sweep_interval_s=1):
        await _backfilled(station, connection_id)
        station.provider.put(CALENDAR, event("unheard"))
        await until(lambda: station.bodies(CALENDAR_EVENTS, EventObserved), what="the sweep")


async def test_a_lost_grant_is_reported_and_its_return_too(station: Station):
    connection_id = uuid4()
    async with station.service(sweep_interval_s=1):
        await _backfilled(station, connection_id)
        await until(lambda: _is_watched(station), what="the channel")
        station.provider.failures.append(GrantLostError("revoked"))
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        signals = await until(
            lambda: station.signals_after(HealthSignal.GRANT_LOST, count=2), what="the return"
        )
    assert signals == [HealthSignal.GRANT_RESTORED, HealthSignal.SYNCED]


async def test_a_calendar_that_is_gone_is_reported(station: Station):
    connection_id = uuid4()
    async with station.service():
        await _backfilled(station, connection_id)
        station.provider.remove_calendar(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: station.signals_after(HealthSignal.CALENDAR_GONE, count=0) is not None,
            what="the report",
        )


async def test_another_calendar_is_read_from_its_start(station: Station):
    connection_id = uuid4()
    station.provider.add_calendar("other@example.com")
    station.provider.put(CALENDAR, event("first"))
    station.provider.put("other@example.com", event("second"))
    async with station.service():
        await _backfilled(station, connection_id)
        await station.publish(
            SETTINGS_CONNECTIONS,
            connection_changed(connection_id, revision=2, calendar_id="other@example.com"),
        )
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) == 2, what="the other"
        )
        assert len(station.provider.channels) <= 2
        await until(lambda: len(station.provider.channels) == 1, what="one channel is left")
    observed = station.bodies(CALENDAR_EVENTS, EventObserved)
    assert [(body.calendar_id, body.event.event_id) for body in observed] == [
        (CALENDAR, "first"),
        ("other@example.com", "second"),
    ]


async def test_an_older_revision_of_a_connection_changes_nothing(station: Station):
    connection_id = uuid4()
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id, revision=3))
        await station.publish(
            SETTINGS_CONNECTIONS,
            connection_changed(connection_id, revision=2, status=ConnectionStatus.PAUSED),
        )
        other = uuid4()
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(other))
        await until(
            lambda: station.query("SELECT 1 FROM calendar.connections HAVING count(*) = 2"),
            what="both connections",
        )
        rows = await station.query(
            "SELECT revision, status FROM calendar.connections WHERE connection_id = $1",
            connection_id,
        )
    assert [tuple(row) for row in rows] == [(3, "active")]


async def test_two_processes_never_read_one_calendar_at_once(station: Station):
    connection_id = uuid4()
    station.provider.put(CALENDAR, event("e"))
    async with station.service(), station.service():
        await _backfilled(station, connection_id)
        for number in range(20):
            station.provider.put(CALENDAR, event(f"n{number}"))
            await station.publish(CALENDAR_HINTS, hinted(connection_id))
        await until(
            lambda: len(station.bodies(CALENDAR_EVENTS, EventObserved)) >= 21, what="all events"
        )
    seen = [body.event.event_id for body in station.bodies(CALENDAR_EVENTS, EventObserved)]
    assert sorted(seen) == sorted(set(seen))
