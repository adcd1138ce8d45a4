"""Series through the executor: their limit, their turn, their way back, and their history."""

from datetime import timedelta

import pytest
from tests.integration.reconciler.hands import NOW, SOON, Hands

from reconciler.core.series import OCCURRENCES_MAX
from reconciler.explain import explain_event
from tandem.contracts.events import Response, Series
from tandem.contracts.meetings import Timed
from tandem.contracts.outcomes import Rejection

SERIES = "s"


def day(number, **changes):
    """What an occurrence of a daily series is; day 0 is the first one."""
    start = SOON + timedelta(days=number)
    return {
        "title": "Stand-up",
        "schedule": Timed(start=start, end=start + timedelta(hours=1)),
        "series": Series(series_id=SERIES, original_start=start),
        **changes,
    }


def name(number):
    return f"{SERIES}_{number:04}"


def put(hands: Hands, connection_id, numbers):
    """Occurrences at the provider, and the observations that tell of them."""
    for number in numbers:
        hands.event(connection_id, name(number), **day(number))
    return [hands.seen_event(connection_id, name(number)) for number in numbers]


async def linked(hands: Hands, connection_id):
    """Days whose occurrences are linked, in their order."""
    rows = await hands.pool.fetch(
        "SELECT event_id FROM sync.links WHERE connection_id = $1 AND state <> 'dissolved'",
        connection_id,
    )
    return sorted(int(row["event_id"].rpartition("_")[2]) for row in rows)


async def reason_of(hands: Hands, connection_id, number):
    async with hands.pool.acquire() as database:
        told = await explain_event(database, connection_id, name(number), now=hands.clock.now())
    return told.reason if told else None


async def one_linked(hands: Hands):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, [0]))
    await hands.carry_out()
    return connection_id, next(iter(hands.crm))


async def test_the_next_hundred_are_linked_whatever_order_they_are_told_in(hands):
    connection_id = await hands.connect(horizon_days=366)
    told = put(hands, connection_id, range(OCCURRENCES_MAX + 5))
    await hands.tell(*reversed(told))
    assert await linked(hands, connection_id) == list(range(OCCURRENCES_MAX))
    assert await reason_of(hands, connection_id, OCCURRENCES_MAX) == "recurring_limit"


@pytest.mark.rule("6.2")
async def test_the_limit_holds_across_batches_and_counts_each_series_by_itself(hands):
    connection_id = await hands.connect(horizon_days=366)
    told = put(hands, connection_id, range(OCCURRENCES_MAX + 2))
    for begin in range(0, len(told), 30):
        await hands.tell(*told[begin : begin + 30])
    other = {"series": Series(series_id="other", original_start=SOON)}
    await hands.tell_event(connection_id, "other_0000", **day(0, **other))
    rows = await hands.pool.fetch("SELECT body->>'series_id' AS s FROM sync.links")
    counted = [row["s"] for row in rows]
    assert (counted.count(SERIES), counted.count("other")) == (OCCURRENCES_MAX, 1)


async def test_an_occurrence_gets_its_turn_once_another_has_passed(hands):
    connection_id = await hands.connect(horizon_days=366)
    await hands.tell(*put(hands, connection_id, range(OCCURRENCES_MAX + 2)))
    await hands.carry_out()
    await hands.executor.take_turns()
    assert await hands.carry_out() == []
    hands.clock.moment = SOON + timedelta(minutes=5)
    await hands.executor.take_turns()
    (created,) = await hands.carry_out()
    assert created.kind == "create_activity"
    assert await linked(hands, connection_id) == list(range(OCCURRENCES_MAX + 1))


async def test_an_occurrence_gets_its_turn_once_another_was_cancelled(hands):
    connection_id = await hands.connect(horizon_days=366)
    await hands.tell(*put(hands, connection_id, range(OCCURRENCES_MAX + 1)))
    await hands.carry_out()
    await hands.delete_event(connection_id, name(7))
    await hands.carry_out()
    await hands.executor.take_turns()
    assert await linked(hands, connection_id) == [
        number for number in range(OCCURRENCES_MAX + 1) if number != 7
    ]


