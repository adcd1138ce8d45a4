"""Writes a meeting in Graph's terms: only the fields that are to change, nothing else.

Loads the vendor's library, so it is imported only once a Microsoft account is used.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.attendee_type import AttendeeType
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.single_value_legacy_extended_property import (
    SingleValueLegacyExtendedProperty,
)

from calendar_ingest.adapters.microsoft.identifiers import LINK_PROPERTY, transaction_id
from calendar_ingest.adapters.microsoft.zones import windows_name, zone_of
from calendar_ingest.calendars import NewEvent
from tandem.contracts.meetings import AllDay, Meeting, MeetingField, Schedule

Json = dict[str, Any]


def new_event(new: NewEvent) -> Event:
    """Everything of an event to be made; guests only where they are to be mailed."""
    fields = frozenset(MeetingField) - {MeetingField.GUESTS}
    event = changed_event(new.meeting, fields, time_zone=new.time_zone)
    event.transaction_id = transaction_id(new.link_id, new.generation)
    event.single_value_extended_properties = [
        SingleValueLegacyExtendedProperty(id=LINK_PROPERTY, value=str(new.link_id))
    ]
    if new.notify and new.meeting.guests:
        event.attendees = [_attendee(guest) for guest in sorted(new.meeting.guests)]
    return event


def changed_event(meeting: Meeting, fields: frozenset[MeetingField], *, time_zone: str) -> Event:
    """The named fields, without guests: those are merged into what is there."""
    event = Event()
    if MeetingField.TITLE in fields:
        event.subject = meeting.title
    if MeetingField.SCHEDULE in fields:
        event.is_all_day = isinstance(meeting.schedule, AllDay)
        event.start, event.end = _points(meeting.schedule, time_zone)
    if MeetingField.DESCRIPTION in fields:
        event.body = ItemBody(content_type=BodyType.Text, content=meeting.description)
    if MeetingField.LOCATION in fields:
        event.location = Location(display_name=meeting.location)
    if MeetingField.BUSY in fields:
        event.show_as = FreeBusyStatus.Busy if meeting.busy else FreeBusyStatus.Free
    return event


def with_guests(
    event: Event, present: Iterable[Mapping[str, Any]], guests: Iterable[str], organizer: str
) -> Event:
    """The event with exactly these guests; the owner and rooms are no guests, so they stay."""
    wanted = {guest.lower() for guest in guests}
    kept = [
        entry
        for entry in present
        if entry.get("type") == "resource" or _email(entry) in wanted | {organizer}
    ]
    there = {_email(entry) for entry in kept}
    event.attendees = [
        *(_attendee(_email(entry), str(entry.get("type") or "required")) for entry in kept),
        *(_attendee(guest) for guest in sorted(wanted - there)),
    ]
    return event


def _points(schedule: Schedule, time_zone: str) -> tuple[DateTimeTimeZone, DateTimeTimeZone]:
    if isinstance(schedule, AllDay):
        first = datetime.combine(schedule.first, time())
        last = first + timedelta(days=schedule.days)
        return _point(first, time_zone), _point(last, time_zone)
    return _local(schedule.start, time_zone), _local(schedule.end, time_zone)


def _local(moment: datetime, time_zone: str) -> DateTimeTimeZone:
    """A moment in the owner's zone, or in UTC where his clock shows the same time twice."""
    zone = zone_of(windows_name(time_zone))
    local = moment.astimezone(zone)
    if {local.replace(fold=fold).utcoffset() for fold in (0, 1)} != {local.utcoffset()}:
        return _point(moment.astimezone(UTC).replace(tzinfo=None), "UTC")
    return _point(local.replace(tzinfo=None), time_zone)


def _point(clock: datetime, time_zone: str) -> DateTimeTimeZone:
    text = clock.isoformat(timespec="seconds")
    return DateTimeTimeZone(date_time=text, time_zone=windows_name(time_zone))


def _email(entry: Mapping[str, Any]) -> str:
    return str((entry.get("emailAddress") or {}).get("address") or "").lower()


def _attendee(email: str, kind: str = "required") -> Attendee:
    return Attendee(type=AttendeeType(kind), email_address=EmailAddress(address=email))
