"""The core and the oracle agree on every cell of the rulebook's decision table."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from tests.property import oracle
from tests.property.oracle import Case, Decision
from tests.unit.core.scenes import (
    LINK_ID,
    LONG_AGO,
    NOW,
    OTHER,
    SOON,
    activity,
    decide,
    decide_alone,
    event,
    hour,
    linked,
    policy,
    resting,
)

from reconciler.core.model import Entry, Gone, Link, LinkState, Plan, Policy, Write
from reconciler.core.normalize import meeting_of_activity, meeting_of_event
from reconciler.core.reasons import Reason
from reconciler.core.transitions import activity_written, event_written, write_refused
from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.contracts.events import Attendee, EventSnapshot, Response
from tandem.contracts.meetings import Meeting, Side

_STATES = {LinkState.ACTIVE: "kept", LinkState.RESTING: "rests", LinkState.DISSOLVED: "ended"}
_OF_ACTIVITY: Final = {
    "title": "Ours",
    "location": "Room 5",
    "guests": frozenset({"ours@elsewhere.example"}),
}
_OF_EVENT: Final = {
    "title": "Theirs",
    "location": "Room 6",
    "guests": frozenset({"theirs@elsewhere.example"}),
}
_LOST: Final[dict[str, dict[str, Any]]] = {
    "other_owner": {"owner_id": OTHER},
    "other_type": {"type": "lunch"},
    "no_date": {"due_date": None, "due_time": None},
}
_STAMPS = {
    "latest_activity": (timedelta(seconds=5), timedelta()),
    "latest_event": (timedelta(), timedelta(seconds=5)),
}


def _edited() -> Iterator[Case]:
    """Edits, deletions and lost eligibility of links that have just been made."""
    for origin, direction, changed_a, changed_e, organizer, when, done in product(
        oracle.ORIGINS,
        oracle.DIRECTIONS,
        oracle.ACTIVITIES,
        oracle.EVENTS,
        oracle.ORGANIZERS,
        oracle.WHENS,
        oracle.DONES,
    ):
        # Who wins is asked where both were edited, and once where not.
        both = changed_a in oracle.EDITED_ACTIVITY and changed_e in oracle.EDITED_EVENT
        for winner in oracle.WINNERS if both else ("latest_tie",):
            yield Case(origin, direction, changed_a, changed_e, organizer, winner, when, done)


def _with_each_edit(*choices: Iterable[str]) -> Iterator[Case]:
    """Every edit of either side, with some choices of all else."""
    sides = (oracle.ORIGINS, oracle.DIRECTIONS, oracle.ACTIVITIES, oracle.EVENTS)
    return (Case(*values) for values in product(*sides, *choices))


def _lived() -> Iterator[Case]:
    """The same for links that have carried an edit or made a side again."""
    winners, lives = ("crm", "calendar"), ("carried", "made_again")
    return _with_each_edit(("user",), winners, oracle.WHENS, ("open",), ("no",), lives)


def _private() -> Iterator[Case]:
    """The same for private events."""
    winners = ("crm", "calendar")
    return _with_each_edit(oracle.ORGANIZERS, winners, oracle.WHENS, ("open",), oracle.PRIVATES)


def _at_rest() -> Iterator[Case]:
    """The same for links that rest, as far as one of that origin may rest for that reason."""
    return (
        Case(*values)
        for values in product(
            oracle.ORIGINS,
            oracle.DIRECTIONS,
            ("same", "title", *oracle.GONE, *oracle.INELIGIBLE),
            ("same", "gone", "declined", "title", "location"),
            oracle.ORGANIZERS,
            ("crm", "calendar"),
            oracle.WHENS,
            oracle.DONES,
            ("no",),
            ("fresh",),
            (*oracle.WAITING, *oracle.WAKING),
        )
        if values[0] == "calendar" or values[-1] not in {"owner_changed", "no_due_date", "declined"}
    )


SPACES: Final = {"edited": _edited, "lived": _lived, "private": _private, "at_rest": _at_rest}
of_each_space = pytest.mark.parametrize("space", SPACES)


@of_each_space
def test_every_linked_case_is_decided_as_the_table_says(space):
    assert _differences(SPACES[space]()) == []


def test_every_row_of_the_table_decides_some_case():
    used = {oracle.row_of(case).rule for space in SPACES.values() for case in space()}
    assert used == {row.rule for row in oracle.LINKED}


@of_each_space
def test_nothing_that_an_ended_link_leaves_comes_back_as_new(space):
    for case in SPACES[space]():
        if oracle.row_of(case).decision is not None and _expected(case).fate == "ended":
            ended = _decide(case).link
            left = [one for one in (_activity(case), _event(case)) if not isinstance(one, Gone)]
            for item in left:
                back = decide_alone(item, _rules(case), former=ended)
                assert back.writes == (), (case, item)


def test_a_refused_write_is_not_asked_for_again():
    for case in _edited():
        asked = _decide(case) if case.winner == "latest_tie" else Plan(Reason.NO_CHANGE)
        if asked.link is None or len(asked.writes) != 1:
            continue
        refused = write_refused(asked.link, asked.writes[0].side, Reason.PROVIDER_REFUSED)
        # What was to be made again has no id.
        a = _activity(case) if refused.activity_id is not None else None
        e = _event(case) if refused.event_id is not None else None
        again = decide(refused, a, e, _rules(case))
        assert (again.reason, again.writes) == (Reason.PROVIDER_REFUSED, ()), case


def test_links_that_have_lived_agree_on_what_fresh_ones_do():
    for case in _lived():
        fresh, lived = _link(case._replace(life="fresh")), _link(case)
        assert lived.base == fresh.base, case
        assert lived.revision > fresh.revision, case
        assert (lived.generation > 0) is (case.life == "made_again"), case


def test_nothing_is_decided_for_a_link_with_a_write_under_way():
    for case in _edited():
        rules = _rules(case)
        begun = _begun(Side(case.origin), rules)
        decided = decide(begun, _activity(case), _event(case), rules)
        assert (decided.reason, decided.writes, decided.link) == (Reason.AWAITING, (), None), case


@cache
def _begun(origin: Side, rules: Policy) -> Link:
    ticked = policy(direction=rules.settings.direction)
    begun: Link | None = decide(
        linked(origin, ticked), activity(subject="Ours"), event(), ticked
    ).link
    assert begun is not None
    assert begun.pending
    return begun


def _differences(cases: Iterable[Case]) -> list[str]:
    """Cases in which the core decides otherwise than the table."""
    return [
        f"{case}: {told} instead of {_expected(case)}"
        for case in cases
        if (told := _told(case, _decide(case))) != _expected(case)
    ]


_expected = oracle.decide_linked


def _decide(case: Case) -> Plan:
    decided: Plan = decide(_link(case), _activity(case), _event(case), _rules(case))
    return decided


# A plan in the oracle's words


def _told(case: Case, decided: Plan) -> Decision:
    link = decided.link or _link(case)
    again = link.generation > _link(case).generation
    return Decision(
        writes=frozenset(
            _told_write(case, decided, write, again=again) for write in decided.writes
        ),
        fate=_STATES[link.state],
        reason=str(decided.reason),
        told=frozenset(_told_entry(case, entry) for entry in decided.entries),
    )


def _told_write(case: Case, decided: Plan, write: Write, *, again: bool) -> str:
    if write.verb == "update":
        assert write.meeting is not None
        came = _only_who_came(case, decided, write)
        names = sorted(_named(case, write.side.other, came, str(field)) for field in write.fields)
        return " ".join([write.side, write.verb, *names])
    anew = " again" if write.verb == "create" and again else ""
    return f"{write.side} {write.verb}{anew}"


def _only_who_came(case: Case, decided: Plan, write: Write) -> Meeting:
    """A target without the guests that its own side alone has: they stay, save in a conflict."""
    assert write.meeting is not None
    there = case.event if write.side is Side.CALENDAR else case.activity
    lost = any("guests" in entry.fields for entry in decided.entries)
    if there != "guests" or "guests" not in write.fields or lost:
        return write.meeting
    own = _value(case, write.side, "guests")
    assert own <= write.meeting.guests, case
    return write.meeting.model_copy(update={"guests": write.meeting.guests - own})


def _told_entry(case: Case, entry: Entry) -> str:
    """A conflict by what a side has lost; else the action alone, the reason is the plan's."""
    if entry.action != "conflict":
        return entry.action
    assert entry.before is not None
    names = sorted(_named(case, entry.side, entry.before, str(one)) for one in entry.fields)
    return " ".join([entry.side, entry.action, *names])


