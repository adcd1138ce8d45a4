"""Recurrence rules as people make them, in the words of each provider and of RFC 5545."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from dateutil.rrule import rrulestr

DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
BASE = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock
"""Early enough for a leap day."""
SPREAD_DAYS = 1500
OCCURRENCES_MAX = 60


@dataclass(frozen=True)
class Rule:
    """A rule with its end, and the first beginning, on the wall clock; midnight for whole days."""

    text: str
    start: datetime


def any_rule(chance: Random) -> Rule:
    """A rule such as calendars' own pages can make, and some that only clients write."""
    interval = chance.choice([1, 1, 1, 2, 3, 5])
    text = f"INTERVAL={interval};" + chance.choice([_daily, _weekly, _monthly, _yearly])(chance)
    return bounded(chance, text, hour=chance.choice([0, 5, 9, 17, 23]))


def bounded(chance: Random, text: str, *, hour: int = 0) -> Rule:
    """The rule from its first occurrence after some day on, with one of both ends."""
    earliest = BASE + timedelta(days=chance.randrange(SPREAD_DAYS), hours=hour)
    occurrences = iter(rrulestr(text, dtstart=earliest))
    start = next(occurrences)
    if chance.random() < 0.5:
        return Rule(f"{text};COUNT={chance.randrange(1, OCCURRENCES_MAX)}", start)
    last = start
    for _ in range(chance.randrange(OCCURRENCES_MAX)):
        last = next(occurrences, last)
    return Rule(f"{text};UNTIL={last + timedelta(hours=chance.randrange(20)):%Y%m%dT%H%M%S}", start)


def graph_pattern(chance: Random) -> tuple[dict[str, Any], str]:
    """A pattern in Graph's words, and in those of RFC 5545."""
    interval = chance.choice([1, 1, 2, 3])
    common = {"interval": interval}
    day, month = chance.randrange(1, 29), chance.randrange(1, 13)
    days, ordinal = _days(chance), chance.choice(list(ORDINALS))
    names = [DAYS[one].lower() for one in days]
    first = chance.choice(["MO", "SU"])
    text = ",".join(days)
    return chance.choice(
        [
            ({"type": "daily", **common}, f"FREQ=DAILY;INTERVAL={interval}"),
            (
                {
                    "type": "weekly",
                    "daysOfWeek": names,
                    "firstDayOfWeek": DAYS[first].lower(),
                    **common,
                },
                f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={text};WKST={first}",
            ),
            (
                {"type": "absoluteMonthly", "dayOfMonth": day, **common},
                f"FREQ=MONTHLY;INTERVAL={interval};BYMONTHDAY={day}",
            ),
            (
                {
                    "type": "relativeMonthly",
                    "daysOfWeek": names,
                    "index": ORDINALS[ordinal],
                    **common,
                },
                f"FREQ=MONTHLY;INTERVAL={interval};BYDAY={text};BYSETPOS={ordinal}",
            ),
            (
                {"type": "absoluteYearly", "dayOfMonth": day, "month": month, **common},
                f"FREQ=YEARLY;INTERVAL={interval};BYMONTH={month};BYMONTHDAY={day}",
            ),
            (
                {
                    "type": "relativeYearly",
                    "daysOfWeek": names[:1],
                    "index": ORDINALS[ordinal],
                    "month": month,
                    **common,
                },
                f"FREQ=YEARLY;INTERVAL={interval};BYMONTH={month};BYDAY={ordinal}{days[0]}",
            ),
        ]
    )


def exchange_pattern(chance: Random) -> tuple[str, str]:
    """A pattern as Exchange's XML without namespaces, and in the words of RFC 5545."""
    interval, day = chance.choice([1, 1, 2, 3]), chance.randrange(1, 29)
    month = chance.randrange(1, 13)
    month_name = date(2024, month, 1).strftime("%B")
    days, ordinal = _days(chance), chance.choice(list(ORDINALS))
    names, text = " ".join(DAYS[one] for one in days), ",".join(days)
    first, index = chance.choice(["MO", "SU"]), ORDINALS[ordinal].capitalize()
    every = f"<Interval>{interval}</Interval>"
    return chance.choice(
        [
            (
                f"<DailyRecurrence>{every}</DailyRecurrence>",
                f"FREQ=DAILY;INTERVAL={interval}",
            ),
            (
                (
                    f"<WeeklyRecurrence>{every}<DaysOfWeek>{names}</DaysOfWeek>"
                    f"<FirstDayOfWeek>{DAYS[first]}</FirstDayOfWeek></WeeklyRecurrence>"
                ),
                f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={text};WKST={first}",
            ),
            (
                (
                    f"<AbsoluteMonthlyRecurrence>{every}<DayOfMonth>{day}</DayOfMonth>"
                    "</AbsoluteMonthlyRecurrence>"
                ),
                f"FREQ=MONTHLY;INTERVAL={interval};BYMONTHDAY={day}",
            ),
            (
                (
                    f"<RelativeMonthlyRecurrence>{every}<DaysOfWeek>{DAYS[days[0]]}</DaysOfWeek>"
                    f"<DayOfWeekIndex>{index}</DayOfWeekIndex></RelativeMonthlyRecurrence>"
                ),
                f"FREQ=MONTHLY;INTERVAL={interval};BYDAY={ordinal}{days[0]}",
            ),
            (
                (
                    f"<AbsoluteYearlyRecurrence><DayOfMonth>{day}</DayOfMonth>"
                    f"<Month>{month_name}</Month></AbsoluteYearlyRecurrence>"
                ),
                f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}",
            ),
            (
                (
                    f"<RelativeYearlyRecurrence><DaysOfWeek>{DAYS[days[0]]}</DaysOfWeek>"
                    f"<DayOfWeekIndex>{index}</DayOfWeekIndex><Month>{month_name}</Month>"
                    "</RelativeYearlyRecurrence>"
                ),
                f"FREQ=YEARLY;BYMONTH={month};BYDAY={ordinal}{days[0]}",
            ),
        ]
    )


def _daily(chance: Random) -> str:
    return "FREQ=DAILY" + chance.choice(["", f";BYMONTH={chance.randrange(1, 13)}"])


def _weekly(chance: Random) -> str:
    return f"FREQ=WEEKLY;BYDAY={','.join(_days(chance))};WKST={chance.choice(['MO', 'SU'])}"


def _monthly(chance: Random) -> str:
    ordinal = chance.choice(list(ORDINALS))
    return "FREQ=MONTHLY;" + chance.choice(
        [
            f"BYMONTHDAY={chance.randrange(1, 32)}",
            f"BYMONTHDAY=-{chance.randrange(1, 4)}",
            f"BYDAY={ordinal}{chance.choice(list(DAYS))}",
            f"BYDAY=MO,TU,WE,TH,FR;BYSETPOS={ordinal}",
        ]
    )


def _yearly(chance: Random) -> str:
    month = f"FREQ=YEARLY;BYMONTH={chance.randrange(1, 13)};"
    ordinal = chance.choice(list(ORDINALS))
    return month + chance.choice(
        [
            f"BYMONTHDAY={chance.randrange(1, 29)}",
            f"BYDAY={ordinal}{chance.choice(list(DAYS))}",
        ]
    )


def _days(chance: Random) -> list[str]:
    return sorted(chance.sample(list(DAYS), chance.randrange(1, 5)), key=list(DAYS).index)