@pytest.mark.rule("6.1")
async def test_the_window_rolls_without_any_message(hands):
    connection_id = await hands.connect(horizon_days=30)
    await hands.tell(*put(hands, connection_id, [0, 40]))
    await hands.carry_out()
    assert await reason_of(hands, connection_id, 40) == "beyond_horizon"
    hands.clock.moment = NOW + timedelta(days=11)
    await hands.executor.take_turns()
    assert await linked(hands, connection_id) == [0]
    hands.clock.moment = NOW + timedelta(days=13)
    await hands.executor.take_turns()
    assert await linked(hands, connection_id) == [0, 40]
    skipped = [row for row in await hands.history(connection_id) if row[0] == "skipped"]
    assert skipped == [("skipped", "beyond_horizon")]


async def test_a_longer_horizon_takes_in_what_is_known_already(hands):
    connection_id = await hands.connect(horizon_days=30)
    await hands.tell(*put(hands, connection_id, [40]))
    await hands.change(connection_id, horizon_days=60)
    assert await linked(hands, connection_id) == [40]


async def test_nobody_gets_a_turn_while_the_connection_is_paused(hands):
    connection_id = await hands.connect(horizon_days=30)
    await hands.tell(*put(hands, connection_id, [40]))
    await hands.change(connection_id, paused=True)
    hands.clock.moment = NOW + timedelta(days=20)
    await hands.executor.take_turns()
    assert await linked(hands, connection_id) == []
    await hands.change(connection_id, paused=False)
    assert await linked(hands, connection_id) == [40]


@pytest.mark.rule("6.5")
async def test_an_edit_in_pipedrive_is_put_back_and_told_as_reverted(hands):
    connection_id, activity_id = await one_linked(hands)
    await hands.tell_activity(activity_id, subject="Mine", location="Mine")
    (command,) = await hands.carry_out()
    assert (command.kind, command.fields) == ("update_activity", {"title", "location"})
    assert hands.crm[activity_id].subject == "Stand-up"
    row = (await hands.rows(connection_id))[-1]
    assert (row["action"], row["reason"]) == ("reverted", "recurring_read_only")
    assert '"Mine"' in row["before"]
    assert '"Stand-up"' in row["after"]


async def test_an_edit_that_was_put_back_can_not_be_redone_by_an_undo(hands):
    connection_id, activity_id = await one_linked(hands)
    await hands.tell_activity(activity_id, subject="Mine")
    await hands.carry_out()
    row = (await hands.rows(connection_id))[-1]
    decided = await hands.executor.undo(connection_id, row["row"], None)
    assert (decided.reason, decided.writes) == ("recurring_read_only", ())


async def test_deleting_the_activity_leaves_the_occurrence_alone_for_good(hands):
    connection_id, activity_id = await one_linked(hands)
    await hands.delete_activity(activity_id)
    await hands.tell_event(connection_id, name(0), title="Renamed")
    assert await hands.carry_out() == []
    assert (connection_id, name(0)) in hands.events
    assert await reason_of(hands, connection_id, 0) == "suppressed"


async def one_of_ours(hands: Hands):
    """A linked event that we made of an activity."""
    connection_id = await hands.connect()
    await hands.tell_activity(1, subject="Stand-up")
    await hands.carry_out()
    ((_, event_id),) = hands.events
    return connection_id, event_id


def made_a_series(hands: Hands, connection_id, event_id):
    """A single event becomes a series of two days; what is told of it."""
    for number in (0, 1):
        shown = day(number)
        shown["series"] = Series(series_id=event_id, original_start=shown["schedule"].start)
        hands.event(connection_id, name(number), **shown)
    hands.events.pop((connection_id, event_id))
    return [hands.seen_event(connection_id, one) for one in (event_id, name(1), name(0))]


