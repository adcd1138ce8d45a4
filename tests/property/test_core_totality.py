"""`plan` gives a plan for anything that can be observed, and normal forms are stable."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.edits import rules

from calendar_ingest.adapters.google.descriptions import as_description, description_format
from reconciler.core.draft import draft_of
from reconciler.core.model import Base, Gone, Link, LinkState, Observed, Pending, Refusal, Verb
from reconciler.core.normalize import as_activity_shows, meeting_of_activity, meeting_of_event
from reconciler.core.plan import plan
from reconciler.core.reasons import Reason
from reconciler.core.text import plain, text_of_html, without_block
from tandem.contracts.activities import ActivitySnapshot, DealContact, Guest
from tandem.contracts.events import Attendee, EventKind, EventSnapshot, Response, Series, TextFormat
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Side, Timed

BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
moments = st.datetimes(timezones=st.just(UTC))
PIECES = (
    r"<p> </p> <br> <a_href='x'> </a> <li> <script> </script> <!-- --> <![ & &amp; < > _ ' x \n"
)
markup = st.lists(st.sampled_from(PIECES.split()), max_size=20).map(
    lambda pieces: "".join(pieces).replace("_", " ").replace("\\n", "\n")
)
anything = st.one_of(st.text(max_size=30), markup)
timed = st.tuples(moments, moments).map(lambda pair: Timed(start=min(pair), end=max(pair)))
schedules = st.one_of(timed, st.builds(AllDay, first=st.dates(), days=st.integers(1, 3660)))
guests = st.lists(st.builds(Guest, email=st.text(max_size=5)), max_size=2).map(tuple)
activities = st.builds(
    ActivitySnapshot,
    activity_id=st.integers(1, 3),
    owner_id=st.sampled_from([70, 71]),
    subject=anything,
    type=st.sampled_from(["meeting", "call", ""]),
    done=st.booleans(),
    due_date=st.none() | st.dates(),
    due_time=st.none() | st.times(),
    duration_minutes=st.none() | st.integers(0, 10**6),
    busy=st.none() | st.booleans(),
    location=anything,
    public_description=anything,
    guests=guests,
    added_at=moments,
    updated_at=moments,
    deal_contact=st.none() | st.builds(DealContact, deal_title=st.text(max_size=5)),
)
events = st.builds(
    EventSnapshot,
    event_id=st.sampled_from(["e1", "e2"]),
    updated_at=st.none() | moments,
    title=anything,
    schedule=schedules,
    description=anything,
    description_format=st.sampled_from(TextFormat),
    location=anything,
    conference_url=st.text(max_size=5),
    busy=st.booleans(),
    private=st.booleans(),
    kind=st.sampled_from(EventKind),
    response=st.sampled_from(Response),
    is_organizer=st.booleans(),
    attendees=st.lists(st.builds(Attendee, email=st.text(max_size=5)), max_size=2).map(tuple),
    link_mark=st.none() | st.text(max_size=5),
    series=st.none() | st.builds(Series, series_id=st.just("s"), original_start=moments),
)
meetings = st.builds(
    Meeting,
    title=st.text(max_size=5),
    schedule=schedules,
    description=st.text(max_size=5),
    location=st.text(max_size=5),
    busy=st.booleans(),
)
refusals = st.builds(
    Refusal,
    side=st.sampled_from(Side),
    write=st.builds(
        Pending,
        verb=st.sampled_from(Verb),
        fields=st.frozensets(st.sampled_from(MeetingField)),
        reason=st.sampled_from(Reason),
        revision=st.just(1),
        agreed=st.none(),
        before=st.none() | meetings,
        after=st.none() | meetings,
        block=st.none(),
    ),
)
links = st.builds(
    Link,
    link_id=st.none() | st.just(UUID(int=1)),
    origin=st.sampled_from(Side),
    activity_id=st.none() | st.integers(1, 3),
    event_id=st.none() | st.sampled_from(["e1", "e2"]),
    state=st.sampled_from(LinkState),
    reason=st.none() | st.sampled_from(Reason),
    base=st.none() | st.builds(Base, activity=meetings, event=meetings),
    activity_type=st.none() | st.sampled_from(["meeting", "call"]),
    block=st.sampled_from(["", "Deal: x"]),
    refused=st.none() | refusals,
    also_refused=st.none() | refusals,
    suppress=st.frozensets(st.sampled_from(Side)),
    series_id=st.none() | st.just("s"),
    pending_activity=st.none(),
    pending_event=st.none(),
)
gone = st.builds(Gone, observed_at=moments)
observed = st.builds(
    Observed,
    link=st.none() | links,
    activity=st.none() | gone | activities,
    event=st.none() | gone | events,
    contested=st.booleans(),
    crowded=st.booleans(),
)
nows = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@BOUNDED
@given(observed, rules, nows)
def test_a_plan_is_made_of_anything(seen, rules_now, now):
    decided = plan(seen, policy=rules_now, now=now)
    assert plan(seen, policy=rules_now, now=now) == decided, "the same again is the same plan"
    assert len({write.side for write in decided.writes}) == len(decided.writes)
    for write in decided.writes:
        assert decided.link is not None
        pending = decided.link.pending_on(write.side)
        assert pending is not None
        assert pending.revision == decided.link.revision
        assert (write.meeting is None) == (write.verb == "delete")
        if write.side is Side.CRM and write.meeting is not None:
            activity = seen.activity if isinstance(seen.activity, ActivitySnapshot) else None
            draft_of(write.meeting, activity, rules_now)


@BOUNDED
@given(activities, events, rules)
def test_normal_forms_are_stable(activity, event, rules_now):
    for meeting in (meeting_of_activity(activity, rules_now), meeting_of_event(event, rules_now)):
        if meeting is None:
            continue
        assert without_block(meeting.description) == meeting.description
        shown = as_activity_shows(meeting)
        assert as_activity_shows(shown) == shown
        again = _given_back(shown, activity, rules_now)
        assert again is None or _close(again, shown)


def _given_back(shown: Meeting, activity: ActivitySnapshot, rules_now: Any) -> Meeting | None:
    """A meeting written to an activity and read from it."""
    draft = draft_of(shown, None, rules_now)
    written = activity.model_copy(update=draft.model_dump(exclude={"guests"}))
    return meeting_of_activity(written, rules_now)


def _close(again: Meeting, shown: Meeting) -> bool:
    """Equal but for guests, and for a length that an activity can not have."""
    same = again.model_copy(update={"guests": shown.guests, "schedule": shown.schedule}) == shown
    if isinstance(shown.schedule, Timed) and shown.schedule.end - shown.schedule.start < timedelta(
        minutes=1
    ):
        return same and getattr(again.schedule, "start", None) == shown.schedule.start
    return same and again.schedule == shown.schedule


@BOUNDED
@given(anything)
def test_text_that_goes_through_the_calendar_comes_back_the_same(text):
    wanted = plain(text)
    given_back = as_description(wanted)
    if description_format(given_back) is TextFormat.HTML:
        given_back = text_of_html(given_back)
    assert plain(given_back) == wanted


@BOUNDED
@given(anything)
def test_reading_html_twice_as_text_changes_nothing_more(text):
    once = text_of_html(text)
    assert plain(once) == once
