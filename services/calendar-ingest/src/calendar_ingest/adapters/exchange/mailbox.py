"""One account at its server, as blocking calls; they run in threads of `ExchangeClient`."""

from collections import OrderedDict
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from exchangelib import Account, CalendarItem, FolderCollection, Q
from exchangelib.folders import Calendar as Folder
from exchangelib.items import ID_ONLY, NEVER_OVERWRITE, SEND_TO_ALL_AND_SAVE_COPY, SEND_TO_NONE
from exchangelib.properties import FolderId
from exchangelib.services import SyncFolderItems

from calendar_ingest.adapters.exchange.cursors import Cursor
from calendar_ingest.adapters.exchange.expansion import Expansion
from calendar_ingest.adapters.exchange.failures import FOLDER, MISSING, ConflictError, translated
from calendar_ingest.adapters.exchange.fetching import fetched
from calendar_ingest.adapters.exchange.marks import FIELD, mark
from calendar_ingest.adapters.exchange.snapshots import (
    MASTER,
    OCCURRENCE,
    SINGLE,
    is_organizer,
    snapshot,
)
from calendar_ingest.adapters.exchange.values import Values, merged, values
from calendar_ingest.adapters.reading import readable, skip
from calendar_ingest.calendars import (
    CalendarGoneError,
    Changes,
    Created,
    EventEdit,
    ListedCalendar,
    MissingError,
    NewEvent,
    NotOrganizerError,
    Occurrences,
    StaleError,
    Tombstone,
    Window,
)
from tandem.contracts.connections import Provider
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import MeetingField

PAGE_ITEMS: Final = 100
WRITTEN_MAX: Final = 500
"""Own writes that are remembered until the server lists them."""
PUSH_STATUS_MINUTES: Final = 60
_EVENTS: Final = ("CreatedEvent", "ModifiedEvent", "DeletedEvent", "MovedEvent")
_NEW: Final = frozenset(MeetingField) - {MeetingField.GUESTS}