def _named(case: Case, side: Side, meeting: Meeting, field: str) -> str:
    """A field by name if the meeting has the side's value of it, else with the value it has."""
    value = getattr(meeting, field)
    return field if value == _value(case, side, field) else f"{field}={value}"


def _value(case: Case, side: Side, field: str) -> Any:
    if field == "schedule":
        change = case.activity if side is Side.CRM else case.event
        return hour(_moved(case, change, side))
    if field == "title" and side is Side.CALENDAR and case.event == "same_title":
        return _OF_ACTIVITY["title"]
    return (_OF_ACTIVITY if side is Side.CRM else _OF_EVENT)[field]


# A case in the core's words


def _rules(case: Case) -> Policy:
    winner = case.winner if case.winner in {"crm", "calendar"} else "latest"
    return _policy(
        case.direction,
        winner,
        "lunch" if case.activity in {"unticked", "gone_unticked"} else "meeting",
        case.private if case.private != "no" else "redact",
    )


@cache
def _policy(direction: str, winner: str, ticked: str, private: str) -> Policy:
    rules: Policy = policy(
        direction=direction,
        conflict_winner=winner,
        synced_types=frozenset({ticked}),
        private_events=private,
    )
    return rules


def _link(case: Case) -> Link:
    return _rested(
        case._replace(direction="two_way", activity="same", event="same", winner="crm", done="open")
    )


