"""Page tokens and sync tokens: opaque to clients, complete in themselves.

Both carry what the list was asked for, so that a token cannot be used for another list.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from tandem_sandbox.google import errors

Key = tuple[float, ...]
"""Where an entry stands in the order of a list."""


class Cursor(BaseModel):
    """A place in a resource's history."""

    model_config = ConfigDict(frozen=True)

    resource: str
    asked: str
    """The parameters that must stay the same from call to call."""
    generation: int
    revision: int
    """Where the next incremental list goes on."""
    issued_at: datetime
    time_min: float | None = None
    time_max: float | None = None


class SyncCursor(Cursor):
    """A sync token."""


class PageCursor(Cursor):
    """A page token."""

    after: Key
    newest: int
    """Number of the newest record that belongs to the list."""
    since: int | None = None
    """Of an incremental list: the revision that the client had."""


def write(cursor: Cursor) -> str:
    """The token of a cursor."""
    return urlsafe_b64encode(cursor.model_dump_json().encode()).rstrip(b"=").decode()


def read_page(token: str, *, resource: str, asked: str) -> PageCursor:
    """The cursor of a page token.

    Raises:
        GoogleError: it is no page token of this list.
    """
    try:
        cursor = PageCursor.model_validate(_unpacked(token))
    except (ValueError, ValidationError) as error:
        raise errors.invalid("Invalid page token value.", "pageToken") from error
    if (cursor.resource, cursor.asked) != (resource, asked):
        raise errors.invalid("Invalid page token value.", "pageToken")
    return cursor


def read_sync(token: str, *, resource: str, asked: str) -> SyncCursor:
    """The cursor of a sync token, expired or not.

    Raises:
        GoogleError: it is no sync token, or one of a list with other parameters.
    """
    try:
        values = _unpacked(token)
        cursor = SyncCursor.model_validate(values)
    except (ValueError, ValidationError) as error:
        raise errors.invalid("Invalid sync token value.", "syncToken") from error
    if "after" in values or cursor.resource != resource:
        raise errors.invalid("Invalid sync token value.", "syncToken")
    if cursor.asked != asked:
        raise errors.invalid(
            "Request parameters differ from those of the initial synchronization.", "syncToken"
        )
    return cursor


def _unpacked(token: str) -> dict[str, object]:
    padded = token + "=" * (-len(token) % 4)
    values = json.loads(urlsafe_b64decode(padded.encode()))
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the text is wrong, not its type
    return values
