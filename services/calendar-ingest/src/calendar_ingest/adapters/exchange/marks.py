"""The mark that we put on our own events: an extended property with link id and generation."""

from typing import Final
from uuid import UUID

from exchangelib import CalendarItem, ExtendedProperty

FIELD: Final = "tandem_link"


class LinkProperty(ExtendedProperty):  # type: ignore[misc]
    """Only programs see it; it stays on an event that is moved."""

    property_set_id = "5a9c6a0e-3d1f-4a53-9a55-6b3f0c9d7e21"
    property_name = "tandemLink"
    property_type = "String"


CalendarItem.register(FIELD, LinkProperty)


def mark(link_id: UUID, generation: int) -> str:
    """The value of the property on the event of a link's generation."""
    return f"{link_id}:{generation}"


def link_mark(item: CalendarItem) -> str | None:
    """The link id that we wrote into an event, if any."""
    return str(getattr(item, FIELD) or "").partition(":")[0] or None
