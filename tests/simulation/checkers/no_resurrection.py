"""What was deleted on one side, and was never edited on the other, is gone from both."""

from tests.simulation.endings import Ending, endings_of
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Meetings that are still, or again, there."""
    return [
        f"{one.token} was deleted, but has {one.counts[0]} activities and {one.counts[1]} events"
        for one in endings_of(simulation)
        if one.plain
        and one.steady
        and one.deleted_on
        and one.counts not in _right(one, rejected=simulation.scenario.rejected)
    ]


def _right(one: Ending, *, rejected: bool) -> set[tuple[int, int]]:
    """An edit of the other side may beat the deletion, or the user may take back many at once.

    Then the meeting is whole again. What is done is kept where its event is deleted.
    """
    if one.is_occurrence:
        # Who deletes its activity does not want to see it in Pipedrive.
        by_calendar = {(0, 0)} if "calendar" in one.deleted_on else {(0, 1)}
        return by_calendar | ({one.both} if rejected else set())
    contested = len(one.deleted_on | one.edited_on) > 1 or rejected
    whole = {one.both} if contested else set()
    kept = {(1, 0)} if one.may_stay_done and "calendar" in one.deleted_on else set()
    return {(0, 0)} | whole | kept
