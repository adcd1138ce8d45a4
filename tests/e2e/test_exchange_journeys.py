"""Journeys of an account at an Exchange server: both ways, troubles, and how it is connected."""

from collections.abc import Iterator

import httpx
import pytest
from exchangelib import EWSDate
from exchangelib.items import SEND_TO_NONE
from exchangelib.recurrence import DailyPattern, Recurrence
from tests.e2e.company import Company
from tests.e2e.office import Office
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

from tandem_embedded.stack import Stack


@pytest.fixture
def person(company: Company) -> Person:
    """A signed-in salesperson."""
    company.first.sign_in()
    return company.first


@pytest.fixture
def office(stack: Stack, company: Company) -> Iterator[Office]:
    """A new mailbox at the server."""
    with Office.opened(stack, company) as opened:
        yield opened


def _await_days(person: Person, subject: str, *days: int) -> None:
    """Wait until there are activities with a subject on these days and no others."""
    dates = [f"{in_days(day):%Y-%m-%d}" for day in days]

    def there() -> bool:
        found = (one["due_date"] for one in person.activities() if one["subject"] == subject)
        return sorted(found) == dates

    eventually(there, what=f"{subject} in {days} days", seconds=40)


def test_an_account_is_found_by_its_address_and_shown_as_connected(person, office):
    answer = person.tandem.post(
        "/api/v1/connections", json={"email": office.email, "password": office.password}
    )
    assert answer.status_code == 201
    person.connection_id = answer.json()["id"]
    shown = person.connection()
    assert (shown["provider"], shown["status"]) == ("exchange", "setting_up")
    assert office.password not in answer.text
    calendars = person.get(f"/api/v1/connections/{person.connection_id}/calendars")["items"]
    assert [one["name"] for one in calendars if one["primary"]] == ["Calendar"]
    assert {one["name"]: one["writable"] for one in calendars}["Public holidays"] is False


def test_a_given_server_is_taken_and_a_wrong_password_is_told(person, office):
    order = {"email": office.email, "password": "wrong", "server": office.server}
    refused = person.tandem.post("/api/v1/connections", json=order)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "password")
    taken = person.tandem.post("/api/v1/connections", json=order | {"password": office.password})
    assert taken.status_code == 201
    person.connection_id = taken.json()["id"]
    assert len(person.get("/api/v1/connections")["items"]) == 1


def test_an_activity_goes_to_exchange_and_its_edits_and_deletion_follow(person, office, company):
    office.connect(person)
    activity = person.create_activity("Visit", in_days(3))
    event = office.event_named("Visit")
    assert event.start == in_days(3)
    person.change_activity(activity["id"], subject="Visit, later", due_time="12:00")
    moved = office.event_named("Visit, later")
    assert (moved.id, moved.start) == (event.id, in_days(3, hour=12))
    person.delete_activity(activity["id"])
    eventually(lambda: not office.events(), what="the event is gone")
    company.settled()
    assert office.events() == []


def test_an_event_of_exchange_becomes_an_activity_and_both_ways_go_on(person, office, company):
    office.connect(person)
    event = office.create("Lunch", in_days(4))
    activity = person.activity_named("Lunch")
    assert activity["due_time"][:5] == "09:00"
    event.subject = "Long lunch"
    event.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
    assert person.activity_named("Long lunch")["id"] == activity["id"]
    person.change_activity(activity["id"], location={"value": "Canteen"})
    eventually(lambda: office.event_named("Long lunch").location == "Canteen", what="the place")
    office.event_named("Long lunch").move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
    eventually(lambda: not person.activities(), what="the activity is gone")
    company.settled()
    assert (office.events(), person.activities()) == ([], [])


def test_occurrences_of_a_series_follow_it_and_their_own_changes(person, office, company):
    office.connect(person)
    begin = in_days(1)
    rule = Recurrence(
        pattern=DailyPattern(interval=1), start=EWSDate.from_date(begin.date()), number=4
    )
    series = office.create("Daily", begin, recurrence=rule)
    _await_days(person, "Daily", 1, 2, 3, 4)
    office.on(2).delete(send_meeting_cancellations=SEND_TO_NONE)
    special = office.on(3)
    special.subject = "Special"
    special.save(update_fields=["subject"], send_meeting_invitations=SEND_TO_NONE)
    _await_days(person, "Daily", 1, 4)
    _await_days(person, "Special", 3)
    [activity] = [one for one in person.activities() if one["subject"] == "Special"]
    person.change_activity(activity["id"], subject="Mine")
    assert person.told(activity["id"], "recurring_read_only")["action"] == "reverted"
    _await_days(person, "Special", 3)
    series.move_to_trash(send_meeting_cancellations=SEND_TO_NONE)
    eventually(lambda: not person.activities(), what="all activities are gone")
    company.settled()
    assert (office.events(), person.activities()) == ([], [])


def test_a_lost_answer_of_a_create_makes_no_second_event(person, office, company):
    office.connect(person)
    company.arm(
        provider="exchange",
        operation="CreateItem",
        account=office.email,
        kind="timeout_after_write",
    )
    person.create_activity("Once", in_days(5))
    office.event_named("Once")
    company.settled()
    assert len(office.events()) == 1


def test_a_changed_password_is_told_and_mended(person, office, company, stack):
    office.connect(person)
    company.control.post(
        "/grants/revoke", json={"provider": "exchange", "email": office.email}
    ).raise_for_status()
    person.create_activity("Waits", in_days(6))
    eventually(lambda: person.connection()["status"] == "reconnect_needed", what="it is told")
    httpx.post(
        stack.urls["sandbox"] + "/_control/grants/restore",
        json={"provider": "exchange", "email": office.email},
    ).raise_for_status()
    order = {"email": office.email, "password": office.password}
    assert person.tandem.post("/api/v1/connections", json=order).status_code == 201
    office.event_named("Waits")
    assert person.connection()["status"] == "active"
