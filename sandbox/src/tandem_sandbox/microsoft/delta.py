"""Rounds of changes of a calendar view: pages of what changed since a round before.

The window is fixed by the first request. Everything that changed outside of it is told as
removed, as the real one does. What changes while a round is read may be told twice.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tandem_sandbox.microsoft import errors, ids, times
from tandem_sandbox.microsoft.ask import Ask
from tandem_sandbox.microsoft.model import Calendar, Event
from tandem_sandbox.microsoft.representation import Views

Json = dict[str, Any]
WINDOW_MAX = timedelta(days=1_825)
REFUSED = ("$select", "$expand", "$filter", "$orderby", "$search")


@dataclass(frozen=True)
class Place:
    """Where a round has come to: `since` is where it began.

    Changes up to `reached` were told, and `offset` entries of the one after that.
    """

    calendar: str
    generation: int
    start: str
    end: str
    since: int = 0
    reached: int = 0
    offset: int = 0
    first: bool = True

    def __str__(self) -> str:
        """The place as a token."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The window's ends."""
        return datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)


def page(calendar: Calendar, ask: Ask, views: Views) -> Json:
    """One page of a round.

    Raises:
        GraphError: the token is expired, or the parameters make no sense.
    """
    place = _place(calendar, ask)
    entries = _entries(calendar, place, views)
    size = ask.page_size()
    shown = entries[:size]
    base = ask.url.partition("?")[0]
    body: Json = {
        "@odata.context": "$metadata#Collection(event)",
        "value": [entry for _, entry in shown],
    }
    if size < len(entries):
        following = _behind(place, [revision for revision, _ in shown])
        body["@odata.nextLink"] = f"{base}?$skiptoken={following}"
    else:
        later = replace(
            place, since=calendar.revision, reached=calendar.revision, offset=0, first=False
        )
        body["@odata.deltaLink"] = f"{base}?$deltatoken={later}"
    return body


def window_of(ask: Ask) -> tuple[datetime, datetime]:
    """The window that a request asks for.

    Raises:
        GraphError: one of its ends is missing, or it is too large.
    """
    ends = []
    for name in ("startDateTime", "endDateTime"):
        text = ask.query.get(name)
        if not text:
            raise errors.invalid(
                "This request requires a time window specified by the query string parameters "
                "StartDateTime and EndDateTime."
            )
        moment = times.parsed(text, name)
        ends.append(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if ends[1] - ends[0] > WINDOW_MAX:
        raise errors.invalid(
            "Your request can't be completed. The range between the start and end dates is greater "
            f"than the allowed range. Maximum number of days: {WINDOW_MAX.days}"
        )
    return ends[0], ends[1]


def within(event: Event, start: datetime, end: datetime) -> bool:
    """Whether an event lies in a window, if only partly."""
    return event.begins < end and (event.ends > start or event.begins >= start)


def _place(calendar: Calendar, ask: Ask) -> Place:
    for name in REFUSED:
        if name in ask.query:
            raise errors.invalid(f"'{name}' is not supported with this request.", "BadRequest")
    token = ask.query.get("$deltatoken") or ask.query.get("$skiptoken")
    base = ask.url.partition("?")[0]
    if token is None:
        start, end = window_of(ask)
        return Place(calendar.key, calendar.generation, start.isoformat(), end.isoformat())
    try:
        place = Place(**json.loads(urlsafe_b64decode(token)))
    except (ValueError, TypeError):
        raise errors.sync_state_not_found(f"{base}?$deltatoken=") from None
    if (place.calendar, place.generation) != (calendar.key, calendar.generation):
        raise errors.sync_state_not_found(f"{base}?$deltatoken=")
    return place


def _behind(place: Place, told: list[int]) -> Place:
    """The place after entries of these revisions; an event that changes now comes once more."""
    last = told[-1]
    before = place.offset if told[0] == last == place.reached + 1 else 0
    return replace(place, reached=last - 1, offset=before + told.count(last))


def _entries(calendar: Calendar, place: Place, views: Views) -> list[tuple[int, Json]]:
    """What is left to be told, each with the revision of its event, in their order."""
    entries: list[tuple[int, Json]] = []
    for event in calendar.events.values():
        if event.revision > place.reached:
            told = _told(calendar, event, place, views)
            skipped = place.offset if event.revision == place.reached + 1 else 0
            entries += [(event.revision, entry) for entry in told[skipped:]]
    return entries


def _told(calendar: Calendar, event: Event, place: Place, views: Views) -> list[Json]:
    """What a round tells of one event that changed."""
    start, end = place.window
    entries: list[Json] = []
    if event.recurs and not event.deleted:
        entries += _series(calendar, event, place, views)
    elif not event.deleted and within(event, start, end):
        entries.append({"@odata.type": "#microsoft.graph.event", **views.event(calendar, event)})
    elif not place.first:
        entries.append(_removed(views, event.key))
        entries += [_removed(views, key) for key in _occurrences_of(event)]
    return entries


def _series(calendar: Calendar, series: Event, place: Place, views: Views) -> list[Json]:
    """A series that changed: itself, all its occurrences in the window, and those it lost."""
    start, end = place.window
    entries = [{"@odata.type": "#microsoft.graph.event", **views.event(calendar, series)}]
    for day in calendar.days_of(series):
        occurrence = calendar.occurrence(series, day)
        if occurrence.key not in calendar.events and within(occurrence, start, end):
            entries.append(views.small(occurrence))
    if not place.first:
        entries += [
            _removed(views, ids.occurrence_key(series.key, day))
            for day, revision in series.vanished.items()
            if revision > place.since
        ]
    return entries


def _occurrences_of(event: Event) -> list[str]:
    return [ids.occurrence_key(event.key, day) for day in event.vanished]


def _removed(views: Views, key: str) -> Json:
    return {
        "@odata.type": "#microsoft.graph.event",
        "id": views.id_of(key),
        "@removed": {"reason": "deleted"},
    }
