"""Graph's points in time: a wall clock and the name of its zone, Windows or IANA."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win, win_tz

from tandem_sandbox.microsoft import errors

Time = dict[str, str]


def zone_of(name: str) -> ZoneInfo | None:
    """The zone with a Windows or IANA name; none where there is no such zone."""
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (KeyError, ValueError, OSError):
        return None


def windows_name(zone: str) -> str:
    """The Windows name of an IANA zone."""
    return tz_win.get(zone, "UTC")


def settled(raw: Any, name: str) -> Time:
    """A point in time as it is kept: a wall clock of its zone.

    Raises:
        GraphError: it cannot be read.
    """
    if not isinstance(raw, dict) or not raw.get("dateTime"):
        raise errors.invalid(f"{name}: a dateTime is needed", "ErrorPropertyValidationFailure")
    zone_name = str(raw.get("timeZone") or "UTC")
    zone = zone_of(zone_name)
    if zone is None:
        raise errors.invalid(
            f"A valid TimeZone value must be specified. The following TimeZone value is not "
            f"supported: '{zone_name}'.",
            "TimeZoneNotSupportedException",
        )
    moment = parsed(str(raw["dateTime"]), name)
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    return {"dateTime": moment.isoformat(timespec="microseconds"), "timeZone": zone_name}


def parsed(text: str, name: str) -> datetime:
    """A date and time with up to seven digits behind the second, aware where it has an offset.

    Raises:
        GraphError: it cannot be read.
    """
    head, dot, tail = text.partition(".")
    digits = tail.rstrip("Zz").partition("+")[0].partition("-")[0]
    rest = tail[len(digits) :]
    try:
        return datetime.fromisoformat(f"{head}{dot}{digits[:6]}{rest}" if digits else head + rest)
    except ValueError:
        raise errors.invalid(f"{name}: {text!r} is no date and time") from None


def wall_clock(point: Time) -> datetime:
    """The wall clock of a kept point."""
    return datetime.fromisoformat(point["dateTime"])


def moment_of(point: Time) -> datetime:
    """The moment of a kept point."""
    zone = zone_of(point["timeZone"]) or UTC
    return wall_clock(point).replace(tzinfo=zone).astimezone(UTC)


def shown(point: Time, zone_name: str, *, floating: bool) -> Time:
    """A kept point in another zone; that of an all-day event has the same date everywhere."""
    if floating:
        return {"dateTime": stamp(wall_clock(point)), "timeZone": zone_name}
    zone = zone_of(zone_name) or UTC
    return {"dateTime": stamp(moment_of(point).astimezone(zone)), "timeZone": zone_name}


def stamp(moment: datetime) -> str:
    """A wall clock with seven digits behind the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def in_utc(moment: datetime) -> str:
    """A moment as Graph's own stamps have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def midnight(day: date) -> datetime:
    """Where an all-day event counts as beginning when times are compared."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def whole_days(start: Time, end: Time) -> timedelta:
    """Length of an all-day event.

    Raises:
        GraphError: it does not go from midnight to midnight of one zone.
    """
    first, last = wall_clock(start), wall_clock(end)
    if first.time() != last.time() or first.time() != first.min.time():
        raise errors.invalid(
            "The Event.Start property for an all-day event needs to be set to midnight.",
            "ErrorPropertyValidationFailure",
        )
    if start["timeZone"] != end["timeZone"] or last <= first:
        raise errors.invalid(
            "The duration of an event marked as All day must be at least 24 hours.",
            "ErrorEventDurationInvalid",
        )
    return last - first
