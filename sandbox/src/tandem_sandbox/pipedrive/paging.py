"""Pages of API v2: sorted records, and an opaque cursor that says where the next page begins."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from tandem_sandbox.pipedrive.errors import invalid
from tandem_sandbox.pipedrive.model import Record
from tandem_sandbox.pipedrive.representation import moment

RecordT = TypeVar("RecordT", bound=Record)
Place = tuple[Any, int]


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted; records that are equal in the field follow their ids."""

    field: str
    direction: Literal["asc", "desc"]

    def key(self) -> Callable[[Record], Place]:
        """What a record is sorted by."""
        if self.field == "id":
            return _by_id
        return lambda record: (_told(getattr(record, self.field)), record.id)


def cut_page(
    records: Iterable[RecordT], order: Order, *, limit: int, cursor: str | None
) -> tuple[list[RecordT], str | None]:
    """The records behind ``cursor``, at most ``limit``, and the cursor of those behind them."""
    key, descending = order.key(), order.direction == "desc"
    if cursor is not None:
        place = _opened(cursor, order)
        records = [one for one in records if (key(one) < place if descending else key(one) > place)]
    ordered = sorted(records, key=key, reverse=descending)
    page = ordered[:limit]
    if len(ordered) <= limit:
        return page, None
    return page, _sealed(order, key(page[-1]))


def _by_id(record: Record) -> Place:
    return record.id, record.id


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return "" if value is None else str(value)


def _sealed(order: Order, place: Place) -> str:
    told = {
        "field": order.field,
        "fieldValue": place[0],
        "sortDirection": order.direction,
        "id": place[1],
    }
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _opened(cursor: str, order: Order) -> Place:
    kind = int if order.field == "id" else str
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = told["fieldValue"], told["id"]
        fits = (told["field"], told["sortDirection"]) == (order.field, order.direction)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise invalid("cursor", "is not valid") from None
    if not fits or type(place[0]) is not kind or type(place[1]) is not int:
        raise invalid("cursor", "is not valid")
    return place
