"""Whatever is done to an occurrence, the calendar stays as its owner left it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.edits import (
    any_edits_a,
    any_edits_e,
    edit_activity,
    edit_event,
    field_edits_a,
    field_edits_e,
    linked_worlds,
    rules,
)
from tests.unit.core.scenes import SOON, with_settings

from reconciler.core.changes import shown_event
from reconciler.core.model import Gone, LinkState
from reconciler.core.normalize import as_activity_shows, meeting_of_activity
from reconciler.core.reasons import Reason
from tandem.contracts.connections import Direction, PrivateEvents
from tandem.contracts.events import EventSnapshot, Series
from tandem.contracts.meetings import Side

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SERIES = Series(series_id="s", original_start=SOON)
open_two_way = rules.map(
    lambda one: with_settings(
        one, direction=Direction.TWO_WAY, private_events=PrivateEvents.FULL, synced_types=None
    )
)


@st.composite
def occurrences(draw, with_rules=rules):
    """A settled pair whose event belongs to a series."""
    world = draw(linked_worlds(with_rules))
    if isinstance(world.event, EventSnapshot):
        world.event = world.event.model_copy(update={"series": SERIES})
    world.settle()
    world.writes.clear()
    return world


@BOUNDED
@given(occurrences(), any_edits_a, any_edits_e, st.sets(st.sampled_from(list(Side))), rules)
def test_nothing_is_ever_written_to_a_living_occurrence(world, edit_a, edit_e, gone, rules_now):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    if Side.CRM in gone:
        world.activity = Gone(world.tick())
    was = world.event
    stays = world.link is not None and world.link.origin is Side.CALENDAR
    world.rules = rules_now
    world.settle()
    assert world.writes["calendar", "update"] == 0
    if stays:
        assert world.event == was
    assert world.settle() == 0, "what has settled plans nothing"


@BOUNDED
@given(occurrences(open_two_way), field_edits_a, field_edits_e)
def test_the_activity_shows_what_the_event_shows_in_the_end(world, edit_a, edit_e):
    edit_activity(world, edit_a)
    edit_event(world, edit_e)
    base = world.link.base
    written = world.settle()
    assert written <= 2
    if world.link.state is not LinkState.ACTIVE or world.plan().reason is Reason.PAST:
        return
    if not isinstance(world.event, EventSnapshot) or isinstance(world.activity, Gone):
        return
    shown_a = meeting_of_activity(world.activity, world.rules)
    wanted = as_activity_shows(shown_event(world.link, world.event, world.rules))
    changed = base.activity.changed_fields(shown_a) if shown_a else frozenset()
    for field in changed:
        assert getattr(shown_a, field) == getattr(wanted, field)


@pytest.mark.rule("6.7")
@BOUNDED
@given(occurrences(), field_edits_e)
def test_a_deleted_activity_leaves_its_occurrence_and_does_not_come_back(world, edit_e):
    edit_event(world, edit_e)
    was = world.event
    if not isinstance(was, EventSnapshot) or world.link.state != "active":
        return
    world.activity = Gone(world.tick())
    world.settle()
    assert world.event == was
    assert world.link.state is LinkState.DISSOLVED
    assert [left.writes for left in world.leftovers()] == [(), ()]
