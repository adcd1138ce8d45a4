"""The core and the oracle agree on every item without a living link."""

from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from tests.property import oracle_alone
from tests.property.oracle_alone import NewActivity, NewEvent
from tests.unit.core.scenes import (
    LINK_ID,
    LONG_AGO,
    NOW,
    OTHER,
    SOON,
    activity,
    event,
    hour,
    linked,
    policy,
)

from reconciler.core.model import Link, LinkState, Observed, Plan, Policy
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot, Response, Series
from tandem.contracts.meetings import AllDay, Side

_BOTH_SIDES: Final = frozenset(Side)
_TODAY: Final = NOW.date()
_YESTERDAY: Final = _TODAY - timedelta(days=1)
_BEYOND: Final = SOON + timedelta(days=90)
_ENDS: Final = {
    "ended": (Reason.DELETED, frozenset[Side]()),
    "given_away": (Reason.OWNER_CHANGED, frozenset[Side]()),
    "kept_as_done": (Reason.DONE_KEPT, frozenset({Side.CRM})),
    "suppressed": (Reason.SUPPRESSED, _BOTH_SIDES),
}


@pytest.mark.rule("3.1")
@pytest.mark.rule("3.2")
def test_every_new_activity_is_decided_as_the_table_says():
    for values in product(*oracle_alone.ACTIVITIES.values()):
        case = NewActivity(*values)
        decided = _decide_activity(case)
        _is_as_told(decided, oracle_alone.keeps_activity_out(case), Side.CRM)


@pytest.mark.rule("3.3")
@pytest.mark.rule("3.4")
def test_every_new_event_is_decided_as_the_table_says():
    for values in product(*oracle_alone.EVENTS.values()):
        case = NewEvent(*values)
        decided = _decide_event(case)
        _is_as_told(decided, oracle_alone.keeps_event_out(case), Side.CALENDAR)


def _is_as_told(decided: Plan, kept_out_by: frozenset[str], origin: Side) -> None:
    """The other side is made and linked; or nothing happens, for one of the reasons there are."""
    writes = [(write.side, write.verb) for write in decided.writes]
    if kept_out_by:
        assert (writes, decided.link, decided.entries) == ([], None, ())
        assert str(decided.reason) in kept_out_by
        return
    assert (writes, decided.reason) == ([(origin.other, "create")], Reason.CREATED)
    assert decided.link is not None
    assert (decided.link.origin, decided.link.state) == (origin, LinkState.ACTIVE)
    assert decided.link.suppress == frozenset()
    # It is a link of its own: the id of an item that has been there once is not used again.
    assert (decided.link.link_id, decided.link.base) == (None, None)


def _decide_activity(case: NewActivity) -> Plan:
    seen = _activity(case.owner, case.lies, done=case.done == "done")
    observed = Observed(
        link=_former(case.former, Side.CRM), activity=seen, contested=case.contested == "yes"
    )
    ticked = "meeting" if case.kind == "ticked" else "lunch"
    return plan(observed, policy=_policy(ticked=ticked), now=NOW)


def _decide_event(case: NewEvent) -> Plan:
    seen = _event(case._replace(direction="", former="", contested=""))
    observed = Observed(
        link=_former(case.former, Side.CALENDAR),
        event=seen,
        contested=case.contested == "yes",
        crowded=case.series == "crowded",
    )
    private = case.private if case.private != "no" else "redact"
    return plan(observed, policy=_policy(direction=case.direction, private=private), now=NOW)


@cache
def _policy(
    *, direction: str = "two_way", ticked: str = "meeting", private: str = "redact"
) -> Policy:
    rules: Policy = policy(
        direction=direction, synced_types=frozenset({ticked}), private_events=private
    )
    return rules


@cache
def _former(end: str, origin: Side) -> Link | None:
    if end == "none":
        return None
    reason, suppressed = _ENDS[end]
    return dissolve(linked(origin), reason, suppress=suppressed).link


@cache
def _activity(owner: str, lies: str, *, done: bool) -> ActivitySnapshot:
    whole_day: dict[str, Any] = {"due_time": None, "duration_minutes": None}
    when: dict[str, dict[str, Any]] = {
        "today": {"due_date": _TODAY, **whole_day},
        "yesterday": {"due_date": _YESTERDAY, **whole_day},
        "nowhere": {"due_date": None, **whole_day},
    }
    seen: ActivitySnapshot = activity(
        _start(lies), done=done, **{"owner_id": OTHER} if owner == "colleague" else {},
        **when.get(lies, {}),
    )  # fmt: skip
    return seen


@cache
def _event(case: NewEvent) -> EventSnapshot:
    schedules = {"today": AllDay(first=_TODAY), "yesterday": AllDay(first=_YESTERDAY)}
    start = _start(case.lies)
    series = Series(series_id="s", original_start=start)
    seen: EventSnapshot = event(
        schedule=schedules.get(case.lies, hour(start)),
        kind=case.kind,
        response=Response(case.response),
        private=case.private != "no",
        link_mark=str(LINK_ID) if case.mark == "ours" else None,
        series=None if case.series == "none" else series,
    )
    return seen


def _start(lies: str) -> datetime:
    return {"past": LONG_AGO, "beyond": _BEYOND}.get(lies, SOON)
