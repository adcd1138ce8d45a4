"""The rulebook's decision table as data, read apart from the core: the first row that fits counts.

A case names what happened to each side since both last agreed; a decision names the writes and
what becomes of the link. Nothing here is taken from the code that it is compared with.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

ANY: Final = frozenset({"*"})


class Case(NamedTuple):
    """One cell of the space; each value is a word of the table's own."""

    origin: str
    direction: str
    activity: str
    event: str
    organizer: str
    winner: str
    when: str
    done: str


@dataclass(frozen=True)
class Decision:
    """Writes as `side verb field…`, and the link's fate: `kept`, `rests` or `ended`."""

    writes: frozenset[str]
    fate: str


@dataclass(frozen=True)
class Row:
    """A row of the table: `rule` is how the rulebook tells it, the rest is matched with a case."""

    rule: str
    decision: Decision | None
    origin: frozenset[str] = ANY
    direction: frozenset[str] = ANY
    activity: frozenset[str] = ANY
    event: frozenset[str] = ANY
    organizer: frozenset[str] = ANY
    when: frozenset[str] = ANY
    done: frozenset[str] = ANY

    def fits(self, case: Case) -> bool:
        """Whether the row is about the case."""
        return all(
            wanted == ANY or getattr(case, name) in wanted
            for name, wanted in (
                ("origin", self.origin),
                ("direction", self.direction),
                ("activity", self.activity),
                ("event", self.event),
                ("organizer", self.organizer),
                ("when", self.when),
                ("done", self.done),
            )
        )


ORIGINS: Final = ("crm", "calendar")
DIRECTIONS: Final = ("two_way", "one_way")
INELIGIBLE: Final = frozenset({"other_owner", "other_type", "no_date"})
EDITED_ACTIVITY: Final = frozenset({"title", "location", "title_and_location"})
EDITED_EVENT: Final = frozenset({"title", "same_title", "location", "title_and_location"})
ACTIVITIES: Final = ("same", "gone", *sorted(EDITED_ACTIVITY), *sorted(INELIGIBLE))
EVENTS: Final = ("same", "gone", "declined", *sorted(EDITED_EVENT))
ORGANIZERS: Final = ("user", "somebody_else")
WINNERS: Final = ("crm", "calendar", "latest_activity", "latest_event", "latest_tie")
WHENS: Final = ("ahead", "past")
DONES: Final = ("open", "done")


def _to(fate: str, *writes: str) -> Decision:
    return Decision(frozenset(writes), fate)


def _of(*words: str) -> frozenset[str]:
    return frozenset(words)


