"""The calendar of one Exchange mailbox."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from tandem_sandbox.exchange.model import CALENDAR, Item, Mailbox
from tandem_sandbox.exchange.occurrences import found, view
from tandem_sandbox.exchange.properties import kept, moment_of, stamp, value_of
from tandem_sandbox.exchange.shelf import Shelf
from tandem_sandbox.exchange.soap import Element, ExchangeError, t
from tandem_sandbox.pages.meeting import (
    DAY,
    Change,
    Meeting,
    RefusedError,
    UnknownMeetingError,
    When,
)
from tandem_sandbox.pages.side import touching, written
from tandem_sandbox.world import World


class ExchangeSide:
    """Items of the mailbox's own calendar, series as their occurrences.

    A day's midnight is that of the mailbox.
    """

    name = "exchange"
    heading = "Exchange"
    dated = True

    def __init__(self, world: World, shelf: Shelf, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._world = world
        self._shelf = shelf
        self._mailbox = mailbox
        self._zone = zone
        self._own_zone = ZoneInfo(mailbox.timezone)
        self.account = mailbox.email

    def meetings(self, first: date, last: date) -> list[Meeting]:
        """What the calendar shows on these days."""
        folder = self._mailbox.distinguished(CALENDAR)
        items = [] if folder is None else self._mailbox.items_of(folder)
        start = datetime.combine(first - DAY, time(), UTC)
        end = datetime.combine(last + 2 * DAY, time(), UTC)
        shown = map(self._shown, view(self._mailbox, items, start, end))
        return touching(shown, first, last)

    def find(self, key: str) -> Meeting:
        """One item or occurrence."""
        return self._shown(self._item(key))

    def create(self, title: str, when: When | None) -> None:
        """Make an item."""
        folder = self._mailbox.distinguished(CALENDAR)
        if folder is None:
            raise RefusedError("calendar: the mailbox has none")
        properties = kept(self._mailbox, [t("Subject", title), *self._times(when)])
        with written(self._world, ExchangeError):
            self._shelf.put(self._mailbox, folder, properties)

    def change(self, key: str, change: Change) -> None:
        """Change an item; an occurrence goes its own way from then on."""
        item = self._item(key)
        elements = [] if change.title is None else [t("Subject", change.title)]
        if change.moves:
            if item.organizer != self._mailbox.email:
                raise RefusedError("start: only the organizer can change this meeting")
            elements += self._times(change.when)
        properties = item.properties | kept(self._mailbox, elements)
        with written(self._world, ExchangeError):
            self._shelf.change(self._mailbox, item, properties)

    def delete(self, key: str) -> None:
        """Move an item to the deleted ones, as Outlook does, or take an occurrence away."""
        item = self._item(key)
        with written(self._world, ExchangeError):
            self._shelf.remove(self._mailbox, item, keep=True)

    def _item(self, key: str) -> Item:
        folder = self._mailbox.distinguished(CALENDAR)
        try:
            item = found(self._mailbox, t("ItemId", Id=key))
        except ExchangeError:
            raise UnknownMeetingError(key) from None
        if folder is None or item.folder_id != folder.id or item.recurs:
            raise UnknownMeetingError(key)
        return item

    def _times(self, when: When | None) -> list[Element]:
        if when is None:
            raise RefusedError("start: an item needs a date")
        whole = when.time is None
        zone = self._own_zone if whole else self._zone
        return [
            t("Start", stamp(when.start(zone))),
            t("End", stamp(when.end(zone))),
            t("IsAllDayEvent", "true" if whole else "false"),
        ]

    def _shown(self, item: Item) -> Meeting:
        start, end = moment_of(item, "Start"), moment_of(item, "End")
        if value_of(item, "IsAllDayEvent") == "true":
            first = start.astimezone(self._own_zone).date()
            when = When.all_day(first, (end.astimezone(self._own_zone).date() - first).days)
        else:
            when = When.between(start, end, self._zone)
        return Meeting(item.id, value_of(item, "Subject"), when, repeats=bool(item.series_id))
