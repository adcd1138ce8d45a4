"""What a reader of an activity or of an event sees of a meeting."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.simulation.people import MY_EMAIL, Item

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot, TextFormat
from tandem.contracts.meetings import AllDay

DEFAULT_MINUTES: Final = 30


def shown_by(item: Item) -> dict[str, Any]:
    """A meeting as an item of either side shows it."""
    if isinstance(item, ActivitySnapshot):
        return shown_by_activity(item)
    return shown_by_event(item)


def shown_by_activity(activity: ActivitySnapshot) -> dict[str, Any]:
    """A meeting as a reader of the activity would tell it."""
    timed = activity.due_time is not None
    return {
        "title": _words(activity.subject),
        "schedule": _of_activity(activity),
        "location": _words(activity.location),
        "description": _lines(activity.public_description),
        "busy": timed if activity.busy is None else activity.busy,
        "guests": {guest.email.lower() for guest in activity.guests} - {MY_EMAIL},
    }


def shown_by_event(event: EventSnapshot) -> dict[str, Any]:
    """A meeting as a reader of the calendar would tell it."""
    text = event.description
    if event.description_format is TextFormat.HTML:
        text = html.unescape(re.sub(r"</?p>", "", text.replace("<br>", "\n")))
    return {
        "title": _words(event.title),
        "schedule": shown_schedule(event.schedule),
        "location": _words(event.location),
        "description": _lines(text),
        "busy": event.busy,
        "guests": {one.email.lower() for one in event.attendees} - {MY_EMAIL},
    }


def _of_activity(activity: ActivitySnapshot) -> Any:
    if activity.due_date is None:
        return None
    if activity.due_time is None:
        return activity.due_date
    start = datetime.combine(activity.due_date, activity.due_time, UTC)
    minutes = activity.duration_minutes or DEFAULT_MINUTES
    return start, start + timedelta(minutes=minutes)


def shown_schedule(schedule: Any) -> Any:
    """A date, or the moments of start and end."""
    if isinstance(schedule, AllDay):
        return schedule.first
    return schedule.start, schedule.end


def _words(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\u00a0", " ").split("\n")).strip()