async def test_an_event_that_becomes_a_series_keeps_its_activity(hands):
    connection_id, event_id = await one_of_ours(hands)
    await hands.tell(*made_a_series(hands, connection_id, event_id))
    await hands.carry_out()
    assert sorted(hands.crm[one].due_date for one in hands.crm) == [
        SOON.date(),
        (SOON + timedelta(days=1)).date(),
    ]
    assert 1 in hands.crm
    assert hands.crm[1].due_date == SOON.date()
    assert await linked(hands, connection_id) == [0, 1]
    await hands.tell_activity(1, owner_id=71)
    assert await hands.carry_out() == [], "the occurrence is the calendar's own now"


async def test_an_event_that_becomes_a_series_during_a_pause_keeps_its_activity(hands):
    connection_id, event_id = await one_of_ours(hands)
    await hands.change(connection_id, paused=True)
    await hands.tell(*made_a_series(hands, connection_id, event_id))
    await hands.change(connection_id, paused=False)
    done = await hands.carry_out()
    assert sorted(one.kind for one in done) == ["create_activity", "update_activity"]
    assert 1 in hands.crm
    assert await linked(hands, connection_id) == [0, 1]


@pytest.mark.parametrize("told_gone_first", [False, True])
async def test_an_event_that_becomes_a_series_while_it_is_written_to_keeps_its_activity(
    hands, told_gone_first
):
    connection_id, event_id = await one_of_ours(hands)
    await hands.tell_activity(1, location="Pier")
    (update,) = await hands.commands()
    gone, *occurrences = made_a_series(hands, connection_id, event_id)
    await hands.tell(*((gone,) if told_gone_first else ()), *occurrences)
    assert await hands.commands() == [], "whose the first one is shows with the outcome"
    await hands.settle(hands.rejected(update, Rejection.GONE))
    await hands.carry_out()
    await hands.tell(gone)
    await hands.carry_out()
    assert sorted(hands.crm) == [1, 1000]
    assert hands.crm[1].due_date == SOON.date()
    assert len(hands.events) == 2
    assert await linked(hands, connection_id) == [0, 1]


@pytest.mark.parametrize("paused", [False, True])
async def test_a_series_that_becomes_our_single_event_again_keeps_its_activity(hands, paused):
    connection_id, event_id = await one_of_ours(hands)
    single = hands.events[connection_id, event_id]
    await hands.tell(*made_a_series(hands, connection_id, event_id))
    await hands.carry_out()
    await hands.change(connection_id, paused=paused)
    hands.events.clear()
    hands.events[connection_id, event_id] = single
    hands.event(connection_id, event_id, title="Stand-up, once")
    told = [hands.seen_event(connection_id, one) for one in (event_id, name(0), name(1))]
    await hands.tell(*told)
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    assert {one: hands.crm[one].subject for one in hands.crm} == {1: "Stand-up, once"}
    await hands.tell_activity(1, subject="Renamed")
    await hands.carry_out()
    assert hands.events[connection_id, event_id].title == "Renamed"


async def test_an_event_of_ours_is_ours_again_after_it_was_a_series(hands):
    connection_id, event_id = await one_of_ours(hands)
    single = hands.events[connection_id, event_id]
    await hands.tell(*made_a_series(hands, connection_id, event_id))
    await hands.carry_out()
    hands.events.clear()
    hands.events[connection_id, event_id] = single
    hands.event(connection_id, event_id, title="Stand-up, once")
    told = [hands.seen_event(connection_id, one) for one in (event_id, name(0), name(1))]
    await hands.tell(*told)
    await hands.carry_out()
    await hands.tell_event(connection_id, event_id, response=Response.DECLINED)
    assert await hands.carry_out() == [], "who declines what he has made keeps his activity"
    await hands.tell_activity(1, owner_id=71)
    (deletion,) = await hands.carry_out()
    assert deletion.kind == "delete_event", "what we have made goes with its activity"


