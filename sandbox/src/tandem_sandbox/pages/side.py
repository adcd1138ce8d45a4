"""What every emulated side lets a page do."""

from datetime import date
from typing import Protocol

from tandem_sandbox.pages.meeting import Change, Meeting, When


class Side(Protocol):
    """One account of one vendor."""

    name: str
    heading: str
    account: str
    dated: bool
    """Whether everything needs a date."""

    def meetings(self, first: date, last: date) -> list[Meeting]:
        """What touches these days, and what has no date."""
        ...

    def find(self, key: str) -> Meeting:
        """One of them, or UnknownMeetingError."""
        ...

    def create(self, title: str, when: When | None) -> None:
        """Make one; RefusedError where the vendor refuses it."""
        ...

    def change(self, key: str, change: Change) -> None:
        """Change one; RefusedError or UnknownMeetingError."""
        ...

    def delete(self, key: str) -> None:
        """Delete one; RefusedError or UnknownMeetingError."""
        ...
