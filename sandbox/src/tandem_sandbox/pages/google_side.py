"""The primary calendar of one Google account."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tandem_sandbox.google import occurrences
from tandem_sandbox.google.desk import Desk
from tandem_sandbox.google.drafts import Manner
from tandem_sandbox.google.errors import GoogleError
from tandem_sandbox.google.listing import Listing
from tandem_sandbox.google.model import Event, Mailbox
from tandem_sandbox.google.query import PAGE_MAX, Query
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


class GoogleSide:
    """Events of the primary calendar, series as their occurrences."""

    name = "google"
    heading = "Google"
    dated = True

    def __init__(self, world: World, desk: Desk, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._world = world
        self._desk = desk
        self._mailbox = mailbox
        self._zone = zone
        self._calendar = world.google.calendars[mailbox.email]
        self.account = mailbox.email

    def meetings(self, first: date, last: date) -> list[Meeting]:
        """What the calendar shows on these days."""
        query = Query(
            single_events=True,
            order_by="startTime",
            time_min=When.all_day(first - DAY, 1).start(self._zone).timestamp(),
            time_max=When.all_day(last + DAY, 1).end(self._zone).timestamp(),
            page_size=PAGE_MAX,
        )
        now, life = self._world.clock.now(), self._world.google.sync_token_life
        page = Listing(self._calendar, query, now=now, sync_token_life=life).page()
        found = (self._shown(entry.resolved()) for entry in page.entries)
        return touching(found, first, last)

    def find(self, key: str) -> Meeting:
        """One event or occurrence."""
        event = occurrences.look_up(self._calendar, key)
        if event is None or event.cancelled:
            raise UnknownMeetingError(key)
        return self._shown(event)

    def create(self, title: str, when: When | None) -> None:
        """Make an event."""
        raw = {"summary": title, **self._times(when)}
        with written(self._world, GoogleError):
            self._desk.insert(self._calendar, self._mailbox, raw, Manner())

    def change(self, key: str, change: Change) -> None:
        """Change an event; an occurrence goes its own way from then on."""
        self.find(key)
        raw: dict[str, Any] = {} if change.title is None else {"summary": change.title}
        if change.moves:
            raw |= self._times(change.when)
        with written(self._world, GoogleError):
            self._desk.change(self._calendar, key, raw, Manner(), whole=False)

    def delete(self, key: str) -> None:
        """Delete an event or one occurrence."""
        self.find(key)
        with written(self._world, GoogleError):
            self._desk.delete(self._calendar, key, Manner())

    def _times(self, when: When | None) -> dict[str, Any]:
        if when is None:
            raise RefusedError("start: an event needs a date")
        if when.time is None:
            ends = when.day, when.last_day + DAY
            days = [{"date": one.isoformat(), "dateTime": None, "timeZone": None} for one in ends]
            return {"start": days[0], "end": days[1]}
        moments = [
            {"dateTime": one.isoformat(), "timeZone": self._zone.key, "date": None}
            for one in (when.start(self._zone), when.end(self._zone))
        ]
        return {"start": moments[0], "end": moments[1]}

    def _shown(self, event: Event) -> Meeting:
        start, end = event.fields["start"], event.fields["end"]
        if "date" in start:
            first = date.fromisoformat(start["date"])
            when = When.all_day(first, (date.fromisoformat(end["date"]) - first).days)
        else:
            moments = [datetime.fromisoformat(one["dateTime"]) for one in (start, end)]
            when = When.between(moments[0].astimezone(UTC), moments[1], self._zone)
        title = event.fields.get("summary", "")
        return Meeting(event.id, title, when, repeats=event.series_id is not None)