def moved_by(hours, hands: Hands, connection_id, numbers, *, ahead=100):
    """A series at another time: its occurrences have other ids. What is told of it."""
    moved = {number + ahead: number for number in numbers}
    for to, number in moved.items():
        start = SOON + timedelta(days=number % 100, hours=hours)
        schedule = Timed(start=start, end=start + timedelta(hours=1))
        series = Series(series_id=SERIES, original_start=start)
        hands.event(connection_id, name(to), **day(number, schedule=schedule, series=series))
        hands.events.pop((connection_id, name(number)))
    return [
        *(
            hands.seen_event(connection_id, name(to), formerly=name(was))
            for to, was in moved.items()
        ),
        *(hands.seen_event(connection_id, name(number)) for number in numbers),
    ]


async def some_linked(hands: Hands, numbers, **settings):
    connection_id = await hands.connect(**settings)
    await hands.tell(*put(hands, connection_id, numbers))
    await hands.carry_out()
    return connection_id


@pytest.mark.rule("6.4")
@pytest.mark.parametrize("paused", [False, True])
async def test_a_series_that_is_moved_takes_its_activities_along(hands, paused):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, range(15)))
    await hands.carry_out()
    before = dict(hands.crm)
    await hands.change(connection_id, paused=paused)
    await hands.tell(*moved_by(1, hands, connection_id, range(15)))
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    assert await linked(hands, connection_id) == list(range(100, 115))
    assert {one: hands.crm[one].due_date for one in hands.crm} == {
        one: before[one].due_date for one in before
    }
    assert {one.due_time for one in hands.crm.values()} == {(SOON + timedelta(hours=1)).time()}


@pytest.mark.parametrize(("days", "first"), [*((3, one) for one in range(1, 6)), (15, 8), (15, 15)])
async def test_a_moved_series_may_be_told_in_any_batches(hands, days, first):
    connection_id = await some_linked(hands, range(days))
    before = set(hands.crm)
    told = moved_by(1, hands, connection_id, range(days))
    await hands.tell(*told[:first])
    done = await hands.carry_out()
    await hands.tell(*told[first:])
    done += await hands.carry_out()
    assert [one.kind for one in done] == ["update_activity"] * days
    assert set(hands.crm) == before
    assert await linked(hands, connection_id) == list(range(100, 100 + days))
    assert await hands.reports() == []


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("batches", [1, 2, 4])
async def test_a_series_that_is_moved_twice_takes_its_activities_along(hands, paused, batches):
    connection_id = await some_linked(hands, range(3))
    before = set(hands.crm)
    await hands.change(connection_id, paused=paused)
    told = moved_by(1, hands, connection_id, range(3))
    told += moved_by(2, hands, connection_id, range(100, 103))
    size = len(told) // batches
    for begin in range(0, len(told), size):
        await hands.tell(*told[begin : begin + size])
    await hands.change(connection_id, paused=False)
    await hands.carry_out()
    assert set(hands.crm) == before
    assert {one.due_time for one in hands.crm.values()} == {(SOON + timedelta(hours=2)).time()}
    assert await linked(hands, connection_id) == [200, 201, 202]


async def test_a_series_that_is_moved_back_takes_its_activities_along(hands):
    connection_id = await some_linked(hands, range(3))
    before = dict(hands.crm)
    await hands.tell(*moved_by(1, hands, connection_id, range(3)))
    await hands.carry_out()
    await hands.tell(*moved_by(0, hands, connection_id, range(100, 103), ahead=-100))
    await hands.carry_out()
    assert await linked(hands, connection_id) == [0, 1, 2]
    assert {one: hands.crm[one].due_time for one in hands.crm} == {
        one: before[one].due_time for one in before
    }


async def test_a_move_that_is_told_again_changes_nothing(hands):
    connection_id = await some_linked(hands, [0, 1])
    told = moved_by(1, hands, connection_id, [0])
    await hands.tell(*told)
    await hands.carry_out()
    put(hands, connection_id, [0])
    await hands.tell(hands.seen_event(connection_id, name(0)))
    await hands.carry_out()
    before = dict(hands.crm)
    await hands.tell(hands.seen_event(connection_id, name(100), formerly=name(0)))
    assert await hands.carry_out() == []
    assert hands.crm == before
    assert await linked(hands, connection_id) == [0, 1, 100]


