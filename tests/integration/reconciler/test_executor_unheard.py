"""Items that were made without word of it: the answer to their create was lost, then access was."""

from datetime import timedelta

import pytest
from tests.integration.reconciler.hands import NOW, SOON

from tandem.contracts.events import Response
from tandem.contracts.meetings import Timed
from tandem.contracts.outcomes import Rejection

LONG_AGO = NOW - timedelta(days=2)


async def _made_unheard_of(hands):
    """The outcome of a create whose answer is lost, and then access is."""
    await hands.tell_activity(1)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    hands.writers.lose_answers()
    await hands.settle(hands.rejected(create, Rejection.AUTH_LOST))
    return made


async def test_an_event_whose_create_nobody_heard_of_goes_with_its_activity(hands):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.delete_activity(1)
    await hands.change(connection_id)
    assert await hands.commands() == []
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    (taken_back,) = await hands.carry_out()
    assert (taken_back.kind, taken_back.event_id) == ("delete_event", made.event_id)
    assert not hands.events
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    assert await hands.commands() == []


@pytest.mark.parametrize(
    "edit",
    [
        {"type": "call"},
        {"due_date": None},
        {"owner_id": 71},
    ],
)
async def test_an_event_whose_create_nobody_heard_of_goes_where_none_is_to_be_made(hands, edit):
    connection_id = await hands.connect(synced_types=frozenset({"meeting"}))
    made = await _made_unheard_of(hands)
    await hands.tell_activity(1, **edit)
    await hands.change(connection_id)
    assert await hands.commands() == []
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    (taken_back,) = await hands.carry_out()
    assert (taken_back.kind, taken_back.event_id) == ("delete_event", made.event_id)
    assert not hands.events


async def test_an_event_whose_create_nobody_heard_of_moves_with_its_activity(hands):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.tell_activity(1, due_date=LONG_AGO.date())
    await hands.change(connection_id)
    assert await hands.commands() == []
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    await hands.carry_out()
    assert hands.events[connection_id, made.event_id].schedule.start.date() == LONG_AGO.date()


async def test_an_event_whose_create_nobody_heard_of_stays_where_its_activity_is_done(hands):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.tell_activity(1, done=True)
    await hands.change(connection_id)
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    assert await hands.commands() == []
    assert list(hands.events) == [(connection_id, made.event_id)]


@pytest.mark.rule("4.8")
async def test_an_edit_after_a_create_that_nobody_heard_of_reaches_what_it_made(hands):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.tell_activity(1, subject="Edited")
    hands.event(connection_id, made.event_id, location="Moved")
    await hands.change(connection_id)
    await hands.carry_out()
    activity, event = hands.crm[1], hands.events[connection_id, made.event_id]
    assert (activity.subject, activity.location) == ("Edited", "Moved")
    assert (event.title, event.location) == ("Edited", "Moved")
    assert len(hands.events) == 1


async def test_an_edit_after_two_creates_that_nobody_heard_of_reaches_what_they_made(hands):
    """The second one has made it, the first one has not."""
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (first,) = await hands.commands()
    await hands.settle(hands.rejected(first, Rejection.AUTH_LOST))
    await hands.tell_activity(1, subject="Second", location="Second")
    await hands.change(connection_id)
    (second,) = await hands.commands()
    made = hands.outcome_of(second)
    await hands.settle(hands.rejected(second, Rejection.AUTH_LOST))
    hands.writers.lose_answers()
    hands.event(connection_id, made.event_id, location="Moved")
    await hands.tell_activity(1, subject="Third")
    await hands.change(connection_id)
    await hands.carry_out()
    activity, event = hands.crm[1], hands.events[connection_id, made.event_id]
    assert (activity.subject, event.title) == ("Third", "Third")
    assert activity.location == event.location


@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "seen later"])
async def test_a_reopened_activity_gets_the_event_back_whose_create_nobody_heard_of(hands, seen):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.tell_activity(1, done=True)
    await hands.change(connection_id)
    if seen:
        await hands.tell(hands.seen_event(connection_id, made.event_id))
    await hands.tell_activity(1, done=False, subject="Once more")
    await hands.carry_out()
    assert [one.title for one in hands.events.values()] == ["Once more"]
    await hands.tell_event(connection_id, made.event_id, location="Elsewhere")
    await hands.carry_out()
    assert hands.crm[1].location == "Elsewhere"


