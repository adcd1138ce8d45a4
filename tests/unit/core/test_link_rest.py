"""Links at rest: why, what wakes them, and that a refused write is not asked for again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BOTH,
    OTHER,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    gone,
    linked,
    policy,
    resting,
    writes,
)

from reconciler.core.model import LinkState
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import activity_written, event_written, write_failed, write_refused
from tandem.contracts.activities import DealContact
from tandem.contracts.meetings import Side

UNTICKED = policy(synced_types=frozenset({"call"}))


@pytest.mark.rule("2.13")
@pytest.mark.parametrize("origin", BOTH)
def test_links_of_an_unticked_type_rest_whatever_is_edited(origin):
    decided = decide(linked(origin), activity(subject="A"), event(location="E"), UNTICKED)
    assert (decided.reason, decided.writes) == (Reason.TYPE_NOT_SYNCED, ())
    assert decided.link.state is LinkState.RESTING
    assert [entry.reason for entry in decided.entries] == [Reason.TYPE_NOT_SYNCED]
    again = decide(decided.link, activity(subject="B"), event(location="F"), UNTICKED)
    assert (again.reason, again.link, again.entries) == (Reason.TYPE_NOT_SYNCED, None, ())


@pytest.mark.rule("2.14")
@pytest.mark.parametrize("origin", BOTH)
def test_links_of_a_type_ticked_again_wake_and_are_reconciled(origin):
    rested = decide(linked(origin), activity(), event(), UNTICKED).link
    merged = decide(rested, activity(subject="A"), event(location="E"))
    assert sorted(writes(merged)) == [("calendar", "update"), ("crm", "update")]
    assert merged.link.state is LinkState.ACTIVE
    quiet = decide(rested, activity(), event())
    assert (quiet.reason, quiet.writes) == (Reason.NO_CHANGE, ())
    assert (quiet.link.state, quiet.link.reason) == (LinkState.ACTIVE, None)


@pytest.mark.rule("2.13")
def test_our_event_of_an_unticked_type_stays_until_the_type_is_ticked_again():
    rested = decide(linked(Side.CRM), activity(), event(), UNTICKED).link
    undated = activity(due_date=None, due_time=None)
    assert decide(rested, undated, event(), UNTICKED).writes == ()
    assert decide(rested, activity(type="lunch"), event(), UNTICKED).writes == ()
    deleted = decide(rested, gone(), event(), UNTICKED)
    assert (deleted.reason, deleted.link, deleted.writes) == (Reason.TYPE_NOT_SYNCED, None, ())
    assert writes(decide(rested, gone(), event())) == [("calendar", "delete")]


@pytest.mark.rule("2.13")
@pytest.mark.parametrize("origin", BOTH)
def test_a_link_whose_activity_has_another_ticked_type_rests_once_that_is_unticked(origin):
    both = policy(synced_types=frozenset({"meeting", "call"}))
    retyped = decide(linked(origin, both), activity(type="call"), event(), both)
    assert (retyped.reason, retyped.writes) == (Reason.NO_CHANGE, ())
    only_meetings = policy(synced_types=frozenset({"meeting"}))
    decided = decide(retyped.link, activity(type="call"), event(), only_meetings)
    assert (decided.reason, decided.writes) == (Reason.TYPE_NOT_SYNCED, ())
    assert decided.link.state is LinkState.RESTING


def test_our_event_of_an_unticked_type_goes_with_the_activitys_owner():
    rested = decide(linked(Side.CRM), activity(), event(), UNTICKED).link
    decided = decide(rested, activity(owner_id=OTHER), event(), UNTICKED)
    assert (decided.reason, writes(decided)) == (
        Reason.OWNER_CHANGED,
        [("calendar", "delete")],
    )


def test_an_event_deleted_while_its_type_was_unticked_costs_no_activity():
    rested = decide(linked(Side.CRM), activity(), event(), UNTICKED).link
    decided = decide(rested, activity(), gone(), UNTICKED)
    assert (decided.link.state, decided.writes) == (LinkState.DISSOLVED, ())
    assert writes(decide_alone(activity(), former=decided.link)) == [("calendar", "create")]


@pytest.mark.rule("2.4")
def test_events_may_be_saved_as_a_type_that_is_not_ticked():
    begun = decide_alone(event(), UNTICKED)
    link = activity_written(begun.link, 1, meeting_of_activity(activity(), UNTICKED))
    decided = decide(link, activity(), event(title="New"), UNTICKED)
    assert writes(decided) == [("crm", "update")]


REFUSED = pytest.mark.parametrize("reason", [Reason.PROVIDER_REFUSED, Reason.NOT_ORGANIZER])


def _refused(link, a, e, rules=None, *, side, reason=Reason.PROVIDER_REFUSED):
    begun = decide(link, a, e, rules)
    assert begun.writes
    return write_refused(begun.link, side, reason)


@REFUSED
@pytest.mark.parametrize(
    ("a", "e", "side"),
    [
        (activity(subject="New"), event(), Side.CALENDAR),
        (activity(), event(title="New"), Side.CRM),
        (gone(), event(), Side.CALENDAR),
        (activity(), gone(), Side.CRM),
        (activity(owner_id=OTHER), event(), Side.CALENDAR),
        (gone(), event(title="New"), Side.CRM),
        (activity(subject="New"), gone(), Side.CALENDAR),
    ],
    ids=["update_e", "update_a", "delete_e", "delete_a", "owner", "create_a", "create_e"],
)
def test_a_refused_write_is_not_asked_for_again_while_both_sides_stay_the_same(reason, a, e, side):
    rested = _refused(linked(Side.CRM), a, e, side=side, reason=reason)
    assert (rested.state, rested.pending) == (LinkState.RESTING, False)
    if side is Side.CRM and e.__class__.__name__ == "EventSnapshot" and rested.activity_id is None:
        a = None
    if side is Side.CALENDAR and rested.event_id is None:
        e = None
    decided = decide(rested, a, e)
    assert (decided.reason, decided.link, decided.writes) == (reason, None, ())


@pytest.mark.parametrize(
    ("a", "e", "expected"),
    [
        (activity(subject="Newer"), event(), [("calendar", "update")]),
        (activity(subject="New"), event(location="Pier"), [("calendar", "update")] * 1),
        (activity(), event(), []),
        (activity(subject="New"), event(title="New"), []),
        (gone(), event(), [("calendar", "delete")]),
        (activity(owner_id=OTHER), event(), [("calendar", "delete")]),
    ],
    ids=["edited", "other_side_edited", "taken_back", "agreed", "deleted", "owner"],
)
def test_a_change_of_either_side_wakes_a_refused_link(a, e, expected):
    rested = _refused(linked(Side.CRM), activity(subject="New"), event(), side=Side.CALENDAR)
    decided = decide(rested, a, e)
    assert [one for one in writes(decided) if one[0] == "calendar"] == expected
    assert decided.link.state is LinkState.ACTIVE
    assert decided.link.refused is None


def test_a_refused_deletion_is_forgotten_when_its_ground_passes():
    given = activity(owner_id=OTHER)
    rested = _refused(linked(Side.CRM), given, event(), side=Side.CALENDAR)
    decided = decide(rested, activity(), event())
    assert (decided.reason, decided.link.state) == (Reason.NO_CHANGE, LinkState.ACTIVE)


@pytest.mark.rule("7.6")
def test_one_refused_write_of_two_lets_the_other_finish():
    a, e = activity(subject="A"), event(location="E")
    begun = decide(linked(Side.CRM), a, e).link
    half = write_refused(begun, Side.CALENDAR, Reason.PROVIDER_REFUSED)
    assert half.pending_activity is not None
    assert decide(half, a, e).reason is Reason.AWAITING
    both = activity(subject="A", location="E")
    done = activity_written(half, 1, meeting_of_activity(both, policy()))
    decided = decide(done, both, e)
    assert (decided.reason, decided.link, decided.writes) == (Reason.PROVIDER_REFUSED, None, ())


def test_two_refused_writes_do_not_wake_each_other():
    a, e = activity(subject="A"), event(location="E")
    begun = decide(linked(Side.CRM), a, e).link
    half = write_refused(begun, Side.CALENDAR, Reason.PROVIDER_REFUSED)
    rested = write_refused(half, Side.CRM, Reason.PROVIDER_REFUSED)
    decided = decide(rested, a, e)
    assert (decided.reason, decided.writes) == (Reason.PROVIDER_REFUSED, ())


BLOCKED = policy(include_deal_contact_info=True)


def _refused_block(rules=BLOCKED):
    """A link whose event, another's, was renamed at the moment at which its block was refused."""
    theirs, renamed = event(is_organizer=False), event(is_organizer=False, title="New")
    begun = decide(linked(Side.CALENDAR, of_event=theirs), DEAL, renamed, rules)
    return write_refused(begun.link, Side.CALENDAR, Reason.NOT_ORGANIZER), renamed


