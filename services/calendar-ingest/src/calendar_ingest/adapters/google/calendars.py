"""Google's calendars and events; see the port `calendar_ingest.calendars.Calendars`."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, NoReturn

import httpx

from calendar_ingest.adapters.google.bodies import changed_body, merged_attendees, new_body
from calendar_ingest.adapters.google.client import PATCH_COST, GoogleClient, GoogleError
from calendar_ingest.adapters.google.cursors import Cursor
from calendar_ingest.adapters.google.series import is_series
from calendar_ingest.adapters.google.snapshots import (
    is_cancelled,
    link_mark,
    snapshot,
    updated_at,
)
from calendar_ingest.adapters.reading import readable
from calendar_ingest.calendars import (
    Account,
    Calendar,
    CalendarGoneError,
    Changes,
    Created,
    CursorExpiredError,
    EventEdit,
    ListedCalendar,
    MissingError,
    NewEvent,
    NotOrganizerError,
    RefusedError,
    StaleError,
    Tombstone,
)
from tandem.contracts.connections import Provider
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import MeetingField
from tandem.runtime.clock import Clock
from tandem.runtime.failures import Retryable

Json = dict[str, Any]

PROVIDER: Final = Provider.GOOGLE
PAGE_EVENTS: Final = 250
PAGE_CALENDARS: Final = 250
CALENDAR_PAGES_MAX: Final = 20
LOOK_BACK: Final = timedelta(days=31)
_GONE: Final = {httpx.codes.NOT_FOUND, httpx.codes.GONE}
_WRITABLE: Final = {"owner", "writer"}


class GoogleCalendars:
    """Reads and writes through `GoogleClient`."""

    def __init__(self, client: GoogleClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def list(self, account: Account) -> tuple[ListedCalendar, ...]:
        """All calendars of the account."""
        listed: list[ListedCalendar] = []
        page: str | None = None
        for _ in range(CALENDAR_PAGES_MAX):
            request = self._client.calendar_list.list(
                maxResults=PAGE_CALENDARS, **({"pageToken": page} if page else {})
            )
            answer = await self._client.call(account, "calendarList.list", request)
            listed.extend(map(_listed, answer.get("items") or ()))
            page = answer.get("nextPageToken")
            if not page:
                break
        return tuple(listed)

    async def changes(self, calendar: Calendar, cursor: str | None) -> Changes:
        """One page of changes since `cursor`; see the port."""
        here = Cursor.parse(cursor) if cursor else Cursor(since=self._look_back())
        request = self._client.events.list(
            calendarId=calendar.calendar_id,
            maxResults=PAGE_EVENTS,
            showDeleted=True,
            singleEvents=False,
            **here.parameters(),
        )
        try:
            answer = await self._client.call(calendar.account, "events.list", request)
        except GoogleError as error:
            if error.status == httpx.codes.GONE or (
                cursor and error.status == httpx.codes.BAD_REQUEST
            ):
                raise CursorExpiredError(str(error)) from error
            if error.status == httpx.codes.NOT_FOUND:
                await self._confirm_gone(calendar)
            raise
        if not answer.get("nextPageToken") and not answer.get("nextSyncToken"):
            raise Retryable("google: a list without an end")
        return _changes(answer, here.after(answer))

    async def get(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        """Read one event; see the port."""
        item = await self._item(calendar, event_id)
        return None if item is None or is_cancelled(item) or is_series(item) else snapshot(item)

    async def create(self, calendar: Calendar, new: NewEvent) -> Created:
        """Make an event; see the port."""
        body = new_body(new)
        request = self._client.events.insert(
            calendarId=calendar.calendar_id, body=body, sendUpdates=_send_updates(new.notify)
        )
        try:
            item = await self._client.call(calendar.account, "events.insert", request)
        except GoogleError as error:
            if error.status == httpx.codes.NOT_FOUND:
                await self._confirm_gone(calendar)
            if error.status != httpx.codes.CONFLICT:
                raise
            return await self._created_before(calendar, body, error)
        return Created(_expected(item))

    async def update(self, calendar: Calendar, edit: EventEdit) -> EventSnapshot:
        """Change an event, by one conditional patch that names the changed fields only.

        A patch costs a unit more of quota than get and update, but one call less, and it can not
        undo what others put into fields that we do not know.
        """
        body = changed_body(edit.meeting, edit.fields, time_zone=edit.time_zone)
        version = edit.version
        if MeetingField.GUESTS in edit.fields:
            present = await self._present(calendar, edit.event_id)
            if version and present.get("etag") != version:
                raise StaleError(_expected(present))
            version = str(present.get("etag") or "")
            body["attendees"] = merged_attendees(
                present.get("attendees") or (), edit.meeting.guests
            )
        request = self._client.events.patch(
            calendarId=calendar.calendar_id,
            eventId=edit.event_id,
            body=body,
            sendUpdates=_send_updates(edit.notify),
        )
        try:
            item = await self._client.call(
                calendar.account, "events.patch", request, version=version, cost=PATCH_COST
            )
        except GoogleError as error:
            await self._refuse(calendar, edit.event_id, error)
        if is_cancelled(item):
            raise MissingError("the event was deleted")
        return _expected(item)

    async def delete(
        self, calendar: Calendar, event_id: str, *, version: str, notify: bool = False
    ) -> None:
        """Delete an event; see the port."""
        request = self._client.events.delete(
            calendarId=calendar.calendar_id, eventId=event_id, sendUpdates=_send_updates(notify)
        )
        try:
            await self._client.call(calendar.account, "events.delete", request, version=version)
        except GoogleError as error:
            if error.status in _GONE:
                return
            with suppress(MissingError):
                await self._refuse(calendar, event_id, error)

    async def _created_before(
        self, calendar: Calendar, body: Json, conflict: GoogleError
    ) -> Created:
        """The event that an earlier try of the same create has made, as it is now."""
        item = await self._item(calendar, body["id"])
        if item is None:
            raise Retryable("google: an event that exists can not be found") from conflict
        if link_mark(item) not in {None, link_mark(body)}:
            raise conflict
        # A tombstone may hold no more than its id.
        event = _expected({**body, **item})
        return Created(event, deleted=is_cancelled(item), found=True)

    async def _refuse(self, calendar: Calendar, event_id: str, error: GoogleError) -> NoReturn:
        """Raise what the refusal of a write means for its event."""
        if error.status in _GONE:
            await self._confirm_gone(calendar)
            raise MissingError("the event was deleted") from error
        if error.status == httpx.codes.CONFLICT:
            raise Retryable("google: somebody else is writing") from error
        if error.reason == "eventCancelled":
            raise MissingError("the event was deleted") from error
        if error.status == httpx.codes.PRECONDITION_FAILED:
            raise StaleError(_expected(await self._present(calendar, event_id))) from error
        if error.reason == "forbiddenForNonOrganizer":
            raise NotOrganizerError(str(error)) from error
        raise error

    async def _present(self, calendar: Calendar, event_id: str) -> Json:
        item = await self._item(calendar, event_id)
        if item is None:
            await self._confirm_gone(calendar)
        if item is None or is_cancelled(item):
            raise MissingError("the event was deleted")
        return item

    async def _item(self, calendar: Calendar, event_id: str) -> Json | None:
        request = self._client.events.get(calendarId=calendar.calendar_id, eventId=event_id)
        try:
            return await self._client.call(calendar.account, "events.get", request)
        except GoogleError as error:
            if error.status in _GONE:
                return None
            raise

    async def _confirm_gone(self, calendar: Calendar) -> None:
        """Raise CalendarGoneError unless the account still lists the calendar."""
        request = self._client.calendar_list.get(calendarId=calendar.calendar_id)
        try:
            await self._client.call(calendar.account, "calendarList.get", request)
        except GoogleError as error:
            if error.status in _GONE:
                raise CalendarGoneError("the calendar was deleted or is not shared") from error
            raise

    def _look_back(self) -> str:
        since = self._clock.now() - LOOK_BACK
        return since.isoformat(timespec="seconds").replace("+00:00", "Z")


def _changes(answer: Json, after: Cursor) -> Changes:
    observed: list[EventSnapshot] = []
    gone: list[Tombstone] = []
    series: list[str] = []
    for item in answer.get("items") or ():
        if is_cancelled(item):
            gone.append(Tombstone(item["id"], updated_at(item)))
        elif is_series(item):
            series.append(item["id"])
        elif event := readable(PROVIDER, partial(snapshot, item)):
            observed.append(event)
    return Changes(
        tuple(observed),
        tuple(gone),
        cursor=str(after),
        more=after.page is not None,
        series=tuple(series),
    )


def _listed(item: Json) -> ListedCalendar:
    return ListedCalendar(
        calendar_id=item["id"],
        name=str(item.get("summaryOverride") or item.get("summary") or item["id"]),
        primary=bool(item.get("primary")),
        writable=item.get("accessRole") in _WRITABLE,
        time_zone=str(item.get("timeZone") or ""),
    )


def _expected(item: Json) -> EventSnapshot:
    event = snapshot(item)
    if event is None:
        raise RefusedError("google: the event that came back has no times")
    return event


def _send_updates(notify: bool) -> str:  # noqa: FBT001 - the port's flag, in Google's words
    return "all" if notify else "none"
