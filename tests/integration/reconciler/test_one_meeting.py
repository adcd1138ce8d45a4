"""One meeting in several calendars, edited and deleted in any order, is one meeting in the end.

Besides the weather of messages, connections are paused, and access is lost and given again.
"""

import pytest
from tests.integration.reconciler.test_random_interleavings import STEPS, Weather

from tandem.contracts.connections import ConnectionStatus
from tandem.contracts.outcomes import Rejection


class OneMeeting(Weather):
    """Nothing new is ever entered: what there is comes from the first activity."""

    async def edit_activity(self):
        """The activity is deleted, now and then."""
        if self.hands.crm and self.dice.random() < 0.5:
            chosen = self.dice.choice(sorted(self.hands.crm))
            del self.hands.crm[chosen]
            self.post(self.hands.seen_activity(chosen))

    async def edit_event(self):
        if self.hands.events:
            place, event_id = self.dice.choice(sorted(self.hands.events, key=str))
            field = self.dice.choice(["title", "location"])
            self.hands.event(place, event_id, **{field: f"{field} {self.dice.randint(0, 99)}"})
            self.post(self.hands.seen_event(place, event_id))

    async def restore(self):
        """A connection is paused, or goes on, with access to all again."""
        await self.go_on(self.dice.choice(self.connection_ids), paused=self.dice.random() < 0.4)

    async def write(self):
        """As ever, but access may be lost."""
        if self.dice.random() < 0.8:
            await super().write()
            return
        for command in await self.hands.commands():
            self.post(self.hands.rejected(command, Rejection.AUTH_LOST))

    async def go_on(self, connection_id, *, paused):
        await self.hands.change(connection_id, status=ConnectionStatus.RECONNECT_NEEDED)
        await self.hands.change(connection_id, paused=paused)

    async def calm_down(self):
        while self.in_flight:
            await self.deliver()
        for one in self.connection_ids:
            await self.go_on(one, paused=False)
        await super().calm_down()


@pytest.mark.rule("4.10")
@pytest.mark.rule("7.4")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("calendars", [2, 3])
async def test_one_meeting_is_one_in_the_end(hands, seed, calendars):
    connection_ids = [await hands.connect() for _ in range(calendars)]
    await hands.tell_activity(1)
    await hands.carry_out()
    weather = OneMeeting(hands, connection_ids, seed)
    for _ in range(STEPS):
        await weather.step()
    await weather.calm_down()
    activities = [(one.subject, one.location) for one in hands.crm.values()]
    events = [(one.title, one.location) for one in hands.events.values()]
    assert len(activities) <= 1
    assert events == activities * calendars
    assert sorted({place for place, _ in hands.events}) == sorted(connection_ids * len(activities))
    assert not await hands.pool.fetch("SELECT FROM sync.deferred")
