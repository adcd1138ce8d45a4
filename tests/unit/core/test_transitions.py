"""Steps of a link: what a success, a failure and an end leave behind."""

import pytest
from tests.unit.core.scenes import (
    activity,
    decide,
    decide_alone,
    event,
    gone,
    hour,
    linked,
    policy,
)

from reconciler.core.model import LinkState
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import (
    activity_written,
    dissolve,
    event_written,
    write_failed,
    write_overtaken,
)
from tandem.contracts.meetings import Side


def shown_a(**fields):
    return meeting_of_activity(activity(**fields), policy())


def shown_e(**fields):
    return meeting_of_event(event(**fields), policy())


def _merging():
    return decide(linked(Side.CRM), activity(subject="A"), event(location="E")).link


def test_the_order_of_two_outcomes_does_not_matter():
    first = event_written(_merging(), "e1", shown_e(title="A", location="E"))
    first = activity_written(first, 1, shown_a(subject="A", location="E"))
    second = activity_written(_merging(), 1, shown_a(subject="A", location="E"))
    second = event_written(second, "e1", shown_e(title="A", location="E"))
    assert first == second
    assert not first.pending


def test_a_success_moves_the_base_only_in_the_fields_that_were_written():
    meanwhile = shown_e(title="A", location="E", description="Meanwhile")
    done = event_written(_merging(), "e1", meanwhile)
    assert done.base is not None
    assert done.base.event.title == "A"
    assert done.base.event.description == "Agenda"


@pytest.mark.rule("4.20")
def test_what_a_provider_rewrites_becomes_the_base():
    begun = decide(linked(Side.CRM), activity(subject="a  b"), event()).link
    done = event_written(begun, "e1", shown_e(title="A B!"))
    assert decide(done, activity(subject="a  b"), event(title="A B!")).writes == ()


def test_a_write_whose_answer_shows_no_meeting_counts_as_it_was_asked_for():
    begun = decide_alone(event()).link
    done = activity_written(begun, 9, None)
    assert (done.state, done.activity_id) == (LinkState.ACTIVE, 9)
    assert done.base is not None
    assert done.base.activity.title == "Talk"


def test_a_failed_write_leaves_the_link_as_it_was_but_for_its_revision():
    link = linked(Side.CRM)
    begun = decide(link, activity(subject="New"), event()).link
    failed = write_failed(begun, Side.CALENDAR)
    assert failed.revision == link.revision + 1
    assert (failed.base, failed.block, failed.pending) == (link.base, link.block, False)
    again = decide(failed, activity(subject="New"), event())
    assert again.link.pending_event.revision == again.link.revision == link.revision + 2


def test_a_successful_deletion_dissolves_the_link_with_its_reason():
    begun = decide(linked(Side.CRM), gone(), event()).link
    ended = event_written(begun, "e1", None)
    assert (ended.state, ended.reason) == (LinkState.DISSOLVED, Reason.DELETED)


@pytest.mark.parametrize("write", [activity_written, event_written])
def test_an_outcome_that_nobody_waits_for_changes_nothing(write):
    link = linked(Side.CRM)
    assert write(link, link.activity_id if write is activity_written else "e1", None) is link


def test_a_dissolved_link_remembers_whose_item_must_not_come_back():
    ended = dissolve(linked(Side.CALENDAR), Reason.SUPPRESSED, suppress=frozenset({Side.CALENDAR}))
    assert decide_alone(event(), former=ended.link).reason is Reason.SUPPRESSED
    quiet = dissolve(linked(Side.CALENDAR), Reason.DISCONNECTED, tell=False)
    assert quiet.entries == ()
    assert decide_alone(event(), former=quiet.link).writes


def test_an_activity_given_away_says_so_even_when_it_is_seen_again():
    from tests.unit.core.scenes import OTHER

    given = activity(owner_id=OTHER)
    ended = event_written(decide(linked(Side.CRM), given, event()).link, "e1", None)
    assert decide_alone(given, former=ended).reason is Reason.OWNER_CHANGED
    assert decide_alone(activity(), former=ended).writes


# Found again

FOUND_LATER = [
    ({"subject": "Mine"}, {"title"}),
    ({"location": "Elsewhere", "public_description": ""}, {"location", "description"}),
    ({"due_time": None, "duration_minutes": None}, {"schedule"}),
]


@pytest.mark.parametrize(("edit", "fields"), FOUND_LATER, ids=["title", "two fields", "schedule"])
def test_what_was_edited_before_a_create_was_known_is_carried_to_the_event(edit, fields):
    begun = decide_alone(event()).link
    done = activity_written(begun, 1, shown_a(**edit), found=True)
    (write,) = decide(done, activity(**edit), event()).writes
    assert (write.side, write.fields) == (Side.CALENDAR, fields)


def test_what_was_edited_before_a_create_was_known_is_carried_to_the_activity():
    begun = decide_alone(activity()).link
    done = event_written(begun, "e1", shown_e(title="Mine"), found=True)
    (write,) = decide(done, activity(), event(title="Mine")).writes
    assert (write.side, write.fields) == (Side.CRM, {"title"})


@pytest.mark.parametrize("found", [True, False])
def test_what_comes_back_as_it_was_written_is_agreed(found):
    done = activity_written(decide_alone(event()).link, 1, shown_a(), found=found)
    assert decide(done, activity(), event()).writes == ()


def test_what_a_provider_leaves_out_or_adds_is_no_edit_of_what_was_found():
    """A length where there was none, a text that was cut, guests whom it would have mailed."""
    long = activity(location="x" * 900)
    begun = decide_alone(long).link
    done = event_written(begun, "e1", shown_e(location="x" * 500), found=True)
    assert decide(done, long, event(location="x" * 500)).writes == ()
    moment = event(schedule=hour(minutes=0))
    done = activity_written(
        decide_alone(moment).link, 1, shown_a(duration_minutes=None), found=True
    )
    assert decide(done, activity(duration_minutes=None), moment).writes == ()
    begun = decide_alone(activity()).link
    done = event_written(begun, "e1", shown_e(attendees=()), found=True)
    assert decide(done, activity(), event(attendees=())).writes == ()


@pytest.mark.rule("4.8")
def test_what_is_seen_of_an_update_that_came_too_late_is_agreed_and_nothing_else():
    begun = decide(linked(Side.CRM), activity(subject="A", location="B"), event()).link
    overtaken = write_overtaken(begun, Side.CALENDAR, shown_e(title="A", location="C"))
    assert overtaken.base is not None
    assert (overtaken.pending_event, overtaken.base.activity.title) == (None, "A")
    assert (overtaken.base.event.title, overtaken.base.event.location) == ("A", "Room 4")
    unseen = write_overtaken(begun, Side.CALENDAR, shown_e(title="C"))
    assert unseen == write_failed(begun, Side.CALENDAR)
    assert write_overtaken(begun, Side.CALENDAR, None) == unseen


@pytest.mark.rule("4.8")
def test_an_update_of_an_activity_that_came_too_late_is_agreed_in_the_same_way():
    begun = decide(linked(Side.CRM), activity(), event(location="E")).link
    overtaken = write_overtaken(begun, Side.CRM, shown_a(location="E", subject="Mine"))
    assert overtaken.base is not None
    assert overtaken.base.activity.location == overtaken.base.event.location == "E"
    assert overtaken.base.activity.title == "Talk"
