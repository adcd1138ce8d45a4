"""The schema was put back to a backup: everything is read anew, and nothing old is written."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    event,
    requested,
    until,
)

from calendar_ingest.repository import Commands
from tandem.contracts.commands import CreateEvent
from tandem.contracts.connections import ConnectionHealthReported, ConnectionStatus, HealthSignal
from tandem.contracts.events import CalendarResynced, EventGone, EventObserved
from tandem.contracts.meetings import Meeting, Timed
from tandem.contracts.outcomes import EventWritten
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_EVENTS,
    SETTINGS_CONNECTIONS,
    SYNC_HEALTH,
    SYNC_OUTCOMES,
    SYNC_REQUESTS,
)
from tandem.runtime.postgres import open_pool
from tandem.runtime.restored import note_restore
from tandem.runtime.subscriptions import Delivery

CALENDAR = "work@example.com"
START = datetime(2031, 3, 4, 9, tzinfo=UTC)


def _create(connection_id: UUID, title: str) -> CreateEvent:
    return CreateEvent(
        message_id=uuid4(),
        occurred_at=datetime.now(UTC),
        user=USER,
        connection_id=connection_id,
        link_id=uuid4(),
        revision=1,
        calendar_id=CALENDAR,
        generation=0,
        meeting=Meeting(title=title, schedule=Timed(start=START, end=START.replace(hour=10))),
        time_zone="Europe/Berlin",
    )


def _pushes(station: Station) -> int:
    told = station.bodies(SYNC_HEALTH, ConnectionHealthReported)
    return [body.signal for body in told].count(HealthSignal.PUSH_UP)


async def test_everything_is_read_and_watched_anew_and_no_old_command_is_carried_out(
    station: Station,
):
    connection_id = uuid4()
    for event_id in ("stays", "goes"):
        station.provider.put(CALENDAR, event(event_id))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await station.publish(SYNC_REQUESTS, requested(connection_id))
        await until(
            lambda: station.bodies(CALENDAR_EVENTS, CalendarResynced) and _pushes(station),
            what="the calendar is read and watched",
        )
    await station.publish(CALENDAR_COMMANDS, _create(connection_id, "Old"))
    station.provider.take_away(CALENDAR, "goes")
    station.provider.put(CALENDAR, event("new"))
    seen, watched = len(station.taken[CALENDAR_EVENTS.name]), _pushes(station)

    await note_restore(station.database_url, "calendar-ingest")
    async with station.service():
        await until(
            lambda: (
                len(station.bodies(CALENDAR_EVENTS, CalendarResynced)) > 1
                and _pushes(station) > watched
            ),
            what="the calendar is read and watched again",
        )
        await station.publish(CALENDAR_COMMANDS, _create(connection_id, "New"))
        [outcome] = await until(
            lambda: station.bodies(SYNC_OUTCOMES, EventWritten), what="the new command's outcome"
        )
    told = [taken.body for taken in station.taken[CALENDAR_EVENTS.name]][seen:]
    assert [one.event_id for one in told if isinstance(one, EventGone)] == ["goes"]
    observed = {one.event.event_id for one in told if isinstance(one, EventObserved)}
    assert observed >= {"stays", "new"}
    assert outcome.event.title == "New"
    assert station.provider.writes == 1


async def test_commands_that_wait_are_kept_only_for_a_connection_that_was_being_removed(
    station: Station,
):
    removed, other = uuid4(), uuid4()
    commands = [_create(removed, "Lunch"), _create(other, "Lunch")]
    async with station.service():
        for command in commands:
            told = connection_changed(command.connection_id, status=ConnectionStatus.PAUSED)
            await station.publish(SETTINGS_CONNECTIONS, told)
            await station.publish(CALENDAR_COMMANDS, command)
        await until(lambda: _are_waiting(station, 2), what="both commands wait")
    await station.query(
        "UPDATE calendar.connections SET removed_at = now() WHERE connection_id = $1", removed
    )
    await note_restore(station.database_url, "calendar-ingest")
    assert await _waiting(station) == [removed]
    await station.query("DELETE FROM calendar.commands")
    pool = await open_pool(station.database_url, connections_max=1)
    kept = Commands(SimpleNamespace(pool=pool))
    await kept.queue([Delivery(command, None) for command in commands])
    await pool.close()
    assert await _waiting(station) == [removed]


async def _waiting(station: Station) -> list[UUID]:
    rows = await station.query("SELECT connection_id FROM calendar.commands")
    return [row["connection_id"] for row in rows]


async def _are_waiting(station: Station, count: int) -> bool:
    return len(await _waiting(station)) == count
