"""Random edits on both sides, told late, twice, in any order or never: it comes to one end.

Every message in flight may be held back, doubled or lost; reading everything once more and sending
stale commands again must bring both sides together, without a double and without a last write
that answers nothing.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.reconciler.hands import SOON

from tandem.contracts.meetings import Timed
from tandem.runtime.subscriptions import Delivery

STEPS = 60
ROUNDS_MAX = 40


class Weather:
    """Holds messages back, and lets them through when and as often as it likes."""

    def __init__(self, hands, connection_ids, seed):
        self.hands = hands
        self.connection_ids = connection_ids
        self.dice = random.Random(seed)
        self.in_flight: list[Any] = []
        self.deleted_activities: dict[Any, Any] = {}
        self.deleted_events: dict[Any, Any] = {}
        self.next_item = 0

    async def step(self):
        """Something happens: a person edits, a message arrives, or a writer works."""
        act = self.dice.choice(
            [
                *(self.edit_activity, self.edit_event, self.restore),
                *(self.deliver, self.deliver, self.write),
            ]
        )
        await act()

    async def edit_activity(self):
        hands, dice = self.hands, self.dice
        known = sorted(hands.crm)
        if not known or dice.random() < 0.3:
            self.next_item += 1
            chosen = self.next_item
            hands.activity(chosen, subject=f"A{chosen}")
        else:
            chosen = dice.choice(known)
            kind = dice.random()
            if kind < 0.15:
                self.deleted_activities[chosen] = hands.crm.pop(chosen)
            elif kind < 0.3:
                hands.activity(chosen, due_date=(SOON + timedelta(days=dice.randint(0, 9))).date())
            else:
                hands.activity(chosen, subject=f"A{chosen} {dice.randint(0, 999)}")
        self.post(hands.seen_activity(chosen))

    async def edit_event(self):
        hands, dice = self.hands, self.dice
        known = sorted(hands.events, key=str)
        if not known or dice.random() < 0.3:
            self.next_item += 1
            place, event_id = dice.choice(self.connection_ids), f"e{self.next_item}"
            start = SOON + timedelta(hours=self.next_item)
            hands.event(
                place,
                event_id,
                title=f"E{self.next_item}",
                schedule=Timed(start=start, end=start + timedelta(hours=1)),
            )
        else:
            place, event_id = dice.choice(known)
            kind = dice.random()
            if kind < 0.15:
                self.deleted_events[place, event_id] = hands.events.pop((place, event_id))
            elif kind < 0.4:
                hands.event(place, event_id, location=f"Room {dice.randint(0, 999)}")
            else:
                hands.event(place, event_id, title=f"{event_id} {dice.randint(0, 999)}")
        self.post(hands.seen_event(place, event_id))

    async def restore(self):
        """Somebody takes back what he deleted; an event that we made stays out of the sync."""
        hands, dice = self.hands, self.dice
        own = {key: one for key, one in self.deleted_events.items() if one.link_mark is None}
        if self.deleted_activities and dice.random() < 0.5:
            chosen = dice.choice(sorted(self.deleted_activities))
            hands.crm[chosen] = self.deleted_activities.pop(chosen)
            hands.activity(chosen)
            self.post(hands.seen_activity(chosen))
        elif own:
            chosen = dice.choice(sorted(own, key=str))
            hands.events[chosen] = self.deleted_events.pop(chosen)
            hands.event(*chosen)
            self.post(hands.seen_event(*chosen))

    async def write(self):
        """A writer takes what was sent; what it wrote is seen by the readers too."""
        for command in await self.hands.commands():
            outcome = self.hands.outcome_of(command)
            if outcome is None:
                continue
            self.post(outcome)
            if getattr(outcome, "activity", None) is not None:
                self.post(self.hands.seen_activity(outcome.activity.activity_id))
            if getattr(outcome, "event", None) is not None:
                self.post(self.hands.seen_event(outcome.connection_id, outcome.event.event_id))

    def post(self, message):
        if self.dice.random() > 0.15:
            self.in_flight.append(message)

    async def deliver(self):
        """Some messages arrive, in any order; some of them will come again."""
        if not self.in_flight:
            return
        self.dice.shuffle(self.in_flight)
        batch = [self.in_flight.pop() for _ in range(min(3, len(self.in_flight)))]
        await self.hand_over(batch)
        self.in_flight += [one for one in batch if self.dice.random() < 0.2]

    async def hand_over(self, batch):
        await self.hands.tell(*(one for one in batch if not hasattr(one, "link_id")))
        if outcomes := [one for one in batch if hasattr(one, "link_id")]:
            await self.hands.settle(*outcomes)

    async def calm_down(self):
        """Everything is read again and sent again until nothing is written any more."""
        while self.in_flight:
            await self.deliver()
        for _ in range(ROUNDS_MAX):
            before = self.hands.writers.writes
            self.hands.clock.tick(120)
            await self.hands.executor.resend_stale(timedelta(seconds=60))
            await self.hands.carry_out(most=ROUNDS_MAX)
            await self.read_everything()
            await self.hands.carry_out(most=ROUNDS_MAX)
            if self.hands.writers.writes == before:
                return
        raise AssertionError("it never comes to rest")

    async def read_everything(self):
        stored = await self.hands.pool.fetch("SELECT activity_id FROM sync.activities")
        kept = await self.hands.pool.fetch("SELECT connection_id, event_id FROM sync.events")
        activities = {row["activity_id"] for row in stored} | set(self.hands.crm)
        events = {(row["connection_id"], row["event_id"]) for row in kept} | set(self.hands.events)
        await self.hands.tell(
            *(self.hands.seen_activity(one) for one in sorted(activities)),
            *(self.hands.seen_event(*one) for one in sorted(events, key=str)),
        )


def both_sides(hands, connection_id):
    activities = sorted(
        (one.subject, one.location, one.due_date, one.due_time) for one in hands.crm.values()
    )
    events = sorted(
        (one.title, one.location, one.schedule.start.date(), one.schedule.start.time())
        for (place, _), one in hands.events.items()
        if place == connection_id
    )
    return activities, events


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("calendars", [1, 2])
async def test_both_sides_come_to_the_same_end(hands, seed, calendars):
    connection_ids = [await hands.connect() for _ in range(calendars)]
    weather = Weather(hands, connection_ids, seed)
    for _ in range(STEPS):
        await weather.step()
    await weather.calm_down()
    for connection_id in connection_ids:
        activities, events = both_sides(hands, connection_id)
        assert activities == events
    pending = await hands.pool.fetchval(
        "SELECT count(*) FROM sync.links WHERE pending_since IS NOT NULL"
    )
    assert pending == 0


async def test_a_batch_told_twice_in_two_transactions_at_once_counts_once(hands):
    connection_id = await hands.connect()
    hands.activity(1)
    batch = [Delivery(hands.seen_activity(1), None), Delivery(hands.seen_activity(1), None)]
    await hands.executor.on_activities(batch)
    await hands.executor.on_activities(batch)
    again = batch[0].body.model_copy(update={"message_id": uuid4()})
    await hands.executor.on_activities([Delivery(again, None)])
    assert [one.kind for one in await hands.carry_out()] == ["create_event"]
    assert len([one for one, _ in hands.events if one == connection_id]) == 1
