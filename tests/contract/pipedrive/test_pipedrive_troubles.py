"""Faults: each takes exactly its turns, and what was carried out stays carried out."""

import time

import httpx
import pytest
from tests.contract.google.servers import serving

from tandem_sandbox.faults import FaultKind, FaultOrder

ACTIVITIES = "/api/v2/activities"


def _arm(world, kind, **more):
    world.faults.arm(FaultOrder(provider="pipedrive", kind=kind, **more))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_status_is_answered_and_nothing_carried_out(admin, world, status):
    _arm(world, FaultKind.STATUS, status=status, retry_after=7, times=2, operation="activities.*")
    for _ in range(2):
        answer = await admin.ask("POST", ACTIVITIES, body={})
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
        assert answer.json()["success"] is False
    assert await admin.listed() == []


async def test_a_status_tells_its_reason(admin, world):
    _arm(world, FaultKind.STATUS, status=402, reason="Company account is not open")
    assert await admin.refused(402, "GET", ACTIVITIES) == "Company account is not open"


async def test_a_fault_means_its_operation_and_its_account(admin, boris, world):
    _arm(world, FaultKind.STATUS, status=500, operation="activities.create", account=boris.email)
    await admin.make()
    await boris.listed()
    await boris.refused(500, "POST", ACTIVITIES, body={})
    await boris.make()


async def test_a_gateways_page_is_no_json(admin, world):
    _arm(world, FaultKind.HTML_403)
    answer = await admin.ask("POST", ACTIVITIES, body={})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert await admin.listed() == []


async def test_only_a_request_with_a_cursor_can_have_an_expired_one(admin, world):
    for _ in range(2):
        await admin.make()
    answer = await admin.ask("GET", ACTIVITIES, limit=1)
    cursor = answer.json()["additional_data"]["next_cursor"]
    _arm(world, FaultKind.GONE, operation="activities.list")
    assert len(await admin.call("GET", ACTIVITIES, limit=1)) == 1
    assert "cursor" in await admin.refused(400, "GET", ACTIVITIES, cursor=cursor)
    assert len(await admin.call("GET", ACTIVITIES, cursor=cursor)) == 1


async def test_a_slow_answer_is_still_a_good_one(admin, world):
    _arm(world, FaultKind.LATENCY, ms=60)
    begun = time.monotonic()
    await admin.make()
    assert time.monotonic() - begun >= 0.06


def test_a_lost_answer_is_a_broken_connection_after_the_write(app):
    world = app.state.world
    user = world.pipedrive.companies[1001].users[1001001]
    _arm(world, FaultKind.TIMEOUT_AFTER_WRITE, operation="activities.create")
    with (
        serving(app) as url,
        httpx.Client(base_url=f"{url}/pipedrive", headers={"x-api-token": user.token}) as client,
    ):
        with pytest.raises(httpx.TransportError):
            client.post(ACTIVITIES, json={"subject": "carried out"})
        (kept,) = client.get(ACTIVITIES).json()["data"]
    assert kept["subject"] == "carried out"


async def test_every_answered_call_is_counted(admin, boris, world):
    made = await admin.make()
    await boris.get(made["id"])
    await boris.refused(404, "GET", f"{ACTIVITIES}/99")
    counted = {(one["operation"], one["account"]): one["calls"] for one in world.calls.counters()}
    assert counted == {("activities.create", admin.email): 1, ("activities.get", boris.email): 2}
    statuses = {one["status"]: one["calls"] for one in world.calls.statuses()}
    assert statuses == {200: 2, 404: 1}
