"""Whom the calendar's provider mails: guests of what somebody edits, where the user wants it."""

from uuid import UUID, uuid4

import pytest
from tests.integration.reconciler.hands import Hands

from tandem.contracts.activities import Guest
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.outcomes import Rejection

PAUSED, RECONNECT_NEEDED = ConnectionStatus.PAUSED, ConnectionStatus.RECONNECT_NEEDED
GUESTS = (Guest(email="guest@elsewhere.example"),)


async def _inviting(hands: Hands, **settings) -> tuple[UUID, str]:
    """A connection that invites guests, with one activity that has some, and its event."""
    connection_id = await hands.connect(invite_guests=True, **settings)
    await hands.tell_activity(1, guests=GUESTS, duration_minutes=None)
    await hands.carry_out()
    ((_, event_id),) = hands.events
    return connection_id, event_id


async def _lose_access(hands: Hands, connection_id: UUID) -> None:
    """Every command is refused for want of access, and the connection is mended afterwards."""
    for command in await hands.commands():
        await hands.settle(hands.rejected(command, Rejection.AUTH_LOST))
    await hands.change(connection_id, status=RECONNECT_NEEDED)
    await hands.change(connection_id, status=ConnectionStatus.ACTIVE)


def _asked(commands) -> list[tuple[str, bool]]:
    return [(one.kind, one.invite_guests) for one in commands]


@pytest.mark.rule("2.8")
async def test_a_first_sync_that_was_cut_mails_nobody_when_it_goes_on(hands):
    connection_id = uuid4()
    await hands.change(connection_id, invite_guests=True)
    for one in (1, 2, 3):
        await hands.tell_activity(one, guests=GUESTS)
    await hands.resynced(connection_id)
    await _lose_access(hands, connection_id)
    again = await hands.carry_out()
    assert _asked(again) == [("create_event", False)] * 3
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", True)]


@pytest.mark.rule("7.5")
async def test_a_settings_rewrite_that_came_too_late_mails_nobody(hands):
    connection_id, event_id = await _inviting(hands)
    await hands.change(connection_id, default_duration_minutes=45)
    (command,) = await hands.commands()
    hands.event(connection_id, event_id)  # A guest has answered: another version, nothing else.
    await hands.settle(hands.outcome_of(command))
    assert _asked(await hands.carry_out()) == [("update_event", False)]
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", True)]


async def test_an_edit_is_mailed_after_a_settings_rewrite_was_cut_and_then_taken_back(hands):
    connection_id, _ = await _inviting(hands)
    await hands.change(connection_id, default_duration_minutes=45)
    (command,) = await hands.commands()
    await hands.settle(hands.rejected(command, Rejection.AUTH_LOST))
    await hands.change(connection_id, default_duration_minutes=30)
    assert await hands.commands() == []
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", True)]


@pytest.mark.parametrize("rejection", [Rejection.REFUSED, Rejection.NOT_ORGANIZER])
async def test_an_edit_is_mailed_after_a_settings_rewrite_was_refused(hands, rejection):
    connection_id, _ = await _inviting(hands)
    await hands.change(connection_id, default_duration_minutes=45)
    (command,) = await hands.commands()
    await hands.settle(hands.rejected(command, rejection))
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", True)]


async def test_an_edit_made_while_a_settings_rewrite_is_under_way_is_mailed(hands):
    connection_id, _ = await _inviting(hands)
    await hands.change(connection_id, default_duration_minutes=45)
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", False), ("update_event", True)]


async def test_a_persons_edit_that_was_cut_is_mailed_when_it_goes_on(hands):
    connection_id, _ = await _inviting(hands)
    await hands.tell_activity(1, subject="Edited")
    await _lose_access(hands, connection_id)
    assert _asked(await hands.carry_out()) == [("update_event", True)]


@pytest.mark.rule("7.5")
async def test_deletions_that_follow_from_a_setting_mail_nobody_once_they_are_confirmed(hands):
    connection_id = await hands.connect(invite_guests=True)
    for one in range(1, 13):
        await hands.tell_activity(one, guests=GUESTS)
    await hands.carry_out()
    await hands.change(connection_id, synced_types=frozenset({"call"}))
    for one in range(1, 13):
        await hands.delete_activity(one)
    await hands.change(connection_id, synced_types=None)
    assert await hands.commands() == []
    await hands.executor.confirm_held(connection_id, None)
    assert _asked(await hands.carry_out()) == [("delete_event", False)] * 12


@pytest.mark.rule("2.20")
@pytest.mark.parametrize(
    "rest",
    [{"paused": True, "status": PAUSED}, {"status": RECONNECT_NEEDED}],
    ids=["pause", "access"],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at_once", "later"])
async def test_settings_that_were_changed_at_rest_mail_nobody(hands, rest, at_once):
    connection_id, _ = await _inviting(hands, synced_types=frozenset({"meeting"}))
    await hands.tell_activity(2, guests=GUESTS, type="call")
    chosen = {"synced_types": None, "default_duration_minutes": 45}
    await hands.change(connection_id, **rest, **(chosen if at_once else {}))
    await hands.change(connection_id, **rest, **chosen)
    await hands.change(connection_id, paused=False)
    asked = _asked(await hands.carry_out())
    assert sorted(asked) == [("create_event", False), ("update_event", False)]
    await hands.change(connection_id, **rest)
    await hands.tell_activity(1, subject="Edited")
    await hands.change(connection_id, paused=False)
    assert _asked(await hands.carry_out()) == [("update_event", True)]


async def test_settings_that_are_changed_together_with_a_resume_mail_nobody(hands):
    connection_id, _ = await _inviting(hands)
    await hands.change(connection_id, paused=True, status=PAUSED)
    await hands.change(connection_id, paused=False, default_duration_minutes=45)
    assert _asked(await hands.carry_out()) == [("update_event", False)]
