"""Through all processes: held deletions, undo, preview, and a link that rests."""

from functools import partial

from tests.e2e.person import in_days
from tests.e2e.waiting import eventually

MANY = 14


def _synced(person, company, count):
    """Activities with their events, as pairs of ids."""
    activities = [
        person.create_activity(f"Visit {number}", in_days(2 + number))["id"]
        for number in range(count)
    ]
    eventually(lambda: len(person.events()) == count, what="all events")
    company.settled()
    return activities


def _delete_many(person):
    for activity_id in [one["id"] for one in person.activities()]:
        person.delete_activity(activity_id)


def _held(person):
    return person.get(f"/api/v1/connections/{person.connection_id}/held")["items"]


def _await_held(person, company):
    person.post("pause")
    company.settled()
    _delete_many(person)
    company.settled()
    person.post("resume")
    eventually(lambda: _held(person), what="held deletions")
    company.settled()
    return _held(person)


def test_many_deletions_wait_and_are_carried_out_once_confirmed(company):
    person = company.first
    person.connect()
    _synced(person, company, MANY)
    held = _await_held(person, company)
    assert {one["side"] for one in held} == {"calendar"}
    eventually(lambda: person.connection()["status"] == "needs_confirmation")
    assert {one["summary"] for one in person.events()} == {one["title"] for one in held}
    person.post("held/confirm")
    eventually(lambda: person.events() == [], what="events deleted")
    eventually(lambda: person.connection()["status"] == "active")
    assert _held(person) == []


def test_rejected_deletions_bring_the_activities_back(company):
    person = company.first
    person.connect()
    _synced(person, company, MANY)
    titles = sorted(one["title"] for one in _await_held(person, company))
    events = {one["id"] for one in person.events()}
    person.post("held/reject")
    eventually(lambda: len(person.activities()) == len(titles), what="activities made again")
    company.settled()
    assert {one["id"] for one in person.events()} == events
    eventually(lambda: person.connection()["status"] == "active")
    assert sorted(one["subject"] for one in person.activities()) == titles


def test_an_edit_and_a_deletion_are_taken_back(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Before", in_days(3))
    event = person.event_named("Before")
    company.settled()
    person.change_activity(activity["id"], subject="After")
    eventually(lambda: person.event(event["id"])["summary"] == "After")
    updated = person.told(activity["id"], "updated")
    company.settled()
    before = company.writes()
    person.post(f"history/{updated['row']}/undo")
    eventually(lambda: person.event(event["id"])["summary"] == "Before")
    assert person.activity(activity["id"])["subject"] == "Before"
    company.settled()
    assert company.writes() - before == {"activities.update": 1, "events.patch": 1}

    person.delete_activity(activity["id"])
    eventually(lambda: person.events() == [])
    deleted = person.told(activity["id"], "deleted")
    person.post(f"history/{deleted['row']}/undo")
    again = person.activity_named("Before")
    assert person.event_named("Before")["id"] != event["id"]
    assert again["id"] != activity["id"]
    person.told(again["id"], "undone")


def test_what_can_not_be_undone_is_refused_with_the_reason(company):
    person = company.first
    person.connect()
    company.settled()
    activity = person.create_activity("No date", None)
    row = person.told(activity["id"], "no_due_date")
    history = f"/api/v1/connections/{person.connection_id}/history"
    assert person.tandem.post(f"{history}/{row['row']}/undo").status_code == 409
    assert person.tandem.post(f"{history}/999999999/undo").status_code == 404


def test_a_preview_tells_what_a_change_of_settings_would_do_and_does_nothing(company):
    person = company.first
    person.connect(direction="one_way")
    person.create_event("Only in the calendar", in_days(2))
    company.settled()
    before = company.writes()
    asked = {"settings": {"direction": "two_way"}}
    preview = eventually(
        lambda: found if (found := person.post("preview", asked))["items"] else None
    )
    assert {name: count for name, count in preview["counts"].items() if count} == {
        "create_activity": 1
    }
    assert [(one["verb"], one["title"]) for one in preview["items"]] == [
        ("create", "Only in the calendar")
    ]
    company.settled()
    assert company.writes() == before
    person.change_settings(direction="two_way")
    person.activity_named("Only in the calendar")


def test_a_link_that_is_written_again_and_again_rests_until_it_is_resumed(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Edit 0", in_days(2))
    event = person.event_named("Edit 0")

    def shows(subject: str) -> bool:
        return bool(person.event(event["id"])["summary"] == subject)

    for edit in ("Edit 1", "Edit 2", "Edit 3", "Edit 4", "Edit 5"):
        person.change_activity(activity["id"], subject=edit)
        eventually(partial(shows, edit))
    person.change_activity(activity["id"], subject="Edit 6")
    person.told(activity["id"], "loop_suspected")
    person.change_activity(activity["id"], subject="Edit 7")
    company.settled()
    assert company.writes()["events.patch"] == 5
    assert shows("Edit 5")
    explained = person.get("/api/v1/explain", activity_id=activity["id"])
    assert (explained["synced"], explained["reason"]) == (False, "loop_suspected")
    person.post("resume")
    eventually(partial(shows, "Edit 7"))
