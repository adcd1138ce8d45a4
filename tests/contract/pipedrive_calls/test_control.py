"""The sandbox's own API: what it refuses, and that what it does shows."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from tandem_sandbox.app import create_app
from tandem_sandbox.settings import SandboxSettings


@pytest.fixture
async def control() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a whole sandbox."""
    app = create_app(SandboxSettings())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox.test"
    ) as client:
        yield client
    await app.state.world.aclose()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {}),
        ("POST", "faults", {"provider": "pipedrive", "kind": "earthquake"}),
        ("POST", "faults", {"provider": "caldav", "kind": "status"}),
        ("POST", "faults", {"provider": "pipedrive", "kind": "status", "status": 200}),
        ("POST", "faults", {"provider": "pipedrive", "kind": "status", "times": 0}),
        ("POST", "faults", {"provider": "pipedrive", "kind": "status", "ms": -1}),
        ("POST", "faults", {"provider": "pipedrive", "kind": "status", "colour": "red"}),
        ("DELETE", "faults/x", None),
        ("PUT", "clock", {}),
        ("PUT", "clock", {"now": "2027-01-01T00:00:00"}),
        ("PUT", "clock", {"now": "2027-01-01T00:00:00Z", "advance_seconds": 1}),
        ("PUT", "clock", {"advance_seconds": "soon"}),
        ("PUT", "deliveries", {}),
        ("PUT", "deliveries", {"time_scale": -1}),
        ("PUT", "pipedrive", {"deleted_reads": "perhaps"}),
        ("PUT", "pipedrive/companies/1001/plan", {"burst_oauth": 0}),
        ("PUT", "pipedrive/companies/1001/plan", {"seats": 5}),
        ("POST", "seed", {"companies": 0}),
        ("POST", "seed", {"colour": "red"}),
        ("POST", "grants/revoke", {"provider": "google"}),
        ("POST", "grants/revoke", {"provider": "caldav", "email": "a@example.com"}),
        ("GET", "calls?limit=0", None),
        ("POST", "deliveries/idle?seconds=-1", None),
    ],
)
async def test_wrong_orders_are_refused(control: httpx.AsyncClient, method, path, body):
    answer = await control.request(method, f"/_control/{path}", json=body)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "faults/99", None),
        ("PUT", "pipedrive/companies/5/plan", {}),
        ("POST", "grants/revoke", {"provider": "microsoft", "email": "a@example.com"}),
        ("POST", "grants/restore", {"provider": "google", "email": "nobody@example.com"}),
    ],
)
async def test_what_is_not_there_is_said(control: httpx.AsyncClient, method, path, body):
    assert (await control.request(method, f"/_control/{path}", json=body)).status_code == 404


async def test_everybody_is_listed_with_a_token_that_works(control: httpx.AsyncClient):
    accounts = (await control.get("/_control/accounts")).json()
    assert [one["id"] for one in accounts["companies"]] == [1001, 2002]
    for company in accounts["companies"]:
        for user in company["users"]:
            answer = await control.get(
                "/pipedrive/api/v1/users/me", headers={"x-api-token": user["token"]}
            )
            assert answer.json()["data"]["id"] == user["id"]
    for mailbox in accounts["mailboxes"]:
        answer = await control.get(
            "/google/calendar/v3/users/me/calendarList",
            headers={"authorization": f"Bearer {mailbox['token']}"},
        )
        assert len(answer.json()["items"]) == len(mailbox["calendars"])


async def test_time_is_moved_and_goes_back_with_a_reset(control: httpx.AsyncClient):
    there = (await control.put("/_control/clock", json={"now": "2030-01-01T00:00:00Z"})).json()
    moved = (await control.put("/_control/clock", json={"advance_seconds": 3600})).json()
    step = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(there["now"])
    assert timedelta(hours=1) <= step < timedelta(hours=1, seconds=30)
    await control.post("/_control/reset")
    assert (await control.get("/_control/clock")).json()["offset_seconds"] == 0


async def test_a_fault_is_listed_until_it_is_taken_back(control: httpx.AsyncClient):
    order = {"provider": "pipedrive", "kind": "status", "times": 3}
    armed = (await control.post("/_control/faults", json=order)).json()
    assert (await control.get("/_control/faults")).json()["items"] == [armed]
    assert armed["left"] == 3
    assert (await control.delete(f"/_control/faults/{armed['id']}")).status_code == 200
    assert (await control.get("/_control/faults")).json()["items"] == []


async def test_more_accounts_can_be_seeded_once(control: httpx.AsyncClient):
    order = {"companies": 2, "users": 2, "mailboxes": 1}
    for _ in range(2):
        answer = (await control.post("/_control/seed", json=order)).json()
        assert answer["companies"] == 4
    assert (await control.get("/_control/openapi.json")).status_code == 200


async def test_a_revoked_account_is_restored(control: httpx.AsyncClient):
    email = "sales1@north.example"
    accounts = (await control.get("/_control/accounts")).json()
    token = accounts["companies"][0]["users"][0]["token"]
    order = {"provider": "pipedrive", "email": email}
    headers = {"x-api-token": token}
    await control.post("/_control/grants/revoke", json=order)
    assert (await control.get("/pipedrive/api/v1/users", headers=headers)).status_code == 401
    await control.post("/_control/grants/restore", json=order)
    assert (await control.get("/pipedrive/api/v1/users", headers=headers)).status_code == 200
