"""What a mailbox of the emulated Exchange holds; an item is its properties as XML, by name."""

from datetime import datetime

from pydantic import BaseModel, Field

CALENDAR = "calendar"
DELETED_ITEMS = "deleteditems"
RECURRENCE = "Recurrence"
ROOT = "root"
MESSAGE_ROOT = "msgfolderroot"


class Deviation(BaseModel):
    """What was changed of one occurrence alone."""

    properties: dict[str, str]
    changed: int
    changed_at: datetime


class Item(BaseModel):
    """One item; `changed` and `created` are numbers of changes of the whole server.

    A series keeps what was changed and deleted of its occurrences by their starts by the rule. An
    occurrence is drawn from it, and knows its series and that start.
    """

    id: str
    folder_id: str
    properties: dict[str, str]
    created_at: datetime
    changed_at: datetime
    created: int
    changed: int
    organizer: str
    response: str = "Organizer"
    cancelled: bool = False
    deviations: dict[str, Deviation] = Field(default_factory=dict)
    removed_starts: list[str] = Field(default_factory=list)
    series_id: str = ""
    original_start: str = ""
    deviates: bool = False

    @property
    def recurs(self) -> bool:
        """Whether the item is a whole series."""
        return RECURRENCE in self.properties

    @property
    def change_key(self) -> str:
        """Names this state of the item."""
        return f"DwAAABYAAAC{self.changed:010d}"


class Folder(BaseModel):
    """One folder; `removed` are items that left it, with the change that took each away.

    `generation` grows when every sync state that was given is to expire.
    """

    id: str
    name: str
    kind: str
    distinguished: str | None = None
    parent_id: str | None = None
    writable: bool = True
    generation: int = 0
    removed: dict[str, int] = Field(default_factory=dict)


class Mailbox(BaseModel):
    """One account with its folders and items."""

    email: str
    name: str
    timezone: str
    password: str
    locked: bool = False
    folders: dict[str, Folder] = Field(default_factory=dict)
    items: dict[str, Item] = Field(default_factory=dict)

    def distinguished(self, name: str) -> Folder | None:
        """The folder that every mailbox has under this name."""
        return next((one for one in self.folders.values() if one.distinguished == name), None)

    def items_of(self, folder: Folder) -> list[Item]:
        """What lies in a folder."""
        return [item for item in self.items.values() if item.folder_id == folder.id]
