"""Every row of the decision table, through the executor, with its history."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tandem.contracts.commands import CreateActivity, CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.events import Response
from tandem.contracts.meetings import Timed
from tandem.contracts.message import SyncUser
from tandem.contracts.outcomes import Rejection
from tandem.runtime.metrics import DECISIONS
from tandem.runtime.subscriptions import Delivery


def kinds(commands):
    return [command.kind for command in commands]


async def linked_from_crm(hands, **settings):
    connection_id = await hands.connect(**settings)
    await hands.tell_activity(1)
    await hands.carry_out()
    event_id = next(event_id for one, event_id in hands.events if one == connection_id)
    return connection_id, event_id


async def linked_from_calendar(hands, **settings):
    connection_id = await hands.connect(**settings)
    await hands.tell_event(connection_id)
    await hands.carry_out()
    return connection_id, next(iter(hands.crm))


async def test_a_new_activity_creates_an_event_and_its_echo_plans_nothing(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell(hands.seen_activity(1), hands.seen_event(connection_id, event_id))
    assert await hands.carry_out() == []
    assert await hands.history(connection_id) == [("created", "created")]


async def test_a_new_event_creates_an_activity_and_its_echo_plans_nothing(hands):
    connection_id, activity_id = await linked_from_calendar(hands)
    assert hands.crm[activity_id].subject == "Event e1"
    await hands.tell(hands.seen_activity(activity_id), hands.seen_event(connection_id))
    assert await hands.carry_out() == []
    assert await hands.history(connection_id) == [("created", "created")]


async def test_an_edit_of_the_activity_updates_only_what_changed(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Renamed")
    (command,) = await hands.carry_out()
    assert isinstance(command, UpdateEvent)
    assert command.fields == {"title"}
    assert hands.events[connection_id, event_id].title == "Renamed"
    assert (await hands.history(connection_id))[-1] == ("updated", "updated")


async def test_an_edit_of_the_event_updates_only_what_changed(hands):
    connection_id, activity_id = await linked_from_calendar(hands)
    await hands.tell_event(connection_id, location="Pier 2")
    (command,) = await hands.carry_out()
    assert command.fields == {"location"}
    assert hands.crm[activity_id].location == "Pier 2"


async def test_edits_of_other_fields_are_merged_with_one_write_each(hands):
    connection_id, event_id = await linked_from_crm(hands)
    hands.activity(1, subject="From Pipedrive")
    hands.event(connection_id, event_id, location="From the calendar")
    await hands.executor.on_activities([Delivery(hands.seen_activity(1), None)])
    await hands.tell(hands.seen_event(connection_id, event_id))
    await hands.carry_out()
    await hands.tell(hands.seen_activity(1), hands.seen_event(connection_id, event_id))
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "From Pipedrive"
    assert hands.crm[1].location == "From the calendar"
    assert hands.events[connection_id, event_id].location == "From the calendar"


@pytest.mark.rule("4.8")
async def test_a_conflict_goes_to_the_later_edit_and_is_told(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.change(connection_id, paused=True, status=ConnectionStatus.PAUSED)
    await hands.tell_activity(1, subject="First")
    await hands.tell_event(connection_id, event_id, title="Second")
    assert await hands.carry_out() == []
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    assert hands.crm[1].subject == "Second"
    assert ("conflict", "conflict") in await hands.history(connection_id)


async def test_a_deleted_activity_deletes_our_event(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.delete_activity(1)
    (command,) = await hands.carry_out()
    assert isinstance(command, DeleteEvent)
    assert (connection_id, event_id) not in hands.events
    assert (await hands.history(connection_id))[-1] == ("deleted", "deleted")


async def test_a_deleted_event_deletes_the_activity_but_not_a_done_one(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, done=True)
    await hands.carry_out()
    await hands.delete_event(connection_id, event_id)
    assert await hands.carry_out() == []
    assert 1 in hands.crm
    assert (await hands.history(connection_id))[-1] == ("dissolved", "done_kept")


async def test_an_edit_beats_a_deletion_with_a_new_generation(hands):
    connection_id, event_id = await linked_from_crm(hands)
    hands.activity(1, subject="Still wanted")
    hands.events.pop((connection_id, event_id))
    await hands.tell(hands.seen_event(connection_id, event_id), hands.seen_activity(1))
    await hands.carry_out()
    remaining = [event_id for one, event_id in hands.events if one == connection_id]
    assert len(remaining) == 1
    assert remaining[0].endswith("g1")


async def test_a_declined_event_takes_its_activity_along(hands):
    connection_id, activity_id = await linked_from_calendar(hands)
    await hands.tell_event(connection_id, response=Response.DECLINED)
    await hands.carry_out()
    assert activity_id not in hands.crm
    assert (await hands.history(connection_id))[-1] == ("deleted", "declined")


@pytest.mark.rule("4.16")
async def test_a_new_owner_gets_the_activity_and_the_old_one_loses_it(hands):
    first, event_id = await linked_from_crm(hands)
    other = SyncUser(company_id=7, user_id=71)
    second = await hands.connect(user=other)
    hands.activity(1, owner_id=71)
    await hands.tell(hands.seen_activity(1), hands.seen_activity(1, user=other))
    await hands.carry_out()
    assert (first, event_id) not in hands.events
    assert [one for one, _ in hands.events] == [second]
    assert (await hands.history(first))[-1] == ("deleted", "owner_changed")


async def test_one_way_leaves_calendar_born_events_alone_and_says_so(hands):
    connection_id = await hands.connect(direction="one_way")
    await hands.tell_event(connection_id)
    assert await hands.carry_out() == []
    assert await hands.history(connection_id) == [("skipped", "one_way")]
    await hands.tell_event(connection_id, title="Again")
    assert await hands.history(connection_id) == [("skipped", "one_way")]


@pytest.mark.rule("2.14")
async def test_an_unticked_type_rests_and_wakes(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    await hands.tell_activity(1, subject="Unheard")
    assert await hands.carry_out() == []
    assert (await hands.history(connection_id))[-1] == ("skipped", "type_not_synced")
    await hands.change(connection_id, synced_types=None)
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Unheard"


async def test_what_is_on_both_sides_at_the_start_is_linked_not_doubled(hands):
    connection_id = uuid4()
    await hands.change(connection_id)
    start = hands.activity(1, subject="Known")
    hands.event(connection_id, "own", title="Known", schedule=_schedule_of(start))
    await hands.tell(hands.seen_activity(1), hands.seen_event(connection_id, "own"))
    assert await hands.commands() == []
    await hands.resynced(connection_id)
    assert await hands.carry_out() == []
    assert await hands.history(connection_id) == [("matched", "matched")]
    await hands.tell_activity(1, subject="Renamed")
    await hands.carry_out()
    assert hands.events[connection_id, "own"].title == "Renamed"


def _schedule_of(activity):
    start = datetime.combine(activity.due_date, activity.due_time, UTC)
    return Timed(start=start, end=start + timedelta(minutes=activity.duration_minutes))


async def test_the_first_decisions_are_a_backfill_and_mail_nobody(hands):
    connection_id = uuid4()
    await hands.change(connection_id, invite_guests=True)
    await hands.tell_activity(1)
    await hands.resynced(connection_id)
    (command,) = await hands.carry_out()
    assert isinstance(command, CreateEvent)
    assert command.backfill
    assert not command.invite_guests
    await hands.tell_activity(2)
    (command,) = await hands.carry_out()
    assert not command.backfill
    assert command.invite_guests


async def test_doubled_and_older_messages_change_nothing(hands):
    connection_id, event_id = await linked_from_crm(hands)
    old = hands.seen_activity(1)
    await hands.tell_activity(1, subject="Newest")
    await hands.carry_out()
    await hands.tell(old)
    await hands.tell(old)
    assert await hands.carry_out() == []
    assert hands.events[connection_id, event_id].title == "Newest"


async def test_a_command_without_an_outcome_is_sent_again_unchanged(hands):
    await hands.connect()
    await hands.tell_activity(1)
    (first,) = await hands.commands()
    hands.clock.tick(120)
    await hands.executor.resend_stale(timedelta(seconds=60))
    (again,) = await hands.commands()
    assert again == first
    await hands.executor.resend_stale(timedelta(seconds=60))
    assert await hands.commands() == []


async def test_a_stale_write_is_decided_again_on_what_is_there_now(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Ours")
    (command,) = await hands.commands()
    hands.event(connection_id, event_id, location="Meanwhile")
    await hands.executor.on_outcomes([Delivery(hands.outcome_of(command), None)])
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Ours"
    assert hands.crm[1].location == "Meanwhile"


@pytest.mark.rule("7.6")
async def test_a_refused_item_rests_with_the_providers_reason_until_it_changes(hands):
    counted = DECISIONS.labels("refused", "provider_refused")._value.get()
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Unwelcome")
    (command,) = await hands.commands()
    refusal = hands.rejected(command, Rejection.REFUSED, detail="400 too odd")
    await hands.executor.on_outcomes([Delivery(refusal, None)])
    await hands.tell(hands.seen_activity(1))
    assert await hands.carry_out() == []
    assert (await hands.history(connection_id))[-1] == ("refused", "provider_refused")
    assert DECISIONS.labels("refused", "provider_refused")._value.get() == counted + 1
    await hands.tell_activity(1, subject="Welcome")
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Welcome"


@pytest.mark.rule("7.6")
async def test_what_was_refused_is_tried_once_more_after_a_reconnect(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Unwelcome")
    for _ in range(2):
        (command,) = await hands.commands()
        await hands.settle(hands.rejected(command, Rejection.REFUSED, detail="403 forbidden"))
        assert await hands.commands() == []
        await hands.change(connection_id, status=ConnectionStatus.RECONNECT_NEEDED)
        await hands.change(connection_id, status=ConnectionStatus.ACTIVE)
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Unwelcome"


async def test_a_lost_grant_blocks_the_connection_until_it_is_mended(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Waiting")
    (command,) = await hands.commands()
    lost = hands.rejected(command, Rejection.AUTH_LOST)
    await hands.executor.on_outcomes([Delivery(lost, None)])
    assert await hands.commands() == []
    await hands.change(connection_id, status=ConnectionStatus.RECONNECT_NEEDED)
    assert await hands.commands() == []
    await hands.change(connection_id)
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Waiting"


async def test_our_own_new_activity_is_not_taken_for_somebodys(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    (command,) = await hands.commands()
    assert isinstance(command, CreateActivity)
    outcome = hands.outcome_of(command)
    await hands.tell(hands.seen_activity(outcome.activity_id))
    assert await hands.commands() == []
    await hands.executor.on_outcomes([Delivery(outcome, None)])
    assert await hands.carry_out() == []
    assert len(hands.events) == 1


async def test_an_activity_like_one_being_made_is_synced_once_that_is_known(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, title="Same title")
    (command,) = await hands.commands()
    await hands.tell_activity(5, subject="Same title")
    assert await hands.commands() == []
    await hands.executor.on_outcomes([Delivery(hands.outcome_of(command), None)])
    made = await hands.carry_out()
    assert kinds(made) == ["create_event"]


@pytest.mark.rule("3.4")
async def test_an_event_that_beats_its_outcome_is_no_new_event(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (command,) = await hands.commands()
    outcome = hands.outcome_of(command)
    await hands.tell(hands.seen_event(connection_id, outcome.event_id))
    assert await hands.commands() == []
    await hands.executor.on_outcomes([Delivery(outcome, None)])
    assert await hands.carry_out() == []
    assert list(hands.crm) == [1]


async def test_two_connections_of_one_user_both_show_an_event(hands):
    first = await hands.connect()
    second = await hands.connect()
    await hands.tell_event(first, title="Shared")
    await hands.carry_out()
    (activity_id,) = hands.crm
    await hands.tell(hands.seen_activity(activity_id))
    await hands.carry_out()
    titles = [hands.events[key].title for key in sorted(hands.events, key=str)]
    assert titles == ["Shared", "Shared"]
    assert {one for one, _ in hands.events} == {first, second}
    assert len(hands.crm) == 1


@pytest.mark.parametrize("remove_events", [True, False])
async def test_a_removed_connection_takes_only_our_events_and_lets_its_account_go(
    hands, remove_events
):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.tell_event(connection_id, "own")
    await hands.carry_out()
    await hands.remove(connection_id, remove_events=remove_events)
    await hands.carry_out()
    assert ((connection_id, event_id) in hands.events) is not remove_events
    assert (connection_id, "own") in hands.events
    assert len(hands.crm) == 2
    released = await hands.pool.fetchval(
        "SELECT count(*) FROM sync.outbox WHERE topic = 'sync.health-reports.v1'"
    )
    assert released == 1
    assert await hands.pool.fetchval("SELECT count(*) FROM sync.links") == 0


@pytest.mark.rule("2.19")
async def test_another_calendar_starts_from_the_beginning(hands):
    connection_id, _ = await linked_from_crm(hands)
    await hands.change(connection_id, calendar_id="other")
    await hands.tell_event(connection_id, "there")
    assert await hands.commands() == []
    await hands.resynced(connection_id)
    made = await hands.carry_out()
    assert sorted(kinds(made)) == ["create_activity", "create_event"]


async def test_two_executors_on_one_user_neither_wait_for_ever_nor_double(hands):
    connection_id = await hands.connect()
    for number in range(1, 21):
        hands.activity(number)
    batches = [[hands.seen_activity(number) for number in range(1, 21)] for _ in range(4)]
    await asyncio.gather(
        *(hands.executor.on_activities([Delivery(one, None) for one in batch]) for batch in batches)
    )
    made = await hands.carry_out()
    assert kinds(made) == ["create_event"] * 20
    assert len([one for one, _ in hands.events if one == connection_id]) == 20
