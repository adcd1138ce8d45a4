"""The sandbox's own API: what it refuses, and that what it does shows."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from tandem_sandbox.accounts import company, default_seed
from tandem_sandbox.app import create_app
from tandem_sandbox.settings import SandboxSettings

EMAIL = "sales1@north.example"


@pytest.fixture
async def control() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(SandboxSettings())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox.test"
    ) as client:
        yield client
    await app.state.world.aclose()


async def _token(control):
    accounts = (await control.get("/_control/accounts")).json()
    return {"x-api-token": accounts["companies"][0]["users"][0]["token"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "faults", {}, "provider"),
        ("POST", "faults", {"provider": "pipedrive", "kind": "earthquake"}, "kind"),
        ("POST", "faults", {"provider": "caldav", "kind": "status"}, "provider"),
        ("POST", "faults", {"provider": "google", "kind": "status", "status": 200}, "status"),
        ("POST", "faults", {"provider": "google", "kind": "status", "times": 0}, "times"),
        ("POST", "faults", {"provider": "google", "kind": "status", "ms": -1}, "ms"),
        ("POST", "faults", {"provider": "google", "kind": "status", "colour": "red"}, "colour"),
        ("DELETE", "faults/x", None, "fault_id"),
        ("PUT", "clock", {}, "now"),
        ("PUT", "clock", {"now": "2027-01-01T00:00:00"}, "now"),
        ("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "advance_seconds": 1}, "now"),
        ("PUT", "clock", {"advance_seconds": "soon"}, "advance_seconds"),
        ("PUT", "deliveries", {}, "time_scale"),
        ("PUT", "deliveries", {"time_scale": -1}, "time_scale"),
        ("PUT", "pipedrive", {"deleted_reads": "perhaps"}, "deleted_reads"),
        ("PUT", "pipedrive/companies/1001/plan", {"burst_oauth": 0}, "burst_oauth"),
        ("PUT", "pipedrive/companies/1001/plan", {"seats": 5}, "seats"),
        ("PUT", "pipedrive/companies/1001/plan/enormous", None, "name"),
        ("POST", "seed", {"companies": 0}, "companies"),
        ("POST", "seed", {"colour": "red"}, "colour"),
        ("POST", "grants/revoke", {"provider": "google"}, "email"),
        ("POST", "grants/revoke", {"provider": "icloud", "email": EMAIL}, "provider"),
        ("GET", "calls?limit=0", None, "limit"),
        ("POST", "deliveries/idle?seconds=-1", None, "seconds"),
    ],
)
async def test_a_wrong_order_is_refused_by_name(control, method, path, body, field):
    answer = await control.request(method, f"/_control/{path}", json=body)
    assert answer.status_code == 422
    assert field in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "faults/99", None),
        ("GET", "pipedrive/companies/5/plan", None),
        ("PUT", "pipedrive/companies/5/plan", {}),
        ("POST", "grants/revoke", {"provider": "pipedrive", "email": "nobody@example.com"}),
        ("POST", "grants/restore", {"provider": "google", "email": "nobody@example.com"}),
    ],
)
async def test_what_is_not_there_is_said(control, method, path, body):
    assert (await control.request(method, f"/_control/{path}", json=body)).status_code == 404


async def test_everybody_is_listed_with_a_token_that_works(control):
    accounts = (await control.get("/_control/accounts")).json()
    assert accounts["oauth_client"] == {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    assert [one["id"] for one in accounts["companies"]] == [1001, 2002]
    for one in accounts["companies"]:
        for user in one["users"]:
            headers = {"x-api-token": user["token"]}
            me = await control.get("/pipedrive/api/v1/users/me", headers=headers)
            assert me.json()["data"]["id"] == user["id"]
            assert me.json()["data"]["timezone_name"] == user["timezone"]
    paths = {
        "google": "/google/calendar/v3/calendars",
        "microsoft": "/microsoft/v1.0/me/calendars",
    }
    for mailbox in accounts["mailboxes"]:
        if mailbox["provider"] not in paths:
            continue
        path = paths[mailbox["provider"]]
        for calendar in mailbox["calendars"]:
            read = await control.get(
                f"{path}/{calendar['id']}",
                headers={"authorization": f"Bearer {mailbox['token']}"},
            )
            assert read.is_success


async def test_time_is_moved_and_goes_back_with_a_reset(control):
    there = (await control.put("/_control/clock", json={"now": "2030-01-01T00:00:00Z"})).json()
    moved = (await control.put("/_control/clock", json={"advance_seconds": 3600})).json()
    step = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(there["now"])
    assert timedelta(hours=1) <= step < timedelta(hours=1, minutes=1)
    assert (await control.post("/_control/reset")).is_success
    assert (await control.get("/_control/clock")).json()["offset_seconds"] == 0


async def test_a_fault_is_listed_until_it_is_taken_back(control):
    order = {"provider": "pipedrive", "kind": "status", "times": 3}
    armed = (await control.post("/_control/faults", json=order)).json()
    assert armed["left"] == 3
    assert (await control.get("/_control/faults")).json()["items"] == [armed]
    headers = await _token(control)
    answer = await control.get("/pipedrive/api/v1/users", headers=headers)
    assert answer.status_code == 503
    assert (await control.delete(f"/_control/faults/{armed['id']}")).is_success
    assert (await control.get("/pipedrive/api/v1/users", headers=headers)).is_success
    await control.post("/_control/faults", json=order)
    assert (await control.delete("/_control/faults")).is_success
    assert (await control.get("/_control/faults")).json()["items"] == []


async def test_accounts_are_seeded_by_number_or_one_by_one_and_only_once(control):
    seeded = len(default_seed().mailboxes)
    order = {"companies": 2, "users": 2, "mailboxes": 1}
    for _ in range(2):
        answer = await control.post("/_control/seed", json=order)
        assert answer.json() == {"companies": 4, "mailboxes": seeded + 2}
    seed = {"seed": company(3, "West", users=1).model_dump(mode="json")}
    answer = await control.post("/_control/seed", json=seed)
    assert answer.json() == {"companies": 5, "mailboxes": seeded + 3}
    accounts = (await control.get("/_control/accounts")).json()
    assert accounts["companies"][-1]["users"][0]["email"] == "sales1@west.example"


async def test_a_revoked_account_is_restored(control):
    headers = await _token(control)
    order = {"provider": "pipedrive", "email": EMAIL}
    assert (await control.post("/_control/grants/revoke", json=order)).json() == {"ended": 1}
    answer = await control.get("/pipedrive/api/v1/users", headers=headers)
    assert answer.status_code == 401
    assert (await control.post("/_control/grants/restore", json=order)).is_success
    assert (await control.get("/pipedrive/api/v1/users", headers=headers)).is_success


async def test_a_plan_and_what_was_used_of_it_are_shown(control):
    path = "/_control/pipedrive/companies/1001/plan"
    sold = (await control.put(f"{path}/lite")).json()
    assert sold["plan"]["daily_tokens"] == 30_000 * 3
    await control.get("/pipedrive/api/v1/users", headers=await _token(control))
    assert (await control.get(path)).json() == {**sold, "tokens_used_today": 20}
    narrow = (await control.put(path, json={"burst_api_token": 1})).json()
    assert narrow["plan"]["burst_api_token"] == 1


async def test_the_manners_of_providers_are_shown_as_they_were_set(control):
    await control.put("/_control/deliveries", json={"time_scale": 0.5})
    assert (await control.get("/_control/deliveries")).json()["time_scale"] == 0.5
    await control.put("/_control/pipedrive", json={"deleted_reads": "gone"})
    assert (await control.get("/_control/pipedrive")).json() == {"deleted_reads": "gone"}


async def test_calls_are_counted_and_listed(control):
    headers = await _token(control)
    for _ in range(3):
        await control.get("/pipedrive/api/v1/users", headers=headers)
    await control.get("/pipedrive/api/v1/users/42", headers=headers)
    counters = (await control.get("/_control/counters")).json()
    assert {
        "provider": "pipedrive",
        "operation": "users.list",
        "account": EMAIL,
        "calls": 3,
        "batched": 0,
    } in counters["calls"]
    assert {"provider": "pipedrive", "status": 404, "calls": 1} in counters["statuses"]
    assert (counters["mails"], counters["deliveries"]["enqueued"]) == (0, 0)
    query = {"provider": "pipedrive", "operation": "users.list", "limit": 2}
    calls = (await control.get("/_control/calls", params=query)).json()["items"]
    assert [one["number"] for one in calls] == [1, 2]
    query["after"] = 2
    calls = (await control.get("/_control/calls", params=query)).json()["items"]
    assert [(one["number"], one["account"]) for one in calls] == [(3, EMAIL)]
    assert (await control.get("/_control/mails")).json() == {"items": []}


async def test_idle_is_said_at_once_where_nothing_waits(control):
    assert (await control.post("/_control/deliveries/idle?seconds=0.5")).is_success


async def test_waiting_for_idle_ends_at_its_time(control):
    headers = await _token(control)
    hook = {
        "subscription_url": "http://127.0.0.1:9/",
        "event_action": "*",
        "event_object": "*",
        "name": "Test",
    }
    await control.post("/pipedrive/api/v1/webhooks", json=hook, headers=headers)
    await control.post("/pipedrive/api/v2/activities", json={}, headers=headers)
    answer = await control.post("/_control/deliveries/idle?seconds=0.1")
    assert answer.status_code == 504
    await control.post("/_control/reset")
    assert (await control.post("/_control/deliveries/idle?seconds=0.5")).is_success


async def test_the_control_describes_itself(control):
    paths = (await control.get("/_control/openapi.json")).json()["paths"]
    assert {"/accounts", "/clock", "/faults", "/counters", "/calls", "/deliveries"} <= set(paths)
