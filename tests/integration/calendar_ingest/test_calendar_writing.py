"""Writing: every command has one outcome and at most one write, whatever happens in between."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tests.integration.calendar_ingest.station import (
    USER,
    Station,
    connection_changed,
    event,
    hinted,
    until,
)

from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.connections import ConnectionRemoved, ConnectionStatus, HealthSignal
from tandem.contracts.events import EventGone
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.contracts.topics import (
    CALENDAR_COMMANDS,
    CALENDAR_EVENTS,
    CALENDAR_HINTS,
    SETTINGS_CONNECTIONS,
    SYNC_OUTCOMES,
)
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable

CALENDAR = "work@example.com"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))


def _common(connection_id: UUID, **changes):
    return {
        "message_id": uuid4(),
        "occurred_at": datetime.now(UTC),
        "user": USER,
        "connection_id": connection_id,
        "link_id": uuid4(),
        "revision": 1,
        "calendar_id": CALENDAR,
        **changes,
    }


def _create(connection_id: UUID, *, meeting: Meeting = MEETING, **changes) -> CreateEvent:
    fields = {"generation": 0, "time_zone": "Europe/Berlin", **changes}
    return CreateEvent(meeting=meeting, **_common(connection_id, **fields))


async def _outcomes(station: Station, count: int) -> list[EventWritten | WriteRejected]:
    kind = (EventWritten, WriteRejected)
    return await until(  # type: ignore[no-any-return]
        lambda: len(found := station.bodies(SYNC_OUTCOMES, kind)) >= count and found,  # type: ignore[arg-type]
        what=f"{count} outcomes",
    )


async def test_create_tells_what_came_back_and_carries_the_commands_trace(station: Station):
    command = _create(uuid4())
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(command.connection_id))
        await station.publish(CALENDAR_COMMANDS, command, trace=TRACE)
        [outcome] = await _outcomes(station, 1)
    [kept] = station.provider.events_of(CALENDAR)
    assert isinstance(outcome, EventWritten)
    assert (outcome.link_id, outcome.revision) == (command.link_id, 1)
    assert outcome.event == kept
    assert kept.link_mark == str(command.link_id)
    # A relay that was stopped between publishing and noting it publishes again.
    taken = station.taken[SYNC_OUTCOMES.name]
    assert {one.body.message_id for one in taken} == {outcome.message_id}
    assert {(one.trace or "").split("-")[1] for one in taken} == {TRACE.split("-")[1]}
    assert {one.key for one in taken} == {USER.key}


async def test_what_we_made_is_missed_in_a_full_list_though_it_was_never_read(station: Station):
    """Its deletion is told of by nothing but an event that is asked for by itself."""
    command, elsewhere = (_create(uuid4()) for _ in range(2))
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(command.connection_id))
        await station.publish(
            SETTINGS_CONNECTIONS,
            connection_changed(elsewhere.connection_id, calendar_id="other@example.com"),
        )
        for one in (command, elsewhere):
            await station.publish(CALENDAR_COMMANDS, one)
        made = {
            one.connection_id: one.event_id
            for one in await _outcomes(station, 2)
            if isinstance(one, EventWritten)
        }
        known = await station.query("SELECT connection_id, event_id FROM calendar.known_events")
        assert [(row["connection_id"], row["event_id"]) for row in known] == [
            (command.connection_id, made[command.connection_id])
        ]
        station.provider.take_away(CALENDAR, made[command.connection_id])
        station.provider.forget_cursors(CALENDAR)
        await station.publish(CALENDAR_HINTS, hinted(command.connection_id))
        [gone] = await until(
            lambda: station.bodies(CALENDAR_EVENTS, EventGone), what="the deletion"
        )
    assert gone.event_id == made[command.connection_id]


async def test_a_repeated_command_has_the_same_outcome_without_a_second_write(station: Station):
    command = _create(uuid4())
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(command.connection_id))
        await station.publish(CALENDAR_COMMANDS, command)
        await _outcomes(station, 1)
        await station.publish(CALENDAR_COMMANDS, command)
        first, second = await _outcomes(station, 2)
    assert first == second
    assert station.provider.writes == 1


async def test_an_older_revision_is_dropped(station: Station):
    newer = _create(uuid4(), revision=5)
    older = newer.model_copy(update={"revision": 4, "message_id": uuid4()})
    marker = _create(newer.connection_id)
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(newer.connection_id))
        await station.publish(CALENDAR_COMMANDS, newer)
        await _outcomes(station, 1)
        await station.publish(CALENDAR_COMMANDS, older)
        await station.publish(CALENDAR_COMMANDS, marker)
        outcomes = await _outcomes(station, 2)
        await until(lambda: _queue_is_empty(station), what="nothing waits")
    assert [(outcome.link_id, outcome.revision) for outcome in outcomes] == [
        (newer.link_id, 5),
        (marker.link_id, 1),
    ]
    assert station.provider.writes == 2


async def _queue_is_empty(station: Station) -> bool:
    return not await station.query("SELECT 1 FROM calendar.commands")


async def test_a_create_whose_event_was_deleted_meanwhile_tells_that_too(station: Station):
    command = _create(uuid4())
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(command.connection_id))
        await station.publish(CALENDAR_COMMANDS, command)
        [written] = await _outcomes(station, 1)
        # The outcome was lost before it was kept, and the user deletes the event.
        await station.query("DELETE FROM calendar.outcomes")
        station.provider.take_away(CALENDAR, written.event_id)  # type: ignore[union-attr]
        await station.publish(CALENDAR_COMMANDS, command)
        _, again = await _outcomes(station, 2)
        gone = await until(lambda: station.bodies(CALENDAR_EVENTS, EventGone), what="the deletion")
    assert isinstance(again, EventWritten)
    assert {body.event_id for body in gone} == {written.event_id}  # type: ignore[union-attr]
    assert station.provider.writes == 1


async def test_a_stale_update_is_rejected_with_what_the_event_is_now(station: Station):
    connection_id = uuid4()
    before = station.provider.put(CALENDAR, event("e"))
    now = station.provider.put(CALENDAR, event("e", title="Moved by its owner"))
    update = UpdateEvent(
        event_id="e",
        version=before.version,
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING,
        time_zone="UTC",
        **_common(connection_id),
    )
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await station.publish(CALENDAR_COMMANDS, update)
        [outcome] = await _outcomes(station, 1)
    assert isinstance(outcome, WriteRejected)
    assert outcome.rejection is Rejection.STALE
    assert outcome.event == now
    assert station.provider.writes == 0


async def test_update_changes_the_named_fields_and_delete_deletes(station: Station):
    connection_id = uuid4()
    before = station.provider.put(CALENDAR, event("e", location="Room 1"))
    update = UpdateEvent(
        event_id="e",
        version=before.version,
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING,
        time_zone="UTC",
        **_common(connection_id),
    )
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await station.publish(CALENDAR_COMMANDS, update)
        [written] = await _outcomes(station, 1)
        assert isinstance(written, EventWritten)
        assert written.event is not None
        assert (written.event.title, written.event.location) == ("Lunch", "Room 1")
        delete = DeleteEvent(
            event_id="e",
            version=written.event.version,
            **_common(connection_id, link_id=update.link_id, revision=2),
        )
        await station.publish(CALENDAR_COMMANDS, delete)
        _, deleted = await _outcomes(station, 2)
    assert isinstance(deleted, EventWritten)
    assert deleted.event is None
    assert station.provider.events_of(CALENDAR) == []


async def test_a_throttled_command_waits_and_is_carried_out_once(station: Station):
    command = _create(uuid4())
    station.provider.failures += [Retryable("quota", retry_after_s=0.2), TimeoutError()]
    async with station.service(roles="writer,web"):
        await _connect(station, command.connection_id)
        await station.publish(CALENDAR_COMMANDS, command)
        [outcome] = await _outcomes(station, 1)
    assert isinstance(outcome, EventWritten)
    assert station.provider.writes == 1


async def _connect(station: Station, connection_id: UUID) -> None:
    """Put a connection where a process without a reader finds it."""
    await station.query(
        "INSERT INTO calendar.connections VALUES"
        " ($1, 1, 7, 42, gen_random_uuid(), 'google', $2, 'active')",
        connection_id,
        CALENDAR,
    )


async def test_only_a_create_that_nobody_has_tried_is_said_to_be_the_first(station: Station):
    connection_id = uuid4()
    long_ago = datetime.now(UTC) - timedelta(days=1)
    cases = [
        (_create(connection_id), None, [False]),
        (_create(connection_id), Retryable("weather"), [False, True]),
        (_create(connection_id, revision=2), None, [True]),
        (_create(connection_id, occurred_at=long_ago), None, [True]),
    ]
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        await until(lambda: station.provider.channels, what="nothing else to be done")
        for count, (command, failure, said) in enumerate(cases, start=1):
            station.provider.failures = [failure] if failure else []
            station.provider.repeated.clear()
            await station.publish(CALENDAR_COMMANDS, command)
            await _outcomes(station, count)
            assert station.provider.repeated == said


async def test_what_a_person_waits_for_comes_before_the_backfill(station: Station):
    connection_id = uuid4()
    async with station.service(roles="writer,web"):
        backfill = [_create(connection_id, backfill=True) for _ in range(15)]
        for command in backfill:
            await station.publish(CALENDAR_COMMANDS, command)
        urgent = _create(connection_id)
        await station.publish(CALENDAR_COMMANDS, urgent)
        await until(
            lambda: station.query("SELECT 1 FROM calendar.commands HAVING count(*) = 16"),
            what="all are queued",
        )
        await _connect(station, connection_id)
        outcomes = await _outcomes(station, 16)
    assert outcomes[0].link_id == urgent.link_id
    assert len({outcome.link_id for outcome in outcomes}) == 16


@pytest.mark.rule("2.8")
async def test_a_backfill_mails_nobody_and_a_guest_is_mailed_once_if_wanted(station: Station):
    connection_id = uuid4()
    meeting = MEETING.model_copy(update={"guests": frozenset({"guest@example.com"})})
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        for changes in (
            {"invite_guests": True, "backfill": True},
            {"invite_guests": False},
            {"invite_guests": True},
        ):
            await station.publish(
                CALENDAR_COMMANDS, _create(connection_id, meeting=meeting, **changes)
            )
        await _outcomes(station, 3)
    assert (station.provider.writes, station.provider.mails) == (3, 1)


@pytest.mark.rule("2.11")
async def test_a_paused_connection_holds_its_commands_and_a_removed_one_does_not(
    station: Station,
):
    paused, removed = uuid4(), uuid4()
    unstarted = uuid4()
    held, last = _create(paused), _create(removed)
    async with station.service():
        await station.publish(
            SETTINGS_CONNECTIONS, connection_changed(paused, status=ConnectionStatus.PAUSED)
        )
        await station.publish(
            SETTINGS_CONNECTIONS, connection_changed(unstarted, status=ConnectionStatus.SETTING_UP)
        )
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(removed))
        await station.publish(
            SETTINGS_CONNECTIONS,
            ConnectionRemoved(
                message_id=uuid4(),
                occurred_at=datetime.now(UTC),
                connection_id=removed,
                revision=2,
                user=USER,
            ),
        )
        await until(
            lambda: station.query(
                "SELECT 1 FROM calendar.connections WHERE removed_at IS NOT NULL"
            ),
            what="the removal",
        )
        await station.publish(CALENDAR_COMMANDS, held)
        await station.publish(CALENDAR_COMMANDS, _create(unstarted))
        await station.publish(CALENDAR_COMMANDS, last)
        [outcome] = await _outcomes(station, 1)
        assert outcome.link_id == last.link_id
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(paused, revision=2))
        outcomes = await _outcomes(station, 2)
    assert outcomes[1].link_id == held.link_id


async def test_a_lost_grant_rejects_and_the_same_command_works_after_the_reconnect(
    station: Station,
):
    command = _create(uuid4())
    station.provider.failures.append(GrantLostError("revoked"))
    async with station.service(roles="writer,web"):
        await _connect(station, command.connection_id)
        await station.publish(CALENDAR_COMMANDS, command)
        [lost] = await _outcomes(station, 1)
        assert isinstance(lost, WriteRejected)
        assert lost.rejection is Rejection.AUTH_LOST
        await until(
            lambda: station.signals_after(HealthSignal.GRANT_LOST, count=0) is not None,
            what="the report",
        )
        await station.publish(CALENDAR_COMMANDS, command)
        _, written = await _outcomes(station, 2)
    assert isinstance(written, EventWritten)


async def test_an_unknown_error_holds_up_no_other_command(station: Station):
    connection_id = uuid4()
    bad, good = _create(connection_id), _create(connection_id)
    station.provider.failures.append(RuntimeError("a bug"))
    async with station.service(roles="writer,web"):
        await _connect(station, connection_id)
        await station.publish(CALENDAR_COMMANDS, bad)
        await station.publish(CALENDAR_COMMANDS, good)
        outcomes = await _outcomes(station, 2)
    assert {outcome.link_id for outcome in outcomes} == {bad.link_id, good.link_id}
    assert all(isinstance(outcome, EventWritten) for outcome in outcomes)


async def test_commands_taken_before_a_stop_are_carried_out_after_the_next_start(
    station: Station,
):
    connection_id = uuid4()
    commands = [_create(connection_id) for _ in range(30)]
    async with station.service():
        for command in commands:
            await station.publish(CALENDAR_COMMANDS, command)
        await until(
            lambda: station.query("SELECT 1 FROM calendar.commands HAVING count(*) = 30"),
            what="all are queued",
        )
    async with station.service():
        await station.publish(SETTINGS_CONNECTIONS, connection_changed(connection_id))
        outcomes = await _outcomes(station, 30)
    assert len({outcome.link_id for outcome in outcomes}) == 30
    assert station.provider.writes == 30
