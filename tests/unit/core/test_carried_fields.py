"""What of a field reaches the other side, in both directions, and what must not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.unit.core.scenes import (
    BOTH,
    LINK_ID,
    MY_EMAIL,
    NOW,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    hour,
    linked,
    policy,
    writes,
)

from reconciler.core.model import Plan
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import activity_written, event_written
from tandem.contracts.activities import DealContact, Guest
from tandem.contracts.events import Attendee
from tandem.contracts.meetings import AllDay, MeetingField, Side

FIELDS = [
    ("title", {"subject": "New"}, {"title": "New"}),
    (
        "schedule",
        {"due_time": (SOON + timedelta(hours=1)).time()},
        {"schedule": hour(SOON + timedelta(hours=1))},
    ),
    (
        "schedule",
        {"due_time": None, "duration_minutes": None},
        {"schedule": AllDay(first=SOON.date())},
    ),
    ("description", {"public_description": "New"}, {"description": "New"}),
    ("description", {"public_description": ""}, {"description": ""}),
    ("location", {"location": ""}, {"location": ""}),
    ("busy", {"busy": False}, {"busy": False}),
    ("guests", {"guests": ()}, {"attendees": ()}),
    (
        "guests",
        {"guests": (Guest(email="new@x.example"),)},
        {"attendees": (Attendee(email="new@x.example"),)},
    ),
]


@pytest.mark.rule("4.4", "4.5")
@pytest.mark.parametrize("origin", BOTH)
@pytest.mark.parametrize(("field", "of_activity", "of_event"), FIELDS)
def test_each_field_is_carried_alone_in_both_directions(origin, field, of_activity, of_event):
    changed_a, changed_e = activity(**of_activity), event(**of_event)
    to_event = decide(linked(origin), changed_a, event())
    assert writes(to_event) == [("calendar", "update")]
    assert to_event.writes[0].fields == {field}
    assert to_event.writes[0].meeting == meeting_of_event(changed_e, policy())
    to_activity = decide(linked(origin), activity(), changed_e)
    assert writes(to_activity) == [("crm", "update")]
    assert to_activity.writes[0].fields == {field}
    assert to_activity.writes[0].meeting == meeting_of_activity(changed_a, policy())


@pytest.mark.rule("5.9")
@pytest.mark.parametrize("origin", BOTH)
@pytest.mark.parametrize("change", [{"done": True}, {"type": "call"}])
def test_what_only_pipedrive_knows_is_no_change(origin, change):
    decided = decide(linked(origin), activity(**change), event())
    assert (decided.reason, decided.writes) == (Reason.NO_CHANGE, ())


# The richer side

THREE_DAYS = AllDay(first=date(2026, 3, 4), days=3)
FIRST_DAY = {"due_date": date(2026, 3, 4), "due_time": None, "duration_minutes": None}


def _fair(**fields):
    link = linked(
        Side.CALENDAR,
        of_activity=activity(**FIRST_DAY),
        of_event=event(schedule=THREE_DAYS),
    )
    return decide(link, activity(**{**FIRST_DAY, **fields}), event(schedule=THREE_DAYS))


def test_three_days_of_which_the_activity_shows_one_are_no_change():
    assert _fair().writes == ()


@pytest.mark.rule("4.19")
def test_three_days_stay_three_days_through_any_edit_of_the_activity():
    assert _fair(subject="Fair").writes[0].meeting.schedule == THREE_DAYS
    moved = _fair(due_date=date(2026, 3, 10)).writes[0].meeting
    assert moved.schedule == AllDay(first=date(2026, 3, 10), days=3)


@pytest.mark.rule("4.19")
def test_days_that_are_added_while_the_activity_is_moved_are_kept():
    link = linked(
        Side.CALENDAR, of_activity=activity(**FIRST_DAY), of_event=event(schedule=THREE_DAYS)
    )
    moved = activity(**(FIRST_DAY | {"due_date": date(2026, 3, 10)}))
    prolonged = event(schedule=AllDay(first=date(2026, 3, 4), days=4))
    (write,) = decide(link, moved, prolonged, policy(conflict_winner="crm")).writes
    assert write.meeting.schedule == AllDay(first=date(2026, 3, 10), days=4)


def test_more_days_behind_the_first_one_need_no_write():
    link = linked(
        Side.CALENDAR,
        of_activity=activity(**FIRST_DAY),
        of_event=event(schedule=AllDay(first=date(2026, 3, 4))),
    )
    decided = decide(link, activity(**FIRST_DAY), event(schedule=THREE_DAYS))
    assert decided.writes == ()
    assert decided.link.base.event.schedule == THREE_DAYS


@pytest.mark.rule("4.19")
@pytest.mark.parametrize(
    ("of_event", "of_activity"),
    [
        ({"schedule": hour(minutes=2000)}, {"duration_minutes": 1439}),
        ({"schedule": hour(SOON + timedelta(seconds=30))}, {}),
        ({"schedule": hour(minutes=0)}, {"duration_minutes": None}),
        ({"title": "x" * 300}, {"subject": "x" * 255}),
        ({"description": "x" * 70_000}, {"public_description": "x" * 65_536}),
        (
            {"location": "", "conference_url": "https://meet.example/x"},
            {"location": "https://meet.example/x"},
        ),
        ({"title": ""}, {"subject": "Meeting"}),
    ],
    ids=["over_a_day", "seconds", "no_length", "title", "text", "conference", "untitled"],
)
def test_what_was_merely_cut_short_is_never_written_back(of_event, of_activity):
    whole, short = event(**of_event), activity(**of_activity)
    link = linked(Side.CALENDAR, of_activity=short, of_event=whole)
    assert decide(link, short, whole).writes == ()
    edited = decide(link, short.model_copy(update={"busy": False}), whole)
    assert [write.fields for write in edited.writes] == [{MeetingField.BUSY}]


def test_a_created_activity_is_given_what_it_can_show():
    whole = event(title="x" * 300, schedule=hour(SOON + timedelta(seconds=30), 2000))
    (write,) = decide_alone(whole).writes
    assert write.meeting.title == "x" * 255
    assert write.meeting.schedule == hour(minutes=1439)


def test_an_edit_in_the_calendar_is_carried_as_far_as_the_activity_can_show_it():
    (write,) = decide(linked(Side.CRM), activity(), event(title="x" * 300)).writes
    assert write.meeting.title == "x" * 255


@pytest.mark.rule("5.5")
@pytest.mark.parametrize("location", ["", "Pier"])
def test_a_conference_link_is_never_written_as_a_location(location):
    online = event(location="", conference_url="https://meet.example/x")
    shown = activity(location="https://meet.example/x")
    link = linked(Side.CALENDAR, of_activity=shown, of_event=online)
    decided = decide(link, shown.model_copy(update={"location": location}), online)
    if location:
        assert decided.writes[0].meeting.location == "Pier"
    else:
        assert decided.writes == (), "the event has no location already"
    renamed = decide(link, shown.model_copy(update={"subject": "New"}), online)
    assert renamed.writes[0].fields == {MeetingField.TITLE}


@pytest.mark.parametrize("saved_as", ["meeting", "call"])
@pytest.mark.parametrize("type_now", ["meeting", "call"])
def test_an_untitled_event_does_not_rename_its_activity_when_types_change(saved_as, type_now):
    untitled = event(title="")
    link = linked(Side.CALENDAR, of_activity=activity(subject="Meeting"), of_event=untitled)
    rules = policy(save_events_as=saved_as)
    decided = decide(link, activity(subject="Meeting", type=type_now), untitled, rules)
    assert decided.writes == ()


def test_a_title_that_was_taken_away_becomes_the_name_of_the_activitys_type():
    link = linked(Side.CRM, of_activity=activity(type="call"))
    (write,) = decide(link, activity(type="call"), event(title="")).writes
    assert write.meeting.title == "Call"


# Busy

ALL_DAY = AllDay(first=SOON.date())


def test_an_activity_that_does_not_say_keeps_its_busy_when_the_calendar_makes_it_all_day():
    unsaid = activity(busy=None)
    link = linked(Side.CRM, of_activity=unsaid)
    decided = decide(link, unsaid, event(schedule=ALL_DAY))
    (write,) = decided.writes
    assert write.fields == {MeetingField.SCHEDULE, MeetingField.BUSY}
    assert write.meeting.busy is True
    now = activity(due_time=None, duration_minutes=None, busy=True)
    written = activity_written(decided.link, 1, meeting_of_activity(now, policy()))
    assert decide(written, now, event(schedule=ALL_DAY)).writes == ()


def test_an_activity_that_its_user_makes_all_day_frees_the_event():
    link = linked(Side.CRM, of_activity=activity(busy=None))
    (write,) = decide(link, activity(busy=None, due_time=None), event()).writes
    assert write.fields == {MeetingField.SCHEDULE, MeetingField.BUSY}
    assert write.meeting.busy is False


# Guests

INVITED = {"is_organizer": False}


@pytest.mark.rule("5.8")
def test_guests_of_somebody_elses_event_can_not_be_changed_from_pipedrive():
    theirs = event(**INVITED)
    link = linked(Side.CALENDAR, of_event=theirs)
    decided = decide(link, activity(guests=()), theirs)
    assert (decided.reason, decided.writes) == (Reason.NOT_ORGANIZER, ())
    more = decide(link, activity(guests=(), subject="New"), theirs)
    assert more.writes[0].fields == {MeetingField.TITLE}


@pytest.mark.parametrize("winner", ["crm", "calendar", "latest"])
def test_guests_of_somebody_elses_event_always_win(winner):
    theirs = event(**INVITED)
    added = event(attendees=(Attendee(email="new@x.example"),), **INVITED)
    decided = decide(
        linked(Side.CALENDAR, of_event=theirs),
        activity(guests=(), updated_at=NOW),
        added,
        policy(conflict_winner=winner),
    )
    assert writes(decided) == [("crm", "update")]
    assert decided.writes[0].meeting.guests == {"new@x.example"}
    assert decided.entries[0].reason is Reason.CONFLICT


def _guests(*emails):
    return {"guests": tuple(Guest(email=email) for email in emails)}


def _attendees(*emails):
    return {"attendees": tuple(Attendee(email=email) for email in emails)}


ANNA, BEN, CARA = "anna@x.example", "ben@x.example", "cara@x.example"
ONLY_IN_PIPEDRIVE = (_guests(ANNA, BEN), _attendees(BEN))
ONLY_IN_THE_CALENDAR = (_guests(BEN), _attendees(ANNA, BEN))
DIFFERING = pytest.mark.parametrize(
    ("of_activity", "of_event"),
    [ONLY_IN_PIPEDRIVE, ONLY_IN_THE_CALENDAR],
    ids=["only_in_pipedrive", "only_in_the_calendar"],
)


def _with_guests(of_activity, of_event):
    return linked(Side.CRM, of_activity=activity(**of_activity), of_event=event(**of_event))


@pytest.mark.rule("4.19")
@DIFFERING
def test_lists_of_guests_that_differ_for_good_are_no_change(of_activity, of_event):
    link = _with_guests(of_activity, of_event)
    assert decide(link, activity(**of_activity), event(**of_event)).writes == ()


@pytest.mark.rule("4.19")
@pytest.mark.parametrize(
    ("edited", "carried"),
    [((BEN, CARA), {ANNA, BEN, CARA}), ((), {ANNA}), ((CARA,), {ANNA, CARA})],
    ids=["invited", "taken_off", "replaced"],
)
def test_who_is_a_guest_on_one_side_only_stays_when_the_other_list_is_edited(edited, carried):
    of_activity, of_event = ONLY_IN_PIPEDRIVE
    link = _with_guests(of_activity, of_event)
    (write,) = decide(link, activity(**of_activity), event(**_attendees(*edited))).writes
    assert (write.side, write.meeting.guests) == (Side.CRM, carried)
    of_activity, of_event = ONLY_IN_THE_CALENDAR
    link = _with_guests(of_activity, of_event)
    (write,) = decide(link, activity(**_guests(*edited)), event(**of_event)).writes
    assert (write.side, write.meeting.guests) == (Side.CALENDAR, carried)


@DIFFERING
def test_an_edit_of_guests_that_was_carried_is_no_change_on_either_side(of_activity, of_event):
    link = _with_guests(of_activity, of_event)
    edited = event(attendees=(*of_event["attendees"], Attendee(email=CARA)))
    begun = decide(link, activity(**of_activity), edited)
    after = activity(**_guests(*begun.writes[0].meeting.guests))
    written = activity_written(begun.link, 1, meeting_of_activity(after, policy()))
    assert decide(written, after, edited) == Plan(Reason.NO_CHANGE)


@pytest.mark.rule("4.7")
@pytest.mark.parametrize(
    ("now_a", "now_e"),
    [((BEN,), (BEN,)), ((ANNA, BEN, CARA), (BEN, CARA)), ((ANNA,), ())],
    ids=["only_there", "both_invited", "both_taken_off"],
)
def test_guests_that_the_other_side_has_already_need_no_write(now_a, now_e):
    link = _with_guests(*ONLY_IN_PIPEDRIVE)
    decided = decide(link, activity(**_guests(*now_a)), event(**_attendees(*now_e)))
    assert (decided.writes, decided.entries) == ((), ())
    assert decided.link.base.activity.guests == set(now_a)
    assert decided.link.base.event.guests == set(now_e)


@pytest.mark.rule("3.5")
def test_guests_that_may_not_be_carried_stay_when_the_activitys_are_edited():
    link = linked(
        Side.CALENDAR, of_activity=activity(**_guests(ANNA)), of_event=event(**_attendees(ANNA))
    )
    rules = policy(direction="one_way")
    more = activity(**_guests(ANNA, BEN))
    (write,) = decide(link, more, event(**_attendees(ANNA, CARA)), rules).writes
    assert (write.side, write.meeting.guests) == (Side.CALENDAR, {ANNA, BEN, CARA})


@pytest.mark.rule("4.8")
@pytest.mark.parametrize(("winner", "side"), [("crm", Side.CALENDAR), ("calendar", Side.CRM)])
def test_of_two_edits_of_the_guests_the_winners_list_counts(winner, side):
    link = _with_guests(*ONLY_IN_PIPEDRIVE)
    ours, theirs = activity(**_guests(ANNA, CARA)), event(**_attendees())
    (write,) = decide(link, ours, theirs, policy(conflict_winner=winner)).writes
    assert write.side is side
    assert write.meeting.guests == ({ANNA, CARA} if winner == "crm" else set())


@pytest.mark.rule("5.7")
def test_an_address_of_the_owners_stays_where_it_was_invited_when_guests_are_edited():
    of_activity, of_event = _guests(BEN, MY_EMAIL), _attendees(BEN, "Me@example.com")
    link = _with_guests(of_activity, of_event)
    more = activity(**_guests(BEN, CARA, MY_EMAIL))
    (write,) = decide(link, more, event(**of_event)).writes
    assert (write.side, write.meeting.guests) == (Side.CALENDAR, {BEN, CARA, MY_EMAIL})
    fewer = event(**_attendees("Me@example.com"))
    (write,) = decide(link, activity(**of_activity), fewer).writes
    assert (write.side, write.meeting.guests) == (Side.CRM, {MY_EMAIL})


def test_an_address_of_the_owners_is_invited_nowhere_else():
    link = _with_guests(_guests(BEN), _attendees(BEN))
    (write,) = decide(link, activity(**_guests(CARA, MY_EMAIL)), event(**_attendees(BEN))).writes
    assert write.meeting.guests == {CARA}


# Private events

PRIVATE = event(
    private=True, title="Doctor", description="Knee", location="Clinic", attendees=(), busy=False
)
REDACTED = activity(subject="Private", public_description="", location="", guests=(), busy=True)
HIDING = pytest.mark.parametrize("choice", ["redact", "skip"])


def test_a_redacted_event_is_created_as_nothing_but_a_time():
    (write,) = decide_alone(PRIVATE).writes
    assert write.meeting == meeting_of_activity(REDACTED, policy())


@HIDING
@pytest.mark.parametrize(
    "edit",
    [
        {"subject": "Lunch"},
        {"public_description": "Notes"},
        {"location": "Office"},
        {"busy": False},
        {"guests": (Guest(email="a@x.example"),)},
    ],
)
def test_an_edit_of_the_activity_never_overwrites_what_a_redacted_event_hides(choice, edit):
    link = linked(Side.CALENDAR, of_activity=REDACTED, of_event=PRIVATE)
    edited = REDACTED.model_copy(update=edit)
    rules = policy(private_events=choice)
    decided = decide(link, edited, PRIVATE, rules)
    assert (decided.reason, decided.writes) == (Reason.PRIVATE, ())
    moved = edited.model_copy(update={"due_date": SOON.date() + timedelta(days=1)})
    (write,) = decide(link, moved, PRIVATE, rules).writes
    assert write.fields == {MeetingField.SCHEDULE}


@HIDING
def test_no_block_is_written_into_a_redacted_event(choice):
    rules = policy(private_events=choice, include_deal_contact_info=True)
    link = linked(Side.CALENDAR, rules, of_activity=REDACTED, of_event=PRIVATE)
    with_deal = REDACTED.model_copy(update={"deal_contact": DealContact(deal_title="Big")})
    assert decide(link, with_deal, PRIVATE, rules).writes == ()


@HIDING
def test_an_event_that_becomes_private_hides_its_details_in_pipedrive_too(choice):
    decided = decide(
        linked(Side.CALENDAR), activity(), event(private=True), policy(private_events=choice)
    )
    (write,) = decided.writes
    assert write.side is Side.CRM
    assert write.meeting == meeting_of_activity(REDACTED, policy())


def test_what_a_redacted_event_hides_wins_every_conflict():
    decided = decide(
        linked(Side.CALENDAR),
        activity(subject="Lunch"),
        event(private=True),
        policy(conflict_winner="crm"),
    )
    assert writes(decided) == [("crm", "update")]
    assert decided.writes[0].meeting.title == "Private"


def test_a_private_event_that_came_from_pipedrive_leaves_the_activity_as_it_is():
    ours = event(private=True, link_mark=str(LINK_ID))
    assert decide(linked(Side.CRM), activity(), ours).writes == ()


def test_details_written_into_our_own_event_once_private_stay_in_the_calendar():
    ours = event(private=True, link_mark=str(LINK_ID), description="Secret", schedule=hour(NOW))
    decided = decide(linked(Side.CRM), activity(), ours)
    assert decided.writes[0].fields == {MeetingField.SCHEDULE}
    full = decide(linked(Side.CRM), activity(), ours, policy(private_events="full"))
    assert full.writes[0].fields == {MeetingField.SCHEDULE, MeetingField.DESCRIPTION}


@pytest.mark.rule("5.12")
def test_what_is_written_below_the_block_reaches_pipedrive_and_survives_the_next_refresh():
    link, shown, rules = _with_block()
    edited = shown.model_copy(update={"description": shown.description + "\n\nBring the plans"})
    carrying = decide(link, activity(**DEAL), edited, rules)
    (carried,) = carrying.writes
    assert (carried.side, carried.meeting.description) == (Side.CRM, "Agenda\n\nBring the plans")
    plans = {"public_description": carried.meeting.description}
    written = activity_written(carrying.link, 1, meeting_of_activity(activity(**plans), rules))
    (refreshed,) = decide(written, activity(**plans, **BIGGER), edited, rules).writes
    assert refreshed.meeting.description == (
        "Agenda\n\nBring the plans\n\n--- Pipedrive ---\nDeal: Bigger deal"
    )


@pytest.mark.rule("2.18")
@pytest.mark.parametrize(("start", "written"), [(SOON, True), (NOW - timedelta(days=9), False)])
def test_another_treatment_of_private_events_rewrites_what_lies_ahead(start, written):
    private = event(start, private=True)
    link = linked(
        Side.CALENDAR,
        policy(private_events="full"),
        of_activity=activity(start),
        of_event=private,
    )
    decided = decide(link, activity(start), private, policy(private_events="redact"))
    assert bool(decided.writes) is written


# The deal/contact block

WITH_BLOCK = {"include_deal_contact_info": True}
DEAL = {"deal_contact": DealContact(deal_title="Big deal")}
BIGGER = {"deal_contact": DealContact(deal_title="Bigger deal")}


def _with_block():
    rules = policy(**WITH_BLOCK)
    begun = decide_alone(activity(**DEAL), rules)
    shown = event(description=begun.writes[0].meeting.description)
    link = replace(begun.link, link_id=LINK_ID)
    return event_written(link, "e1", meeting_of_event(shown, rules)), shown, rules


@pytest.mark.rule("2.5")
def test_the_block_is_appended_when_the_event_is_created_and_is_no_change():
    link, shown, rules = _with_block()
    assert shown.description == "Agenda\n\n--- Pipedrive ---\nDeal: Big deal"
    assert decide(link, activity(**DEAL), shown, rules).writes == ()


@pytest.mark.rule("5.12")
def test_the_block_follows_the_deal():
    link, shown, rules = _with_block()
    decided = decide(link, activity(**BIGGER), shown, rules)
    (write,) = decided.writes
    assert write.fields == {MeetingField.DESCRIPTION}
    assert write.meeting.description == "Agenda\n\n--- Pipedrive ---\nDeal: Bigger deal"
    after = event(description=write.meeting.description)
    written = event_written(decided.link, "e1", meeting_of_event(after, rules))
    assert decide(written, activity(**BIGGER), after, rules).writes == ()


@pytest.mark.rule("7.5")
def test_only_a_block_that_is_refreshed_alone_is_written_silently():
    rules = policy(include_deal_contact_info=True)
    deal = activity(deal_contact=DealContact(deal_title="Big"))
    (alone,) = decide(linked(Side.CRM), deal, event(), rules).writes
    assert (alone.silent, alone.fields) == (True, {MeetingField.DESCRIPTION})
    renamed = deal.model_copy(update={"subject": "New"})
    (edit,) = decide(linked(Side.CRM), renamed, event(), rules).writes
    assert (edit.silent, edit.fields) == (False, {MeetingField.DESCRIPTION, MeetingField.TITLE})


@pytest.mark.rule("7.5")
def test_where_any_change_is_mailed_a_block_waits_for_an_edit():
    rules = replace(policy(include_deal_contact_info=True), mails_any_change=True)
    deal = activity(deal_contact=DealContact(deal_title="Big"))
    waiting = decide(linked(Side.CRM), deal, event(), rules)
    assert (waiting.reason, waiting.link, waiting.writes) == (Reason.NO_CHANGE, None, ())
    renamed = deal.model_copy(update={"subject": "New"})
    (edit,) = decide(linked(Side.CRM), renamed, event(), rules).writes
    assert "Deal: Big" in edit.meeting.description
    mine = event(attendees=(Attendee(email=MY_EMAIL, is_self=True),))
    alone = activity(deal_contact=DealContact(deal_title="Big"), guests=())
    link = linked(Side.CRM, of_activity=activity(guests=()), of_event=mine)
    assert writes(decide(link, alone, mine, rules)) == [("calendar", "update")]


def test_a_block_whose_write_failed_is_written_again():
    from reconciler.core.transitions import write_failed

    link, shown, rules = _with_block()
    begun = decide(link, activity(**BIGGER), shown, rules)
    failed = write_failed(begun.link, Side.CALENDAR)
    again = decide(failed, activity(**BIGGER), shown, rules)
    assert again.writes == begun.writes


def test_unknown_deal_context_leaves_the_block_as_it_is():
    link, shown, rules = _with_block()
    assert decide(link, activity(), shown, rules).writes == ()
    edited = decide(link, activity(public_description="New"), shown, rules)
    assert edited.writes[0].meeting.description == "New\n\n--- Pipedrive ---\nDeal: Big deal"


def test_an_edit_of_the_description_in_the_calendar_reaches_pipedrive_without_the_block():
    link, shown, rules = _with_block()
    edited = shown.model_copy(update={"description": "New" + shown.description})
    (write,) = decide(link, activity(**DEAL), edited, rules).writes
    assert write.meeting.description == "NewAgenda"


@pytest.mark.rule("5.4")
def test_the_block_does_not_reach_pipedrive_where_its_marker_was_joined_to_the_text():
    link, shown, rules = _with_block()
    joined = shown.model_copy(
        update={"description": shown.description.replace("Agenda\n\n", "New ")}
    )
    (write,) = decide(link, activity(**DEAL), joined, rules).writes
    assert (write.side, write.meeting.description) == (Side.CRM, "New")


@pytest.mark.rule("2.18")
@pytest.mark.parametrize(("start", "written"), [(SOON, True), (NOW - timedelta(days=9), False)])
def test_turning_the_block_on_rewrites_what_lies_ahead_once(start, written):
    link = linked(Side.CRM, of_activity=activity(start), of_event=event(start))
    decided = decide(link, activity(start, **DEAL), event(start), policy(**WITH_BLOCK))
    assert bool(decided.writes) is written


def test_turning_the_block_off_takes_it_away_once():
    link, shown, _ = _with_block()
    decided = decide(link, activity(**DEAL), shown, policy())
    assert decided.writes[0].meeting.description == "Agenda"
    written = event_written(decided.link, "e1", meeting_of_event(event(), policy()))
    assert decide(written, activity(**DEAL), event(), policy()).writes == ()


@pytest.mark.parametrize("length", [65_535, 65_536, 70_000])
def test_no_block_is_written_to_a_text_of_which_the_end_may_not_be_known(length):
    rules = policy(**WITH_BLOCK)
    long = event(description="x" * length)
    shown = activity(public_description="x" * min(length, 65_536), **DEAL)
    link = linked(Side.CALENDAR, of_activity=shown, of_event=long)
    assert bool(decide(link, shown, long, rules).writes) is (length == 65_535)
    shortened = shown.model_copy(update={"public_description": "Agenda"})
    (write,) = decide(link, shortened, long, rules).writes
    assert write.meeting.description == "Agenda\n\n--- Pipedrive ---\nDeal: Big deal"


def test_a_held_back_description_survives_the_refresh_of_the_block():
    rules = policy(direction="one_way", **WITH_BLOCK)
    link = linked(Side.CALENDAR)
    edited = event(description="Mine")
    decided = decide(link, activity(**DEAL), edited, rules)
    assert decided.writes[0].meeting.description == "Mine\n\n--- Pipedrive ---\nDeal: Big deal"
    shown = event(description=decided.writes[0].meeting.description)
    written = event_written(decided.link, "e1", meeting_of_event(shown, rules))
    assert decide(written, activity(**DEAL), shown, rules).writes == ()
    (carried,) = decide(written, activity(**DEAL), shown, policy(**WITH_BLOCK)).writes
    assert (carried.side, carried.meeting.description) == (Side.CRM, "Mine")


# The default duration

NO_DURATION = {"duration_minutes": None}
LONGER = policy(default_duration_minutes=45)


def _half_hour(start=SOON):
    return linked(
        Side.CRM,
        of_activity=activity(start, **NO_DURATION),
        of_event=event(start, schedule=hour(start, 30)),
    )


@pytest.mark.rule("2.18")
def test_another_default_duration_rewrites_what_lies_ahead_once():
    half = event(schedule=hour(minutes=30))
    decided = decide(_half_hour(), activity(**NO_DURATION), half, LONGER)
    (write,) = decided.writes
    assert write.fields == {MeetingField.SCHEDULE}
    assert write.meeting.schedule == hour(minutes=45)
    after = event(schedule=hour(minutes=45))
    written = event_written(decided.link, "e1", meeting_of_event(after, LONGER))
    assert decide(written, activity(**NO_DURATION), after, LONGER).writes == ()


def test_another_default_duration_leaves_the_past_alone():
    past = NOW - timedelta(days=9)
    half = event(past, schedule=hour(past, 30))
    assert decide(_half_hour(past), activity(past, **NO_DURATION), half, LONGER).writes == ()


def test_another_default_duration_is_no_edit_that_beats_a_deletion():
    from tests.unit.core.scenes import gone

    decided = decide(_half_hour(), activity(**NO_DURATION), gone(), LONGER)
    assert writes(decided) == [("crm", "delete")]


@pytest.mark.parametrize("winner", ["crm", "calendar", "latest"])
def test_another_default_duration_yields_to_a_move_in_the_calendar(winner):
    rules = policy(default_duration_minutes=45, conflict_winner=winner)
    moved = event(schedule=hour(SOON + timedelta(days=1), 30))
    decided = decide(_half_hour(), activity(updated_at=NOW, **NO_DURATION), moved, rules)
    assert writes(decided) == [("crm", "update")]
    assert decided.entries == ()


def test_another_default_duration_leaves_an_event_of_its_own_length_alone():
    instant = event(schedule=hour(minutes=0))
    link = linked(Side.CALENDAR, of_activity=activity(**NO_DURATION), of_event=instant)
    assert decide(link, activity(**NO_DURATION), instant, LONGER).writes == ()


def test_an_event_of_no_length_has_none_after_its_activity_was_moved():
    instant = event(schedule=hour(minutes=0))
    link = linked(Side.CALENDAR, of_activity=activity(**NO_DURATION), of_event=instant)
    tomorrow = SOON + timedelta(days=1)
    moving = decide(link, activity(tomorrow, **NO_DURATION), instant, LONGER)
    assert moving.writes[0].meeting.schedule == hour(tomorrow, 0)
    lengthened = decide(link, activity(tomorrow, duration_minutes=20), instant, LONGER)
    assert lengthened.writes[0].meeting.schedule == hour(tomorrow, 20)
