"""The database was put back to a backup: what it does not know is found, never made again."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

import pytest

from tandem.contracts.meetings import Timed
from tandem.contracts.outcomes import EventWritten
from tandem.runtime.restored import note_restore
from tandem.runtime.subscriptions import Delivery

DAY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)


@pytest.fixture
async def restored(hands, database_url):
    """A connection, and how to put its database back; the clock is the database's own."""
    hands.clock.moment = datetime.now(UTC) - timedelta(hours=1)
    connection_id = await hands.connect()

    async def put_back(*forgotten):
        """Put the database back to before some links were made, and let all be read anew."""
        for activity_id, event_id in forgotten:
            for table, column, item_id in (
                ("links", "activity_id", activity_id),
                ("activities", "activity_id", activity_id),
                ("events", "event_id", event_id),
            ):
                await hands.pool.execute(
                    f"DELETE FROM sync.{table} WHERE {column} = $1",  # noqa: S608
                    item_id,
                )
        await note_restore(database_url, "reconciler")
        assert await hands.pool.fetchval("SELECT count(*) FROM sync.outbox") == 0
        hands.clock.moment = max(hands.clock.moment, datetime.now(UTC) + timedelta(seconds=1))

    async def read():
        """Both sides are read whole."""
        await hands.tell(
            *(hands.seen_activity(one) for one in list(hands.crm)),
            *(hands.seen_event(connection_id, one) for _, one in list(hands.events)),
        )
        await hands.resynced(connection_id)

    async def pair(number, *, origin, title=None):
        """A pair that was synced, as activity and event."""
        title = title or f"Talk {number}"
        if origin == "crm":
            day = (DAY + timedelta(days=number)).date()
            fields = {"subject": title, "due_date": day, "due_time": time(9, 0)}
            await hands.tell_activity(number, **fields)
        else:
            start = DAY + timedelta(days=number)
            when = Timed(start=start, end=start + timedelta(hours=1))
            await hands.tell_event(connection_id, f"mine{number}", title=title, schedule=when)
        await hands.carry_out()
        row = await hands.pool.fetchrow(
            "SELECT activity_id, event_id FROM sync.links"
            " WHERE activity_id = $1::bigint OR event_id = $2",
            number,
            f"mine{number}",
        )
        return row["activity_id"], row["event_id"]

    return SimpleNamespace(
        connection_id=connection_id, put_back=put_back, read=read, pair=pair, hands=hands
    )


async def test_forgotten_pairs_are_found_and_nothing_is_written(restored):
    pairs = [
        await restored.pair(1, origin="crm"),
        await restored.pair(2, origin="calendar"),
    ]
    await restored.pair(3, origin="crm")
    await restored.put_back(*pairs)
    await restored.read()
    assert await restored.hands.carry_out() == []
    found = await restored.hands.pool.fetch(
        "SELECT activity_id, event_id FROM sync.links WHERE state = 'active'"
    )
    assert {(row["activity_id"], row["event_id"]) for row in found} >= set(pairs)
    assert len(found) == 3


@pytest.mark.parametrize("anew", ["neither", "activities", "events"])
async def test_nothing_begins_before_both_sides_were_read_since_the_restore(restored, anew):
    hands, connection_id = restored.hands, restored.connection_id
    before = hands.clock.now()
    await restored.put_back()
    now = hands.clock.now()
    activity = hands.activity(1, due_date=DAY.date())
    await hands.tell(hands.seen_activity(activity.activity_id))
    activities = hands.crm_read(now if anew == "activities" else before)
    events = hands.calendar_read(connection_id, now if anew == "events" else before)
    await hands.executor.on_activities([Delivery(activities, None)])
    await hands.executor.on_events([Delivery(events, None)])
    assert await hands.carry_out() == []
    await restored.read()
    assert [one.kind for one in await hands.carry_out()] == ["create_event"]


async def test_an_event_of_ours_that_was_edited_since_is_found_by_what_is_left(restored):
    hands = restored.hands
    moved = await restored.pair(1, origin="crm")
    renamed = await restored.pair(2, origin="crm")
    start = DAY + timedelta(days=20)
    when = Timed(start=start, end=start + timedelta(hours=1))
    hands.event(restored.connection_id, moved[1], schedule=when)
    hands.event(restored.connection_id, renamed[1], title="Renamed")
    await restored.put_back(moved, renamed)
    await restored.read()
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"] * 2
    assert hands.crm[moved[0]].due_date == start.date()
    assert hands.crm[renamed[0]].subject == "Renamed"


async def test_an_edited_activity_of_a_forgotten_pair_reaches_its_event(restored):
    hands = restored.hands
    pair = await restored.pair(1, origin="crm")
    hands.activity(pair[0], subject="Renamed", public_description="Bring the plans")
    await restored.put_back(pair)
    await restored.read()
    [made] = await hands.carry_out()
    assert (made.kind, made.backfill, made.invite_guests) == ("update_event", True, False)
    event = hands.events[restored.connection_id, pair[1]]
    assert (event.title, event.description) == ("Renamed", "Bring the plans")


async def test_an_own_event_that_resembles_an_activity_in_part_is_another_meeting(restored):
    hands = restored.hands
    await restored.put_back()
    hands.activity(1, subject="Call", due_date=DAY.date())
    when = Timed(start=DAY + timedelta(hours=5), end=DAY + timedelta(hours=6))
    hands.event(restored.connection_id, "mine", title="Call", schedule=when)
    await restored.read()
    kinds = sorted(one.kind for one in await hands.carry_out())
    assert kinds == ["create_activity", "create_event"]


