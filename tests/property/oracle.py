"""The rulebook's decision table as data, read apart from the core: the first row that fits counts.

A case says what happened to each side since both last agreed, and in which state the link is; a
decision names the writes, what becomes of the link, why, and what the history is told. Nothing
here is taken from the code that it is compared with.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

ORIGINS: Final = ("crm", "calendar")
DIRECTIONS: Final = ("two_way", "one_way")
ORGANIZERS: Final = ("user", "somebody_else")
WINNERS: Final = ("crm", "calendar", "latest_activity", "latest_event", "latest_tie")
WHENS: Final = ("ahead", "past")
DONES: Final = ("open", "done")
PRIVATES: Final = ("redact", "skip", "full")
WAITING: Final = ("loop_suspected", "held_mass_delete")
APART: Final = ("type_not_synced", "owner_changed", "no_due_date")
WAKING: Final = (*APART, "declined", "refused")

_TITLE, _LOCATION, _GUESTS = frozenset({"title"}), frozenset({"location"}), frozenset({"guests"})
_TIME: Final = frozenset({"schedule"})
_NOTHING: Final = frozenset[str]()
FIELDS: Final = {
    "title": _TITLE,
    "same_title": _TITLE,
    "location": _LOCATION,
    "guests": _GUESTS,
    "moved": _TIME,
    "moved_over": _TIME,
    "title_and_moved": _TITLE | _TIME,
}
"""What an edit changes. `moved` stays on its side of now, `moved_over` does not."""
EDITED_EVENT: Final = tuple(FIELDS)
EDITED_ACTIVITY: Final = tuple(change for change in FIELDS if change != "same_title")
WHY_INELIGIBLE: Final = {
    "other_owner": "owner_changed",
    "other_type": "type_not_synced",
    "unticked": "type_not_synced",
    "no_date": "no_due_date",
}
INELIGIBLE: Final = tuple(WHY_INELIGIBLE)
GONE: Final = ("gone", "gone_unticked")
"""`unticked`: of the type that it always was, which the user has unticked since."""
ACTIVITIES: Final = ("same", "gone", *EDITED_ACTIVITY, *INELIGIBLE)
EVENTS: Final = ("same", "gone", "declined", *EDITED_EVENT)
_EVENT_IS_THERE: Final = ("same", "declined", *EDITED_EVENT)
_ACTIVITY_IS_THERE: Final = ("same", *EDITED_ACTIVITY, *INELIGIBLE)


class Case(NamedTuple):
    """One cell of the space; each value is a word of the table's own.

    `private` is the setting that a private event falls under, `no` for an event that is not.
    `life` is what lies behind the link, `rest` why it rests, and `no` where it does not.
    """

    origin: str
    direction: str
    activity: str
    event: str
    organizer: str = "user"
    winner: str = "crm"
    when: str = "ahead"
    done: str = "open"
    private: str = "no"
    life: str = "fresh"
    rest: str = "no"

    @property
    def activity_lies(self) -> str:
        """Where the activity lies now."""
        return _lies(self.when, self.activity)

    @property
    def event_lies(self) -> str:
        """Where the event lies now."""
        return _lies(self.when, self.event)

    @property
    def redacted(self) -> bool:
        """Whether Pipedrive may know no more of the event than its time."""
        return self.origin == "calendar" and self.private in {"redact", "skip"}

    @property
    def event_fields(self) -> frozenset[str]:
        """What Pipedrive may know to be edited in the event."""
        fields = FIELDS.get(self.event, _NOTHING)
        return fields & _TIME if self.redacted else fields

    @property
    def edit(self) -> str:
        """What becomes of the edit of the event: `carried`, or why it stays where it is."""
        if not self.event_fields:
            return "none"
        if self.direction == "one_way" and self.origin == "calendar":
            return "one_way"
        if self.when == self.event_lies == "past":
            return "past"
        if self.private in {"redact", "skip"} and not self.event_fields <= _TIME:
            return "private" if not self.event_fields & _TIME else "partly"
        return "carried"


def _lies(when: str, change: str) -> str:
    if change != "moved_over":
        return when
    return "past" if when == "ahead" else "ahead"


@dataclass(frozen=True)
class Decision:
    """Writes as `side verb field…`, and the link's fate: `kept`, `rests` or `ended`.

    `told` are the rows of the history that are no writes: `side conflict field…` for what the
    side has lost, and the end or the rest of the link.
    """

    writes: frozenset[str]
    fate: str
    reason: str
    told: frozenset[str] = frozenset()


class Row:
    """A row of the table: `rule` is how the rulebook tells it, the rest is matched with a case."""

    def __init__(self, rule: str, decision: Decision | None, **columns: str | tuple[str, ...]):
        self.rule = rule
        self.decision = decision
        self._columns = [
            (name, frozenset({wanted} if isinstance(wanted, str) else wanted))
            for name, wanted in columns.items()
        ]

    def fits(self, case: Case) -> bool:
        """Whether the row is about the case."""
        return all(getattr(case, name) in wanted for name, wanted in self._columns)


_BY_CASE: Final = "?"
"""The reason is why the activity is not eligible, or why the link rests."""


def _writes(write: str, reason: str) -> Decision:
    return Decision(frozenset({write}), "kept", reason)


def _ends(reason: str) -> Decision:
    return Decision(_NOTHING, "ended", reason, frozenset({"dissolved"}))


def _rests(reason: str) -> Decision:
    return Decision(_NOTHING, "rests", reason, frozenset({"skipped"}))


_AT_REST: Final = (
    Row("a loop: nothing until the user says so", _rests("loop_suspected"), rest="loop_suspected"),
    Row("a held deletion waits, of the activity", _rests("held_mass_delete"),
        rest="held_mass_delete", activity=GONE, event=_EVENT_IS_THERE),
    Row("a held deletion waits, of the event", _rests("held_mass_delete"),
        rest="held_mass_delete", activity=_ACTIVITY_IS_THERE, event="gone"),
    Row("a held deletion waits, of a declined event", _rests("held_mass_delete"),
        rest="held_mass_delete", activity=_ACTIVITY_IS_THERE, event="declined",
        origin="calendar"),
    Row("deleted while not eligible: the user's own event stays", _ends(_BY_CASE), rest=APART,
        activity=GONE, event=_EVENT_IS_THERE, origin="calendar"),
    Row("deleted while its type is unticked: our event stays with it", _rests("type_not_synced"),
        rest="type_not_synced", activity="gone_unticked", event=_EVENT_IS_THERE),
    Row("another type while its own is unticked: our event stays", _rests("type_not_synced"),
        rest="type_not_synced", activity="other_type", event=_EVENT_IS_THERE, origin="crm"),
)  # fmt: skip
_ELIGIBLE_NO_MORE: Final = (
    Row("no longer eligible; the event is gone already", _ends(_BY_CASE), activity=INELIGIBLE,
        event="gone"),
    Row("type unticked: the event stays", _rests("type_not_synced"), activity="unticked"),
    Row("no longer eligible, from Pipedrive", _writes("calendar delete", _BY_CASE),
        activity=INELIGIBLE, origin="crm"),
    Row("no longer eligible, from the calendar", _rests(_BY_CASE), activity=INELIGIBLE),
)  # fmt: skip
_ACTIVITY_GONE: Final = (
    Row("deleted, deleted", _ends("deleted"), activity=GONE, event="gone"),
    Row("deleted, declined: both are gone", _ends("declined"), activity=GONE, event="declined",
        origin="calendar"),
    Row("deleted, changed, but private: it could not be made anew", _ends("private"),
        activity=GONE, edit=("carried", "partly"), direction="two_way", private="skip"),
    Row("deleted, changed, but past now: it could not be made anew", _ends("past"),
        activity=GONE, edit=("carried", "partly"), direction="two_way", event_lies="past"),
    Row("deleted, changed: the edit wins", _writes("crm create again", "created"),
        activity=GONE, edit=("carried", "partly"), direction="two_way"),
    Row("deleted, changed in the past: the edit is nowhere else", _ends("past"),
        activity=GONE, edit="past", direction="two_way"),
    Row("deleted, changed in private: the edit is nowhere else", _ends("private"),
        activity=GONE, edit="private", direction="two_way"),
    Row("deleted, from Pipedrive", _writes("calendar delete", "deleted"), activity=GONE,
        origin="crm"),
    Row("deleted, the user organises", _writes("calendar delete", "deleted"), activity=GONE,
        organizer="user"),
    Row("deleted, somebody else organises", _ends("not_organizer"), activity=GONE),
)  # fmt: skip
_EVENT_GONE: Final = (
    Row("changed, deleted: the edit wins", _writes("calendar create again", "created"),
        activity=EDITED_ACTIVITY, event="gone", activity_lies="ahead", done="open"),
    Row("changed, deleted, but past: it could not be made anew", _ends("past"),
        activity=EDITED_ACTIVITY, event="gone", activity_lies="past", done="open"),
    Row("changed, declined: it is still there", _rests("declined"), activity=EDITED_ACTIVITY,
        event="declined", origin="calendar"),
    Row("deleted, but done", _ends("done_kept"), event="gone", done="done"),
    Row("deleted, one way, from the calendar", _ends("one_way"), event="gone",
        direction="one_way", origin="calendar"),
    Row("same, deleted", _writes("crm delete", "deleted"), event="gone"),
    Row("declined, but done", _ends("done_kept"), event="declined", origin="calendar",
        done="done"),
    Row("declined, one way", _ends("one_way"), event="declined", origin="calendar",
        direction="one_way"),
    Row("declined as deleted", _writes("crm delete", "declined"), event="declined",
        origin="calendar"),
)  # fmt: skip
LINKED: Final = (
    *_AT_REST,
    *_ELIGIBLE_NO_MORE,
    *_ACTIVITY_GONE,
    *_EVENT_GONE,
    Row("both are there", None),
)
"""Rows for a linked pair. The last one is decided field by field, see `_merged`.

