"""Recurring events of the calendar, seen in Pipedrive."""

from datetime import timedelta

import pytest
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually

OCCURRENCES_MAX = 100


def _repeat(person, summary, rule, *, first=1, **fields):
    """Make a series of hours that begins in `first` days."""
    begin = in_days(first)
    return person.create_event(
        summary,
        begin,
        start={"dateTime": begin.isoformat(), "timeZone": "UTC"},
        end={"dateTime": (begin + timedelta(hours=1)).isoformat(), "timeZone": "UTC"},
        recurrence=[f"RRULE:{rule}"],
        **fields,
    )


def _days(person, subject):
    """Due dates of the activities with a subject, in their order."""
    return sorted(one["due_date"] for one in person.activities() if one["subject"] == subject)


def _dates(*days):
    return [f"{in_days(day):%Y-%m-%d}" for day in days]


def _await_days(person, subject, *days):
    try:
        eventually(
            lambda: _days(person, subject) == _dates(*days),
            what=f"{subject} in {days} days",
            seconds=40,
        )
    except AssertionError as never:
        never.add_note(f"there are: {_days(person, subject)}")
        raise


def _activity_on(person, subject, day):
    """The id of the one activity with a subject on a day."""
    [found] = [
        one["id"]
        for one in person.activities()
        if (one["subject"], one["due_date"]) == (subject, _dates(day)[0])
    ]
    return found


def _occurrence(series, day):
    """The id of the occurrence that a series has on a day."""
    return f"{series['id']}_{in_days(day):%Y%m%dT%H%M%SZ}"


def test_each_coming_occurrence_becomes_an_activity_up_to_the_horizon(company):
    person = company.first
    person.connect(horizon_days=30)
    _repeat(person, "Weekly", "FREQ=WEEKLY", first=-6)
    _await_days(person, "Weekly", 1, 8, 15, 22, 29)
    company.settled()
    assert company.writes() == {"events.insert": 1, "activities.create": 5}
    person.change_settings(horizon_days=40)
    _await_days(person, "Weekly", 1, 8, 15, 22, 29, 36)


def test_a_series_that_was_there_before_is_taken_in_at_the_start(company):
    person = company.first
    _repeat(person, "Daily", "FREQ=DAILY;COUNT=3")
    person.connect()
    _await_days(person, "Daily", 1, 2, 3)


def test_a_changed_and_a_cancelled_occurrence_change_their_activity_alone(company):
    person = company.first
    person.connect()
    series = _repeat(person, "Daily", "FREQ=DAILY;COUNT=4")
    _await_days(person, "Daily", 1, 2, 3, 4)
    person.change_event(_occurrence(series, 2), summary="Special")
    person.delete_event(_occurrence(series, 3))
    _await_days(person, "Daily", 1, 4)
    _await_days(person, "Special", 2)
    company.settled()
    assert company.writes()["events.patch"] == 1


