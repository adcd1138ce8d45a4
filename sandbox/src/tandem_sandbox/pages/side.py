"""What every emulated side lets a page do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Protocol

from tandem_sandbox.pages.meeting import Change, Meeting, RefusedError, When
from tandem_sandbox.world import World


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


@contextmanager
def written(world: World, refusal: type[Exception]) -> Iterator[None]:
    """Write to a vendor within: the refusal of its own is a page's, and what was done is kept."""
    try:
        yield
    except refusal as error:
        raise RefusedError(str(error)) from None
    world.touch()


def touching(meetings: Iterable[Meeting], first: date, last: date) -> list[Meeting]:
    """Those that have a date and touch these days."""
    return [one for one in meetings if one.when and one.when.touches(first, last)]
