"""Recurring events: the days on which a Graph pattern has occurrences.

A pattern is expanded on days of the event's own zone, so that an occurrence keeps its hour when
the clocks change.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.rrule import (
    DAILY,
    FR,
    MO,
    MONTHLY,
    SA,
    SU,
    TH,
    TU,
    WE,
    WEEKLY,
    YEARLY,
    rrule,
    weekday,
)

from tandem_sandbox.microsoft import errors

EXPANDED_MAX = 10_000
ENDLESS = timedelta(days=10 * 366)
DAYS = {
    "monday": MO,
    "tuesday": TU,
    "wednesday": WE,
    "thursday": TH,
    "friday": FR,
    "saturday": SA,
    "sunday": SU,
}
INDEXES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
FREQUENCIES: dict[str, Any] = {
    "daily": DAILY,
    "weekly": WEEKLY,
    "absoluteMonthly": MONTHLY,
    "relativeMonthly": MONTHLY,
    "absoluteYearly": YEARLY,
    "relativeYearly": YEARLY,
}


def days_of(recurrence: dict[str, Any], first: date) -> list[date]:
    """All days of a series in order; of one without an end those of ten years.

    Raises:
        GraphError: the pattern or its range cannot be read.
    """
    return list(_limited(_rule(recurrence, first)))


def settled(recurrence: dict[str, Any], first: date, zone: str) -> dict[str, Any]:
    """A recurrence with what Graph adds to it."""
    pattern = {
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "firstDayOfWeek": "sunday",
        "index": "first",
        **(recurrence.get("pattern") or {}),
    }
    span = {
        "startDate": first.isoformat(),
        "endDate": "0001-01-01",
        "recurrenceTimeZone": zone,
        "numberOfOccurrences": 0,
        **{k: v for k, v in (recurrence.get("range") or {}).items() if v is not None},
    }
    return {"pattern": pattern, "range": span}


def _rule(recurrence: dict[str, Any], first: date) -> rrule:
    pattern, span = recurrence.get("pattern") or {}, recurrence.get("range") or {}
    kind = pattern.get("type")
    if kind not in FREQUENCIES or int(pattern.get("interval") or 1) < 1:
        raise errors.invalid("Your request can't be completed. The pattern is not valid.")
    wanted: dict[str, Any] = {"interval": int(pattern.get("interval") or 1)}
    try:
        if kind == "weekly":
            wanted["byweekday"] = _weekdays(pattern)
            wanted["wkst"] = DAYS[pattern.get("firstDayOfWeek") or "sunday"]
        elif kind.startswith("absolute"):
            wanted["bymonthday"] = int(pattern["dayOfMonth"])
        elif kind.startswith("relative"):
            wanted["byweekday"] = _weekdays(pattern)
            wanted["bysetpos"] = INDEXES[pattern.get("index") or "first"]
        if kind.endswith("Yearly"):
            wanted["bymonth"] = int(pattern["month"])
        wanted |= _bounds(span, first)
        start = datetime.combine(first, datetime.min.time())
        return rrule(FREQUENCIES[kind], dtstart=start, **wanted)
    except (AttributeError, KeyError, ValueError, TypeError) as error:
        raise errors.invalid(
            "Your request can't be completed. The pattern is not valid."
        ) from error


def _weekdays(pattern: dict[str, Any]) -> list[weekday]:
    days = [DAYS[day.lower()] for day in pattern["daysOfWeek"]]
    if not days:
        raise ValueError("daysOfWeek")
    return days


def _bounds(span: dict[str, Any], first: date) -> dict[str, Any]:
    match span.get("type"):
        case "numbered":
            if int(span["numberOfOccurrences"]) < 1:
                raise ValueError("numberOfOccurrences")
            return {"count": int(span["numberOfOccurrences"])}
        case "endDate":
            return {"until": datetime.fromisoformat(span["endDate"])}
        case "noEnd":
            return {"until": datetime.combine(first + ENDLESS, datetime.min.time())}
        case other:
            raise ValueError(other)


def _limited(rule: rrule) -> Iterator[date]:
    for number, moment in enumerate(rule):
        if number >= EXPANDED_MAX:
            return
        yield moment.date()
