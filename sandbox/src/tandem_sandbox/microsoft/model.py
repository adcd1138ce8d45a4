"""The records of the emulated Graph: mailboxes, calendars and events.

A calendar counts its changes; the number of the last one that reached an event is the event's
`revision`, so that what changed since a moment is found by it.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from tandem_sandbox.microsoft import ids, recurrence, times


class Transaction(BaseModel):
    """A create that a client has named: what was asked for, and the event that it made."""

    event_key: str
    asked: str
    """Digest of the request."""


class Mailbox(BaseModel):
    """A Microsoft account."""

    email: str
    name: str
    user_id: str
    timezone: str
    locale: str
    token: str
    token_revoked: bool = False
    calendars: list[str] = Field(default_factory=list)
    """Keys of its calendars, the default one first."""
    transactions: dict[str, Transaction] = Field(default_factory=dict)
    """Creates by the name that their client gave them; it stays used once the event is gone."""


class Event(BaseModel):
    """One copy of an event, on one calendar; of a series also its differing occurrences."""

    key: str
    revision: int = 0
    fields: dict[str, Any]
    """What clients write, in the form in which Graph shows it; without start and end."""
    start: times.Time
    end: times.Time
    properties: dict[str, str] = Field(default_factory=dict)
    """Single-value extended properties, by their id in lower case."""
    property_names: dict[str, str] = Field(default_factory=dict)
    created: datetime
    modified: datetime
    ical_uid: str
    organizer: str
    series_key: str | None = None
    original_day: str | None = None
    response: str = "organizer"
    is_cancelled: bool = False
    deleted: bool = False
    removed_days: list[str] = Field(default_factory=list)
    """Of a series: occurrences that were deleted one by one."""
    vanished: dict[str, int] = Field(default_factory=dict)
    """Of a series: days that it no longer has, with the revision that took them."""

    @property
    def all_day(self) -> bool:
        """Whether it lasts whole days."""
        return bool(self.fields.get("isAllDay"))

    @property
    def recurs(self) -> bool:
        """Whether this is a series."""
        return bool(self.fields.get("recurrence"))

    @property
    def attendees(self) -> list[dict[str, Any]]:
        """Everybody invited."""
        invited: list[dict[str, Any]] = self.fields.get("attendees", [])
        return invited

    @property
    def change_key(self) -> str:
        """Changes with every change of the event."""
        return f"tz{self.revision:012d}{len(self.key) % 100:02d}=="

    @property
    def begins(self) -> datetime:
        """When it begins, for comparisons."""
        if self.all_day:
            return times.midnight(times.wall_clock(self.start).date())
        return times.moment_of(self.start)

    @property
    def ends(self) -> datetime:
        """When it ends, for comparisons."""
        if self.all_day:
            return times.midnight(times.wall_clock(self.end).date())
        return times.moment_of(self.end)


class Calendar(BaseModel):
    """A calendar and its events, each found by its key."""

    key: str
    name: str
    owner: str
    default: bool = False
    editable: bool = True
    revision: int = 0
    generation: int = 0
    """Delta tokens of an earlier generation are expired."""
    deleted: bool = False
    events: dict[str, Event] = Field(default_factory=dict)

    def put(self, event: Event, now: datetime) -> None:
        """Note that `event` is new or was changed."""
        self.revision += 1
        event.revision = self.revision
        event.modified = now
        self.events.pop(event.key, None)
        self.events[event.key] = event

    def exceptions_of(self, series_key: str) -> dict[str, Event]:
        """The occurrences of a series that are records of their own, by day."""
        return {
            one.original_day: one
            for one in self.events.values()
            if one.series_key == series_key and one.original_day is not None
        }

    def days_of(self, series: Event) -> list[str]:
        """The days of a series by its pattern, without those that were deleted."""
        first = times.wall_clock(series.start).date()
        days = recurrence.days_of(series.fields["recurrence"], first)
        removed = set(series.removed_days)
        return [day.isoformat() for day in days if day.isoformat() not in removed]

    def occurrence(self, series: Event, day: str) -> Event:
        """What a series has on a day: a record of its own, or one that is like the series."""
        known = self.events.get(ids.occurrence_key(series.key, day))
        return known if known is not None else drawn(series, day)

    def find(self, key: str) -> Event | None:
        """The living event or occurrence with this key."""
        event = self.events.get(key)
        if event is not None:
            if event.series_key and self.events[event.series_key].deleted:
                return None
            return None if event.deleted else event
        series_key, mark, day = key.rpartition(ids.OCCURRENCE_MARK)
        series = self.events.get(series_key) if mark else None
        if series is None or series.deleted or not series.recurs:
            return None
        return drawn(series, day) if day in self.days_of(series) else None


def drawn(series: Event, day: str) -> Event:
    """An occurrence that is like its series in all but its time."""
    shift = datetime.fromisoformat(day).date() - times.wall_clock(series.start).date()
    fields = {name: value for name, value in series.fields.items() if name != "recurrence"}
    return series.model_copy(
        update={
            "key": ids.occurrence_key(series.key, day),
            "fields": fields,
            "start": _moved(series.start, shift),
            "end": _moved(series.end, shift),
            "series_key": series.key,
            "original_day": day,
            "removed_days": [],
            "vanished": {},
        }
    )


def _moved(point: times.Time, shift: timedelta) -> times.Time:
    moved = times.wall_clock(point) + shift
    return {**point, "dateTime": moved.isoformat(timespec="microseconds")}
