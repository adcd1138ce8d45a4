"""The state over a restart of the sandbox."""

import asyncio
import json
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.contract.pipedrive_calls.company import Person

from tandem_sandbox.keeper import Keeper
from tandem_sandbox.pipedrive.app import pipedrive_routes
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World


async def test_a_restart_changes_nothing_that_a_client_sees(
    admin: Person, boris: Person, world: World, tmp_path: Path
):
    made = await admin.add(
        due_date="2027-01-02",
        participants=[{"person_id": 1}],
        attendees=[{"email": "guest@example.com"}],
        location={"value": "Main Street 1"},
    )
    gone = await admin.add()
    await admin.delete(gone["id"])
    hook = await admin.subscribe(http_auth_user="us", http_auth_password="pass-word")
    await world.deliveries.idle()
    cursor = (await admin.body("GET", "/api/v2/persons", params={"limit": 2}))["additional_data"]
    world.pipedrive.deleted_reads = "gone"
    world.pipedrive.revoke(boris.user.email)
    file = tmp_path / "state" / "sandbox.json"
    before = Keeper(world, file, seconds=60)
    before.keep()
    again = World(SandboxSettings())
    keeper = Keeper(again, file, seconds=60)
    keeper.start()
    await asyncio.sleep(0)
    await keeper.stop()
    assert again.dump() == json.loads(json.dumps(world.dump()))
    app = Starlette(routes=[Mount("/pipedrive", routes=pipedrive_routes(again))])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox.test/pipedrive"
    ) as client:
        same = Person(client, again, admin.user.email)
        assert await same.get(made["id"], include_fields="attendees") == made
        await same.refused(404, "GET", f"/api/v2/activities/{gone['id']}")
        assert await same.ask("GET", "/api/v1/webhooks") == [hook]
        rest = await same.pages("/api/v2/persons", cursor=cursor["next_cursor"])
        assert [one["id"] for page in rest for one in page] == [3, 4]
        assert (await same.add())["id"] > gone["id"]
        locked_out = Person(client, again, boris.user.email)
        await locked_out.refused(401, "GET", "/api/v2/activities")
    await again.aclose()


async def test_a_reset_forgets_everything_but_the_default_seed(
    admin: Person, stranger: Person, world: World
):
    await admin.add()
    await admin.subscribe()
    await world.reset()
    assert await admin.pages() == [[]]
    assert await admin.ask("GET", "/api/v1/webhooks") == []
    assert list(world.pipedrive.companies) == [1001, 2002]
