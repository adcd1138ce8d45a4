"""Canonical form: every field of the mapping, from both sides and back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from tests.unit.core.scenes import MY_EMAIL, SOON, activity, event, hour, policy

from reconciler.core.normalize import (
    as_activity_shows,
    event_schedule,
    meeting_of_activity,
    meeting_of_event,
    type_name,
)
from reconciler.core.text import with_block
from tandem.contracts.activities import Guest
from tandem.contracts.events import Attendee, TextFormat
from tandem.contracts.meetings import AllDay, Timed

MEETING = policy()


def of_activity(**fields):
    return meeting_of_activity(activity(**fields), MEETING)


def of_event(rules=MEETING, **fields):
    return meeting_of_event(event(**fields), rules)


def test_the_same_meeting_is_the_same_from_both_sides():
    assert of_activity() == of_event()


@pytest.mark.rule("5.1")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Talk", "Talk"),
        ("  Talk \t with\nBob ", "Talk with Bob"),
        ("Party 🎉 👩‍👩‍👧", "Party 🎉 👩‍👩‍👧"),
        ("", "Meeting"),
        (" \n ", "Meeting"),
    ],
)
def test_a_title_is_one_line_and_never_empty(given, shown):
    assert of_activity(subject=given).title == shown
    assert of_event(title=given).title == shown


@pytest.mark.rule("5.1")
def test_an_untitled_item_is_named_after_its_type():
    assert of_activity(subject="", type="video_call").title == "Video call"
    assert of_event(policy(save_events_as="video_call"), title="").title == "Video call"
    assert type_name("_") == "Activity"


def test_a_long_title_is_cut_for_the_activity_only_and_never_inside_a_joined_sign():
    long = of_event(title="x" * 253 + "👩‍👩")
    assert len(long.title) == 256
    assert as_activity_shows(long).title == "x" * 253 + "👩"
    assert as_activity_shows(as_activity_shows(long)) == as_activity_shows(long)


def test_a_text_is_never_longer_than_an_activity_can_hold():
    assert len(of_event(description="x" * 70_000).description) == 65_536
    long = of_event().model_copy(update={"description": "a " * 40_000})
    assert len(as_activity_shows(long).description) == 65_535


@pytest.mark.rule("5.2")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, hour()),
        ({"duration_minutes": None}, hour(minutes=30)),
        ({"duration_minutes": 0}, hour(minutes=30)),
        ({"due_time": None}, AllDay(first=SOON.date())),
        ({"due_time": None, "duration_minutes": 60}, AllDay(first=SOON.date())),
        (
            {"due_time": time(23, 30), "duration_minutes": 90},
            Timed(
                start=datetime(2026, 3, 4, 23, 30, tzinfo=UTC),
                end=datetime(2026, 3, 5, 1, 0, tzinfo=UTC),
            ),
        ),
    ],
)
def test_the_time_of_an_activity(fields, expected):
    assert of_activity(**fields).schedule == expected


def test_an_activity_without_a_date_is_no_meeting():
    assert of_activity(due_date=None) is None


@pytest.mark.rule("2.7")
def test_the_default_duration_is_the_connections():
    rules = policy(default_duration_minutes=45)
    shown = meeting_of_activity(activity(duration_minutes=None), rules)
    assert shown is not None
    assert shown.schedule == hour(minutes=45)


def test_time_ends_with_the_year_9999_and_nothing_breaks():
    shown = of_activity(due_date=date(9999, 12, 31), due_time=time(23, 50))
    assert shown.schedule.end == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (hour(), hour()),
        (AllDay(first=date(2026, 3, 29), days=3), AllDay(first=date(2026, 3, 29))),
        (hour(minutes=3 * 1440), hour(minutes=1439)),
        (hour(SOON + timedelta(seconds=20), minutes=30.5), hour(minutes=30)),
        (hour(minutes=0), hour(minutes=0)),
    ],
    ids=["plain", "three_days", "longer_than_a_day", "seconds", "no_length"],
)
def test_an_activity_shows_of_a_time_what_it_can(given, shown):
    assert as_activity_shows(of_event(schedule=given)).schedule == shown


@pytest.mark.rule("4.19")
@pytest.mark.parametrize(
    ("was_event", "was_activity", "moved", "expected"),
    [
        (hour(), hour(), hour(SOON + timedelta(days=1)), hour(SOON + timedelta(days=1))),
        (hour(), hour(), hour(minutes=90), hour(minutes=90)),
        (
            AllDay(first=date(2026, 3, 4), days=3),
            AllDay(first=date(2026, 3, 4)),
            AllDay(first=date(2026, 3, 9)),
            AllDay(first=date(2026, 3, 9), days=3),
        ),
        (
            hour(minutes=2000),
            hour(minutes=1439),
            hour(SOON + timedelta(days=1), 1439),
            hour(SOON + timedelta(days=1), 2000),
        ),
        (
            hour(minutes=2000),
            hour(minutes=1439),
            hour(minutes=60),
            hour(minutes=60),
        ),
        (
            hour(minutes=30.5),
            hour(minutes=30),
            hour(SOON + timedelta(days=1), 30),
            hour(SOON + timedelta(days=1), 30.5),
        ),
        (AllDay(first=date(2026, 3, 4), days=3), AllDay(first=date(2026, 3, 4)), hour(), hour()),
        (hour(), hour(), AllDay(first=date(2026, 3, 4)), AllDay(first=date(2026, 3, 4))),
    ],
    ids=["moved", "longer", "days", "over_a_day", "shortened", "seconds", "to_timed", "to_all_day"],
)
def test_a_length_that_only_the_calendar_knows_survives_a_move(
    was_event, was_activity, moved, expected
):
    assert event_schedule(moved, was_activity=was_activity, was_event=was_event) == expected


@pytest.mark.rule("5.3")
def test_an_all_day_date_is_the_same_in_every_zone():
    for zone in ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"):
        rules = policy(zone=zone)
        day = AllDay(first=date(2026, 3, 29))
        assert meeting_of_event(event(schedule=day), rules).schedule == day
        shown = meeting_of_activity(activity(due_date=day.first, due_time=None), rules)
        assert shown is not None
        assert shown.schedule == day


@pytest.mark.rule("5.4")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Agenda", "Agenda"),
        ("  Agenda  \r\nTwo\u00a0\r\n", "Agenda\nTwo"),
        (with_block("Agenda", "Deal: Big"), "Agenda"),
        (with_block("", "Deal: Big"), ""),
        ("1 < 2 & 3 <b>", "1 < 2 & 3 <b>"),
    ],
)
def test_a_description_is_plain_text_without_our_block(given, shown):
    assert of_activity(public_description=given).description == shown
    assert of_event(description=given).description == shown


@pytest.mark.rule("5.4")
def test_the_html_of_an_event_is_read_as_text():
    shown = of_event(description="<p>One</p><p>Two</p>", description_format=TextFormat.HTML)
    assert shown.description == "One\nTwo"


@pytest.mark.rule("5.5")
def test_an_event_without_a_location_shows_its_conference_link():
    assert of_event(location="", conference_url="https://meet.example/x").location == (
        "https://meet.example/x"
    )
    assert of_event(location="Pier", conference_url="https://meet.example/x").location == "Pier"


@pytest.mark.rule("5.6")
@pytest.mark.parametrize(
    ("busy", "due_time", "shown"),
    [
        (None, SOON.time(), True),
        (None, None, False),
        (True, None, True),
        (False, SOON.time(), False),
    ],
)
def test_an_activity_that_does_not_say_is_busy_when_timed_and_free_when_all_day(
    busy, due_time, shown
):
    assert of_activity(busy=busy, due_time=due_time).busy is shown


@pytest.mark.rule("5.7")
def test_guests_are_lower_case_without_the_owner_and_without_rooms():
    wanted = frozenset({"a@x.example", "b@x.example"})
    assert (
        of_activity(
            guests=tuple(Guest(email=email) for email in ("A@x.example", "b@x.example", MY_EMAIL))
        ).guests
        == wanted
    )
    attendees = (
        Attendee(email="a@X.example"),
        Attendee(email="b@x.example"),
        Attendee(email=MY_EMAIL),
        Attendee(email="alias@x.example", is_self=True),
        Attendee(email="room@x.example", is_room=True),
    )
    assert of_event(attendees=attendees).guests == wanted


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("choice", ["redact", "skip"])
def test_a_private_event_shows_only_its_time(choice):
    shown = of_event(policy(private_events=choice), private=True, title="Doctor", busy=False)
    assert shown.model_dump(exclude={"schedule"}) == {
        "title": "Private",
        "description": "",
        "location": "",
        "busy": True,
        "guests": frozenset(),
    }
    assert shown.schedule == hour()


@pytest.mark.rule("2.6")
def test_a_private_event_shows_everything_where_the_user_wants_it():
    assert of_event(policy(private_events="full"), private=True) == of_event()


def test_a_private_event_that_came_from_pipedrive_hides_nothing_from_it():
    assert of_event(private=True, link_mark="ours") == of_event()
