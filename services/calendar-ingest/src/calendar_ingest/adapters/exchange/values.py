"""Writes a meeting in Exchange's terms: only the fields that are to change, nothing else."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from exchangelib import Attendee, Body, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib import Mailbox as Address
from exchangelib.errors import UnknownTimeZone

from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Schedule

Values = dict[str, Any]

LOCATION_LENGTH_MAX: Final = 255
_BUSY: Final = {True: "Busy", False: "Free"}


def values(meeting: Meeting, fields: frozenset[MeetingField], *, time_zone: str) -> Values:
    """The named fields as an item has them, without guests: those are merged into what is there."""
    found: Values = {}
    if MeetingField.TITLE in fields:
        found["subject"] = meeting.title
    if MeetingField.SCHEDULE in fields:
        found |= _times(meeting.schedule, time_zone)
    if MeetingField.DESCRIPTION in fields:
        found["body"] = Body(meeting.description)
    if MeetingField.LOCATION in fields:
        found["location"] = meeting.location[:LOCATION_LENGTH_MAX]
    if MeetingField.BUSY in fields:
        found["legacy_free_busy_status"] = _BUSY[meeting.busy]
    return found


def merged(
    required: Iterable[Attendee], optional: Iterable[Attendee], guests: Iterable[str], *, owner: str
) -> Values:
    """Guest lists with exactly these guests; who stays keeps his answer and his list."""
    wanted = {guest.lower() for guest in guests}
    there: set[str] = set()
    lists: dict[str, list[Attendee]] = {"required_attendees": [], "optional_attendees": []}
    for name, present in zip(lists, (required, optional), strict=True):
        for entry in present:
            email = (entry.mailbox.email_address or "").lower()
            if email in wanted or email == owner.lower():
                lists[name].append(entry)
                there.add(email)
    lists["required_attendees"] += [
        Attendee(mailbox=Address(email_address=guest), response_type="Unknown")
        for guest in sorted(wanted - there)
    ]
    return {name: entries or None for name, entries in lists.items()}


def _times(schedule: Schedule, time_zone: str) -> Values:
    zone = _zone(time_zone)
    zones = {"_start_timezone": zone, "_end_timezone": zone}
    if isinstance(schedule, AllDay):
        last = schedule.first + timedelta(days=schedule.days - 1)
        return {
            "start": EWSDate.from_date(schedule.first),
            "end": EWSDate.from_date(last),
            "is_all_day": True,
            **zones,
        }
    return {
        "start": _moment(schedule.start, zone),
        "end": _moment(schedule.end, zone),
        "is_all_day": False,
        **zones,
    }


def _moment(moment: datetime, zone: EWSTimeZone) -> EWSDateTime:
    return EWSDateTime.from_datetime(moment.astimezone(UTC)).astimezone(zone)


def _zone(name: str) -> EWSTimeZone:
    """The owner's zone; UTC where Windows has no name for it."""
    try:
        return EWSTimeZone(name)
    except (UnknownTimeZone, ValueError, OSError):
        return EWSTimeZone("UTC")
