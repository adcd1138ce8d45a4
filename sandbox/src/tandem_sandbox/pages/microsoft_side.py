"""The default calendar of one Microsoft account."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tandem_sandbox.microsoft import times
from tandem_sandbox.microsoft.desk import Desk
from tandem_sandbox.microsoft.errors import GraphError
from tandem_sandbox.microsoft.events import view_of
from tandem_sandbox.microsoft.model import Event, Mailbox
from tandem_sandbox.pages.meeting import (
    DAY,
    Change,
    Meeting,
    RefusedError,
    UnknownMeetingError,
    When,
)
from tandem_sandbox.pages.side import touching, written
from tandem_sandbox.world import World


class MicrosoftSide:
    """Events of the default calendar, series as their occurrences."""

    name = "microsoft"
    heading = "Outlook"
    dated = True

    def __init__(self, world: World, desk: Desk, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._world = world
        self._desk = desk
        self._zone = zone
        self._calendar = world.microsoft.default_calendar(mailbox)
        self.account = mailbox.email

    def meetings(self, first: date, last: date) -> list[Meeting]:
        """What the calendar shows on these days."""
        start = datetime.combine(first - DAY, datetime.min.time(), UTC)
        end = datetime.combine(last + 2 * DAY, datetime.min.time(), UTC)
        return touching(map(self._shown, view_of(self._calendar, start, end)), first, last)

    def find(self, key: str) -> Meeting:
        """One event or occurrence."""
        return self._shown(self._event(key))

    def create(self, title: str, when: When | None) -> None:
        """Make an event."""
        raw = {"subject": title, **self._times(when)}
        with written(self._world, GraphError):
            self._desk.create(self._calendar, raw)

    def change(self, key: str, change: Change) -> None:
        """Change an event; an occurrence goes its own way from then on."""
        event = self._event(key)
        raw: dict[str, Any] = {} if change.title is None else {"subject": change.title}
        if change.moves:
            if event.organizer != self._calendar.owner:
                raise RefusedError("start: only the organizer may change this")
            raw |= self._times(change.when)
        with written(self._world, GraphError):
            self._desk.change(self._calendar, key, raw, None)

    def delete(self, key: str) -> None:
        """Delete an event or one occurrence."""
        self._event(key)
        with written(self._world, GraphError):
            self._desk.delete(self._calendar, key, None)

    def _event(self, key: str) -> Event:
        event = self._calendar.find(key)
        if event is None:
            raise UnknownMeetingError(key)
        return event

    def _times(self, when: When | None) -> dict[str, Any]:
        if when is None:
            raise RefusedError("start: an event needs a date")
        zone = self._zone
        points = [
            {"dateTime": one.replace(tzinfo=None).isoformat(), "timeZone": zone.key}
            for one in (when.start(zone), when.end(zone))
        ]
        return {"isAllDay": when.time is None, "start": points[0], "end": points[1]}

    def _shown(self, event: Event) -> Meeting:
        if event.all_day:
            first = times.wall_clock(event.start).date()
            when = When.all_day(first, (times.wall_clock(event.end).date() - first).days)
        else:
            when = When.between(event.begins, event.ends, self._zone)
        title = str(event.fields["subject"])
        return Meeting(event.key, title, when, repeats=event.series_key is not None)
