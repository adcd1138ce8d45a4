"""What nobody deleted is there on both sides, with what somebody last entered on either of them."""

from collections.abc import Iterator
from typing import Final

from tests.simulation.checkers.entered import FIELDS, may_be_shown
from tests.simulation.endings import Ending, endings_of
from tests.simulation.people import Done
from tests.simulation.shown import shown_by
from tests.simulation.simulation import Simulation

from tandem.contracts.activities import ActivitySnapshot

DEFAULT: Final = "default_duration_minutes"


def check(simulation: Simulation) -> list[str]:
    """Meetings and values that are lost."""
    wrong = []
    default = any(one.name == DEFAULT for one in simulation.scenario.changes)
    for one in endings_of(simulation):
        if one.restored and one.counts != one.both:
            wrong.append(f"{one.token} was restored, but has {one.counts} instead of {one.both}")
        if one.synced and not one.deleted_on:
            wrong += _lost(one)
        if one.synced and one.counts == one.both:
            # One that is made again lasts as long as the event did by then.
            wrong += _lost_values(one, but="schedule" if default and one.deleted_on else "")
    return wrong


def _lost(one: Ending) -> Iterator[str]:
    """It may have been two-way for a while, and no event is made of what is done already."""
    allowed = {one.both}
    if not one.steady:
        allowed.add((1, 1))
    if _was_done_first(one):
        allowed.add((1, 0))
    if one.counts not in allowed:
        yield f"{one.token} has {one.counts} instead of {one.both}"


def _was_done_first(one: Ending) -> bool:
    """Whether it is done, and there was no event of it when it was."""
    made = [write.verb for write in one.writes if write.side == "calendar"]
    is_done = all(activity.done for activity in one.activities)
    return one.origin == "crm" and is_done and ("create" not in made or "delete" in made)


def _lost_values(one: Ending, *, but: str) -> Iterator[str]:
    implied = any(_says_by_time(done) for done in one.done)
    for field in FIELDS:
        if field == but or (field == "busy" and implied):
            continue
        right = may_be_shown(one, field)
        for item in one.items:
            shown = shown_by(item)[field]
            if right and shown not in right:
                yield f"{one.token}: {field} is {shown!r}, entered were {right}"


def _says_by_time(done: Done) -> bool:
    """Whether an activity is busy because of its time, so that any change of that changes it."""
    return isinstance(done.item, ActivitySnapshot) and done.item.busy is None
