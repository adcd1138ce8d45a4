"""What was deleted on one side, and was not edited on the other unheard, is gone from both."""

from tests.simulation.checkers.entered import was_known
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
    whole = {one.both} if rejected or _is_contested(one) else set()
    kept = {(1, 0)} if one.may_stay_done and "calendar" in one.deleted_on else set()
    return {(0, 0)} | whole | kept


def _is_contested(one: Ending) -> bool:
    """Whether the last deletion met an edit of the other side that we had not carried by then.

    In a one-way connection only Pipedrive can contest it.
    """
    deletion = [done for done in one.done if done.edit.verb == "delete"][-1]
    return any(
        not was_known(one, done, deletion.at)
        for done in one.done
        if done.edit.side != deletion.edit.side
        and done.edit.verb not in {"create", "delete"}
        and (one.two_way or done.edit.side == "crm")
    )
