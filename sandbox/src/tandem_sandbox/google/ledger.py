"""Owns how a change becomes known: a fresh etag, a new revision, a message to the subscribers.

Occurrences that differ from their series follow it in whatever they have in common with it.
"""

from datetime import timedelta
from itertools import islice
from typing import Any

from tandem_sandbox.google.model import Calendar, Event
from tandem_sandbox.google.occurrences import suffix_of
from tandem_sandbox.google.push import Push
from tandem_sandbox.google.series import Series
from tandem_sandbox.world import World

LOOK_AHEAD = timedelta(days=2 * 365)
"""How far an endless series is told of; nobody knows what Google does."""
OCCURRENCES_MAX = 1000
ITSELF = ""
"""In ``Event.vanished``: what was a single event before it became a series."""
OF_TIME = ("start", "end", "recurrence")


class Ledger:
    """Puts events on calendars."""

    def __init__(self, world: World, push: Push) -> None:
        self._world = world
        self._push = push

    def commit(self, calendar: Calendar, event: Event) -> None:
        """Put a new or changed event on its calendar."""
        event.etag = self._world.google.stamp()
        calendar.put(event, self._world.clock.now())
        self._push.events_changed(calendar.id)

    def change(self, calendar: Calendar, event: Event, fields: dict[str, Any]) -> None:
        """Give an event other fields; reminders alone leave ``updated`` as it is."""
        before = event.fields
        changed = differing(before, fields)
        if changed != {"reminders"}:
            event.updated = self._world.clock.now()
        old_series = calendar.series_of(event) if event.recurs else None
        event.fields = fields
        if old_series is None and not event.recurs:
            self.commit(calendar, event)
            return
        new_series = Series(fields, calendar.zone) if event.recurs else None
        if changed.intersection(OF_TIME):
            self._note_vanished(calendar, event, old_series, new_series)
        self.commit(calendar, event)
        for exception in list(calendar.exceptions_of(event.id).values()):
            if not exception.cancelled:
                self._follow(calendar, exception, (before, old_series), (fields, new_series))

    def cancel(self, calendar: Calendar, event: Event) -> None:
        """Mark an event as deleted."""
        event.status = "cancelled"
        event.updated = self._world.clock.now()
        self.commit(calendar, event)

    def suffixes(self, series: Series | None) -> set[str]:
        """The occurrences of a series that were told of; of a single event, itself."""
        if series is None:
            return {ITSELF}
        horizon = (self._world.clock.now() + LOOK_AHEAD).timestamp()
        told = islice(series.between(None, horizon), OCCURRENCES_MAX)
        return {one.suffix for one in told}

    def _note_vanished(
        self, calendar: Calendar, event: Event, old: Series | None, new: Series | None
    ) -> None:
        present = self.suffixes(new)
        gone = dict.fromkeys(self.suffixes(old) - present, calendar.revision + 1)
        still_gone = {one: at for one, at in event.vanished.items() if one not in present}
        event.vanished = {**still_gone, **gone}

    def _follow(
        self,
        calendar: Calendar,
        exception: Event,
        old: tuple[dict[str, Any], Series | None],
        new: tuple[dict[str, Any], Series | None],
    ) -> None:
        (before, old_series), (after, new_series) = old, new
        suffix = suffix_of(exception)
        place = new_series.find(suffix) if new_series else None
        if place is None:
            self.cancel(calendar, exception)
            return
        fields = dict(exception.fields)
        for name in differing(before, after).difference(OF_TIME):
            if fields.get(name) == before.get(name):
                fields.pop(name, None)
                fields.update({name: after[name]} if name in after else {})
        was = old_series.find(suffix) if old_series else None
        if was is not None and (was.start, was.end) == (fields["start"], fields["end"]):
            fields |= {"start": place.start, "end": place.end}
        if fields != exception.fields:
            exception.fields = fields
            exception.updated = self._world.clock.now()
            self.commit(calendar, exception)


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The names of the fields in which two events differ."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
