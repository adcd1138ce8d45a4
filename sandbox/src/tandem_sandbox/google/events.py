"""The operations on events."""

from dataclasses import replace
from typing import Any

from tandem_sandbox.google import errors, times
from tandem_sandbox.google.access import reach
from tandem_sandbox.google.ask import Answer, Ask, shown
from tandem_sandbox.google.body import read_event
from tandem_sandbox.google.channels import events_topic
from tandem_sandbox.google.desk import Desk
from tandem_sandbox.google.drafts import Manner, Send
from tandem_sandbox.google.gate import Operation
from tandem_sandbox.google.listing import Entry, Listing, Page
from tandem_sandbox.google.model import Calendar, Event, Role
from tandem_sandbox.google.occurrences import find
from tandem_sandbox.google.push import Push, events_path
from tandem_sandbox.google.query import check_window, read_query
from tandem_sandbox.google.representation import (
    DEFAULT_REMINDERS,
    View,
    show_channel,
    show_event,
    show_tombstone,
)
from tandem_sandbox.world import World

EVENTS = "/calendars/{calendarId}/events"
EVENT = EVENTS + "/{eventId}"
SEND: tuple[Send, ...] = ("all", "externalOnly", "none")


class Events:
    """Reads and writes of events."""

    def __init__(self, world: World, desk: Desk, push: Push) -> None:
        self._world = world
        self._state = world.google
        self._desk = desk
        self._push = push

    def operations(self) -> list[Operation]:
        """Everything that the API can do with events."""
        return [
            Operation("events.list", "GET", EVENTS, self._list),
            Operation("events.insert", "POST", EVENTS, self._insert),
            Operation("events.import", "POST", f"{EVENTS}/import", self._import),
            Operation("events.watch", "POST", f"{EVENTS}/watch", self._watch),
            Operation("events.instances", "GET", f"{EVENT}/instances", self._instances),
            Operation("events.move", "POST", f"{EVENT}/move", self._move),
            Operation("events.get", "GET", EVENT, self._get),
            Operation("events.update", "PUT", EVENT, self._update),
            Operation("events.patch", "PATCH", EVENT, self._patch),
            Operation("events.delete", "DELETE", EVENT, self._delete),
        ]

    def _list(self, ask: Ask) -> Answer:
        calendar, view = self._seen(ask)
        query = read_query(ask, self._world.clock.now())
        page = Listing(
            calendar,
            query,
            now=self._world.clock.now(),
            sync_token_life=self._state.sync_token_life,
        ).page()
        return shown(ask, _collection(calendar, page, view, show_deleted=query.show_deleted))

    def _instances(self, ask: Ask) -> Answer:
        calendar, view = self._seen(ask)
        series = find(calendar, ask.path["eventId"])
        if not series.recurs:
            raise errors.invalid("The event is not a recurring event.", "eventId")
        now = self._world.clock.now()
        query = replace(read_query(ask, now), single_events=True, order_by=None, syncable=False)
        check_window(query)
        original = ask.stamp("originalStart")
        listing = Listing(calendar, query, now=now, sync_token_life=self._state.sync_token_life)
        page = listing.instances(series, original.timestamp() if original else None)
        return shown(ask, _collection(calendar, page, view, show_deleted=True))

    def _get(self, ask: Ask) -> Answer:
        calendar, view = self._seen(ask)
        return shown(ask, show_event(calendar, find(calendar, ask.path["eventId"]), view))

    def _insert(self, ask: Ask) -> Answer:
        calendar, view = self._written(ask)
        event = self._desk.insert(calendar, ask.mailbox, read_event(ask.body()), _manner(ask))
        return _result(calendar, event, view)

    def _import(self, ask: Ask) -> Answer:
        calendar, view = self._written(ask)
        event = self._desk.take_in(calendar, ask.mailbox, read_event(ask.body()), _manner(ask))
        return _result(calendar, event, view)

    def _update(self, ask: Ask) -> Answer:
        return self._changed(ask, whole=True)

    def _patch(self, ask: Ask) -> Answer:
        return self._changed(ask, whole=False)

    def _changed(self, ask: Ask, *, whole: bool) -> Answer:
        calendar, view = self._written(ask)
        event = self._desk.change(
            calendar, ask.path["eventId"], read_event(ask.body()), _manner(ask), whole=whole
        )
        return _result(calendar, event, view)

    def _delete(self, ask: Ask) -> Answer:
        calendar, _ = self._written(ask)
        self._desk.delete(calendar, ask.path["eventId"], _manner(ask))
        return Answer()

    def _move(self, ask: Ask) -> Answer:
        calendar, view = self._written(ask)
        if "destination" not in ask.query:
            raise errors.required("destination")
        destination, _ = reach(self._state, ask.mailbox, ask.query["destination"], Role.WRITER)
        moved = self._desk.move(calendar, ask.path["eventId"], destination, _manner(ask))
        return _result(destination, moved, view)

    def _watch(self, ask: Ask) -> Answer:
        calendar, _ = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.FREE_BUSY_READER)
        channel = self._push.open(
            ask.mailbox, events_topic(calendar.id), events_path(calendar.id), ask.body()
        )
        return Answer(show_channel(channel))

    def _seen(self, ask: Ask) -> tuple[Calendar, View]:
        calendar, role = reach(
            self._state, ask.mailbox, ask.path["calendarId"], Role.FREE_BUSY_READER
        )
        return calendar, _view(ask, calendar, role)

    def _written(self, ask: Ask) -> tuple[Calendar, View]:
        calendar, role = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.WRITER)
        return calendar, _view(ask, calendar, role)


def _view(ask: Ask, calendar: Calendar, role: Role) -> View:
    name = ask.query.get("timeZone", calendar.timezone)
    zone = times.zone_of(name)
    if zone is None:
        raise errors.invalid("Invalid time zone.", "timeZone")
    return View(role, zone, ask.number("maxAttendees"))


def _manner(ask: Ask) -> Manner:
    send = ask.choice("sendUpdates", SEND)
    if send is None:
        send = "all" if ask.flag("sendNotifications") else "none"
    return Manner(
        send=next(one for one in SEND if one == send),
        conferences=ask.number("conferenceDataVersion", least=0, most=1) == 1,
        attachments=ask.flag("supportsAttachments"),
        if_match=ask.headers.get("if-match"),
    )


def _result(calendar: Calendar, event: Event, view: View) -> Answer:
    body = show_event(calendar, event, view)
    return Answer(body, headers={"ETag": event.etag})


def _collection(
    calendar: Calendar, page: Page, view: View, *, show_deleted: bool
) -> dict[str, Any]:
    def line(entry: Entry) -> dict[str, Any]:
        event = entry.resolved()
        if event.cancelled and not show_deleted:
            return show_tombstone(event, view)
        return show_event(calendar, event, view)

    result = {
        "kind": "calendar#events",
        "etag": calendar.etag,
        "summary": calendar.summary,
        "description": calendar.description or "",
        "updated": times.in_millis(calendar.updated),
        "timeZone": view.zone.key,
        "accessRole": view.role.value,
        "defaultReminders": DEFAULT_REMINDERS if calendar.id == calendar.owner else [],
        "items": [line(entry) for entry in page.entries],
    }
    if page.next_page is not None:
        result["nextPageToken"] = page.next_page
    if page.next_sync is not None:
        result["nextSyncToken"] = page.next_sync
    return result
