"""What was deleted on one side, and was not edited on the other, is gone from both."""

from tests.simulation.endings import Ending, endings_of
from tests.simulation.people import Done
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
    """An edit of the other side may beat the deletion, or the user may take back what is held.

    Then the meeting is whole again. What is done is kept where its event is deleted.
    """
    taken_back = rejected and not _is_carried_out(one)
    kept = {(1, 0)} if one.may_stay_done and "calendar" in one.deleted_on else set()
    if one.is_occurrence:
        # Who deletes its activity does not want to see it in Pipedrive.
        by_calendar = {(0, 0)} if "calendar" in one.deleted_on else {(0, 1)}
        return by_calendar | kept | ({one.both} if taken_back else set())
    whole = {one.both} if taken_back or _is_contested(one) else set()
    return {(0, 0)} | whole | kept


def _is_carried_out(one: Ending) -> bool:
    """Whether the other side has followed the last deletion before it could be held."""
    deletion = _last_deletion(one)
    return any(
        write.verb == "delete" and write.side != deletion.edit.side and write.at >= deletion.at
        for write in one.writes
    )


def _is_contested(one: Ending) -> bool:
    """Whether the other side was edited, by somebody whose edit we may not have carried by then.

    An edit that was taken back again may have been seen before that. In a one-way connection only
    Pipedrive can contest a deletion.
    """
    other = "calendar" if _last_deletion(one).edit.side == "crm" else "crm"
    may_contest = one.two_way or other == "crm"
    edited = any(done.edit.side == other and done.edit.verb != "create" for done in one.done)
    return may_contest and edited


def _last_deletion(one: Ending) -> Done:
    return [done for done in one.done if done.edit.verb == "delete"][-1]
