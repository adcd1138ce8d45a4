"""What nobody deleted is there on both sides, with what somebody last entered on either of them."""

from collections.abc import Collection
from typing import Any, Final

from tests.simulation.endings import Ending, endings_of, shown_by_activity, shown_by_event
from tests.simulation.people import Done
from tests.simulation.simulation import Simulation

_ENTERED: Final = {"title": "title", "location": "location", "description": "description"}


def check(simulation: Simulation) -> list[str]:
    """Meetings and values that are lost."""
    wrong = []
    for one in endings_of(simulation):
        if one.restored and one.counts != one.both:
            wrong.append(f"{one.token} was restored, but has {one.counts} instead of {one.both}")
        if not one.plain or one.deleted_on:
            continue
        # It may have been two-way for a while.
        if one.counts != one.both and (one.steady or one.counts != (1, 1)):
            wrong.append(f"{one.token} has {one.counts} instead of {one.both}")
        wrong += [
            f"{one.token}: {field} is {shown!r}, entered were {sorted(entered)}"
            for field in _ENTERED
            if (entered := _may_be_shown(one, field))
            for shown in _shown(one, field)
            if shown not in entered
        ]
    return wrong


def last_entered(
    one: Ending,
    field: str,
    *,
    sides: Collection[str] = ("crm", "calendar"),
    but: Collection[Done] = (),
) -> set[str]:
    """What was last entered for a field on each of some sides, `but` for some edits."""
    last: dict[str, Done] = {
        done.edit.side: done
        for done in one.done
        if _ENTERED.get(done.edit.verb) == field
        and done.edit.side in sides
        and not (one.is_occurrence and done.edit.side == "crm")
        and done not in but
    }
    return {_text(done.value) for done in last.values()}


def _may_be_shown(one: Ending, field: str) -> set[str]:
    """What was last entered; nothing where it is the value that it was made with.

    An edit of an event that the user then had removed was carried, or went with it.
    """
    entered = last_entered(one, field)
    removed = [done for done in one.done if one.went_with_it(done)]
    if not removed:
        return entered
    elsewhere = last_entered(one, field, but=removed)
    return entered | elsewhere if elsewhere else set()


def _text(changes: dict[str, Any]) -> str:
    """The first value of an edit is its text."""
    text = str(next(iter(changes.values())))
    lines = text.replace("\u00a0", " ").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines)


def _shown(one: Ending, field: str) -> list[str]:
    shown = [
        *(shown_by_activity(activity)[field] for activity in one.activities),
        *(shown_by_event(event)[field] for event in one.events),
    ]
    return shown if one.both == (1, 1) else []