@pytest.mark.rule("6.4")
def test_a_change_of_the_series_reaches_its_coming_occurrences(company):
    person = company.first
    person.connect()
    series = _repeat(person, "Daily", "FREQ=DAILY;COUNT=5")
    _await_days(person, "Daily", 1, 2, 3, 4, 5)
    person.change_event(series["id"], summary="Renamed")
    _await_days(person, "Renamed", 1, 2, 3, 4, 5)
    person.change_event(series["id"], recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    _await_days(person, "Renamed", 1, 2)
    person.change_event(series["id"], recurrence=["RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3"])
    _await_days(person, "Renamed", 1, 3, 5)
    person.delete_event(series["id"])
    eventually(lambda: person.activities() == [], what="all deleted")
    company.settled()
    assert company.writes()["events.delete"] == 1


@pytest.mark.rule("6.4")
def test_a_series_that_is_moved_keeps_its_activities(company):
    """More occurrences than one batch of messages holds, and than may be deleted at once."""
    person = company.first
    person.connect()
    days = range(1, 31)
    series = _repeat(person, "Daily", f"FREQ=DAILY;COUNT={len(days)}")
    _await_days(person, "Daily", *days)
    company.settled()
    before = {one["id"]: one["due_time"] for one in person.activities()}
    begin = in_days(1) + timedelta(hours=1)
    person.change_event(
        series["id"],
        start={"dateTime": begin.isoformat(), "timeZone": "UTC"},
        end={"dateTime": (begin + timedelta(hours=1)).isoformat(), "timeZone": "UTC"},
    )
    eventually(
        lambda: all(one["due_time"] != before.get(one["id"]) for one in person.activities()),
        what="all moved",
        seconds=40,
    )
    company.settled()
    assert {one["id"] for one in person.activities()} == set(before)
    writes = company.writes()
    assert (writes["activities.create"], writes["activities.delete"]) == (len(days), 0)


def test_an_edit_in_pipedrive_is_put_back_and_the_history_says_so(company):
    person = company.first
    person.connect()
    series = _repeat(person, "Daily", "FREQ=DAILY;COUNT=2", location="Room 1")
    _await_days(person, "Daily", 1, 2)
    company.settled()
    activity_id = _activity_on(person, "Daily", 1)
    person.change_activity(activity_id, subject="Mine", due_date=_dates(7)[0])
    row = person.told(activity_id, "recurring_read_only")
    assert (row["action"], row["side"]) == ("reverted", "crm")
    assert row["before"]["title"] == "Mine"
    _await_days(person, "Daily", 1, 2)
    person.change_activity(activity_id, done=True)
    company.settled()
    assert person.activity(activity_id)["done"] is True
    assert person.event(_occurrence(series, 1))["summary"] == "Daily"
    assert company.writes()["events.patch"] == 0


def test_deleting_the_activity_leaves_the_occurrence_in_the_calendar_for_good(company):
    person = company.first
    person.connect()
    series = _repeat(person, "Daily", "FREQ=DAILY;COUNT=3")
    _await_days(person, "Daily", 1, 2, 3)
    event_id = _occurrence(series, 2)
    person.delete_activity(_activity_on(person, "Daily", 2))
    company.settled()
    person.change_event(series["id"], summary="Renamed")
    _await_days(person, "Renamed", 1, 3)
    company.settled()
    assert _days(person, "Renamed") == _dates(1, 3)
    assert person.event(event_id)["status"] == "confirmed"
    explained = person.get("/api/v1/explain", connection_id=person.connection_id, event_id=event_id)
    assert (explained["synced"], explained["reason"]) == (False, "suppressed")


def test_no_more_than_a_hundred_occurrences_of_a_series_are_synced_at_a_time(company):
    person = company.first
    person.connect(horizon_days=110)
    series = _repeat(person, "Daily", "FREQ=DAILY")
    eventually(
        lambda: len(person.activities()) >= OCCURRENCES_MAX, what="all activities", seconds=90
    )
    company.settled()
    assert _days(person, "Daily") == _dates(*range(1, OCCURRENCES_MAX + 1))
    explained = person.get(
        "/api/v1/explain",
        connection_id=person.connection_id,
        event_id=_occurrence(series, OCCURRENCES_MAX + 1),
    )
    assert explained["reason"] == "recurring_limit"


def test_an_activity_whose_event_is_made_a_series_goes_on_as_its_first_occurrence(company):
    person = company.first
    person.connect()
    made = person.create_activity("Coaching", in_days(1))
    event = person.event_named("Coaching")
    company.settled()
    person.change_event(
        event["id"],
        start={**event["start"], "timeZone": "UTC"},
        end={**event["end"], "timeZone": "UTC"},
        recurrence=["RRULE:FREQ=DAILY;COUNT=3"],
    )
    _await_days(person, "Coaching", 1, 2, 3)
    company.settled()
    assert made["id"] in {one["id"] for one in person.activities()}
    assert company.writes()["activities.delete"] == 0


def test_a_private_series_shows_its_times_alone(company):
    person = company.first
    person.connect()
    _repeat(person, "Therapy", "FREQ=WEEKLY;COUNT=2", visibility="private")
    _await_days(person, "Private", 1, 8)
