"""An event of Google's is read as what it is."""

from datetime import UTC, date, datetime

import pytest
from tests.unit.calendar_ingest.google_script import item

from calendar_ingest.adapters.google.snapshots import snapshot
from tandem.contracts.events import Attendee, EventKind, Response, TextFormat
from tandem.contracts.meetings import AllDay, Timed


def _read(**changes):
    event = snapshot(item(**changes))
    assert event is not None
    return event


def test_a_timed_event_is_in_utc():
    event = _read()
    assert event.schedule == Timed(
        start=datetime(2031, 3, 5, 9, tzinfo=UTC), end=datetime(2031, 3, 5, 10, tzinfo=UTC)
    )
    assert event.time_zone == "Europe/Berlin"
    assert event.updated_at == datetime(2031, 3, 4, 9, 0, 0, 123_000, tzinfo=UTC)
    assert (event.event_id, event.version, event.title) == ("abc", '"1"', "Lunch")


def test_a_time_without_offset_is_meant_in_its_own_zone():
    event = _read(
        start={"dateTime": "2031-07-05T10:00:00", "timeZone": "Europe/Berlin"},
        end={"dateTime": "2031-07-05T11:00:00", "timeZone": "No/Such"},
    )
    assert event.schedule.start == datetime(2031, 7, 5, 8, tzinfo=UTC)
    assert event.schedule.end == datetime(2031, 7, 5, 11, tzinfo=UTC)


def test_the_exclusive_end_of_whole_days_becomes_their_number():
    event = _read(start={"date": "2031-03-29"}, end={"date": "2031-04-01"})
    assert event.schedule == AllDay(first=date(2031, 3, 29), days=3)
    assert _read(start={"date": "2031-03-29"}, end={}).schedule == AllDay(first=date(2031, 3, 29))


def test_an_event_without_an_end_ends_as_it_starts():
    event = _read(end={}, endTimeUnspecified=True)
    assert event.schedule.start == event.schedule.end


def test_a_tombstone_without_times_is_no_event():
    assert snapshot({"id": "abc", "status": "cancelled"}) is None


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Two lines\nof text", TextFormat.TEXT),
        ("a < b & c > d", TextFormat.TEXT),
        ("I <3 you; R&D", TextFormat.TEXT),
        ("Hello <b>world</b>", TextFormat.HTML),
        ("one<br>two", TextFormat.HTML),
        ('<a href="https://example.com">here</a>', TextFormat.HTML),
        ("Fish &amp; chips", TextFormat.HTML),
        ("&#39;quoted&#39;", TextFormat.HTML),
    ],
)
def test_a_description_is_html_only_where_it_looks_like_it(description, kind):
    assert _read(description=description).description_format is kind


def test_attendees_are_in_lower_case_with_rooms_and_the_owner_named():
    event = _read(
        attendees=[
            {"email": "Owner@Example.com", "self": True, "responseStatus": "tentative"},
            {"email": "Guest@Example.com", "displayName": "Guest"},
            {"email": "room@resource.calendar.google.com", "resource": True},
            {"displayName": "Nobody"},
        ]
    )
    assert event.attendees == (
        Attendee(email="owner@example.com", is_self=True),
        Attendee(email="guest@example.com", name="Guest"),
        Attendee(email="room@resource.calendar.google.com", is_room=True),
    )
    assert event.response is Response.TENTATIVE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"transparency": "transparent"}, {"busy": False}),
        ({"transparency": "opaque"}, {"busy": True}),
        ({"visibility": "private"}, {"private": True}),
        ({"visibility": "confidential"}, {"private": True}),
        ({"visibility": "public"}, {"private": False}),
        ({"organizer": {"email": "x@example.com"}}, {"is_organizer": False}),
        ({"eventType": "birthday"}, {"kind": EventKind.BIRTHDAY}),
        ({"eventType": "focusTime"}, {"kind": EventKind.FOCUS_TIME}),
        ({"eventType": "outOfOffice"}, {"kind": EventKind.OUT_OF_OFFICE}),
        ({"eventType": "workingLocation"}, {"kind": EventKind.WORKING_LOCATION}),
        ({"eventType": "fromGmail"}, {"kind": EventKind.ORDINARY}),
        ({"eventType": "unheardOf"}, {"kind": EventKind.OTHER}),
        ({"hangoutLink": "https://meet.test/x"}, {"conference_url": "https://meet.test/x"}),
        (
            {
                "hangoutLink": "https://meet.test/x",
                "conferenceData": {
                    "entryPoints": [
                        {"entryPointType": "phone", "uri": "tel:1"},
                        {"entryPointType": "video", "uri": "https://zoom.test/y"},
                    ]
                },
            },
            {"conference_url": "https://zoom.test/y"},
        ),
        ({"extendedProperties": {"private": {"tandemLink": "L"}}}, {"link_mark": "L"}),
        ({"extendedProperties": {"private": {"other": "L"}}}, {"link_mark": None}),
        ({"htmlLink": "https://calendar.test/e"}, {"url": "https://calendar.test/e"}),
        ({"summary": None, "location": "Here"}, {"title": "", "location": "Here"}),
        (
            {"attendees": [{"email": "o@x.y", "self": True, "responseStatus": "declined"}]},
            {"response": Response.DECLINED},
        ),
    ],
)
def test_each_property_is_read(changes, expected):
    event = _read(**changes)
    assert {name: getattr(event, name) for name in expected} == expected
