"""What a person writes into the form of a meeting, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Self

from tandem_sandbox.pages.meeting import DAY, Change, Meeting, RefusedError, When

TITLE_MAX: Final = 255
MINUTES_MAX: Final = 7 * 24 * 60
MINUTES: Final = 60
HOUR: Final = time(9)


@dataclass(frozen=True, slots=True)
class MeetingForm:
    """The form's fields; an empty time stands for whole days, an empty day for no date."""

    title: str
    when: When | None

    @classmethod
    def read(cls, fields: Mapping[str, Any], known: Meeting | None = None) -> Self:
        """The fields as they were sent.

        Whole days stay as many as they were.

        Raises:
            RefusedError: one of them makes no sense; it is named.
        """
        title = str(fields.get("title", "")).strip()
        if not title or len(title) > TITLE_MAX:
            raise RefusedError(f"title: 1 to {TITLE_MAX} characters are needed")
        day_text, time_text = str(fields.get("day", "")), str(fields.get("time", ""))
        if not day_text:
            return cls(title, None)
        try:
            day = date.fromisoformat(day_text)
            clock = time.fromisoformat(time_text) if time_text else None
            minutes = int(str(fields.get("minutes") or 0))
        except ValueError:
            raise RefusedError("day, time, minutes: these are none") from None
        if not 0 <= minutes <= MINUTES_MAX or not date(2000, 1, 1) <= day <= date(2100, 1, 1):
            raise RefusedError(f"day, minutes: this century, 0 to {MINUTES_MAX} minutes")
        if clock is None:
            whole = known is not None and known.when is not None and known.when.time is None
            days = known.when.days if whole and known is not None and known.when else 1
            return cls(title, When.all_day(day, days))
        return cls(title, When(day, clock.replace(tzinfo=None), timedelta(minutes=minutes)))

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        """What the form shows of a meeting."""
        return cls(meeting.title, meeting.when.in_minutes() if meeting.when else None)

    @classmethod
    def blank(cls, now: datetime) -> Self:
        """What a form for a new meeting begins with: an hour of the next day."""
        day = now.date() + DAY
        return cls("", When(day, HOUR, timedelta(minutes=MINUTES)))

    @property
    def minutes(self) -> int:
        """The length that the form shows."""
        if self.when is None or self.when.time is None:
            return MINUTES
        return self.when.length // timedelta(minutes=1)

    def changed_from(self, meeting: Meeting) -> Change:
        """What the person changed, and nothing that the form merely cannot show."""
        shown = MeetingForm.of(meeting)
        return Change(
            title=self.title if self.title != shown.title else None,
            moves=self.when != shown.when,
            when=self.when,
        )
