"""The records of the emulated Google: mailboxes, their lists of calendars, calendars, events.

A calendar counts its changes; the number of the last one that reached an event is the event's
``revision``, and ``Calendar.order`` lists the events by it, so that what changed since a moment
is found without looking at the rest.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, PrivateAttr, model_validator

from tandem_sandbox.google import times
from tandem_sandbox.google.series import Series

NEVER_CHANGED = datetime(2020, 1, 1, tzinfo=UTC)


class Role(StrEnum):
    """What a mailbox may do with a calendar."""

    FREE_BUSY_READER = "freeBusyReader"
    READER = "reader"
    WRITER = "writer"
    OWNER = "owner"

    def covers(self, other: "Role") -> bool:
        """Whether this role may do all that ``other`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class ListEntry(BaseModel):
    """A calendar as it stands in the list of one mailbox."""

    calendar_id: str
    role: Role
    primary: bool = False
    deleted: bool = False
    revision: int = 1


class Mailbox(BaseModel):
    """A Google account."""

    email: str
    name: str
    sub: str
    timezone: str
    locale: str
    token: str
    token_revoked: bool = False
    entries: dict[str, ListEntry] = Field(default_factory=dict)
    list_revision: int = 1
    list_generation: int = 0

    def touch_list(self, entry: ListEntry) -> None:
        """Note a change of ``entry`` in the list of calendars."""
        self.list_revision += 1
        entry.revision = self.list_revision
        self.entries[entry.calendar_id] = entry


class Event(BaseModel):
    """One copy of an event, on one calendar.

    ``fields`` holds what clients write, as they wrote it and without defaults. An occurrence of
    a series is a record of its own only once it differs from the series.
    """

    id: str
    number: int = 0
    """Place in the order of creation on its calendar."""
    revision: int = 0
    etag: str = ""
    fields: dict[str, Any]
    status: str = "confirmed"
    created: datetime
    updated: datetime
    sequence: int = 0
    ical_uid: str
    creator: str
    organizer: str
    series_id: str | None = None
    original_start: dict[str, str] | None = None
    vanished: dict[str, int] = Field(default_factory=dict)
    """Of a series: occurrences that it no longer has, each with the revision that took it."""
    bare: bool = False
    """Whether nothing but the id is left, as after a move to another organizer."""
    start_at: float = 0.0
    end_at: float = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether the event, or this occurrence of it, was deleted."""
        return self.status == "cancelled"

    @property
    def recurs(self) -> bool:
        """Whether this is a series."""
        return bool(self.fields.get("recurrence"))

    @property
    def attendees(self) -> list[dict[str, Any]]:
        """Everybody invited."""
        invited: list[dict[str, Any]] = self.fields.get("attendees", [])
        return invited


class Calendar(BaseModel):
    """A calendar and its events, each found by its id."""

    id: str
    summary: str
    description: str | None = None
    location: str | None = None
    timezone: str
    owner: str
    deleted: bool = False
    revision: int = 0
    generation: int = 0
    """Sync tokens of an earlier generation are expired."""
    updated: datetime = NEVER_CHANGED
    created_events: int = 0
    events: dict[str, Event] = Field(default_factory=dict)
    _order: dict[str, int] = PrivateAttr(default_factory=dict)
    _exceptions: dict[str, dict[str, Event]] = PrivateAttr(default_factory=dict)
    _series: dict[str, tuple[str, Series]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _index(self) -> Self:
        for event in sorted(self.events.values(), key=lambda one: one.revision):
            self._order[event.id] = event.revision
            self._index_exception(event)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The calendar's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def etag(self) -> str:
        """Changes with every change on the calendar."""
        return f'"p{self.generation:02d}{self.revision:010d}"'

    def put(self, event: Event, now: datetime) -> None:
        """Note that ``event`` is new or was changed."""
        self.revision += 1
        self.updated = now
        known = self.events.get(event.id)
        if known is None:
            self.created_events += 1
        event.number = self.created_events if known is None else known.number
        event.revision = self.revision
        event.start_at = times.moment_of(event.fields["start"], self.zone).timestamp()
        event.end_at = times.moment_of(event.fields["end"], self.zone).timestamp()
        self.events[event.id] = event
        self._order.pop(event.id, None)
        self._order[event.id] = self.revision
        self._index_exception(event)

    def changed_since(self, revision: int) -> list[Event]:
        """The events that were changed after ``revision``, in the order of their last change."""
        return [self.events[event_id] for event_id in self._changed_ids(revision)][::-1]

    def is_cancelled(self, event: Event) -> bool:
        """Whether the event, or the series that it belongs to, was deleted."""
        series = self.events.get(event.series_id) if event.series_id else None
        return event.cancelled or (series is not None and series.cancelled)

    def exceptions_of(self, series_id: str) -> dict[str, Event]:
        """The occurrences of a series that are records of their own, by id."""
        return self._exceptions.get(series_id, {})

    def series_of(self, event: Event) -> Series:
        """The occurrences of a series, kept until it changes."""
        known = self._series.get(event.id)
        if known is None or known[0] != event.etag:
            known = self._series[event.id] = (event.etag, Series(event.fields, self.zone))
        return known[1]

    def _changed_ids(self, revision: int) -> Iterator[str]:
        for event_id, changed_at in reversed(self._order.items()):
            if changed_at <= revision:
                return
            yield event_id

    def _index_exception(self, event: Event) -> None:
        if event.series_id is not None:
            self._exceptions.setdefault(event.series_id, {})[event.id] = event
