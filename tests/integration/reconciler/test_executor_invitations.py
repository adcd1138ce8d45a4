"""Whom the calendar's provider mails: guests of what somebody edits, where the user wants it."""

from uuid import UUID, uuid4

import pytest
from tests.integration.reconciler.hands import SOON, Hands

from tandem.contracts.activities import DealContact, Guest
from tandem.contracts.connections import ConnectionStatus, Provider
from tandem.contracts.events import Attendee
from tandem.contracts.outcomes import Rejection

PAUSED, RECONNECT_NEEDED = ConnectionStatus.PAUSED, ConnectionStatus.RECONNECT_NEEDED
GUESTS = (Guest(email="guest@elsewhere.example"),)
INVITED = (Attendee(email="guest@elsewhere.example"),)


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


def _asked(commands) -> list[tuple[str, bool | None]]:
    return [(one.kind, getattr(one, "invite_guests", None)) for one in commands]


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


@pytest.mark.rule("7.5")
async def test_a_refresh_of_the_deal_contact_block_mails_nobody(hands):
    await _inviting(hands, include_deal_contact_info=True)
    await hands.tell_activity(1, deal_contact=DealContact(deal_title="Big", deal_stage="Won"))
    assert _asked(await hands.carry_out()) == [("update_event", False)]
    await hands.tell_activity(1, subject="Edited", deal_contact=DealContact(deal_title="Bigger"))
    assert _asked(await hands.carry_out()) == [("update_event", True)]


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


async def _two_calendars(hands: Hands, **settings) -> tuple[UUID, UUID]:
    """A calendar, and another one whose first sync has just found an event with a guest."""
    first = await hands.connect(invite_guests=True, **settings)
    second = uuid4()
    await hands.change(second, invite_guests=True, calendar_id="other")
    await hands.tell_event(second, "e1", attendees=INVITED)
    await hands.resynced(second)
    return first, second


@pytest.mark.rule("7.5")
async def test_the_first_sync_of_a_second_calendar_lets_the_first_one_mail_nobody(hands):
    first, second = await _two_calendars(hands)
    (create,) = await hands.commands()
    await hands.settle(hands.outcome_of(create))
    await hands.tell_activity(1000)
    (copy,) = await hands.commands()
    assert (copy.kind, copy.connection_id, copy.invite_guests) == ("create_event", first, False)
    await hands.settle(hands.outcome_of(copy))
    await hands.tell_event(second, "e1", title="Edited")
    assert _asked(await hands.carry_out()) == [("update_activity", None)]
    await hands.tell_activity(1000)
    assert _asked(await hands.carry_out()) == [("update_event", False)]


async def test_a_copy_is_made_quietly_also_before_its_activity_is_known_to_be_made(hands):
    first, _ = await _two_calendars(hands)
    (create,) = await hands.commands()
    outcome = hands.outcome_of(create)
    await hands.tell_activity(1000)
    (copy,) = await hands.commands()
    assert (copy.kind, copy.connection_id, copy.invite_guests) == ("create_event", first, False)
    await hands.settle(outcome)
    assert await hands.carry_out() == []


async def test_a_copy_is_made_quietly_after_a_pause_too(hands):
    first, _ = await _two_calendars(hands)
    await hands.change(first, paused=True, status=PAUSED)
    await hands.carry_out()
    await hands.tell_activity(1000)
    await hands.change(first, paused=False)
    assert _asked(await hands.carry_out()) == [("create_event", False)]


async def test_a_copy_goes_quietly_with_the_meeting_that_it_was_made_of(hands):
    first, second = await _two_calendars(hands)
    await hands.carry_out()
    await hands.tell_activity(1000)
    await hands.carry_out()
    await hands.delete_event(second, "e1")
    assert _asked(await hands.carry_out()) == [("delete_activity", None)]
    await hands.delete_activity(1000)
    (copy,) = await hands.commands()
    assert (copy.kind, copy.connection_id, copy.invite_guests) == ("delete_event", first, False)


async def test_a_meeting_from_pipedrive_is_mailed_by_each_calendar_that_is_to(hands):
    await _two_calendars(hands)
    await hands.carry_out()
    await hands.tell_activity(1, guests=GUESTS)
    assert _asked(await hands.carry_out()) == [("create_event", True)] * 2


async def test_a_meeting_that_both_calendars_had_is_mailed_by_each(hands):
    await hands.tell_activity(1, subject="All hands", guests=GUESTS, due_time=SOON.time())
    for calendar in ("main", "other"):
        one = uuid4()
        await hands.change(one, invite_guests=True, calendar_id=calendar)
        await hands.tell_event(one, "e1", title="All hands", attendees=INVITED)
        await hands.resynced(one)
    assert await hands.carry_out() == []
    await hands.tell_activity(1, subject="Edited")
    assert _asked(await hands.carry_out()) == [("update_event", True)] * 2


async def test_an_outlook_copy_with_guests_of_its_own_is_changed_though_they_are_mailed(hands):
    _, second = await _two_calendars(hands, provider=Provider.MICROSOFT)
    await hands.carry_out()
    await hands.tell_activity(1000)
    await hands.carry_out()
    await hands.tell_event(second, "e1", title="Edited")
    await hands.carry_out()
    await hands.tell_activity(1000)
    assert _asked(await hands.carry_out()) == [("update_event", True)]


@pytest.mark.rule("7.6")
async def test_an_edit_that_was_refused_for_its_guests_is_mailed_once_inviting_is_on(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, guests=GUESTS)
    await hands.carry_out()
    await hands.tell_activity(1, subject="Edited")
    (command,) = await hands.commands()
    await hands.settle(hands.rejected(command, Rejection.REFUSED, detail="it would be mailed"))
    await hands.change(connection_id, default_duration_minutes=45)
    (command,) = await hands.commands()
    assert (command.kind, command.invite_guests) == ("update_event", False)
    await hands.settle(hands.rejected(command, Rejection.REFUSED, detail="it would be mailed"))
    await hands.change(connection_id, invite_guests=True)
    assert _asked(await hands.carry_out()) == [("update_event", True)]


async def test_a_refused_settings_rewrite_mails_nobody_when_it_is_tried_once_more(hands):
    connection_id, _ = await _inviting(hands)
    await hands.change(connection_id, default_duration_minutes=45)
    (command,) = await hands.commands()
    await hands.settle(hands.rejected(command, Rejection.REFUSED))
    await hands.change(connection_id, status=RECONNECT_NEEDED)
    await hands.change(connection_id, status=ConnectionStatus.ACTIVE)
    assert _asked(await hands.carry_out()) == [("update_event", False)]
