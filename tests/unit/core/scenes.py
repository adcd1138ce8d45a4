"""Meetings, links and policies to start from, and the steps of a write that succeeds.

Everything lies around `NOW`; the owner lives in Berlin.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from reconciler.core.create import create_activity, create_event
from reconciler.core.model import Gone, Link, LinkState, Observed, Policy
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.plan import plan
from reconciler.core.transitions import activity_written, event_written
from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.contracts.connections import ConnectionSettings
from tandem.contracts.events import Attendee, EventSnapshot
from tandem.contracts.meetings import Side, Timed

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SOON = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
ME, OTHER = 70, 71
LINK_ID = UUID("6f1c2a34-0000-4000-8000-000000000001")
MY_EMAIL = "me@example.com"
BOTH = (Side.CRM, Side.CALENDAR)


def policy(**settings):
    """A policy of user `ME` with default settings but for those given."""
    zone = settings.pop("zone", "Europe/Berlin")
    return Policy(
        settings=ConnectionSettings(calendar_id="main", **settings),
        user_id=ME,
        owner_emails=frozenset({MY_EMAIL}),
        zone=ZoneInfo(zone),
    )


def with_settings(rules, **settings):
    """The same policy but for some settings."""
    changed = rules.settings.model_copy(update=settings)
    return replace(rules, settings=changed)


def hour(start=SOON, minutes=60):
    return Timed(start=start, end=start + timedelta(minutes=minutes))


def activity(start=SOON, **fields):
    """An activity of an hour, with every field set."""
    known = {
        "activity_id": 1,
        "owner_id": ME,
        "subject": "Talk",
        "type": "meeting",
        "due_date": start.date(),
        "due_time": start.time(),
        "duration_minutes": 60,
        "busy": True,
        "location": "Room 4",
        "public_description": "Agenda",
        "guests": (Guest(email="guest@elsewhere.example"),),
        "added_at": NOW - timedelta(days=1),
        "updated_at": NOW - timedelta(hours=2),
    }
    return ActivitySnapshot(**(known | fields))


def event(start=SOON, **fields):
    """The same meeting as `activity`, as a calendar shows it."""
    known = {
        "event_id": "e1",
        "version": "1",
        "updated_at": NOW - timedelta(hours=2),
        "title": "Talk",
        "schedule": hour(start),
        "description": "Agenda",
        "location": "Room 4",
        "busy": True,
        "attendees": (Attendee(email="guest@elsewhere.example"),),
    }
    return EventSnapshot(**(known | fields))


def gone():
    return Gone(NOW)


def linked(origin, rules=None, *, of_activity=None, of_event=None):
    """A link on whose base both sides agreed, as its life up to here leaves it."""
    rules = rules or policy()
    first_a, first_e = of_activity or activity(), of_event or event()
    if origin is Side.CRM:
        begun = create_event(
            Link(
                link_id=LINK_ID,
                origin=origin,
                activity_id=first_a.activity_id,
                activity_type=first_a.type,
            ),
            first_a,
            rules,
        ).link
        assert begun is not None
        return event_written(begun, first_e.event_id, meeting_of_event(first_e, rules))
    begun = create_activity(
        Link(
            link_id=LINK_ID,
            origin=origin,
            event_id=first_e.event_id,
            activity_type=rules.settings.save_events_as,
        ),
        first_e,
        rules,
    ).link
    assert begun is not None
    return activity_written(begun, first_a.activity_id, meeting_of_activity(first_a, rules))


def decide(link, a, e, rules=None, *, now=NOW):
    """Plan for a linked pair."""
    return plan(
        Observed(link=link, activity=a, event=e),
        policy=rules or policy(),
        now=now,
    )


def decide_alone(item, rules=None, *, former=None, contested=False, now=NOW):
    """Plan for an item without a living link."""
    sides = {"activity": item} if isinstance(item, ActivitySnapshot) else {"event": item}
    observed = Observed(link=former, contested=contested, **sides)
    return plan(observed, policy=rules or policy(), now=now)


def writes(decided):
    """What a plan writes, as `(side, verb)`."""
    return [(write.side.value, write.verb.value) for write in decided.writes]


def resting(link, reason):
    return replace(link, state=LinkState.RESTING, reason=reason)
