"""Reads an event of Google's into an `EventSnapshot`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from calendar_ingest.adapters.google.descriptions import description_format
from calendar_ingest.adapters.google.identifiers import LINK_PROPERTY
from tandem.contracts.events import Attendee, EventKind, EventSnapshot, Response, Series
from tandem.contracts.meetings import AllDay, Schedule, Timed

Json = dict[str, Any]

CANCELLED: Final = "cancelled"
DAYS_MAX: Final = 3660
_KINDS: Final = {
    "default": EventKind.ORDINARY,
    "fromGmail": EventKind.ORDINARY,
    "birthday": EventKind.BIRTHDAY,
    "focusTime": EventKind.FOCUS_TIME,
    "outOfOffice": EventKind.OUT_OF_OFFICE,
    "workingLocation": EventKind.WORKING_LOCATION,
}
_RESPONSES: Final = {
    "accepted": Response.ACCEPTED,
    "tentative": Response.TENTATIVE,
    "declined": Response.DECLINED,
}
_PRIVATE: Final = {"private", "confidential"}


def is_cancelled(item: Json) -> bool:
    """Whether an event is a tombstone."""
    return bool(item.get("status") == CANCELLED)


def updated_at(item: Json) -> datetime | None:
    """When an event was last modified, as Google tells it."""
    told = item.get("updated")
    return datetime.fromisoformat(told) if told else None


def snapshot(item: Json) -> EventSnapshot | None:
    """An event as it is; None for a tombstone that tells no times."""
    schedule = _schedule(item)
    if schedule is None:
        return None
    attendees = tuple(filter(None, map(_attendee, item.get("attendees") or ())))
    description = str(item.get("description") or "")
    organizer = item.get("organizer")
    return EventSnapshot(
        event_id=item["id"],
        version=str(item.get("etag") or ""),
        updated_at=updated_at(item),
        title=str(item.get("summary") or ""),
        schedule=schedule,
        time_zone=(item.get("start") or {}).get("timeZone"),
        description=description,
        description_format=description_format(description),
        location=str(item.get("location") or ""),
        conference_url=_conference_url(item),
        busy=item.get("transparency") != "transparent",
        private=item.get("visibility") in _PRIVATE,
        kind=_KINDS.get(item.get("eventType") or "default", EventKind.OTHER),
        response=_own_response(item),
        is_organizer=organizer is None or bool(organizer.get("self")),
        attendees=attendees,
        # An occurrence has the mark of its series, which is no single event of ours any more.
        link_mark=None if item.get("recurringEventId") else link_mark(item),
        series=_series(item),
        url=str(item.get("htmlLink") or ""),
    )


def link_mark(item: Json) -> str | None:
    """The link id that we wrote into an event, if any."""
    properties = (item.get("extendedProperties") or {}).get("private") or {}
    return properties.get(LINK_PROPERTY) or None


def _series(item: Json) -> Series | None:
    if not item.get("recurringEventId"):
        return None
    original = item["originalStartTime"]
    start = _moment(original) if original.get("dateTime") else date.fromisoformat(original["date"])
    return Series(series_id=item["recurringEventId"], original_start=start)


def _schedule(item: Json) -> Schedule | None:
    start, end = item.get("start") or {}, item.get("end") or {}
    if start.get("dateTime"):
        begins = _moment(start)
        ends = _moment(end) if end.get("dateTime") else begins
        return Timed(start=begins, end=max(begins, ends))
    if start.get("date"):
        first = date.fromisoformat(start["date"])
        last = date.fromisoformat(end["date"]) if end.get("date") else first + timedelta(days=1)
        return AllDay(first=first, days=min(max((last - first).days, 1), DAYS_MAX))
    return None


def _moment(point: Json) -> datetime:
    """A point in time; one without an offset is meant in its own zone."""
    moment = datetime.fromisoformat(point["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(point.get("timeZone")))
    return moment.astimezone(UTC)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _attendee(entry: Json) -> Attendee | None:
    email = str(entry.get("email") or "").strip().lower()
    if not email:
        return None
    return Attendee(
        email=email,
        name=str(entry.get("displayName") or ""),
        is_self=bool(entry.get("self")),
        is_room=bool(entry.get("resource")),
    )


def _own_response(item: Json) -> Response:
    for entry in item.get("attendees") or ():
        if entry.get("self"):
            return _RESPONSES.get(str(entry.get("responseStatus")), Response.NONE)
    return Response.NONE


def _conference_url(item: Json) -> str:
    for entry in (item.get("conferenceData") or {}).get("entryPoints") or ():
        if entry.get("entryPointType") == "video" and entry.get("uri"):
            return str(entry["uri"])
    return str(item.get("hangoutLink") or "")
