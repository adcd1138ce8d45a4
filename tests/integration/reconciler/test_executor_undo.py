"""A history row is taken back: earlier values return, on both sides, and so do deleted items."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.integration.reconciler.hands import Hands

from reconciler.executor import UnknownConnectionError


async def _row(hands: Hands, connection_id: UUID, action: str) -> int:
    rows = [one for one in await hands.rows(connection_id) if one["action"] == action]
    return int(rows[-1]["row"])


async def _undo(hands: Hands, connection_id: UUID, action: str) -> list[Any]:
    row = await _row(hands, connection_id, action)
    decided = await hands.executor.undo(connection_id, row, None)
    assert decided is not None
    assert decided.writes, decided.reason
    return await hands.carry_out()


async def _refused(hands: Hands, connection_id: UUID, action: str) -> str:
    row = await _row(hands, connection_id, action)
    decided = await hands.executor.undo(connection_id, row, None)
    assert decided is not None
    assert not decided.writes
    return decided.reason.value


@pytest.mark.rule("8.4")
async def test_an_undone_edit_returns_to_both_sides(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="First", location="Here")
    await hands.carry_out()
    await hands.tell_activity(1, subject="Second", location="There")
    await hands.carry_out()
    hands.activity(1, public_description="A later edit stays")
    await hands.tell_activity(1)
    await hands.carry_out()
    rows = [one for one in await hands.rows(connection_id) if one["action"] == "updated"]
    decided = await hands.executor.undo(connection_id, rows[0]["row"], None)
    assert decided.writes
    written = await hands.carry_out()
    assert [one.kind for one in written] == ["update_activity", "update_event"]
    (event,) = hands.events.values()
    assert (event.title, event.location) == ("First", "Here")
    assert "later edit" in event.description
    assert (hands.crm[1].subject, hands.crm[1].location) == ("First", "Here")
    assert ("reverted", "undone") in await hands.history(connection_id)


@pytest.mark.parametrize("since", ["past", "one_way"])
async def test_an_undone_edit_returns_to_both_sides_where_edits_of_the_event_stay(hands, since):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, title="First")
    await hands.carry_out()
    await hands.tell_event(connection_id, title="Second")
    await hands.carry_out()
    if since == "past":
        hands.clock.tick(timedelta(days=4).total_seconds())
    else:
        await hands.change(connection_id, direction="one_way")
    written = await _undo(hands, connection_id, "updated")
    assert [one.kind for one in written] == ["update_activity", "update_event"]
    assert hands.crm[1000].subject == "First"
    assert hands.events[connection_id, "e1"].title == "First"


async def test_an_undone_edit_returns_to_both_sides_though_our_event_is_private_now(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="First")
    await hands.carry_out()
    ((_, event_id),) = hands.events
    await hands.tell_event(connection_id, event_id, title="Second")
    await hands.carry_out()
    await hands.tell_event(connection_id, event_id, private=True)
    written = await _undo(hands, connection_id, "updated")
    assert [one.kind for one in written] == ["update_activity", "update_event"]
    assert hands.events[connection_id, event_id].title == "First"


async def test_an_undo_leaves_alone_what_the_user_keeps_private(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, title="First")
    await hands.carry_out()
    await hands.tell_event(connection_id, title="Second")
    await hands.carry_out()
    row = await _row(hands, connection_id, "updated")
    await hands.tell_event(connection_id, private=True)
    await hands.carry_out()
    decided = await hands.executor.undo(connection_id, row, None)
    assert (decided.reason, decided.writes) == ("private", ())


async def test_an_undo_can_be_undone(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="First")
    await hands.carry_out()
    await hands.tell_activity(1, subject="Second")
    await hands.carry_out()
    await _undo(hands, connection_id, "updated")
    await _undo(hands, connection_id, "reverted")
    (event,) = hands.events.values()
    assert (hands.crm[1].subject, event.title) == ("Second", "Second")


@pytest.mark.rule("8.4")
async def test_an_undone_deletion_makes_both_sides_again(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="Dear to us", type="lunch")
    await hands.carry_out()
    await hands.delete_activity(1)
    await hands.carry_out()
    assert hands.events == {}
    written = await _undo(hands, connection_id, "deleted")
    assert [one.kind for one in written] == ["create_activity", "create_event"]
    (activity,) = hands.crm.values()
    (event,) = hands.events.values()
    assert (activity.subject, activity.type, event.title) == ("Dear to us", "lunch", "Dear to us")
    assert await _refused(hands, connection_id, "deleted") == "no_change"


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_deletion_that_is_undone_in_both_connections_comes_back_once(hands, at_once):
    first = await hands.connect()
    second = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.delete_activity(1)
    await hands.carry_out()
    rows = {one: await _row(hands, one, "deleted") for one in (first, second)}
    decided = await hands.executor.undo(first, rows[first], None)
    assert decided.writes
    if not at_once:
        await hands.carry_out()
    decided = await hands.executor.undo(second, rows[second], None)
    assert (decided.reason, decided.writes) == ("awaiting" if at_once else "no_change", ())
    await hands.carry_out()
    for activity_id in hands.crm:
        await hands.tell_activity(activity_id)
    await hands.carry_out()
    assert (len(hands.crm), len(hands.events)) == (1, 2)


async def test_an_undone_deletion_from_the_calendar_makes_both_sides_again(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, title="From the calendar")
    await hands.carry_out()
    await hands.delete_event(connection_id)
    await hands.carry_out()
    assert hands.crm == {}
    written = await _undo(hands, connection_id, "deleted")
    assert [one.kind for one in written] == ["create_event", "create_activity"]
    assert [one.subject for one in hands.crm.values()] == ["From the calendar"]


async def test_writes_that_were_ordered_by_hand_are_no_loop(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="0")
    await hands.carry_out()
    for edit in range(1, 6):
        await hands.tell_activity(1, subject=str(edit))
        await hands.carry_out()
    await _undo(hands, connection_id, "updated")
    (event,) = hands.events.values()
    assert (hands.crm[1].subject, event.title) == ("4", "4")


async def test_an_undone_create_takes_the_copy_away_and_it_stays_away(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    written = await _undo(hands, connection_id, "created")
    assert [one.kind for one in written] == ["delete_event"]
    await hands.tell_activity(1, subject="Edited later")
    assert await hands.carry_out() == []
    assert hands.events == {}
    assert 1 in hands.crm


async def test_the_loser_of_a_conflict_can_win_after_all(hands):
    connection_id = await hands.connect(conflict_winner="crm")
    await hands.tell_activity(1, subject="Agreed")
    await hands.carry_out()
    ((_, event_id),) = hands.events
    hands.activity(1, subject="Of Pipedrive")
    hands.event(connection_id, event_id, title="Of the calendar")
    await hands.tell(hands.seen_event(connection_id, event_id))
    await hands.tell(hands.seen_activity(1))
    await hands.carry_out()
    for _ in range(2):
        await hands.tell_activity(1)
        await hands.carry_out()
    if hands.crm[1].subject == "Of Pipedrive":
        await _undo(hands, connection_id, "conflict")
    (event,) = hands.events.values()
    assert (hands.crm[1].subject, event.title) == ("Of the calendar", "Of the calendar")


async def test_a_row_that_wrote_nothing_can_not_be_undone(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, done=True)
    assert await _refused(hands, connection_id, "skipped") == "done"


async def test_an_unknown_row_or_connection_is_told_so(hands):
    connection_id = await hands.connect()
    assert await hands.executor.undo(connection_id, 4711, None) is None
    with pytest.raises(UnknownConnectionError):
        await hands.executor.undo(uuid4(), 1, None)
