"""What is restored while the other item of its pair was left alone is a pair with it again."""

from typing import Any

import pytest
from tests.integration.reconciler.hands import Hands
from tests.integration.reconciler.test_executor_series import day, name

from reconciler.explain import explain_activity, explain_event
from tandem.contracts.connections import Direction
from tandem.contracts.events import Response

MEETINGS = frozenset({"meeting"})


async def _pair(hands: Hands, *, event: Any = None, **settings: Any) -> tuple[Any, int, str]:
    """A connection with a pair from its calendar, or, where no event is given, from Pipedrive."""
    connection_id = await hands.connect(**settings)
    if event is None:
        await hands.tell_activity(1, subject="Talk")
    else:
        await hands.tell_event(connection_id, **{"title": "Talk"} | event)
    await hands.carry_out()
    ((_, event_id),) = hands.events
    (activity_id,) = hands.crm
    return connection_id, activity_id, event_id


async def _kept_as_done(hands: Hands, *, event: Any = None) -> tuple[Any, int, Any]:
    """A connection with an activity that is done, and its event, which was deleted after that."""
    connection_id, activity_id, event_id = await _pair(hands, event=event)
    deleted = hands.events[connection_id, event_id]
    await hands.tell_activity(activity_id, done=True)
    await hands.delete_event(connection_id, event_id)
    return connection_id, activity_id, deleted


async def _restore_event(hands: Hands, deleted: Any, connection_id: Any, **fields: Any) -> None:
    hands.events[connection_id, deleted.event_id] = deleted
    hands.event(connection_id, deleted.event_id, **fields)
    await hands.tell_event(connection_id, deleted.event_id)


async def _restore_activity(hands: Hands, deleted: Any, **fields: Any) -> None:
    hands.crm[deleted.activity_id] = deleted
    await hands.tell_activity(deleted.activity_id, **fields)


async def _goes_on(hands: Hands, activity_id: int) -> None:
    """There is one item on each side, and an edit in Pipedrive reaches the event."""
    assert (list(hands.crm), len(hands.events)) == ([activity_id], 1)
    await hands.tell_activity(activity_id, subject="Goes on")
    assert [one.kind for one in await hands.carry_out()] == ["update_event"]
    assert [one.title for one in hands.events.values()] == ["Goes on"]


@pytest.mark.rule("2.15", "4.10")
async def test_an_event_that_was_restored_one_way_has_its_activity_again(hands):
    connection_id, activity_id, event_id = await _pair(hands, event={})
    await hands.change(connection_id, direction=Direction.ONE_WAY)
    deleted = hands.events[connection_id, event_id]
    await hands.delete_event(connection_id, event_id)
    await hands.carry_out()
    await _restore_event(hands, deleted, connection_id)
    await hands.change(connection_id, direction=Direction.TWO_WAY)
    assert await hands.carry_out() == []
    async with hands.pool.acquire() as database:
        explained = await explain_event(database, connection_id, event_id, now=hands.clock.now())
    assert explained is not None
    assert (explained.synced, explained.activity_id) == (True, activity_id)
    await _goes_on(hands, activity_id)


@pytest.mark.rule("4.11")
@pytest.mark.parametrize("event", [None, {}], ids=["crm", "calendar"])
@pytest.mark.parametrize("reopened", ["first", "afterwards"])
async def test_an_event_that_was_restored_has_the_activity_again_that_was_kept_as_done(
    hands, event, reopened
):
    connection_id, activity_id, deleted = await _kept_as_done(hands, event=event)
    await hands.carry_out()
    if reopened == "afterwards":
        await _restore_event(hands, deleted, connection_id, title="Later")
        assert [one.kind for one in await hands.carry_out()] == ["update_activity"]
    await hands.tell_activity(activity_id, done=False)
    made = await hands.carry_out()
    if reopened == "first":
        assert [one.kind for one in made] == ["create_event"]
        return
    assert made == []
    await _goes_on(hands, activity_id)


@pytest.mark.rule("4.15")
async def test_an_event_that_is_accepted_after_all_has_the_activity_again_that_was_done(hands):
    connection_id, activity_id, event_id = await _pair(hands, event={"is_organizer": False})
    await hands.tell_activity(activity_id, done=True)
    await hands.tell_event(connection_id, event_id, response=Response.DECLINED)
    assert await hands.carry_out() == []
    await hands.tell_event(connection_id, event_id, response=Response.ACCEPTED, title="On")
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"]
    assert [one.subject for one in hands.crm.values()] == ["On"]


