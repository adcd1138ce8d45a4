"""Ids as Graph gives them: long, opaque, and of two kinds for the same thing.

An immutable id is asked for with `Prefer: IdType="ImmutableId"`; both kinds are taken everywhere.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

USUAL = "AAMkADtz"
IMMUTABLE = "AAkALgAA"
CALENDAR = "AQMkADtz"
OCCURRENCE_MARK = "~"


def event_id(key: str, *, immutable: bool) -> str:
    """The id of an event or an occurrence."""
    return (IMMUTABLE if immutable else USUAL) + _coded(key)


def event_key(text: str) -> str | None:
    """What the id of an event stands for; none where it was never one."""
    if not text.startswith((USUAL, IMMUTABLE)):
        return None
    return _decoded(text[len(USUAL) :])


def calendar_id(key: str) -> str:
    """The id of a calendar."""
    return CALENDAR + _coded(key)


def calendar_key(text: str) -> str | None:
    """What the id of a calendar stands for; the name that it was seeded with is as good."""
    return _decoded(text[len(CALENDAR) :]) if text.startswith(CALENDAR) else text


def occurrence_key(series_key: str, day: str) -> str:
    """What stands for the occurrence that a series has on a day by its pattern."""
    return f"{series_key}{OCCURRENCE_MARK}{day}"


def _coded(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()


def _decoded(text: str) -> str | None:
    try:
        return urlsafe_b64decode(text).decode()
    except ValueError:
        return None
