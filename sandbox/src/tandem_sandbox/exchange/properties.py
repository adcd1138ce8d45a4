"""Properties of items: what a client may ask for, what it set, and what the server adds."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tandem_sandbox.exchange.model import Item, Mailbox
from tandem_sandbox.exchange.soap import (
    Element,
    ExchangeError,
    child,
    children,
    descendants,
    holding,
    local,
    restored,
    stored,
    t,
    text_of,
)
from tandem_sandbox.exchange.zones import windows_zone

READ_ONLY = frozenset(
    {"ItemId", "ParentFolderId", "LastModifiedTime", "DateTimeCreated", "MyResponseType"}
)
FLAGS = frozenset({"IsAllDayEvent", "ReminderIsSet", "IsResponseRequested"})
BOOLEANS = {"0": "false", "1": "true"}
DEFAULTS = {
    "ItemClass": "IPM.Appointment",
    "Subject": "",
    "Sensitivity": "Normal",
    "IsAllDayEvent": "false",
    "LegacyFreeBusyStatus": "Busy",
    "Importance": "Normal",
}


def name_of(path: Element) -> str:
    """The name under which the property of a path is kept."""
    if local(path) != "ExtendedFieldURI":
        return path.get("FieldURI", "").partition(":")[2]
    parts = ("DistinguishedPropertySetId", "PropertySetId", "PropertyTag")
    home = next((path.get(part) for part in parts if path.get(part)), "")
    inner = path.get("PropertyName") or path.get("PropertyId") or ""
    return f"extended:{str(home).lower()}:{inner}"


def named(element: Element) -> str:
    """The name under which a property that came as an element is kept."""
    if local(element) != "ExtendedProperty":
        return local(element)
    path = child(element, "ExtendedFieldURI")
    if path is None:
        raise ExchangeError("ErrorInvalidExtendedProperty")
    return name_of(path)


def path_in(change: Element) -> Element:
    """The path that a change or a condition names.

    Raises:
        ExchangeError: it names none.
    """
    for one in change:
        if local(one) in {"FieldURI", "ExtendedFieldURI", "IndexedFieldURI"}:
            return one
    raise ExchangeError("ErrorInvalidPropertyRequest")


def kept(mailbox: Mailbox, elements: Iterable[Element]) -> dict[str, str]:
    """Properties as they are kept: moments in UTC, attendees with an answer."""
    found: dict[str, str] = {}
    for element in elements:
        name = named(element)
        if name in READ_ONLY:
            continue
        if element.text in BOOLEANS and name in FLAGS:
            element.text = BOOLEANS[element.text]
        if name in {"Start", "End"}:
            element.text = _in_utc(element.text or "", ZoneInfo(mailbox.timezone))
        for attendee in descendants(element, "Attendee"):
            if child(attendee, "ResponseType") is None:
                attendee.append(t("ResponseType", "Unknown"))
        found[name] = stored(element)
    return found


def value_of(item: Item, name: str) -> str:
    """A property of an item as text; an extended one by its value."""
    if name == "LastModifiedTime":
        return stamp(item.changed_at)
    text = item.properties.get(name)
    if text is None:
        return DEFAULTS.get(name, "")
    element = restored(text)
    return text_of(element, "Value") if local(element) == "ExtendedProperty" else element.text or ""


def moment_of(item: Item, name: str) -> datetime:
    """Start or end of an item."""
    return datetime.fromisoformat(value_of(item, name))


def guests_of(item: Item) -> list[str]:
    """Addresses of who is invited."""
    found = []
    for name in ("RequiredAttendees", "OptionalAttendees"):
        if name in item.properties:
            attendees = descendants(restored(item.properties[name]), "EmailAddress")
            found += [(one.text or "").lower() for one in attendees]
    return found


def shown(mailbox: Mailbox, item: Item, shape: Element | None) -> Element:
    """An item with the properties that were asked for."""
    every = _every(mailbox, item)
    base = text_of(shape, "BaseShape", "AllProperties") if shape is not None else "AllProperties"
    if base == "IdOnly" and shape is not None:
        paths = children(shape, "AdditionalProperties")
        wanted = {"ItemId", *map(name_of, paths)}
        every = {name: element for name, element in every.items() if name in wanted}
    return holding(t("CalendarItem"), every.values())


def item_id(item: Item) -> Element:
    """The id of an item with its change key."""
    return t("ItemId", Id=item.id, ChangeKey=item.change_key)


def stamp(moment: datetime) -> str:
    """A moment as Exchange writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _every(mailbox: Mailbox, item: Item) -> dict[str, Element]:
    own = item.organizer == mailbox.email
    zone = t("StartTimeZone", Id=windows_zone(mailbox.timezone), Name=mailbox.timezone)
    organizer = holding(
        t("Organizer"),
        [
            holding(
                t("Mailbox"),
                [
                    t("Name", mailbox.name if own else item.organizer),
                    t("EmailAddress", item.organizer),
                    t("RoutingType", "SMTP"),
                ],
            )
        ],
    )
    made: dict[str, Element] = {
        "ItemId": item_id(item),
        "ParentFolderId": t("ParentFolderId", Id=item.folder_id, ChangeKey="AQAAAA=="),
        **{name: t(name, value) for name, value in DEFAULTS.items()},
        "StartTimeZone": zone,
        **{name: restored(text) for name, text in item.properties.items()},
        "DateTimeCreated": t("DateTimeCreated", stamp(item.created_at)),
        "LastModifiedTime": t("LastModifiedTime", stamp(item.changed_at)),
        "Organizer": organizer,
        "IsOrganizer": t("IsOrganizer", "true" if own else "false"),
        "IsMeeting": t("IsMeeting", "true" if guests_of(item) else "false"),
        "IsCancelled": t("IsCancelled", "true" if item.cancelled else "false"),
        "MyResponseType": t("MyResponseType", item.response),
        "Duration": t("Duration", _length(item)),
        **_recurring(item),
        "HasAttachments": t("HasAttachments", "false"),
    }
    made.setdefault("EndTimeZone", t("EndTimeZone", Id=made["StartTimeZone"].get("Id", "UTC")))
    return made


def _recurring(item: Item) -> dict[str, Element]:
    """What tells of an item that it is single, a series or one of its occurrences."""
    kind = "Single"
    made: dict[str, Element] = {}
    if item.recurs:
        kind = "RecurringMaster"
        deleted = [
            holding(t("DeletedOccurrence"), [t("Start", start)]) for start in item.removed_starts
        ]
        if deleted:
            made["DeletedOccurrences"] = holding(t("DeletedOccurrences"), deleted)
    elif item.series_id:
        kind = "Exception" if item.deviates else "Occurrence"
        made["OriginalStart"] = t("OriginalStart", item.original_start)
        made["RecurrenceId"] = t("RecurrenceId", item.original_start)
    recurs = "false" if kind == "Single" else "true"
    return {
        "CalendarItemType": t("CalendarItemType", kind),
        "IsRecurring": t("IsRecurring", recurs),
        **made,
    }


def _length(item: Item) -> str:
    """How long an item lasts, as XML writes it."""
    length = moment_of(item, "End") - moment_of(item, "Start")
    minutes = length.seconds // 60
    return f"P{length.days}DT{minutes // 60}H{minutes % 60}M"


def _in_utc(text: str, zone: ZoneInfo) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExchangeError("ErrorSchemaValidation", f"{text!r} is not a valid value.") from error
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=zone))