async def test_an_event_that_counts_again_finds_the_activity_that_nobody_heard_of(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    hands.outcome_of(create)
    hands.writers.lose_answers()
    await hands.settle(hands.rejected(create, Rejection.AUTH_LOST))
    event = hands.events[connection_id, "e1"]
    await hands.tell_event(connection_id, schedule=Timed(start=LONG_AGO, end=LONG_AGO))
    await hands.change(connection_id)
    assert await hands.commands() == []
    await hands.tell_event(connection_id, schedule=event.schedule)
    await hands.carry_out()
    assert len(hands.crm) == 1


async def _activity_made_without_word(hands, **settings):
    """A connection whose own event became an activity; its answer was lost, then access was."""
    connection_id = await hands.connect(**settings)
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    hands.writers.lose_answers()
    await hands.settle(hands.rejected(create, Rejection.AUTH_LOST))
    return connection_id, made.activity_id


async def test_what_was_deleted_meanwhile_does_not_come_back_as_the_activity_made_of_it(hands):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.delete_event(connection_id)
    await hands.tell(hands.seen_activity(activity_id))
    await hands.change(connection_id)
    (deletion,) = await hands.carry_out()
    assert (deletion.kind, deletion.activity_id) == ("delete_activity", activity_id)
    assert (hands.crm, hands.events) == ({}, {})
    assert [one for one in await hands.history(connection_id) if one[0] == "matched"]


async def test_it_is_deleted_too_where_it_is_only_seen_later(hands):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.delete_event(connection_id)
    await hands.change(connection_id)
    assert await hands.commands() == []
    await hands.tell(hands.seen_activity(activity_id))
    await hands.carry_out()
    assert hands.crm == {}


@pytest.mark.parametrize(
    "own",
    [
        {"subject": "Another", "type": "call"},
        {"subject": "Another", "duration_minutes": 45},
        {"added_at": NOW + timedelta(minutes=20)},
    ],
)
async def test_an_activity_that_is_not_as_it_was_to_be_made_is_somebodys_own(hands, own):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.delete_event(connection_id)
    hands.activity(activity_id, **own)
    await hands.change(connection_id)
    await hands.tell(hands.seen_activity(activity_id))
    (create,) = await hands.carry_out()
    assert create.kind == "create_event"
    assert list(hands.crm) == [activity_id]


async def test_an_activity_made_without_word_and_edited_is_no_second_one(hands):
    """The event was declined, so there is none to be made: the pair rests."""
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.tell_event(connection_id, response=Response.DECLINED)
    hands.activity(activity_id, subject="Another")
    await hands.change(connection_id)
    await hands.tell(hands.seen_activity(activity_id))
    assert await hands.carry_out() == []
    await hands.tell_event(connection_id, response=Response.ACCEPTED)
    await hands.carry_out()
    assert [one.title for one in hands.events.values()] == ["Another"]


async def test_an_edit_made_without_word_beats_the_deletion_of_its_event(hands):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.delete_event(connection_id)
    hands.activity(activity_id, subject="Another")
    await hands.change(connection_id)
    await hands.tell(hands.seen_activity(activity_id))
    (again,) = await hands.carry_out()
    assert (again.kind, again.generation) == ("create_event", 1)


async def test_an_activity_made_without_word_keeps_its_event_where_only_one_way_is_left(hands):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.change(connection_id, direction="one_way")
    await hands.tell(hands.seen_activity(activity_id))
    assert await hands.carry_out() == []
    await hands.tell_activity(activity_id, subject="From Pipedrive")
    await hands.carry_out()
    assert [one.title for one in hands.events.values()] == ["From Pipedrive"]


async def test_it_is_not_taken_for_a_new_one_while_it_is_asked_for_again(hands):
    connection_id, activity_id = await _activity_made_without_word(hands)
    await hands.tell_event(connection_id, title="Edited", schedule=Timed(start=SOON, end=SOON))
    await hands.tell(hands.seen_activity(activity_id))
    await hands.change(connection_id)
    assert {one.kind for one in await hands.carry_out()} == {"create_activity", "update_activity"}
    assert [one.subject for one in hands.crm.values()] == ["Edited"]
    assert len(hands.events) == 1


async def test_an_activity_that_was_refused_and_is_there_all_the_same_belongs_to_its_event(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (create,) = await hands.commands()
    made = hands.outcome_of(create)
    hands.writers.lose_answers()
    await hands.settle(hands.rejected(create, Rejection.REFUSED))
    await hands.tell(hands.seen_activity(made.activity_id))
    assert await hands.carry_out() == []
    await hands.tell_activity(made.activity_id, location="Room 7")
    await hands.carry_out()
    assert [one.location for one in hands.events.values()] == ["Room 7"]


async def test_an_event_that_was_gone_when_it_was_made_again_stays_out(hands):
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.change(connection_id)
    (again,) = await hands.commands()
    await hands.settle(hands.rejected(again, Rejection.GONE))
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    assert await hands.commands() == []
    assert (await hands.history(connection_id))[-1][1] == "suppressed"


async def test_an_event_that_is_linked_anew_is_followed_there(hands):
    """Its calendar was left, and is back: the mark is of a link that has ended without it."""
    connection_id = await hands.connect()
    made = await _made_unheard_of(hands)
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    await hands.change(connection_id, calendar_id="other")
    await hands.change(connection_id, calendar_id="main")
    await hands.tell(hands.seen_event(connection_id, made.event_id))
    await hands.resynced(connection_id)
    assert await hands.carry_out() == []
    await hands.tell_event(connection_id, made.event_id, location="Room 9")
    await hands.carry_out()
    assert hands.crm[1].location == "Room 9"
    assert len(hands.events) == 1


@pytest.mark.rule("4.8")
@pytest.mark.parametrize("winner", ["latest", "crm", "calendar"])
@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "seen later"])
async def test_an_update_that_nobody_heard_of_wins_over_no_later_edit(hands, winner, seen):
    connection_id = await hands.connect(conflict_winner=winner)
    await hands.tell_activity(1, location="Room 1")
    (made,) = await hands.carry_out()
    event_id = hands.outcome_of(made).event_id
    await hands.tell_activity(1, location="Room 2")
    (edit,) = await hands.commands()
    hands.outcome_of(edit)
    hands.writers.lose_answers()
    await hands.settle(hands.rejected(edit, Rejection.AUTH_LOST))
    await hands.tell_activity(1, location="Room 3")
    hands.clock.tick(600)
    hands.event(connection_id, event_id, busy=False)
    if seen:
        await hands.tell(hands.seen_event(connection_id, event_id))
    await hands.change(connection_id)
    await hands.carry_out()
    await hands.tell(hands.seen_event(connection_id, event_id))
    await hands.carry_out()
    assert hands.crm[1].location == "Room 3"
    assert hands.events[connection_id, event_id].location == "Room 3"
    told = [row["action"] for row in await hands.rows(connection_id)]
    assert (hands.crm[1].busy, "conflict" in told) == (False, False)
    assert told.count("updated") == 3


async def test_what_somebody_enters_after_an_update_that_was_not_done_is_his_own(hands):
    """He happens to enter what was to be written; the activity is as it was before by then."""
    connection_id = await hands.connect()
    await hands.tell_activity(1, location="Room 1")
    (made,) = await hands.carry_out()
    event_id = hands.outcome_of(made).event_id
    await hands.tell_activity(1, location="Room 2")
    (edit,) = await hands.commands()
    await hands.settle(hands.rejected(edit, Rejection.AUTH_LOST))
    await hands.tell_activity(1, location="Room 1")
    await hands.change(connection_id)
    assert await hands.commands() == []
    hands.clock.tick(600)
    await hands.tell_event(connection_id, event_id, location="Room 2")
    await hands.carry_out()
    assert hands.crm[1].location == "Room 2"
