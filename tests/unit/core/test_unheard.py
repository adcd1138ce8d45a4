"""Links whose create failed, perhaps only after it was done, and the items that turn up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    LINK_ID,
    NOW,
    activity,
    decide,
    decide_alone,
    event,
    gone,
    linked,
    policy,
)

from reconciler.core.model import LinkState, Observed, Verb
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.transitions import dissolve, event_written, write_failed
from reconciler.core.unheard import (
    ALIKE,
    EXACT,
    attempted,
    likeness,
    maker_of,
    side_in_doubt,
    taken_up,
)
from tandem.contracts.activities import DealContact
from tandem.contracts.meetings import Side

MINUTE = timedelta(minutes=1)


def in_doubt(item, side, **rules):
    """A link whose create of a side failed between a minute ago and now."""
    begun = replace(decide_alone(item, rules=policy(**rules)).link, link_id=LINK_ID)
    return write_failed(attempted(begun, side, since=NOW - MINUTE, until=NOW), side)


def ended(item, side, reason=Reason.DONE):
    return dissolve(in_doubt(item, side), reason).link


def ours(**fields):
    return event(link_mark=str(LINK_ID), **fields)


def in_doubt_of_update(shown_activity, shown_event):
    """A link whose one write after an edit may have been done; access was lost with its answer."""
    begun = decide(linked(Side.CRM), shown_activity, shown_event).link
    side = Side.CRM if begun.pending_activity else Side.CALENDAR
    return write_failed(attempted(begun, side, since=NOW - MINUTE, until=NOW), side)


def heard(link, *, doubled=False, **items):
    return plan(Observed(link=link, doubled=doubled, **items), policy=policy(), now=NOW)


@pytest.mark.parametrize("living", [True, False])
def test_an_event_with_the_mark_of_a_link_in_doubt_is_its_own(living):
    link = in_doubt(activity(), Side.CALENDAR) if living else ended(activity(), Side.CALENDAR)
    decided = heard(link, event=ours(title="Edited"))
    assert decided.link is not None
    assert (decided.reason, decided.writes) == (Reason.MATCHED, ())
    assert (decided.link.state, decided.link.event_id) == (LinkState.ACTIVE, "e1")
    (write,) = decide(decided.link, activity(subject="Talk"), ours(title="Edited")).writes
    assert (write.side, write.fields) == (Side.CRM, {"title"})


def test_an_activity_as_it_was_to_be_made_is_its_links_own():
    decided = heard(ended(event(), Side.CRM), activity=activity(added_at=NOW))
    assert decided.link is not None
    assert (decided.link.state, decided.link.activity_id) == (LinkState.ACTIVE, 1)


@pytest.mark.parametrize(
    ("side", "item", "items"),
    [
        (Side.CALENDAR, activity(), {"event": ours()}),
        (Side.CRM, event(), {"activity": activity(added_at=NOW)}),
    ],
    ids=["event", "activity"],
)
def test_one_too_many_is_deleted_and_its_link_stays_ended(side, item, items):
    decided = heard(ended(item, side), doubled=True, **items)
    assert decided.link is not None
    ((write),) = decided.writes
    assert (write.side, write.verb, decided.reason) == (side, Verb.DELETE, Reason.SUPPRESSED)
    assert decided.link.state is LinkState.DISSOLVED


@pytest.mark.parametrize("edit", [{"subject": "Mine"}, {"type": "call"}, {"duration_minutes": 45}])
def test_one_that_was_edited_in_one_of_three_is_it_where_that_leaves_no_choice(edit):
    link = ended(event(), Side.CRM, Reason.DELETED)
    edited = activity(**edit, added_at=NOW, updated_at=NOW + MINUTE)
    untouched = activity(**edit, added_at=NOW, updated_at=NOW)
    assert likeness(link, edited, policy()) == ALIKE
    assert maker_of([link], edited, policy()) == link
    assert maker_of([link, link], edited, policy()) is None
    assert maker_of([link], untouched, policy()) is None
    as_it_was = activity(added_at=NOW)
    assert maker_of([link, replace(link, generation=7)], as_it_was, policy()) == link


@pytest.mark.parametrize(
    "edit",
    [
        {"subject": "Mine", "duration_minutes": 45},
        {"owner_id": 71},
        {"due_date": None, "due_time": None},
        {"added_at": NOW - timedelta(minutes=4)},
        {"added_at": NOW + timedelta(minutes=3)},
    ],
)
def test_any_other_activity_is_not(edit):
    link = ended(event(), Side.CRM, Reason.DELETED)
    assert likeness(link, activity(added_at=NOW), policy()) == EXACT
    other = activity(**({"added_at": NOW} | edit))
    assert not likeness(link, other, policy())
    assert heard(link, activity=other).reason is not Reason.MATCHED


def test_a_link_is_not_in_doubt_about_what_is_elsewhere_or_to_stay_away():
    link = ended(activity(), Side.CALENDAR)
    assert side_in_doubt(link) is Side.CALENDAR
    assert side_in_doubt(replace(link, reason=Reason.CALENDAR_CHANGED)) is None
    assert side_in_doubt(replace(link, suppress=frozenset({Side.CRM}))) is None
    assert side_in_doubt(replace(link, event_id="e1")) is None
    assert side_in_doubt(replace(link, attempted=None)) is None
    again = decide_alone(activity(), former=link).link
    assert again is not None
    assert side_in_doubt(again) is None
    assert taken_up(link, Side.CRM) is None


def test_another_create_is_asked_for_by_the_same_name():
    link = ended(activity(), Side.CALENDAR)
    again = decide_alone(activity(), former=link).link
    assert again is not None
    assert (again.link_id, again.generation) == (LINK_ID, link.generation)
    assert again.revision > link.revision


def test_the_first_try_is_kept_with_the_latest_and_how_long_they_may_have_been_done():
    link = in_doubt(activity(), Side.CALENDAR)
    for minute in range(20):
        again = decide(link, activity(subject=f"Try {minute}"), None).link
        until = NOW + minute * MINUTE
        known = attempted(again, Side.CALENDAR, since=until, until=until)
        link = write_failed(known, Side.CALENDAR)
    assert link.attempted is not None
    assert (link.attempted.since, link.attempted.until) == (NOW - MINUTE, NOW + 19 * MINUTE)
    titles = [one.after.title for one in link.attempted.writes]
    assert titles == ["Talk", *(f"Try {number}" for number in range(15, 20))]


def test_what_was_found_is_of_the_try_that_made_it():
    link = in_doubt(activity(), Side.CALENDAR)
    for title in ("Second", "Third"):
        again = decide(link, activity(subject=title, location=title), None).link
        known = attempted(again, Side.CALENDAR, since=NOW, until=NOW)
        link = write_failed(known, Side.CALENDAR)
    decided = heard(link, event=ours(title="Second", location="Elsewhere"))
    found = decide(decided.link, activity(subject="Third", location="Room 4"), None)
    merged = plan(
        Observed(
            link=decided.link,
            activity=activity(subject="Third", location="Room 4"),
            event=ours(title="Second", location="Elsewhere"),
        ),
        policy=policy(),
        now=NOW,
    )
    assert found.writes == ()
    assert {(one.side, one.fields) for one in merged.writes} == {
        (Side.CALENDAR, frozenset({"title"})),
        (Side.CRM, frozenset({"location"})),
    }


def test_updates_in_doubt_are_of_one_side():
    begun = decide(linked(Side.CRM), activity(subject="A"), event(location="B")).link
    one = attempted(begun, Side.CRM, since=NOW, until=NOW)
    other = attempted(one, Side.CALENDAR, since=NOW, until=NOW)
    assert other.attempted is not None
    assert other.attempted.side is Side.CALENDAR
    assert other.attempted.writes == (begun.pending_event,)
    assert side_in_doubt(write_failed(write_failed(other, Side.CRM), Side.CALENDAR)) is None


@pytest.mark.rule("4.11")
@pytest.mark.parametrize("edit", [{}, {"location": "His own"}], ids=["unedited", "edited"])
def test_an_update_of_an_activity_that_nobody_heard_of_does_not_bring_its_event_back(edit):
    link = in_doubt_of_update(activity(), event(title="New"))
    decided = decide(link, activity(subject="New", **edit), gone())
    (write,) = decided.writes
    assert (write.side, write.verb) == (
        (Side.CALENDAR, Verb.CREATE) if edit else (Side.CRM, Verb.DELETE)
    )
    assert [entry.action for entry in decided.entries] == ["updated"]


@pytest.mark.rule("4.9")
@pytest.mark.parametrize("edit", [{}, {"location": "His own"}], ids=["unedited", "edited"])
def test_an_update_of_an_event_that_nobody_heard_of_does_not_bring_its_activity_back(edit):
    link = in_doubt_of_update(activity(subject="New"), event())
    decided = decide(link, gone(), event(title="New", **edit))
    (write,) = decided.writes
    assert (write.side, write.verb) == (
        (Side.CRM, Verb.CREATE) if edit else (Side.CALENDAR, Verb.DELETE)
    )


def test_a_deletion_that_fails_leaves_no_doubt():
    begun = decide(linked(Side.CRM), gone(), event()).link
    assert attempted(begun, Side.CALENDAR, since=NOW, until=NOW) == begun


def test_a_deal_that_has_changed_since_is_shown_in_what_was_found():
    one = activity(deal_contact=DealContact(deal_title="One"))
    two = activity(deal_contact=DealContact(deal_title="Two"))
    rules = policy(include_deal_contact_info=True)
    link = in_doubt(one, Side.CALENDAR, include_deal_contact_info=True)
    again = decide(link, two, None, rules=rules).link
    shown = link.attempted.writes[0].after
    found = event_written(again, "e1", shown, found=True)
    assert "One" in found.block
    (write,) = decide(found, two, ours(), rules=rules).writes
    assert "Two" in write.meeting.description
