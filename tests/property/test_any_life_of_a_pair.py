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
from tests.property.agreement import assert_both_agree
from tests.property.edits import (
    any_edits_a,
    any_edits_e,
    edit_activity,
    edit_event,
    linked_worlds,
    rules,
)
from tests.property.world import World

from reconciler.core.model import Gone, LinkState
from reconciler.core.policy import is_declined, no_longer_eligible
from reconciler.core.reasons import Reason
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import Direction
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side

sides = st.sampled_from(list(Side))
DAY_S = 86_400.0


def _has_ended(life: "Life") -> bool:
    link = life.world.link
    return link is None or link.state is LinkState.DISSOLVED


def _why_it_stays(world: World, deleted: Side) -> Reason | None:
    """Why the other side of a pair that agrees outlives a deletion; None where it goes along."""
    link, activity, event = world.link, world.activity, world.event
    assert link is not None
    assert isinstance(activity, ActivitySnapshot)
    assert isinstance(event, EventSnapshot)
    theirs = link.origin is Side.CALENDAR
    if deleted is Side.CRM:
        return Reason.NOT_ORGANIZER if theirs and not event.is_organizer else None
    if activity.done:
        return Reason.DONE_KEPT
    return Reason.ONE_WAY if theirs and not world.rules.two_way else None


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

    @linked
    @rule(side=sides)
    def come_to_rest_and_delete_one_side(self, side: Side) -> None:
        """What both sides agreed on, however long ago, is no edit that beats a deletion."""
        self.come_to_rest()
        if not self.world.living or self.world.plan().reason is not Reason.NO_CHANGE:
            return
        stays = _why_it_stays(self.world, side)
        self.delete(side)
        self.come_to_rest()
        left = (self.world.activity, self.world.event)
        assert self.world.link is not None
        assert self.world.link.state is LinkState.DISSOLVED
        if stays is None:
            assert all(isinstance(item, Gone) for item in left)
        else:
            assert self.world.link.reason is stays

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
        elif isinstance(activity, ActivitySnapshot) and isinstance(event, EventSnapshot):
            assert_both_agree(world)
        else:
            self._our_event_stays_with_its_unticked_type()

    def _our_event_stays_with_its_unticked_type(self) -> None:
        """The only link that goes on with one side."""
        world, link = self.world, self.world.link
        assert link is not None
        assert (link.origin, link.reason) == (Side.CRM, Reason.TYPE_NOT_SYNCED)
        assert isinstance(world.event, EventSnapshot)
        assert link.activity_type not in (world.rules.settings.synced_types or ())

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
