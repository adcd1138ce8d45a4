"""Reads an item of Exchange's into an `EventSnapshot`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from exchangelib import CalendarItem, HTMLBody
from isodate import ISO8601Error, parse_duration  # type: ignore[import-untyped]

from calendar_ingest.adapters.exchange.marks import FIELD, link_mark
from tandem.contracts.events import Attendee, EventKind, EventSnapshot, Response, Series, TextFormat
from tandem.contracts.meetings import AllDay, Schedule, Timed

FIELDS: Final = (
    "subject",
    "start",
    "end",
    "is_all_day",
    "duration",
    "legacy_free_busy_status",
    "location",
    "body",
    "sensitivity",
    "is_cancelled",
    "type",
    "my_response_type",
    "organizer",
    "required_attendees",
    "optional_attendees",
    "resources",
    "item_class",
    "last_modified_time",
    "parent_folder_id",
    "_start_timezone",
    "uid",
    "original_start",
    FIELD,
)
"""What is asked for of an item."""
SINGLE: Final = "Single"
MASTER: Final = "RecurringMaster"
OCCURRENCE: Final = frozenset({"Occurrence", "Exception"})
DAYS_MAX: Final = 3660
_ORDINARY: Final = "IPM.Appointment"
_PRIVATE: Final = {"Private", "Confidential", "Personal"}
_RESPONSES: Final = {
    "Accept": Response.ACCEPTED,
    "Tentative": Response.TENTATIVE,
    "Decline": Response.DECLINED,
}


def snapshot(item: CalendarItem, owner: str, *, series_id: str | None = None) -> EventSnapshot:
    """An event as it is, or an occurrence of a series; `owner` is the address of the mailbox.

    Raises ValueError for an item without times.
    """
    body = item.body or ""
    return EventSnapshot(
        event_id=item.id,
        version=item.changekey or "",
        updated_at=_utc(item.last_modified_time) if item.last_modified_time else None,
        title=item.subject or "",
        schedule=_schedule(item),
        time_zone=getattr(item._start_timezone, "key", None),  # noqa: SLF001 - no public name
        description=str(body),
        description_format=TextFormat.HTML if isinstance(body, HTMLBody) else TextFormat.TEXT,
        location=item.location or "",
        busy=item.legacy_free_busy_status != "Free",
        private=item.sensitivity in _PRIVATE,
        kind=_kind(item.item_class or _ORDINARY),
        response=_RESPONSES.get(item.my_response_type or "", Response.NONE),
        is_organizer=is_organizer(item, owner),
        attendees=_attendees(item, owner),
        # An occurrence has the mark of its series, which is no single event of ours any more.
        link_mark=link_mark(item) if series_id is None else None,
        series=_series(item, series_id) if series_id is not None else None,
    )


def is_organizer(item: CalendarItem, owner: str) -> bool:
    """Whether the owner of the mailbox organises an event; nobody organises his own note."""
    organizer = (getattr(item.organizer, "email_address", None) or "").lower()
    return item.my_response_type == "Organizer" or not organizer or organizer == owner.lower()


def _series(item: CalendarItem, series_id: str) -> Series:
    if item.original_start is None:
        raise ValueError("the occurrence does not tell when it was to be")
    start = _utc(item.original_start)
    if item.is_all_day:
        zone = item._start_timezone or UTC  # noqa: SLF001 - no public name
        return Series(series_id=series_id, original_start=start.astimezone(zone).date())
    return Series(series_id=series_id, original_start=start)


def _kind(item_class: str) -> EventKind:
    return EventKind.ORDINARY if item_class.startswith(_ORDINARY) else EventKind.OTHER


def _schedule(item: CalendarItem) -> Schedule:
    """The times of an item; exchangelib gives whole days as dates, the last one included."""
    start, end = item.start, item.end
    if start is None or end is None:
        raise ValueError("the item has no times")
    if item.is_all_day:
        first, last = _day(start), _day(end)
        told = _whole_days(item.duration) or (last - first).days + 1
        return AllDay(first=first, days=min(max(told, 1), DAYS_MAX))
    begins, ends = _utc(start), _utc(end)
    return Timed(start=begins, end=max(begins, ends))


def _whole_days(duration: str | None) -> int | None:
    """Days that a duration comes to; the last date alone errs where the clocks change."""
    if not duration:
        return None
    try:
        length = parse_duration(duration)
    except ISO8601Error:
        return None
    return round(length / timedelta(days=1)) if isinstance(length, timedelta) else None


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)


def _utc(value: Any) -> datetime:
    return datetime.fromtimestamp(value.timestamp(), UTC)


def _attendees(item: CalendarItem, owner: str) -> tuple[Attendee, ...]:
    """Who is invited, each once; resources are rooms."""
    found: dict[str, Attendee] = {}
    groups = (
        (item.required_attendees, False),
        (item.optional_attendees, False),
        (item.resources, True),
    )
    for group, is_room in groups:
        for entry in group or ():
            email = (entry.mailbox.email_address or "").strip().lower()
            if email and email not in found:
                found[email] = Attendee(
                    email=email,
                    name=entry.mailbox.name or "",
                    is_self=email == owner.lower(),
                    is_room=is_room,
                )
    return tuple(found.values())
