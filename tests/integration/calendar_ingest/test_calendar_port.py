"""One suite for every implementation of the port: the provider in memory, and the real ones."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.providers import (
    MemoryOwner,
    Owner,
    exchange_owner,
    google_owner,
    microsoft_owner,
)

from calendar_ingest.calendars import (
    CalendarGoneError,
    Changes,
    CursorExpiredError,
    EventEdit,
    MissingError,
    NewEvent,
    StaleError,
    Tombstone,
)
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Timed

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(
    title="Lunch",
    schedule=Timed(start=START, end=START + timedelta(hours=1)),
    description="Bring the <contract> & a pen",
    location="Main Street 1",
    guests=frozenset({"guest@example.com"}),
)


OWNERS: dict[str, Callable[[], AbstractAsyncContextManager[Owner]]] = {
    "google": google_owner,
    "microsoft": microsoft_owner,
    "exchange": exchange_owner,
}


@pytest.fixture(params=["memory", *OWNERS])
async def owner(request: pytest.FixtureRequest) -> AsyncIterator[Owner]:
    if request.param == "memory":
        yield MemoryOwner()
    else:
        async with OWNERS[request.param]() as one:
            yield one


async def _everything(owner: Owner, cursor: str | None = None) -> Changes:
    """All pages as one."""
    observed: list[EventSnapshot] = []
    gone: list[Tombstone] = []
    while True:
        page = await owner.access.calendars.changes(owner.calendar, cursor)
        observed += page.observed
        gone += page.gone
        cursor = page.cursor
        if not page.more:
            return Changes(tuple(observed), tuple(gone), cursor, more=False)


def _new(**changes) -> NewEvent:
    return replace(
        NewEvent(link_id=uuid4(), generation=0, meeting=MEETING, time_zone="Europe/Berlin"),
        **changes,
    )


def _edit(event: EventSnapshot, *fields: MeetingField, **changes) -> EventEdit:
    return EventEdit(
        event_id=event.event_id,
        version=event.version,
        fields=frozenset(fields),
        meeting=MEETING.model_copy(update=changes),
        time_zone="Europe/Berlin",
    )


@pytest.mark.rule("2.1")
async def test_the_account_lists_its_calendars(owner: Owner):
    listed = await owner.access.calendars.list(owner.calendar.account)
    [primary] = [calendar for calendar in listed if calendar.primary]
    assert primary.calendar_id == owner.calendar.calendar_id
    assert primary.writable


async def test_pages_lead_to_everything_and_then_to_what_changes_later(owner: Owner):
    for number in range(7):
        await owner.put(f"Event {number}")
    first = await _everything(owner)
    assert {event.title for event in first.observed} == {f"Event {n}" for n in range(7)}
    nothing = await _everything(owner, first.cursor)
    assert (nothing.observed, nothing.gone) == ((), ())
    changed = first.observed[0].event_id
    deleted = first.observed[1].event_id
    await owner.retitle(changed, "Changed")
    await owner.take_away(deleted)
    later = await _everything(owner, nothing.cursor)
    assert [(event.event_id, event.title) for event in later.observed] == [(changed, "Changed")]
    assert [tombstone.event_id for tombstone in later.gone] == [deleted]


async def test_an_expired_cursor_says_so(owner: Owner):
    await owner.put("Event")
    cursor = (await _everything(owner)).cursor
    await owner.forget_cursors()
    with pytest.raises(CursorExpiredError):
        await _everything(owner, cursor)


async def test_what_was_written_is_what_is_read(owner: Owner):
    new = _new()
    created = await owner.access.calendars.create(owner.calendar, new)
    event = created.event
    assert not created.deleted
    assert event == await owner.access.calendars.get(owner.calendar, event.event_id)
    assert event.title == "Lunch"
    assert event.schedule == MEETING.schedule
    assert event.location == MEETING.location
    assert event.busy
    assert event.is_organizer
    assert event.link_mark == str(new.link_id)
    assert _guests(event) == (MEETING.guests if owner.invites_quietly else frozenset())
    assert event.version


def _guests(event: EventSnapshot) -> frozenset[str]:
    return frozenset(one.email for one in event.attendees if not one.is_self)


@pytest.mark.rule("7.4")
async def test_a_repeated_create_finds_the_first_event(owner: Owner):
    new = _new()
    first = await owner.access.calendars.create(owner.calendar, new)
    again = await owner.access.calendars.create(owner.calendar, new)
    assert again == replace(first, found=owner.tells_repeats)
    assert not first.found
    assert len((await _everything(owner)).observed) == 1
    other = await owner.access.calendars.create(owner.calendar, replace(new, generation=1))
    assert other.event.event_id != first.event.event_id


async def test_a_repeated_create_of_a_deleted_event_says_that_it_is_deleted(owner: Owner):
    new = _new()
    first = await owner.access.calendars.create(owner.calendar, new)
    await owner.take_away(first.event.event_id)
    again = await owner.access.calendars.create(owner.calendar, new)
    assert again.deleted
    assert again.event.link_mark == first.event.link_mark
    if owner.names_events:
        assert again.event.event_id == first.event.event_id
    assert (await _everything(owner)).observed == ()


async def test_an_update_changes_the_named_fields_only(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    edit = _edit(event, MeetingField.TITLE, title="Dinner", location="Elsewhere")
    updated = await owner.access.calendars.update(owner.calendar, edit)
    assert (updated.title, updated.location) == ("Dinner", MEETING.location)
    assert updated.version != event.version
    assert updated.attendees == event.attendees


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (MeetingField.SCHEDULE, AllDay(first=date(2031, 3, 30), days=2)),
        (MeetingField.SCHEDULE, Timed(start=START, end=START + timedelta(days=2))),
        (MeetingField.LOCATION, ""),
        (MeetingField.BUSY, False),
    ],
)
async def test_each_field_can_be_changed(owner: Owner, field: MeetingField, value: object):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    edit = _edit(event, field, **{field.value: value})
    updated = await owner.access.calendars.update(owner.calendar, edit)
    assert getattr(updated, field.value) == value
    assert updated.title == event.title
    back = _edit(updated, field)
    again = await owner.access.calendars.update(owner.calendar, back)
    assert getattr(again, field.value) == getattr(event, field.value)


@pytest.mark.parametrize("notify", [False, True])
async def test_guests_can_be_changed(owner: Owner, *, notify: bool):
    event = (await owner.access.calendars.create(owner.calendar, _new(notify=notify))).event
    shown = notify or owner.invites_quietly
    for wanted in (frozenset({"guest@example.com", "new@example.com"}), frozenset[str]()):
        edit = replace(_edit(event, MeetingField.GUESTS, guests=wanted), notify=notify)
        event = await owner.access.calendars.update(owner.calendar, edit)
        assert _guests(event) == (wanted if shown else frozenset())
    assert bool(owner.mails()) is notify


async def test_a_stale_write_changes_nothing_and_shows_what_is_there(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    await owner.retitle(event.event_id, "Owner's")
    for field in (MeetingField.TITLE, MeetingField.GUESTS):
        with pytest.raises(StaleError) as stale:
            await owner.access.calendars.update(owner.calendar, _edit(event, field))
        assert stale.value.event.title == "Owner's"
    with pytest.raises(StaleError):
        await owner.access.calendars.delete(owner.calendar, event.event_id, version=event.version)
    present = await owner.access.calendars.get(owner.calendar, event.event_id)
    assert present is not None
    assert present.title == "Owner's"


async def test_a_deleted_event_is_missing_and_deleting_it_again_is_as_good(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    await owner.access.calendars.delete(owner.calendar, event.event_id, version=event.version)
    await owner.access.calendars.delete(owner.calendar, event.event_id, version=event.version)
    await owner.access.calendars.delete(owner.calendar, event.event_id, version="")
    assert await owner.access.calendars.get(owner.calendar, event.event_id) is None
    for field in (MeetingField.TITLE, MeetingField.GUESTS):
        with pytest.raises(MissingError):
            await owner.access.calendars.update(owner.calendar, _edit(event, field))


async def test_an_unknown_event_is_missing(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    unknown = event.model_copy(update={"event_id": "0123456789abcdef"})
    assert await owner.access.calendars.get(owner.calendar, unknown.event_id) is None
    with pytest.raises(MissingError):
        await owner.access.calendars.update(owner.calendar, _edit(unknown, MeetingField.TITLE))
    await owner.access.calendars.delete(owner.calendar, unknown.event_id, version="")


async def test_an_unknown_calendar_is_gone(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    nowhere = replace(owner.calendar, calendar_id="nowhere@example.com")
    with pytest.raises(CalendarGoneError):
        await owner.access.calendars.changes(nowhere, None)
    with pytest.raises(CalendarGoneError):
        await owner.access.calendars.create(nowhere, _new())
    with pytest.raises(CalendarGoneError):
        await owner.access.calendars.update(nowhere, _edit(event, MeetingField.TITLE))


async def test_nobody_is_mailed_unless_asked(owner: Owner):
    event = (await owner.access.calendars.create(owner.calendar, _new())).event
    edit = _edit(event, MeetingField.TITLE, title="Dinner")
    event = await owner.access.calendars.update(owner.calendar, edit)
    await owner.access.calendars.delete(owner.calendar, event.event_id, version=event.version)
    assert owner.mails() == 0
    event = (await owner.access.calendars.create(owner.calendar, _new(notify=True))).event
    assert owner.mails() == 1
    await owner.access.calendars.update(
        owner.calendar, replace(_edit(event, MeetingField.TITLE, title="Dinner"), notify=True)
    )
    assert owner.mails() == 2


async def test_a_channel_can_be_opened_and_closed_twice(owner: Owner):
    push = owner.access.push
    channel = await push.subscribe(
        owner.calendar, channel_id=str(uuid4()), secret="a secret that is long enough"
    )
    assert channel.expires_at > datetime.now(UTC)
    assert channel.resource_id
    renewed = await push.renew(owner.calendar, channel)
    assert renewed is None or renewed.expires_at >= channel.expires_at
    await push.unsubscribe(owner.calendar.account, channel)
    await push.unsubscribe(owner.calendar.account, channel)
