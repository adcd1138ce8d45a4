"""A former calendar is chosen again: its pairs go on, whatever their events have become."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.reconciler.hands import NOW, SOON
from tests.integration.reconciler.test_executor_series import day, name

from reconciler.core.normalize import PRIVATE_TITLE
from tandem.contracts.connections import Direction, PrivateEvents
from tandem.contracts.events import EventKind, Response
from tandem.contracts.meetings import Timed

DECLINED = {"response": Response.DECLINED}
NO_NEW_ACTIVITY: dict[str, dict[str, Any]] = {
    "declined": DECLINED,
    "private": {"private": True},
    "kind": {"kind": EventKind.OUT_OF_OFFICE},
}
LAST_HOUR = Timed(start=NOW - timedelta(hours=1), end=NOW)


async def _read_anew(hands, connection_id, calendar_id, events):
    """Another calendar is chosen, which holds some events."""
    hands.events.clear()
    hands.events.update(events)
    await hands.change(connection_id, calendar_id=calendar_id)
    told = [hands.seen_event(connection_id, event_id) for _, event_id in events]
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm), *told)
    await hands.resynced(connection_id)
    return await hands.carry_out()


async def _pair(hands, born, event_id="e1", /, *, event=None, **settings):
    """A connection with one pair; the ids of both its items come along."""
    connection_id = await hands.connect(**settings)
    if born == "crm":
        await hands.tell_activity(1, subject="Talk")
    else:
        await hands.tell_event(connection_id, event_id, **{"title": "Talk"} | (event or {}))
    await hands.carry_out()
    (activity_id,) = hands.crm
    ((_, event_id),) = hands.events
    return connection_id, activity_id, event_id


async def _go_and_come_back(hands, connection_id, *, meanwhile=None, **changes):
    """Leave the calendar and choose it again; its events have changed by then, as may the crm.

    Returns what is carried out once it is back.
    """
    former = dict(hands.events)
    await _read_anew(hands, connection_id, "other", {})
    if meanwhile:
        (activity_id,) = hands.crm
        await hands.tell_activity(activity_id, **meanwhile)
        await hands.carry_out()
    hands.events.update(former)
    for one, event_id in former:
        former[one, event_id] = hands.event(one, event_id, **changes)
    return await _read_anew(hands, connection_id, "main", former)


@pytest.mark.rule("2.19")
@pytest.mark.parametrize("born", ["crm", "calendar"])
async def test_a_former_calendar_takes_its_pairs_up_where_they_were_left(hands, born):
    connection_id = await hands.connect()
    if born == "crm":
        await hands.tell_activity(1, subject="Talk")
    else:
        await hands.tell_event(connection_id, title="Talk")
    await hands.carry_out()
    (activity_id,) = hands.crm
    former = dict(hands.events)
    await _read_anew(hands, connection_id, "other", {})
    await hands.tell_activity(activity_id, subject="Renamed meanwhile")
    await hands.carry_out()
    other = dict(hands.events)
    hands.events.update(former)
    for one, event_id in former:
        former[one, event_id] = hands.event(one, event_id, location="Moved meanwhile")
    done = await _read_anew(hands, connection_id, "main", former)
    assert sorted(one.kind for one in done) == ["update_activity", "update_event"]
    assert [(one.subject, one.location) for one in hands.crm.values()] == [
        ("Renamed meanwhile", "Moved meanwhile")
    ]
    assert [(one.title, one.location) for one in hands.events.values()] == [
        ("Renamed meanwhile", "Moved meanwhile")
    ]
    done = await _read_anew(hands, connection_id, "other", other)
    assert [one.kind for one in done] == ["update_event"]


async def test_a_former_calendar_does_not_take_up_what_is_gone(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, "kept", title="Kept")
    await hands.tell_event(connection_id, "lost", title="Lost")
    await hands.carry_out()
    former = dict(hands.events)
    (lost,) = [one for one in hands.crm if hands.crm[one].subject == "Lost"]
    await _read_anew(hands, connection_id, "other", {})
    await hands.delete_activity(lost)
    await hands.carry_out()
    del former[connection_id, "kept"]
    done = await _read_anew(hands, connection_id, "main", former)
    assert sorted(one.kind for one in done) == ["create_activity", "create_event"]


@pytest.mark.rule("2.19")
@pytest.mark.parametrize(
    ("born", "what"),
    [("crm", "declined"), ("crm", "private"), ("crm", "kind"), ("calendar", "kind")],
)
async def test_a_pair_goes_on_though_its_event_would_get_no_new_activity(hands, born, what):
    connection_id, activity_id, event_id = await _pair(
        hands, born, private_events=PrivateEvents.SKIP
    )
    assert await _go_and_come_back(hands, connection_id, **NO_NEW_ACTIVITY[what]) == []
    assert list(hands.events) == [(connection_id, event_id)]
    await hands.tell_activity(activity_id, subject="Goes on")
    assert [one.kind for one in await hands.carry_out()] == ["update_event"]
    assert [one.title for one in hands.events.values()] == ["Goes on"]


@pytest.mark.rule("2.6")
async def test_an_event_made_private_meanwhile_shows_its_time_only(hands):
    connection_id, activity_id, event_id = await _pair(
        hands, "calendar", private_events=PrivateEvents.SKIP
    )
    [hidden] = await _go_and_come_back(hands, connection_id, private=True)
    assert (hidden.kind, hidden.draft.subject) == ("update_activity", PRIVATE_TITLE)
    assert list(hands.events) == [(connection_id, event_id)]
    await hands.tell_activity(activity_id, due_date=SOON.date() + timedelta(days=1))
    assert [one.kind for one in await hands.carry_out()] == ["update_event"]


@pytest.mark.rule("2.19")
async def test_an_activity_whose_event_was_private_already_gets_no_second_one(hands):
    connection_id, _, event_id = await _pair(hands, "crm", private_events=PrivateEvents.SKIP)
    await hands.tell_event(connection_id, event_id, private=True, title="Mine alone")
    assert await _go_and_come_back(hands, connection_id) == []
    assert list(hands.events) == [(connection_id, event_id)]


@pytest.mark.rule("2.19")
async def test_an_occurrence_beyond_the_horizon_goes_on_with_its_activity(hands):
    connection_id, activity_id, _ = await _pair(hands, "calendar", name(9), event=day(9))
    former = dict(hands.events)
    await _read_anew(hands, connection_id, "other", {})
    await hands.change(connection_id, horizon_days=7)
    assert await _read_anew(hands, connection_id, "main", former) == []
    assert (list(hands.crm), hands.events) == ([activity_id], former)
    await hands.tell_event(connection_id, name(9), title="Stand-up, later")
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"]


@pytest.mark.rule("2.19", "4.15")
@pytest.mark.parametrize(
    ("event_id", "event"),
    [("e1", {}), ("e1", {"schedule": LAST_HOUR}), (name(0), day(0))],
    ids=["ahead", "past", "occurrence"],
)
async def test_an_event_declined_meanwhile_counts_as_deleted_in_a_former_calendar_too(
    hands, event_id, event
):
    connection_id, activity_id, _ = await _pair(
        hands, "calendar", event_id, event=event | {"schedule": day(0)["schedule"]}
    )
    [done] = await _go_and_come_back(hands, connection_id, **event, **DECLINED)
    assert (done.kind, done.activity_id) == ("delete_activity", activity_id)
    assert list(hands.events) == [(connection_id, event_id)]


@pytest.mark.rule("4.11", "4.15")
@pytest.mark.parametrize(
    "meanwhile",
    [{"done": True}, {"subject": "Edited"}, {"due_date": SOON.date() + timedelta(days=1)}],
    ids=["done", "renamed", "moved"],
)
async def test_a_done_or_edited_activity_outlives_an_event_declined_meanwhile(hands, meanwhile):
    connection_id, activity_id, event_id = await _pair(hands, "calendar")
    assert await _go_and_come_back(hands, connection_id, meanwhile=meanwhile, **DECLINED) == []
    assert list(hands.crm) == [activity_id]
    assert list(hands.events) == [(connection_id, event_id)]


@pytest.mark.rule("2.15", "4.11")
@pytest.mark.parametrize("what", NO_NEW_ACTIVITY)
async def test_in_a_one_way_connection_a_former_pair_loses_and_doubles_nothing(hands, what):
    connection_id, activity_id, event_id = await _pair(
        hands, "calendar", private_events=PrivateEvents.SKIP
    )
    await hands.change(connection_id, direction=Direction.ONE_WAY)
    assert await _go_and_come_back(hands, connection_id, **NO_NEW_ACTIVITY[what]) == []
    assert list(hands.crm) == [activity_id]
    assert list(hands.events) == [(connection_id, event_id)]


@pytest.mark.rule("4.14")
@pytest.mark.parametrize("what", NO_NEW_ACTIVITY)
@pytest.mark.parametrize(
    "meanwhile",
    [{"owner_id": 71}, {"due_date": None}, {"type": "call"}],
    ids=["owner", "date", "type"],
)
@pytest.mark.parametrize("born", ["crm", "calendar"])
async def test_an_activity_that_may_not_be_synced_any_more_gives_up_our_event_alone(
    hands, born, what, meanwhile
):
    connection_id, activity_id, event_id = await _pair(
        hands,
        born,
        private_events=PrivateEvents.SKIP,
        synced_types=frozenset({"meeting"}),
    )
    done = await _go_and_come_back(
        hands, connection_id, meanwhile=meanwhile, **NO_NEW_ACTIVITY[what]
    )
    ours = born == "crm"
    assert [one.kind for one in done] == (["delete_event"] if ours else [])
    assert list(hands.crm) == [activity_id]
    assert list(hands.events) == ([] if ours else [(connection_id, event_id)])


@pytest.mark.rule("2.13")
@pytest.mark.parametrize("what", NO_NEW_ACTIVITY)
@pytest.mark.parametrize("born", ["crm", "calendar"])
async def test_a_pair_of_a_type_unticked_meanwhile_rests_in_a_former_calendar(hands, born, what):
    connection_id, activity_id, event_id = await _pair(
        hands, born, private_events=PrivateEvents.SKIP
    )
    former = {key: hands.event(*key, **NO_NEW_ACTIVITY[what]) for key in hands.events}
    await _read_anew(hands, connection_id, "other", {})
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    assert await _read_anew(hands, connection_id, "main", former) == []
    assert list(hands.crm) == [activity_id]
    assert list(hands.events) == [(connection_id, event_id)]


@pytest.mark.rule("6.7")
async def test_an_occurrence_whose_activity_was_deleted_does_not_come_back_with_its_calendar(hands):
    connection_id, activity_id, event_id = await _pair(hands, "calendar", name(0), event=day(0))
    await hands.delete_activity(activity_id)
    assert await _go_and_come_back(hands, connection_id) == []
    assert not hands.crm
    assert list(hands.events) == [(connection_id, event_id)]


async def test_an_activity_goes_on_with_the_event_that_it_had_last(hands):
    """One event was told of late, so that its activity has got another one."""
    connection_id, activity_id, event_id = await _pair(hands, "calendar", "zz")
    late = dict(hands.events)
    await _read_anew(hands, connection_id, "other", {})
    await _read_anew(hands, connection_id, "main", {})
    ((_, present),) = hands.events
    assert present < event_id
    hands.events.update(late)
    assert await _go_and_come_back(hands, connection_id, **DECLINED) == []
    assert list(hands.crm) == [activity_id]
    await hands.tell_activity(activity_id, subject="Goes on")
    await hands.carry_out()
    assert hands.events[connection_id, present].title == "Goes on"


@pytest.mark.rule("2.19", "4.11")
@pytest.mark.parametrize("born", ["crm", "calendar"])
async def test_a_done_activity_that_outlived_its_event_elsewhere_gets_no_second_one(hands, born):
    connection_id, activity_id, event_id = await _pair(hands, born)
    former = dict(hands.events)
    await _read_anew(hands, connection_id, "other", {})
    ((_, elsewhere),) = hands.events
    await hands.tell_activity(activity_id, done=True)
    await hands.delete_event(connection_id, elsewhere)
    assert await hands.carry_out() == []
    hands.events.update(former)
    assert await _read_anew(hands, connection_id, "main", former) == []
    assert (list(hands.crm), hands.events) == ([activity_id], former)
    await hands.tell_activity(activity_id, subject="Goes on")
    assert [one.event_id for one in await hands.carry_out()] == [event_id]


async def _many_declined(hands):
    connection_id = await hands.connect()
    names = [f"e{one}" for one in range(12)]
    await hands.tell(*(_told(hands, connection_id, one) for one in names))
    await hands.carry_out()
    return connection_id, names


def _told(hands, connection_id, event_id, **changes):
    hands.event(connection_id, event_id, **changes)
    return hands.seen_event(connection_id, event_id)


@pytest.mark.rule("7.1")
async def test_many_events_declined_meanwhile_are_held_like_any_deletions(hands):
    connection_id, _ = await _many_declined(hands)
    assert await _go_and_come_back(hands, connection_id, **DECLINED) == []
    assert len(hands.crm) == 12
    assert (await hands.reports())[-1] == "deletions_held"


@pytest.mark.rule("7.2")
async def test_activities_that_were_not_to_go_with_declined_events_stay_in_a_former_calendar(hands):
    connection_id, names = await _many_declined(hands)
    await hands.tell(*(_told(hands, connection_id, one, **DECLINED) for one in names))
    assert await hands.executor.reject_held(connection_id, None) == 12
    assert await hands.carry_out() == []
    for _ in range(2):
        assert await _go_and_come_back(hands, connection_id) == []
        assert (len(hands.crm), len(hands.events)) == (12, 12)
        assert (await hands.reports())[-1] == "deletions_settled"
    accepted = _told(hands, connection_id, "e1", response=Response.ACCEPTED, title="On again")
    await hands.tell(accepted)
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"]
