"""From what a client sends to the fields of an event.

Nothing here changes a calendar.
"""

import secrets
from base64 import b32hexencode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tandem_sandbox.google import errors, rules
from tandem_sandbox.google.body import merged, without_nulls
from tandem_sandbox.google.conferences import arrange
from tandem_sandbox.google.model import Calendar, Event, Mailbox

ID_BYTES = 16

Send = Literal["all", "externalOnly", "none"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a write is to be made, beside what is written."""

    send: Send = "none"
    conferences: bool = False
    attachments: bool = False
    if_match: str | None = None


def new_event(
    calendar: Calendar, actor: Mailbox, fields: dict[str, Any], manner: Manner, now: datetime
) -> Event:
    """An event that the calendar organizes; it is not yet on it.

    Raises:
        GoogleError: the event cannot be, or its id is taken.
    """
    event_id = rules.check_client_id(fields["id"]) if fields.get("id") else _fresh_id()
    if event_id in calendar.events:
        raise errors.duplicate()
    status = fields.get("status", "confirmed")
    if status == "cancelled":
        raise errors.invalid("Invalid value for: status", "status")
    event = Event(
        id=event_id,
        fields={},
        status=status,
        created=now,
        updated=now,
        sequence=max(fields.get("sequence", 0), 0),
        ical_uid=fields.get("iCalUID") or f"{event_id}@google.com",
        creator=actor.email,
        organizer=calendar.id,
    )
    event.fields = rules.settled(arrange({}, _supported(fields, {}, manner)), calendar)
    return event


def changed_fields(
    calendar: Calendar, event: Event, raw: dict[str, Any], manner: Manner, *, whole: bool
) -> dict[str, Any]:
    """What the fields of an event become when ``raw`` is laid over it or put in its place.

    Raises:
        GoogleError: they don't make an event any more.
    """
    if "eventType" in raw and raw["eventType"] != event.fields.get("eventType", "default"):
        raise errors.GoogleError(
            400, "eventTypeRestriction", "Event type cannot be changed.", domain="calendar"
        )
    change = _supported(raw, event.fields, manner)
    if change.pop("attendeesOmitted", False) and change.get("attendees"):
        change["attendees"] = _laid_over(event.attendees, change["attendees"])
    if whole:
        kind = event.fields.get("eventType", "default")
        fields = {**without_nulls(change), "eventType": kind}
    else:
        fields = merged(event.fields, change)
    if event.series_id is not None:
        fields.pop("recurrence", None)
    return rules.settled(arrange(event.fields, fields), calendar)


def wanted_sequence(event: Event, raw: dict[str, Any]) -> int:
    """The sequence number that a client wants, by default the present one.

    Raises:
        GoogleError: it is lower than the present one.
    """
    sequence = raw.get("sequence")
    if sequence is None:
        return event.sequence
    if sequence < event.sequence:
        raise errors.invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence"
            " number of the resource. Re-fetch the resource and use its sequence number on the"
            " following request.",
            "sequence",
        )
    return int(sequence)


def check_etag(event: Event, manner: Manner) -> None:
    """See that the client knows the present state of an event, if it wants that to be seen to.

    Raises:
        GoogleError: it knows an earlier one.
    """
    wanted = manner.if_match
    if wanted is not None and wanted.strip() not in ("*", event.etag):
        raise errors.precondition_failed()


def _supported(raw: dict[str, Any], kept: dict[str, Any], manner: Manner) -> dict[str, Any]:
    """``raw`` without the parts that the client does not declare to understand."""
    result = dict(raw)
    for name, understood in (
        ("conferenceData", manner.conferences),
        ("attachments", manner.attachments),
    ):
        if not understood:
            result.pop(name, None)
            if name in kept:
                result[name] = kept[name]
    return result


def _laid_over(kept: list[dict[str, Any]], changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The kept list of guests with those that the client sent in their places."""
    sent = {str(one.get("email")).lower(): one for one in changed}
    return [{**one, **sent.get(one["email"], {})} for one in kept]


def _fresh_id() -> str:
    return b32hexencode(secrets.token_bytes(ID_BYTES)).rstrip(b"=").decode().lower()
