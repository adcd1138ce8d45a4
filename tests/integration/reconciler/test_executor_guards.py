"""Many deletions at once wait for the user's word; a link that is written again and again rests."""

from uuid import UUID

import pytest
from tests.integration.reconciler.hands import Hands

from reconciler.executor import AtRestError
from reconciler.held import held_deletions
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.events import Response
from tandem.contracts.outcomes import Rejection


async def _linked(hands: Hands, count: int) -> UUID:
    """A connection with some activities that have their events."""
    connection_id = await hands.connect()
    for one in range(1, count + 1):
        hands.activity(one)
    await hands.tell(*(hands.seen_activity(one) for one in range(1, count + 1)))
    await hands.carry_out()
    return connection_id


async def _delete(hands: Hands, *activity_ids: int) -> None:
    for one in activity_ids:
        del hands.crm[one]
    await hands.tell(*(hands.seen_activity(one) for one in activity_ids))


async def _taken(hands: Hands, count: int) -> UUID:
    """A connection with some events that have their activities."""
    connection_id = await hands.connect()
    names = [f"e{one}" for one in range(1, count + 1)]
    for name in names:
        hands.event(connection_id, name)
    await hands.tell(*(hands.seen_event(connection_id, name) for name in names))
    await hands.carry_out()
    return connection_id


async def _held(hands: Hands, connection_id: UUID) -> list[str]:
    async with hands.pool.acquire() as database:
        return sorted(one["title"] for one in await held_deletions(database, connection_id))


@pytest.mark.rule("7.1")
async def test_many_deletions_at_once_are_held(hands):
    connection_id = await _linked(hands, 20)
    await _delete(hands, *range(1, 13))
    assert await hands.commands() == []
    assert len(hands.events) == 20
    assert len(await _held(hands, connection_id)) == 12
    async with hands.pool.acquire() as database:
        first = (await held_deletions(database, connection_id))[0]
    assert (first["side"], first["start"]) == ("calendar", "2026-03-04T09:00:00+00:00")
    assert first["held_at"]
    assert (await hands.history(connection_id)).count(("held", "held_mass_delete")) == 12
    assert (await hands.reports()).count("deletions_held") == 1


@pytest.mark.rule("7.1")
async def test_many_declined_events_at_once_are_held_like_deletions(hands):
    connection_id = await _taken(hands, 20)
    declined = [f"e{one}" for one in range(1, 13)]
    for name in declined:
        hands.event(connection_id, name, response=Response.DECLINED)
    await hands.tell(*(hands.seen_event(connection_id, name) for name in declined))
    assert await hands.commands() == []
    assert len(hands.crm) == 20
    assert len(await _held(hands, connection_id)) == 12


@pytest.mark.rule("7.1")
async def test_deletions_one_after_another_are_held_from_the_eleventh_on(hands):
    connection_id = await _linked(hands, 20)
    for one in range(1, 13):
        await _delete(hands, one)
        await hands.carry_out()
    assert len(hands.events) == 10
    assert len(await _held(hands, connection_id)) == 2


@pytest.mark.rule("7.1")
@pytest.mark.parametrize(("links", "deleted"), [(20, 10), (80, 15)])
async def test_few_deletions_or_a_small_share_are_not_held(hands, links, deleted):
    connection_id = await _linked(hands, links)
    await _delete(hands, *range(1, deleted + 1))
    await hands.carry_out()
    assert len(hands.events) == links - deleted
    assert await _held(hands, connection_id) == []
    assert await hands.reports() == []


@pytest.mark.rule("7.1")
async def test_deletions_of_almost_ten_minutes_ago_count(hands):
    connection_id = await _linked(hands, 24)
    await _delete(hands, *range(1, 9))
    await hands.carry_out()
    hands.clock.tick(570)
    await _delete(hands, *range(9, 17))
    assert await hands.commands() == []
    assert len(hands.events) == 16
    assert len(await _held(hands, connection_id)) == 8


@pytest.mark.rule("7.1")
async def test_deletions_of_ten_minutes_ago_are_forgotten(hands):
    connection_id = await _linked(hands, 24)
    await _delete(hands, *range(1, 9))
    await hands.carry_out()
    hands.clock.tick(601)
    await _delete(hands, *range(9, 17))
    await hands.carry_out()
    assert len(hands.events) == 8
    assert await _held(hands, connection_id) == []


@pytest.mark.rule("7.1")
async def test_deletions_that_are_asked_for_again_are_not_more(hands):
    connection_id = await _linked(hands, 20)
    await _delete(hands, *range(1, 7))
    for command in await hands.commands():
        await hands.settle(hands.rejected(command, Rejection.AUTH_LOST))
    await hands.change(connection_id, status=ConnectionStatus.RECONNECT_NEEDED)
    await hands.change(connection_id, status=ConnectionStatus.ACTIVE)
    assert [one.kind for one in await hands.carry_out()] == ["delete_event"] * 6
    await _delete(hands, *range(7, 12))
    assert len(await _held(hands, connection_id)) == 5


