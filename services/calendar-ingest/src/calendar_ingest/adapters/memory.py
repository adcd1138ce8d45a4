"""A calendar provider in memory, for tests: the same port, the same behaviour, no network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from uuid import UUID

from calendar_ingest.calendars import (
    Access,
    Account,
    Calendar,
    CalendarGoneError,
    Changes,
    Channel,
    Created,
    CursorExpiredError,
    EventEdit,
    ListedCalendar,
    MissingError,
    NewEvent,
    NotOrganizerError,
    Occurrences,
    StaleError,
    Tombstone,
    UnwatchableError,
    Window,
)
from tandem.contracts.events import Attendee, EventSnapshot
from tandem.contracts.meetings import AllDay, MeetingField
from tandem.runtime.clock import Clock

_EVENT_FIELDS = {
    MeetingField.TITLE: "title",
    MeetingField.SCHEDULE: "schedule",
    MeetingField.DESCRIPTION: "description",
    MeetingField.LOCATION: "location",
    MeetingField.BUSY: "busy",
}


@dataclass
class _Kept:
    event: EventSnapshot
    changed: int
    deleted: bool = False
    hidden: bool = False


@dataclass
class _Series:
    """The occurrences of a recurring event, by their ids."""

    occurrences: dict[str, EventSnapshot]
    changed: int
    deleted: bool = False


@dataclass
class _Shelf:
    """One calendar; `forgotten` is the change before which no cursor is known any more."""

    events: dict[str, _Kept] = field(default_factory=dict)
    series: dict[str, _Series] = field(default_factory=dict)
    forgotten: int = 0


@dataclass
class MemoryProvider:
    """Holds calendars by their id; `page_size` events make a page.

    `failures` are raised by the next calls, one each; `mails` counts invitations that were sent,
    `repeated` tells of each create whether it was said to be a repeated one.
    """

    clock: Clock
    page_size: int = 250
    failures: list[Exception] = field(default_factory=list)
    mails: int = 0
    writes: int = 0
    watchable: bool = True
    repeated: list[bool] = field(default_factory=list)
    channels: dict[str, str] = field(default_factory=dict)
    _shelves: dict[str, _Shelf] = field(default_factory=dict)
    _changes: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def access(self) -> Access:
        """The provider as a service sees it."""
        return Access(calendars=self, push=self, recurring=self)

    def add_calendar(self, calendar_id: str) -> None:
        """Make an empty calendar."""
        self._shelves[calendar_id] = _Shelf()

    def remove_calendar(self, calendar_id: str) -> None:
        """Delete a calendar with its events."""
        del self._shelves[calendar_id]

    def put(self, calendar_id: str, event: EventSnapshot) -> EventSnapshot:
        """Make or change an event as its owner would."""
        change = next(self._changes)
        kept = event.model_copy(update={"version": f"v{change}", "updated_at": self.clock.now()})
        shelf = self._shelves[calendar_id]
        shelf.events[event.event_id] = _Kept(kept, change)
        shelf.series.pop(event.event_id, None)
        return kept

    def put_series(
        self, calendar_id: str, series_id: str, occurrences: Iterable[EventSnapshot]
    ) -> None:
        """Make or change a recurring event, so that it has these occurrences from now on."""
        shelf, change = self._shelves[calendar_id], next(self._changes)
        stamp = {"version": f"v{change}", "updated_at": self.clock.now()}
        kept = {one.event_id: one.model_copy(update=stamp) for one in occurrences}
        shelf.series[series_id] = _Series(kept, change)
        shelf.events.pop(series_id, None)

    def take_away_series(self, calendar_id: str, series_id: str) -> None:
        """Delete a recurring event."""
        kept = self._shelves[calendar_id].series[series_id]
        kept.deleted, kept.changed = True, next(self._changes)

    def take_away(self, calendar_id: str, event_id: str) -> None:
        """Delete an event as its owner would."""
        kept = self._shelves[calendar_id].events[event_id]
        kept.deleted, kept.changed = True, next(self._changes)

    def hide(self, calendar_id: str, event_id: str) -> None:
        """Leave a living event out of every list, as if it lay outside of what they cover."""
        self._shelves[calendar_id].events[event_id].hidden = True

    def forget_cursors(self, calendar_id: str) -> None:
        """Let every cursor given so far expire, and tombstones vanish with them."""
        shelf = self._shelves[calendar_id]
        shelf.forgotten = next(self._changes)
        shelf.events = {key: kept for key, kept in shelf.events.items() if not kept.deleted}
        shelf.series = {key: kept for key, kept in shelf.series.items() if not kept.deleted}

    def events_of(self, calendar_id: str) -> list[EventSnapshot]:
        """Living events."""
        return [k.event for k in self._shelves[calendar_id].events.values() if not k.deleted]

    async def list(self, _account: Account) -> tuple[ListedCalendar, ...]:
        """All calendars; every account sees the same ones."""
        self._fail()
        return tuple(
            ListedCalendar(name, name, primary=place == 0, writable=True, time_zone="UTC")
            for place, name in enumerate(self._shelves)
        )

    async def changes(self, calendar: Calendar, cursor: str | None) -> Changes:
        """Changes after the cursor, which is the number of the last one."""
        shelf = self._shelf(calendar)
        since = int(cursor or 0)
        if cursor is not None and since < shelf.forgotten:
            raise CursorExpiredError("the cursor is too old")
        kept: dict[str, _Kept | _Series] = {**shelf.events, **shelf.series}
        later = sorted(
            (
                (one.changed, key)
                for key, one in kept.items()
                if one.changed > since and not (isinstance(one, _Kept) and one.hidden)
            ),
        )
        page = {key: kept[key] for _, key in later[: self.page_size]}
        more = len(later) > len(page)
        reached = max((one.changed for one in page.values()), default=since)
        living = {key: one for key, one in page.items() if not one.deleted}
        return Changes(
            observed=tuple(one.event for one in living.values() if isinstance(one, _Kept)),
            gone=tuple(_tombstone(key, one) for key, one in page.items() if one.deleted),
            cursor=str(reached if more else max(reached, shelf.forgotten)),
            more=more,
            series=tuple(key for key, one in living.items() if isinstance(one, _Series)),
        )

    async def occurrences(
        self,
        calendar: Calendar,
        window: Window,
        *,
        series_id: str | None = None,
        page: str | None = None,
    ) -> Occurrences:
        """Occurrences that take place in a window; a page leads on from its last one."""
        found = sorted(
            (_times(event)[0], event_id)
            for key, series in self._shelf(calendar).series.items()
            for event_id, event in series.occurrences.items()
            if series_id in {None, key} and not series.deleted and _lies_in(event, window)
        )
        first = int(page or 0)
        ids = [event_id for _, event_id in found[first : first + self.page_size]]
        following = first + len(ids)
        events = [self._occurrence(calendar, event_id) for event_id in ids]
        return Occurrences(
            tuple(filter(None, events)), str(following) if following < len(found) else None
        )

    async def get(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        """Read one event."""
        kept = self._shelf(calendar).events.get(event_id)
        if kept is None:
            return self._occurrence(calendar, event_id)
        return None if kept.deleted else kept.event

    async def create(self, calendar: Calendar, new: NewEvent) -> Created:
        """Make an event whose id is made of the link and the generation."""
        self.repeated.append(new.repeated)
        shelf = self._shelf(calendar)
        event_id = f"{new.link_id.hex}g{new.generation}"
        before = shelf.events.get(event_id)
        if before is not None:
            return Created(before.event, deleted=before.deleted, found=True)
        self._count_write(notify=new.notify and bool(new.meeting.guests))
        return Created(self.put(calendar.calendar_id, _new_event(event_id, new.link_id, new)))

    async def update(self, calendar: Calendar, edit: EventEdit) -> EventSnapshot:
        """Change the named fields."""
        kept = self._present(calendar, edit.event_id, edit.version)
        if not kept.event.is_organizer:
            raise NotOrganizerError("only the organiser may change this")
        changed = {
            _EVENT_FIELDS[name]: getattr(edit.meeting, name)
            for name in edit.fields & _EVENT_FIELDS.keys()
        }
        if MeetingField.GUESTS in edit.fields:
            changed["attendees"] = _attendees(kept.event, edit.meeting.guests)
        self._count_write(notify=edit.notify and bool(edit.meeting.guests))
        return self.put(calendar.calendar_id, kept.event.model_copy(update=changed))

    async def delete(
        self, calendar: Calendar, event_id: str, *, version: str, notify: bool = False
    ) -> None:
        """Delete an event."""
        try:
            kept = self._present(calendar, event_id, version)
        except MissingError:
            return
        self._count_write(notify=notify and bool(kept.event.attendees))
        self.take_away(calendar.calendar_id, event_id)

    async def subscribe(self, calendar: Calendar, *, channel_id: str, secret: str) -> Channel:
        """Open a channel for an hour."""
        self._shelf(calendar)
        if not self.watchable:
            raise UnwatchableError("this calendar is not pushed")
        self.channels[channel_id] = secret
        return Channel(channel_id, "resource", self.clock.now() + timedelta(hours=1))

    async def renew(self, _calendar: Calendar, _channel: Channel) -> Channel | None:
        """A new channel is needed."""
        return None

    async def unsubscribe(self, _account: Account, channel: Channel) -> None:
        """Close a channel."""
        self._fail()
        self.channels.pop(channel.channel_id, None)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def _shelf(self, calendar: Calendar) -> _Shelf:
        self._fail()
        shelf = self._shelves.get(calendar.calendar_id)
        if shelf is None:
            raise CalendarGoneError("there is no such calendar")
        return shelf

    def _occurrence(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        for series in self._shelves[calendar.calendar_id].series.values():
            if event_id in series.occurrences and not series.deleted:
                return series.occurrences[event_id]
        return None

    def _present(self, calendar: Calendar, event_id: str, version: str) -> _Kept:
        kept = self._shelf(calendar).events.get(event_id)
        if kept is None or kept.deleted:
            raise MissingError("the event was deleted")
        if version and kept.event.version != version:
            raise StaleError(kept.event)
        return kept

    def _count_write(self, *, notify: bool) -> None:
        self.writes += 1
        self.mails += notify


def _tombstone(event_id: str, kept: _Kept | _Series) -> Tombstone:
    return Tombstone(event_id, kept.event.updated_at if isinstance(kept, _Kept) else None)


def _lies_in(event: EventSnapshot, window: Window) -> bool:
    start, end = _times(event)
    return end > window.start and start < window.end


def _times(event: EventSnapshot) -> tuple[datetime, datetime]:
    schedule = event.schedule
    if isinstance(schedule, AllDay):
        start = datetime.combine(schedule.first, time(), UTC)
        return start, start + timedelta(days=schedule.days)
    return schedule.start, schedule.end


def _new_event(event_id: str, link_id: UUID, new: NewEvent) -> EventSnapshot:
    meeting = new.meeting
    return EventSnapshot(
        event_id=event_id,
        title=meeting.title,
        schedule=meeting.schedule,
        time_zone=new.time_zone,
        description=meeting.description,
        location=meeting.location,
        busy=meeting.busy,
        attendees=tuple(Attendee(email=guest) for guest in sorted(meeting.guests)),
        link_mark=str(link_id),
    )


def _attendees(event: EventSnapshot, guests: frozenset[str]) -> tuple[Attendee, ...]:
    kept = [a for a in event.attendees if a.is_self or a.is_room or a.email in guests]
    there = {attendee.email for attendee in kept}
    return (*kept, *(Attendee(email=guest) for guest in sorted(guests - there)))
