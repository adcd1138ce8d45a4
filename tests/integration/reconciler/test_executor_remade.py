"""A deleted activity that several calendars of its user ask for again is made again once."""

from typing import Any
from uuid import UUID

import pytest
from tests.integration.reconciler.hands import SOON, Hands

from tandem.contracts.connections import ConnectionStatus, Direction
from tandem.contracts.events import Response
from tandem.contracts.outcomes import Rejection


async def _copied(hands: Hands, *, direction: Direction = Direction.TWO_WAY) -> tuple[UUID, UUID]:
    """Two connections of one user that have an event each of one activity."""
    first = await hands.connect()
    second = await hands.connect(direction=direction)
    await hands.tell_activity(1, subject="Talk")
    await hands.carry_out()
    return first, second


def _event_of(hands: Hands, connection_id: UUID) -> str:
    (event_id,) = [event_id for one, event_id in hands.events if one == connection_id]
    return event_id


async def _edit(hands: Hands, connection_id: UUID, **fields: object) -> None:
    await hands.tell_event(connection_id, _event_of(hands, connection_id), **fields)


async def _delete_edited(
    hands: Hands, connection_id: UUID, activity_id: int = 1, **fields: object
) -> None:
    """An edit that is found together with the deletion of its activity."""
    await hands.change(connection_id, paused=True)
    await _edit(hands, connection_id, **fields)
    await hands.delete_activity(activity_id)
    await hands.change(connection_id, paused=False)


async def _both_edited(hands: Hands, first: UUID, second: UUID) -> None:
    """Both events are edited, and the activity is deleted, while nothing is decided."""
    await hands.change(second, paused=True)
    await hands.change(first, paused=True)
    await _edit(hands, first, title="One")
    await _edit(hands, second, location="Two")
    await hands.delete_activity(1)


async def _resume(hands: Hands, *connections: UUID) -> None:
    for one in connections:
        await hands.change(one, paused=False)


async def _see_all(hands: Hands) -> list[str]:
    """Everything is observed once more and carried out; returns what was asked for."""
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    await hands.tell(*(hands.seen_event(*one) for one in hands.events))
    return [one.kind for one in await hands.carry_out()]


