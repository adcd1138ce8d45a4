"""Occurrences of series, which Exchange expands for a stretch of a calendar; blocking calls.

The stretch shows all events, and tells of an occurrence's series no more than the UID that both
have. It knows no pages either, so the next one is a stretch that begins where the last one ended.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from exchangelib import Account, CalendarItem, EWSDateTime
from exchangelib.folders import Calendar as Folder

from calendar_ingest.adapters.exchange.fetching import fetched, series_ids
from calendar_ingest.adapters.exchange.snapshots import MASTER, OCCURRENCE, snapshot
from calendar_ingest.adapters.reading import readable, skip
from calendar_ingest.calendars import Occurrences, Window
from tandem.contracts.connections import Provider
from tandem.contracts.events import EventSnapshot

PAGE_EVENTS: Final = 500
STEP: Final = timedelta(minutes=1)
_LISTED: Final = ("uid", "type", "start", "end")
"""Without `is_all_day`, so that all times come as moments."""


class Expansion:
    """Reads the occurrences of one account's calendars."""

    def __init__(self, account: Account, owner: str) -> None:
        self._account = account
        self._owner = owner

    def occurrences(
        self, folder: Folder, window: Window, *, series_id: str | None, page: str | None
    ) -> Occurrences:
        """A page of occurrences of one series, or of all; see the port."""
        uid = None if series_id is None else self._uid(series_id, folder)
        if series_id is not None and uid is None:
            return Occurrences((), None)
        begin = datetime.fromisoformat(page) if page else window.start
        listed = list(
            folder.view(start=_moment(begin), end=_moment(window.end), max_items=PAGE_EVENTS).only(
                *_LISTED
            )
        )
        wanted = [
            item
            for item in listed
            if item.type in OCCURRENCE
            and (uid is None or item.uid == uid)
            # Exchange also shows what ends just when the stretch begins.
            and _utc(item.end) > begin
        ]
        following = None
        if len(listed) >= PAGE_EVENTS:
            last = max(_utc(item.start) for item in listed)
            following = max(last, begin + STEP).isoformat()
        return Occurrences(self._events(wanted, series_id), following)

    def one(self, item: CalendarItem) -> EventSnapshot | None:
        """An occurrence that was read by its id; None where it has no series."""
        return next(iter(self._snapshots([item], None)), None)

    def _events(
        self, listed: list[CalendarItem], series_id: str | None
    ) -> tuple[EventSnapshot, ...]:
        living = [item for item in fetched(self._account, listed) if not item.is_cancelled]
        return self._snapshots(living, series_id)

    def _snapshots(
        self, items: list[CalendarItem], series_id: str | None
    ) -> tuple[EventSnapshot, ...]:
        one_of_each = {item.uid: item for item in items}
        if series_id is not None:
            series = dict.fromkeys(one_of_each, series_id)
        else:
            found = series_ids(self._account, one_of_each.values())
            series = {uid: found[one.id] for uid, one in one_of_each.items() if one.id in found}
        events = []
        for item in items:
            if item.uid not in series:
                skip(Provider.EXCHANGE, "series")
                continue
            read = partial(snapshot, item, self._owner, series_id=series[item.uid])
            events.append(readable(Provider.EXCHANGE, read))
        return tuple(filter(None, events))

    def _uid(self, series_id: str, folder: Folder) -> str | None:
        """What the occurrences of a series have in common; None where it is none any more."""
        for item in fetched(self._account, [CalendarItem(id=series_id, changekey=None)]):
            if item.type == MASTER and not item.is_cancelled and _lies_in(item, folder):
                return str(item.uid)
        return None


def _lies_in(item: CalendarItem, folder: Folder) -> bool:
    return item.parent_folder_id is None or item.parent_folder_id.id == folder.id


def _moment(moment: datetime) -> EWSDateTime:
    return EWSDateTime.from_datetime(moment.astimezone(UTC))


def _utc(moment: EWSDateTime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp(), UTC)
