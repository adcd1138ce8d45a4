"""The rulebook's decision table: one test a row, for both directions and both origins."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BOTH,
    LINK_ID,
    LONG_AGO,
    NOW,
    OTHER,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    gone,
    hour,
    linked,
    policy,
    resting,
    writes,
)

from reconciler.core.model import LinkState, Observed, Plan
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.restore import restore
from reconciler.core.transitions import write_failed
from tandem.contracts.events import Response
from tandem.contracts.meetings import MeetingField, Side

DIRECTIONS = ("two_way", "one_way")
every_pair = pytest.mark.parametrize("direction", DIRECTIONS)
every_origin = pytest.mark.parametrize("origin", BOTH)


@pytest.mark.rule("4.1")
@every_pair
def test_an_eligible_activity_without_a_link_creates_an_event(direction):
    decided = decide_alone(activity(), policy(direction=direction))
    assert decided.reason is Reason.CREATED
    assert writes(decided) == [("calendar", "create")]
    assert (decided.link.origin, decided.link.activity_id) == (Side.CRM, 1)


@pytest.mark.rule("4.2")
def test_an_eligible_event_without_a_link_creates_an_activity():
    decided = decide_alone(event())
    assert decided.reason is Reason.CREATED
    assert writes(decided) == [("crm", "create")]
    assert (decided.link.origin, decided.link.event_id) == (Side.CALENDAR, "e1")


@pytest.mark.rule("4.3")
@every_pair
@every_origin
def test_what_is_the_same_on_both_sides_plans_nothing(direction, origin):
    decided = decide(linked(origin), activity(), event(), policy(direction=direction))
    assert (decided.reason, decided.link, decided.writes) == (Reason.NO_CHANGE, None, ())


@pytest.mark.rule("4.4")
@every_pair
@every_origin
def test_a_changed_activity_updates_the_event_in_the_changed_fields_only(direction, origin):
    decided = decide(linked(origin), activity(subject="New"), event(), policy(direction=direction))
    assert writes(decided) == [("calendar", "update")]
    assert decided.writes[0].fields == {MeetingField.TITLE}
    assert decided.writes[0].meeting.title == "New"


@pytest.mark.rule("4.5")
@pytest.mark.parametrize(
    ("direction", "origin"),
    [("two_way", Side.CRM), ("two_way", Side.CALENDAR), ("one_way", Side.CRM)],
)
def test_a_changed_event_updates_the_activity_in_the_changed_fields_only(direction, origin):
    decided = decide(
        linked(origin), activity(), event(location="Pier"), policy(direction=direction)
    )
    assert writes(decided) == [("crm", "update")]
    assert decided.writes[0].fields == {MeetingField.LOCATION}
    assert decided.writes[0].meeting.location == "Pier"


@pytest.mark.rule("2.2", "3.5")
def test_one_way_keeps_edits_of_calendar_born_events_from_pipedrive():
    link = linked(Side.CALENDAR)
    decided = decide(link, activity(), event(title="New"), policy(direction="one_way"))
    assert (decided.reason, decided.writes) == (Reason.ONE_WAY, ())
    again = decide(decided.link or link, activity(), event(title="New"), policy())
    assert writes(again) == [("crm", "update")], "an edit held back is carried once it may be"


@pytest.mark.rule("3.7")
def test_one_way_still_carries_edits_of_the_activity_of_a_calendar_born_event():
    decided = decide(
        linked(Side.CALENDAR),
        activity(subject="From Pipedrive"),
        event(title="From the calendar"),
        policy(direction="one_way"),
    )
    assert writes(decided) == [("calendar", "update")]
    assert decided.entries == ()


@pytest.mark.rule("4.6")
@every_origin
def test_edits_of_other_fields_are_merged_with_one_write_a_side(origin):
    decided = decide(linked(origin), activity(subject="A"), event(location="E"))
    assert sorted(writes(decided)) == [("calendar", "update"), ("crm", "update")]
    to = {write.side: write for write in decided.writes}
    assert to[Side.CALENDAR].fields == {MeetingField.TITLE}
    assert to[Side.CALENDAR].meeting.location == "E"
    assert to[Side.CRM].fields == {MeetingField.LOCATION}
    assert to[Side.CRM].meeting.title == "A"


@pytest.mark.rule("4.7")
@every_origin
def test_the_same_edit_on_both_sides_moves_the_base_without_a_write(origin):
    decided = decide(linked(origin), activity(subject="Same"), event(title="Same"))
    assert (decided.reason, decided.writes) == (Reason.NO_CHANGE, ())
    assert decided.link.base.activity.title == decided.link.base.event.title == "Same"
    assert decide(decided.link, activity(subject="Same"), event(title="Same")).link is None


@pytest.mark.rule("2.9", "4.8")
@pytest.mark.parametrize(
    ("winner", "activity_later_s", "expected"),
    [
        ("latest", 1, "crm"),
        ("latest", -1, "calendar"),
        ("latest", 0, "crm"),
        ("latest", -0.4, "crm"),
        ("crm", -100, "crm"),
        ("calendar", 100, "calendar"),
    ],
)
def test_a_conflict_has_one_winner_and_tells_the_losers_value(winner, activity_later_s, expected):
    moment = NOW.replace(second=30)
    decided = decide(
        linked(Side.CRM),
        activity(subject="A", updated_at=moment),
        event(title="E", updated_at=moment - timedelta(seconds=activity_later_s)),
        policy(conflict_winner=winner),
    )
    loser = "calendar" if expected == "crm" else "crm"
    assert writes(decided) == [(loser, "update")]
    (entry,) = decided.entries
    assert (entry.reason, entry.side, entry.fields) == (
        Reason.CONFLICT,
        loser,
        {MeetingField.TITLE},
    )
    assert entry.before.title == ("E" if expected == "crm" else "A")
    assert entry.after.title == ("A" if expected == "crm" else "E")


@pytest.mark.rule("4.18")
def test_a_conflict_goes_to_pipedrive_where_the_calendar_tells_no_time():
    decided = decide(linked(Side.CRM), activity(subject="A"), event(title="E", updated_at=None))
    assert writes(decided) == [("calendar", "update")]


@pytest.mark.rule("4.9")
@every_pair
@pytest.mark.parametrize(
    ("origin", "organizes", "expected"),
    [
        (Side.CRM, True, Reason.DELETED),
        (Side.CRM, False, Reason.DELETED),
        (Side.CALENDAR, True, Reason.DELETED),
        (Side.CALENDAR, False, Reason.NOT_ORGANIZER),
    ],
)
def test_a_deleted_activity_takes_the_event_along_if_it_is_ours_or_the_users(
    direction, origin, organizes, expected
):
    present = event(is_organizer=organizes)
    link = linked(origin, of_event=present)
    decided = decide(link, gone(), present, policy(direction=direction))
    assert decided.reason is expected
    if expected is Reason.DELETED:
        assert writes(decided) == [("calendar", "delete")]
    else:
        assert decided.writes == ()
        assert decided.link.state is LinkState.DISSOLVED
        assert decide_alone(present, former=decided.link).writes == ()


@pytest.mark.rule("4.10")
@every_origin
def test_an_edit_of_the_event_beats_the_deletion_of_the_activity(origin):
    link = linked(origin)
    decided = decide(link, gone(), event(title="Still on", link_mark=_mark(origin)))
    assert writes(decided) == [("crm", "create")]
    assert decided.writes[0].meeting.title == "Still on"
    assert decided.link.generation == link.generation + 1
    assert (decided.link.activity_id, decided.link.event_id) == (None, "e1")


@pytest.mark.rule("4.10")
@every_origin
@pytest.mark.parametrize("edit", [{}, {"title": "Still on"}], ids=["same", "edited"])
def test_an_activity_that_is_made_again_elsewhere_is_waited_for(origin, edit):
    shown = event(link_mark=_mark(origin), **edit)
    observed = Observed(link=linked(origin), activity=gone(), event=shown, remade=True)
    assert plan(observed, policy=policy(), now=NOW) == Plan(Reason.AWAITING)
    over = plan(replace(observed, event=gone()), policy=policy(), now=NOW)
    assert (over.reason, over.writes) == (Reason.DELETED, ())


@pytest.mark.rule("4.6")
@every_origin
def test_what_an_activity_is_made_again_of_is_compared_with_what_is_made_elsewhere(origin):
    link = linked(origin)
    edited = event(title="Still on", link_mark=_mark(origin))
    failed = write_failed(decide(link, gone(), edited).link, Side.CRM)
    moved = replace(failed, activity_id=2)
    decided = decide(moved, activity(activity_id=2, location="Elsewhere"), edited)
    assert {(one.side, one.fields) for one in decided.writes} == {
        (Side.CRM, frozenset({MeetingField.TITLE})),
        (Side.CALENDAR, frozenset({MeetingField.LOCATION})),
    }


@pytest.mark.rule("4.10")
@every_origin
@pytest.mark.parametrize(
    ("start", "edit", "reason"),
    [
        (LONG_AGO, {"description": "Minutes"}, Reason.PAST),
        (
            SOON,
            {"description": "Secret", "private": True, "link_mark": str(LINK_ID)},
            Reason.PRIVATE,
        ),
    ],
)
def test_an_edit_that_is_not_carried_outlives_the_deletion_of_the_activity(
    origin, start, edit, reason
):
    link = linked(origin, of_activity=activity(start), of_event=event(start))
    edited = event(start, **edit)
    held_back = decide(link, activity(start), edited)
    assert (held_back.reason, held_back.writes) == (reason, ())
    decided = decide(link, gone(), edited)
    assert (decided.reason, decided.writes) == (reason, ())
    assert decided.link.state is LinkState.DISSOLVED
    assert decide_alone(edited, former=decided.link).writes == ()


@pytest.mark.rule("4.10")
@every_origin
def test_one_way_deletes_the_event_of_a_deleted_activity_whatever_was_edited(origin):
    decided = decide(linked(origin), gone(), event(title="Edited"), policy(direction="one_way"))
    assert writes(decided) == [("calendar", "delete")]


@pytest.mark.rule("4.11")
@pytest.mark.parametrize(
    ("direction", "origin"),
    [("two_way", Side.CRM), ("two_way", Side.CALENDAR), ("one_way", Side.CRM)],
)
def test_a_deleted_event_takes_the_activity_along(direction, origin):
    decided = decide(linked(origin), activity(), gone(), policy(direction=direction))
    assert decided.reason is Reason.DELETED
    assert writes(decided) == [("crm", "delete")]


@pytest.mark.rule("4.11")
@every_pair
@every_origin
def test_a_done_activity_is_kept_when_its_event_is_deleted(direction, origin):
    done = activity(done=True)
    decided = decide(linked(origin), done, gone(), policy(direction=direction))
    assert (decided.reason, decided.writes) == (Reason.DONE_KEPT, ())
    assert decided.link.state is LinkState.DISSOLVED
    assert decide_alone(done, former=decided.link).reason is Reason.DONE_KEPT
    assert writes(decide_alone(activity(), former=decided.link)) == [("calendar", "create")]


@pytest.mark.rule("4.11")
def test_one_way_leaves_the_activity_of_a_deleted_calendar_born_event_alone():
    decided = decide(linked(Side.CALENDAR), activity(), gone(), policy(direction="one_way"))
    assert (decided.reason, decided.writes) == (Reason.ONE_WAY, ())
    assert decided.link.state is LinkState.DISSOLVED
    assert decide_alone(activity(), former=decided.link).writes == (), "it must not come back"


@pytest.mark.rule("4.12")
@every_pair
@every_origin
def test_an_edit_of_the_activity_beats_the_deletion_of_the_event(direction, origin):
    link = linked(origin)
    decided = decide(link, activity(subject="Still on"), gone(), policy(direction=direction))
    assert writes(decided) == [("calendar", "create")]
    assert decided.link.generation == link.generation + 1
    assert (decided.link.activity_id, decided.link.event_id) == (1, None)


@pytest.mark.parametrize(
    ("changed", "now", "reason"),
    [
        (activity(subject="Edited", done=True), NOW, Reason.DONE_KEPT),
        (activity(subject="Edited"), SOON + timedelta(days=1), Reason.PAST),
    ],
)
def test_an_edited_activity_that_needs_no_event_is_kept_without_one(changed, now, reason):
    decided = decide(linked(Side.CRM), changed, gone(), now=now)
    assert (decided.reason, decided.writes) == (reason, ())
    assert decided.link.state is LinkState.DISSOLVED


@pytest.mark.rule("4.13")
@every_pair
@every_origin
def test_a_link_without_either_side_dissolves(direction, origin):
    decided = decide(linked(origin), gone(), gone(), policy(direction=direction))
    assert decided.link.state is LinkState.DISSOLVED
    assert decided.writes == ()


NO_LONGER = pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (activity(owner_id=OTHER), Reason.OWNER_CHANGED),
        (activity(type="call"), Reason.TYPE_NOT_SYNCED),
        (activity(due_date=None, due_time=None), Reason.NO_DUE_DATE),
    ],
    ids=["owner", "type", "date"],
)
ONLY_MEETINGS = frozenset({"meeting"})


@pytest.mark.rule("4.14")
@every_pair
@NO_LONGER
@pytest.mark.parametrize("present", [event(), event(title="Edited")], ids=["same", "edited"])
def test_our_event_of_an_activity_that_is_no_longer_eligible_goes(
    direction, changed, reason, present
):
    rules = policy(direction=direction, synced_types=ONLY_MEETINGS)
    decided = decide(linked(Side.CRM), changed, present, rules)
    assert decided.reason is reason
    assert writes(decided) == [("calendar", "delete")]
    assert decided.link.pending_event.reason is reason


@pytest.mark.rule("4.14")
@every_pair
@NO_LONGER
def test_the_users_own_event_of_such_an_activity_stays_and_never_comes_back(
    direction, changed, reason
):
    rules = policy(direction=direction, synced_types=ONLY_MEETINGS)
    decided = decide(linked(Side.CALENDAR), changed, event(), rules)
    assert (decided.reason, decided.writes) == (reason, ())
    assert decided.link.state is LinkState.RESTING
    edited = decide(decided.link, changed, event(title="Edited"), rules)
    assert (edited.reason, edited.link, edited.writes) == (reason, None, ())
    deleted = decide(decided.link, gone(), event(), rules)
    assert (deleted.link.state, deleted.writes) == (LinkState.DISSOLVED, ())
    assert decide_alone(event(title="Edited"), rules, former=deleted.link).writes == ()


@NO_LONGER
def test_the_users_own_event_is_found_again_when_the_activity_comes_back(changed, reason):
    rules = policy(synced_types=ONLY_MEETINGS)
    rested = decide(linked(Side.CALENDAR), changed, event(), rules).link
    back = decide(rested, activity(subject="Back"), event(), rules)
    assert writes(back) == [("calendar", "update")]
    assert back.link.state is LinkState.ACTIVE
    unchanged = decide(rested, activity(), event(), rules)
    assert (unchanged.reason, unchanged.writes) == (Reason.NO_CHANGE, ())
    assert unchanged.link.state is LinkState.ACTIVE


@NO_LONGER
@every_origin
def test_an_ineligible_activity_whose_event_is_deleted_is_let_go(changed, reason, origin):
    decided = decide(linked(origin), changed, gone(), policy(synced_types=ONLY_MEETINGS))
    assert (decided.reason, decided.writes) == (reason, ())
    assert decided.link.state is LinkState.DISSOLVED


@pytest.mark.rule("4.15")
@every_pair
def test_declining_a_calendar_born_event_counts_as_its_deletion(direction):
    declined = event(response=Response.DECLINED)
    decided = decide(linked(Side.CALENDAR), activity(), declined, policy(direction=direction))
    assert decided.reason is (Reason.DECLINED if direction == "two_way" else Reason.ONE_WAY)
    assert writes(decided) == ([("crm", "delete")] if direction == "two_way" else [])


@pytest.mark.rule("4.15")
@every_pair
def test_declining_an_event_that_came_from_pipedrive_changes_nothing(direction):
    declined = event(response=Response.DECLINED)
    decided = decide(linked(Side.CRM), activity(), declined, policy(direction=direction))
    assert (decided.reason, decided.writes) == (Reason.NO_CHANGE, ())


def test_a_declined_event_comes_back_only_with_the_users_yes():
    declined = event(response=Response.DECLINED)
    begun = decide(linked(Side.CALENDAR), activity(), declined).link
    ended = _deleted_from_pipedrive(begun)
    assert decide_alone(declined, former=ended).writes == ()
    accepted = event(response=Response.ACCEPTED)
    assert writes(decide_alone(accepted, former=ended)) == [("crm", "create")]


def test_a_declined_event_whose_activity_is_done_leaves_it_alone_for_good():
    declined = event(response=Response.DECLINED)
    decided = decide(linked(Side.CALENDAR), activity(done=True), declined)
    assert (decided.reason, decided.writes) == (Reason.DONE_KEPT, ())
    assert decide_alone(event(), former=decided.link).writes == ()
    assert decide_alone(activity(), former=decided.link).writes == ()


def test_an_edited_activity_outlives_the_users_no_and_wakes_with_his_yes():
    declined = event(response=Response.DECLINED)
    edited = activity(subject="Edited")
    decided = decide(linked(Side.CALENDAR), edited, declined)
    assert (decided.reason, decided.writes) == (Reason.DECLINED, ())
    assert decided.link.state is LinkState.RESTING
    assert decide(decided.link, edited, declined).link is None
    assert writes(decide(decided.link, edited, event())) == [("calendar", "update")]


@pytest.mark.rule("7.2")
def test_an_activity_that_was_not_to_go_with_its_declined_event_stays_for_good():
    declined = event(response=Response.DECLINED)
    held = resting(linked(Side.CALENDAR), Reason.HELD_MASS_DELETE)
    kept = restore(held, Observed(link=held, activity=activity(), event=declined), policy()).link
    again = decide(kept, activity(), declined)
    assert (again.reason, again.link, again.writes) == (Reason.DECLINED, None, ())
    edited = activity(subject="Edited")
    assert decide(kept, edited, declined).link is None
    assert writes(decide(kept, edited, event())) == [("calendar", "update")]


def test_a_deleted_activity_of_a_declined_event_leaves_the_event_alone():
    declined = event(response=Response.DECLINED)
    decided = decide(linked(Side.CALENDAR), gone(), declined)
    assert (decided.reason, decided.writes) == (Reason.DECLINED, ())
    assert decided.link.state is LinkState.DISSOLVED


@pytest.mark.rule("3.6")
@every_origin
def test_an_edit_that_stays_in_the_past_is_not_carried_to_pipedrive(origin):
    link = linked(origin)
    late = SOON + timedelta(days=7)
    decided = decide(link, activity(), event(title="Minutes"), now=late)
    assert (decided.reason, decided.writes) == (Reason.PAST, ())


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    "moved_to", [SOON + timedelta(days=30), SOON - timedelta(days=30)], ids=["out", "in"]
)
def test_an_edit_into_the_past_or_out_of_it_is_carried(moved_to):
    now = SOON + timedelta(days=7) if moved_to > SOON else NOW
    decided = decide(linked(Side.CRM), activity(), event(schedule=hour(moved_to)), now=now)
    assert writes(decided) == [("crm", "update")]


@pytest.mark.rule("3.7")
def test_a_past_activity_is_always_carried_to_its_event():
    decided = decide(
        linked(Side.CRM), activity(subject="Minutes"), event(), now=SOON + timedelta(days=7)
    )
    assert writes(decided) == [("calendar", "update")]


@pytest.mark.rule("4.17")
@every_origin
def test_absence_never_deletes(origin):
    link = linked(origin)
    for a, e in ((None, event()), (activity(), None), (None, None), (gone(), None)):
        decided = decide(link, a, e)
        assert (decided.reason, decided.link, decided.writes) == (Reason.NO_CHANGE, None, ())


@pytest.mark.rule("3.4")
def test_an_event_back_from_its_deletion_is_not_taken_over_by_our_own_mark():
    assert decide_alone(event(link_mark=str(LINK_ID))).reason is Reason.SUPPRESSED


def _mark(origin):
    return str(LINK_ID) if origin is Side.CRM else None


def _deleted_from_pipedrive(link):
    from reconciler.core.transitions import activity_written

    return activity_written(link, 1, None)


@pytest.mark.rule("4.18")
@pytest.mark.rule("4.18")
@every_origin
def test_an_edit_with_an_older_stamp_is_an_edit_all_the_same(origin):
    """The clock of the side that was edited is years behind."""
    behind = NOW - timedelta(days=900)
    edited = decide(linked(origin), activity(subject="New", updated_at=behind), event())
    assert writes(edited) == [("calendar", "update")]
    edited = decide(linked(origin), activity(), event(title="New", updated_at=behind))
    assert writes(edited) == [("crm", "update")]
