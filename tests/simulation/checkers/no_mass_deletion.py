"""Of what is deleted at once, no more than ten follow within ten minutes unasked."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tests.simulation.people import token_of
from tests.simulation.scenario import STORM_S
from tests.simulation.simulation import Simulation

from tandem.contracts.topics import CALENDAR_COMMANDS, CRM_COMMANDS

MOST: Final = 10
WITHIN: Final = timedelta(minutes=10)


def check(simulation: Simulation) -> list[str]:
    """Stretches in which too much was deleted before anybody was asked.

    Where the user has the events of unticked types removed, he has asked for it himself.
    """
    if simulation.scenario.clearings:
        return []
    asked_at = simulation.scenario.start + timedelta(seconds=STORM_S)
    decided = dict(_deletions(simulation))
    moments = sorted(moment for moment in decided.values() if moment < asked_at)
    return [
        f"more than {MOST} deletions within {WITHIN} from {first:%H:%M:%S}"
        for first, last in zip(moments, moments[MOST:], strict=False)
        if last - first < WITHIN
    ]


def _deletions(simulation: Simulation) -> Iterator[tuple[str, datetime]]:
    """Deletes that were decided of what was deleted with many others, and when."""
    outside = simulation.outside
    for topic in (CRM_COMMANDS.name, CALENDAR_COMMANDS.name):
        for partition in simulation.kafka.topics.get(topic, ()):
            for record in partition:
                command = json.loads(record.value)
                title = (
                    outside.crm.subject_of(command.get("activity_id"))
                    or outside.calendar.title_of(command.get("event_id"))
                    if command["kind"].startswith("delete_")
                    else ""
                )
                if token_of(title).startswith("P"):
                    yield command["link_id"], datetime.fromisoformat(command["occurred_at"])
