"""Owns the sandbox's time: the real one plus an offset that a test moves."""

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Aware UTC time; never naive, and it goes on by itself after being set."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    @property
    def offset(self) -> timedelta:
        """How far the sandbox's time is ahead of the machine's."""
        return self._offset

    def now(self) -> datetime:
        """The sandbox's present moment, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        """Make ``moment`` the present one.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("now: a time zone is needed")
        self._offset = moment.astimezone(UTC) - datetime.now(UTC)

    def advance(self, step: timedelta) -> None:
        """Jump ahead (or back) by ``step``."""
        self._offset += step

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._offset = timedelta()
