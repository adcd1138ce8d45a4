"""Owns lists of events: full ones, incremental ones, and their pages.

A list is that of the moment of its first page: what is created later comes with the next sync
token, whose place in the calendar's history is that moment too. An incremental list costs what
changed, not what there is.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from tandem_sandbox.google import cursors, errors
from tandem_sandbox.google.ledger import ITSELF, LOOK_AHEAD, OCCURRENCES_MAX
from tandem_sandbox.google.model import Calendar, Event
from tandem_sandbox.google.occurrences import drawn, occurrence_id
from tandem_sandbox.google.query import Query
from tandem_sandbox.google.series import Occurrence


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: an event, or an occurrence that is not a record of its own."""

    key: cursors.Key
    event: Event
    occurrence: Occurrence | None = None
    deleted: bool = False

    def resolved(self) -> Event:
        """The event to show."""
        event = self.event
        if self.occurrence is not None:
            event = drawn(event, self.occurrence)
        if self.deleted and not event.cancelled:
            event = event.model_copy(update={"status": "cancelled"})
        return event


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; it has one token or, where there is none to give, no token."""

    entries: list[Entry]
    next_page: str | None = None
    next_sync: str | None = None


class Listing:
    """One call of ``events.list`` for a calendar."""

    def __init__(
        self, calendar: Calendar, query: Query, *, now: datetime, sync_token_life: timedelta
    ) -> None:
        self._calendar = calendar
        self._query = query
        self._now = now
        self._life = sync_token_life

    def page(self) -> Page:
        """The page that the query asks for.

        Raises:
            GoogleError: a token is wrong or expired.
        """
        cursor = self._start()
        return self._cut(cursor, self._entries(cursor))

    def instances(self, series: Event, original_start: float | None) -> Page:
        """The same for the occurrences of one series."""
        cursor = self._start()
        entries = list(self._occurrences(series, self._query, deleted=series.cancelled))
        for exception in self._calendar.exceptions_of(series.id).values():
            entries += self._full_entry(exception)
        if original_start is not None:
            entries = [one for one in entries if _original(one) == original_start]
        shown = [one for one in entries if not one.deleted or self._query.show_deleted]
        by_start = [replace(one, key=(_start_of(one), one.event.number)) for one in shown]
        return self._cut(cursor, by_start)

    def _start(self) -> cursors.PageCursor:
        query, calendar = self._query, self._calendar
        if query.page_token is not None:
            return cursors.read_page(
                query.page_token, resource=calendar.id, asked=query.asked_of_page
            )
        since, time_min, time_max = None, query.time_min, query.time_max
        if query.sync_token is not None:
            sync = cursors.read_sync(query.sync_token, resource=calendar.id, asked=query.asked)
            if (
                sync.generation != calendar.generation
                or sync.issued_at + self._life <= self._now
                or sync.revision > calendar.revision
            ):
                raise errors.full_sync_required()
            since, time_min, time_max = sync.revision, sync.time_min, sync.time_max
        return cursors.PageCursor(
            resource=calendar.id,
            asked=query.asked_of_page,
            generation=calendar.generation,
            revision=calendar.revision,
            issued_at=self._now,
            time_min=time_min,
            time_max=time_max,
            after=(),
            newest=calendar.created_events,
            since=since,
        )

    def _cut(self, cursor: cursors.PageCursor, entries: list[Entry]) -> Page:
        entries.sort(key=lambda one: one.key)
        first = bisect_right(entries, cursor.after, key=lambda one: one.key)
        last = first + self._query.page_size
        shown = entries[first:last]
        if last < len(entries):
            following = cursor.model_copy(update={"after": shown[-1].key})
            return Page(shown, next_page=cursors.write(following))
        if not self._query.syncable:
            return Page(shown)
        values = cursor.model_dump(exclude={"after", "newest", "since"})
        sync = cursors.SyncCursor(**{**values, "asked": self._query.asked})
        return Page(shown, next_sync=cursors.write(sync))

    def _entries(self, cursor: cursors.PageCursor) -> list[Entry]:
        if cursor.since is None:
            wanted = self._query.wants
            return [
                entry
                for event in self._calendar.events.values()
                if event.number <= cursor.newest and wanted(event)
                for entry in self._full_entry(event)
            ]
        window = replace(self._query, time_min=cursor.time_min, time_max=cursor.time_max)
        return [
            entry
            for event in self._calendar.changed_since(cursor.since)
            if event.revision <= cursor.revision and self._query.wants(event)
            for entry in self._changed_entries(event, cursor.since, window)
        ]

    def _full_entry(self, event: Event) -> Iterator[Entry]:
        """What a full list has of an event, in the list's own order."""
        deleted = self._calendar.is_cancelled(event)
        query = self._query
        if query.single_events and event.recurs:
            if not deleted or query.show_deleted:
                yield from self._occurrences(event, query, deleted=deleted)
            return
        told_of = (
            not deleted
            or query.show_deleted
            or query.updated_min is not None
            or (event.cancelled and not query.single_events and self._in_live_series(event))
        )
        if told_of and self._within(event):
            yield Entry(self._key(event, event.start_at), event, deleted=deleted)

    def _changed_entries(self, event: Event, since: int, window: Query) -> Iterator[Entry]:
        """What an incremental list has of an event that was changed."""
        deleted = self._calendar.is_cancelled(event)
        if not window.single_events:
            yield Entry((event.revision, 0.0), event, deleted=deleted)
            return
        if not event.recurs:
            yield Entry((event.revision, event.start_at), event, deleted=deleted)
        else:
            for entry in self._occurrences(event, window, deleted=deleted):
                yield replace(entry, key=(event.revision, entry.key[1]))
        for number, (suffix, vanished_at) in enumerate(event.vanished.items()):
            if vanished_at > since:
                gone = event.model_copy(
                    update=_named(event, suffix) | {"status": "cancelled", "fields": event.fields}
                )
                yield Entry((event.revision, -1.0 - number), gone, deleted=True)

    def _occurrences(self, series: Event, query: Query, *, deleted: bool) -> Iterator[Entry]:
        """The occurrences of a series that are not records of their own."""
        horizon = max(self._now.timestamp(), series.start_at) + LOOK_AHEAD.total_seconds()
        before = horizon if query.time_max is None else query.time_max
        known = self._calendar.exceptions_of(series.id)
        found = self._calendar.series_of(series).between(query.time_min, before)
        for one in islice(found, OCCURRENCES_MAX):
            if deleted or occurrence_id(series.id, one.suffix) not in known:
                yield Entry(self._key(series, one.start_at), series, one, deleted)

    def _within(self, event: Event) -> bool:
        query = self._query
        if query.time_min is None and query.time_max is None:
            return True
        if not event.recurs:
            return query.covers(event.start_at, event.end_at)
        before = float("inf") if query.time_max is None else query.time_max
        found = self._calendar.series_of(event).between(query.time_min, before)
        return next(found, None) is not None

    def _in_live_series(self, event: Event) -> bool:
        if event.series_id is None:
            return False
        series = self._calendar.events.get(event.series_id)
        return series is not None and not series.cancelled

    def _key(self, event: Event, start_at: float) -> cursors.Key:
        match self._query.order_by:
            case "startTime":
                return (start_at, event.number)
            case "updated":
                return (event.updated.timestamp(), event.number, start_at)
            case _:
                return (event.number, start_at)


def _start_of(entry: Entry) -> float:
    return entry.event.start_at if entry.occurrence is None else entry.occurrence.start_at


def _original(entry: Entry) -> float | None:
    if entry.occurrence is not None:
        return entry.occurrence.start_at
    original = entry.event.original_start
    if original is None or "dateTime" not in original:
        return entry.event.start_at
    return datetime.fromisoformat(original["dateTime"]).timestamp()


def _named(event: Event, suffix: str) -> dict[str, object]:
    """The identity of an occurrence that its series no longer has."""
    if suffix == ITSELF:
        return {"id": event.id}
    if "T" in suffix:
        moment = datetime.strptime(suffix, "%Y%m%dT%H%M%S%z")
        zone_name = event.fields["start"].get("timeZone", "UTC")
        original = {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "timeZone": zone_name}
    else:
        original = {"date": f"{suffix[:4]}-{suffix[4:6]}-{suffix[6:]}"}
    return {
        "id": occurrence_id(event.id, suffix),
        "series_id": event.id,
        "original_start": original,
    }
