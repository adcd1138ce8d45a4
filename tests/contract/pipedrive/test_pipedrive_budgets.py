"""Budgets as a client meets them: statuses, headers, the gateway for who goes on."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from tandem_sandbox.pipedrive import gate
from tandem_sandbox.pipedrive.budget import Plan

ACTIVITIES = "/api/v2/activities"


@pytest.fixture
def watch(monkeypatch):
    """The sandbox's monotonic clock, which stands still but for the test."""
    one = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(gate, "time", SimpleNamespace(monotonic=lambda: one.seconds))
    return one


def _left(answer):
    return int(answer.headers["x-ratelimit-remaining"])


async def test_a_burst_is_counted_per_token_and_window(admin, boris, company, watch):
    company.plan = Plan(burst_api_token=3)
    answers = [await admin.ask("GET", ACTIVITIES) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [_left(one) for one in answers] == [2, 1, 0, 0]
    assert {one.headers["x-ratelimit-limit"] for one in answers} == {"3"}
    assert answers[3].json()["success"] is False
    assert 1 <= int(answers[3].headers["x-ratelimit-reset"]) <= 3
    assert (await boris.ask("GET", ACTIVITIES)).status_code == 200
    watch.seconds += 2.1
    assert (await admin.ask("GET", ACTIVITIES)).status_code == 200


async def test_a_refused_request_is_not_carried_out_and_uses_no_fault(admin, company, watch, world):
    company.plan = Plan(burst_api_token=1)
    await admin.make()
    await admin.refused(429, "POST", ACTIVITIES, body={})
    watch.seconds += 5
    assert len(await admin.listed()) == 1
    assert [call.status for call in world.calls.matching()] == [200, 429, 200]


async def test_who_goes_on_after_429_meets_a_page_instead_of_json(admin, company, watch):
    company.plan = Plan(burst_api_token=1)
    answers = [await admin.ask("GET", ACTIVITIES) for _ in range(12)]
    assert [one.status_code for one in answers] == [200] + [429] * 10 + [403]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert "<html" in answers[-1].text
    watch.seconds += 11
    assert (await admin.ask("GET", ACTIVITIES)).status_code == 200


async def test_searches_have_a_smaller_window_of_their_own(admin, company, watch):
    company.plan = Plan(burst_search=1)
    search = "/api/v2/persons/search"
    statuses = [(await admin.ask("GET", search, term="buyer")).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert (await admin.ask("GET", "/api/v2/persons")).status_code == 200


async def test_a_companys_day_is_shared_and_begins_anew(admin, boris, caller, company, world):
    company.plan = Plan(daily_tokens=10)
    made = await admin.ask("POST", ACTIVITIES, body={})
    assert made.headers["x-daily-ratelimit-token-limit"] == "10"
    assert made.headers["x-daily-ratelimit-token-remaining"] == "5"
    read = await boris.ask("GET", f"{ACTIVITIES}/{made.json()['data']['id']}")
    assert read.headers["x-daily-ratelimit-token-remaining"] == "4"
    await boris.refused(429, "POST", ACTIVITIES, body={})
    await caller("sales1@south.example").make()
    world.clock.advance(timedelta(days=1))
    await boris.make()


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [
        ("GET", ACTIVITIES, 10),
        ("GET", f"{ACTIVITIES}/99", 1),
        ("POST", ACTIVITIES, 5),
        ("PATCH", f"{ACTIVITIES}/99", 5),
        ("DELETE", f"{ACTIVITIES}/99", 3),
        ("GET", "/api/v1/users/me", 2),
        ("GET", "/api/v1/users", 20),
        ("GET", "/api/v1/activityTypes", 20),
        ("GET", "/api/v2/deals/1", 1),
        ("GET", "/api/v2/persons", 10),
        ("GET", "/api/v1/webhooks", 10),
        ("DELETE", "/api/v1/webhooks/99", 6),
    ],
)
async def test_every_call_has_the_vendors_price_even_when_it_fails(
    admin, company, world, method, path, cost
):
    answer = await admin.ask(method, path, body={} if method in {"POST", "PATCH"} else None)
    assert world.pipedrive.budget.used_today(company.id, world.clock.now().date()) == cost
    left = int(answer.headers["x-daily-ratelimit-token-remaining"])
    assert left == company.plan.daily_tokens - cost
