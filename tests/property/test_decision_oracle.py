"""The core and the oracle agree on every cell of the rulebook's decision table."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from tests.property import oracle
from tests.property.oracle import Case, Decision
from tests.unit.core.scenes import (
    LONG_AGO,
    NOW,
    OTHER,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    linked,
    policy,
)

from reconciler.core.model import Gone, LinkState, Plan, Policy
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot, Response
from tandem.contracts.meetings import Side

_STATES = {LinkState.ACTIVE: "kept", LinkState.RESTING: "rests", LinkState.DISSOLVED: "ended"}
_ACTIVITY_CHANGES: dict[str, dict[str, Any]] = {
    "same": {},
    "title": {"subject": "Ours"},
    "location": {"location": "Room 5"},
    "title_and_location": {"subject": "Ours", "location": "Room 5"},
    "other_owner": {"owner_id": OTHER},
    "other_type": {"type": "lunch"},
    "no_date": {"due_date": None, "due_time": None},
}
_EVENT_CHANGES: dict[str, dict[str, Any]] = {
    "same": {},
    "title": {"title": "Theirs"},
    "same_title": {"title": "Ours"},
    "location": {"location": "Room 6"},
    "title_and_location": {"title": "Theirs", "location": "Room 6"},
    "declined": {"response": Response.DECLINED},
}
_STAMPS = {
    "latest_activity": (timedelta(seconds=5), timedelta()),
    "latest_event": (timedelta(), timedelta(seconds=5)),
}


def test_every_linked_case_is_decided_as_the_table_says():
    assert _differences(_linked_cases(), oracle.decide_linked, _decide_linked) == []


@pytest.mark.rule("3.1")
def test_every_new_activity_is_decided_as_the_table_says():
    cases = (case for case in _cases(events=("same",)) if case.activity != "gone")
    assert _differences(cases, oracle.decide_new_activity, _decide_new_activity) == []


@pytest.mark.rule("3.3")
def test_every_new_event_is_decided_as_the_table_says():
    cases = (case for case in _cases(activities=("same",)) if case.event != "gone")
    assert _differences(cases, oracle.decide_new_event, _decide_new_event) == []


@pytest.mark.parametrize("state", [LinkState.ACTIVE, LinkState.RESTING])
def test_nothing_is_decided_for_a_link_with_a_write_under_way(state):
    for case in _linked_cases():
        rules = _rules(case)
        link = linked(Side(case.origin), rules)
        begun = decide(link, activity(subject="Ours"), event(), rules).link
        assert begun is not None
        assert begun.pending
        decided = decide(begun, _activity(case), _event(case), rules)
        assert (decided.writes, decided.link) == ((), None), case


def test_every_row_of_the_table_decides_some_case():
    used = {_row_of(case).rule for case in _linked_cases()}
    assert used == {row.rule for row in oracle.LINKED}


def _differences(
    cases: Iterator[Case],
    expected: Callable[[Case], Decision],
    decided: Callable[[Case], Plan],
) -> list[str]:
    """Cases in which the core decides otherwise than the table."""
    return [
        f"{case}: {_told(plan)} instead of {expected(case)}"
        for case in cases
        if _told(plan := decided(case)) != expected(case)
    ]


def _cases(
    *,
    activities: tuple[str, ...] = oracle.ACTIVITIES,
    events: tuple[str, ...] = oracle.EVENTS,
) -> Iterator[Case]:
    return (
        Case(*values)
        for values in product(
            oracle.ORIGINS,
            oracle.DIRECTIONS,
            activities,
            events,
            oracle.ORGANIZERS,
            oracle.WINNERS,
            oracle.WHENS,
            oracle.DONES,
        )
    )


def _linked_cases() -> Iterator[Case]:
    return _cases()


def _row_of(case: Case) -> oracle.Row:
    return next(row for row in oracle.LINKED if row.fits(case))


def _told(decided: Plan) -> Decision:
    """A plan in the oracle's words."""
    writes = frozenset(
        " ".join([write.side, write.verb, *sorted(write.fields)])
        if write.verb == "update"
        else f"{write.side} {write.verb}"
        for write in decided.writes
    )
    if decided.link is None:
        return Decision(writes, "none")
    return Decision(writes, _STATES[decided.link.state])


def _decide_linked(case: Case) -> Plan:
    rules = _rules(case)
    start = _start(case)
    link = linked(
        Side(case.origin),
        rules,
        of_activity=activity(start),
        of_event=event(start, is_organizer=case.organizer == "user"),
    )
    decided = decide(link, _activity(case), _event(case), rules)
    return decided if decided.link is not None else Plan(decided.reason, link, decided.writes)


def _decide_new_activity(case: Case) -> Plan:
    seen = _activity(case)
    assert isinstance(seen, ActivitySnapshot)
    decided: Plan = decide_alone(seen, _rules(case))
    return decided


def _decide_new_event(case: Case) -> Plan:
    seen = _event(case)
    assert isinstance(seen, EventSnapshot)
    decided: Plan = decide_alone(seen, _rules(case))
    return decided


def _rules(case: Case) -> Policy:
    winner = case.winner if case.winner in {"crm", "calendar"} else "latest"
    rules: Policy = policy(
        direction=case.direction,
        conflict_winner=winner,
        synced_types=frozenset({"meeting"}),
    )
    return rules


def _start(case: Case) -> datetime:
    return SOON if case.when == "ahead" else LONG_AGO


def _activity(case: Case) -> ActivitySnapshot | Gone:
    if case.activity == "gone":
        return Gone(NOW)
    later, _ = _STAMPS.get(case.winner, (timedelta(), timedelta()))
    seen: ActivitySnapshot = activity(
        _start(case),
        done=case.done == "done",
        updated_at=NOW - timedelta(hours=1) + later,
        **_ACTIVITY_CHANGES[case.activity],
    )
    return seen


def _event(case: Case) -> EventSnapshot | Gone:
    if case.event == "gone":
        return Gone(NOW)
    _, later = _STAMPS.get(case.winner, (timedelta(), timedelta()))
    seen: EventSnapshot = event(
        _start(case),
        is_organizer=case.organizer == "user",
        updated_at=NOW - timedelta(hours=1) + later,
        **_EVENT_CHANGES[case.event],
    )
    return seen