class Mailbox:
    """Reads and writes the calendars of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._owner = str(account.primary_smtp_address)
        self._folders: dict[str, Folder] = {}
        self._expansion = Expansion(account, self._owner)
        self._written: OrderedDict[str, EventSnapshot] = OrderedDict()

    def close(self) -> None:
        """Let go of the connections to the server."""
        self._account.protocol.close()

    def list(self) -> tuple[ListedCalendar, ...]:
        """All calendars of the account."""
        with translated():
            primary = self._account.calendar.id
            found = FolderCollection(
                account=self._account, folders=[self._account.msg_folder_root]
            ).find_folders(q=Q(folder_class="IPF.Appointment"), depth="Deep")
            return tuple(
                ListedCalendar(
                    calendar_id=folder.id,
                    name=folder.name or folder.id,
                    primary=folder.id == primary,
                    writable=_writable(folder),
                    time_zone="",
                )
                for folder in found
                if isinstance(folder, Folder)
            )

    def changes(self, calendar_id: str, cursor: Cursor, *, ended_after: datetime) -> Changes:
        """One page of changes; in a full list, events that ended earlier are left out."""
        folder = self._folder(calendar_id)
        with translated():
            sync = SyncFolderItems(account=self._account)
            found = list(
                sync.call(
                    folder=folder,
                    shape=ID_ONLY,
                    additional_fields=None,
                    sync_state=cursor.state,
                    ignore=None,
                    max_changes_returned=PAGE_ITEMS,
                    sync_scope=None,
                )
            )
            changed = [item for kind, item in found if kind in {"create", "update"}]
            observed = [event for item in changed if (event := self._own_write(item))]
            echoed = {event.event_id for event in observed}
            touched = [item for item in changed if item.id not in echoed]
            gone = [Tombstone(item.id) for kind, item in found if kind == "delete"]
            series: list[str] = []
            for item in fetched(self._account, touched):
                if item.is_cancelled:
                    gone.append(Tombstone(item.id))
                elif item.type == MASTER:
                    series.append(item.id)
                elif (event := self._readable(item)) and not (
                    cursor.full and _ends(event) < ended_after
                ):
                    observed.append(event)
        more = not sync.includes_last_item_in_range
        after = Cursor(state=sync.sync_state, full=cursor.full and more)
        return Changes(
            tuple(observed), tuple(gone), cursor=str(after), more=more, series=tuple(series)
        )

    def get(self, calendar_id: str, event_id: str) -> EventSnapshot | None:
        """Read one event; None where it is deleted, cancelled, unknown or a whole series."""
        self._folder(calendar_id)
        try:
            item = self._present(calendar_id, event_id)
        except MissingError:
            return None
        if item.type in OCCURRENCE:
            with translated():
                return self._expansion.one(item)
        return None if item.type == MASTER else snapshot(item, self._owner)

    def occurrences(
        self, calendar_id: str, window: Window, *, series_id: str | None, page: str | None
    ) -> Occurrences:
        """A page of occurrences that take place in a window; see the port."""
        folder = self._folder(calendar_id)
        with translated():
            return self._expansion.occurrences(folder, window, series_id=series_id, page=page)

    def create(self, calendar_id: str, new: NewEvent) -> Created:
        """Make an event, unless a repeated create finds its mark on one that was made before."""
        folder = self._folder(calendar_id)
        name = mark(new.link_id, new.generation)
        with translated():
            before = self._made_before(calendar_id, folder, name) if new.repeated else None
            if before is not None:
                return before
            filled = values(new.meeting, _NEW, time_zone=new.time_zone)
            filled |= merged((), (), new.meeting.guests, owner=self._owner)
            item = CalendarItem(account=self._account, folder=folder, **filled, **{FIELD: name})
            item.save(send_meeting_invitations=_send(notify=new.notify))
            return Created(self._again(calendar_id, item.id))

    def update(self, calendar_id: str, edit: EventEdit) -> EventSnapshot:
        """Change an event; see the port."""
        folder = self._folder(calendar_id)
        changed = values(edit.meeting, edit.fields, time_zone=edit.time_zone)
        version = edit.version
        if MeetingField.GUESTS in edit.fields or not version:
            present = self._present(calendar_id, edit.event_id)
            if version and present.changekey != version:
                raise StaleError(snapshot(present, self._owner))
            version = present.changekey
            if MeetingField.GUESTS in edit.fields:
                changed |= self._guests(present, edit)
        self._write(calendar_id, folder, edit, version, changed)
        with translated():
            return self._again(calendar_id, edit.event_id)

    def delete(self, calendar_id: str, event_id: str, *, version: str, notify: bool) -> None:
        """Move an event to the deleted items, where it still has `version`.

        Exchange does not compare change keys when it deletes, so they are compared before.
        """
        self._folder(calendar_id)
        try:
            present = self._present(calendar_id, event_id)
            if version and present.changekey != version:
                raise StaleError(snapshot(present, self._owner))
            with translated():
                present.move_to_trash(
                    send_meeting_cancellations=_send(
                        notify=notify and is_organizer(present, self._owner)
                    )
                )
        except MissingError:
            return

    def subscribe(self, calendar_id: str, address: str) -> str:
        """Have the server post to `address` what happens in a calendar; gives its own id."""
        folder = self._folder(calendar_id)
        with translated():
            subscription_id, _ = folder.subscribe_to_push(
                address, event_types=_EVENTS, status_frequency=PUSH_STATUS_MINUTES
            )
        return str(subscription_id)

    def _folder(self, calendar_id: str) -> Folder:
        """The folder of a calendar; CalendarGoneError where there is none."""
        if calendar_id not in self._folders:
            with translated():
                asked = Folder(root=self._account.root, _id=FolderId(id=calendar_id))
                found = FolderCollection(account=self._account, folders=[asked]).resolve()
                try:
                    folder = next(iter(found))
                    if isinstance(folder, Exception):
                        raise folder
                except (*FOLDER, *MISSING) as error:
                    raise CalendarGoneError("the calendar was deleted or is not shared") from error
            self._folders[calendar_id] = folder
        return self._folders[calendar_id]

    def _present(self, calendar_id: str, event_id: str) -> CalendarItem:
        """A living item of the calendar; MissingError where there is none."""
        with translated():
            item = next(fetched(self._account, [CalendarItem(id=event_id, changekey=None)]), None)
        if item is None:
            raise MissingError("the event was deleted")
        parent = item.parent_folder_id.id if item.parent_folder_id else calendar_id
        if item.is_cancelled or parent != calendar_id:
            raise MissingError("the event was deleted")
        return item

    def _again(self, calendar_id: str, event_id: str) -> EventSnapshot:
        """An event as it came out of a write, kept for when its change is listed."""
        event = snapshot(self._present(calendar_id, event_id), self._owner)
        self._written[event_id] = event
        while len(self._written) > WRITTEN_MAX:
            self._written.popitem(last=False)
        return event

    def _own_write(self, listed: CalendarItem) -> EventSnapshot | None:
        """A listed event that is as our own write has left it; it need not be asked for."""
        event = self._written.get(listed.id)
        return event if event is not None and event.version == listed.changekey else None

    def _made_before(self, calendar_id: str, folder: Folder, name: str) -> Created | None:
        """What an earlier try of a create has made, even if it was deleted since."""
        living = self._marked(folder, name)
        if living is not None:
            return Created(self._again(calendar_id, living.id), found=True)
        deleted = self._marked(self._account.trash, name)
        kept = next(fetched(self._account, [deleted]), None) if deleted is not None else None
        if kept is None:
            return None
        return Created(snapshot(kept, self._owner), deleted=True, found=True)

    def _readable(self, item: CalendarItem) -> EventSnapshot | None:
        """An event, unless it is an occurrence or of a shape that nobody has told of."""
        if item.type not in {None, SINGLE}:
            skip(Provider.EXCHANGE, "series")
            return None
        return readable(Provider.EXCHANGE, partial(snapshot, item, self._owner))

    @staticmethod
    def _marked(folder: Any, name: str) -> Any:
        """The item of a folder that has our mark; only its id is known."""
        return next(iter(folder.filter(**{FIELD: name}).only("id", "changekey")), None)

    def _guests(self, present: CalendarItem, edit: EventEdit) -> Values:
        if not is_organizer(present, self._owner):
            raise NotOrganizerError("only the organiser may change the guests")
        return merged(
            present.required_attendees or (),
            present.optional_attendees or (),
            edit.meeting.guests,
            owner=self._owner,
        )

    def _write(
        self, calendar_id: str, folder: Folder, edit: EventEdit, version: str, changed: Values
    ) -> None:
        item = CalendarItem(account=self._account, folder=folder, **changed)
        item.id, item.changekey = edit.event_id, version
        try:
            with translated():
                item.save(
                    update_fields=[name for name in changed if not name.startswith("_")],
                    conflict_resolution=NEVER_OVERWRITE,
                    send_meeting_invitations=_send(notify=edit.notify),
                )
        except ConflictError as error:
            present = self._present(calendar_id, edit.event_id)
            raise StaleError(snapshot(present, self._owner)) from error


def _writable(folder: Folder) -> bool:
    rights = folder.effective_rights
    return rights is None or bool(rights.create_contents and rights.modify)


def _send(*, notify: bool) -> str:
    return str(SEND_TO_ALL_AND_SAVE_COPY if notify else SEND_TO_NONE)


def _ends(event: EventSnapshot) -> datetime:
    schedule = event.schedule
    if schedule.kind == "timed":
        return schedule.end
    return datetime.combine(schedule.first + timedelta(days=schedule.days), time(), UTC)
