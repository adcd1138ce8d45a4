"""Recurring series: the calendar says what an occurrence is, Pipedrive only shows it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    NOW,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    gone,
    hour,
    linked,
    policy,
    writes,
)

from reconciler.core.model import LinkState, Observed, Verb
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.restore import Deed, undo
from reconciler.core.transitions import activity_written
from tandem.contracts.activities import DealContact
from tandem.contracts.events import Attendee, Response, Series
from tandem.contracts.meetings import AllDay, MeetingField, Side

SERIES = Series(series_id="s", original_start=SOON)
DIRECTIONS = ("two_way", "one_way")


def occurrence(start=SOON, **fields):
    return event(start, **{"event_id": "s_1", "series": SERIES, **fields})


def pair_of(**settings):
    """A linked occurrence, and its policy."""
    rules = policy(**settings)
    link = linked(Side.CALENDAR, rules, of_event=occurrence())
    return replace(link, series_id="s"), rules


@pytest.mark.rule("6.1")
def test_an_occurrence_becomes_an_activity_and_its_link_knows_the_series():
    decided = decide_alone(occurrence())
    assert writes(decided) == [("crm", "create")]
    assert decided.link.series_id == "s"


@pytest.mark.rule("2.10")
@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (hour(NOW + timedelta(days=30, hours=-1)), Reason.CREATED),
        (hour(NOW + timedelta(days=30)), Reason.BEYOND_HORIZON),
        (AllDay(first=(NOW + timedelta(days=29)).date()), Reason.CREATED),
        (AllDay(first=(NOW + timedelta(days=30)).date()), Reason.BEYOND_HORIZON),
        (hour(NOW - timedelta(hours=1)), Reason.PAST),
    ],
)
def test_only_occurrences_from_now_to_the_horizon_are_taken(schedule, reason):
    assert decide_alone(occurrence(schedule=schedule), policy(horizon_days=30)).reason is reason


def test_a_single_event_has_no_horizon():
    far = event(schedule=hour(NOW + timedelta(days=3000)))
    assert decide_alone(far, policy(horizon_days=1)).reason is Reason.CREATED


def test_what_lay_beyond_the_horizon_is_taken_once_time_has_come_closer():
    late = occurrence(schedule=hour(NOW + timedelta(days=31)))
    rules = policy(horizon_days=30)
    assert decide_alone(late, rules).reason is Reason.BEYOND_HORIZON
    assert decide_alone(late, rules, now=NOW + timedelta(days=2)).reason is Reason.CREATED


@pytest.mark.rule("6.2")
def test_no_more_occurrences_than_the_limit_are_taken():
    observed = Observed(event=occurrence(), crowded=True)
    decided = plan(observed, policy=policy(), now=NOW)
    assert (decided.reason, decided.link) == (Reason.RECURRING_LIMIT, None)


def test_what_is_not_eligible_says_so_before_it_counts_the_series():
    observed = Observed(event=occurrence(response=Response.DECLINED), crowded=True)
    assert plan(observed, policy=policy(), now=NOW).reason is Reason.DECLINED


@pytest.mark.rule("6.5")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"subject": "Mine"}, MeetingField.TITLE),
        ({"due_date": (SOON + timedelta(days=1)).date()}, MeetingField.SCHEDULE),
        ({"due_time": None, "duration_minutes": None}, MeetingField.SCHEDULE),
        ({"duration_minutes": None}, MeetingField.SCHEDULE),
        ({"public_description": "Mine"}, MeetingField.DESCRIPTION),
        ({"location": "Mine"}, MeetingField.LOCATION),
        ({"busy": False}, MeetingField.BUSY),
        ({"guests": ()}, MeetingField.GUESTS),
    ],
)
def test_an_edit_in_pipedrive_is_put_back(direction, edit, field):
    link, rules = pair_of(direction=direction)
    decided = decide(link, activity(**edit), occurrence(), rules)
    assert (writes(decided), decided.reason) == ([("crm", "update")], Reason.RECURRING_READ_ONLY)
    [write] = decided.writes
    assert field in write.fields
    shown = link.base.activity
    assert [getattr(write.meeting, one) for one in write.fields] == [
        getattr(shown, one) for one in write.fields
    ]


def test_after_an_edit_was_put_back_there_is_nothing_left_to_do():
    link, rules = pair_of()
    put_back = decide(link, activity(subject="Mine"), occurrence(), rules).link
    settled = activity_written(put_back, 1, link.base.activity)
    decided = decide(settled, activity(), occurrence(), rules)
    assert (decided.reason, decided.link) == (Reason.NO_CHANGE, None)


@pytest.mark.parametrize("winner", ["latest", "crm", "calendar"])
def test_the_event_always_wins_over_an_edit_in_pipedrive(winner):
    link, rules = pair_of(conflict_winner=winner)
    mine = activity(subject="Mine", updated_at=NOW)
    decided = decide(link, mine, occurrence(title="Theirs", location="Pier"), rules)
    assert writes(decided) == [("crm", "update")]
    [write] = decided.writes
    assert write.fields == {MeetingField.TITLE, MeetingField.LOCATION}
    assert (write.meeting.title, write.meeting.location) == ("Theirs", "Pier")
    assert decided.entries == ()


def test_an_edit_that_says_what_the_event_says_is_agreed():
    link, rules = pair_of()
    decided = decide(link, activity(subject="Both"), occurrence(title="Both"), rules)
    assert decided.writes == ()
    assert decided.link.base.event.title == "Both"


@pytest.mark.rule("6.3")
def test_a_changed_occurrence_changes_its_activity():
    link, rules = pair_of()
    later = SOON + timedelta(hours=3)
    decided = decide(link, activity(), occurrence(schedule=hour(later)), rules)
    assert (writes(decided), decided.reason) == ([("crm", "update")], Reason.UPDATED)
    assert decided.writes[0].meeting.schedule == hour(later)


def test_one_way_carries_no_change_of_an_occurrence():
    link, rules = pair_of(direction="one_way")
    decided = decide(link, activity(), occurrence(title="New"), rules)
    assert (decided.reason, decided.writes) == (Reason.ONE_WAY, ())


@pytest.mark.rule("6.6")
def test_marking_it_done_is_fine():
    link, rules = pair_of()
    decided = decide(link, activity(done=True), occurrence(), rules)
    assert (decided.reason, decided.writes) == (Reason.NO_CHANGE, ())


def test_the_deal_and_contact_block_is_never_written_to_an_occurrence():
    link, rules = pair_of(include_deal_contact_info=True)
    with_deal = activity(deal_contact=DealContact(activity_url="https://x.example/1"))
    decided = decide(link, with_deal, occurrence(), rules)
    assert (decided.reason, decided.writes) == (Reason.NO_CHANGE, ())


@pytest.mark.rule("6.7")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("shown", [occurrence(), occurrence(title="New")])
def test_deleting_it_in_pipedrive_dissolves_the_link_and_suppresses_the_occurrence(
    direction, shown
):
    link, rules = pair_of(direction=direction)
    decided = decide(link, gone(), shown, rules)
    assert (decided.writes, decided.link.state) == ((), LinkState.DISSOLVED)
    again = decide_alone(shown, rules, former=decided.link)
    assert (again.reason, again.link) == (Reason.SUPPRESSED, None)


def test_an_activity_that_is_restored_in_pipedrive_makes_no_second_event():
    link, rules = pair_of()
    ended = decide(link, gone(), occurrence(), rules).link
    assert decide_alone(activity(), rules, former=ended).writes == ()


@pytest.mark.rule("6.3")
@pytest.mark.parametrize("edit", [{}, {"subject": "Mine"}])
def test_a_cancelled_occurrence_deletes_its_activity_even_an_edited_one(edit):
    link, rules = pair_of()
    decided = decide(link, activity(**edit), gone(), rules)
    assert writes(decided) == [("crm", "delete")]


def test_a_done_activity_is_kept_when_its_occurrence_is_cancelled():
    link, rules = pair_of()
    decided = decide(link, activity(done=True), gone(), rules)
    assert (decided.reason, decided.writes) == (Reason.DONE_KEPT, ())


def test_a_single_event_that_came_to_belong_to_a_series_is_read_only_from_then_on():
    rules = policy()
    link = linked(Side.CRM, rules)
    settled = decide(link, activity(), event(series=SERIES), rules).link
    assert settled is not None
    assert settled.series_id == "s"
    decided = decide(settled, activity(subject="Mine"), event(series=SERIES), rules)
    assert decided.reason is Reason.RECURRING_READ_ONLY


def test_an_undo_never_writes_to_an_occurrence():
    link, rules = pair_of()
    for source in Side:
        deed = Deed(
            side=Side.CRM,
            verb=Verb.UPDATE,
            before=link.base.activity.model_copy(update={"title": "Before"}),
            fields=frozenset({MeetingField.TITLE}),
            source=source,
        )
        observed = Observed(link=link, activity=activity(), event=occurrence())
        decided = undo(link, deed, observed, rules, NOW)
        assert (decided.reason, decided.writes) == (Reason.RECURRING_READ_ONLY, ())


def test_a_held_cancellation_that_is_rejected_makes_an_event_that_can_be_edited():
    link, rules = pair_of()
    deed = Deed(
        Side.CRM,
        Verb.DELETE,
        before=link.base.event,
        fields=frozenset(MeetingField),
        source=Side.CALENDAR,
    )
    ended = replace(link, state=LinkState.DISSOLVED)
    decided = undo(ended, deed, Observed(link=ended, activity=gone(), event=gone()), rules, NOW)
    assert writes(decided) == [("calendar", "create")]
    assert decided.link is not None
    assert decided.link.series_id is None


def test_a_guest_added_to_an_occurrence_reaches_its_activity():
    link, rules = pair_of()
    more = (Attendee(email="guest@elsewhere.example"), Attendee(email="new@elsewhere.example"))
    decided = decide(link, activity(), occurrence(attendees=more), rules)
    assert decided.writes[0].meeting.guests == {
        "guest@elsewhere.example",
        "new@elsewhere.example",
    }
