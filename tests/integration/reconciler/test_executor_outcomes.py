"""Outcomes through the executor: late, repeated, odd ones, and items that beat their outcome."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.reconciler.hands import NOW

from tandem.contracts.commands import CreateActivity, CreateEvent
from tandem.contracts.meetings import Timed
from tandem.contracts.outcomes import Rejection
from tandem.runtime.inbox import KEEP_DAYS

_LATER = Timed(start=NOW + timedelta(days=200), end=NOW + timedelta(days=200, hours=1))


async def test_an_outcome_of_another_revision_only_tells_a_state(hands):
    await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    await hands.settle(made.model_copy(update={"revision": 7, "message_id": uuid4()}))
    await hands.tell_activity(1, subject="Edited meanwhile")
    assert await hands.commands() == []
    await hands.settle(made)
    (update,) = await hands.commands()
    assert update.fields == {"title"}


async def test_a_repeated_outcome_changes_nothing(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    await hands.settle(made, made, made.model_copy(update={"message_id": uuid4()}))
    assert await hands.commands() == []
    assert await hands.history(connection_id) == [("created", "created")]


async def test_an_outcome_of_an_unknown_link_or_connection_is_nothing(hands):
    await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    await hands.settle(
        made.model_copy(update={"link_id": uuid4(), "message_id": uuid4()}),
        made.model_copy(update={"connection_id": uuid4(), "message_id": uuid4()}),
    )
    assert await hands.pool.fetchval("SELECT count(*) FROM sync.events") == 0
    assert await hands.commands() == []


async def test_an_activity_deleted_before_its_create_was_told_is_not_made_again(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    await hands.settle(hands.rejected(create, Rejection.GONE))
    assert await hands.commands() == []
    await hands.tell_event(connection_id, title="Changed")
    assert await hands.commands() == []
    assert (await hands.history(connection_id))[-1][1] == "suppressed"
    assert hands.events


async def test_a_refused_create_waits_for_a_change(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    await hands.settle(hands.rejected(create, Rejection.REFUSED, detail="too odd"))
    await hands.tell(hands.seen_activity(1))
    assert await hands.commands() == []
    (row,) = await hands.rows(connection_id)
    assert (row["action"], row["reason"], row["detail"]) == (
        "refused",
        "provider_refused",
        "too odd",
    )
    await hands.tell_activity(1, subject="Less odd")
    (again,) = await hands.carry_out()
    assert again.kind == "create_event"
    assert again.revision > create.revision


async def test_a_side_that_is_gone_when_written_to_counts_as_deleted(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    await hands.carry_out()
    (activity_id,) = hands.crm
    await hands.tell_event(connection_id, title="Renamed")
    (update,) = await hands.commands()
    del hands.crm[activity_id]
    await hands.settle(hands.outcome_of(update))
    (again,) = await hands.carry_out()
    assert isinstance(again, CreateActivity)
    assert again.generation == 1


async def test_an_event_taken_for_new_makes_way_for_the_link_that_made_it(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    unmarked = made.event.model_copy(update={"link_mark": None})
    hands.events[connection_id, made.event_id] = unmarked
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    (double,) = await hands.commands()
    assert isinstance(double, CreateActivity)
    await hands.settle(made)
    living = await hands.pool.fetch("SELECT link_id FROM sync.links WHERE state <> 'dissolved'")
    assert [row["link_id"] for row in living] == [create.link_id]
    await hands.tell_activity(1, subject="Still one pair")
    await hands.carry_out()
    assert hands.events[connection_id, made.event_id].title == "Still one pair"


async def test_our_own_activity_taken_for_new_loses_the_event_made_of_it(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    # So changed before we heard of it that nothing in it tells of our create.
    changed = hands.activity(
        made.activity_id,
        subject="Another",
        due_date=hands.crm[made.activity_id].due_date + timedelta(days=1),
    )
    await hands.tell(hands.seen_activity(changed.activity_id))
    (double,) = await hands.commands()
    assert isinstance(double, CreateEvent)
    await hands.settle(made)
    await hands.settle(hands.outcome_of(double))
    await hands.carry_out()
    assert [event_id for _, event_id in hands.events] == ["e1"]
    assert hands.events[connection_id, "e1"].title == "Another"
    assert len(hands.crm) == 1


async def test_the_event_made_of_our_own_activity_goes_even_if_it_was_there_first(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    changed = hands.activity(
        made.activity_id,
        subject="Another",
        due_date=hands.crm[made.activity_id].due_date + timedelta(days=1),
    )
    await hands.tell(hands.seen_activity(changed.activity_id))
    (double,) = await hands.commands()
    await hands.settle(hands.outcome_of(double))
    await hands.settle(made)
    await hands.carry_out()
    assert [event_id for _, event_id in hands.events] == ["e1"]
    assert len(hands.crm) == 1
    assert await hands.history(connection_id)


@pytest.mark.rule("7.4")
async def test_an_activity_that_is_only_like_what_was_to_be_made_stays_with_its_own_link(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    later = NOW.date() + timedelta(days=9)
    await hands.tell_activity(1, subject="Mine", due_date=later)
    (own,) = await hands.commands()
    await hands.settle(hands.outcome_of(own))
    theirs = hands.seen_activity(1)
    seems = hands.outcome_of(create).model_copy(
        update={"activity_id": 1, "activity": theirs.activity, "found": True, "likely": True}
    )
    hands.writers.lose_answers()
    await hands.settle(seems)
    (again,) = await hands.commands()
    assert isinstance(again, CreateActivity)
    assert (again.link_id, again.generation) == (create.link_id, create.generation + 1)
    await hands.tell_activity(1, subject="Still mine", due_date=later)
    (mine,) = await hands.commands()
    assert mine.link_id == own.link_id


async def test_rules_that_change_while_an_activity_is_made_do_not_double_it(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    await hands.tell(hands.seen_activity(made.activity_id))
    await hands.change(connection_id, default_duration_minutes=45)
    assert await hands.commands() == []
    await hands.settle(made)
    assert await hands.carry_out() == []
    assert len(hands.events) == 1


async def test_a_lost_outcome_is_mended_by_sending_the_command_again(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    assert hands.outcome_of(create) is not None
    hands.clock.tick(120)
    await hands.executor.resend_stale(timedelta(seconds=60))
    await hands.carry_out()
    assert len(hands.events) == 1
    await hands.tell_activity(1, subject="Goes on")
    await hands.carry_out()
    assert [event.title for event in hands.events.values()] == ["Goes on"]
    assert await hands.history(connection_id) == [("created", "created"), ("updated", "updated")]


async def test_old_deletions_are_forgotten_but_for_those_still_to_be_followed(hands):
    connection_id = await hands.connect()
    await hands.tell(*(hands.seen_activity(hands.activity(n).activity_id) for n in (1, 2)))
    await hands.carry_out()
    await hands.delete_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, paused=True)
    await hands.delete_activity(2)
    hands.clock.tick(timedelta(days=9).total_seconds())
    await hands.executor.forget_old()
    kept = await hands.pool.fetch("SELECT activity_id FROM sync.activities")
    assert [row["activity_id"] for row in kept] == [2]
    assert await hands.pool.fetchval("SELECT count(*) FROM sync.events") == 1
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    assert not hands.events


@pytest.mark.parametrize(("days", "left"), [(KEEP_DAYS - 1, 1), (KEEP_DAYS + 1, 0)])
async def test_a_link_that_has_ended_is_kept_while_a_message_may_still_come_back_to_it(
    hands, days, left
):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.delete_activity(1)
    await hands.carry_out()
    await _wait(hands, days=days)
    await hands.executor.forget_old()
    assert await _ended_links(hands, connection_id) == left


async def test_a_link_that_keeps_its_item_from_coming_back_is_never_forgotten(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, is_organizer=False)
    await hands.carry_out()
    await hands.delete_activity(*hands.crm)
    await _wait(hands, days=10 * KEEP_DAYS)
    await hands.executor.forget_old()
    assert await _ended_links(hands, connection_id) == 1
    await hands.tell_event(connection_id, schedule=_LATER)
    assert await hands.commands() == []


async def _wait(hands, *, days):
    """Let time pass since the links changed; that is told by the database's own clock."""
    await hands.pool.execute("UPDATE sync.links SET changed_at = $1", hands.clock.now())
    hands.clock.tick(timedelta(days=days).total_seconds())


