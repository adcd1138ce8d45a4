"""Starts and ends of events: what clients may write, what is kept, and how it is shown.

A moment is kept in UTC beside the zone that it was written for; a date stays a date and meets
no zone until its place on the time line is asked for.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tandem_sandbox.google import errors

STAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)
YEARS = range(1000, 9000)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Time = dict[str, str]
"""``{"date": …}`` or ``{"dateTime": … in UTC, "timeZone": …}``."""


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of this name, or none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def parse_stamp(text: str) -> datetime | None:
    """A moment as RFC 3339 writes it, without its fraction; naive where the offset is missing."""
    match = STAMP.fullmatch(text)
    if match is None:
        return None
    day, clock, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
    except ValueError:
        return None
    return moment if moment.year in YEARS else None


def parse_date(text: str) -> date | None:
    """A date as ``yyyy-mm-dd``."""
    if DATE.fullmatch(text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def settle(raw: dict[str, Any], which: str) -> Time:
    """A client's start or end in the form that is kept.

    Args:
        raw: The field as it stands after merging.
        which: ``start`` or ``end``, for the message.

    Raises:
        GoogleError: it has both forms or none, cannot be read, or its zone is missing or unknown.
    """
    day, stamp, zone_name = raw.get("date"), raw.get("dateTime"), raw.get("timeZone")
    if day is None and stamp is None:
        raise errors.required(which, f"Missing {which} time.")
    if day is not None and stamp is not None:
        raise errors.invalid(f"Invalid {which} time.", which)
    if zone_name is not None and zone_of(zone_name) is None:
        raise errors.invalid(f"Invalid time zone definition for {which} time.", which)
    if day is not None:
        if parse_date(day) is None:
            raise errors.invalid(f'Invalid value for: Invalid format: "{day}"', which)
        return {"date": day}
    moment = parse_stamp(str(stamp))
    if moment is None:
        raise errors.invalid(f'Invalid value for: Invalid format: "{stamp}"', which)
    if moment.tzinfo is None:
        if zone_name is None:
            raise errors.required(which, f"Missing time zone definition for {which} time.")
        moment = moment.replace(tzinfo=zone_of(zone_name))
    kept = {"dateTime": in_utc(moment)}
    return kept if zone_name is None else {**kept, "timeZone": zone_name}


def in_utc(moment: datetime) -> str:
    """How a moment is kept."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_millis(moment: datetime) -> str:
    """A moment in UTC to the millisecond, as ``created`` and ``updated`` are shown."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


def moment_of(time: Time, calendar_zone: ZoneInfo) -> datetime:
    """When ``time`` is, in UTC; a date begins at midnight in the calendar's zone."""
    if "date" in time:
        midnight = datetime.fromisoformat(time["date"]).replace(tzinfo=calendar_zone)
        return midnight.astimezone(UTC)
    return datetime.fromisoformat(time["dateTime"])


def show(time: Time, zone: ZoneInfo) -> Time:
    """A start or end as an answer has it, its offset being that of ``zone``."""
    if "date" in time:
        return {"date": time["date"]}
    local = datetime.fromisoformat(time["dateTime"]).astimezone(zone)
    text = local.isoformat(timespec="seconds")
    if not local.utcoffset():
        text = text.removesuffix("+00:00") + "Z"
    return {"dateTime": text, "timeZone": time["timeZone"]}


def length_of(start: Time, end: Time) -> timedelta:
    """How long an event lasts; whole days if it is an all-day one."""
    if "date" in start:
        return date.fromisoformat(end["date"]) - date.fromisoformat(start["date"])
    return datetime.fromisoformat(end["dateTime"]) - datetime.fromisoformat(start["dateTime"])
