"""Whatever is edited on either side, both sides come to rest, and nothing is lost on the way."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.property.agreement import assert_both_agree
from tests.property.edits import (
    activity_field_edits,
    any_edits_a,
    any_edits_e,
    edit_activity,
    edit_event,
    event_field_edits,
    field_edits_a,
    field_edits_e,
    linked_worlds,
    rules,
)
from tests.property.world import World
from tests.unit.core.scenes import with_settings

from reconciler.core.model import Gone, LinkState
from reconciler.core.normalize import meeting_of_activity
from reconciler.core.reasons import Reason
from tandem.contracts.connections import ConflictWinner, Direction
from tandem.contracts.meetings import MeetingField, Side

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Edit = dict[str, Any]
two_way = rules.map(lambda one: with_settings(one, direction=Direction.TWO_WAY))
one_way = rules.map(lambda one: with_settings(one, direction=Direction.ONE_WAY))


def _delete(world: World, side: Side) -> None:
    if side is Side.CRM:
        world.activity = Gone(world.tick())
    else:
        world.event = Gone(world.tick())


@BOUNDED
@given(linked_worlds(), any_edits_a, any_edits_e, st.sets(st.sampled_from(list(Side))), rules)
def test_both_sides_come_to_rest(world, edit_a, edit_e, deleted, rules_now):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    for side in sorted(deleted):
        _delete(world, side)
    world.rules = rules_now
    world.settle()
    at_rest = deepcopy(world)
    assert world.settle() == 0, "what has settled plans nothing"
    assert (world.link, world.activity, world.event) == (
        at_rest.link,
        at_rest.activity,
        at_rest.event,
    )
    if world.link is not None and world.link.state is LinkState.DISSOLVED:
        assert [left.writes for left in world.leftovers()] == [(), ()]


@pytest.mark.rule("4.3")
@BOUNDED
@given(linked_worlds(), any_edits_a, any_edits_e)
def test_an_echo_of_our_own_write_plans_nothing(world, edit_a, edit_e):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    world.settle()
    for _ in range(2):
        decided = world.plan()
        assert (decided.link, decided.writes, decided.entries) == (None, (), ())


@BOUNDED
@given(linked_worlds(two_way), field_edits_a, field_edits_e)
def test_both_sides_agree_in_the_end(world, edit_a, edit_e):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    world.settle()
    assert world.living
    assert_both_agree(world)


@BOUNDED
@given(linked_worlds(), any_edits_a, any_edits_e)
def test_the_order_in_which_writes_succeed_does_not_matter(world, edit_a, edit_e):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    other = deepcopy(world)
    other.first = world.first.other
    world.settle()
    other.settle()
    assert world.writes == other.writes
    assert world.link == other.link
    for here, there in ((world.activity, other.activity), (world.event, other.event)):
        if isinstance(here, Gone):
            assert isinstance(there, Gone)
        else:
            assert here is not None
            assert here.model_dump(exclude={"updated_at"}) == there.model_dump(
                exclude={"updated_at"}
            )


@pytest.mark.rule("4.20")
@BOUNDED
@given(linked_worlds(), activity_field_edits)
def test_one_edit_of_the_activity_is_at_most_one_write_of_the_event(world, edit):
    edit_activity(world, edit)
    assert world.settle() <= 1
    assert sum(world.writes.values()) == world.writes["calendar", "update"] <= 1


@pytest.mark.rule("4.20")
@BOUNDED
@given(linked_worlds(), event_field_edits)
def test_one_edit_of_the_event_is_at_most_one_write_of_the_activity(world, edit):
    edit_event(world, edit)
    assert world.settle() <= 1
    assert sum(world.writes.values()) == world.writes["crm", "update"] <= 1


@pytest.mark.rule("4.17")
@BOUNDED
@given(linked_worlds(), field_edits_a, field_edits_e, rules)
def test_nothing_is_deleted_or_made_without_the_word_of_a_provider(
    world, edit_a, edit_e, rules_now
):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    world.rules = rules_now
    world.settle()
    assert {verb for _, verb in world.writes} <= {"update"}


@BOUNDED
@given(linked_worlds(one_way), any_edits_e, st.booleans())
def test_one_way_never_writes_pipedrive_for_an_event_that_came_from_the_calendar(
    world, edit_e, deleted
):
    assume(world.link is not None and world.link.origin is Side.CALENDAR)
    edit_event(world, edit_e)
    if deleted:
        _delete(world, Side.CALENDAR)
    world.settle()
    assert not [side for side, _ in world.writes if side == "crm"]


OF_ACTIVITY = {
    MeetingField.TITLE: {"subject": "From Pipedrive"},
    MeetingField.DESCRIPTION: {"public_description": "From Pipedrive"},
    MeetingField.LOCATION: {"location": "From Pipedrive"},
}
OF_EVENT = {
    MeetingField.TITLE: {"title": "From the calendar"},
    MeetingField.DESCRIPTION: {"description": "From the calendar"},
    MeetingField.LOCATION: {"location": "From the calendar"},
}
fields = st.sampled_from(list(OF_ACTIVITY))


@pytest.mark.rule("4.6")
@BOUNDED
@given(linked_worlds(two_way), fields, fields)
def test_two_way_keeps_both_edits_of_different_fields(world, field_a, field_e):
    assume(field_a is not field_e)
    edit_activity(world, OF_ACTIVITY[field_a])
    edit_event(world, OF_EVENT[field_e])
    world.settle()
    shown = meeting_of_activity(world.activity, world.rules)
    assert getattr(shown, field_a) == "From Pipedrive"
    assert getattr(shown, field_e) == "From the calendar"
    assert_both_agree(world)


@BOUNDED
@given(linked_worlds(two_way), field_edits_e, field_edits_a)
def test_an_edit_beats_a_deletion_on_either_side(world, edit_e, edit_a):
    for side, edit, fields_of in (
        (Side.CRM, edit_e, edit_event),
        (Side.CALENDAR, edit_a, edit_activity),
    ):
        here = deepcopy(world)
        before = here.plan()
        fields_of(here, edit)
        edited = bool(here.plan().writes) and not before.writes
        _delete(here, side)
        here.settle()
        survivor = here.event if side is Side.CRM else here.activity
        if edited:
            assert not isinstance(survivor, Gone)


@BOUNDED
@given(linked_worlds(two_way), field_edits_a, field_edits_e, fields, st.sampled_from(list(Side)))
def test_an_edit_made_while_a_write_is_under_way_is_not_lost(world, edit_a, edit_e, late, side):
    world.rules = with_settings(
        world.rules,
        conflict_winner=ConflictWinner.CRM if side is Side.CRM else ConflictWinner.CALENDAR,
    )
    # What lies in the past is not carried; that has a test of its own.
    edit_activity(world, {name: edit_a[name] for name in edit_a if name != "due_date"})
    edit_event(world, {name: edit_e[name] for name in edit_e if name != "schedule"})

    def edit_late() -> None:
        if side is Side.CRM:
            edit_activity(world, OF_ACTIVITY[late])
        else:
            edit_event(world, OF_EVENT[late])

    world.meanwhile = edit_late
    world.settle()
    assume(world.meanwhile is None)
    wanted = "From Pipedrive" if side is Side.CRM else "From the calendar"
    shown = meeting_of_activity(world.activity, world.rules)
    assert getattr(shown, late) == wanted
    assert world.plan().reason is Reason.NO_CHANGE
    assert_both_agree(world)


@BOUNDED
@given(linked_worlds(two_way), field_edits_a, field_edits_e, st.sampled_from(list(Side)))
def test_a_deletion_takes_the_other_side_along_once_edits_are_carried(world, edit_a, edit_e, side):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    world.settle()
    assume(world.plan().reason is Reason.NO_CHANGE)
    world.writes.clear()
    _delete(world, side)
    world.settle()
    assert isinstance(world.activity, Gone)
    assert isinstance(world.event, Gone)
    assert sum(world.writes.values()) == 1
