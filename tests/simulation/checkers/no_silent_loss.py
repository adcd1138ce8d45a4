"""What somebody entered in the calendar last is shown in the end, or the history tells of it."""

import json
from collections.abc import Iterator

from tests.simulation.checkers.entered import last_entered
from tests.simulation.endings import Ending, endings_of
from tests.simulation.shown import shown_by_event
from tests.simulation.simulation import Simulation

FIELDS = ("title", "location")


def check(simulation: Simulation) -> list[str]:
    """Values that were overwritten without a word.

    Only while settings stay as they are: a one-way connection need not even look at them.
    """
    if simulation.scenario.changes or simulation.scenario.direction == "one_way":
        return []
    tables = simulation.stores["reconciler"].tables
    told = "\n".join(
        f"{row['befores']}{row['afters']}"
        for row in tables.history  # type: ignore[attr-defined]
    )
    return [problem for one in endings_of(simulation) for problem in _unheard(one, told)]


def _unheard(one: Ending, told: str) -> Iterator[str]:
    if not one.plain or one.deleted_on or one.both != one.counts:
        return
    shown = shown_by_event(one.events[0])
    for field in FIELDS:
        entered = last_entered(one, field, sides=("calendar",))
        for value in entered:
            if value != shown[field] and json.dumps(value)[1:-1] not in told:
                yield f"{one.token}: {field} {value!r} was overwritten and is told nowhere"
