"""Events that we made are removed on request: of unticked types, and in a calendar that is left."""

from datetime import timedelta

import pytest

from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.outcomes import Rejection

MEETINGS = frozenset({"meeting"})
DELETED = "delete_event"


async def _with_a_call(hands):
    """One connection with a synced call, a synced meeting and an event of the user's own."""
    connection_id = await hands.connect()
    await hands.tell_activity(1, type="call", subject="Ring")
    await hands.tell_activity(2, subject="Meet")
    await hands.tell_event(connection_id, "own", title="Mine")
    await hands.carry_out()
    return connection_id


def _titles(hands, connection_id):
    return sorted(one.title for (owner, _), one in hands.events.items() if owner == connection_id)


@pytest.mark.rule("2.13")
async def test_events_of_an_unticked_type_are_removed_on_request_and_nothing_else(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, synced_types=MEETINGS)
    assert await hands.carry_out() == []
    foreseen = await hands.executor.preview_unticked(connection_id)
    assert [(one.side, one.verb, one.title, one.reason) for one in foreseen.items] == [
        ("calendar", "delete", "Ring", "type_not_synced")
    ]
    assert await hands.commands() == []
    assert await hands.executor.remove_unticked(connection_id, None) == foreseen.counts[DELETED]
    (removed,) = await hands.carry_out()
    assert (removed.kind, removed.invite_guests) == (DELETED, False)
    assert _titles(hands, connection_id) == ["Meet", "Mine"]
    assert hands.crm[1].subject == "Ring"
    assert (await hands.history(connection_id))[-1] == ("deleted", "type_not_synced")
    assert (await hands.executor.preview_unticked(connection_id)).items == []


@pytest.mark.rule("2.13")
async def test_what_the_user_saved_from_his_calendar_stays_when_its_type_is_unticked(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    assert [one.title for one in (await hands.executor.preview_unticked(connection_id)).items] == [
        "Meet"
    ]
    assert await hands.executor.remove_unticked(connection_id, None) == 1
    await hands.carry_out()
    assert _titles(hands, connection_id) == ["Mine", "Ring"]


@pytest.mark.rule("2.13")
@pytest.mark.rule("2.14")
async def test_a_type_that_is_ticked_again_gets_new_events_for_those_that_were_removed(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, synced_types=MEETINGS)
    await hands.executor.remove_unticked(connection_id, None)
    await hands.carry_out()
    await hands.change(connection_id, synced_types=None)
    (made,) = await hands.carry_out()
    assert (made.kind, made.meeting.title) == ("create_event", "Ring")
    assert _titles(hands, connection_id) == ["Meet", "Mine", "Ring"]


@pytest.mark.rule("2.14")
async def test_a_type_that_is_ticked_while_its_events_are_being_removed_gets_them_anew(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, synced_types=MEETINGS)
    await hands.executor.remove_unticked(connection_id, None)
    (removing,) = await hands.commands()
    await hands.change(connection_id, synced_types=None)
    await hands.settle(hands.outcome_of(removing))
    (made,) = await hands.carry_out()
    assert made.kind == "create_event"
    assert _titles(hands, connection_id) == ["Meet", "Mine", "Ring"]


async def test_an_activity_that_came_back_while_its_event_was_being_removed_gets_another(hands):
    connection_id = await _with_a_call(hands)
    await hands.tell_activity(2, owner_id=71)
    (removing,) = await hands.commands()
    await hands.tell_activity(2, owner_id=hands.user.user_id)
    assert await hands.commands() == []
    await hands.settle(hands.outcome_of(removing))
    (made,) = await hands.carry_out()
    assert (made.kind, made.meeting.title) == ("create_event", "Meet")
    assert _titles(hands, connection_id) == ["Meet", "Mine", "Ring"]


async def test_an_event_that_may_not_be_removed_rests_as_before(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, synced_types=MEETINGS)
    await hands.executor.remove_unticked(connection_id, None)
    (removing,) = await hands.commands()
    await hands.settle(hands.rejected(removing, Rejection.REFUSED))
    assert await hands.commands() == []
    assert "Ring" in _titles(hands, connection_id)
    assert (await hands.executor.preview_unticked(connection_id)).counts[DELETED] == 1


@pytest.mark.rule("2.19")
@pytest.mark.parametrize("invited", [False, True])
async def test_a_calendar_that_is_left_loses_the_events_that_we_made_and_no_others(hands, invited):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, invite_guests=invited)
    settings = hands.connections[connection_id].settings
    other = settings.model_copy(update={"calendar_id": "other"})
    foreseen = await hands.executor.preview(connection_id, other, remove_events=True)
    assert sorted(one.title for one in foreseen.items) == ["Meet", "Ring"]
    assert foreseen.counts[DELETED] == 2
    kept = await hands.executor.preview(connection_id, other)
    assert kept.items == []
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    removed = await hands.carry_out()
    assert [(one.kind, one.calendar_id, one.invite_guests) for one in removed] == [
        (DELETED, "main", invited)
    ] * 2
    assert _titles(hands, connection_id) == ["Mine"]
    await hands.resynced(connection_id)
    made = await hands.carry_out()
    # What we had saved from the former calendar is the user's by now, and goes into the new one.
    assert {one.meeting.title for one in made} == {"Meet", "Ring", "Mine"}
    assert {(one.kind, one.calendar_id) for one in made} == {("create_event", "other")}


