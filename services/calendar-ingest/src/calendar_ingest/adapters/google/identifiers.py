"""Names that we give to Google's events, so that a repeated create finds the first one."""

import base64
import hashlib
from typing import Final
from uuid import UUID

LINK_PROPERTY: Final = "tandemLink"
"""Private extended property that holds the link id; only this copy of the event shows it."""


def event_id(link_id: UUID, generation: int) -> str:
    """Id of the event of a link's generation: 32 letters and digits of base32hex."""
    digest = hashlib.sha256(f"{link_id}:{generation}".encode()).digest()[:20]
    return base64.b32hexencode(digest).decode().lower()
