"""The operations on calendars and on the list of calendars of a mailbox."""

import secrets
from typing import Any

from tandem_sandbox.google import cursors, errors, times
from tandem_sandbox.google.access import PRIMARY, reach
from tandem_sandbox.google.ask import Answer, Ask, shown
from tandem_sandbox.google.channels import list_topic
from tandem_sandbox.google.gate import Operation
from tandem_sandbox.google.model import Calendar, ListEntry, Mailbox, Role
from tandem_sandbox.google.push import Push
from tandem_sandbox.google.representation import show_calendar, show_channel, show_entry
from tandem_sandbox.world import World

LIST = "/users/me/calendarList"
CALENDAR = "/calendars/{calendarId}"
PAGE_DEFAULT = 100
PAGE_MAX = 250
TEXTS_MAX = {"summary": 254, "description": 8192, "location": 1024}


class Calendars:
    """Reads and writes of calendars."""

    def __init__(self, world: World, push: Push) -> None:
        self._world = world
        self._state = world.google
        self._push = push

    def operations(self) -> list[Operation]:
        """Everything that the API can do with calendars."""
        return [
            Operation("calendarList.list", "GET", LIST, self._list),
            Operation("calendarList.watch", "POST", f"{LIST}/watch", self._watch),
            Operation("calendarList.get", "GET", f"{LIST}/{{calendarId}}", self._entry),
            Operation("calendars.insert", "POST", "/calendars", self._insert),
            Operation("calendars.get", "GET", CALENDAR, self._get),
            Operation("calendars.update", "PUT", CALENDAR, self._update),
            Operation("calendars.patch", "PATCH", CALENDAR, self._patch),
            Operation("calendars.delete", "DELETE", CALENDAR, self._delete),
        ]

    def _list(self, ask: Ask) -> Answer:
        mailbox, now = ask.mailbox, self._world.clock.now()
        size = min(ask.number("maxResults") or PAGE_DEFAULT, PAGE_MAX)
        least = Role(ask.choice("minAccessRole", tuple(Role)) or Role.FREE_BUSY_READER)
        if "syncToken" in ask.query and "minAccessRole" in ask.query:
            raise errors.GoogleError(
                400,
                "syncTokenWithRequestRestrictions",
                "Sync token cannot be used with: minAccessRole.",
                domain="calendar",
                location="syncToken",
            )
        cursor = self._cursor(ask, mailbox)
        show_deleted = cursor.since is not None or ask.flag("showDeleted")
        entries = [
            (index, entry)
            for index, entry in enumerate(mailbox.entries.values())
            if (index,) > cursor.after
            and entry.revision > (cursor.since or 0)
            and entry.role.covers(least)
            and (show_deleted or not entry.deleted)
        ]
        result: dict[str, Any] = {
            "kind": "calendar#calendarList",
            "etag": f'"p32{mailbox.list_revision:010d}"',
            "items": [
                show_entry(entry, self._state.calendars[entry.calendar_id])
                for _, entry in entries[:size]
            ],
        }
        if len(entries) > size:
            last = float(entries[size - 1][0])
            following = cursor.model_copy(update={"after": (last,)})
            result["nextPageToken"] = cursors.write(following)
        else:
            values = cursor.model_dump(exclude={"after", "newest", "since"})
            sync = cursors.SyncCursor(**{**values, "issued_at": now})
            result["nextSyncToken"] = cursors.write(sync)
        return shown(ask, result)

    def _cursor(self, ask: Ask, mailbox: Mailbox) -> cursors.PageCursor:
        resource, now = list_topic(mailbox.email), self._world.clock.now()
        page_token, sync_token = ask.query.get("pageToken"), ask.query.get("syncToken")
        if page_token is not None:
            return cursors.read_page(page_token, resource=resource, asked="")
        since = None
        if sync_token is not None:
            sync = cursors.read_sync(sync_token, resource=resource, asked="")
            if (
                sync.generation != mailbox.list_generation
                or sync.issued_at + self._state.sync_token_life <= now
                or sync.revision > mailbox.list_revision
            ):
                raise errors.full_sync_required()
            since = sync.revision
        return cursors.PageCursor(
            resource=resource,
            asked="",
            generation=mailbox.list_generation,
            revision=mailbox.list_revision,
            issued_at=now,
            after=(),
            newest=0,
            since=since,
        )

    def _entry(self, ask: Ask) -> Answer:
        calendar, _ = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.FREE_BUSY_READER)
        return shown(ask, show_entry(ask.mailbox.entries[calendar.id], calendar))

    def _watch(self, ask: Ask) -> Answer:
        topic = list_topic(ask.mailbox.email)
        channel = self._push.open(ask.mailbox, topic, LIST.removeprefix("/"), ask.body())
        return Answer(show_channel(channel))

    def _get(self, ask: Ask) -> Answer:
        calendar, _ = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.FREE_BUSY_READER)
        return shown(ask, show_calendar(calendar))

    def _insert(self, ask: Ask) -> Answer:
        body, mailbox = ask.body(), ask.mailbox
        calendar = Calendar(
            id=f"c_{secrets.token_hex(32)}@group.calendar.google.com",
            summary="",
            timezone="UTC",
            owner=mailbox.email,
        )
        if not body.get("summary"):
            raise errors.required("summary", "Missing summary.")
        _write(calendar, body)
        self._state.calendars[calendar.id] = calendar
        mailbox.touch_list(ListEntry(calendar_id=calendar.id, role=Role.OWNER))
        self._push.list_changed(mailbox.email)
        return Answer(show_calendar(calendar))

    def _update(self, ask: Ask) -> Answer:
        body = ask.body()
        if not body.get("summary"):
            raise errors.required("summary", "Missing summary.")
        return self._changed(ask, {"description": None, "location": None, **body})

    def _patch(self, ask: Ask) -> Answer:
        return self._changed(ask, ask.body())

    def _changed(self, ask: Ask, body: dict[str, Any]) -> Answer:
        calendar, _ = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.OWNER)
        wanted = ask.headers.get("if-match")
        if wanted is not None and wanted not in ("*", calendar.etag):
            raise errors.precondition_failed()
        _write(calendar, body)
        calendar.revision += 1
        calendar.updated = self._world.clock.now()
        self._tell_lists(calendar)
        return Answer(show_calendar(calendar))

    def _delete(self, ask: Ask) -> Answer:
        calendar, _ = reach(self._state, ask.mailbox, ask.path["calendarId"], Role.OWNER)
        if ask.path["calendarId"] == PRIMARY or calendar.id == calendar.owner:
            raise errors.GoogleError(
                400,
                "cannotDeletePrimaryCalendar",
                "Cannot delete primary calendar.",
                domain="calendar",
            )
        calendar.deleted = True
        self._tell_lists(calendar)
        return Answer()

    def _tell_lists(self, calendar: Calendar) -> None:
        for mailbox in self._state.mailboxes.values():
            entry = mailbox.entries.get(calendar.id)
            if entry is not None:
                entry.deleted = calendar.deleted
                mailbox.touch_list(entry)
                self._push.list_changed(mailbox.email)


def _write(calendar: Calendar, body: dict[str, Any]) -> None:
    for name, longest in TEXTS_MAX.items():
        if name not in body:
            continue
        text = body[name]
        if text is not None and (not isinstance(text, str) or len(text) > longest):
            raise errors.invalid(f"Invalid value for: {name}", name)
        setattr(calendar, name, text if name != "summary" else text or calendar.summary)
    zone_name = body.get("timeZone")
    if zone_name is not None:
        if not isinstance(zone_name, str) or times.zone_of(zone_name) is None:
            raise errors.invalid("Invalid time zone.", "timeZone")
        calendar.timezone = zone_name
