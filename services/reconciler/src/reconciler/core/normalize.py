"""Brings activities and events into canonical form, so that they can be compared.

Normalising twice is normalising once. What an activity can not represent is cut here and, because
each side is compared with its own base, never written back.
"""

from datetime import UTC, datetime, timedelta

from reconciler.core.model import Policy
from reconciler.core.text import single_line, text_of_html, without_block
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import PrivateEvents
from tandem.contracts.events import EventSnapshot, TextFormat
from tandem.contracts.meetings import (
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    AllDay,
    Meeting,
    Schedule,
    Timed,
)

ACTIVITY_LENGTH_MAX = timedelta(hours=23, minutes=59)
PRIVATE_TITLE = "Private"
_MINUTE = timedelta(minutes=1)


def type_name(key: str) -> str:
    """Name of an activity type; Pipedrive derives the key from it."""
    return key.replace("_", " ").strip().capitalize() or "Activity"


def schedule_of_activity(activity: ActivitySnapshot, policy: Policy) -> Schedule | None:
    """When an activity is; None without a due date. No duration is the default one."""
    if activity.due_date is None:
        return None
    if activity.due_time is None:
        return AllDay(first=activity.due_date)
    start = datetime.combine(activity.due_date, activity.due_time.replace(tzinfo=None), UTC)
    minutes = activity.duration_minutes or policy.settings.default_duration_minutes
    return Timed(start=start, end=_after(start, timedelta(minutes=minutes)))


def meeting_of_activity(activity: ActivitySnapshot, policy: Policy) -> Meeting | None:
    """Canonical form of an activity; None without a due date."""
    schedule = schedule_of_activity(activity, policy)
    if schedule is None:
        return None
    busy = activity.busy if activity.busy is not None else isinstance(schedule, Timed)
    return Meeting(
        title=single_line(activity.subject) or type_name(activity.type),
        schedule=schedule,
        description=without_block(activity.public_description),
        location=single_line(activity.location),
        busy=busy,
        guests=frozenset(guest.email.lower() for guest in activity.guests) - policy.owner_emails,
    )


def is_redacted(event: EventSnapshot, policy: Policy) -> bool:
    """Whether only the time of an event may be known; what came from Pipedrive is known there."""
    return (
        event.private
        and event.link_mark is None
        and policy.settings.private_events is not PrivateEvents.FULL
    )


def meeting_of_event(event: EventSnapshot, policy: Policy, *, block: str = "") -> Meeting:
    """Canonical form of an event; a private one shows no details unless the user says so.

    `block` is the deal/contact block that was last written into it.
    """
    if is_redacted(event, policy):
        return Meeting(title=PRIVATE_TITLE, schedule=event.schedule, busy=True)
    text = (
        text_of_html(event.description)
        if event.description_format is TextFormat.HTML
        else event.description
    )
    return Meeting(
        title=single_line(event.title) or type_name(policy.settings.save_events_as),
        schedule=event.schedule,
        description=without_block(text, block),
        location=single_line(event.location) or single_line(event.conference_url),
        busy=event.busy,
        guests=frozenset(
            attendee.email.lower()
            for attendee in event.attendees
            if not (attendee.is_self or attendee.is_room)
        )
        - policy.owner_emails,
    )


def as_activity_shows(meeting: Meeting) -> Meeting:
    """A calendar's meeting as far as an activity can represent it."""
    shown = {
        "title": _cut(meeting.title, TITLE_LENGTH_MAX),
        "description": _cut(meeting.description, TEXT_LENGTH_MAX),
        "location": _cut(meeting.location, TEXT_LENGTH_MAX),
        "schedule": _activity_schedule(meeting.schedule),
    }
    cut = {name: value for name, value in shown.items() if value is not getattr(meeting, name)}
    return meeting.model_copy(update=cut) if cut else meeting


def _activity_schedule(schedule: Schedule) -> Schedule:
    if isinstance(schedule, AllDay):
        return schedule if schedule.days == 1 else AllDay(first=schedule.first)
    start = schedule.start.replace(second=0, microsecond=0)
    length = min(schedule.end - schedule.start, ACTIVITY_LENGTH_MAX) // _MINUTE * _MINUTE
    if start == schedule.start and start + length == schedule.end:
        return schedule
    return Timed(start=start, end=start + length)


def event_schedule(moved: Schedule, *, was_activity: Schedule, was_event: Schedule) -> Schedule:
    """An activity's new time on the calendar, keeping a length that only the calendar knows."""
    if isinstance(moved, AllDay):
        if isinstance(was_event, AllDay) and isinstance(was_activity, AllDay):
            return AllDay(first=moved.first, days=was_event.days)
        return moved
    if (
        isinstance(was_event, Timed)
        and isinstance(was_activity, Timed)
        and moved.end - moved.start == was_activity.end - was_activity.start
    ):
        return Timed(start=moved.start, end=_after(moved.start, was_event.end - was_event.start))
    return moved


def _after(start: datetime, length: timedelta) -> datetime:
    """The end of a meeting; time itself ends with the year 9999."""
    try:
        return start + length
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _cut(text: str, length: int) -> str:
    """The beginning of a text; joined emoji are not left with a joiner at their end."""
    return text if len(text) <= length else text[:length].rstrip("\u200d").rstrip()
