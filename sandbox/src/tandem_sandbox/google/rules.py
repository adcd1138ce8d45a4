"""What an event must be as a whole, whoever writes it, and the form in which it is kept.

The kept form has no defaults, no empty texts and no empty lists, so that equal events are equal.
"""

import re
from typing import Any

from tandem_sandbox.google import errors, series, times
from tandem_sandbox.google.model import Calendar

CLIENT_ID = re.compile(r"[a-v0-9]{5,1024}")
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
PROPERTIES_MAX = 300
PROPERTY_NAME_MAX = 44
PROPERTY_VALUE_MAX = 1024
OVERRIDES_MAX = 5
REMINDER_MINUTES_MAX = 40_320
ATTACHMENTS_MAX = 25

CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": (
        "default",
        "birthday",
        "focusTime",
        "fromGmail",
        "outOfOffice",
        "workingLocation",
    ),
}
RESPONSES = ("needsAction", "declined", "tentative", "accepted")
DEFAULTS = {
    "transparency": "opaque",
    "visibility": "default",
    "eventType": "default",
    "guestsCanInviteOthers": True,
    "guestsCanSeeOtherGuests": True,
    "guestsCanModify": False,
    "anyoneCanAddSelf": False,
    "privateCopy": False,
}
NOT_KEPT = ("id", "iCalUID", "status", "sequence", "organizer", "attendeesOmitted")
"""What has a place of its own in the record of an event."""


def check_client_id(event_id: str) -> str:
    """The id that a client made, if it may be one.

    Raises:
        GoogleError: wrong characters or a wrong length.
    """
    if CLIENT_ID.fullmatch(event_id) is None:
        raise errors.invalid("Invalid resource id value.", "id")
    return event_id


def settled(fields: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    """``fields`` in the form that is kept.

    Raises:
        GoogleError: they don't make an event.
    """
    for name, choices in CHOICES.items():
        if name in fields and fields[name] not in choices:
            raise errors.invalid(f"Invalid value for: {name}", name)
    result = {name: value for name, value in fields.items() if name not in NOT_KEPT}
    result["start"], result["end"] = _span(fields, calendar.timezone)
    if result.get("recurrence"):
        _check_series(fields["start"], result, calendar)
    _check_kind(result, calendar)
    if "attendees" in result:
        result["attendees"] = _attendees(result["attendees"])
    if "reminders" in result:
        result["reminders"] = _reminders(result["reminders"])
    if "extendedProperties" in result:
        result["extendedProperties"] = _properties(result["extendedProperties"])
    if len(result.get("attachments", ())) > ATTACHMENTS_MAX:
        raise errors.invalid("Too many attachments.", "attachments")
    return {
        name: value
        for name, value in result.items()
        if value not in ("", [], {}) and DEFAULTS.get(name) != value
    }


def _span(fields: dict[str, Any], zone_name: str) -> tuple[times.Time, times.Time]:
    start = times.settle(fields.get("start") or {}, "start")
    end = times.settle(fields.get("end") or {}, "end")
    if ("date" in start) != ("date" in end):
        raise errors.invalid("Start and end times must either both be date or both be dateTime.")
    length = times.length_of(start, end)
    if length.total_seconds() < 0 or (not length and "date" in start):
        raise errors.GoogleError(
            400,
            "timeRangeEmpty",
            "The specified time range is empty.",
            domain="calendar",
            location="timeMax",
        )
    if "date" in start:
        return start, end
    return {"timeZone": zone_name, **start}, {"timeZone": zone_name, **end}


def _check_series(wanted: dict[str, Any], fields: dict[str, Any], calendar: Calendar) -> None:
    if "dateTime" in wanted and "timeZone" not in wanted:
        raise errors.required("start", "Missing time zone definition for start time.")
    series.Series(fields, calendar.zone)


def _check_kind(fields: dict[str, Any], calendar: Calendar) -> None:
    kind = fields.get("eventType", "default")
    if kind == "default":
        return
    if kind == "fromGmail":
        raise _kind_refused("Events of this type cannot be created.")
    if calendar.id != calendar.owner:
        raise _kind_refused("Events of this type can only be on a primary calendar.")
    all_day = "date" in fields["start"]
    if kind in ("focusTime", "outOfOffice") and all_day:
        raise _kind_refused("Events of this type cannot be all-day events.")
    if kind == "birthday" and not (all_day and fields.get("recurrence")):
        raise _kind_refused("A birthday event must be an all-day event that recurs annually.")
    if kind == "workingLocation" and "type" not in fields.get("workingLocationProperties", {}):
        raise errors.required("workingLocationProperties.type")
    if fields.get("attendees"):
        raise _kind_refused("Events of this type cannot have attendees.")


def _kind_refused(message: str) -> errors.GoogleError:
    return errors.GoogleError(400, "eventTypeRestriction", message, domain="calendar")


def _attendees(raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    invited: dict[str, dict[str, Any]] = {}
    for one in raw:
        email = str(one.get("email") or "").lower()
        if not email:
            raise errors.required("attendees.email", "Missing attendee email.")
        if ADDRESS.fullmatch(email) is None:
            raise errors.invalid("Invalid attendee email.", "attendees.email")
        response = one.get("responseStatus") or "needsAction"
        if response not in RESPONSES:
            raise errors.invalid("Invalid attendee response status.", "attendees.responseStatus")
        kept = {name: value for name, value in one.items() if value not in (None, "", False, 0)}
        invited.setdefault(email, {**kept, "email": email, "responseStatus": response})
    return list(invited.values())


def _reminders(raw: dict[str, Any]) -> dict[str, Any]:
    overrides = raw.get("overrides") or []
    use_default = raw.get("useDefault", False)
    if use_default and overrides:
        raise errors.GoogleError(
            400,
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
            domain="calendar",
        )
    if len(overrides) > OVERRIDES_MAX:
        raise errors.invalid("Too many override reminders.", "reminders.overrides")
    for one in overrides:
        if one.get("method") not in ("email", "popup"):
            raise errors.invalid("Invalid reminder method.", "reminders.overrides.method")
        if not 0 <= one.get("minutes", -1) <= REMINDER_MINUTES_MAX:
            raise errors.invalid("Invalid reminder minutes.", "reminders.overrides.minutes")
    return {"useDefault": use_default, **({"overrides": overrides} if overrides else {})}


def _properties(raw: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for side in ("private", "shared"):
        kept = {
            name: value[:PROPERTY_VALUE_MAX]
            for name, value in (raw.get(side) or {}).items()
            if len(name) <= PROPERTY_NAME_MAX
        }
        if len(kept) > PROPERTIES_MAX:
            raise errors.invalid("Too many extended properties.", f"extendedProperties.{side}")
        if kept:
            result[side] = kept
    return result
