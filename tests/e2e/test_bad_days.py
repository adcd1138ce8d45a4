"""Lost, doubled, late and forged webhooks; lost grants; throttled and broken providers."""

import json
from base64 import b64encode
from collections import Counter

import httpx
import pytest
from tests.e2e.person import in_days
from tests.e2e.waiting import eventually


def _metric(url, name, **labels):
    total = 0.0
    for line in httpx.get(url + "/metrics", timeout=30).text.splitlines():
        named = line.startswith(name + "{")
        if named and all(f'{key}="{value}"' in line for key, value in labels.items()):
            total += float(line.rsplit(" ", 1)[1])
    return total


@pytest.mark.parametrize("provider", ["pipedrive", "google"])
def test_a_lost_webhook_is_healed_by_the_sweep(company, provider):
    person = company.first
    person.connect()
    company.settled()
    company.arm(provider=provider, operation="webhooks.deliver", kind="drop_webhook", times=1)
    if provider == "pipedrive":
        person.create_activity("Unheard", in_days(2))
        person.event_named("Unheard")
    else:
        person.create_event("Unheard", in_days(2))
        person.activity_named("Unheard")


def test_a_deletion_that_no_webhook_told_is_found_by_the_sweep(company):
    person = company.first
    person.connect()
    activity = person.create_activity("Quietly gone", in_days(2))
    event = person.event_named("Quietly gone")
    company.settled()
    company.arm(provider="pipedrive", operation="webhooks.deliver", kind="drop_webhook", times=1)
    person.delete_activity(activity["id"])
    eventually(lambda: person.event(event["id"])["status"] == "cancelled", seconds=40)


@pytest.mark.parametrize("kind", ["double_webhook", "delay_webhook_ms"])
def test_doubled_and_late_webhooks_change_nothing(company, kind):
    person = company.first
    person.connect()
    company.settled()
    for provider in ("pipedrive", "google"):
        company.arm(provider=provider, operation="webhooks.deliver", kind=kind, times=6, ms=1500)
    activity = person.create_activity("One", in_days(2))
    person.change_activity(activity["id"], subject="Two")
    person.change_activity(activity["id"], subject="Three")
    person.create_event("Own", in_days(2))
    event = person.event_named("Three")
    person.activity_named("Own")
    company.settled()
    assert {one["summary"] for one in person.events()} == {"Three", "Own"}
    assert {one["subject"] for one in person.activities()} == {"Three", "Own"}
    made = company.writes()
    assert (made["events.insert"], made["activities.create"]) == (2, 2)
    assert person.event(event["id"])["summary"] == "Three"


