"""Reads whole items by their ids."""

from collections.abc import Iterable, Iterator
from typing import Any

from exchangelib import Account, CalendarItem
from exchangelib.properties import RecurringMasterItemId

from calendar_ingest.adapters.exchange.failures import MISSING
from calendar_ingest.adapters.exchange.snapshots import FIELDS


def fetched(account: Account, items: Iterable[CalendarItem]) -> Iterator[CalendarItem]:
    """Whole items, without those that are gone meanwhile."""
    for one in _asked(account, [(item.id, item.changekey) for item in items], FIELDS):
        if one is not None:
            yield one


def series_ids(account: Account, occurrences: Iterable[CalendarItem]) -> dict[str, str]:
    """The id of the series of each occurrence that has one, by the occurrence's; one call."""
    ids = [one.id for one in occurrences]
    asked = [RecurringMasterItemId(id=one, changekey=None) for one in ids]
    masters = _asked(account, asked, ("uid",))
    return {one: master.id for one, master in zip(ids, masters, strict=True) if master is not None}


def _asked(
    account: Account, ids: list[Any], fields: Iterable[str]
) -> Iterator[CalendarItem | None]:
    for one in account.fetch(ids, only_fields=fields) if ids else ():
        if isinstance(one, MISSING):
            yield None
        elif isinstance(one, Exception):
            raise one
        else:
            yield one
