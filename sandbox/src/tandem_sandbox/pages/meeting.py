"""What every side shows of an activity or an event: a title and a time, in one zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class UnknownMeetingError(LookupError):
    """There is no such meeting any more."""


class RefusedError(ValueError):
    """The side refuses a change; the message is its own."""


@dataclass(frozen=True, slots=True)
class When:
    """A day, a time of day, and a length; without a time of day, whole days."""

    day: date
    time: time | None
    length: timedelta

    @classmethod
    def between(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Self:
        """From one moment to another, on the clocks of a zone."""
        local = start.astimezone(zone)
        return cls(local.date(), local.time(), end - start)

    @classmethod
    def all_day(cls, first: date, days: int) -> Self:
        """Some days, whole."""
        return cls(first, None, DAY * max(days, 1))

    @property
    def days(self) -> int:
        """How many days a meeting of whole days lasts."""
        return max(self.length // DAY, 1)

    def start(self, zone: ZoneInfo) -> datetime:
        """When it begins on the clocks of a zone, whole days at midnight."""
        return datetime.combine(self.day, self.time or time(), zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """When it ends."""
        if self.time is None:
            return datetime.combine(self.last_day, time(), zone) + DAY
        start = self.start(zone)
        return (start.astimezone(ZoneInfo("UTC")) + self.length).astimezone(zone)

    @property
    def last_day(self) -> date:
        """The last day that it touches."""
        if self.time is None:
            return self.day + (self.days - 1) * DAY
        if not self.length:
            return self.day
        return (datetime.combine(self.day, self.time) + self.length - _INSTANT).date()

    def touches(self, first: date, last: date) -> bool:
        """Whether it touches any of the days from `first` to `last`."""
        return self.day <= last and self.last_day >= first

    def in_minutes(self) -> "When":
        """The same without what a form cannot show."""
        if self.time is None:
            return self
        minutes = timedelta(minutes=self.length // timedelta(minutes=1))
        return When(self.day, self.time.replace(second=0, microsecond=0), minutes)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One activity, one event, or one occurrence of a series; `key` is the side's name for it."""

    key: str
    title: str
    when: When | None
    repeats: bool = False
    done: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a meeting; a title of None stays, and so does the time unless it `moves`."""

    title: str | None = None
    moves: bool = False
    when: When | None = None
