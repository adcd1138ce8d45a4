"""Reads an event of Graph's into an `EventSnapshot`."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from calendar_ingest.adapters.microsoft.identifiers import LINK_PROPERTY, link_of
from calendar_ingest.adapters.microsoft.versions import version_of
from calendar_ingest.adapters.microsoft.zones import iana_name, zone_of
from tandem.contracts.events import (
    Attendee,
    EventKind,
    EventSnapshot,
    Response,
    Series,
    TextFormat,
)
from tandem.contracts.meetings import AllDay, Schedule, Timed

Json = dict[str, Any]

DAYS_MAX: Final = 3660
_MAKING: Final = timedelta(seconds=1)
_RESPONSES: Final = {
    "accepted": Response.ACCEPTED,
    "organizer": Response.ACCEPTED,
    "tentativelyAccepted": Response.TENTATIVE,
    "declined": Response.DECLINED,
}
_PRIVATE: Final = {"private", "confidential", "personal"}
_FREE: Final = "free"
_TEXT_BODY: Final = re.compile(r"[^\S\n]+(?=\n|$)")


def is_cancelled(item: Json) -> bool:
    """Whether the organiser has cancelled an event that is still shown."""
    return bool(item.get("isCancelled"))


def is_series(item: Json) -> bool:
    """Whether an event stands for a whole series."""
    return item.get("type") == "seriesMaster"


def is_occurrence(item: Json) -> bool:
    """Whether an event is an occurrence of a series, by its rule or changed by itself."""
    return item.get("type") in {"occurrence", "exception"}


def updated_at(item: Json) -> datetime | None:
    """When an event was last modified, as Graph tells it."""
    told = item.get("lastModifiedDateTime")
    return _parsed(told).replace(tzinfo=UTC) if told else None


def was_modified(item: Json) -> bool:
    """Whether an event was modified after it was made, which itself may take Graph a moment."""
    made, modified = item.get("createdDateTime"), updated_at(item)
    if not made or modified is None:
        return False
    return modified > _parsed(made).replace(tzinfo=UTC) + _MAKING


def link_mark(item: Json) -> str | None:
    """The link id that we wrote into an event, if any."""
    for entry in item.get("singleValueExtendedProperties") or ():
        if str(entry.get("id", "")).lower() == LINK_PROPERTY.lower():
            return str(entry.get("value") or "") or None
    return link_of(str(item.get("transactionId") or ""))


def snapshot(item: Json) -> EventSnapshot:
    """An event as it is."""
    organizer = _address(item.get("organizer"))
    is_organizer = item.get("isOrganizer") is not False
    attendees = tuple(
        filter(
            None,
            (
                _attendee(entry, organizer, is_organizer=is_organizer)
                for entry in item.get("attendees") or ()
            ),
        )
    )
    body = item.get("body") or {}
    text = str(body.get("content") or "")
    is_html = str(body.get("contentType")).lower() == "html"
    return EventSnapshot(
        event_id=item["id"],
        version=version_of(item, guests=any(not one.is_self for one in attendees)),
        updated_at=updated_at(item),
        title=str(item.get("subject") or ""),
        schedule=_schedule(item),
        time_zone=iana_name(item.get("originalStartTimeZone")),
        description=text if is_html else _as_written(text),
        description_format=TextFormat.HTML if is_html else TextFormat.TEXT,
        location=str((item.get("location") or {}).get("displayName") or ""),
        conference_url=_conference_url(item),
        busy=item.get("showAs") != _FREE,
        private=item.get("sensitivity") in _PRIVATE,
        kind=EventKind.ORDINARY,
        response=_own_response(item),
        is_organizer=is_organizer,
        attendees=attendees,
        # An occurrence has the mark of its series, which is no single event of ours any more.
        link_mark=None if is_occurrence(item) else link_mark(item),
        series=_series(item),
        url=str(item.get("webLink") or ""),
    )


def _series(item: Json) -> Series | None:
    if not is_occurrence(item):
        return None
    point = {"dateTime": item["originalStart"], "timeZone": "UTC"}
    start = (
        _day(point, item.get("originalStartTimeZone")).date()
        if item.get("isAllDay")
        else _moment(point)
    )
    return Series(series_id=item["seriesMasterId"], original_start=start)


def _schedule(item: Json) -> Schedule:
    begins, ends = _moment(item["start"]), _moment(item["end"])
    if not item.get("isAllDay"):
        return Timed(start=begins, end=max(begins, ends))
    first, last = (_day(item[name], item.get("originalStartTimeZone")) for name in ("start", "end"))
    days = (last.date() - first.date()).days
    return AllDay(first=first.date(), days=min(max(days, 1), DAYS_MAX))


def _day(point: Json, home: str | None) -> datetime:
    """The midnight that an end of an all-day event means, in the zone where it was made."""
    clock = _parsed(point["dateTime"])
    if clock.time() == time():
        return clock
    return _moment(point).astimezone(zone_of(home)).replace(tzinfo=None) + timedelta(hours=1)


def _moment(point: Json) -> datetime:
    """A point in time, in UTC."""
    clock = _parsed(point["dateTime"])
    if clock.tzinfo is None:
        clock = clock.replace(tzinfo=zone_of(point.get("timeZone")))
    return clock.astimezone(UTC)


def _parsed(text: str) -> datetime:
    """A date and time; Graph shows seven digits behind the second."""
    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{fraction[:6]}" if fraction else head)


def _as_written(text: str) -> str:
    """Text without what Graph adds to it: its line ends and the blanks before them."""
    return _TEXT_BODY.sub("", text.replace("\r\n", "\n")).strip("\n")


def _address(entry: Json | None) -> str:
    person = (entry or {}).get("emailAddress") or {}
    return str(person.get("address") or "").strip().lower()


def _attendee(entry: Json, organizer: str, *, is_organizer: bool) -> Attendee | None:
    email = _address(entry)
    if not email:
        return None
    return Attendee(
        email=email,
        name=str(entry["emailAddress"].get("name") or ""),
        is_self=is_organizer and email == organizer,
        is_room=entry.get("type") == "resource",
    )


def _own_response(item: Json) -> Response:
    told = str((item.get("responseStatus") or {}).get("response") or "none")
    return _RESPONSES.get(told, Response.NONE)


def _conference_url(item: Json) -> str:
    meeting = item.get("onlineMeeting") or {}
    return str(meeting.get("joinUrl") or item.get("onlineMeetingUrl") or "")
