"""Occurrences of recurring items: drawn from their series, with what was changed of them alone."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from tandem_sandbox.exchange.model import RECURRENCE, Item, Mailbox
from tandem_sandbox.exchange.properties import moment_of, stamp
from tandem_sandbox.exchange.recurrence import days_of
from tandem_sandbox.exchange.soap import Element, ExchangeError, local, restored, stored, t
from tandem_sandbox.exchange.zones import zone_of

PREFIX = "AAMkAO"


def found(mailbox: Mailbox, reference: Element) -> Item:
    """The item that an id means; an occurrence is drawn on the spot.

    Raises:
        ExchangeError: there is none such.
    """
    match local(reference):
        case "RecurringMasterItemId":
            item = _named(mailbox, reference.get("OccurrenceId", ""))
            return mailbox.items[item.series_id] if item.series_id else item
        case "OccurrenceItemId":
            master = _named(mailbox, reference.get("RecurringMasterId", ""))
            return _numbered(mailbox, master, int(reference.get("InstanceIndex", "0")))
        case _:
            return _named(mailbox, reference.get("Id", ""))


def view(mailbox: Mailbox, items: list[Item], start: datetime, end: datetime) -> list[Item]:
    """What takes place between two moments, with occurrences in place of their series."""
    shown: list[Item] = []
    for item in items:
        if not item.recurs:
            shown.append(item)
            continue
        last = max([stamp(end), *item.deviations])
        for original in starts(mailbox, item):
            if original > last:
                break
            if original not in item.removed_starts:
                shown.append(drawn(mailbox, item, original))
    return [
        item for item in shown if moment_of(item, "End") > start and moment_of(item, "Start") < end
    ]


def starts(mailbox: Mailbox, master: Item) -> Iterator[str]:
    """When a series takes place by its rule, as stamps in their order."""
    zone = _zone(mailbox, master)
    first = moment_of(master, "Start").astimezone(zone)
    for day in days_of(restored(master.properties[RECURRENCE])):
        yield stamp(datetime.combine(day, first.time(), zone))


def drawn(mailbox: Mailbox, master: Item, original: str) -> Item:
    """The occurrence that a series has at a start by its rule."""
    zone = _zone(mailbox, master)
    length = _wall_clock(master, "End", zone) - _wall_clock(master, "Start", zone)
    begins = datetime.fromisoformat(original).astimezone(zone).replace(tzinfo=None)
    ends = (begins + length).replace(tzinfo=zone)
    deviation = master.deviations.get(original)
    properties = {
        **{name: text for name, text in master.properties.items() if name != RECURRENCE},
        "Start": stored(t("Start", original)),
        "End": stored(t("End", stamp(ends))),
        **(deviation.properties if deviation else {}),
    }
    return master.model_copy(
        update={
            "id": _occurrence_id(master.id, original),
            "properties": properties,
            "series_id": master.id,
            "original_start": original,
            "deviates": deviation is not None,
            "deviations": {},
            "removed_starts": [],
            **(
                {"changed": deviation.changed, "changed_at": deviation.changed_at}
                if deviation
                else {}
            ),
        }
    )


def _named(mailbox: Mailbox, name: str) -> Item:
    if not name.startswith("AAMk"):
        raise ExchangeError("ErrorInvalidIdMalformed", "Id is malformed.")
    if name.startswith(PREFIX):
        series_id, original = _parts(name)
        master = mailbox.items.get(series_id)
        if master is not None and master.recurs and original not in master.removed_starts:
            for one in starts(mailbox, master):
                if one == original:
                    return drawn(mailbox, master, original)
                if one > original:
                    break
    elif name in mailbox.items:
        return mailbox.items[name]
    raise ExchangeError("ErrorItemNotFound", "The specified object was not found in the store.")


def _numbered(mailbox: Mailbox, master: Item, number: int) -> Item:
    if not master.recurs:
        raise ExchangeError("ErrorCalendarCannotUseIdForRecurringMasterId")
    for index, original in enumerate(starts(mailbox, master), start=1):
        if index == number:
            if original in master.removed_starts:
                raise ExchangeError("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
            return drawn(mailbox, master, original)
    raise ExchangeError("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")


def _occurrence_id(series_id: str, original: str) -> str:
    return PREFIX + base64.b64encode(f"{series_id} {original}".encode()).decode()


def _parts(name: str) -> tuple[str, str]:
    """Series and start by the rule of an occurrence's id."""
    try:
        series_id, _, original = (
            base64.b64decode(name.removeprefix(PREFIX), validate=True).decode().partition(" ")
        )
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ExchangeError("ErrorInvalidIdMalformed", "Id is malformed.") from error
    return series_id, original


def _zone(mailbox: Mailbox, item: Item) -> ZoneInfo:
    told = item.properties.get("StartTimeZone")
    return ZoneInfo(zone_of(restored(told).get("Id", "") if told else "", mailbox.timezone))


def _wall_clock(item: Item, name: str, zone: ZoneInfo) -> datetime:
    return moment_of(item, name).astimezone(zone).replace(tzinfo=None)