def _basic(password):
    return {"authorization": "Basic " + b64encode(f"tandem:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("body", "result", "right_password", "statuses"),
    [
        (json.dumps({"meta": {}}).encode(), "unauthorized", False, {401}),
        (b"x" * 2_000_000, "too_large", True, {413}),
        (b'{"meta": ', "malformed", True, {400, 422}),
        (b'{"meta": {"entity": 7}}', "malformed", True, {400, 422}),
    ],
    ids=["wrong_password", "2_mb", "broken_json", "wrong_shape"],
)
def test_a_forged_pipedrive_webhook_is_refused_and_counted(
    company, body, result, right_password, statuses
):
    crm_ingest = company.stack.urls["crm_ingest"]
    secrets = json.loads((company.stack.options.folder / "secrets.json").read_text())
    password = secrets["PIPEDRIVE_WEBHOOK_PASSWORD"] if right_password else "guessed"
    labels = {"provider": "pipedrive", "result": result}
    before = _metric(crm_ingest, "tandem_webhooks_total", **labels)
    accepted = _metric(crm_ingest, "tandem_webhooks_total", provider="pipedrive", result="accepted")
    answer = httpx.post(
        crm_ingest + "/webhooks/pipedrive", content=body, headers=_basic(password), timeout=30
    )
    assert answer.status_code in statuses
    assert _metric(crm_ingest, "tandem_webhooks_total", **labels) == before + 1
    assert accepted == _metric(
        crm_ingest, "tandem_webhooks_total", provider="pipedrive", result="accepted"
    )


def test_a_google_notification_with_a_wrong_token_is_refused_and_counted(company):
    calendar_ingest = company.stack.urls["calendar_ingest"]
    labels = {"provider": "google"}
    before = _metric(calendar_ingest, "tandem_webhooks_total", **labels)
    hints = _metric(calendar_ingest, "tandem_messages_published_total", topic="calendar.hints.v1")
    answer = httpx.post(
        calendar_ingest + "/webhooks/google",
        headers={
            "X-Goog-Channel-ID": "unknown",
            "X-Goog-Channel-Token": "guessed",
            "X-Goog-Resource-State": "exists",
            "X-Goog-Resource-ID": "unknown",
            "X-Goog-Message-Number": "2",
        },
        timeout=30,
    )
    assert answer.status_code in {400, 401, 403, 404}
    assert _metric(calendar_ingest, "tandem_webhooks_total", **labels) == before + 1
    assert (
        _metric(calendar_ingest, "tandem_messages_published_total", topic="calendar.hints.v1")
        >= hints
    )


@pytest.mark.parametrize("kind", ["timeout_after_write", "status"])
def test_a_create_of_which_nobody_knows_whether_it_was_done_makes_one_item(company, kind):
    person = company.first
    person.connect()
    company.settled()
    account = person.email
    company.arm(provider="google", operation="events.insert", kind=kind, account=account, times=2)
    company.arm(
        provider="pipedrive", operation="activities.create", kind=kind, account=account, times=2
    )
    # Made by another user for this one, so that only our own creates meet the faults.
    company.second.create_activity("Unsure", in_days(2), owner_id=person.user_id)
    person.event_named("Unsure")
    company.settled()
    assert Counter(one["summary"] for one in person.events()) == Counter({"Unsure": 1})


def test_a_create_in_pipedrive_of_which_nobody_knows_makes_one_activity(company):
    person = company.first
    person.connect()
    company.settled()
    company.arm(
        provider="pipedrive",
        operation="activities.create",
        kind="timeout_after_write",
        account=person.email,
        times=1,
    )
    person.create_event("Once only", in_days(2))
    person.activity_named("Once only")
    company.settled()
    assert [one["subject"] for one in person.activities()] == ["Once only"]


def test_throttling_delays_and_loses_nothing(company):
    person = company.first
    person.connect()
    company.settled()
    company.arm(
        provider="google",
        operation="events.insert",
        account=person.email,
        kind="status",
        status=403,
        reason="rateLimitExceeded",
        times=2,
    )
    company.arm(
        provider="pipedrive",
        operation="activities.get",
        account=person.email,
        kind="status",
        status=429,
        times=2,
    )
    for number in range(5):
        person.create_activity(f"Patient {number}", in_days(2, hour=8 + number))
    eventually(lambda: len(person.events()) == 5, seconds=60)
    company.settled()
    assert len(person.events()) == 5


@pytest.mark.parametrize("provider", ["google", "pipedrive"])
def test_a_lost_grant_shows_and_reconnecting_loses_and_doubles_nothing(company, provider):
    person = company.first
    person.connect()
    activity = person.create_activity("Before", in_days(2))
    event = person.event_named("Before")
    company.settled()
    company.control.post(
        "/grants/revoke", json={"provider": provider, "email": person.email}
    ).raise_for_status()
    company.control.post(
        "/grants/restore", json={"provider": provider, "email": person.email}
    ).raise_for_status()  # the person's own access; the app's grant stays revoked
    person.change_activity(activity["id"], subject="Meanwhile")
    person.create_event("Also meanwhile", in_days(3))
    eventually(lambda: person.connection()["status"] == "reconnect_needed", seconds=40)
    if provider == "google":
        person.reconnect_calendar()
    else:
        person.sign_in()
    eventually(lambda: person.connection()["status"] == "active")
    eventually(lambda: person.event(event["id"])["summary"] == "Meanwhile", seconds=40)
    person.activity_named("Also meanwhile")
    company.settled()
    assert {one["summary"] for one in person.events()} == {"Meanwhile", "Also meanwhile"}
    assert {one["subject"] for one in person.activities()} == {"Meanwhile", "Also meanwhile"}
