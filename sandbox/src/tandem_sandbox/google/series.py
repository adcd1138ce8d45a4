"""Recurring events: which occurrences a series has.

A rule is expanded on the wall clock of the event's zone and only then put on the time line, so
that an occurrence keeps its hour when the clocks change. An hour that a clock skips is taken as
the one after it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from tandem_sandbox.google import errors, times

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
EXPANDED_MAX = 20_000
ENDLESS = timedelta(days=60 * 365)
"""How far a series without an end goes, so that a rule which never holds is given up."""
LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[^:]*)?):(.+)", re.IGNORECASE)
UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6}Z?)?", re.IGNORECASE)
FREQUENCY = re.compile(r"(?:^|;)FREQ=([A-Z]+)", re.IGNORECASE)
TALLY = re.compile(r"(?:^|;)(?:INTERVAL|COUNT)=([^;]*)", re.IGNORECASE)
BOUND = re.compile(r"(?:^|;)(?:COUNT|UNTIL)=", re.IGNORECASE)
SUFFIX_STAMP = "%Y%m%dT%H%M%SZ"
SUFFIX_DATE = "%Y%m%d"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence as the rule has it."""

    suffix: str
    """What its id has after that of the series and an underscore."""
    start: times.Time
    end: times.Time
    start_at: float
    end_at: float


class Series:
    """The occurrences of one recurring event, in order.

    Raises:
        GoogleError: a line of the recurrence cannot be read.
    """

    def __init__(self, fields: dict[str, Any], calendar_zone: ZoneInfo) -> None:
        self._start: times.Time = fields["start"]
        self._length = times.length_of(fields["start"], fields["end"])
        self._all_day = "date" in self._start
        self._calendar_zone = calendar_zone
        self._zone = ZoneInfo(self._start.get("timeZone", calendar_zone.key))
        self._first = self._wall_clock(self._start)
        self._rules = self._read(fields["recurrence"])
        self._known: list[Occurrence] = []
        self._source = self._expand()

    def occurrences(self) -> Iterator[Occurrence]:
        """All of them, oldest first; of an endless series those up to ``EXPANDED_MAX``."""
        index = 0
        while True:
            while index < len(self._known):
                yield self._known[index]
                index += 1
            following = next(self._source, None)
            if following is None:
                return
            self._known.append(following)

    def between(self, after: float | None, before: float) -> Iterator[Occurrence]:
        """Those that end after ``after`` and start before ``before``, in seconds of the epoch."""
        for one in self.occurrences():
            if one.start_at >= before:
                return
            if after is None or one.end_at > after:
                yield one

    def find(self, suffix: str) -> Occurrence | None:
        """The occurrence with this suffix, if the series has it."""
        moment = moment_of_suffix(suffix, self._calendar_zone)
        if moment is None:
            return None
        margin = timedelta(days=2).total_seconds()
        for one in self.occurrences():
            if one.suffix == suffix:
                return one
            if one.start_at > moment + margin:
                break
        return None

    def _expand(self) -> Iterator[Occurrence]:
        for number, wall_clock in enumerate(self._rules):
            if number >= EXPANDED_MAX:
                return
            yield self._occurrence(wall_clock)

    def _occurrence(self, wall_clock: datetime) -> Occurrence:
        if self._all_day:
            first, last = wall_clock.date(), wall_clock.date() + self._length
            return Occurrence(
                first.strftime(SUFFIX_DATE),
                {"date": first.isoformat()},
                {"date": last.isoformat()},
                _midnight(first, self._calendar_zone),
                _midnight(last, self._calendar_zone),
            )
        start = wall_clock.replace(tzinfo=self._zone).astimezone(UTC)
        end = start + self._length
        zone = {"timeZone": self._zone.key}
        return Occurrence(
            start.strftime(SUFFIX_STAMP),
            {"dateTime": times.in_utc(start), **zone},
            {"dateTime": times.in_utc(end), **zone},
            start.timestamp(),
            end.timestamp(),
        )

    def _wall_clock(self, moment: times.Time) -> datetime:
        if "date" in moment:
            return datetime.fromisoformat(moment["date"])
        return (
            datetime.fromisoformat(moment["dateTime"]).astimezone(self._zone).replace(tzinfo=None)
        )

    def _read(self, lines: list[str]) -> rruleset:
        rules = rruleset()
        rules.rdate(self._first)
        for line in lines:
            match = LINE.fullmatch(line.strip())
            if match is None:
                raise errors.invalid("Invalid recurrence rule.", "recurrence")
            name, parameters, value = match.group(1).upper(), match.group(2), match.group(3)
            try:
                if name == "RRULE":
                    rules.rrule(self._rule(value))
                elif name == "EXRULE":
                    rules.exrule(self._rule(value))
                else:
                    for one in self._dates(parameters, value):
                        (rules.rdate if name == "RDATE" else rules.exdate)(one)
            except (ValueError, KeyError, TypeError) as error:
                raise errors.invalid("Invalid recurrence rule.", "recurrence") from error
        return rules

    def _rule(self, value: str) -> rrule:
        frequency = FREQUENCY.search(value)
        if frequency is None or frequency.group(1).upper() not in FREQUENCIES:
            raise ValueError(value)
        if any(int(tally) < 1 for tally in TALLY.findall(value)):
            raise ValueError(value)
        rule = rrulestr(UNTIL.sub(self._until, value), dtstart=self._first)
        if not isinstance(rule, rrule):
            raise TypeError(value)
        return rule if BOUND.search(value) else rule.replace(until=self._first + ENDLESS)

    def _until(self, match: re.Match[str]) -> str:
        """The end of a rule on the wall clock, which is where rules are expanded."""
        day, clock = match.groups()
        if self._all_day:
            return f"UNTIL={day}T000000"
        if clock is None:
            return f"UNTIL={day}T235959"
        if not clock.upper().endswith("Z"):
            return f"UNTIL={day}{clock}"
        moment = datetime.strptime(f"{day}{clock.upper()}", SUFFIX_STAMP).replace(tzinfo=UTC)
        return moment.astimezone(self._zone).strftime("UNTIL=%Y%m%dT%H%M%S")

    def _dates(self, parameters: str, value: str) -> Iterator[datetime]:
        named = dict(part.split("=", 1) for part in parameters.split(";") if "=" in part)
        zone = ZoneInfo(named["TZID"]) if "TZID" in named else self._zone
        for text in value.split(","):
            if "T" not in text:
                day = datetime.strptime(text, SUFFIX_DATE)  # noqa: DTZ007 - a wall clock
                yield day if self._all_day else datetime.combine(day, self._first.time())
            elif text.endswith("Z"):
                moment = datetime.strptime(text, SUFFIX_STAMP).replace(tzinfo=UTC)
                yield moment.astimezone(self._zone).replace(tzinfo=None)
            else:
                moment = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
                yield moment.astimezone(self._zone).replace(tzinfo=None)


def moment_of_suffix(suffix: str, calendar_zone: ZoneInfo) -> float | None:
    """When the occurrence with this suffix starts by the rule, in seconds of the epoch."""
    try:
        if "T" in suffix:
            return datetime.strptime(suffix, SUFFIX_STAMP).replace(tzinfo=UTC).timestamp()
        day = datetime.strptime(suffix, SUFFIX_DATE).replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return _midnight(day, calendar_zone)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), tzinfo=zone).timestamp()
