"""Graph's calendars and events; see the port `calendar_ingest.calendars.Calendars`.

Graph mails the guests of a meeting whatever is done to it. Where nobody is to be mailed, guests
are not written, and a meeting that has some is left alone with a reason.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, NoReturn

import httpx

from calendar_ingest.adapters.microsoft.client import MicrosoftClient, MicrosoftError
from calendar_ingest.adapters.microsoft.cursors import Cursor
from calendar_ingest.adapters.microsoft.identifiers import transaction_id
from calendar_ingest.adapters.microsoft.snapshots import (
    is_cancelled,
    is_series,
    snapshot,
    updated_at,
    was_modified,
)
from calendar_ingest.adapters.microsoft.versions import etag_of, has_guests
from calendar_ingest.adapters.microsoft.zones import iana_name
from calendar_ingest.adapters.reading import readable
from calendar_ingest.adapters.request import Request
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

PROVIDER: Final = Provider.MICROSOFT
CALENDAR_PAGES_MAX: Final = 20
WOULD_MAIL: Final = (
    "Microsoft would mail the guests of this meeting; switch on inviting guests to allow it"
)
_TRANSACTION_USED: Final = "ErrorDuplicateTransactionId"
_GONE: Final = {httpx.codes.NOT_FOUND, httpx.codes.GONE}
_EXPIRED: Final = {"syncStateNotFound", "SyncStateNotFound", "resyncRequired", "ResyncRequired"}
_MALFORMED: Final = {"ErrorInvalidIdMalformed", "ErrorItemNotFound", "ErrorInvalidId"}


class MicrosoftCalendars:
    """Reads and writes through `MicrosoftClient`."""

    def __init__(self, client: MicrosoftClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def list(self, account: Account) -> tuple[ListedCalendar, ...]:
        """All calendars of the account."""
        requests = await self._client.requests()
        settings = await self._client.call(
            account, "mailboxSettings.get", requests.mailbox_settings()
        )
        zone = iana_name(settings.get("timeZone")) or ""
        listed: list[ListedCalendar] = []
        request = requests.calendars()
        for _ in range(CALENDAR_PAGES_MAX):
            answer = await self._client.call(account, "calendars.list", request)
            listed.extend(_listed(item, zone) for item in answer.get("value") or ())
            if not answer.get("@odata.nextLink"):
                break
            request = Request("GET", answer["@odata.nextLink"])
        return tuple(listed)

    async def changes(self, calendar: Calendar, cursor: str | None) -> Changes:
        """One page of changes since `cursor`; see the port."""
        now = self._clock.now()
        here = Cursor.parse(cursor) if cursor else Cursor.beginning(now)
        if cursor and here.outlived(now):
            raise CursorExpiredError("microsoft: the window has moved on")
        try:
            answer = await self._client.call(
                calendar.account, "events.delta", await self._round(calendar, here)
            )
        except MicrosoftError as error:
            if error.status == httpx.codes.GONE or error.code in _EXPIRED:
                raise CursorExpiredError(str(error)) from error
            if _is_missing(error):
                await self._confirm_gone(calendar)
            raise
        following, later = answer.get("@odata.nextLink"), answer.get("@odata.deltaLink")
        if not following and not later:
            raise Retryable("microsoft: a round without an end")
        told = await self._sorted_out(calendar, answer.get("value") or ())
        return replace(told, cursor=str(here.at(str(following or later))), more=bool(following))

    async def get(self, calendar: Calendar, event_id: str) -> EventSnapshot | None:
        """Read one event; see the port."""
        item = await self._item(calendar, event_id)
        return None if item is None or is_cancelled(item) or is_series(item) else snapshot(item)

    async def create(self, calendar: Calendar, new: NewEvent) -> Created:
        """Make an event; see the port. Graph knows a repeated one by its transaction.

        It does not say so; an event that was modified since it was made must be an earlier one.
        """
        requests = await self._client.requests()
        try:
            item = await self._client.call(
                calendar.account,
                "events.create",
                requests.create(calendar.calendar_id, new),
            )
        except MicrosoftError as error:
            if _is_missing(error):
                await self._confirm_gone(calendar)
            if error.code != _TRANSACTION_USED:
                raise
            return await self._created_before(calendar, new)
        return Created(snapshot(item), found=was_modified(item))

    async def update(self, calendar: Calendar, edit: EventEdit) -> EventSnapshot:
        """Change an event, by one conditional patch that names the changed fields only."""
        fields = edit.fields if edit.notify else edit.fields - {MeetingField.GUESTS}
        if not edit.notify and has_guests(edit.version):
            raise RefusedError(WOULD_MAIL)
        present: Json | None = None
        etag = etag_of(edit.version)
        if MeetingField.GUESTS in fields or not fields:
            present = await self._present(calendar, edit.event_id)
            if etag and present.get("@odata.etag") != etag:
                raise StaleError(snapshot(present))
            if not fields:
                return snapshot(present)
            etag = str(present.get("@odata.etag") or "")
        requests = await self._client.requests()
        wanted = EventEdit(
            edit.event_id, edit.version, fields, edit.meeting, edit.time_zone, edit.notify
        )
        try:
            item = await self._client.call(
                calendar.account,
                "events.update",
                requests.update(calendar.calendar_id, wanted, present),
                etag=etag,
            )
        except MicrosoftError as error:
            await self._refuse(calendar, edit.event_id, error)
        return snapshot(item)

    async def delete(
        self, calendar: Calendar, event_id: str, *, version: str, notify: bool = False
    ) -> None:
        """Delete an event; see the port."""
        if not notify and has_guests(version):
            raise RefusedError(WOULD_MAIL)
        requests = await self._client.requests()
        try:
            await self._client.call(
                calendar.account,
                "events.delete",
                requests.delete(calendar.calendar_id, event_id),
                etag=etag_of(version),
            )
        except MicrosoftError as error:
            if _is_missing(error):
                return
            with suppress(MissingError):
                await self._refuse(calendar, event_id, error)

    async def _round(self, calendar: Calendar, here: Cursor) -> Request:
        if here.link is not None:
            return Request("GET", here.link)
        requests = await self._client.requests()
        return requests.delta(calendar.calendar_id, *here.window)

    async def _created_before(self, calendar: Calendar, new: NewEvent) -> Created:
        """The event that an earlier try has made, as it is now, or the news that it is gone.

        Nothing tells the id of a deleted one; the name of the transaction stands for it.
        """
        requests = await self._client.requests()
        answer = await self._client.call(
            calendar.account, "events.list", requests.marked(calendar.calendar_id, new.link_id)
        )
        name = transaction_id(new.link_id, new.generation)
        for item in answer.get("value") or ():
            if item.get("transactionId") == name:
                return Created(snapshot(item), found=True)
        lost = EventSnapshot(
            event_id=name,
            title=new.meeting.title,
            schedule=new.meeting.schedule,
            link_mark=str(new.link_id),
        )
        return Created(lost, deleted=True, found=True)

    async def _sorted_out(self, calendar: Calendar, entries: Sequence[Json]) -> Changes:
        """What a page tells, without a cursor; what is said to be removed is asked for first.

        Graph also says so of events that merely lie outside of the window. Of an occurrence that
        is as its series has it, a page tells little more than its time.
        """
        observed: list[EventSnapshot] = []
        gone: list[Tombstone] = []
        series: dict[str, None] = {}
        for entry in entries:
            if entry.get("type") == "occurrence":
                series[entry["seriesMasterId"]] = None
                continue
            item: Json | None = entry
            if "@removed" in entry or ("transactionId" not in entry and not is_series(entry)):
                item = await self._item(calendar, entry["id"])
            if item is None:
                gone.append(Tombstone(entry["id"]))
            elif is_cancelled(item):
                gone.append(Tombstone(item["id"], updated_at(item)))
            elif is_series(item):
                series[item["id"]] = None
            elif event := readable(PROVIDER, partial(snapshot, item)):
                observed.append(event)
        return Changes(tuple(observed), tuple(gone), cursor="", more=False, series=tuple(series))

    async def _refuse(self, calendar: Calendar, event_id: str, error: MicrosoftError) -> NoReturn:
        """Raise what the refusal of a write means for its event."""
        if _is_missing(error):
            await self._confirm_gone(calendar)
            raise MissingError("the event was deleted") from error
        if error.status == httpx.codes.PRECONDITION_FAILED:
            raise StaleError(snapshot(await self._present(calendar, event_id))) from error
        if error.status == httpx.codes.FORBIDDEN:
            present = await self._present(calendar, event_id)
            if present.get("isOrganizer") is False:
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
        requests = await self._client.requests()
        request = requests.event(calendar.calendar_id, event_id)
        try:
            return await self._client.call(calendar.account, "events.get", request)
        except MicrosoftError as error:
            if _is_missing(error):
                return None
            raise

    async def _confirm_gone(self, calendar: Calendar) -> None:
        """Raise CalendarGoneError unless the account still has the calendar."""
        requests = await self._client.requests()
        request = requests.calendar(calendar.calendar_id)
        try:
            await self._client.call(calendar.account, "calendars.get", request)
        except MicrosoftError as error:
            if _is_missing(error):
                raise CalendarGoneError("the calendar was deleted or is not shared") from error
            raise


def _is_missing(error: MicrosoftError) -> bool:
    return error.status in _GONE or error.code in _MALFORMED


def _listed(item: Json, zone: str) -> ListedCalendar:
    return ListedCalendar(
        calendar_id=item["id"],
        name=str(item.get("name") or item["id"]),
        primary=bool(item.get("isDefaultCalendar")),
        writable=bool(item.get("canEdit")),
        time_zone=zone,
    )