def _shown(hands: Hands) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Title and location of all activities and of all events."""
    return (
        [(one.subject, one.location) for one in hands.crm.values()],
        [(one.title, one.location) for one in hands.events.values()],
    )


async def _ends(hands: Hands) -> object:
    """What all is like once everybody has heard of it, after which nothing is asked for."""
    await _see_all(hands)
    assert await _see_all(hands) == []
    return _shown(hands)


async def _paused_amid_an_update(hands: Hands, connection_id: UUID) -> Any:
    """An edit of an event is on its way to the activity when its connection is paused."""
    await _edit(hands, connection_id, location="Two")
    (update,) = await hands.commands()
    await hands.change(connection_id, paused=True)
    return update


MERGED = ([("One", "Two")], [("One", "Two")] * 2)


@pytest.mark.rule("4.10")
@pytest.mark.parametrize("resumed", ["together", "first before", "first and its write before"])
async def test_edits_of_both_events_meet_in_one_activity(hands, resumed):
    first, second = await _copied(hands)
    await _both_edited(hands, first, second)
    await _resume(hands, first)
    done = []
    if resumed != "together":
        done += await hands.commands()
        outcomes = [hands.outcome_of(one) for one in done]
        if resumed == "first and its write before":
            await hands.settle(*outcomes)
            done += await hands.carry_out()
            await _see_all(hands)
            assert len(hands.events) == 2
        await _resume(hands, second)
        if resumed == "first before":
            assert await hands.commands() == []
            await hands.settle(*outcomes)
    else:
        await _resume(hands, second)
    done += await hands.carry_out()
    assert [one.kind for one in done].count("create_activity") == 1
    assert await _ends(hands) == MERGED


@pytest.mark.rule("4.10")
async def test_an_unedited_event_lives_on_where_its_activity_is_being_made_again(hands):
    first, second = await _copied(hands)
    event_id = _event_of(hands, second)
    await hands.change(second, paused=True)
    await _delete_edited(hands, first, title="One")
    await _resume(hands, second)
    done = [one.kind for one in await hands.carry_out()]
    assert done == ["create_activity", "update_event"]
    assert _event_of(hands, second) == event_id
    assert _shown(hands) == ([("One", "")], [("One", "")] * 2)


@pytest.mark.rule("4.10")
@pytest.mark.parametrize("rejection", [Rejection.REFUSED, Rejection.AUTH_LOST, Rejection.GONE])
async def test_what_one_connection_can_not_make_again_another_one_makes(hands, rejection):
    first, second = await _copied(hands)
    await _both_edited(hands, first, second)
    await _resume(hands, first, second)
    (create,) = await hands.commands()
    assert create.connection_id == first
    await hands.settle(hands.rejected(create, rejection))
    await hands.carry_out()
    (activity,) = hands.crm.values()
    assert activity.location == "Two"


@pytest.mark.rule("4.10")
@pytest.mark.rule("7.4")
@pytest.mark.parametrize("order", ["as lost", "other one first"])
async def test_an_activity_that_none_could_make_again_is_made_once_access_is_back(hands, order):
    first, second = await _copied(hands)
    await _both_edited(hands, first, second)
    await _resume(hands, first, second)
    for one in (first, second):
        (create,) = await hands.commands()
        assert create.connection_id == one
        await hands.settle(hands.rejected(create, Rejection.AUTH_LOST))
    assert await hands.commands() == []
    for one in (first, second) if order == "as lost" else (second, first):
        await hands.change(one, status=ConnectionStatus.RECONNECT_NEEDED)
    for one in (first, second) if order == "as lost" else (second, first):
        await hands.change(one, status=ConnectionStatus.ACTIVE)
    await hands.carry_out()
    assert await _ends(hands) == MERGED


@pytest.mark.rule("7.6")
async def test_a_refused_remake_goes_on_with_what_the_other_connection_has_made(hands):
    first, second = await _copied(hands)
    await _both_edited(hands, first, second)
    await _resume(hands, first, second)
    (create,) = await hands.commands()
    await hands.settle(hands.rejected(create, Rejection.REFUSED))
    await hands.carry_out()
    assert await _ends(hands) == MERGED


@pytest.mark.rule("4.10")
@pytest.mark.parametrize("end", ["removed", "another calendar"])
async def test_an_activity_is_made_again_though_who_was_making_it_is_gone(hands, end):
    first, second = await _copied(hands)
    await _both_edited(hands, first, second)
    await _resume(hands, first, second)
    (create,) = await hands.commands()
    assert create.connection_id == first
    if end == "removed":
        await hands.remove(first, remove_events=False)
    else:
        await hands.change(first, calendar_id="other")
    done = await hands.carry_out()
    assert [(one.kind, one.connection_id) for one in done] == [("create_activity", second)]
    (activity,) = hands.crm.values()
    assert activity.location == "Two"


@pytest.mark.rule("4.10")
@pytest.mark.parametrize("edited", [True, False])
async def test_a_one_way_copy_goes_on_with_the_activity_that_is_made_again(hands, edited):
    first, second = await _copied(hands, direction=Direction.ONE_WAY)
    await hands.change(second, paused=True)
    if edited:
        await _edit(hands, second, location="Two")
    await _delete_edited(hands, first, title="One")
    await _resume(hands, second)
    await hands.carry_out()
    place = "Two" if edited else ""
    assert await _ends(hands) == ([("One", place)], [("One", place)] * 2)


@pytest.mark.rule("4.10")
async def test_an_activity_that_was_made_again_waits_for_the_write_to_its_former_one(hands):
    """The other connection learns of the deletion by a write that comes too late."""
    first, second = await _copied(hands)
    await _edit(hands, second, location="Two")
    (update,) = await hands.commands()
    await _delete_edited(hands, first, title="One")
    (create,) = await hands.commands()
    assert (update.connection_id, create.connection_id) == (second, first)
    await hands.settle(hands.outcome_of(create))
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    assert await hands.commands() == []
    await hands.settle(hands.outcome_of(update))
    await hands.carry_out()
    assert await _ends(hands) == MERGED
    assert not await hands.pool.fetch("SELECT FROM sync.deferred")


@pytest.mark.rule("4.10")
async def test_what_waits_for_a_write_goes_on_though_the_former_activity_is_back_by_then(hands):
    first, second = await _copied(hands)
    restored = hands.crm[1]
    await _edit(hands, second, location="Two")
    (update,) = await hands.commands()
    await _delete_edited(hands, first, title="One")
    await hands.settle(*map(hands.outcome_of, await hands.commands()))
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    hands.crm[1] = restored
    await hands.tell_activity(1)
    await hands.settle(hands.outcome_of(update))
    await hands.carry_out()
    of_second = [one.title for (owner, _), one in hands.events.items() if owner == second]
    assert sorted(of_second) == ["One", "Talk"]
    assert not await hands.pool.fetch("SELECT FROM sync.deferred")


@pytest.mark.rule("2.14")
@pytest.mark.parametrize("calendars", [1, 2])
async def test_an_activity_that_was_made_again_does_not_wait_for_one_that_was_restored(
    hands, calendars
):
    """Both lose their events with their type; ticked again, each gets one of its own."""
    connections = [await hands.connect() for _ in range(calendars)]
    restored = hands.activity(1, subject="Talk")
    await hands.tell_activity(1)
    await hands.carry_out()
    await _delete_edited(hands, connections[0], description="Agenda")
    await hands.carry_out()
    hands.crm[1] = restored
    await hands.tell_activity(1, location="Here")
    await hands.carry_out()
    assert len(hands.crm) == 2
    for one in connections:
        await hands.change(one, synced_types=frozenset({"call"}))
        await hands.executor.remove_unticked(one, None)
    await hands.carry_out()
    assert not hands.events
    for one in connections:
        await hands.change(one, synced_types=None)
    await hands.carry_out()
    assert sorted((title.title, title.location) for title in hands.events.values()) == sorted(
        [("Talk", ""), ("Talk", "Here")] * calendars
    )
    assert not await hands.pool.fetch("SELECT FROM sync.deferred")


@pytest.mark.rule("2.20")
async def test_a_write_that_ends_in_a_pause_leaves_its_link_what_was_made_again(hands):
    first, second = await _copied(hands)
    update = await _paused_amid_an_update(hands, second)
    await _delete_edited(hands, first, title="One")
    await hands.carry_out()
    await hands.settle(hands.outcome_of(update))
    await _resume(hands, second)
    await hands.carry_out()
    assert await _ends(hands) == MERGED


@pytest.mark.rule("2.20")
async def test_a_write_that_ends_late_leaves_its_link_what_was_made_again_and_again(hands):
    first, second = await _copied(hands)
    update = await _paused_amid_an_update(hands, second)
    await _delete_edited(hands, first, title="Once")
    await hands.carry_out()
    (made,) = hands.crm
    await _delete_edited(hands, first, made, title="One")
    await hands.carry_out()
    await hands.settle(hands.outcome_of(update))
    await _resume(hands, second)
    await hands.carry_out()
    assert await _ends(hands) == MERGED


@pytest.mark.rule("4.15")
async def test_a_declined_event_does_not_take_over_what_was_made_again(hands):
    first = await hands.connect()
    second = await hands.connect()
    await hands.tell_event(second, "e1", title="Talk")
    await hands.carry_out()
    await _see_all(hands)
    (activity_id,) = hands.crm
    await hands.change(second, paused=True)
    await hands.change(first, paused=True)
    await _edit(hands, first, title="One")
    await _edit(hands, second, response=Response.DECLINED)
    await hands.delete_activity(activity_id)
    await _resume(hands, first, second)
    await hands.carry_out()
    (activity,) = hands.crm.values()
    assert activity.subject == "One"


@pytest.mark.rule("7.2")
async def test_held_deletions_end_where_an_edit_elsewhere_makes_the_activities_again(hands):
    first = await hands.connect()
    for one in range(1, 13):
        hands.activity(one)
    await hands.tell(*(hands.seen_activity(one) for one in range(1, 13)))
    second = await hands.connect()
    await hands.carry_out()
    kept = [event_id for one, event_id in hands.events if one == second]
    await hands.change(first, paused=True)
    for event_id in [event_id for one, event_id in hands.events if one == first]:
        await hands.tell_event(first, event_id, location="Here")
    gone = list(hands.crm)
    hands.crm.clear()
    await hands.tell(*(hands.seen_activity(one) for one in gone))
    assert await hands.carry_out() == []
    await _resume(hands, first)
    await hands.carry_out()
    assert (len(hands.crm), len(hands.events)) == (12, 24)
    assert {hands.events[second, one].location for one in kept} == {"Here"}
    assert (await hands.reports())[-1] == "deletions_settled"


async def _being_made_again(hands: Hands) -> tuple[UUID, UUID, object]:
    """An activity is being made again while its user enters another one at its time."""
    first, second = await _copied(hands)
    await _delete_edited(hands, first, title="One")
    commands = await hands.commands()
    (create,) = [one for one in commands if one.kind == "create_activity"]
    await hands.settle(*(hands.outcome_of(one) for one in commands if one is not create))
    time = SOON.replace(hour=9)
    await hands.tell_activity(5, subject="Other", due_date=time.date(), due_time=time.time())
    assert await hands.commands() == []
    return first, second, create


@pytest.mark.rule("4.1")
@pytest.mark.parametrize("end", ["made", "refused", "removed", "another calendar"])
async def test_what_waits_for_a_remake_elsewhere_is_decided_whatever_becomes_of_that(hands, end):
    first, second, create = await _being_made_again(hands)
    match end:
        case "made":
            await hands.settle(hands.outcome_of(create))
        case "refused":
            await hands.settle(hands.rejected(create, Rejection.REFUSED))
        case "removed":
            await hands.remove(first, remove_events=False)
        case _:
            await hands.change(first, calendar_id="other")
    await hands.carry_out()
    assert "Other" in [one.title for (at, _), one in hands.events.items() if at == second]
    assert not await hands.pool.fetch("SELECT FROM sync.deferred")
