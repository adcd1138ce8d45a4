"""Journeys of an account of Outlook.com: both ways, series, troubles, and how it is connected."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.company import Company
from tests.e2e.outlook import Outlook, point
from tests.e2e.person import Person, in_days
from tests.e2e.waiting import eventually

from tandem_embedded.demo_user import consent
from tandem_embedded.stack import Stack

Json = dict[str, Any]
LONGER_S = 40
"""As long as a sweep and more."""


def _begins(event: Json) -> str:
    return str(event["start"]["dateTime"])[:16]


@pytest.fixture
def person(company: Company) -> Person:
    """A signed-in salesperson."""
    company.first.sign_in()
    return company.first


@pytest.fixture
def outlook(stack: Stack, company: Company) -> Iterator[Outlook]:
    """A new mailbox."""
    with Outlook.opened(stack, company) as opened:
        yield opened


def test_an_account_is_found_by_its_address_and_shown_as_connected(person, outlook):
    answer = person.tandem.post("/api/v1/connections", json={"email": outlook.email})
    consent(person.tandem, answer.json()["authorize_url"], email=outlook.email)
    [shown] = person.get("/api/v1/connections")["items"]
    person.connection_id = shown["id"]
    assert (shown["provider"], shown["status"]) == ("microsoft", "setting_up")
    calendars = person.get(f"/api/v1/connections/{shown['id']}/calendars")["items"]
    assert [one["name"] for one in calendars if one["primary"]] == ["Calendar"]
    assert {one["name"]: one["writable"] for one in calendars}["Public holidays"] is False


def test_an_activity_goes_to_outlook_and_its_edits_and_deletion_follow(person, outlook, company):
    outlook.connect(person)
    activity = person.create_activity("Visit", in_days(3))
    event = outlook.event_named("Visit")
    assert _begins(event) == f"{in_days(3):%Y-%m-%dT09:00}"
    person.change_activity(activity["id"], subject="Visit, later", due_time="12:00")
    moved = outlook.event_named("Visit, later")
    assert (moved["id"], _begins(moved)) == (event["id"], f"{in_days(3):%Y-%m-%dT12:00}")
    person.delete_activity(activity["id"])
    eventually(lambda: not outlook.events(), what="the event is gone")
    company.settled()
    assert outlook.events() == []


def test_a_backfill_goes_in_batches(person, outlook, company):
    for number in range(300):
        person.create_activity(f"Old {number}", in_days(2 + number % 50))
    outlook.connect(person)
    eventually(lambda: len(outlook.events()) == 300, seconds=120, what="300 events")
    company.settled()
    assert {one["subject"] for one in outlook.events()} == {f"Old {n}" for n in range(300)}
    assert company.writing_requests("microsoft", outlook.email) <= 18, "60 for a thousand"


def test_an_event_of_outlook_becomes_an_activity_and_both_ways_go_on(person, outlook, company):
    outlook.connect(person)
    event = outlook.create("Lunch", in_days(4))
    activity = person.activity_named("Lunch")
    assert activity["due_time"][:5] == "09:00"
    outlook.change(event["id"], subject="Long lunch")
    assert person.activity_named("Long lunch")["id"] == activity["id"]
    person.change_activity(activity["id"], location={"value": "Canteen"})
    eventually(
        lambda: outlook.event_named("Long lunch")["location"]["displayName"] == "Canteen",
        what="the place",
    )
    outlook.delete(event["id"])
    eventually(lambda: not person.activities(), what="the activity is gone")
    company.settled()
    assert (outlook.events(), person.activities()) == ([], [])


def test_all_day_goes_both_ways(person, outlook):
    outlook.connect(person)
    day, after = (in_days(days, hour=0) for days in (5, 6))
    person.create_activity("Fair", None, due_date=f"{day:%Y-%m-%d}")
    fair = outlook.event_named("Fair")
    assert fair["isAllDay"]
    assert (_begins(fair), fair["end"]["dateTime"][:16]) == (
        f"{day:%Y-%m-%dT00:00}",
        f"{after:%Y-%m-%dT00:00}",
    )
    outlook.create("Holiday", day, end=point(after), isAllDay=True)
    holiday = person.activity_named("Holiday")
    assert (holiday["due_date"], holiday["due_time"]) == (f"{day:%Y-%m-%d}", None)


def test_each_occurrence_of_a_series_becomes_an_activity_and_follows_it(person, outlook, company):
    outlook.connect(person)
    rule = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "numberOfOccurrences": 3},
    }
    outlook.create("Daily", in_days(1), recurrence=rule)
    days = [f"{in_days(day):%Y-%m-%d}" for day in (1, 2, 3)]
    eventually(lambda: _days(person) == days, what="three activities", seconds=LONGER_S)
    first, second, third = sorted(outlook.events(), key=_begins)
    outlook.change(second["id"], subject="Special")
    special = person.activity_named("Special")
    assert special["due_date"] == days[1]
    outlook.delete(third["id"])
    eventually(lambda: _days(person) == days[:1], what="one is gone", seconds=LONGER_S)
    person.change_activity(special["id"], subject="Mine")
    person.told(special["id"], "recurring_read_only")
    assert person.activity_named("Special")["id"] == special["id"]
    company.settled()
    assert outlook.event_named("Special")["id"] == second["id"]
    outlook.delete(first["seriesMasterId"])
    eventually(lambda: not person.activities(), what="all are gone", seconds=LONGER_S)


def _days(person: Person) -> list[str]:
    """Due dates of the daily activities, in their order."""
    return sorted(one["due_date"] for one in person.activities() if one["subject"] == "Daily")


def test_a_lost_notice_is_healed_by_the_sweep(person, outlook, company):
    outlook.connect(person)
    company.settled()
    company.arm(provider="microsoft", operation="webhooks.deliver", kind="drop_webhook", times=1)
    outlook.create("Unheard", in_days(2))
    person.activity_named("Unheard")


def test_a_removed_subscription_is_made_again(person, outlook, company):
    outlook.connect(person)
    company.settled()
    eventually(lambda: _push(person) == "up", what="the subscription is there")
    order = {"email": outlook.email, "event": "subscriptionRemoved"}
    # A new subscription is made before an old one is ended, so there may be two for a moment.
    assert company.control.post("/microsoft/lifecycle", json=order).json()["told"] >= 1
    eventually(
        lambda: company.control.post(
            "/microsoft/lifecycle", json={"email": outlook.email, "event": "missed"}
        ).json()["told"],
        what="there is another subscription",
    )


def _push(person: Person) -> str:
    return str(person.connection()["push"]["calendar"]["state"])


def test_a_lost_answer_of_a_create_makes_no_second_event(person, outlook, company):
    outlook.connect(person)
    company.arm(
        provider="microsoft",
        operation="events.create",
        account=outlook.email,
        kind="timeout_after_write",
    )
    person.create_activity("Once", in_days(5))
    outlook.event_named("Once")
    company.settled()
    assert len(outlook.events()) == 1


def test_an_ended_grant_is_told_and_mended_by_connecting_again(person, outlook, company):
    outlook.connect(person)
    account = {"provider": "microsoft", "email": outlook.email}
    company.control.post("/grants/revoke", json=account).raise_for_status()
    person.create_activity("Waits", in_days(6))
    eventually(lambda: person.connection()["status"] == "reconnect_needed", what="it is told")
    company.control.post("/grants/restore", json=account).raise_for_status()
    answer = person.tandem.post("/api/v1/connections", json={"email": outlook.email})
    consent(person.tandem, answer.json()["authorize_url"], email=outlook.email)
    outlook.event_named("Waits")
    assert person.connection()["status"] == "active"
