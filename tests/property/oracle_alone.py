"""The rulebook's conditions for items without a link as data, read apart from the core.

A condition names the reason that a user is told. The rulebook has no order for them: where
several keep an item out, each is as good an answer.
"""

from typing import Final, NamedTuple


class NewActivity(NamedTuple):
    """An activity without a living link; `former` is how the one that it had has ended."""

    owner: str
    kind: str
    lies: str
    done: str
    contested: str
    former: str


class NewEvent(NamedTuple):
    """An event without a living link. `series` is `crowded` if enough of it are linked."""

    direction: str
    kind: str
    response: str
    private: str
    mark: str
    lies: str
    series: str
    former: str
    contested: str


Table = tuple[tuple[str, dict[str, str | tuple[str, ...]]], ...]
ACTIVITIES: Final = {
    "owner": ("user", "colleague"),
    "kind": ("ticked", "unticked"),
    "lies": ("ahead", "past", "today", "yesterday", "nowhere"),
    "done": ("open", "done"),
    "contested": ("no", "yes"),
    "former": ("none", "ended", "given_away", "kept_as_done", "suppressed"),
}
EVENTS: Final = {
    "direction": ("two_way", "one_way"),
    "kind": ("ordinary", "birthday", "focus_time", "out_of_office", "working_location", "other"),
    "response": ("none", "accepted", "declined"),
    "private": ("no", "redact", "skip", "full"),
    "mark": ("none", "ours"),
    "lies": ("ahead", "past", "today", "yesterday", "beyond"),
    "series": ("none", "open", "crowded"),
    "former": ("none", "ended", "suppressed"),
    "contested": ("no", "yes"),
}

_NEVER_GIVEN_AWAY: Final = ("none", "ended", "kept_as_done", "suppressed")
KEEPS_AN_ACTIVITY_OUT: Final[Table] = (
    ("suppressed", {"former": "suppressed"}),
    ("done_kept", {"former": "kept_as_done", "done": "done"}),
    ("not_owner", {"owner": "colleague", "former": _NEVER_GIVEN_AWAY}),
    ("owner_changed", {"owner": "colleague", "former": "given_away"}),
    ("no_due_date", {"lies": "nowhere"}),
    ("type_not_synced", {"kind": "unticked"}),
    ("done", {"done": "done"}),
    ("past", {"lies": "past"}),
    ("past", {"lies": "yesterday"}),
    ("awaiting", {"contested": "yes"}),
)
KEEPS_AN_EVENT_OUT: Final[Table] = (
    ("suppressed", {"former": "suppressed"}),
    ("suppressed", {"mark": "ours"}),
    ("one_way", {"direction": "one_way"}),
    ("event_kind", {"kind": "birthday"}),
    ("event_kind", {"kind": "focus_time"}),
    ("event_kind", {"kind": "out_of_office"}),
    ("event_kind", {"kind": "working_location"}),
    ("event_kind", {"kind": "other"}),
    ("declined", {"response": "declined"}),
    ("private", {"private": "skip"}),
    ("past", {"lies": "past"}),
    ("past", {"lies": "yesterday"}),
    ("beyond_horizon", {"lies": "beyond", "series": "open"}),
    ("beyond_horizon", {"lies": "beyond", "series": "crowded"}),
    ("recurring_limit", {"series": "crowded"}),
    ("awaiting", {"contested": "yes"}),
)
"""A reason, and what the columns say where it holds."""


def keeps_activity_out(case: NewActivity) -> frozenset[str]:
    """Why no event is made of an activity; nothing if one is made."""
    return _reasons(KEEPS_AN_ACTIVITY_OUT, case._asdict())


def keeps_event_out(case: NewEvent) -> frozenset[str]:
    """Why no activity is made of an event; nothing if one is made."""
    return _reasons(KEEPS_AN_EVENT_OUT, case._asdict())


def _reasons(table: Table, case: dict[str, str]) -> frozenset[str]:
    return frozenset(
        reason
        for reason, columns in table
        if all(case[name] in _words(wanted) for name, wanted in columns.items())
    )


def _words(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted
