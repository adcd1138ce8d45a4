"""A meeting in Pipedrive's terms: UTC date and time, minutes, nothing for all-day."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from tests.unit.core.scenes import SOON, activity, event, hour, policy

from reconciler.core.draft import draft_of
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from tandem.contracts.meetings import AllDay, Timed


def _draft(of=None, *, rules=None, **fields):
    rules = rules or policy()
    return draft_of(meeting_of_event(event(**fields), rules), of, rules)


def test_every_field_is_given_in_pipedrives_terms():
    assert _draft().model_dump() == {
        "subject": "Talk",
        "due_date": date(2026, 3, 4),
        "due_time": time(9, 0),
        "duration_minutes": 60,
        "public_description": "Agenda",
        "location": "Room 4",
        "busy": True,
        "guests": frozenset({"guest@elsewhere.example"}),
    }


@pytest.mark.rule("5.2")
def test_times_are_utc_also_across_midnight():
    start = datetime(2026, 3, 4, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    draft = _draft(schedule=Timed(start=start, end=start + timedelta(minutes=45)))
    assert (draft.due_date, draft.due_time) == (date(2026, 3, 3), time(20, 30))
    assert draft.duration_minutes == 45


def test_an_all_day_meeting_has_neither_time_nor_duration():
    draft = _draft(activity(), schedule=AllDay(first=date(2026, 3, 29), days=3))
    assert (draft.due_date, draft.due_time, draft.duration_minutes) == (
        date(2026, 3, 29),
        None,
        None,
    )


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(
    ("minutes", "of", "expected"),
    [
        (30, None, 30),
        (30, activity(duration_minutes=None), None),
        (30, activity(duration_minutes=0), None),
        (31, activity(duration_minutes=None), 31),
        (30, activity(duration_minutes=60), 30),
        (30, activity(due_time=None, duration_minutes=None), 30),
        (0, None, None),
        (1439, None, 1439),
        (1440, None, 1439),
        (5000, None, 1439),
    ],
)
def test_the_default_duration_is_not_written_back(minutes, of, expected):
    assert _draft(of, schedule=hour(minutes=minutes)).duration_minutes == expected


def test_seconds_are_cut():
    draft = _draft(schedule=hour(SOON + timedelta(seconds=59), 10.9))
    assert (draft.due_time, draft.duration_minutes) == (time(9, 0), 10)


@pytest.mark.parametrize("due_time", [None, time(9, 0), time(23, 59)])
@pytest.mark.parametrize("duration", [None, 15, 1439])
def test_an_activity_written_from_itself_shows_the_same(due_time, duration):
    rules = policy()
    before = activity(due_time=due_time, duration_minutes=duration)
    meeting = meeting_of_activity(before, rules)
    assert meeting is not None
    draft = draft_of(meeting, before, rules)
    after = before.model_copy(
        update={
            name: getattr(draft, name)
            for name in ("due_date", "due_time", "duration_minutes", "busy", "subject")
        }
    )
    assert meeting_of_activity(after, rules) == meeting


@pytest.mark.rule("5.2")
def test_the_clock_change_moves_nothing():
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    draft = _draft(schedule=hour(night, 120))
    assert (draft.due_date, draft.due_time, draft.duration_minutes) == (
        date(2026, 3, 29),
        time(0, 30),
        120,
    )
