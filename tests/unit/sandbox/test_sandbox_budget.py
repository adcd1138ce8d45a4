"""Budgets on a clock of their own."""

from datetime import date

import pytest

from tandem_sandbox.pipedrive.budget import BLOCK_SECONDS, Budget, Plan, Toll, vendor_plan

TODAY = date(2027, 1, 1)
PLAN = Plan(daily_tokens=1000, burst_api_token=2, burst_oauth=4, burst_search=1)


def _charge(budget, moment, *, token="one", oauth=False, search=False, cost=1, today=TODAY):
    return budget.charge(
        company_id=1,
        plan=PLAN,
        token=token,
        oauth=oauth,
        search=search,
        cost=cost,
        today=today,
        moment=moment,
    )


def test_a_window_rolls():
    budget = Budget()
    tolls = [_charge(budget, moment).toll for moment in (0.0, 1.0, 1.9, 2.0, 2.5, 3.0)]
    assert tolls == [
        Toll.PASSED,
        Toll.PASSED,
        Toll.BURST,
        Toll.PASSED,
        Toll.BURST,
        Toll.PASSED,
    ]


@pytest.mark.parametrize(("more", "limit"), [({}, 2), ({"oauth": True}, 4), ({"search": True}, 1)])
def test_each_kind_of_token_and_search_has_its_limit(more, limit):
    budget = Budget()
    passed = [_charge(budget, 0.0, **more).toll is Toll.PASSED for _ in range(5)]
    assert passed == [True] * limit + [False] * (5 - limit)
    assert _charge(budget, 0.0, token="two").toll is Toll.PASSED


def test_headers_tell_what_is_left():
    budget = Budget()
    headers = _charge(budget, 0.0, cost=10).headers
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("2", "1")
    assert int(headers["x-ratelimit-reset"]) in {1, 2, 3}
    assert headers["x-daily-ratelimit-token-remaining"] == "990"


def test_a_refused_request_costs_nothing():
    budget = Budget()
    for _ in range(5):
        _charge(budget, 0.0, cost=10)
    assert budget.used_today(1, TODAY) == 20


def test_a_day_ends_at_its_last_token_and_the_next_begins_anew():
    budget = Budget()
    assert _charge(budget, 0.0, cost=1000).toll is Toll.PASSED
    assert _charge(budget, 5.0, token="two").toll is Toll.DAILY
    assert _charge(budget, 10.0, today=date(2027, 1, 2)).toll is Toll.PASSED


def test_who_goes_on_is_blocked_for_a_while():
    budget = Budget()
    tolls = [_charge(budget, 0.0).toll for _ in range(13)]
    assert tolls == [Toll.PASSED] * 2 + [Toll.BURST] * 10 + [Toll.BLOCKED]
    assert _charge(budget, BLOCK_SECONDS - 1).toll is Toll.BLOCKED
    assert _charge(budget, BLOCK_SECONDS).toll is Toll.PASSED


def test_plans_are_sold_by_seats():
    lite, ultimate = vendor_plan("lite", 1), vendor_plan("ultimate", 10)
    assert (lite.daily_tokens, lite.burst_api_token, lite.burst_oauth) == (30_000, 20, 80)
    assert (ultimate.daily_tokens, ultimate.burst_oauth) == (30_000 * 7 * 10, 480)
    assert lite.burst_search == ultimate.burst_search == 10