async def test_what_was_being_made_is_found_and_not_made_again(restored):
    hands = restored.hands
    await hands.tell_activity(1, due_date=DAY.date())
    [command] = await hands.commands()
    answer = hands.outcome_of(command)
    await restored.put_back()
    await hands.settle(answer)
    await restored.read()
    assert await hands.carry_out() == []
    assert await hands.pool.fetchval("SELECT event_id FROM sync.links") == answer.event_id


async def test_a_write_that_was_under_way_is_decided_anew(restored):
    hands = restored.hands
    activity_id, event_id = await restored.pair(1, origin="crm")
    await hands.tell_activity(activity_id, subject="First")
    [old] = await hands.commands()
    hands.activity(activity_id, subject="Second")
    await restored.put_back()
    await restored.read()
    [new] = await hands.commands()
    assert (new.kind, new.meeting.title, new.event_id) == ("update_event", "Second", event_id)
    assert new.revision > old.revision
    late = hands.outcome_of(old)
    assert isinstance(late, EventWritten)
    await hands.settle(late)
    assert await hands.pool.fetchval("SELECT pending_since IS NOT NULL FROM sync.links")


async def test_what_was_deleted_since_does_not_come_back(restored):
    hands = restored.hands
    activity_id, event_id = await restored.pair(1, origin="crm")
    other_a, other_e = await restored.pair(2, origin="calendar")
    del hands.crm[activity_id], hands.events[restored.connection_id, event_id]
    del hands.events[restored.connection_id, other_e]
    await restored.put_back()
    await hands.tell(
        hands.seen_activity(activity_id),
        hands.seen_event(restored.connection_id, event_id),
        hands.seen_event(restored.connection_id, other_e),
    )
    await restored.read()
    assert [one.kind for one in await hands.carry_out()] == ["delete_activity"]
    assert hands.crm == {}
    assert other_a not in hands.crm


async def test_a_connection_that_was_being_removed_goes_on_being_removed(restored):
    hands = restored.hands
    await restored.pair(1, origin="crm")
    await hands.remove(restored.connection_id, remove_events=True)
    [delete] = await hands.commands()
    await restored.put_back()
    await hands.settle(hands.outcome_of(delete))
    assert await hands.reports() == ["released"]


async def test_links_of_a_backup_keep_all_that_they_knew(restored):
    await restored.pair(1, origin="crm")
    before = await _body(restored)
    await restored.put_back()
    after = await _body(restored)
    assert after.pop("revision") > before.pop("revision")
    assert after == before


async def _body(restored):
    row = await restored.hands.pool.fetchrow("SELECT body::jsonb AS body FROM sync.links")
    return dict(row["body"])


async def test_an_event_of_ours_that_has_begun_since_is_linked_again(restored):
    hands = restored.hands
    pair = await restored.pair(1, origin="crm")
    await restored.put_back(pair)
    hands.clock.moment = DAY + timedelta(days=2)
    await restored.read()
    assert await hands.carry_out() == []
    assert tuple(await hands.pool.fetchrow("SELECT activity_id, event_id FROM sync.links")) == pair


async def test_an_event_that_was_made_again_since_belongs_to_its_link_and_to_no_other(restored):
    hands, connection_id = restored.hands, restored.connection_id
    activity_id, event_id = await restored.pair(1, origin="crm")
    backup = await hands.pool.fetchrow("SELECT event_id, body FROM sync.links")
    del hands.events[connection_id, event_id]
    hands.activity(activity_id, subject="Renamed")
    await hands.tell(hands.seen_event(connection_id, event_id), hands.seen_activity(activity_id))
    assert (await hands.carry_out())[-1].kind == "create_event"
    again = hands.events.copy()
    await hands.pool.execute("UPDATE sync.links SET event_id = $1, body = $2", *backup)
    same_time = {name: getattr(hands.crm[1], name) for name in ("due_date", "due_time")}
    hands.activity(2, subject="At the same time", **same_time)
    await restored.put_back()
    await hands.tell(hands.seen_event(connection_id, event_id))
    await restored.read()
    await hands.carry_out()
    assert hands.events.items() >= again.items()
    titles = sorted(one.title for one in hands.events.values())
    assert titles == ["At the same time", "Renamed"]


async def test_what_was_edited_after_a_sync_that_the_backup_does_not_know_wins(restored):
    hands = restored.hands
    await hands.change(restored.connection_id, conflict_winner="crm")
    activity_id, event_id = await restored.pair(1, origin="crm")
    body = await hands.pool.fetchval("SELECT body FROM sync.links")
    await hands.tell_activity(activity_id, subject="Synced")
    await hands.carry_out()
    await hands.pool.execute("UPDATE sync.links SET body = $1", body)
    hands.event(restored.connection_id, event_id, title="Last word")
    await restored.put_back()
    await restored.read()
    assert [one.kind for one in await hands.carry_out()] == ["update_activity"]
    assert hands.crm[activity_id].subject == "Last word"
    await hands.tell_activity(activity_id, subject="As ever")
    await hands.carry_out()
    assert hands.events[restored.connection_id, event_id].title == "As ever"
    kept = await hands.pool.fetchval(
        "SELECT body->'settings'->>'conflict_winner' FROM sync.connections"
    )
    assert kept == "crm"
