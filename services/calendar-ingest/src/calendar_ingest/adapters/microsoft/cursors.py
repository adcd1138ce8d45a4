"""Where reading a calendar has come to: a link of Graph's, and the window that it belongs to.

The window of a round is fixed by its first request. Once the present has moved on too far in it,
everything is read again in a new one.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

LOOK_BACK: Final = timedelta(days=31)
LOOK_AHEAD: Final = timedelta(days=1_790)
"""With what lies behind, just less than the 1,825 days that Graph shows at a time."""
ROLL_AFTER: Final = timedelta(days=30)


@dataclass(frozen=True)
class Cursor:
    """`start` and `end` are the window's (ISO 8601); `link` is Graph's own, opaque."""

    start: str
    end: str
    link: str | None = None

    @classmethod
    def beginning(cls, now: datetime) -> "Cursor":
        """A new window around the present."""
        return cls((now - LOOK_BACK).isoformat(), (now + LOOK_AHEAD).isoformat())

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor that was kept."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        """The cursor as it is kept."""
        return json.dumps(vars(self))

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The window's ends."""
        return datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)

    def outlived(self, now: datetime) -> bool:
        """Whether the window is to be left for a new one."""
        return now - self.window[0] > LOOK_BACK + ROLL_AFTER

    def at(self, link: str) -> "Cursor":
        """The same window, further on."""
        return replace(self, link=link)
