"""Faults: each takes exactly its turns, and what was carried out stays carried out."""

import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.contract.google.servers import serving
from tests.contract.pipedrive_calls.company import Person

from tandem_sandbox.faults import FaultKind, FaultOrder
from tandem_sandbox.pipedrive.app import pipedrive_routes
from tandem_sandbox.world import World


def _arm(world: World, kind: FaultKind, **more) -> None:
    world.faults.arm(FaultOrder(provider="pipedrive", kind=kind, **more))


async def test_a_status_is_answered_and_nothing_carried_out(admin: Person, world: World):
    _arm(world, FaultKind.STATUS, status=503, retry_after=7, times=2, operation="activities.*")
    for _ in range(2):
        answer = await admin.raw("POST", "/api/v2/activities", json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert answer.json()["success"] is False
    assert await admin.pages() == [[]]


async def test_a_fault_means_its_operation_and_its_account(
    admin: Person, boris: Person, world: World
):
    _arm(
        world,
        FaultKind.STATUS,
        status=500,
        operation="activities.create",
        account=boris.user.email,
    )
    await admin.add()
    await boris.pages()
    assert (await boris.raw("POST", "/api/v2/activities", json={})).status_code == 500
    await boris.add()


async def test_a_gateway_s_page_is_no_json(admin: Person, world: World):
    _arm(world, FaultKind.HTML_403)
    answer = await admin.raw("POST", "/api/v2/activities", json={})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()
    assert await admin.pages() == [[]]


async def test_an_expired_cursor_is_refused_and_a_list_begun_anew_is_answered(
    admin: Person, world: World
):
    for _ in range(2):
        await admin.add()
    page = await admin.body("GET", "/api/v2/activities", params={"limit": 1})
    _arm(world, FaultKind.GONE, operation="activities.list")
    query = {"limit": 1, "cursor": page["additional_data"]["next_cursor"]}
    assert "cursor" in await admin.refused(400, "GET", "/api/v2/activities", params=query)
    assert len(await admin.pages(limit=1)) == 2


async def test_latency_delays_a_good_answer(admin: Person, world: World):
    _arm(world, FaultKind.LATENCY, ms=60)
    begun = time.monotonic()
    await admin.add()
    assert time.monotonic() - begun >= 0.06


def test_a_lost_answer_is_a_broken_connection_after_the_write(world: World):
    token = world.pipedrive.companies[1001].users[1001001].token
    app = Starlette(routes=[Mount("/pipedrive", routes=pipedrive_routes(world))])
    _arm(world, FaultKind.TIMEOUT_AFTER_WRITE, operation="activities.create")
    with (
        serving(app) as url,
        httpx.Client(base_url=f"{url}/pipedrive", headers={"x-api-token": token}) as client,
    ):
        with pytest.raises(httpx.TransportError):
            client.post("/api/v2/activities", json={"subject": "carried out"})
        (kept,) = client.get("/api/v2/activities").json()["data"]
    assert kept["subject"] == "carried out"
    assert world.calls.counters()[0]["operation"] == "activities.create"


async def test_every_answered_call_is_counted(admin: Person, boris: Person, world: World):
    made = await admin.add()
    await boris.get(made["id"])
    await boris.refused(404, "GET", "/api/v2/activities/99")
    counted = {(one["operation"], one["account"]): one["calls"] for one in world.calls.counters()}
    assert counted == {
        ("activities.create", admin.user.email): 1,
        ("activities.get", boris.user.email): 2,
    }
    statuses = {one["status"]: one["calls"] for one in world.calls.statuses()}
    assert statuses == {200: 2, 404: 1}
    assert all("token" not in call.path for call in world.calls.matching())
