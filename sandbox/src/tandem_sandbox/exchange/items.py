"""Operations on items: create, get, update, delete and find."""

from collections.abc import Callable
from datetime import datetime

from tandem_sandbox.exchange.folders import folders_of, named_folder
from tandem_sandbox.exchange.model import CALENDAR, Item, Mailbox
from tandem_sandbox.exchange.occurrences import found, view
from tandem_sandbox.exchange.properties import (
    guests_of,
    item_id,
    kept,
    moment_of,
    name_of,
    path_in,
    shown,
)
from tandem_sandbox.exchange.restrictions import holds
from tandem_sandbox.exchange.shelf import Shelf
from tandem_sandbox.exchange.soap import (
    Element,
    ExchangeError,
    answered,
    child,
    children,
    failure,
    holding,
    local,
    m,
    success,
    t,
)

FOUND_MAX = 1000
ONLY_ORGANIZER = {"Start", "End", "RequiredAttendees", "OptionalAttendees", "IsAllDayEvent"}


class Items:
    """What can be done with the items of a mailbox."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def create(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer CreateItem."""
        target = child(request, "SavedItemFolderId")
        reference = target[0] if target is not None else t("DistinguishedFolderId", Id=CALENDAR)
        send = request.get("SendMeetingInvitations")
        if send is None:
            raise ExchangeError(
                "ErrorSendMeetingInvitationsRequired",
                "SendMeetingInvitations attribute is required for calendar items.",
            )

        def one(element: Element) -> list[Element]:
            folder = named_folder(mailbox, reference)
            item = self._shelf.put(mailbox, folder, kept(mailbox, element))
            if send != "SendToNone":
                self._shelf.mail(mailbox, item, "invitation")
            return [_ids(item)]

        return _each("CreateItem", children(request, "Items"), one)

    def get(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer GetItem."""
        shape = child(request, "ItemShape")

        def one(reference: Element) -> list[Element]:
            item = found(mailbox, reference)
            return [holding(m("Items"), [shown(mailbox, item, shape)])]

        return _each("GetItem", children(request, "ItemIds"), one)

    def update(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer UpdateItem."""
        send = request.get("SendMeetingInvitationsOrCancellations", "SendToNone")
        careful = request.get("ConflictResolution") == "NeverOverwrite"

        def one(change: Element) -> list[Element]:
            reference = child(change, "ItemId")
            item = found(mailbox, reference if reference is not None else change)
            key = reference.get("ChangeKey") if reference is not None else None
            if key is None:
                raise ExchangeError("ErrorChangeKeyRequired", "The change key is required.")
            if careful and key != item.change_key:
                raise ExchangeError(
                    "ErrorIrresolvableConflict",
                    "The send or update operation could not be performed because the change key "
                    "passed in the request does not match the current change key for the item.",
                )
            before = set(guests_of(item))
            self._shelf.change(mailbox, item, _changed(mailbox, item, children(change, "Updates")))
            item = found(mailbox, reference if reference is not None else change)
            if send != "SendToNone":
                self._shelf.mail(mailbox, item, "update" if before else "invitation")
            conflicts = holding(m("ConflictResults"), [t("Count", "0")])
            return [_ids(item), conflicts]

        return _each("UpdateItem", children(request, "ItemChanges"), one)

    def delete(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer DeleteItem; the change key of what is deleted does not matter to Exchange."""
        keep = request.get("DeleteType") == "MoveToDeletedItems"
        send = request.get("SendMeetingCancellations", "SendToNone")

        def one(reference: Element) -> list[Element]:
            item = found(mailbox, reference)
            self._shelf.remove(mailbox, item, keep=keep)
            if send != "SendToNone":
                self._shelf.mail(mailbox, item, "cancellation")
            return []

        return _each("DeleteItem", children(request, "ItemIds"), one)

    def find(self, mailbox: Mailbox, request: Element) -> Element:
        """Answer FindItem: a page of what meets a restriction, or a calendar's view of a span."""
        shape = child(request, "ItemShape")
        restriction = child(request, "Restriction")
        span = child(request, "CalendarView")
        page = child(request, "IndexedPageItemView") if span is None else span
        messages = []
        for folder in folders_of(mailbox, request, "ParentFolderIds"):
            items = [
                item
                for item in mailbox.items_of(folder)
                if restriction is None or holds(restriction, item)
            ]
            if span is not None:
                items = view(
                    mailbox,
                    items,
                    datetime.fromisoformat(span.get("StartDate", "")),
                    datetime.fromisoformat(span.get("EndDate", "")),
                )
            items.sort(key=lambda item: (moment_of(item, "Start"), item.id))
            start = int(page.get("Offset", "0")) if page is not None else 0
            asked = page.get("MaxEntriesReturned") if page is not None else None
            most = min(int(asked or FOUND_MAX), FOUND_MAX)
            cut = items[start : start + most]
            root = m(
                "RootFolder",
                IndexedPagingOffset=str(start + len(cut)),
                TotalItemsInView=str(len(items)),
                IncludesLastItemInRange="true" if start + len(cut) >= len(items) else "false",
            )
            listed = holding(t("Items"), [shown(mailbox, item, shape) for item in cut])
            messages.append(success("FindItem", [holding(root, [listed])]))
        return answered("FindItem", messages)


def _each(
    operation: str, things: list[Element], one: Callable[[Element], list[Element]]
) -> Element:
    messages = []
    for thing in things:
        try:
            messages.append(success(operation, one(thing)))
        except ExchangeError as error:
            messages.append(failure(operation, error))
    return answered(operation, messages)


def _ids(item: Item) -> Element:
    return holding(m("Items"), [holding(t("CalendarItem"), [item_id(item)])])


def _changed(mailbox: Mailbox, item: Item, updates: list[Element]) -> dict[str, str]:
    """The properties of an item after its updates, each of which names one of them."""
    properties = dict(item.properties)
    for update in updates:
        name = name_of(path_in(update))
        if name in ONLY_ORGANIZER and item.organizer != mailbox.email:
            raise ExchangeError(
                "ErrorCalendarIsNotOrganizer", "Only the organizer can change this meeting."
            )
        if local(update) == "DeleteItemField":
            properties.pop(name, None)
        else:
            properties |= kept(mailbox, children(update, "CalendarItem"))
    return properties
