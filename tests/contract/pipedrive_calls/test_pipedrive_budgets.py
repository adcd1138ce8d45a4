"""Budgets: bursts per token, tokens a day per company, the gateway for who goes on."""

from datetime import timedelta

import httpx
from tests.contract.pipedrive_calls.company import Person

from tandem_sandbox.pipedrive import gate
from tandem_sandbox.pipedrive.budget import Plan, vendor_plan
from tandem_sandbox.world import World

PATH = "/api/v2/activities/1"


class Watch:
    """Stands in for the machine's monotonic clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


def _limits(answer: httpx.Response) -> tuple[int, int]:
    names = ("x-ratelimit-limit", "x-ratelimit-remaining")
    return (int(answer.headers[names[0]]), int(answer.headers[names[1]]))


async def test_a_burst_is_counted_per_token_and_window(
    admin: Person, boris: Person, world: World, monkeypatch
):
    watch = Watch()
    monkeypatch.setattr(gate, "time", watch)
    world.pipedrive.companies[1001].plan = Plan(burst_api_token=3)
    await_ids = [await admin.raw("GET", "/api/v2/activities") for _ in range(3)]
    assert [_limits(one) for one in await_ids] == [(3, 2), (3, 1), (3, 0)]
    refused = await admin.raw("GET", "/api/v2/activities")
    assert refused.status_code == 429
    assert refused.json()["success"] is False
    assert _limits(refused) == (3, 0)
    assert 1 <= int(refused.headers["x-ratelimit-reset"]) <= 3
    assert (await boris.raw("GET", "/api/v2/activities")).status_code == 200
    watch.seconds += 2.1
    assert (await admin.raw("GET", "/api/v2/activities")).status_code == 200


async def test_who_goes_on_after_429_meets_a_page_instead_of_json(
    admin: Person, world: World, monkeypatch
):
    watch = Watch()
    monkeypatch.setattr(gate, "time", watch)
    world.pipedrive.companies[1001].plan = Plan(burst_api_token=1)
    answers = [await admin.raw("GET", "/api/v2/activities") for _ in range(12)]
    assert [one.status_code for one in answers] == [200] + [429] * 10 + [403]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert "<html" in answers[-1].text
    watch.seconds += 5
    assert (await admin.raw("GET", "/api/v2/activities")).status_code == 403
    watch.seconds += 10
    assert (await admin.raw("GET", "/api/v2/activities")).status_code == 200


async def test_searches_have_a_smaller_window_of_their_own(
    admin: Person, world: World, monkeypatch
):
    monkeypatch.setattr(gate, "time", Watch())
    world.pipedrive.companies[1001].plan = Plan(burst_search=1)
    search = "/api/v2/persons/search?term=buyer"
    statuses = [(await admin.raw("GET", search)).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert (await admin.raw("GET", "/api/v2/persons")).status_code == 200


async def test_a_company_s_day_is_shared_and_begins_anew(
    admin: Person, boris: Person, stranger: Person, world: World
):
    world.pipedrive.companies[1001].plan = Plan(daily_tokens=10)
    made = await admin.raw("POST", "/api/v2/activities", json={})
    assert made.headers["x-daily-ratelimit-token-limit"] == "10"
    assert made.headers["x-daily-ratelimit-token-remaining"] == "5"
    read = await boris.raw("GET", f"/api/v2/activities/{made.json()['data']['id']}")
    assert read.headers["x-daily-ratelimit-token-remaining"] == "4"
    assert (await boris.raw("POST", "/api/v2/activities", json={})).status_code == 429
    assert (await stranger.raw("POST", "/api/v2/activities", json={})).status_code == 200
    world.clock.advance(timedelta(days=1))
    assert (await boris.raw("POST", "/api/v2/activities", json={})).status_code == 200


def test_plans_are_the_vendor_s():
    lite, ultimate = vendor_plan("lite", 1), vendor_plan("ultimate", 10)
    assert (lite.daily_tokens, lite.burst_api_token, lite.burst_oauth) == (30_000, 20, 80)
    assert ultimate.daily_tokens == 30_000 * 7 * 10
    assert (ultimate.burst_api_token, ultimate.burst_oauth) == (120, 480)
    assert lite.burst_search == ultimate.burst_search == 10
