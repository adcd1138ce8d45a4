"""A meeting is written exactly, and nothing else is touched."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_ingest.adapters.google.bodies import changed_body, merged_attendees, new_body
from calendar_ingest.adapters.google.descriptions import as_description, description_format
from calendar_ingest.adapters.google.identifiers import event_id
from calendar_ingest.adapters.google.snapshots import snapshot
from calendar_ingest.calendars import NewEvent
from reconciler.core.text import plain, text_of_html
from tandem.contracts.events import TextFormat
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Timed

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START + timedelta(hours=1)))
LINK = UUID(int=7)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "No/Zone",
]
MARKUP = st.text(alphabet="<>&;/!abp #39lt\n\"'=", max_size=40)


def _new(meeting=MEETING, time_zone="Europe/Berlin"):
    return new_body(NewEvent(link_id=LINK, generation=0, meeting=meeting, time_zone=time_zone))


@pytest.mark.rule("5.2")
@given(
    seconds=st.integers(0, 10 * 365 * 86_400),
    minutes=st.integers(0, 5000),
    zone=st.sampled_from(ZONES),
)
def test_a_moment_survives_every_zone_and_every_change_of_clocks(seconds, minutes, zone):
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    schedule = Timed(start=start, end=start + timedelta(minutes=minutes))
    body = _new(MEETING.model_copy(update={"schedule": schedule}), zone)
    event = snapshot(body)
    assert event is not None
    assert event.schedule == schedule
    assert body["start"]["timeZone"] == (zone if zone != "No/Zone" else "UTC")


@pytest.mark.rule("5.3")
@given(st.dates(date(2025, 1, 1), date(2035, 1, 1)), st.integers(1, 30))
def test_whole_days_survive_without_any_zone(first, days):
    schedule = AllDay(first=first, days=days)
    body = _new(MEETING.model_copy(update={"schedule": schedule}))
    event = snapshot(body)
    assert event is not None
    assert event.schedule == schedule
    assert set(body["start"]) == {"date"}


@given(st.one_of(MARKUP, st.text(max_size=60)))
def test_a_description_comes_back_as_it_was_written(text):
    text = plain(text)
    written = as_description(text)
    if description_format(written) is TextFormat.HTML:
        read = text_of_html(written)
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
    else:
        read = plain(written)
    assert read == text


def test_ordinary_text_is_written_as_it_is():
    text = "Terms: 3 < 4 & 5 > 4\nR&D? I <3 it"
    assert as_description("Terms: 3 < 4\nI <3 it") == "Terms: 3 < 4\nI <3 it"
    assert description_format(as_description(text)) is TextFormat.HTML


def test_a_new_event_is_marked_and_named_by_its_link_and_generation():
    body = _new()
    assert body["id"] == event_id(LINK, 0) != event_id(LINK, 1)
    assert set(body["id"]) <= set("0123456789abcdefghijklmnopqrstuv")
    assert 5 <= len(body["id"]) <= 1024
    assert body["extendedProperties"] == {"private": {"tandemLink": str(LINK)}}
    assert "attendees" not in body
    assert None not in json.loads(json.dumps(body))["start"].values()


def test_only_named_fields_are_written():
    everything = changed_body(MEETING, frozenset(MeetingField), time_zone="UTC")
    assert set(everything) == {
        "summary", "start", "end", "description", "location", "transparency",
    }  # fmt: skip
    assert changed_body(MEETING, frozenset({MeetingField.TITLE}), time_zone="UTC") == {
        "summary": "Lunch"
    }
    assert changed_body(MEETING, frozenset({MeetingField.GUESTS}), time_zone="UTC") == {}


def test_changing_the_kind_of_schedule_clears_the_other_form():
    fields = frozenset({MeetingField.SCHEDULE})
    timed = changed_body(MEETING, fields, time_zone="UTC")
    assert timed["start"]["date"] is None
    whole = MEETING.model_copy(update={"schedule": AllDay(first=date(2031, 3, 4))})
    days = changed_body(whole, fields, time_zone="UTC")
    assert days["start"] == {"date": "2031-03-04", "dateTime": None, "timeZone": None}
    assert days["end"]["date"] == "2031-03-05"


def test_guests_who_stay_keep_their_answer_and_owner_and_rooms_are_left_alone():
    present = [
        {"email": "owner@x.y", "self": True, "organizer": True, "responseStatus": "accepted"},
        {"email": "room@x.y", "resource": True, "responseStatus": "accepted"},
        {"email": "Stays@x.y", "responseStatus": "declined", "comment": "ill", "optional": True},
        {"email": "goes@x.y", "responseStatus": "accepted"},
    ]
    merged = merged_attendees(present, {"stays@x.y", "new@x.y"})  # type: ignore[arg-type]
    assert merged == [*present[:3], {"email": "new@x.y"}]
