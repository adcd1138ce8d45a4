"""Versions of events: Graph's etag, and whether guests are invited.

Graph mails every guest when a meeting changes and has no way to keep quiet. The version tells
whether there are any, so that a write which must mail nobody is refused without asking first.
"""

from typing import Any, Final

_WITH_GUESTS: Final = " guests"


def version_of(item: dict[str, Any], *, guests: bool) -> str:
    """The version of an event."""
    etag = str(item.get("@odata.etag") or "")
    return etag + _WITH_GUESTS if guests else etag


def etag_of(version: str) -> str:
    """What a conditional write needs."""
    return version.removesuffix(_WITH_GUESTS)


def has_guests(version: str) -> bool:
    """Whether a write to the event would be mailed."""
    return version.endswith(_WITH_GUESTS)