LINKED: Final = (
    Row("no longer eligible; the event is gone already", _to("ended"), activity=INELIGIBLE,
        event=_of("gone")),
    Row("no longer eligible, from Pipedrive", _to("kept", "calendar delete"), activity=INELIGIBLE,
        origin=_of("crm")),
    Row("no longer eligible, from the calendar", _to("rests"), activity=INELIGIBLE),
    Row("deleted, deleted", _to("ended"), activity=_of("gone"), event=_of("gone")),
    Row("deleted, declined: both are gone", _to("ended"), activity=_of("gone"),
        event=_of("declined"), origin=_of("calendar")),
    Row("deleted, changed: the edit wins", _to("kept", "crm create"), activity=_of("gone"),
        event=EDITED_EVENT, direction=_of("two_way"), when=_of("ahead")),
    Row("deleted, changed, but past: it could not be made anew", _to("ended"),
        activity=_of("gone"), event=EDITED_EVENT, direction=_of("two_way"), when=_of("past")),
    Row("deleted, from Pipedrive", _to("kept", "calendar delete"), activity=_of("gone"),
        origin=_of("crm")),
    Row("deleted, the user organises", _to("kept", "calendar delete"), activity=_of("gone"),
        organizer=_of("user")),
    Row("deleted, somebody else organises", _to("ended"), activity=_of("gone")),
    Row("changed, deleted: the edit wins", _to("kept", "calendar create"),
        activity=EDITED_ACTIVITY, event=_of("gone"), when=_of("ahead"), done=_of("open")),
    Row("changed, deleted, but past: it could not be made anew", _to("ended"),
        activity=EDITED_ACTIVITY, event=_of("gone"), when=_of("past"), done=_of("open")),
    Row("changed, declined: it is still there", _to("rests"), activity=EDITED_ACTIVITY,
        event=_of("declined"), origin=_of("calendar")),
    Row("deleted, but done", _to("ended"), event=_of("gone"), done=_of("done")),
    Row("deleted, one way, from the calendar", _to("ended"), event=_of("gone"),
        direction=_of("one_way"), origin=_of("calendar")),
    Row("same, deleted", _to("kept", "crm delete"), event=_of("gone")),
    Row("declined, but done", _to("ended"), event=_of("declined"), origin=_of("calendar"),
        done=_of("done")),
    Row("declined, one way", _to("ended"), event=_of("declined"), origin=_of("calendar"),
        direction=_of("one_way")),
    Row("declined as deleted", _to("kept", "crm delete"), event=_of("declined"),
        origin=_of("calendar")),
    Row("both are there", None),
)  # fmt: skip
"""Rows for a linked pair. The last one is decided field by field, see `_merged`."""

NEW_ACTIVITY: Final = (
    Row("not eligible", _to("none"), activity=INELIGIBLE),
    Row("done", _to("none"), done=_of("done")),
    Row("past", _to("none"), when=_of("past")),
    Row("eligible, no link", _to("kept", "calendar create")),
)
NEW_EVENT: Final = (
    Row("one way", _to("none"), direction=_of("one_way")),
    Row("declined", _to("none"), event=_of("declined")),
    Row("past", _to("none"), when=_of("past")),
    Row("eligible, no link", _to("kept", "crm create")),
)

_FIELDS: Final = {
    "same": frozenset[str](),
    "declined": frozenset[str](),
    "title": frozenset({"title"}),
    "same_title": frozenset({"title"}),
    "location": frozenset({"location"}),
    "title_and_location": frozenset({"title", "location"}),
}


def decide_linked(case: Case) -> Decision:
    """What the table says of a linked pair."""
    row = next(one for one in LINKED if one.fits(case))
    return row.decision or _merged(case)


def decide_new_activity(case: Case) -> Decision:
    """What the table says of an activity without a link."""
    return _first(NEW_ACTIVITY, case)


def decide_new_event(case: Case) -> Decision:
    """What the table says of an event without a link."""
    return _first(NEW_EVENT, case)


def _first(rows: tuple[Row, ...], case: Case) -> Decision:
    decision = next(one for one in rows if one.fits(case)).decision
    assert decision is not None
    return decision


def _merged(case: Case) -> Decision:
    """Field by field: who changed it, and where that may go."""
    by_activity, by_event = _FIELDS[case.activity], _FIELDS[case.event]
    stays = case.when == "past" or (case.direction == "one_way" and case.origin == "calendar")
    if stays:
        by_event = frozenset()
    agreed = frozenset({"title"}) if _says_the_same(case) else frozenset[str]()
    contested = (by_activity & by_event) - agreed
    activity_wins = case.winner in {"crm", "latest_activity", "latest_tie"}
    to_event = (by_activity - by_event - agreed) | (contested if activity_wins else frozenset())
    to_activity = (by_event - by_activity - agreed) | (frozenset() if activity_wins else contested)
    writes = {
        f"{side} update {' '.join(sorted(fields))}"
        for side, fields in (("calendar", to_event), ("crm", to_activity))
        if fields
    }
    return Decision(frozenset(writes), "kept")


def _says_the_same(case: Case) -> bool:
    """Both sides were given the same new title."""
    return case.event == "same_title" and "title" in _FIELDS[case.activity]
