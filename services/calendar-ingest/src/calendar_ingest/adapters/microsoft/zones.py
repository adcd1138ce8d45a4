"""Names of time zones: Windows has its own, everybody else those of the IANA."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz


def iana_name(name: str | None) -> str | None:
    """The IANA name of a zone; None where nobody knows it."""
    known = win_tz.get(name or "", name or "")
    try:
        ZoneInfo(known)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return known


def windows_name(name: str) -> str:
    """The Windows name of an IANA zone; UTC where there is none."""
    return tz_win.get(name, "UTC")


def zone_of(name: str | None) -> ZoneInfo:
    """A zone by either name; UTC where nobody knows it."""
    return ZoneInfo(iana_name(name) or "UTC")
