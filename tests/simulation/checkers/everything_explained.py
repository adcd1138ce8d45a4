"""Every item of the user is explained; it is said to be synced if it is one of a pair."""

from random import Random
from typing import Any, Final

from tests.simulation.desk import CONNECTION_ID
from tests.simulation.endings import Ending, endings_of
from tests.simulation.people import ME, id_of
from tests.simulation.process import Process
from tests.simulation.simulation import Simulation
from tests.simulation.store import Session

from reconciler.core.reasons import Reason
from reconciler.explain import explain_activity, explain_event

NOT_AN_END: Final = frozenset({Reason.AWAITING, Reason.CREATED, Reason.UPDATED})
BECAUSE_OF: Final = {
    Reason.DECLINED: "decline",
    Reason.DONE: "done",
    Reason.DONE_KEPT: "done",
    Reason.NO_DUE_DATE: "undate",
    Reason.OWNER_CHANGED: "give_away",
    Reason.NOT_OWNER: "give_away",
    Reason.TYPE_NOT_SYNCED: "retype",
}
"""Reasons that somebody must have given, if all settings stay as they are."""


def check(simulation: Simulation) -> list[str]:
    """Items without an explanation, or with a wrong one."""
    session = Session(simulation.stores["reconciler"], Process("judge", Random(0)))
    return [
        problem
        for one in endings_of(simulation)
        for problem in simulation.loop.run_until_complete(_check(simulation, session, one))
    ]


async def _check(simulation: Simulation, session: Any, one: Ending) -> list[str]:
    now = simulation.clock.now()
    wrong = []
    for activity in one.activities:
        if activity.owner_id != ME:
            continue
        told = await explain_activity(session, CONNECTION_ID, activity.activity_id, now=now)
        wrong += _wrong(one, f"activity {activity.activity_id}", told)
    for event in one.events:
        told = await explain_event(session, CONNECTION_ID, event.event_id, now=now)
        wrong += _wrong(one, f"event {event.event_id}", told)
    return wrong


def _wrong(one: Ending, item: str, told: Any) -> list[str]:
    if told is None:
        return [f"{one.token}: nothing is known of {item}"]
    if not told.sentence or told.reason in NOT_AN_END:
        return [f"{one.token}: {item} is explained by {told.reason}"]
    if told.synced and {str(told.activity_id), told.event_id} - set(map(id_of, one.items)):
        return [f"{one.token}: {item} is explained as synced with what is not there"]
    if one.steady and BECAUSE_OF.get(told.reason, "create") not in one.verbs:
        return [f"{one.token}: {item} is explained by {told.reason}, which nobody has caused"]
    if one.is_pair and not told.synced:
        return [f"{one.token}: {item} is synced, but explained by {told.reason}"]
    return []