@pytest.mark.rule("4.10")
async def test_an_activity_that_was_restored_has_its_invitation_again(hands):
    _, activity_id, _ = await _pair(hands, event={"is_organizer": False})
    deleted = hands.crm[activity_id]
    await hands.delete_activity(activity_id)
    assert await hands.carry_out() == []
    await _restore_activity(hands, deleted)
    assert await hands.carry_out() == []
    await _goes_on(hands, activity_id)


@pytest.mark.rule("4.14")
async def test_an_activity_that_was_deleted_while_apart_and_is_back_has_its_event_again(hands):
    connection_id, activity_id, event_id = await _pair(hands, event={}, synced_types=MEETINGS)
    await hands.tell_activity(activity_id, type="lunch")
    deleted = hands.crm[activity_id]
    await hands.delete_activity(activity_id)
    await _restore_activity(hands, deleted)
    assert await hands.carry_out() == []
    async with hands.pool.acquire() as database:
        explained = await explain_activity(
            database, connection_id, activity_id, now=hands.clock.now()
        )
    assert explained is not None
    assert (explained.synced, explained.reason) == (False, "type_not_synced")
    assert explained.event_id == event_id
    await hands.tell_activity(activity_id, type="meeting")
    assert await hands.carry_out() == []
    await _goes_on(hands, activity_id)


@pytest.mark.rule("6.7")
async def test_the_activity_of_an_occurrence_that_was_restored_shows_it_again(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, name(0), **day(0))
    await hands.carry_out()
    (activity_id,) = hands.crm
    deleted = hands.crm[activity_id]
    await hands.delete_activity(activity_id)
    await hands.carry_out()
    await _restore_activity(hands, deleted)
    assert await hands.carry_out() == []
    await hands.tell_event(connection_id, name(0), title="Stand-up, later")
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"]
    assert (len(hands.crm), len(hands.events)) == (1, 1)


@pytest.mark.rule("2.19")
async def test_an_activity_that_is_restored_in_another_calendar_is_new_there(hands):
    connection_id, activity_id, event_id = await _pair(hands, event={"is_organizer": False})
    deleted = hands.crm[activity_id]
    await hands.delete_activity(activity_id)
    former = hands.events.pop((connection_id, event_id))
    await hands.change(connection_id, calendar_id="other")
    await hands.resynced(connection_id)
    await _restore_activity(hands, deleted)
    (made,) = await hands.carry_out()
    assert (made.kind, made.meeting.title) == ("create_event", former.title)


@pytest.mark.rule("4.14")
async def test_an_event_of_ours_that_is_restored_after_its_activity_was_given_away_stays_out(hands):
    connection_id, activity_id, deleted = await _kept_as_done(hands)
    await hands.tell_activity(activity_id, owner_id=71)
    await _restore_event(hands, deleted, connection_id)
    assert await hands.carry_out() == []
    assert (list(hands.crm), len(hands.events)) == ([activity_id], 1)


@pytest.mark.rule("4.11")
async def test_an_event_that_is_restored_once_its_activity_has_another_one_stays_out(hands):
    connection_id, activity_id, deleted = await _kept_as_done(hands)
    await hands.tell_activity(activity_id, done=False)
    await hands.carry_out()
    await _restore_event(hands, deleted, connection_id)
    assert await hands.carry_out() == []
    (present,) = [one for _, one in hands.events if one != deleted.event_id]
    await hands.tell_activity(activity_id, subject="Goes on")
    assert [one.event_id for one in await hands.carry_out()] == [present]


@pytest.mark.rule("8.4")
@pytest.mark.parametrize("event", [None, {}], ids=["crm", "calendar"])
async def test_what_an_undo_has_deleted_and_is_told_of_once_more_takes_nothing_along(hands, event):
    """A provider's list may be behind its own answers."""
    connection_id, activity_id, event_id = await _pair(hands, event=event)
    activity, made = hands.crm[activity_id], hands.events[connection_id, event_id]
    (row,) = [one for one in await hands.rows(connection_id) if one["action"] == "created"]
    await hands.executor.undo(connection_id, row["row"], None)
    await hands.carry_out()
    left = (dict(hands.crm), dict(hands.events))
    if event is None:
        hands.events[connection_id, event_id] = made
        await hands.tell_event(connection_id, event_id)
        assert await hands.carry_out() == []
        await hands.delete_event(connection_id, event_id)
    else:
        hands.crm[activity_id] = activity
        await hands.tell_activity(activity_id)
        await hands.delete_activity(activity_id)
    await hands.carry_out()
    assert (hands.crm, hands.events) == left
