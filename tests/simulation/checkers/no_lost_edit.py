"""Nothing is deleted whose last edits were not carried: they beat the deletion of the other side.

Only in two-way connections whose settings stay as they are, and not for occurrences, which belong
to the calendar. Pipedrive deletes what it is told to, so an edit may just precede it.
"""

from collections.abc import Iterator

from tests.simulation.checkers.entered import met_a_write, unheard
from tests.simulation.endings import Ending, endings_of
from tests.simulation.people import Done
from tests.simulation.providers import Write
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Edits that went with an item that we deleted."""
    if not simulation.scenario.both_ways_throughout:
        return []
    return [
        f"{one.token}: {edit.edit.verb} on {write.side} was lost when {write.item_id} was deleted"
        for one in endings_of(simulation)
        if one.plain and not one.is_occurrence
        for write, edit in _lost_edits(one)
    ]


def _lost_edits(one: Ending) -> Iterator[tuple[Write, Done]]:
    for write in one.writes:
        if write.verb != "delete" or _is_gone_already(one, write):
            continue
        for edit in unheard(one, write.side, write.at):
            if edit.item_id == write.item_id and not met_a_write(one, edit):
                yield write, edit


def _is_gone_already(one: Ending, write: Write) -> bool:
    """Whether somebody has deleted himself what we delete."""
    return any(
        done.edit.verb == "delete" and done.item_id == write.item_id and done.at <= write.at
        for done in one.done
    )
