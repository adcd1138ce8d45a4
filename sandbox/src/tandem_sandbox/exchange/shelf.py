"""Puts items into folders, changes them and takes them away, and tells who subscribed."""

import base64
from hashlib import sha256

from tandem_sandbox.exchange.model import (
    DELETED_ITEMS,
    RECURRENCE,
    Deviation,
    Folder,
    Item,
    Mailbox,
)
from tandem_sandbox.exchange.properties import guests_of, moment_of
from tandem_sandbox.exchange.recurrence import days_of
from tandem_sandbox.exchange.soap import ExchangeError, restored, stored, t
from tandem_sandbox.exchange.subscription import Occurrence
from tandem_sandbox.exchange.subscriptions import Subscriptions
from tandem_sandbox.world import World


class Shelf:
    """The one place where items change."""

    def __init__(self, world: World, subscriptions: Subscriptions) -> None:
        self._world = world
        self._subscriptions = subscriptions

    def put(self, mailbox: Mailbox, folder: Folder, properties: dict[str, str]) -> Item:
        """Make an item."""
        self._check_writable(folder)
        now = self._world.clock.now()
        change = self._world.exchange.change()
        item = Item(
            id=_item_id(mailbox, change),
            folder_id=folder.id,
            properties={"UID": stored(t("UID", _uid(mailbox, change))), **properties},
            created_at=now,
            changed_at=now,
            created=change,
            changed=change,
            organizer=mailbox.email,
        )
        _check_times(item)
        mailbox.items[item.id] = item
        self._tell(mailbox, item, "CreatedEvent")
        return item

    def change(self, mailbox: Mailbox, item: Item, properties: dict[str, str]) -> None:
        """Give an item other properties; an occurrence differs from its series in them."""
        self._check_writable(mailbox.folders[item.folder_id])
        _check_times(item.model_copy(update={"properties": properties}))
        changed = {name for name, text in properties.items() if item.properties.get(name) != text}
        if item.series_id:
            self._deviate(mailbox, item, {name: properties[name] for name in changed})
            return
        if changed & {RECURRENCE, "Start", "End"}:
            # Occurrences are others from now on, so nothing is left of what they were.
            item.deviations, item.removed_starts = {}, []
        item.properties = properties
        self._touch(mailbox, item)

    def remove(self, mailbox: Mailbox, item: Item, *, keep: bool) -> None:
        """Take an item out of its folder; `keep` moves it to the deleted items, under a new id."""
        folder = mailbox.folders[item.folder_id]
        self._check_writable(folder)
        if item.series_id:
            master = mailbox.items[item.series_id]
            master.deviations.pop(item.original_start, None)
            master.removed_starts.append(item.original_start)
            self._touch(mailbox, master)
            return
        del mailbox.items[item.id]
        change = self._world.exchange.change()
        folder.removed[item.id] = change
        self._tell(mailbox, item.model_copy(update={"changed": change}), "DeletedEvent")
        deleted = mailbox.distinguished(DELETED_ITEMS)
        if keep and deleted is not None and folder.id != deleted.id:
            moved = self._world.exchange.change()
            new_id = _item_id(mailbox, moved)
            mailbox.items[new_id] = item.model_copy(
                update={
                    "id": new_id,
                    "folder_id": deleted.id,
                    "created": moved,
                    "changed": moved,
                    "changed_at": self._world.clock.now(),
                }
            )

    def mail(self, mailbox: Mailbox, item: Item, kind: str) -> None:
        """Note the mails that Exchange would send to the guests of an own meeting."""
        if item.organizer == mailbox.email:
            for guest in guests_of(item):
                if guest != mailbox.email:
                    self._world.mails.sent("exchange", kind, guest, item.id)

    def _deviate(self, mailbox: Mailbox, item: Item, changed: dict[str, str]) -> None:
        master = mailbox.items[item.series_id]
        before = master.deviations.get(item.original_start)
        self._touch(mailbox, master)
        master.deviations[item.original_start] = Deviation(
            properties={**(before.properties if before else {}), **changed},
            changed=master.changed,
            changed_at=master.changed_at,
        )

    def _touch(self, mailbox: Mailbox, item: Item) -> None:
        item.changed = self._world.exchange.change()
        item.changed_at = self._world.clock.now()
        self._tell(mailbox, item, "ModifiedEvent")

    def _tell(self, mailbox: Mailbox, item: Item, kind: str) -> None:
        self._subscriptions.tell(
            mailbox.email,
            Occurrence(
                change=item.changed,
                kind=kind,
                item_id=item.id,
                change_key=item.change_key,
                folder_id=item.folder_id,
                at=self._world.clock.now(),
            ),
        )

    @staticmethod
    def _check_writable(folder: Folder) -> None:
        if not folder.writable:
            raise ExchangeError("ErrorAccessDenied", "Access is denied. Check credentials.")


def _check_times(item: Item) -> None:
    if "Start" not in item.properties or "End" not in item.properties:
        raise ExchangeError("ErrorRequiredPropertyMissing", "Start and End are required.")
    if moment_of(item, "End") < moment_of(item, "Start"):
        raise ExchangeError(
            "ErrorCalendarEndDateIsEarlierThanStartDate",
            "EndDate is earlier than StartDate",
        )
    if item.recurs and next(days_of(restored(item.properties[RECURRENCE])), None) is None:
        raise ExchangeError("ErrorRecurrenceHasNoOccurrence", "The recurrence has no occurrence.")


def _item_id(mailbox: Mailbox, change: int) -> str:
    digest = sha256(f"{mailbox.email}:{change}".encode()).digest()
    return "AAMkAD" + base64.b64encode(digest * 2).decode()


def _uid(mailbox: Mailbox, change: int) -> str:
    return (
        "040000008200E00074C5B7101A82E008" + sha256(_item_id(mailbox, change).encode()).hexdigest()
    )
