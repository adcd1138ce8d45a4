"""Recurring items: the days on which a pattern of Exchange's has occurrences.

Days are those of the item's own zone, so that an occurrence keeps its hour when the clocks change.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, YEARLY, rrule

from tandem_sandbox.exchange.soap import Element, ExchangeError, local, text_of

EXPANDED_MAX: Final = 10_000
ENDLESS: Final = timedelta(days=10 * 366)
"""How far a series without an end goes."""
SHORTEST_MONTH: Final = 28
_WEEKDAYS: Final = (MO, TU, WE, TH, FR)
_WEEKEND: Final = (SA, SU)
_DAYS: Final[dict[str, tuple[Any, ...]]] = {
    "Monday": (MO,),
    "Tuesday": (TU,),
    "Wednesday": (WE,),
    "Thursday": (TH,),
    "Friday": (FR,),
    "Saturday": (SA,),
    "Sunday": (SU,),
    "Day": _WEEKDAYS + _WEEKEND,
    "Weekday": _WEEKDAYS,
    "WeekendDay": _WEEKEND,
}
_INDEXES: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_FREQUENCIES: Final[dict[str, Any]] = {
    "DailyRecurrence": DAILY,
    "WeeklyRecurrence": WEEKLY,
    "AbsoluteMonthlyRecurrence": MONTHLY,
    "RelativeMonthlyRecurrence": MONTHLY,
    "AbsoluteYearlyRecurrence": YEARLY,
    "RelativeYearlyRecurrence": YEARLY,
}


def days_of(recurrence: Element) -> Iterator[date]:
    """All days of a series in order; of one without an end those of ten years.

    Raises:
        ExchangeError: the pattern or its bounds cannot be read.
    """
    try:
        rule = _rule(recurrence)
    except (KeyError, ValueError, TypeError, StopIteration) as error:
        raise ExchangeError("ErrorCalendarInvalidRecurrence", "The recurrence is invalid.") from (
            error
        )
    for number, moment in enumerate(rule):
        if number >= EXPANDED_MAX:
            return
        yield moment.date()


def _rule(recurrence: Element) -> rrule:
    pattern = next(one for one in recurrence if local(one) in _FREQUENCIES)
    bounds = next(one for one in recurrence if one is not pattern)
    kind = local(pattern)
    wanted: dict[str, Any] = {"interval": int(text_of(pattern, "Interval", "1"))}
    if wanted["interval"] < 1:
        raise ValueError(kind)
    if kind.startswith("Absolute"):
        last = int(text_of(pattern, "DayOfMonth"))
        # A month that has no such day takes its last one.
        wanted["bymonthday"] = tuple(range(min(last, SHORTEST_MONTH), last + 1))
        wanted["bysetpos"] = -1
    elif kind != "DailyRecurrence":
        named = text_of(pattern, "DaysOfWeek").split()
        wanted["byweekday"] = [day for name in named for day in _DAYS[name]]
    if kind.startswith("Relative"):
        wanted["bysetpos"] = _INDEXES[text_of(pattern, "DayOfWeekIndex")]
    if kind.endswith("YearlyRecurrence"):
        wanted["bymonth"] = _month(text_of(pattern, "Month"))
    if kind == "WeeklyRecurrence":
        [wanted["wkst"]] = _DAYS[text_of(pattern, "FirstDayOfWeek", "Monday")]
    first = _midnight(text_of(bounds, "StartDate"))
    return rrule(_FREQUENCIES[kind], dtstart=first, **wanted, **_bounds(bounds, first))


def _bounds(bounds: Element, first: datetime) -> dict[str, Any]:
    match local(bounds):
        case "NumberedRecurrence":
            return {"count": int(text_of(bounds, "NumberOfOccurrences"))}
        case "EndDateRecurrence":
            return {"until": _midnight(text_of(bounds, "EndDate"))}
        case "NoEndRecurrence":
            return {"until": first + ENDLESS}
        case other:
            raise ValueError(other)


def _midnight(text: str) -> datetime:
    """A date, which may come with an offset that means nothing."""
    return datetime.combine(date.fromisoformat(text[:10]), time())


def _month(name: str) -> int:
    return datetime.strptime(name, "%B").month  # noqa: DTZ007 - the name of a month
