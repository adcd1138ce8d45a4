"""Writes a meeting in Google's terms: only the fields that are to change, nothing else."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from calendar_ingest.adapters.google.descriptions import as_description
from calendar_ingest.adapters.google.identifiers import LINK_PROPERTY, event_id
from calendar_ingest.calendars import NewEvent
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Schedule

Json = dict[str, Any]


def new_body(new: NewEvent) -> Json:
    """Everything of an event to be made."""
    fields = frozenset(MeetingField) - {MeetingField.GUESTS}
    body = changed_body(new.meeting, fields, time_zone=new.time_zone)
    if new.meeting.guests:
        body["attendees"] = merged_attendees((), new.meeting.guests)
    return {
        **{name: _without_nulls(value) for name, value in body.items()},
        "id": event_id(new.link_id, new.generation),
        "extendedProperties": {"private": {LINK_PROPERTY: str(new.link_id)}},
    }


def changed_body(meeting: Meeting, fields: frozenset[MeetingField], *, time_zone: str) -> Json:
    """The named fields, without guests: those are merged into what is there."""
    body: Json = {}
    if MeetingField.TITLE in fields:
        body["summary"] = meeting.title
    if MeetingField.SCHEDULE in fields:
        body["start"], body["end"] = _points(meeting.schedule, time_zone)
    if MeetingField.DESCRIPTION in fields:
        body["description"] = as_description(meeting.description)
    if MeetingField.LOCATION in fields:
        body["location"] = meeting.location
    if MeetingField.BUSY in fields:
        body["transparency"] = "opaque" if meeting.busy else "transparent"
    return body


def merged_attendees(present: Iterable[Mapping[str, Any]], guests: Iterable[str]) -> list[Json]:
    """The guest list with exactly these guests; who stays keeps his answer and all else.

    The owner, the organiser and rooms are no guests, so they stay.
    """
    wanted = {guest.lower() for guest in guests}
    kept = [
        dict(entry)
        for entry in present
        if entry.get("self")
        or entry.get("organizer")
        or entry.get("resource")
        or str(entry.get("email", "")).lower() in wanted
    ]
    there = {str(entry.get("email", "")).lower() for entry in kept}
    return [*kept, *({"email": guest} for guest in sorted(wanted - there))]


def _points(schedule: Schedule, time_zone: str) -> tuple[Json, Json]:
    """Start and end. The form that does not apply is cleared, so that a patch changes kinds."""
    if isinstance(schedule, AllDay):
        last = schedule.first + timedelta(days=schedule.days)
        return _day(schedule.first.isoformat()), _day(last.isoformat())
    return _moment(schedule.start, time_zone), _moment(schedule.end, time_zone)


def _day(day: str) -> Json:
    return {"date": day, "dateTime": None, "timeZone": None}


def _moment(moment: datetime, time_zone: str) -> Json:
    """A moment in the owner's zone; its offset makes it exact where clocks are put back."""
    try:
        local = moment.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        local, time_zone = moment.astimezone(ZoneInfo("UTC")), "UTC"
    return {"date": None, "dateTime": local.isoformat(timespec="seconds"), "timeZone": time_zone}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if inner is not None}
    return value