No row asks for what lies behind the link: it changes nothing. A link whose reason to rest passes
by itself is decided as any other.
"""


def row_of(case: Case) -> Row:
    """The row that decides a linked pair."""
    return next(row for row in LINKED if row.fits(case))


def decide_linked(case: Case) -> Decision:
    """What the table says of a linked pair."""
    decision = row_of(case).decision or _merged(case)
    if decision.reason == _BY_CASE:
        decision = replace(decision, reason=WHY_INELIGIBLE.get(case.activity, case.rest))
    rests_on = decision.fate == "rests" and decision.reason == case.rest
    return replace(decision, told=_NOTHING) if rests_on else decision


def _merged(case: Case) -> Decision:
    """Field by field: who changed it, and where that may go."""
    by_activity, by_event = FIELDS.get(case.activity, _NOTHING), _carried(case)
    closed, why_closed = _closed(case)
    agreed = _TITLE if _says_the_same(case) else _NOTHING
    contested = (by_activity & by_event) - agreed
    lost_by_event = contested - closed if case.winner in _ACTIVITY_WINS else _NOTHING
    lost_by_activity = contested - lost_by_event
    alone = by_activity - by_event - agreed
    to_event = (alone - closed) | lost_by_event
    to_activity = (by_event - by_activity - agreed) | lost_by_activity
    if to_event or to_activity:
        reason = "updated"
    elif case.edit not in {"none", "carried"}:
        reason = "private" if case.edit == "partly" else case.edit
    else:
        reason = why_closed if alone & closed else "no_change"
    return Decision(
        writes=_by_side("update", to_event, to_activity),
        fate="kept",
        reason=reason,
        told=_by_side("conflict", lost_by_event, lost_by_activity),
    )


_ACTIVITY_WINS: Final = frozenset({"crm", "latest_activity", "latest_tie"})


def _carried(case: Case) -> frozenset[str]:
    """What of the event's edit reaches Pipedrive."""
    if case.edit == "partly":
        return case.event_fields & _TIME
    return case.event_fields if case.edit == "carried" else _NOTHING


def _closed(case: Case) -> tuple[frozenset[str], str]:
    """What of an event nobody can change from Pipedrive, and why."""
    if case.redacted:
        return _TITLE | _LOCATION | _GUESTS, "private"
    return (_GUESTS, "not_organizer") if case.organizer == "somebody_else" else (_NOTHING, "")


def _says_the_same(case: Case) -> bool:
    """Both sides were given the same new title, and Pipedrive may know it."""
    edited = "title" in FIELDS.get(case.activity, _NOTHING)
    return case.event == "same_title" and edited and not case.redacted


def _by_side(verb: str, calendar: frozenset[str], crm: frozenset[str]) -> frozenset[str]:
    return frozenset(
        f"{side} {verb} {' '.join(sorted(fields))}"
        for side, fields in (("calendar", calendar), ("crm", crm))
        if fields
    )
