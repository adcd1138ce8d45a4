"""What clients may write into an event, and the form in which it is kept."""

import re
from typing import Any
from uuid import uuid4

from tandem_sandbox.microsoft import errors, recurrence, times

Json = dict[str, Any]

DEFAULTS: Json = {
    "subject": "",
    "body": {"contentType": "text", "content": ""},
    "categories": [],
    "importance": "normal",
    "sensitivity": "normal",
    "showAs": "busy",
    "isAllDay": False,
    "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"},
    "attendees": [],
    "reminderMinutesBeforeStart": 15,
    "isReminderOn": True,
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
}
CHOICES = {
    "importance": {"low", "normal", "high"},
    "sensitivity": {"normal", "personal", "private", "confidential"},
    "showAs": {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
}
FLAGS = (
    "isAllDay",
    "isReminderOn",
    "responseRequested",
    "allowNewTimeProposals",
    "hideAttendees",
    "isOnlineMeeting",
)
READ_ONLY = frozenset(
    [
        "id",
        "iCalUId",
        "changeKey",
        "createdDateTime",
        "lastModifiedDateTime",
        "type",
        "seriesMasterId",
        "organizer",
        "isOrganizer",
        "isCancelled",
        "isDraft",
        "webLink",
        "bodyPreview",
        "originalStart",
        "responseStatus",
        "hasAttachments",
        "onlineMeeting",
        "onlineMeetingUrl",
        "locations",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "cancelledOccurrences",
    ]
)
ATTENDEES_MAX = 500
SUBJECT_MAX = 255
_PROPERTY = re.compile(
    r"(String|Integer|Boolean|Double|SystemTime) "
    r"(\{[0-9a-f-]{36}\} (Name .+|Id 0x[0-9a-f]+)|0x[0-9a-f]+)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def checked(raw: Json) -> Json:
    """The fields of a request that are kept with the event, without times.

    Raises:
        GraphError: one of them cannot be.
    """
    kept: Json = {}
    for name, value in raw.items():
        if name in READ_ONLY or name.startswith("@odata") or name in {"start", "end"}:
            continue
        if name == "singleValueExtendedProperties":
            continue
        if name not in DEFAULTS and name not in {"transactionId", "recurrence"}:
            raise errors.invalid(
                f"The property '{name}' does not exist on type 'microsoft.graph.event'.",
                "RequestBodyRead",
            )
        kept[name] = _one(name, value)
    return kept


def properties_of(raw: Json) -> dict[str, str]:
    """The single-value extended properties of a request, by their id.

    Raises:
        GraphError: an id is none.
    """
    found = {}
    for one in raw.get("singleValueExtendedProperties") or ():
        name = str(one.get("id") or "")
        if not _PROPERTY.fullmatch(name) or not isinstance(one.get("value"), str):
            raise errors.invalid("The extended property's id is not valid.", "ErrorInvalidProperty")
        found[name] = one["value"]
    return found


def settled(fields: Json, start: times.Time, end: times.Time) -> Json:
    """All fields of an event together.

    Raises:
        GraphError: they don't make an event.
    """
    if fields["isAllDay"]:
        times.whole_days(start, end)
    elif times.moment_of(end) < times.moment_of(start):
        raise errors.invalid(
            "The event's end is earlier than its start.",
            "ErrorCalendarEndDateIsEarlierThanStartDate",
        )
    result = {name: value for name, value in fields.items() if value is not None}
    if result.get("recurrence"):
        first = times.wall_clock(start).date()
        result["recurrence"] = recurrence.settled(result["recurrence"], first, start["timeZone"])
        recurrence.days_of(result["recurrence"], first)
    if result["isOnlineMeeting"] and "onlineMeeting" not in result:
        room = uuid4().hex
        result["onlineMeetingProvider"] = "teamsForBusiness"
        result["onlineMeeting"] = {
            "joinUrl": f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{room}%40thread.v2/0"
        }
    return result


def _one(name: str, value: Any) -> Any:
    if value is None:
        return DEFAULTS.get(name)
    if name in CHOICES and value not in CHOICES[name]:
        raise errors.invalid(f"Requested value '{value}' was not found.", "RequestBodyRead")
    if name in FLAGS and not isinstance(value, bool):
        raise errors.invalid(
            f"Cannot convert the literal '{value}' to Edm.Boolean.", "RequestBodyRead"
        )
    match name:
        case "subject":
            return str(value)[:SUBJECT_MAX]
        case "body":
            kind = str(value.get("contentType") or "text").lower()
            if kind not in {"text", "html"}:
                raise errors.invalid(f"Requested value '{kind}' was not found.", "RequestBodyRead")
            return {"contentType": kind, "content": str(value.get("content") or "")}
        case "location":
            known = {k: v for k, v in value.items() if v is not None and not k.startswith("@odata")}
            return {**DEFAULTS["location"], **known}
        case "attendees":
            return _attendees(value)
        case _:
            return value


def _attendees(raw: Any) -> list[Json]:
    if len(raw) > ATTENDEES_MAX:
        raise errors.invalid("Too many recipients.", "ErrorTooManyRecipients")
    invited: dict[str, Json] = {}
    for one in raw:
        person = one.get("emailAddress") or {}
        email = str(person.get("address") or "")
        if not _ADDRESS.fullmatch(email):
            raise errors.invalid("At least one recipient isn't valid.", "ErrorInvalidRecipients")
        status = one.get("status") or {}
        invited[email.lower()] = {
            "type": one.get("type") or "required",
            "status": {
                "response": status.get("response") or "none",
                "time": status.get("time") or "0001-01-01T00:00:00Z",
            },
            "emailAddress": {"name": person.get("name") or email, "address": email},
        }
    return list(invited.values())