async def test_only_an_occurrence_of_the_same_series_is_a_moved_one(hands):
    connection_id = await some_linked(hands, [0])
    other = {"series": Series(series_id="other", original_start=SOON)}
    hands.event(connection_id, name(1), **day(1, **other))
    await hands.tell(hands.seen_event(connection_id, name(1), formerly=name(0)))
    await hands.carry_out()
    assert await linked(hands, connection_id) == [0, 1]


async def test_a_moved_series_takes_no_more_places_than_it_had(hands):
    connection_id = await some_linked(hands, range(60), horizon_days=366)
    told = moved_by(1, hands, connection_id, range(60))
    await hands.tell(*told[:60], *put(hands, connection_id, range(60, 100)))
    await hands.tell(*told[60:])
    await hands.carry_out()
    assert await linked(hands, connection_id) == [*range(60, 160)]


async def test_a_held_deletion_ends_when_the_occurrence_was_only_moved(hands):
    connection_id = await some_linked(hands, range(12))
    before = set(hands.crm)
    told = moved_by(1, hands, connection_id, range(12))
    await hands.tell(*told[12:])
    assert await hands.carry_out() == []
    assert await hands.reports() == ["deletions_held"]
    await hands.tell(*told[:12])
    await hands.carry_out()
    assert await linked(hands, connection_id) == list(range(100, 112))
    assert set(hands.crm) == before
    assert await hands.reports() == ["deletions_held", "deletions_settled"]


async def test_what_was_taken_out_for_good_gets_no_other_activity(hands):
    connection_id = await some_linked(hands, [0, 1])
    (first,) = [one for one in hands.crm if hands.crm[one].due_date == SOON.date()]
    await hands.delete_activity(first)
    hands.events.pop((connection_id, name(1)))
    await hands.tell(
        hands.seen_event(connection_id, name(0), formerly=name(1)),
        hands.seen_event(connection_id, name(1)),
    )
    await hands.carry_out()
    assert hands.crm == {}
    assert await reason_of(hands, connection_id, 0) == "suppressed"


async def test_a_series_that_is_moved_while_its_activities_are_made_takes_them_along(hands):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, range(3)))
    assert len(await hands.commands()) == 3
    hands.outbox_read = 0
    await hands.tell(*moved_by(1, hands, connection_id, range(3)))
    await hands.carry_out()
    assert len(hands.crm) == 3
    assert await linked(hands, connection_id) == [100, 101, 102]


async def test_an_occurrence_that_was_taken_out_stays_out_when_its_series_moves(hands):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, range(3)))
    await hands.carry_out()
    (second,) = [one for one in hands.crm if hands.crm[one].due_date.day == SOON.day + 1]
    await hands.delete_activity(second)
    await hands.tell(*moved_by(1, hands, connection_id, range(3)))
    await hands.carry_out()
    assert await linked(hands, connection_id) == [100, 102]
    assert await reason_of(hands, connection_id, 101) == "suppressed"


async def test_a_cancelled_occurrence_is_not_one_that_time_has_brought(hands):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, range(3)))
    await hands.carry_out()
    told = put(hands, connection_id, [3])
    hands.events.pop((connection_id, name(1)))
    await hands.tell(*told, hands.seen_event(connection_id, name(1)))
    done = await hands.carry_out()
    assert sorted(one.kind for one in done) == ["create_activity", "delete_activity"]


async def test_a_series_that_is_deleted_whole_waits_for_the_users_word(hands):
    connection_id = await hands.connect()
    await hands.tell(*put(hands, connection_id, range(12)))
    await hands.carry_out()
    for number in range(12):
        hands.events.pop((connection_id, name(number)))
    await hands.tell(*(hands.seen_event(connection_id, name(number)) for number in range(12)))
    assert await hands.carry_out() == []
    assert await hands.executor.confirm_held(connection_id, None) == 12
    await hands.carry_out()
    assert hands.crm == {}