@pytest.mark.rule("7.2")
async def test_confirmed_deletions_take_place(hands):
    connection_id = await _linked(hands, 20)
    await _delete(hands, *range(1, 13))
    assert await hands.executor.confirm_held(connection_id, None) == 12
    await hands.carry_out()
    assert len(hands.events) == 8
    assert await _held(hands, connection_id) == []
    assert (await hands.reports())[-1] == "deletions_settled"
    assert (await hands.history(connection_id)).count(("deleted", "deleted")) == 12


@pytest.mark.parametrize("order", ["confirm_held", "reject_held"])
async def test_nothing_is_decided_of_held_deletions_while_paused(hands, order):
    connection_id = await _linked(hands, 20)
    await _delete(hands, *range(1, 13))
    await hands.change(connection_id, status=ConnectionStatus.PAUSED, paused=True)
    with pytest.raises(AtRestError):
        await getattr(hands.executor, order)(connection_id, None)
    assert await hands.commands() == []
    assert len(await _held(hands, connection_id)) == 12


@pytest.mark.rule("7.5")
async def test_a_deletion_that_follows_from_a_setting_mails_nobody(hands):
    connection_id = await hands.connect(invite_guests=True, synced_types=frozenset({"meeting"}))
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    await hands.delete_activity(1)
    assert await hands.commands() == []
    await hands.change(connection_id, synced_types=frozenset({"meeting"}))
    (command,) = await hands.commands()
    assert (command.kind, command.backfill, command.invite_guests) == ("delete_event", True, False)


@pytest.mark.rule("7.2")
async def test_rejected_deletions_bring_the_deleted_side_back(hands):
    connection_id = await _linked(hands, 20)
    titles = sorted(one.subject for one in hands.crm.values())
    await _delete(hands, *range(1, 13))
    assert await hands.executor.reject_held(connection_id, None) == 12
    written = await hands.carry_out()
    assert [one.kind for one in written] == ["create_activity"] * 12
    assert sorted(one.subject for one in hands.crm.values()) == titles
    assert len(hands.events) == 20
    assert (await hands.reports())[-1] == "deletions_settled"
    for activity_id in hands.crm:
        await hands.tell_activity(activity_id)
    assert await hands.carry_out() == []


async def test_activities_that_were_not_to_go_with_declined_events_stay_whatever_is_set(hands):
    connection_id = await hands.connect()
    for one in range(12):
        await hands.tell_event(connection_id, f"e{one}")
    await hands.carry_out()
    for one in range(12):
        hands.event(connection_id, f"e{one}", response=Response.DECLINED)
    await hands.tell(*(hands.seen_event(connection_id, f"e{one}") for one in range(12)))
    assert await hands.executor.reject_held(connection_id, None) == 12
    await hands.change(connection_id, default_duration_minutes=45)
    assert await hands.carry_out() == []
    assert len(hands.crm) == 12


@pytest.mark.rule("7.5")
async def test_a_rejected_deletion_mails_nobody(hands):
    connection_id = await _linked(hands, 20)
    await hands.change(connection_id, invite_guests=True)
    gone = sorted(hands.events)[:12]
    for one in gone:
        del hands.events[one]
    await hands.tell(*(hands.seen_event(*one) for one in gone))
    assert len(await _held(hands, connection_id)) == 12
    assert await hands.executor.reject_held(connection_id, None) == 12
    commands = await hands.commands()
    assert [one.kind for one in commands] == ["create_event"] * 12
    assert {(one.backfill, one.invite_guests) for one in commands} == {(True, False)}


async def test_a_held_deletion_is_settled_when_the_item_comes_back(hands):
    connection_id = await _linked(hands, 12)
    kept = dict(hands.crm)
    await _delete(hands, *range(1, 13))
    for one, snapshot in kept.items():
        hands.activity(one, subject=snapshot.subject)
        await hands.tell_activity(one)
    assert await hands.carry_out() == []
    assert await _held(hands, connection_id) == []
    assert (await hands.reports())[-1] == "deletions_settled"


@pytest.mark.parametrize("meanwhile", ["nothing", "outcomes", "all"])
async def test_rejected_deletions_come_back_once_for_all_connections(hands, meanwhile):
    first = await _linked(hands, 12)
    second = await hands.connect()
    await hands.carry_out()
    await _delete(hands, *range(1, 13))
    assert await hands.executor.reject_held(first, None) == 12
    if meanwhile != "nothing":
        await hands.carry_out()
    if meanwhile == "all":
        await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    await hands.executor.reject_held(second, None)
    await hands.carry_out()
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    assert await hands.carry_out() == []
    assert (len(hands.crm), len(hands.events)) == (12, 24)
    assert (await _held(hands, first), await _held(hands, second)) == ([], [])
    assert (await hands.reports())[-1] == "deletions_settled"