DEAL = activity(deal_contact=DealContact(deal_title="Big"))


@pytest.mark.rule("7.6")
def test_a_refused_write_keeps_no_edit_from_the_other_side():
    half, renamed = _refused_block()
    overtaken = write_failed(half, Side.CRM)
    done = DEAL.model_copy(update={"done": True})
    again = decide(overtaken, done, renamed, BLOCKED)
    assert (again.reason, writes(again)) == (Reason.UPDATED, [("crm", "update")])
    assert (again.link.state, again.link.reason) == (LinkState.RESTING, Reason.NOT_ORGANIZER)
    carried = done.model_copy(update={"subject": "New"})
    finished = activity_written(again.link, 1, meeting_of_activity(carried, BLOCKED))
    rested = decide(finished, carried, renamed, BLOCKED)
    assert (rested.reason, rested.link, rested.writes) == (Reason.NOT_ORGANIZER, None, ())


def test_what_waited_for_two_ways_is_carried_although_another_write_was_refused():
    rested, renamed = _refused_block(policy(include_deal_contact_info=True, direction="one_way"))
    assert not rested.pending
    assert writes(decide(rested, DEAL, renamed, BLOCKED)) == [("crm", "update")]


def test_writes_that_were_refused_one_after_the_other_are_both_remembered():
    half, renamed = _refused_block()
    again = decide(write_failed(half, Side.CRM), DEAL, renamed, BLOCKED)
    rested = write_refused(again.link, Side.CRM, Reason.PROVIDER_REFUSED)
    assert {one.side for one in rested.refusals} == set(Side)
    decided = decide(rested, DEAL, renamed, BLOCKED)
    assert (decided.reason, decided.link, decided.writes) == (Reason.PROVIDER_REFUSED, None, ())


