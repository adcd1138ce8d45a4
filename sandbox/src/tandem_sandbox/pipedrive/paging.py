"""Pages of API v2: sorted records, and an opaque cursor that says where the next page begins."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tandem_sandbox.pipedrive.errors import invalid
from tandem_sandbox.pipedrive.model import Record

RecordT = TypeVar("RecordT", bound=Record)
Key = Callable[[Any], str | int]


def cut_page(
    records: Iterable[RecordT],
    *,
    sort_by: str,
    descending: bool,
    limit: int,
    cursor: str | None,
    key: Key,
) -> tuple[list[RecordT], str | None]:
    """The records behind ``cursor``, at most ``limit``, and the cursor of those behind them."""
    ordered = sorted(records, key=lambda one: (key(one), one.id), reverse=descending)
    if cursor is not None:
        place = _opened(cursor, sort_by, descending=descending)
        ordered = [
            one
            for one in ordered
            if ((key(one), one.id) < place if descending else (key(one), one.id) > place)
        ]
    page = ordered[:limit]
    if len(ordered) <= limit:
        return page, None
    last = page[-1]
    return page, _sealed(sort_by, key(last), last.id, descending=descending)


def _sealed(field: str, value: str | int, record_id: int, *, descending: bool) -> str:
    place = {
        "field": field,
        "fieldValue": value,
        "sortDirection": "desc" if descending else "asc",
        "id": record_id,
    }
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _opened(cursor: str, field: str, *, descending: bool) -> tuple[Any, int]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fits = (place["field"], place["sortDirection"]) == (field, "desc" if descending else "asc")
        value, record_id = place["fieldValue"], int(place["id"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        fits = False
    if not fits:
        raise invalid("cursor", "is not valid")
    return value, record_id
