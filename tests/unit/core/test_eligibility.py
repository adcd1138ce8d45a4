"""What is made on the other side, and if not, why: every filter and its reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.core.scenes import (
    LINK_ID,
    NOW,
    OTHER,
    activity,
    decide_alone,
    event,
    hour,
    policy,
    writes,
)

from reconciler.core.reasons import EXPLANATIONS, Reason
from tandem.contracts.events import EventKind, Response, Series
from tandem.contracts.meetings import AllDay

ONLY_CALLS = {"synced_types": frozenset({"call"})}
YESTERDAY = NOW - timedelta(days=1)


@pytest.mark.rule("3.1")
@pytest.mark.parametrize("direction", ["two_way", "one_way"])
@pytest.mark.parametrize(
    ("item", "settings", "reason"),
    [
        (activity(owner_id=OTHER), {}, Reason.NOT_OWNER),
        (activity(type="lunch"), ONLY_CALLS, Reason.TYPE_NOT_SYNCED),
        (activity(due_date=None, due_time=None), {}, Reason.NO_DUE_DATE),
        (activity(done=True), {}, Reason.DONE),
        (activity(YESTERDAY), {}, Reason.PAST),
        (activity(NOW - timedelta(minutes=1)), {}, Reason.PAST),
        (activity(due_date=date(2026, 3, 1), due_time=None), {}, Reason.PAST),
    ],
    ids=["owner", "type", "date", "done", "yesterday", "a_minute_ago", "all_day_yesterday"],
)
def test_an_activity_that_is_not_for_the_calendar_says_why(direction, item, settings, reason):
    decided = decide_alone(item, policy(direction=direction, **settings))
    assert (decided.reason, decided.link, decided.writes) == (reason, None, ())


@pytest.mark.rule("3.2")
@pytest.mark.parametrize(
    "item",
    [
        activity(NOW),
        activity(due_date=date(2026, 3, 2), due_time=None),
        activity(due_date=date(2027, 3, 2), due_time=None, duration_minutes=None),
        activity(type="custom_type", subject="", guests=(), location=""),
    ],
    ids=["now", "all_day_today", "next_year", "bare"],
)
def test_an_activity_from_now_on_is_for_the_calendar(item):
    assert writes(decide_alone(item)) == [("calendar", "create")]


@pytest.mark.rule("2.6", "3.3")
@pytest.mark.parametrize(
    ("item", "settings", "reason"),
    [
        (event(), {"direction": "one_way"}, Reason.ONE_WAY),
        (event(kind=EventKind.BIRTHDAY), {}, Reason.EVENT_KIND),
        (event(kind=EventKind.FOCUS_TIME), {}, Reason.EVENT_KIND),
        (event(kind=EventKind.OUT_OF_OFFICE), {}, Reason.EVENT_KIND),
        (event(kind=EventKind.WORKING_LOCATION), {}, Reason.EVENT_KIND),
        (event(kind=EventKind.OTHER), {}, Reason.EVENT_KIND),
        (event(response=Response.DECLINED), {}, Reason.DECLINED),
        (event(private=True), {"private_events": "skip"}, Reason.PRIVATE),
        (event(YESTERDAY), {}, Reason.PAST),
        (event(schedule=AllDay(first=date(2026, 3, 1), days=3)), {}, Reason.PAST),
        (event(link_mark=str(LINK_ID)), {}, Reason.SUPPRESSED),
        (
            event(
                schedule=hour(NOW + timedelta(days=100)),
                series=Series(series_id="s", original_start=NOW),
            ),
            {"horizon_days": 90},
            Reason.BEYOND_HORIZON,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_an_event_that_is_not_for_pipedrive_says_why(item, settings, reason):
    decided = decide_alone(item, policy(**settings))
    assert (decided.reason, decided.link, decided.writes) == (reason, None, ())


@pytest.mark.rule("3.3")
@pytest.mark.parametrize(
    ("item", "settings"),
    [
        (event(NOW), {}),
        (event(schedule=AllDay(first=date(2026, 3, 2))), {}),
        (event(response=Response.TENTATIVE, is_organizer=False), {}),
        (event(private=True), {"private_events": "redact"}),
        (event(private=True), {"private_events": "full"}),
        (event(), {"synced_types": frozenset()}),
        (event(title="", attendees=(), description=""), {}),
    ],
    ids=["now", "all_day_today", "tentative", "redacted", "full", "no_type_ticked", "bare"],
)
def test_an_event_from_now_on_is_for_pipedrive(item, settings):
    assert writes(decide_alone(item, policy(**settings))) == [("crm", "create")]


@pytest.mark.rule("3.2")
@pytest.mark.parametrize(
    ("zone", "first", "reason"),
    [
        ("Pacific/Auckland", date(2026, 3, 2), Reason.PAST),
        ("Pacific/Auckland", date(2026, 3, 3), Reason.CREATED),
        ("America/Los_Angeles", date(2026, 3, 2), Reason.CREATED),
        ("America/Los_Angeles", date(2026, 3, 1), Reason.PAST),
    ],
)
def test_today_is_the_owners_today(zone, first, reason):
    evening = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    rules = policy(zone=zone)
    from_crm = decide_alone(activity(due_date=first, due_time=None), rules, now=evening)
    from_calendar = decide_alone(event(schedule=AllDay(first=first)), rules, now=evening)
    assert (from_crm.reason, from_calendar.reason) == (reason, reason)


def test_an_item_waits_while_a_create_of_ours_may_be_its_origin():
    decided = decide_alone(activity(), contested=True)
    assert (decided.reason, decided.writes) == (Reason.AWAITING, ())


@pytest.mark.rule("8.2")
def test_every_reason_has_a_sentence():
    assert set(EXPLANATIONS) == set(Reason)
    for explanation in EXPLANATIONS.values():
        assert explanation.sentence.endswith(".")
        assert not explanation.remedy or explanation.remedy.endswith(".")
