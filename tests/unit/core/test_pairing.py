"""Which unlinked items are one meeting, and what a pair agreed on that a backup has forgotten."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.scenes import NOW, SOON, activity, event, hour, policy

from reconciler.core.both import plan_both
from reconciler.core.model import Link
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.pairing import Unlinked, edited_meetings, forgotten_base, same_meetings
from tandem.contracts.meetings import Side

LATER = SOON + timedelta(hours=3)
EARLIER_EDIT, LATER_EDIT = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)


def unlinked(item_id, title="Talk", start=SOON, *, wanting=True):
    return Unlinked(item_id, title, hour(start), wanting)


def test_meetings_alike_are_paired_in_order_of_id():
    activities = [unlinked(3), unlinked(1), unlinked(2, "Other")]
    events = [unlinked("b"), unlinked("c"), unlinked("a")]
    assert same_meetings(activities, events) == [(1, "a"), (3, "b")]


def test_title_or_time_alone_is_no_same_meeting():
    assert same_meetings([unlinked(1)], [unlinked("a", "Other"), unlinked("b", start=LATER)]) == []


def test_title_alone_tells_an_edited_meeting_before_time_alone_does():
    activities = [unlinked(1, "Moved"), unlinked(2, "Was renamed", LATER)]
    events = [unlinked("a", "Moved", LATER), unlinked("b", "Renamed", LATER)]
    assert edited_meetings(activities, events) == [(1, "a"), (2, "b")]


def test_where_there_is_a_choice_nothing_is_paired():
    other = SOON + timedelta(days=1)
    assert edited_meetings([unlinked(1)], [unlinked("a", "X"), unlinked("b", "Y")]) == []
    assert edited_meetings([unlinked(1), unlinked(2)], [unlinked("a", start=LATER)]) == []
    assert edited_meetings([unlinked(1)], [unlinked("a", "X", other)]) == []


def test_what_is_not_wanting_is_paired_with_nothing():
    mine = unlinked("a", start=LATER, wanting=False)
    assert edited_meetings([unlinked(1)], [mine]) == []
    assert edited_meetings([unlinked(1, wanting=False)], [unlinked("a", start=LATER)]) == []


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 2), st.booleans())),
    st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 2), st.booleans())),
)
def test_no_item_is_paired_twice(activities, events):
    of_crm = [
        unlinked(number, title, SOON + timedelta(days=day), wanting=wanting)
        for number, (title, day, wanting) in enumerate(activities)
    ]
    of_calendar = [
        unlinked(str(number), title, SOON + timedelta(days=day), wanting=wanting)
        for number, (title, day, wanting) in enumerate(events)
    ]
    for pairs in (same_meetings(of_crm, of_calendar), edited_meetings(of_crm, of_calendar)):
        for ids in zip(*pairs, strict=True):
            assert len(ids) == len(set(ids))


def planned(a, e):
    """What is written of a pair whose base was forgotten."""
    rules = policy()
    shown = meeting_of_activity(a, rules)
    assert shown is not None
    base = forgotten_base(a, e, shown, meeting_of_event(e, rules))
    link = Link(link_id=None, origin=Side.CRM, activity_id=1, event_id="e1", base=base)
    decided = plan_both(link, a, e, policy=rules, now=NOW)
    return {(write.side.value, *sorted(write.fields)) for write in decided.writes}


def test_a_forgotten_pair_that_agrees_is_not_written():
    assert planned(activity(), event()) == set()


def test_of_a_forgotten_pair_the_later_edit_wins():
    older_a, newer_a = activity(updated_at=EARLIER_EDIT), activity(updated_at=LATER_EDIT)
    changed = {"title": "Renamed", "schedule": hour(LATER)}
    older_e = event(updated_at=EARLIER_EDIT, **changed)
    newer_e = event(updated_at=LATER_EDIT, **changed)
    assert planned(older_a, newer_e) == {("crm", "schedule", "title")}
    assert planned(newer_a, older_e) == {("calendar", "schedule", "title")}


def test_what_an_event_was_written_without_is_no_edit_of_a_forgotten_pair():
    spaced = event(updated_at=LATER_EDIT, description=" Agenda \n", attendees=())
    assert planned(activity(updated_at=EARLIER_EDIT), spaced) == set()


def test_a_longer_event_than_an_activity_can_show_is_no_edit_of_a_forgotten_pair():
    long = event(schedule=hour(minutes=3000))
    shown = activity(duration_minutes=23 * 60 + 59, updated_at=LATER_EDIT)
    assert planned(shown, long) == set()
