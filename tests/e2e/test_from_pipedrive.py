"""What is done in Pipedrive, seen in the calendar."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually


def _length(event):
    start, end = (datetime.fromisoformat(event[name]["dateTime"]) for name in ("start", "end"))
    return end - start


@pytest.mark.parametrize("direction", ["two_way", "one_way"])
def test_a_new_activity_becomes_an_event_with_every_field(company, direction):
    person = company.first
    person.connect(direction=direction)
    person.create_activity(
        "Plan the crane",
        in_days(3),
        public_description="Bring the drawings",
        location={"value": "Harbour 7"},
        busy=False,
        attendees=[{"email": "Guest@Elsewhere.Example", "name": "Guest"}],
    )
    event = person.event_named("Plan the crane")
    assert event["start"]["dateTime"].startswith(f"{in_days(3):%Y-%m-%d}")
    assert event["description"] == "Bring the drawings"
    assert event["location"] == "Harbour 7"
    assert event["transparency"] == "transparent"
    assert [guest["email"] for guest in event["attendees"] if not guest.get("self")] == [
        "guest@elsewhere.example"
    ]
    company.settled()
    assert company.writes() == Counter({"activities.create": 1, "events.insert": 1})
    assert company.control.get("/mails").json()["items"] == [] or all(
        mail["event_id"] != event["id"] for mail in company.control.get("/mails").json()["items"]
    )


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"subject": "Moved"}, lambda event: event["summary"] == "Moved"),
        (
            {"due_date": f"{in_days(9):%Y-%m-%d}"},
            lambda event: f"{in_days(9):%Y-%m-%d}" in event["start"]["dateTime"],
        ),
        ({"duration": "02:30"}, lambda event: _length(event) == timedelta(minutes=150)),
        (
            {"public_description": "New text"},
            lambda event: event.get("description") == "New text",
        ),
        ({"location": {"value": "Pier 2"}}, lambda event: event.get("location") == "Pier 2"),
        ({"busy": False}, lambda event: event.get("transparency") == "transparent"),
        (
            {"due_time": None, "duration": None},
            lambda event: event["start"].get("date") == f"{in_days(3):%Y-%m-%d}",
        ),
        (
            {"attendees": [{"email": "new@elsewhere.example"}]},
            lambda event: (
                "new@elsewhere.example" in [guest["email"] for guest in event.get("attendees", [])]
            ),
        ),
    ],
    ids=["title", "date", "duration", "description", "location", "busy", "all_day", "guests"],
)
def test_an_edit_of_one_field_is_carried_with_one_write(company, change, shown):
    person = company.first
    person.connect()
    activity = person.create_activity("Visit", in_days(3))
    event = person.event_named("Visit")
    company.settled()
    before = company.writes()
    person.change_activity(activity["id"], **change)
    eventually(lambda: shown(person.event(event["id"])), what=str(change))
    company.settled()
    made = company.writes() - before
    assert made.pop("activities.update") == 1
    assert sum(made.values()) == 1, made
    row = person.told(activity["id"], "updated")
    assert row["side"] == "calendar"


def test_a_deleted_activity_takes_its_event_along(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Short life", in_days(2))
    event = person.event_named("Short life")
    person.delete_activity(activity["id"])
    eventually(lambda: person.event(event["id"])["status"] == "cancelled")
    person.told(event["id"], "deleted")
    company.settled()
    assert company.writes()["events.delete"] == 1


def test_done_past_undated_and_foreign_activities_get_no_event(company):
    person = company.first
    person.connect()
    kept = [
        person.create_activity("Done already", in_days(2), done=True),
        person.create_activity("Long ago", in_days(-2)),
        person.create_activity("Some day", None),
        person.create_activity("Not mine", in_days(2), owner_id=company.second.user_id),
        person.create_activity("A letter", in_days(2), type="email"),
    ]
    person.create_activity("Last", in_days(2))
    person.event_named("Last")
    company.settled()
    assert [event["summary"] for event in person.events()] == ["Last", "A letter"] or {
        event["summary"] for event in person.events()
    } == {"Last", "A letter"}
    reasons = [
        person.get("/api/v1/explain", activity_id=activity["id"])["reason"] for activity in kept[:3]
    ]
    assert reasons == ["done", "past", "no_due_date"]


def test_an_unticked_type_rests_and_wakes(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Ring", in_days(2), type="call")
    event = person.event_named("Ring")
    company.settled()
    person.change_settings(synced_types=["meeting", "lunch"])
    person.told(activity["id"], "type_not_synced")
    person.change_activity(activity["id"], subject="Ring back")
    new = person.create_activity("Ring another", in_days(2), type="call")
    person.create_activity("Lunch", in_days(2), type="lunch")
    person.event_named("Lunch")
    company.settled()
    assert person.event(event["id"])["summary"] == "Ring"
    assert {one["summary"] for one in person.events()} == {"Ring", "Lunch"}
    explained = person.get("/api/v1/explain", activity_id=new["id"])
    assert explained["reason"] == "type_not_synced"
    assert explained["remedy"]
    person.change_settings(synced_types=None)
    eventually(
        lambda: (
            {one["summary"] for one in person.events()} == {"Ring back", "Lunch", "Ring another"}
        )
    )


@pytest.mark.rule("2.13")
def test_events_of_an_unticked_type_are_removed_on_request_and_made_anew_with_it(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Ring", in_days(2), type="call")
    event = person.event_named("Ring")
    person.create_activity("Meet", in_days(2))
    person.event_named("Meet")
    company.settled()
    person.change_settings(synced_types=["meeting", "lunch"])
    person.told(activity["id"], "type_not_synced")
    path = f"/api/v1/connections/{person.connection_id}/unticked"
    assert [one["title"] for one in person.get(path)["items"]] == ["Ring"]
    person.post("unticked/remove")
    eventually(lambda: person.event(event["id"])["status"] == "cancelled")
    company.settled()
    assert {one["summary"] for one in person.events()} == {"Meet"}
    assert {one["subject"] for one in person.activities()} == {"Ring", "Meet"}
    assert person.get(path)["items"] == []
    person.change_settings(synced_types=None)
    assert person.event_named("Ring")["id"] != event["id"]


def test_a_new_owner_gets_the_activity_and_the_old_one_loses_it(company):
    first, second = company.people
    first.connect()
    second.connect()
    activity = first.create_activity("Handover", in_days(4))
    event = first.event_named("Handover")
    company.settled()
    first.change_activity(activity["id"], owner_id=second.user_id)
    second.event_named("Handover")
    eventually(lambda: first.event(event["id"])["status"] == "cancelled")
    first.told(event["id"], "owner_changed")
    company.settled()
    assert [one["summary"] for one in second.events()] == ["Handover"]
    assert first.events() == []
