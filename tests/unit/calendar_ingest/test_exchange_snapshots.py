"""Items of Exchange's as snapshots."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from exchangelib import (
    Attendee,
    Body,
    CalendarItem,
    EWSDate,
    EWSDateTime,
    EWSTimeZone,
    HTMLBody,
    Mailbox,
)
from exchangelib.errors import (
    ErrorFolderNotFound,
    ErrorInvalidSyncStateData,
    ErrorItemNotFound,
    ErrorServerBusy,
    TransportError,
    UnauthorizedError,
)

from calendar_ingest.adapters.exchange.failures import translated
from calendar_ingest.adapters.exchange.snapshots import snapshot
from calendar_ingest.adapters.exchange.values import values
from calendar_ingest.calendars import CalendarGoneError, CursorExpiredError, MissingError
from tandem.contracts.events import EventKind, Response, TextFormat
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Timed
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable

OWNER = "anna@example.com"
BERLIN = EWSTimeZone("Europe/Berlin")


def item(**fields: Any) -> CalendarItem:
    known = {
        "subject": "Lunch",
        "start": EWSDateTime(2031, 3, 4, 10, tzinfo=BERLIN),
        "end": EWSDateTime(2031, 3, 4, 11, tzinfo=BERLIN),
    }
    made = CalendarItem(**(known | fields))
    made.id, made.changekey = "id", "key"
    return made


def test_times_are_told_in_utc():
    event = snapshot(item(), OWNER)
    assert event.schedule == Timed(
        start=datetime(2031, 3, 4, 9, tzinfo=UTC), end=datetime(2031, 3, 4, 10, tzinfo=UTC)
    )
    assert (event.event_id, event.version) == ("id", "key")


def test_whole_days_are_counted_rightly_where_the_clocks_change():
    days = item(
        start=EWSDate(2031, 3, 29),
        end=EWSDate(2031, 3, 29),  # the client errs by a day here
        is_all_day=True,
        duration="P1DT23H0M",
    )
    assert snapshot(days, OWNER).schedule == AllDay(first=date(2031, 3, 29), days=2)
    days.duration = None
    assert snapshot(days, OWNER).schedule == AllDay(first=date(2031, 3, 29), days=1)


@pytest.mark.rule("5.7")
def test_guests_rooms_and_the_owner_are_told_apart():
    def invited(email: str) -> Attendee:
        return Attendee(mailbox=Mailbox(email_address=email), response_type="Unknown")

    event = snapshot(
        item(
            organizer=Mailbox(email_address="boss@example.com"),
            my_response_type="Decline",
            required_attendees=[invited("Anna@Example.com"), invited("guest@example.com")],
            optional_attendees=[invited("guest@example.com")],
            resources=[invited("room@example.com")],
        ),
        OWNER,
    )
    told = {one.email: (one.is_self, one.is_room) for one in event.attendees}
    assert told == {
        "anna@example.com": (True, False),
        "guest@example.com": (False, False),
        "room@example.com": (False, True),
    }
    assert (event.is_organizer, event.response) == (False, Response.DECLINED)


@pytest.mark.rule("5.6")
def test_text_privacy_busyness_and_kind_are_read():
    event = snapshot(item(body=HTMLBody("<b>x</b>"), sensitivity="Private"), OWNER)
    assert (event.description_format, event.private) == (TextFormat.HTML, True)
    plain = snapshot(
        item(body=Body("a <b"), legacy_free_busy_status="Free", item_class="IPM.Task"), OWNER
    )
    assert (plain.description, plain.description_format) == ("a <b", TextFormat.TEXT)
    assert (plain.busy, plain.kind) == (False, EventKind.OTHER)
    assert snapshot(item(legacy_free_busy_status="OOF"), OWNER).busy


@pytest.mark.parametrize(
    ("sensitivity", "private"),
    [("Normal", False), ("Personal", True), ("Private", True), ("Confidential", True)],
)
def test_every_sensitivity_but_the_normal_one_is_private(sensitivity: str, *, private: bool):
    assert snapshot(item(sensitivity=sensitivity), OWNER).private is private


@pytest.mark.parametrize(
    ("refusal", "meaning"),
    [
        (UnauthorizedError("no"), GrantLostError),
        (ErrorFolderNotFound("no"), CalendarGoneError),
        (ErrorItemNotFound("no"), MissingError),
        (ErrorInvalidSyncStateData("no"), CursorExpiredError),
        (TransportError("no"), Retryable),
    ],
)
def test_refusals_are_told_in_our_own_words(refusal: Exception, meaning: type[Exception]):
    with pytest.raises(meaning), translated():
        raise refusal


def test_a_busy_server_is_left_alone_for_as_long_as_it_says():
    with pytest.raises(Retryable) as busy, translated():
        raise ErrorServerBusy("busy", back_off=12)
    assert busy.value.retry_after_s == 12


@pytest.mark.rule("5.6")
@pytest.mark.rule("5.6")
@pytest.mark.parametrize("status", ["Tentative", "OOF", "WorkingElsewhere"])
def test_how_busy_an_event_is_stays_unless_that_is_changed(status: str):
    assert snapshot(item(legacy_free_busy_status=status), OWNER).busy
    start = datetime(2031, 3, 4, 9, tzinfo=UTC)
    meeting = Meeting(title="Moved", schedule=Timed(start=start, end=start), busy=False)
    others = frozenset(MeetingField) - {MeetingField.BUSY}
    assert "legacy_free_busy_status" not in values(meeting, others, time_zone="Europe/Berlin")
    flipped = values(meeting, frozenset({MeetingField.BUSY}), time_zone="Europe/Berlin")
    assert flipped == {"legacy_free_busy_status": "Free"}
