"""Finds events by their ids, among them occurrences that are not records of their own."""

from tandem_sandbox.google import errors
from tandem_sandbox.google.model import Calendar, Event
from tandem_sandbox.google.series import Occurrence


def find(calendar: Calendar, event_id: str) -> Event:
    """The event with this id, deleted or not.

    An occurrence that does not differ from its series is made on the spot and belongs to no
    calendar until it is put on one.

    Raises:
        GoogleError: there never was such an event.
    """
    found = look_up(calendar, event_id)
    if found is None:
        raise errors.not_found()
    return found


def look_up(calendar: Calendar, event_id: str) -> Event | None:
    """Like ``find``, but none instead of an error."""
    event = calendar.events.get(event_id)
    if event is not None:
        if not event.cancelled and calendar.is_cancelled(event):
            return event.model_copy(update={"status": "cancelled"})
        return event
    series_id, _, suffix = event_id.rpartition("_")
    series = calendar.events.get(series_id)
    if series is None or not series.recurs:
        return None
    occurrence = calendar.series_of(series).find(suffix)
    return None if occurrence is None else drawn(series, occurrence)


def drawn(series: Event, occurrence: Occurrence) -> Event:
    """An occurrence as an event that is like its series in all but its time."""
    fields = {name: value for name, value in series.fields.items() if name != "recurrence"}
    return series.model_copy(
        update={
            "id": occurrence_id(series.id, occurrence.suffix),
            "fields": {**fields, "start": occurrence.start, "end": occurrence.end},
            "series_id": series.id,
            "original_start": occurrence.start,
            "vanished": {},
            "start_at": occurrence.start_at,
            "end_at": occurrence.end_at,
        }
    )


def occurrence_id(series_id: str, suffix: str) -> str:
    """The id of the occurrence that the rule has at ``suffix``."""
    return f"{series_id}_{suffix}"


def suffix_of(event: Event) -> str:
    """Which occurrence of its series an event is."""
    return event.id.rpartition("_")[2]
