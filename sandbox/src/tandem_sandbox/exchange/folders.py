"""Operations on folders: GetFolder and FindFolder."""

from tandem_sandbox.exchange.model import Folder, Mailbox
from tandem_sandbox.exchange.soap import (
    Element,
    ExchangeError,
    answered,
    child,
    children,
    descendants,
    failure,
    holding,
    local,
    m,
    success,
    t,
)

_ALIASES = {"inbox": "msgfolderroot"}


def named_folder(mailbox: Mailbox, reference: Element) -> Folder:
    """The folder that a FolderId or a DistinguishedFolderId means.

    Raises:
        ExchangeError: the mailbox has none such.
    """
    name = reference.get("Id", "")
    if local(reference) == "DistinguishedFolderId":
        folder = mailbox.distinguished(_ALIASES.get(name, name))
    else:
        folder = mailbox.folders.get(name)
    if folder is None:
        raise ExchangeError(
            "ErrorFolderNotFound", "The specified folder could not be found in the store."
        )
    return folder


def folders_of(mailbox: Mailbox, request: Element, container: str) -> list[Folder]:
    """The folders that a list of references means."""
    return [named_folder(mailbox, one) for one in children(request, container)]


def get_folder(mailbox: Mailbox, request: Element) -> Element:
    """Answer GetFolder."""
    messages = []
    for reference in children(request, "FolderIds"):
        try:
            shown = _shown(mailbox, named_folder(mailbox, reference))
        except ExchangeError as error:
            messages.append(failure("GetFolder", error))
        else:
            messages.append(success("GetFolder", [holding(m("Folders"), [shown])]))
    return answered("GetFolder", messages)


def find_folder(mailbox: Mailbox, request: Element) -> Element:
    """Answer FindFolder; its restriction may ask for a folder class."""
    deep = request.get("Traversal") == "Deep"
    wanted = _wanted_class(request)
    messages = []
    for parent in folders_of(mailbox, request, "ParentFolderIds"):
        found = [
            folder
            for folder in mailbox.folders.values()
            if _lies_in(mailbox, folder, parent, deep=deep)
            and (wanted is None or _class_of(folder) == wanted)
        ]
        root = m(
            "RootFolder",
            TotalItemsInView=str(len(found)),
            IncludesLastItemInRange="true",
            IndexedPagingOffset=str(len(found)),
        )
        folders = holding(t("Folders"), [_shown(mailbox, folder) for folder in found])
        messages.append(success("FindFolder", [holding(root, [folders])]))
    return answered("FindFolder", messages)


def _wanted_class(request: Element) -> str | None:
    restriction = child(request, "Restriction")
    if restriction is None:
        return None
    if any(one.get("FieldURI") == "folder:FolderClass" for one in restriction.iter()):
        return next((one.get("Value") for one in descendants(restriction, "Constant")), None)
    return None


def _lies_in(mailbox: Mailbox, folder: Folder, parent: Folder, *, deep: bool) -> bool:
    above = folder.parent_id
    while above is not None:
        if above == parent.id:
            return True
        if not deep:
            return False
        above = mailbox.folders[above].parent_id
    return False


def _class_of(folder: Folder) -> str:
    return "IPF.Appointment" if folder.kind == "CalendarFolder" else "IPF.Note"


def _shown(mailbox: Mailbox, folder: Folder) -> Element:
    rights = "true" if folder.writable else "false"
    children = sum(one.parent_id == folder.id for one in mailbox.folders.values())
    elements = [
        t("FolderId", Id=folder.id, ChangeKey="AQAAAA=="),
        t("FolderClass", _class_of(folder)),
        t("DisplayName", folder.name),
        t("TotalCount", str(len(mailbox.items_of(folder)))),
        t("ChildFolderCount", str(children)),
        holding(
            t("EffectiveRights"),
            [
                *(t(f"Create{what}", rights) for what in ("Associated", "Contents", "Hierarchy")),
                *(t(what, rights) for what in ("Delete", "Modify")),
                t("Read", "true"),
                t("ViewPrivateItems", "true"),
            ],
        ),
    ]
    if folder.parent_id is not None:
        elements.insert(1, t("ParentFolderId", Id=folder.parent_id, ChangeKey="AQAAAA=="))
    return holding(t(folder.kind), elements)
