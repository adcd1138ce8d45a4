"""In no minute are more units spent than Google grants."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calendar_ingest.google_script import StillClock

from calendar_ingest.adapters.google.budget import Budget
from calendar_ingest.calendars import Account

ACCOUNTS = [Account(UUID(int=number)) for number in range(3)]
CALLS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1, 3]), st.floats(0, 20)), max_size=120
)


@given(CALLS)
def test_no_minute_holds_more_than_the_quota(calls):
    clock = StillClock()
    budget = Budget(clock, user_per_minute=20, project_per_minute=35)
    spent = []
    for who, cost, pause in calls:
        if budget.take(ACCOUNTS[who], cost) == 0:
            spent.append((clock.now(), who, cost))
        clock.moment += timedelta(seconds=pause)
    for moment, _, _ in spent:
        minute = [one for one in spent if moment <= one[0] < moment + timedelta(minutes=1)]
        assert sum(cost for _, _, cost in minute) <= 35
        for number in range(3):
            assert sum(cost for _, who, cost in minute if who == number) <= 20


def test_who_waits_as_told_is_let_through():
    clock = StillClock()
    budget = Budget(clock, user_per_minute=10, project_per_minute=100)
    waits = 0
    for _ in range(40):
        wait = budget.take(ACCOUNTS[0], 3)
        if wait > 0:
            waits += 1
            clock.moment += timedelta(seconds=wait)
            assert budget.take(ACCOUNTS[0], 3) == 0
    assert waits >= 10


def test_one_user_does_not_spend_anothers_quota():
    budget = Budget(StillClock(), user_per_minute=10, project_per_minute=100)
    assert [budget.take(ACCOUNTS[0], 1) for _ in range(10)] == [0] * 10
    assert budget.take(ACCOUNTS[0], 1) > 0
    assert budget.take(ACCOUNTS[1], 1) == 0