@cache
def _rested(case: Case) -> Link:
    """The link of a case to which nothing has happened since both sides agreed."""
    link = _lives(case)
    if case.rest == "no":
        return link
    if case.rest != "refused":
        rested: Link = resting(link, Reason(case.rest))
        return rested
    asked = decide(link, activity(location="Pier"), _event(case), _rules(case)).link
    assert asked is not None
    return write_refused(asked, Side.CALENDAR, Reason.PROVIDER_REFUSED)


def _lives(case: Case) -> Link:
    """The link as what lies behind it has left it, with the same base whatever that was."""
    a, e = _activity(case), _event(case)
    assert isinstance(a, ActivitySnapshot)
    assert isinstance(e, EventSnapshot)
    origin, rules = Side(case.origin), _rules(case)
    if case.life == "fresh":
        fresh: Link = linked(origin, rules, of_activity=a, of_event=e)
        return fresh
    a_before = a.model_copy(update={"subject": "Before", "location": ""})
    e_before = e.model_copy(update={"title": "Before", "location": ""})
    link = linked(origin, rules, of_activity=a_before, of_event=e_before)
    now = _start(case) - timedelta(days=1)
    lost = Gone(now) if case.life == "made_again" else None
    if origin is Side.CRM:
        begun = decide(link, a, lost or e_before, rules, now=now).link
        return event_written(begun, e.event_id, meeting_of_event(e, rules))
    begun = decide(link, lost or a_before, e, rules, now=now).link
    return activity_written(begun, a.activity_id, meeting_of_activity(a, rules))


def _activity(case: Case) -> ActivitySnapshot | Gone:
    if case.activity in oracle.GONE:
        return Gone(NOW)
    later, _ = _STAMPS.get(case.winner, (timedelta(), timedelta()))
    start = _moved(case, case.activity, Side.CRM)
    return _activity_as(
        case.activity, start, later, done=case.done == "done", redacted=case.redacted
    )


@cache
def _activity_as(
    change: str, start: datetime, later: timedelta, *, done: bool, redacted: bool
) -> ActivitySnapshot:
    known: dict[str, Any] = {"done": done, "updated_at": NOW - timedelta(hours=1) + later}
    if redacted:
        known |= {"subject": "Private", "location": "", "public_description": "", "guests": ()}
    edited = oracle.FIELDS.get(change, frozenset())
    if "title" in edited:
        known["subject"] = _OF_ACTIVITY["title"]
    if "location" in edited:
        known["location"] = _OF_ACTIVITY["location"]
    if "guests" in edited:
        known["guests"] = tuple(Guest(email=one) for one in _OF_ACTIVITY["guests"])
    seen: ActivitySnapshot = activity(start, **known | _LOST.get(change, {}))
    return seen


def _event(case: Case) -> EventSnapshot | Gone:
    if case.event == "gone":
        return Gone(NOW)
    _, later = _STAMPS.get(case.winner, (timedelta(), timedelta()))
    return _event_as(
        case.event,
        _moved(case, case.event, Side.CALENDAR),
        later,
        organized=case.organizer == "user",
        private=case.private != "no",
        ours=case.origin == "crm",
    )


@cache
def _event_as(
    change: str, start: datetime, later: timedelta, *, organized: bool, private: bool, ours: bool
) -> EventSnapshot:
    known: dict[str, Any] = {
        "is_organizer": organized,
        "private": private,
        "link_mark": str(LINK_ID) if ours else None,
        "updated_at": NOW - timedelta(hours=1) + later,
    }
    edited = oracle.FIELDS.get(change, frozenset())
    if "title" in edited:
        known["title"] = (_OF_ACTIVITY if change == "same_title" else _OF_EVENT)["title"]
    if "location" in edited:
        known["location"] = _OF_EVENT["location"]
    if "guests" in edited:
        known["attendees"] = tuple(Attendee(email=one) for one in _OF_EVENT["guests"])
    if change == "declined":
        known["response"] = Response.DECLINED
    seen: EventSnapshot = event(start, **known)
    return seen


def _moved(case: Case, change: str, side: Side) -> datetime:
    """When a side starts; both move by lengths of their own."""
    if "schedule" not in oracle.FIELDS.get(change, ()):
        return _start(case)
    by = timedelta(hours=1 if side is Side.CRM else 2)
    over = change == "moved_over"
    return (SOON if (case.when == "ahead") is not over else LONG_AGO) + by


def _start(case: Case) -> datetime:
    return SOON if case.when == "ahead" else LONG_AGO
