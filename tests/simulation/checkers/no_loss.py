"""What nobody deleted is there on both sides, with what somebody last entered on either of them."""

from typing import Any, Final

from tests.simulation.endings import Ending, endings_of, shown_by_activity, shown_by_event
from tests.simulation.people import Done
from tests.simulation.simulation import Simulation

_ENTERED: Final = {"title": "title", "location": "location", "description": "description"}


def check(simulation: Simulation) -> list[str]:
    """Meetings and values that are lost."""
    wrong = []
    for one in endings_of(simulation):
        if not one.plain or one.deleted_on:
            continue
        # It may have been two-way for a while.
        if one.counts != one.both and (one.steady or one.counts != (1, 1)):
            wrong.append(f"{one.token} has {one.counts} instead of {one.both}")
        wrong += [
            f"{one.token}: {field} is {shown!r}, entered were {sorted(entered)}"
            for field in _ENTERED
            if (entered := _last_entered(one, field))
            for shown in _shown(one, field)
            if shown not in entered
        ]
    return wrong


def _last_entered(one: Ending, field: str) -> set[str]:
    """What was last entered for a field on each side."""
    last: dict[str, Done] = {
        done.edit.side: done
        for done in one.done
        if _ENTERED.get(done.edit.verb) == field
        and not (one.is_occurrence and done.edit.side == "crm")
    }
    return {_text(done.value) for done in last.values()}


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
