"""The operations on events."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tandem_sandbox.microsoft import delta, errors, filters, ids
from tandem_sandbox.microsoft.ask import PAGE_DEFAULT, PAGE_MAX, Answer, Ask
from tandem_sandbox.microsoft.calendars import reach
from tandem_sandbox.microsoft.desk import Desk, found
from tandem_sandbox.microsoft.gate import Operation
from tandem_sandbox.microsoft.model import Calendar, Event
from tandem_sandbox.microsoft.representation import Views, etag
from tandem_sandbox.world import World

Json = dict[str, Any]
PLACES = ("", "/calendar", "/calendars/{calendar_id}")
ANSWERS = {"accept": "accepted", "decline": "declined", "tentativelyAccept": "tentativelyAccepted"}


class Events:
    """Reads and writes of events, of the default calendar or of a named one."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._state = world.microsoft
        self._desk = desk

    def operations(self) -> Iterable[Operation]:
        """Everything that the API can do with events."""
        for place in PLACES:
            event = f"{place}/events/{{event_id}}"
            view = f"{place}/calendarView"
            yield Operation("events.delta", "GET", f"{view}/delta", self._delta)
            yield Operation("events.delta", "GET", f"{view}/delta()", self._delta)
            yield Operation("events.view", "GET", view, self._view)
            yield Operation("events.list", "GET", f"{place}/events", self._list)
            yield Operation("events.create", "POST", f"{place}/events", self._create)
            yield Operation("events.instances", "GET", f"{event}/instances", self._instances)
            yield Operation("events.cancel", "POST", f"{event}/cancel", self._cancel)
            for action in ANSWERS:
                yield Operation(f"events.{action}", "POST", f"{event}/{action}", self._answer)
            yield Operation("events.get", "GET", event, self._get)
            yield Operation("events.update", "PATCH", event, self._update)
            yield Operation("events.delete", "DELETE", event, self._delete)

    def _get(self, ask: Ask) -> Answer:
        calendar, event = self._event(ask)
        return self._shown(ask, calendar, event)

    def _list(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        alive = [
            one for one in calendar.events.values() if not one.deleted and one.series_key is None
        ]
        return self._collection(ask, calendar, alive)

    def _view(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        start, end = delta.window_of(ask)
        return self._collection(ask, calendar, view_of(calendar, start, end))

    def _instances(self, ask: Ask) -> Answer:
        calendar, series = self._event(ask)
        if not series.recurs:
            raise errors.invalid("The event is not a series.", "ErrorInvalidRequest")
        start, end = delta.window_of(ask)
        inside = [one for one in _occurrences(calendar, series) if delta.within(one, start, end)]
        return self._collection(ask, calendar, inside)

    def _delta(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        return Answer(delta.page(calendar, ask, Views(self._state, ask)))

    def _create(self, ask: Ask) -> Answer:
        calendar = reach(self._state, ask)
        event = self._desk.create(calendar, ask.body())
        return self._shown(ask, calendar, event, status=201)

    def _update(self, ask: Ask) -> Answer:
        calendar, event = self._event(ask)
        if event.organizer != calendar.owner and ask.body().keys() & {"start", "end", "attendees"}:
            raise errors.access_denied("Only the organizer may change this.")
        changed = self._desk.change(calendar, event.key, ask.body(), ask.headers.get("if-match"))
        return self._shown(ask, calendar, changed)

    def _delete(self, ask: Ask) -> Answer:
        calendar, event = self._event(ask)
        self._desk.delete(calendar, event.key, ask.headers.get("if-match"))
        return Answer(status=204)

    def _cancel(self, ask: Ask) -> Answer:
        calendar, event = self._event(ask)
        if event.organizer != calendar.owner:
            raise errors.invalid("You need to be an organizer to cancel a meeting.")
        self._desk.delete(calendar, event.key, None)
        return Answer(status=202)

    def _answer(self, ask: Ask) -> Answer:
        calendar, event = self._event(ask)
        response = ANSWERS[ask.url.partition("?")[0].rpartition("/")[2]]
        send = ask.body().get("sendResponse", True) is not False
        self._desk.answer(calendar, event.key, response, send=send)
        return Answer(status=202)

    def _event(self, ask: Ask) -> tuple[Calendar, Event]:
        """The event that a request names; it is found on any of the mailbox's calendars."""
        key = ids.event_key(ask.path["event_id"])
        if key is None:
            raise errors.invalid("Id is malformed.", "ErrorInvalidIdMalformed")
        named = [reach(self._state, ask)] if "calendar_id" in ask.path else []
        calendars = named or [self._state.calendars[one] for one in ask.mailbox.calendars]
        for calendar in calendars:
            if not calendar.deleted and calendar.find(key) is not None:
                return calendar, found(calendar, key)
        raise errors.not_found()

    def _shown(self, ask: Ask, calendar: Calendar, event: Event, *, status: int = 200) -> Answer:
        body = Views(self._state, ask).event(calendar, event)
        return Answer(
            {"@odata.context": "$metadata#users/events/$entity", **body},
            status,
            headers={"ETag": etag(event)},
        )

    def _collection(self, ask: Ask, calendar: Calendar, events: list[Event]) -> Answer:
        if "$filter" in ask.query:
            test = filters.read(ask.query["$filter"])
            events = [one for one in events if test(one)]
        size = ask.number("$top", PAGE_DEFAULT, PAGE_MAX)
        skipped = ask.number("$skip", 0, 10**9)
        views = Views(self._state, ask)
        page = events[skipped : skipped + size]
        body: Json = {
            "@odata.context": "$metadata#users/events",
            "value": [views.event(calendar, one) for one in page],
        }
        if ask.query.get("$count") == "true":
            body["@odata.count"] = len(events)
        if skipped + size < len(events):
            following = {**ask.query, "$skip": str(skipped + size)}
            body["@odata.nextLink"] = f"{ask.url.partition('?')[0]}?{urlencode(following)}"
        return Answer(body)


def view_of(calendar: Calendar, start: datetime, end: datetime) -> list[Event]:
    """What a calendar shows between two moments, series as their occurrences, by their begin."""
    alive = (one for one in calendar.events.values() if not one.deleted and not one.series_key)
    single = (
        occurrence
        for one in alive
        for occurrence in (_occurrences(calendar, one) if one.recurs else [one])
    )
    inside = [one for one in single if delta.within(one, start, end)]
    return sorted(inside, key=lambda one: one.begins)


def _occurrences(calendar: Calendar, series: Event) -> list[Event]:
    return [calendar.occurrence(series, day) for day in calendar.days_of(series)]
