"""Connections through the executor: starts, rules that change, lost access, removal."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from reconciler.repository import items, links
from tandem.contracts.activities import DealContact
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.meetings import Timed
from tandem.contracts.outcomes import Rejection
from tandem.runtime.failures import Permanent
from tandem.runtime.subscriptions import Delivery


async def linked_from_crm(hands, **settings):
    connection_id = await hands.connect(**settings)
    await hands.tell_activity(1)
    await hands.carry_out()
    event_id = next(event_id for one, event_id in hands.events if one == connection_id)
    return connection_id, event_id


async def test_nothing_is_decided_before_both_sides_were_read(hands):
    connection_id = uuid4()
    await hands.change(connection_id)
    await hands.tell_activity(1)
    await hands.tell_event(connection_id)
    moment = hands.seen_activity(1).observed_at
    await hands.executor.on_activities([Delivery(hands.crm_read(moment), None)])
    assert await hands.commands() == []
    await hands.executor.on_events([Delivery(hands.calendar_read(connection_id, moment), None)])
    assert sorted(one.kind for one in await hands.carry_out()) == [
        "create_activity",
        "create_event",
    ]


async def test_a_start_works_through_pages_and_misses_nothing(hands, monkeypatch):
    monkeypatch.setattr(items, "PAGE_MAX", 7)
    monkeypatch.setattr(links, "PAGE_MAX", 7)
    connection_id = uuid4()
    await hands.change(connection_id)
    for number in range(1, 21):
        hands.activity(number, subject=f"Both {number}" if number <= 10 else f"Alone {number}")
    for number in range(1, 21):
        title = f"Both {number}" if number <= 10 else f"Mine {number}"
        start = hands.crm[number]
        when = Timed(
            start=_begin(start), end=_begin(start) + timedelta(minutes=start.duration_minutes)
        )
        hands.event(connection_id, f"e{number:02}", title=title, schedule=when)
    await hands.tell(
        *(hands.seen_activity(number) for number in range(1, 21)),
        *(hands.seen_event(connection_id, f"e{number:02}") for number in range(1, 21)),
    )
    await hands.resynced(connection_id)
    made = await hands.carry_out()
    assert sorted(one.kind for one in made) == ["create_activity"] * 10 + ["create_event"] * 10
    assert all(one.backfill for one in made)
    assert [row["action"] for row in await hands.rows(connection_id)][:10] == ["matched"] * 10
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    assert await hands.carry_out() == []
    resting = await hands.pool.fetchval("SELECT count(*) FROM sync.links WHERE state = 'resting'")
    assert resting == 30


def _begin(activity):
    return datetime.combine(activity.due_date, activity.due_time, UTC)


async def test_alike_meetings_are_matched_one_to_one(hands):
    connection_id = uuid4()
    await hands.change(connection_id)
    for number in (1, 2, 3):
        hands.activity(number, subject="Stand-up")
    when = Timed(start=_begin(hands.crm[1]), end=_begin(hands.crm[1]) + timedelta(hours=1))
    for event_id in ("a", "b"):
        hands.event(connection_id, event_id, title="Stand-up", schedule=when)
    await hands.tell(
        *(hands.seen_activity(number) for number in (1, 2, 3)),
        *(hands.seen_event(connection_id, event_id) for event_id in ("a", "b")),
    )
    await hands.resynced(connection_id)
    (made,) = await hands.carry_out()
    assert made.kind == "create_event"
    assert len(hands.crm) == 3
    assert len(hands.events) == 3


async def test_marked_events_of_an_earlier_connection_are_linked_again(hands):
    first, event_id = await linked_from_crm(hands)
    kept = hands.events[first, event_id]
    await hands.remove(first, remove_events=False)
    again = uuid4()
    hands.events[again, event_id] = kept
    await hands.change(again)
    await hands.tell(hands.seen_activity(1), hands.seen_event(again, event_id))
    await hands.resynced(again)
    assert await hands.carry_out() == []
    await hands.delete_activity(1)
    await hands.carry_out()
    assert (again, event_id) not in hands.events


async def test_text_below_the_block_survives_an_earlier_connection(hands):
    deal = DealContact(deal_title="Big")
    first = await hands.connect(include_deal_contact_info=True)
    await hands.tell_activity(1, public_description="Agenda", deal_contact=deal)
    await hands.carry_out()
    ((_, event_id),) = hands.events
    text = hands.events[first, event_id].description + "\n\nBring the plans"
    await hands.tell_event(first, event_id, description=text)
    await hands.carry_out()
    await hands.remove(first, remove_events=False)
    again = uuid4()
    hands.events[again, event_id] = hands.events.pop((first, event_id))
    await hands.change(again, include_deal_contact_info=True)
    await hands.tell(hands.seen_activity(1), hands.seen_event(again, event_id))
    await hands.resynced(again)
    await hands.tell_activity(1, deal_contact=DealContact(deal_title="Bigger"))
    await hands.carry_out()
    description = hands.events[again, event_id].description
    assert "Bring the plans" in description
    assert "Bigger" in description
    assert hands.crm[1].public_description == "Agenda\n\nBring the plans"


async def test_an_older_state_of_a_connection_is_dropped(hands):
    connection_id = await hands.connect()
    older = hands.connections[connection_id]
    await hands.change(connection_id, direction="one_way")
    await hands.executor.on_connections(
        [Delivery(older.model_copy(update={"message_id": uuid4()}), None)]
    )
    await hands.tell_event(connection_id)
    assert await hands.commands() == []
    assert await hands.history(connection_id) == [("skipped", "one_way")]


async def test_a_connection_in_an_unknown_zone_is_refused_before_it_does_harm(hands):
    connection_id = await hands.connect()
    known = hands.connections[connection_id]
    odd = known.model_copy(
        update={"message_id": uuid4(), "revision": 9, "owner_time_zone": "Mars/Olympus"}
    )
    with pytest.raises(Permanent, match="owner_time_zone"):
        await hands.executor.on_connections([Delivery(odd, None)])
    await hands.tell_activity(1)
    assert [one.kind for one in await hands.commands()] == ["create_event"]


@pytest.mark.rule("2.16")
async def test_events_become_activities_once_the_direction_allows_it(hands):
    connection_id = await hands.connect(direction="one_way")
    await hands.tell_event(connection_id, "ahead")
    assert await hands.commands() == []
    await hands.change(connection_id, direction="two_way")
    (made,) = await hands.carry_out()
    assert made.kind == "create_activity"
    assert made.backfill


@pytest.mark.rule("2.11", "2.20")
async def test_items_changed_in_a_pause_are_told_and_carried_on_resume(hands):
    connection_id = await hands.connect(invite_guests=True)
    await hands.change(connection_id, paused=True, status=ConnectionStatus.PAUSED)
    await hands.tell_activity(1, done=True)
    await hands.tell_activity(2)
    assert await hands.commands() == []
    assert await hands.history(connection_id) == []
    await hands.change(connection_id, paused=False)
    (made,) = await hands.carry_out()
    assert made.kind == "create_event"
    assert made.invite_guests
    assert ("skipped", "done") in await hands.history(connection_id)


async def test_lost_access_is_reported_once_and_every_link_is_as_before(hands):
    connection_id = await hands.connect()
    await hands.tell(*(hands.seen_activity(hands.activity(n).activity_id) for n in (1, 2)))
    first, second = await hands.commands()
    await hands.settle(
        hands.rejected(first, Rejection.AUTH_LOST), hands.rejected(second, Rejection.AUTH_LOST)
    )
    assert await hands.reports() == ["grant_lost"]
    await hands.tell_activity(3)
    assert await hands.commands() == []
    await hands.change(connection_id)
    assert [one.kind for one in await hands.carry_out()] == ["create_event"] * 3
    assert len(hands.events) == 3


async def test_a_calendar_that_is_gone_is_reported_and_blocks(hands):
    connection_id, _ = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Unheard")
    (command,) = await hands.commands()
    await hands.settle(hands.rejected(command, Rejection.CALENDAR_GONE))
    assert await hands.reports() == ["calendar_gone"]
    await hands.tell_activity(1, subject="Unheard still")
    assert await hands.commands() == []
    await hands.change(connection_id, calendar_id="other")
    await hands.resynced(connection_id)
    (made,) = await hands.carry_out()
    assert (made.kind, made.calendar_id) == ("create_event", "other")


@pytest.mark.rule("2.19")
async def test_an_outcome_from_the_former_calendar_is_no_event_of_the_new_one(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (command,) = await hands.commands()
    await hands.change(connection_id, calendar_id="other")
    await hands.settle(hands.outcome_of(command))
    assert await hands.pool.fetchval("SELECT count(*) FROM sync.events") == 0
    await hands.resynced(connection_id)
    (made,) = await hands.carry_out()
    assert made.calendar_id == "other"


async def test_stored_commands_wait_while_the_connection_may_not_write(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (command,) = await hands.commands()
    await hands.change(connection_id, paused=True, status=ConnectionStatus.PAUSED)
    hands.clock.tick(300)
    await hands.executor.resend_stale(timedelta(seconds=60))
    assert await hands.commands() == []
    await hands.change(connection_id, paused=False)
    await hands.executor.resend_stale(timedelta(seconds=60))
    assert await hands.commands() == [command]


async def test_an_event_being_made_at_removal_is_removed_when_it_is_there(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (command,) = await hands.commands()
    await hands.remove(connection_id, remove_events=True)
    assert await hands.reports() == []
    await hands.settle(hands.outcome_of(command))
    assert await hands.reports() == []
    (deleting,) = await hands.carry_out()
    assert deleting.kind == "delete_event"
    assert not hands.events
    assert await hands.reports() == ["released"]


async def test_a_removal_without_access_ends_all_the_same(hands):
    connection_id, _ = await linked_from_crm(hands)
    await hands.remove(connection_id, remove_events=True)
    (deleting,) = await hands.commands()
    await hands.settle(hands.rejected(deleting, Rejection.AUTH_LOST))
    assert await hands.commands() == []
    assert await hands.reports() == ["released"]


async def test_a_removal_overtakes_a_write_whose_outcome_comes_late(hands):
    connection_id, _ = await linked_from_crm(hands)
    await hands.tell_activity(1, subject="Too late")
    (update,) = await hands.commands()
    await hands.remove(connection_id, remove_events=True)
    await hands.settle(hands.outcome_of(update))
    (deleting,) = await hands.carry_out()
    assert deleting.kind == "delete_event"
    assert not hands.events


async def test_nothing_of_a_removed_connection_is_kept_but_its_history(hands):
    connection_id, event_id = await linked_from_crm(hands)
    await hands.remove(connection_id, remove_events=False)
    await hands.tell(hands.seen_event(connection_id, event_id))
    assert await hands.carry_out() == []
    kept = await hands.pool.fetchval(
        "SELECT (SELECT count(*) FROM sync.events) + (SELECT count(*) FROM sync.links)"
        " + (SELECT count(*) FROM sync.activities) + (SELECT count(*) FROM sync.verdicts)"
        " + (SELECT count(*) FROM sync.calendar_reads)"
    )
    assert kept == 0
    assert await hands.history(connection_id) == [("created", "created")]


@pytest.mark.rule("2.17")
@pytest.mark.rule("2.17")
async def test_another_type_for_events_leaves_earlier_activities_as_they_are(hands):
    connection_id = await hands.connect(save_events_as="meeting")
    await hands.tell_event(connection_id, "e1", title="Earlier")
    await hands.carry_out()
    await hands.change(connection_id, save_events_as="call")
    assert await hands.carry_out() == []
    await hands.tell_event(connection_id, "e1", title="Earlier, edited")
    await hands.tell_event(connection_id, "e2", title="Later")
    await hands.carry_out()
    assert {one.subject: one.type for one in hands.crm.values()} == {
        "Earlier, edited": "meeting",
        "Later": "call",
    }
