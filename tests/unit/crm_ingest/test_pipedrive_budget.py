"""No call is made that Pipedrive has said it will refuse, and background work yields."""

from dataclasses import replace
from uuid import uuid4

from tests.unit.crm_ingest.moments import StillClock

from crm_ingest.adapters.pipedrive.budget import CLOUDFLARE_PAUSE_S, DAILY_PAUSE_S, Budget
from crm_ingest.crm import Account
from tandem.contracts.message import SyncUser

ANNA = Account(SyncUser(company_id=7, user_id=1), uuid4(), "https://north.example")
BORIS = Account(SyncUser(company_id=7, user_id=2), uuid4(), "https://north.example")
OTHER = Account(SyncUser(company_id=8, user_id=1), uuid4(), "https://south.example")


def _burst(remaining: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit": "80",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": "2",
    }


def test_what_is_left_of_a_burst_is_spent_and_not_more():
    clock = StillClock()
    budget = Budget(clock)
    assert budget.take(ANNA) == 0
    budget.learn(ANNA, _burst(3))
    assert [budget.take(ANNA) for _ in range(4)] == [0, 0, 0, 2]
    assert budget.take(BORIS) == 0
    clock.moment = clock.moment.replace(second=3)
    assert budget.take(ANNA) == 0


def test_background_work_leaves_a_fifth_of_a_burst():
    budget = Budget(StillClock())
    budget.learn(ANNA, _burst(17))
    background = replace(ANNA, background=True)
    assert budget.take(background) == 0
    assert budget.take(background) > 0
    assert budget.take(ANNA) == 0


def test_a_429_keeps_its_token_away_and_no_other():
    clock = StillClock()
    budget = Budget(clock)
    assert budget.throttled(ANNA, {"retry-after": "30"}) == 30
    assert budget.take(ANNA) == 30
    assert budget.take(BORIS) == 0


def test_an_empty_day_stops_the_whole_company_for_a_while():
    clock = StillClock()
    budget = Budget(clock)
    headers = {
        "x-daily-ratelimit-token-limit": "30000",
        "x-daily-ratelimit-token-remaining": "0",
    }
    budget.learn(ANNA, headers)
    assert budget.take(BORIS) == DAILY_PAUSE_S
    assert budget.take(OTHER) == 0


def test_a_day_that_runs_low_is_kept_for_what_people_wait_for():
    budget = Budget(StillClock())
    headers = {
        "x-daily-ratelimit-token-limit": "30000",
        "x-daily-ratelimit-token-remaining": "5000",
    }
    budget.learn(ANNA, headers)
    assert budget.take(BORIS) == 0
    assert budget.take(replace(BORIS, background=True)) > 0


def test_the_wall_keeps_the_whole_company_away():
    budget = Budget(StillClock())
    assert budget.walled(ANNA) == CLOUDFLARE_PAUSE_S
    assert budget.take(BORIS) == CLOUDFLARE_PAUSE_S
    assert budget.take(OTHER) == 0


def test_headers_that_make_no_sense_are_passed_over():
    budget = Budget(StillClock())
    budget.learn(ANNA, {"x-ratelimit-remaining": "many", "x-daily-requests-left": ""})
    assert budget.take(ANNA) == 0
