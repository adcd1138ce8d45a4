"""Events of Graph's as snapshots, and what is written in its terms."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgraph.generated.models.event import Event

from calendar_ingest.adapters.microsoft.bodies import changed_event
from calendar_ingest.adapters.microsoft.cursors import Cursor
from calendar_ingest.adapters.microsoft.identifiers import LINK_PROPERTY, link_of, transaction_id
from calendar_ingest.adapters.microsoft.snapshots import snapshot
from calendar_ingest.adapters.microsoft.versions import etag_of, has_guests
from calendar_ingest.adapters.microsoft.zones import iana_name, windows_name
from tandem.contracts.events import Response, Series, TextFormat
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Schedule, Timed

LINK = UUID("8f6ae5b6-2f5b-4e62-9d25-3f5c1d6fd7b8")
HOURS_PER_YEAR = 365 * 24


def item(**fields: Any) -> dict[str, Any]:
    known = {
        "id": "id",
        "@odata.etag": 'W/"1"',
        "subject": "Lunch",
        "start": {"dateTime": "2031-03-04T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2031-03-04T10:00:00.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": "W. Europe Standard Time",
        "organizer": {"emailAddress": {"address": "Anna@Example.com"}},
        "isOrganizer": True,
        "type": "singleInstance",
    }
    return known | fields


def guest(email: str, kind: str = "required") -> dict[str, Any]:
    return {"emailAddress": {"address": email, "name": email}, "type": kind}


def body_of(schedule: Timed, zone: str) -> Event:
    meeting = Meeting(title="Lunch", schedule=schedule)
    return changed_event(meeting, frozenset({MeetingField.SCHEDULE}), time_zone=zone)


def as_read_again(body: Event) -> Schedule:
    points = {
        name: {"dateTime": point.date_time, "timeZone": point.time_zone}
        for name, point in (("start", body.start), ("end", body.end))
        if point is not None
    }
    return snapshot(item(**points)).schedule


def test_times_are_told_in_utc_and_zones_by_their_iana_name():
    event = snapshot(item(lastModifiedDateTime="2031-01-02T03:04:05.1234567Z"))
    start = datetime(2031, 3, 4, 9, tzinfo=UTC)
    assert event.schedule == Timed(start=start, end=start + timedelta(hours=1))
    assert event.time_zone == "Europe/Berlin"
    assert event.updated_at == datetime(2031, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    elsewhere = {"dateTime": "2031-07-04T09:00:00", "timeZone": "Eastern Standard Time"}
    moved = snapshot(item(start=elsewhere, end=elsewhere))
    assert moved.schedule.start == datetime(2031, 7, 4, 13, tzinfo=UTC)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2031-03-29T00:00:00", "2031-03-31T00:00:00", "UTC"),
        ("2031-03-28T23:00:00", "2031-03-30T22:00:00", "W. Europe Standard Time"),
    ],
)
def test_whole_days_are_counted_in_the_zone_where_they_were_made(start: str, end: str, zone: str):
    event = snapshot(
        item(
            isAllDay=True,
            start={"dateTime": start, "timeZone": "UTC"},
            end={"dateTime": end, "timeZone": "UTC"},
            originalStartTimeZone=zone,
        )
    )
    assert event.schedule == AllDay(first=date(2031, 3, 29), days=2)


def test_an_occurrence_knows_its_series_and_bears_no_mark():
    fields = {
        "type": "exception",
        "seriesMasterId": "master",
        "originalStart": "2031-03-03T09:00:00.0000000Z",
        "transactionId": transaction_id(LINK, 0),
    }
    event = snapshot(item(**fields))
    start = datetime(2031, 3, 3, 9, tzinfo=UTC)
    assert event.series == Series(series_id="master", original_start=start)
    assert event.link_mark is None
    day = item(
        **fields | {"originalStart": "2031-03-02T23:00:00Z"},
        isAllDay=True,
        start={"dateTime": "2031-03-03T00:00:00", "timeZone": "UTC"},
        end={"dateTime": "2031-03-04T00:00:00", "timeZone": "UTC"},
    )
    series = snapshot(day).series
    assert series is not None
    assert series.original_start == date(2031, 3, 3)


def test_a_mark_is_read_from_the_property_or_else_from_the_transaction():
    marked = item(singleValueExtendedProperties=[{"id": LINK_PROPERTY.upper(), "value": "link"}])
    assert snapshot(marked).link_mark == "link"
    assert snapshot(item(transactionId=transaction_id(LINK, 3))).link_mark == str(LINK)
    assert snapshot(item(transactionId="somebody's own")).link_mark is None
    assert link_of("tandem:") is None


def test_the_owner_and_rooms_are_told_apart_from_guests():
    alone = snapshot(item(attendees=[guest("anna@example.com")]))
    assert [one.is_self for one in alone.attendees] == [True]
    assert not has_guests(alone.version)
    people = [guest("Bo@Example.com"), guest("room@example.com", "resource")]
    event = snapshot(item(attendees=people))
    assert [(one.email, one.is_room) for one in event.attendees] == [
        ("bo@example.com", False),
        ("room@example.com", True),
    ]
    assert has_guests(event.version)
    assert etag_of(event.version) == 'W/"1"'


def test_somebody_else_s_meeting_shows_the_own_answer():
    event = snapshot(
        item(isOrganizer=False, responseStatus={"response": "tentativelyAccepted", "time": ""})
    )
    assert (event.is_organizer, event.response) == (False, Response.TENTATIVE)


@pytest.mark.parametrize(
    ("body", "text", "kind"),
    [
        ({"contentType": "text", "content": "one \r\ntwo\r\n"}, "one\ntwo", TextFormat.TEXT),
        ({"contentType": "html", "content": "<p>one</p>"}, "<p>one</p>", TextFormat.HTML),
    ],
)
def test_a_body_is_told_as_it_is_written(body: dict[str, str], text: str, kind: TextFormat):
    event = snapshot(item(body=body))
    assert (event.description, event.description_format) == (text, kind)


def test_a_meeting_s_address_whether_it_is_free_and_whether_it_is_private_are_told():
    event = snapshot(
        item(
            onlineMeeting={"joinUrl": "https://teams.example/1"},
            showAs="free",
            sensitivity="confidential",
            location={"displayName": "Canteen"},
            webLink="https://outlook.example/1",
        )
    )
    assert (event.conference_url, event.busy, event.private) == (
        "https://teams.example/1",
        False,
        True,
    )
    assert (event.location, event.url) == ("Canteen", "https://outlook.example/1")


@pytest.mark.parametrize(
    ("sensitivity", "private"),
    [("normal", False), ("personal", True), ("private", True), ("confidential", True)],
)
def test_every_sensitivity_but_the_normal_one_is_private(sensitivity: str, *, private: bool):
    assert snapshot(item(sensitivity=sensitivity)).private is private


@pytest.mark.rule("5.2")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_every_half_hour_of_a_year_is_written_as_the_moment_that_it_is(zone: str):
    begin = datetime(2031, 1, 1, tzinfo=UTC)
    starts = (begin + timedelta(hours=count) for count in range(HOURS_PER_YEAR))
    halves = [Timed(start=start, end=start + timedelta(minutes=30)) for start in starts]
    assert [half for half in halves if as_read_again(body_of(half, zone)) != half] == []


@pytest.mark.rule("5.2")
@pytest.mark.parametrize("hour", [0, 1])
def test_an_hour_that_the_clock_shows_twice_is_written_in_utc(hour: int):
    moment = datetime(2031, 10, 26, hour, 30, tzinfo=UTC)
    point = body_of(Timed(start=moment, end=moment), "Europe/Berlin").start
    assert point is not None
    assert (point.date_time, point.time_zone) == (f"2031-10-26T0{hour}:30:00", "UTC")


def test_zones_go_by_both_names_and_unknown_ones_by_none():
    assert iana_name("W. Europe Standard Time") == "Europe/Berlin"
    assert iana_name("Europe/Stockholm") == "Europe/Stockholm"
    assert iana_name("Middle Earth") is None
    assert windows_name("Europe/Stockholm") == "W. Europe Standard Time"
    assert windows_name("Middle/Earth") == "UTC"


def test_a_cursor_keeps_its_window_until_the_present_has_moved_on():
    now = datetime(2031, 3, 4, tzinfo=UTC)
    cursor = Cursor.parse(str(Cursor.beginning(now).at("https://graph.example/next")))
    start, end = cursor.window
    assert start == now - timedelta(days=31)
    assert timedelta(days=1_800) < end - start < timedelta(days=1_825)
    assert cursor.link == "https://graph.example/next"
    assert not cursor.outlived(now + timedelta(days=29))
    assert cursor.outlived(now + timedelta(days=31))