@pytest.mark.rule("2.19")
async def test_a_calendar_that_is_left_keeps_the_events_that_we_made_unless_asked(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, calendar_id="other")
    assert await hands.carry_out() == []
    assert _titles(hands, connection_id) == ["Meet", "Mine", "Ring"]


@pytest.mark.rule("2.19")
async def test_the_new_calendar_does_not_wait_for_the_old_one_to_be_cleared(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    (removing,) = await hands.commands()
    await hands.resynced(connection_id)
    (making,) = await hands.commands()
    assert (making.kind, making.calendar_id) == ("create_event", "other")
    await hands.settle(hands.outcome_of(removing), hands.outcome_of(making))
    assert await hands.commands() == []
    assert len(_titles(hands, connection_id)) == 1
    await hands.tell_activity(1, subject="Later")
    (edit,) = await hands.carry_out()
    assert (edit.kind, edit.calendar_id) == ("update_event", "other")


@pytest.mark.rule("2.19")
async def test_an_event_that_was_being_made_when_its_calendar_was_left_goes_once_it_is_there(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    (making,) = await hands.commands()
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    assert await hands.commands() == []
    await hands.settle(hands.outcome_of(making))
    (removing,) = await hands.commands()
    assert (removing.kind, removing.calendar_id) == (DELETED, "main")
    await hands.settle(hands.outcome_of(removing))
    assert _titles(hands, connection_id) == []
    await hands.resynced(connection_id)
    (made,) = await hands.carry_out()
    assert (made.kind, made.calendar_id) == ("create_event", "other")


async def test_a_former_calendar_that_is_gone_or_refuses_does_not_stop_the_new_one(hands):
    connection_id = await _with_a_call(hands)
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    gone, refused = await hands.commands()
    await hands.settle(
        hands.rejected(gone, Rejection.CALENDAR_GONE), hands.rejected(refused, Rejection.REFUSED)
    )
    assert await hands.reports() == []
    assert (await hands.history(connection_id))[-1] == ("refused", "provider_refused")
    await hands.resynced(connection_id)
    assert {one.calendar_id for one in await hands.carry_out()} == {"other"}


async def test_events_of_a_former_calendar_are_removed_once_access_is_back(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    (removing,) = await hands.commands()
    await hands.settle(hands.rejected(removing, Rejection.AUTH_LOST))
    assert await hands.reports() == ["grant_lost"]
    hands.clock.tick(300)
    await hands.executor.resend_stale(timedelta(seconds=60))
    assert await hands.commands() == []
    await hands.change(connection_id, status=ConnectionStatus.ACTIVE)
    await hands.executor.resend_stale(timedelta(seconds=60))
    assert await hands.carry_out() == [removing]
    assert _titles(hands, connection_id) == []


async def test_a_connection_that_ends_waits_until_its_former_calendar_is_cleared(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    (removing,) = await hands.commands()
    await hands.remove(connection_id, remove_events=False)
    assert await hands.reports() == []
    await hands.settle(hands.outcome_of(removing))
    assert await hands.reports() == ["released"]


async def test_what_was_removed_from_a_former_calendar_is_not_taken_back_twice(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)
    await hands.carry_out()
    await hands.change(connection_id, calendar_id="other", remove_events=True)
    await hands.carry_out()
    await hands.resynced(connection_id)
    await hands.carry_out()
    row = next(one for one in await hands.rows(connection_id) if one["action"] == "deleted")
    assert row["reason"] == "calendar_changed"
    refused = await hands.executor.undo(connection_id, row["row"], None)
    assert refused.writes == ()
    assert len(_titles(hands, connection_id)) == 1
