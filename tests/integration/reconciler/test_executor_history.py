"""What the history says of items that are left alone, and what a row holds."""

from datetime import timedelta
from uuid import uuid4

import pytest
from tests.integration.reconciler.hands import NOW, TRACE

from reconciler.explain import explain_activity, explain_event
from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.events import EventKind, Response
from tandem.contracts.meetings import Timed

YESTERDAY = NOW - timedelta(days=1)
PAST = Timed(start=YESTERDAY, end=YESTERDAY + timedelta(hours=1))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"done": True}, "done"),
        ({"due_date": None}, "no_due_date"),
        ({"due_date": YESTERDAY.date()}, "past"),
        ({"type": "call"}, "type_not_synced"),
    ],
)
async def test_an_activity_that_stays_out_is_told_once(hands, fields, reason):
    connection_id = await hands.connect(synced_types=frozenset({"meeting"}))
    await hands.tell_activity(1, subject="Left alone", **fields)
    await hands.tell_activity(1, subject="Left alone again")
    assert await hands.commands() == []
    (row,) = await hands.rows(connection_id)
    assert (row["side"], row["action"], row["reason"]) == ("crm", "skipped", reason)
    assert (row["activity_id"], row["title"]) == (1, "Left alone")
    async with hands.pool.acquire() as database:
        answer = await explain_activity(database, connection_id, 1, now=NOW)
    assert answer is not None
    assert (answer.synced, answer.reason, answer.activity_id) == (False, reason, 1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": EventKind.FOCUS_TIME}, "event_kind"),
        ({"response": Response.DECLINED}, "declined"),
        ({"private": True}, "private"),
        ({"schedule": PAST}, "past"),
        ({"link_mark": "00000000-0000-4000-8000-000000000000"}, "suppressed"),
    ],
)
async def test_an_event_that_stays_out_is_told_once(hands, fields, reason):
    connection_id = await hands.connect(private_events="skip")
    await hands.tell_event(connection_id, **fields)
    await hands.tell_event(connection_id, location="Elsewhere")
    assert await hands.commands() == []
    (row,) = await hands.rows(connection_id)
    assert (row["side"], row["reason"], row["event_id"]) == ("calendar", reason, "e1")
    async with hands.pool.acquire() as database:
        answer = await explain_event(database, connection_id, "e1", now=NOW)
    assert answer is not None
    assert (answer.synced, answer.reason, answer.event_id) == (False, reason, "e1")


@pytest.mark.rule("8.1")
async def test_each_new_reason_is_told_and_an_old_one_that_comes_back_too(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, done=True)
    await hands.tell_activity(1, done=False, due_date=None)
    await hands.tell_activity(1, done=True, due_date=NOW.date() + timedelta(days=2))
    reasons = [row["reason"] for row in await hands.rows(connection_id)]
    assert reasons == ["done", "no_due_date", "done"]


async def test_a_backfill_tells_nothing_of_what_it_leaves_alone(hands):
    connection_id = await hands.connect()
    await hands.remove(connection_id, remove_events=False)
    again = uuid4()
    await hands.change(again)
    await hands.tell_activity(1, due_date=YESTERDAY.date())
    await hands.tell_event(again, schedule=PAST)
    await hands.resynced(again)
    assert await hands.commands() == []
    assert await hands.rows(again) == []


@pytest.mark.rule("8.1")
async def test_a_row_of_a_write_shows_the_changed_fields_before_and_after(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="Before")
    await hands.carry_out()
    await hands.tell_activity(1, subject="After", location="Same row")
    await hands.carry_out()
    created, updated = await hands.rows(connection_id)
    assert created["before"] is None
    assert updated["side"] == "calendar"
    assert (updated["activity_id"], updated["event_id"]) == (1, created["event_id"])
    assert updated["link_id"] == created["link_id"]
    assert updated["trace_id"] == TRACE.split("-")[1]
    assert updated["before"] == '{"title": "Before", "location": ""}'
    assert updated["after"] == '{"title": "After", "location": "Same row"}'


async def test_a_title_that_the_database_can_not_hold_is_told_without_its_nul(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="Bad\0title", done=True)
    (row,) = await hands.rows(connection_id)
    assert row["title"] == "Badtitle"


async def test_an_edit_kept_from_pipedrive_is_told_on_the_event(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id)
    await hands.carry_out()
    await hands.change(connection_id, direction="one_way")
    await hands.tell_event(connection_id, title="Kept here")
    assert await hands.commands() == []
    row = (await hands.rows(connection_id))[-1]
    assert (row["side"], row["event_id"], row["reason"]) == ("calendar", "e1", "one_way")


@pytest.mark.rule("8.2")
async def test_explain_says_what_holds_an_item_up(hands):
    connection_id = await hands.connect()
    await hands.tell_activity(1)

    async def explained():
        async with hands.pool.acquire() as database:
            return await explain_activity(database, connection_id, 1, now=hands.clock.now())

    assert (await explained()).reason == "awaiting"
    await hands.carry_out()
    linked = await explained()
    assert (linked.synced, linked.reason, linked.activity_id) == (True, "no_change", 1)
    assert linked.event_id is not None
    await hands.change(connection_id, paused=True, status=ConnectionStatus.PAUSED)
    await hands.tell_activity(1, subject="Held")
    held = await explained()
    assert (held.synced, held.reason) == (False, "paused")
    assert held.remedy
    async with hands.pool.acquire() as database:
        assert await explain_activity(database, connection_id, 99, now=NOW) is None


async def test_a_title_is_kept_as_long_as_an_activitys_may_be(hands):
    connection_id = await hands.connect()
    await hands.tell_event(connection_id, title="\U0001f600" * 1024, response=Response.DECLINED)
    (row,) = await hands.rows(connection_id)
    assert row["title"] == "\U0001f600" * 255


async def test_old_history_is_forgotten_a_part_at_a_time(hands, monkeypatch):
    monkeypatch.setattr("reconciler.executor.HISTORY_ROWS_AT_ONCE", 2)
    connection_id = await hands.connect()
    for number in range(5):
        await hands.tell_event(connection_id, f"old{number}", response=Response.DECLINED)
    hands.clock.moment += timedelta(days=40)
    await hands.tell_event(connection_id, "new", response=Response.DECLINED)
    await hands.executor.forget_history(timedelta(days=30))
    (row,) = await hands.rows(connection_id)
    assert row["event_id"] == "new"
