"""SyncFolderItems: what came, changed and went in a folder since a sync state."""

import base64

from tandem_sandbox.exchange.folders import named_folder
from tandem_sandbox.exchange.model import Folder, Mailbox
from tandem_sandbox.exchange.properties import shown
from tandem_sandbox.exchange.soap import (
    Element,
    ExchangeError,
    answered,
    child,
    holding,
    m,
    success,
    t,
    text_of,
)

CHANGES_MAX = 512


def sync_folder_items(mailbox: Mailbox, request: Element) -> Element:
    """Answer SyncFolderItems."""
    reference = child(request, "SyncFolderId")
    if reference is None or len(reference) == 0:
        raise ExchangeError("ErrorSchemaValidation", "SyncFolderId is required.")
    folder = named_folder(mailbox, reference[0])
    since = _since(folder, text_of(request, "SyncState"))
    most = int(text_of(request, "MaxChangesReturned", "100"))
    if not 1 <= most <= CHANGES_MAX:
        raise ExchangeError("ErrorInvalidSyncStateData", "MaxChangesReturned is out of range.")
    later = _later(mailbox, folder, since)
    page = later[:most]
    reached = page[-1][0] if page else since
    shape = child(request, "ItemShape")
    changes = [_shown(mailbox, folder, since, name, shape) for _, name in page]
    return answered(
        "SyncFolderItems",
        [
            success(
                "SyncFolderItems",
                [
                    m("SyncState", _state(folder, reached)),
                    m("IncludesLastItemInRange", "true" if len(page) == len(later) else "false"),
                    holding(m("Changes"), changes),
                ],
            )
        ],
    )


def _later(mailbox: Mailbox, folder: Folder, since: int) -> list[tuple[int, str]]:
    changed = [(one.changed, one.id) for one in mailbox.items_of(folder) if one.changed > since]
    removed = [(change, name) for name, change in folder.removed.items() if 0 < since < change]
    return sorted(changed + removed)


def _shown(
    mailbox: Mailbox, folder: Folder, since: int, name: str, shape: Element | None
) -> Element:
    item = mailbox.items.get(name)
    if item is None:
        gone = t("ItemId", Id=name, ChangeKey=f"DwAAABYAAAC{folder.removed[name]:010d}")
        return holding(t("Delete"), [gone])
    kind = "Create" if item.created > since else "Update"
    return holding(t(kind), [shown(mailbox, item, shape)])


def _state(folder: Folder, change: int) -> str:
    return base64.b64encode(f"{folder.generation}:{change}:{folder.id}".encode()).decode()


def _since(folder: Folder, state: str) -> int:
    if not state:
        return 0
    try:
        generation, change, owner = base64.b64decode(state).decode().split(":", 2)
    except ValueError:
        generation, change, owner = "", "", ""
    if (generation, owner) != (str(folder.generation), folder.id) or not change.isdigit():
        raise expired()
    return int(change)


def expired() -> ExchangeError:
    """The refusal of a sync state that is too old."""
    return ExchangeError("ErrorInvalidSyncStateData", "Synchronization state data is corrupt.")