async def test_an_activity_made_again_is_not_new_to_another_connection_before_its_outcome(hands):
    first = await _linked(hands, 12)
    await hands.connect()
    await hands.carry_out()
    await _delete(hands, *range(1, 13))
    await hands.executor.reject_held(first, None)
    commands = await hands.commands()
    outcomes = [hands.outcome_of(one) for one in commands]
    await hands.tell(*(hands.seen_activity(one) for one in hands.crm))
    assert await hands.commands() == []
    await hands.settle(*outcomes)
    await hands.carry_out()
    assert (len(hands.crm), len(hands.events)) == (12, 24)


async def test_held_deletions_are_settled_when_another_calendar_is_chosen(hands):
    connection_id = await _linked(hands, 12)
    await _delete(hands, *range(1, 13))
    await hands.change(connection_id, calendar_id="other")
    assert await _held(hands, connection_id) == []
    assert (await hands.reports())[-1] == "deletions_settled"


async def test_held_deletions_are_settled_when_all_that_made_their_items_is_undone(hands):
    connection_id = await _linked(hands, 12)
    await _delete(hands, *range(1, 13))
    made = [one["row"] for one in await hands.rows(connection_id) if one["action"] == "created"]
    for row in made:
        assert (await hands.reports())[-1] == "deletions_held"
        await hands.executor.undo(connection_id, row, None)
    assert await _held(hands, connection_id) == []
    assert (await hands.reports())[-1] == "deletions_settled"


async def test_no_event_is_made_again_of_what_may_not_be_synced_any_more(hands):
    connection_id = await _linked(hands, 12)
    ids = sorted(event_id for _, event_id in hands.events)
    hands.events.clear()
    await hands.tell(*(hands.seen_event(connection_id, one) for one in ids))
    assert len(await _held(hands, connection_id)) == 12
    await hands.tell_activity(1, due_date=None, due_time=None)
    await hands.tell_activity(2, owner_id=71)
    await hands.executor.reject_held(connection_id, None)
    done = await hands.carry_out()
    assert [one.kind for one in done] == ["create_event"] * 10
    assert await _held(hands, connection_id) == []
    assert (await hands.reports())[-1] == "deletions_settled"


@pytest.mark.rule("7.3")
async def test_a_link_that_is_written_seven_times_in_ten_minutes_rests(hands):
    connection_id = await _linked(hands, 1)
    for edit in range(8):
        await hands.tell_activity(1, subject=f"Edit {edit}")
        await hands.carry_out()
    (event,) = hands.events.values()
    assert event.title == "Edit 4"
    assert (await hands.history(connection_id)).count(("skipped", "loop_suspected")) == 1


@pytest.mark.rule("7.3")
async def test_writes_of_almost_ten_minutes_ago_count_for_a_loop(hands):
    connection_id = await _linked(hands, 1)
    for edit in range(6):
        hands.clock.tick(90)
        await hands.tell_activity(1, subject=f"Edit {edit}")
        await hands.carry_out()
    (event,) = hands.events.values()
    assert event.title == "Edit 4"
    assert (await hands.history(connection_id)).count(("skipped", "loop_suspected")) == 1


@pytest.mark.rule("7.3")
async def test_a_looping_link_goes_on_once_it_is_woken(hands):
    connection_id = await _linked(hands, 1)
    for edit in range(8):
        await hands.tell_activity(1, subject=f"Edit {edit}")
        await hands.carry_out()
    assert await hands.executor.wake_looping(connection_id, None) == 1
    await hands.carry_out()
    (event,) = hands.events.values()
    assert event.title == "Edit 7"


async def test_a_looping_link_that_is_woken_while_paused_goes_on_after_the_pause(hands):
    connection_id = await _linked(hands, 1)
    for edit in range(8):
        await hands.tell_activity(1, subject=f"Edit {edit}")
        await hands.carry_out()
    await hands.change(connection_id, status=ConnectionStatus.PAUSED, paused=True)
    assert await hands.executor.wake_looping(connection_id, None) == 1
    assert await hands.commands() == []
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    (event,) = hands.events.values()
    assert event.title == "Edit 7"


async def test_writes_spread_over_time_are_no_loop(hands):
    await _linked(hands, 1)
    for edit in range(12):
        hands.clock.tick(110)
        await hands.tell_activity(1, subject=f"Edit {edit}")
        await hands.carry_out()
    (event,) = hands.events.values()
    assert event.title == "Edit 11"