def test_an_edit_forgets_the_refusals_of_both_sides():
    a, e = activity(subject="A"), event(location="E")
    begun = decide(linked(Side.CRM), a, e).link
    half = write_refused(begun, Side.CALENDAR, Reason.PROVIDER_REFUSED)
    rested = write_refused(half, Side.CRM, Reason.PROVIDER_REFUSED)
    decided = decide(rested, activity(subject="B"), e)
    assert sorted(writes(decided)) == [("calendar", "update"), ("crm", "update")]
    assert decided.link.refusals == ()


def test_a_refused_create_is_given_up_once_there_is_no_ground_for_it():
    begun = decide_alone(activity()).link
    rested = write_refused(begun, Side.CALENDAR, Reason.PROVIDER_REFUSED)
    assert decide(rested, activity(), None).reason is Reason.PROVIDER_REFUSED
    for a in (gone(), activity(done=True), activity(owner_id=OTHER)):
        decided = decide(rested, a, None)
        assert (decided.link.state, decided.writes) == (LinkState.DISSOLVED, ())
    late = decide(rested, activity(), None, now=SOON + timedelta(days=1))
    assert late.link.state is LinkState.DISSOLVED


def test_a_refused_create_is_tried_again_after_an_edit():
    begun = decide_alone(activity()).link
    rested = write_refused(begun, Side.CALENDAR, Reason.PROVIDER_REFUSED)
    decided = decide(rested, activity(subject="New"), None)
    assert writes(decided) == [("calendar", "create")]
    done = event_written(decided.link, "e1", meeting_of_event(event(title="New"), policy()))
    assert (done.state, done.refused) == (LinkState.ACTIVE, None)


@pytest.mark.parametrize("a", [activity(subject="New"), activity(owner_id=OTHER), gone()])
def test_what_was_suspected_of_a_loop_waits_whatever_happens(a):
    decided = decide(resting(linked(Side.CRM), Reason.LOOP_SUSPECTED), a, event())
    assert (decided.reason, decided.link, decided.writes) == (Reason.LOOP_SUSPECTED, None, ())


@pytest.mark.parametrize(("a", "e"), [(gone(), event(title="New")), (activity(), gone())])
def test_a_held_deletion_waits_for_the_users_word(a, e):
    decided = decide(resting(linked(Side.CRM), Reason.HELD_MASS_DELETE), a, e)
    assert (decided.reason, decided.link, decided.writes) == (Reason.HELD_MASS_DELETE, None, ())


def test_a_held_deletion_is_over_once_the_item_is_back_or_both_are_gone():
    held = resting(linked(Side.CRM), Reason.HELD_MASS_DELETE)
    assert decide(held, activity(), event()).link.state is LinkState.ACTIVE
    assert decide(held, gone(), gone()).link.state is LinkState.DISSOLVED


def test_nothing_is_decided_while_a_write_is_under_way():
    begun = decide(linked(Side.CRM), activity(subject="New"), event()).link
    for a, e in ((gone(), gone()), (activity(), event(title="E")), (activity(), gone())):
        decided = decide(begun, a, e)
        assert (decided.reason, decided.link) == (Reason.AWAITING, None)


def test_a_link_without_a_base_agrees_on_what_both_sides_show():
    bare = replace(linked(Side.CRM), base=None)
    decided = decide(bare, activity(), event(location="Elsewhere"))
    assert decided.writes == ()
    assert decided.link.base.event.location == "Elsewhere"
