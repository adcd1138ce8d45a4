"""What is done in the calendar, seen in Pipedrive."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually


def test_a_new_event_becomes_an_activity_with_every_field(company):
    person = company.first
    person.connect()
    start = in_days(3)
    person.create_event(
        "Customer calls",
        start,
        end={"dateTime": (start + timedelta(minutes=90)).isoformat()},
        description="<p>Agenda</p><ul><li>price</li><li>time</li></ul>",
        location="Room 4",
        transparency="transparent",
        attendees=[
            {"email": person.email, "responseStatus": "accepted"},
            {"email": "guest@elsewhere.example"},
            {"email": "room@resource.example", "resource": True},
        ],
    )
    found = person.activity_named("Customer calls")
    activity = person.activity(found["id"])
    assert activity["type"] == "meeting"
    assert activity["due_date"] == f"{start:%Y-%m-%d}"
    assert activity["due_time"][:5] == f"{start:%H:%M}"
    assert activity["duration"][:5] == "01:30"
    assert activity["public_description"] == "Agenda\n- price\n- time"
    assert activity["location"]["value"] == "Room 4"
    assert activity["busy"] is False
    assert [guest["email"] for guest in activity["attendees"]] == ["guest@elsewhere.example"]
    company.settled()
    assert company.writes() == Counter({"events.insert": 1, "activities.create": 1})
    person.told(activity["id"], "created")


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"summary": "Moved"}, lambda activity: activity["subject"] == "Moved"),
        (
            {
                "start": {"dateTime": in_days(9).isoformat()},
                "end": {"dateTime": in_days(9, hour=11).isoformat()},
            },
            lambda activity: (
                (activity["due_date"], activity["duration"][:5])
                == (f"{in_days(9):%Y-%m-%d}", "02:00")
            ),
        ),
        (
            {"description": "New text"},
            lambda activity: activity["public_description"] == "New text",
        ),
        (
            {"location": "Pier 2"},
            lambda activity: (activity["location"] or {}).get("value") == "Pier 2",
        ),
        ({"transparency": "transparent"}, lambda activity: activity["busy"] is False),
        (
            {
                "start": {"date": f"{in_days(5):%Y-%m-%d}", "dateTime": None},
                "end": {"date": f"{in_days(8):%Y-%m-%d}", "dateTime": None},
            },
            lambda activity: (
                (activity["due_date"], activity["due_time"]) == (f"{in_days(5):%Y-%m-%d}", None)
            ),
        ),
        (
            {"attendees": [{"email": "new@elsewhere.example"}]},
            lambda activity: (
                [guest["email"] for guest in activity["attendees"]] == ["new@elsewhere.example"]
            ),
        ),
    ],
    ids=["title", "time", "description", "location", "busy", "three_days", "guests"],
)
def test_an_edit_of_one_field_is_carried_with_one_write(company, change, shown):
    person = company.first
    person.connect()
    event = person.create_event("Visit", in_days(3))
    activity = person.activity_named("Visit")
    company.settled()
    before = company.writes()
    person.change_event(event["id"], **change)
    eventually(lambda: shown(person.activity(activity["id"])), what=str(change))
    company.settled()
    assert company.writes() - before == Counter({"events.patch": 1, "activities.update": 1})
    assert person.told(event["id"], "updated")["side"] == "crm"


def test_three_days_stay_three_days_when_the_activity_is_renamed(company):
    person = company.first
    person.connect()
    event = person.create_event(
        "Fair",
        in_days(5),
        start={"date": f"{in_days(5):%Y-%m-%d}"},
        end={"date": f"{in_days(8):%Y-%m-%d}"},
    )
    activity = person.activity_named("Fair")
    person.change_activity(activity["id"], subject="Trade fair")
    eventually(lambda: person.event(event["id"])["summary"] == "Trade fair")
    company.settled()
    assert person.event(event["id"])["end"]["date"] == f"{in_days(8):%Y-%m-%d}"


def test_a_deleted_event_takes_its_activity_along_but_not_a_done_one(company):
    person = company.first
    person.connect()
    gone = person.create_event("Cancelled by them", in_days(2))
    done = person.create_event("Held", in_days(3))
    activity = person.activity_named("Cancelled by them")
    finished = person.activity_named("Held")
    person.change_activity(finished["id"], done=True)
    company.settled()
    person.delete_event(gone["id"])
    person.delete_event(done["id"])
    eventually(lambda: person.activity(activity["id"])["is_deleted"])
    person.told(activity["id"], "deleted")
    company.settled()
    assert "done_kept" in person.reasons(done["id"]) + person.reasons(finished["id"])
    assert not person.activity(finished["id"])["is_deleted"]


@pytest.mark.rule("2.2", "3.5")
def test_one_way_brings_nothing_new_to_pipedrive_but_edits_of_its_own_items(company):
    person = company.first
    person.connect(direction="one_way")
    event = person.create_event("Private matter", in_days(2))
    activity = person.create_activity("Ours", in_days(3))
    ours = person.event_named("Ours")
    company.settled()
    person.change_event(ours["id"], summary="Ours, renamed")
    eventually(lambda: person.activity(activity["id"])["subject"] == "Ours, renamed")
    company.settled()
    assert [one["subject"] for one in person.activities()] == ["Ours, renamed"]
    explained = person.get(
        "/api/v1/explain", connection_id=person.connection_id, event_id=event["id"]
    )
    assert (explained["synced"], explained["reason"]) == (False, "one_way")
    assert explained["remedy"]


@pytest.mark.rule("2.15")
def test_two_way_to_one_way_lets_calendar_born_items_rest(company):
    person = company.first
    person.connect()
    event = person.create_event("From outside", in_days(2))
    activity = person.activity_named("From outside")
    company.settled()
    person.change_settings(direction="one_way")
    company.settled()
    person.change_event(event["id"], summary="Renamed outside")
    person.told(event["id"], "one_way")
    company.settled()
    assert person.activity(activity["id"])["subject"] == "From outside"
    person.change_settings(direction="two_way")
    eventually(lambda: person.activity(activity["id"])["subject"] == "Renamed outside")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"eventType": "focusTime", "transparency": "opaque"}, "event_kind"),
        (
            {"attendees": [{"email": "SELF", "self": True, "responseStatus": "declined"}]},
            "declined",
        ),
    ],
    ids=["focus_time", "declined"],
)
def test_what_is_no_meeting_of_the_user_stays_out_of_pipedrive(company, fields, reason):
    person = company.first
    person.connect()
    if "attendees" in fields:
        fields = {"attendees": [{**fields["attendees"][0], "email": person.email}]}
    event = person.create_event("Not for the CRM", in_days(2), **fields)
    person.create_event("For the CRM", in_days(2))
    person.activity_named("For the CRM")
    company.settled()
    assert [one["subject"] for one in person.activities()] == ["For the CRM"]
    explained = person.get(
        "/api/v1/explain", connection_id=person.connection_id, event_id=event["id"]
    )
    assert explained["reason"] == reason
