"""One pair through any life: edited on both sides, deleted, under rules that change, in any order.

Between two rests anything may happen to either side. Then it is planned and written, again and
again, the writes of one plan in any order, until nothing is to be written.
"""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.property.edits import (
    any_edits_a,
    any_edits_e,
    edit_activity,
    edit_event,
    linked_worlds,
    rules,
)
from tests.property.world import World

from reconciler.core.changes import has_other_default, shown_event
from reconciler.core.model import Fields, Gone, LinkState
from reconciler.core.normalize import as_activity_shows, meeting_of_activity
from reconciler.core.policy import is_declined, no_longer_eligible, starts_in_past
from reconciler.core.reasons import Reason
from reconciler.core.text import single_line
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import Direction
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side

sides = st.sampled_from(list(Side))
DAY_S = 86_400.0


def _has_ended(life: "Life") -> bool:
    link = life.world.link
    return link is None or link.state is LinkState.DISSOLVED


def _left_apart(
    world: World, pair: tuple[ActivitySnapshot, EventSnapshot], wanted: Meeting
) -> Fields:
    """Fields in which both sides differ although they are at rest.

    A new default duration is shown only ahead, and only where the old one is. A conference link
    stands in for a location in the activity, unless the user took it out there. Guests of an event
    that may not be carried stay through an edit of the activity's.
    """
    assert world.link is not None
    (activity, event), base = pair, world.link.base
    apart: set[MeetingField] = set()
    if base is not None and has_other_default(base, activity, wanted):
        over = starts_in_past(wanted.schedule, world.rules, world.now)
        if over or base.event.schedule != base.activity.schedule:
            apart.add(MeetingField.SCHEDULE)
    if event.conference_url and single_line(event.location) == wanted.location:
        apart.add(MeetingField.LOCATION)
    if base is not None and base.activity.guests != base.event.guests:
        apart.add(MeetingField.GUESTS)
    return frozenset(apart)


linked = precondition(lambda life: not _has_ended(life))
ended = precondition(_has_ended)


class Life(RuleBasedStateMachine):
    """A pair of a world, which begins anew where its link has ended."""

    world: World

    @initialize(world=linked_worlds())
    def begin(self, world: World) -> None:
        self.world = world

    @ended
    @rule(world=linked_worlds())
    def begin_anew(self, world: World) -> None:
        self.world = world

    @linked
    @rule(edit_a=any_edits_a, edit_e=any_edits_e)
    def edit_both_sides(self, edit_a: dict[str, Any], edit_e: dict[str, Any]) -> None:
        edit_activity(self.world, edit_a)
        edit_event(self.world, edit_e)

    @linked
    @rule(side=sides)
    def delete(self, side: Side) -> None:
        if side is Side.CRM:
            self.world.activity = Gone(self.world.tick())
        else:
            self.world.event = Gone(self.world.tick())

    @linked
    @rule(chosen=rules)
    def choose_other_rules(self, chosen: Any) -> None:
        self.world.rules = chosen

    @linked
    @rule(days=st.sampled_from([0.1, 1.5, 10.0]))
    def wait(self, days: float) -> None:
        self.world.tick(days * DAY_S)

    @linked
    @rule(edit_a=any_edits_a, edit_e=any_edits_e, first=sides)
    def come_to_rest_while_somebody_edits(
        self, edit_a: dict[str, Any], edit_e: dict[str, Any], first: Side
    ) -> None:
        self.world.meanwhile = lambda: self.edit_both_sides(edit_a, edit_e)
        self.world.first = first
        self.world.settle()
        self.world.meanwhile = None

    @linked
    @rule(
        edit_a=any_edits_a,
        edit_e=any_edits_e,
        gone=st.sets(sides, max_size=1) | st.just(frozenset[Side]()),
    )
    def come_to_rest_after_edits(
        self, edit_a: dict[str, Any], edit_e: dict[str, Any], gone: set[Side]
    ) -> None:
        self.edit_both_sides(edit_a, edit_e)
        for side in gone:
            self.delete(side)
        self.come_to_rest()

    @linked
    @rule()
    def come_to_rest(self) -> None:
        """In at most three rounds, and to the same in whatever order the writes succeed."""
        before, other = deepcopy(self.world), deepcopy(self.world)
        other.first = before.first.other
        before.writes.clear()
        self.world.writes.clear()
        self.world.settle()
        other.writes.clear()
        other.settle()
        assert _held(self.world) == _held(other), "the order of writes does not matter"
        self._only_what_was_to_be_written(before)
        self._both_sides_agree_or_it_is_told_why_not()
        self._nothing_more_is_planned()
        if _has_ended(self):
            assert [left.writes for left in self.world.leftovers()] == [(), ()]

    def _only_what_was_to_be_written(self, before: World) -> None:
        """No deletion without a word for it, and from the calendar what one-way lets through."""
        writes, link = self.world.writes, before.link
        assert link is not None
        activity, event = before.activity, before.event
        if writes["crm", "delete"]:
            declined = isinstance(event, EventSnapshot) and is_declined(link, event)
            assert declined or isinstance(event, Gone)
        if writes["calendar", "delete"]:
            left = isinstance(activity, ActivitySnapshot) and no_longer_eligible(
                link, activity, before.rules
            )
            assert left or isinstance(activity, Gone)
        if before.rules.settings.direction is Direction.ONE_WAY:
            assert not writes["crm", "create"]
            if link.origin is Side.CALENDAR:
                assert not [verb for side, verb in writes if side == "crm"]

    def _both_sides_agree_or_it_is_told_why_not(self) -> None:
        world = self.world
        link, activity, event = world.link, world.activity, world.event
        assert link is not None
        if _has_ended(self):
            both_gone = isinstance(activity, Gone) and isinstance(event, Gone)
            assert both_gone or link.reason is not Reason.DELETED
            if link.reason is Reason.ONE_WAY:
                assert world.rules.settings.direction is Direction.ONE_WAY
            if link.reason is Reason.NOT_ORGANIZER:
                assert isinstance(event, EventSnapshot)
                assert not event.is_organizer
        elif world.plan().reason is Reason.NO_CHANGE:
            assert isinstance(activity, ActivitySnapshot)
            assert isinstance(event, EventSnapshot)
            shown = shown_event(link, event, world.rules, activity_type=activity.type)
            wanted = meeting_of_activity(activity, world.rules)
            assert wanted is not None
            apart = as_activity_shows(shown).changed_fields(wanted)
            assert apart <= _left_apart(world, (activity, event), wanted)

    def _nothing_more_is_planned(self) -> None:
        """What has come to rest stays so, and what comes back from a provider is no change."""
        at_rest = deepcopy(self.world)
        assert self.world.settle() == 0
        assert _held(self.world) == _held(at_rest)
        assert self.world.link == at_rest.link
        for _ in range(2):
            decided = self.world.plan()
            assert (decided.link, decided.writes, decided.entries) == (None, (), ())


def _held(world: World) -> tuple[Any, ...]:
    """The link, and what the providers hold but for the moments of it."""
    items = [
        Gone if isinstance(item, Gone) else item.model_dump(exclude={"updated_at"})
        for item in (world.activity, world.event)
        if item is not None
    ]
    return (world.link, *items)


@pytest.mark.rule("4.3")
@pytest.mark.rule("4.17")
@pytest.mark.rule("4.20")
def test_a_pair_comes_to_rest_whatever_its_life_brings():
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=300,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
