"""Both sides at once: merges, conflicts, deletions beaten by edits, pauses, and the first sync."""

from collections import Counter

import pytest
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually


def _linked(person, company, title="Shared"):
    activity = person.create_activity(title, in_days(3))
    event = person.event_named(title)
    company.settled()
    return activity["id"], event["id"]


def test_edits_of_different_fields_while_paused_are_merged(company):
    person = company.first
    person.connect()
    activity, event = _linked(person, company)
    person.post("pause")
    company.settled()
    person.change_activity(activity, subject="Title from Pipedrive")
    person.change_event(event, location="Place from the calendar")
    company.settled()
    assert person.event(event)["summary"] == "Shared"
    before = company.writes()
    person.post("resume")
    eventually(lambda: person.event(event)["summary"] == "Title from Pipedrive")
    eventually(
        lambda: (
            (person.activity(activity)["location"] or {}).get("value") == "Place from the calendar"
        )
    )
    company.settled()
    assert company.writes() - before == Counter({"activities.update": 1, "events.patch": 1})


@pytest.mark.parametrize("winner", ["crm", "calendar", "latest"])
def test_a_conflict_has_one_winner_and_keeps_the_losers_value(company, winner):
    person = company.first
    person.connect(conflict_winner=winner)
    activity, event = _linked(person, company)
    person.post("pause")
    company.settled()
    person.change_event(event, summary="Calendar says")
    company.control.put("/clock", json={"advance_seconds": 2}).raise_for_status()
    person.change_activity(activity, subject="Pipedrive says")
    company.settled()
    person.post("resume")
    won, lost = ("Calendar says", "Pipedrive says")
    if winner != "calendar":
        won, lost = lost, won
    eventually(lambda: person.event(event)["summary"] == won)
    eventually(lambda: person.activity(activity)["subject"] == won)
    company.settled()
    row = next(row for row in person.history(reason="conflict"))
    assert row["before"]["title"] == lost
    assert row["after"]["title"] == won


def test_an_edit_beats_a_deletion(company):
    person = company.first
    person.connect()
    activity, event = _linked(person, company)
    person.post("pause")
    company.settled()
    person.delete_event(event)
    person.change_activity(activity, subject="Still wanted")
    company.settled()
    person.post("resume")
    again = person.event_named("Still wanted")
    company.settled()
    assert again["id"] != event
    assert [one["id"] for one in person.events()] == [again["id"]]
    assert not person.activity(activity)["is_deleted"]


@pytest.mark.rule("2.20")
def test_what_happened_while_paused_is_neither_lost_nor_doubled(company):
    person = company.first
    person.connect()
    person.post("pause")
    company.settled()
    person.create_activity("Made in the pause", in_days(2))
    person.create_event("Invited in the pause", in_days(2))
    company.settled()
    assert len(person.events()) == 1
    assert len(person.activities()) == 1
    person.post("resume")
    person.event_named("Made in the pause")
    person.activity_named("Invited in the pause")
    company.settled()
    assert len(person.events()) == 2
    assert len(person.activities()) == 2


def test_a_meeting_that_is_on_both_sides_already_is_linked_not_doubled(company):
    person = company.first
    person.create_activity("Known to both", in_days(6))
    person.create_event("Known to both", in_days(6))
    person.connect()
    company.settled()
    assert len(person.events()) == 1
    assert len(person.activities()) == 1
    activity = person.activities()[0]
    person.change_activity(activity["id"], subject="Known and renamed")
    person.event_named("Known and renamed")


def test_five_hundred_activities_are_backfilled_once_and_nobody_is_mailed(company):
    person = company.first
    for number in range(500):
        person.create_activity(
            f"Old {number}", in_days(2 + number % 60), attendees=[{"email": "g@elsewhere.example"}]
        )
    person.connect(invite_guests=True)
    eventually(lambda: len(person.events()) == 500, seconds=120, what="500 events")
    company.settled()
    assert Counter(event["summary"] for event in person.events()) == Counter(
        f"Old {number}" for number in range(500)
    )
    made = company.writes()
    assert made["events.insert"] == 500
    assert company.writing_requests("google", person.email) <= 12, "25 for a thousand"
    assert sum(made.values()) == 1000  # the other 500 are our own activities.create above
    mine = {event["id"] for event in person.events()}
    mails = company.control.get("/mails").json()["items"]
    assert not [mail for mail in mails if mail["event_id"] in mine]


@pytest.mark.rule("2.8")
def test_guests_are_mailed_only_where_the_user_wants_it(company):
    person = company.first
    person.connect(invite_guests=True)
    company.settled()
    person.create_activity("With mail", in_days(2), attendees=[{"email": "a@elsewhere.example"}])
    event = person.event_named("With mail")
    company.settled()
    mails = company.control.get("/mails").json()["items"]
    assert [mail["to"] for mail in mails if mail["event_id"] == event["id"]] == [
        "a@elsewhere.example"
    ]


@pytest.mark.parametrize("kept", ["keep", "remove"])
def test_disconnecting_keeps_or_removes_what_we_made(company, kept):
    person = company.first
    person.connect()
    _, event = _linked(person, company)
    person.create_event("The user's own", in_days(4))
    person.activity_named("The user's own")
    company.settled()
    path = f"/api/v1/connections/{person.connection_id}"
    assert person.tandem.delete(path, params={"events": kept}).is_success
    expected = "confirmed" if kept == "keep" else "cancelled"
    eventually(lambda: person.event(event)["status"] == expected)
    company.settled()
    assert "The user's own" in {one["summary"] for one in person.events()}
    assert len(person.activities()) == 2
    person.connection_id = ""


@pytest.mark.rule("2.19")
@pytest.mark.parametrize("kept", ["keep", "remove"])
def test_another_calendar_keeps_or_clears_what_we_made_in_the_former_one(company, kept):
    person = company.first
    person.connect()
    _, event = _linked(person, company)
    title = person.event(event)["summary"]
    person.create_event("The user's own", in_days(4))
    person.activity_named("The user's own")
    company.settled()
    person.change_settings(calendar_id=(other := person.add_calendar("Projects")), events=kept)
    expected = "confirmed" if kept == "keep" else "cancelled"
    eventually(lambda: person.event(event)["status"] == expected)
    company.settled()
    assert "The user's own" in {one["summary"] for one in person.events()}
    assert person.event(event)["status"] == expected
    assert len(person.activities()) == 2
    person.look_into(other)
    eventually(
        lambda: (
            sorted(one["summary"] for one in person.events()) == sorted([title, "The user's own"])
        )
    )
