"""How records are shown: the JSON of events, calendars and channels.

Defaults are left out, as Google leaves them out; an event that the reader may not see in
detail shows only its time.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from tandem_sandbox.google import times
from tandem_sandbox.google.channels import Channel
from tandem_sandbox.google.model import Calendar, Event, ListEntry, Mailbox, Role

CALENDAR_KEY = {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}
DEFAULT_REMINDERS = [{"method": "popup", "minutes": 10}]
SETTINGS = {
    "timezone": "UTC",
    "locale": "en",
    "format24HourTime": "true",
    "defaultEventLength": "60",
    "weekStart": "1",
}
"""The settings of a mailbox; those that differ from mailbox to mailbox are only defaults here."""
VEILED = frozenset({"start", "end", "recurrence", "transparency"})
"""The fields of an event that somebody sees who may not see its details."""


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, and how he wants to see it."""

    role: Role
    zone: ZoneInfo
    attendees_max: int | None = None

    def veils(self, event: Event) -> bool:
        """Whether the details of ``event`` are hidden from this reader."""
        if self.role.covers(Role.WRITER):
            return False
        return self.role is Role.FREE_BUSY_READER or event.fields.get("visibility") in (
            "private",
            "confidential",
        )


def show_event(calendar: Calendar, event: Event, view: View) -> dict[str, Any]:
    """An event with all that ``view`` lets see."""
    if event.bare:
        return show_tombstone(event, view)
    fields = event.fields
    veiled = view.veils(event)
    if veiled:
        fields = {name: value for name, value in fields.items() if name in VEILED}
        fields["visibility"] = "private"
    result = {
        "kind": "calendar#event",
        "etag": event.etag,
        "id": event.id,
        "status": event.status,
        "htmlLink": _link(event.id, calendar.id),
        "created": times.in_millis(event.created),
        "updated": times.in_millis(event.updated),
        **fields,
        "start": times.show(fields["start"], view.zone),
        "end": times.show(fields["end"], view.zone),
        "iCalUID": event.ical_uid,
        "sequence": event.sequence,
        "eventType": event.fields.get("eventType", "default"),
    }
    if event.series_id is not None and event.original_start is not None:
        result["recurringEventId"] = event.series_id
        result["originalStartTime"] = times.show(event.original_start, view.zone)
    if not veiled:
        result["creator"] = _party(event.creator, calendar)
        result["organizer"] = _party(event.organizer, calendar)
        result.setdefault("reminders", {"useDefault": True})
        _show_attendees(result, calendar, event, view)
    return result


def show_tombstone(event: Event, view: View) -> dict[str, Any]:
    """What is surely left of a deleted event: that it is gone."""
    result: dict[str, Any] = {
        "kind": "calendar#event",
        "etag": event.etag,
        "id": event.id,
        "status": "cancelled",
    }
    if event.series_id is not None and event.original_start is not None:
        result["recurringEventId"] = event.series_id
        result["originalStartTime"] = times.show(event.original_start, view.zone)
    return result


def show_calendar(calendar: Calendar) -> dict[str, Any]:
    """A calendar."""
    return {
        "kind": "calendar#calendar",
        "etag": calendar.etag,
        "id": calendar.id,
        "summary": calendar.summary,
        **_texts(calendar),
        "timeZone": calendar.timezone,
        "conferenceProperties": CALENDAR_KEY,
        **({} if calendar.id == calendar.owner else {"dataOwner": calendar.owner}),
    }


def show_entry(entry: ListEntry, calendar: Calendar) -> dict[str, Any]:
    """A calendar in the list of a mailbox."""
    result: dict[str, Any] = {
        "kind": "calendar#calendarListEntry",
        "etag": f'"p33{entry.revision:010d}"',
        "id": entry.calendar_id,
    }
    if entry.deleted:
        return {**result, "deleted": True}
    result |= {
        "summary": calendar.summary,
        **_texts(calendar),
        "timeZone": calendar.timezone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": entry.role.value,
        "defaultReminders": DEFAULT_REMINDERS if entry.primary else [],
        "conferenceProperties": CALENDAR_KEY,
    }
    if entry.primary:
        return {**result, "primary": True}
    return {**result, "dataOwner": calendar.owner}


def show_channel(channel: Channel) -> dict[str, Any]:
    """A channel as the answer to ``watch`` has it."""
    result = {
        "kind": "api#channel",
        "id": channel.id,
        "resourceId": channel.resource_id,
        "resourceUri": channel.resource_uri,
        "expiration": str(int(channel.expires_at.timestamp() * 1000)),
    }
    return result if channel.token is None else {**result, "token": channel.token}


def show_setting(mailbox: Mailbox, name: str) -> dict[str, Any]:
    """A setting of a mailbox; ``name`` is one of ``SETTINGS``."""
    own = {"timezone": mailbox.timezone, "locale": mailbox.locale.partition("_")[0]}
    value = own.get(name, SETTINGS[name])
    return {"kind": "calendar#setting", "etag": '"0"', "id": name, "value": value}


def _texts(calendar: Calendar) -> dict[str, str]:
    texts = {"description": calendar.description, "location": calendar.location}
    return {name: text for name, text in texts.items() if text}


def _party(email: str, calendar: Calendar) -> dict[str, Any]:
    result: dict[str, Any] = {"email": email}
    if email == calendar.id:
        if calendar.id != calendar.owner:
            result["displayName"] = calendar.summary
        result["self"] = True
    return result


def _show_attendees(result: dict[str, Any], calendar: Calendar, event: Event, view: View) -> None:
    invited = event.attendees
    if not invited:
        return
    if view.attendees_max is not None and len(invited) > view.attendees_max:
        invited = [one for one in invited if one["email"] == calendar.id]
        result["attendeesOmitted"] = True
    result["attendees"] = [
        {
            **one,
            **({"organizer": True} if one["email"] == event.organizer else {}),
            **({"self": True} if one["email"] == calendar.id else {}),
        }
        for one in invited
    ]


def _link(event_id: str, calendar_id: str) -> str:
    eid = urlsafe_b64encode(f"{event_id} {calendar_id}".encode()).rstrip(b"=").decode()
    return f"https://www.google.com/calendar/event?eid={eid}"