async def _ended_links(hands, connection_id):
    return await hands.pool.fetchval(
        "SELECT count(*) FROM sync.links WHERE connection_id = $1 AND state = 'dissolved'",
        connection_id,
    )


async def test_an_edit_of_an_activity_before_its_create_was_known_is_carried_on(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    hands.activity(made.activity_id, subject="Edited at once")
    hands.writers.lose_answers()
    await hands.settle(hands.outcome_of(create))
    (update,) = await hands.carry_out()
    assert (update.kind, update.fields) == ("update_event", {"title"})
    assert [one.title for one in hands.events.values()] == ["Edited at once"]
    assert await hands.commands() == []


async def test_an_edit_of_an_event_before_its_create_was_known_is_carried_on(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    hands.event(connection_id, made.event_id, location="Elsewhere")
    hands.writers.lose_answers()
    await hands.settle(hands.outcome_of(create))
    (update,) = await hands.carry_out()
    assert (update.kind, update.fields) == ("update_activity", {"location"})
    assert hands.crm[1].location == "Elsewhere"
    assert await hands.commands() == []


@pytest.mark.rule("4.8")
@pytest.mark.rule("4.20")
async def test_our_own_write_whose_answer_was_lost_wins_over_no_later_edit(hands):
    connection_id = await hands.connect(conflict_winner="calendar")
    await hands.tell_activity(1, location="Room 1")
    (made,) = await hands.carry_out()
    event_id = hands.outcome_of(made).event_id
    await hands.tell_activity(1, location="Room 2")
    (edit,) = await hands.commands()
    hands.outcome_of(edit)
    hands.writers.lose_answers()
    await hands.tell_activity(1, location="Room 3")
    await hands.tell_event(connection_id, event_id, busy=False)
    overtaken = hands.outcome_of(edit)
    assert overtaken.rejection is Rejection.STALE
    await hands.settle(overtaken)
    await hands.carry_out()
    assert (hands.crm[1].location, hands.crm[1].busy) == ("Room 3", False)
    event = hands.events[connection_id, event_id]
    assert (event.location, event.busy) == ("Room 3", False)
    rows = await hands.rows(connection_id)
    told = [
        [json.loads(row[key] or "{}").get("location") for key in ("before", "after")]
        for row in rows
    ]
    assert ["Room 1", "Room 2"] in told
    assert ["Room 2", "Room 3"] in told


async def test_what_a_command_makes_that_comes_again_after_its_link_ended_is_taken_back(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    lost = hands.rejected(create, Rejection.AUTH_LOST)
    await hands.settle(lost)
    await hands.tell_activity(1, due_date=None)
    await hands.change(connection_id)
    late = hands.outcome_of(create)
    await hands.settle(late)
    (taken_back,) = await hands.carry_out()
    assert (taken_back.kind, taken_back.event_id) == ("delete_event", late.event_id)
    assert not hands.events
    await hands.settle(late)
    assert await hands.commands() == []


async def test_an_event_that_is_back_before_its_activity_was_deleted_gets_a_new_one(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    await hands.carry_out()
    event = hands.events[connection_id, "e1"]
    await hands.delete_event(connection_id)
    (deletion,) = await hands.commands()
    hands.events[connection_id, "e1"] = event.model_copy(update={"updated_at": hands.clock.tick()})
    await hands.tell(hands.seen_event(connection_id))
    assert await hands.commands() == []
    await hands.settle(hands.outcome_of(deletion))
    (again,) = await hands.carry_out()
    assert isinstance(again, CreateActivity)
    assert [one.subject for one in hands.crm.values()] == [event.title]
