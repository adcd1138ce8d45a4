"""What somebody entered last on a side is shown in the end, or the history of it tells so."""

import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter
from tests.simulation.checkers.entered import met_a_write, standing
from tests.simulation.endings import Ending, endings_of
from tests.simulation.shown import shown_by, shown_schedule
from tests.simulation.simulation import Simulation

from tandem.contracts.meetings import Schedule

TOLD: Final = ("title", "schedule", "location", "description")
_SCHEDULE: Final[TypeAdapter[Any]] = TypeAdapter(Schedule)


def check(simulation: Simulation) -> list[str]:
    """Values that were overwritten without a word.

    Only while settings stay as they are: a one-way connection need not even look at them. Nor can
    anybody see what is entered in Pipedrive while a write of ours is on its way there.
    """
    if not simulation.scenario.both_ways_throughout:
        return []
    history = list(simulation.stores["reconciler"].tables.history)  # type: ignore[attr-defined]
    return [problem for one in endings_of(simulation) for problem in _unheard(one, history)]


def _unheard(one: Ending, history: list[dict[str, Any]]) -> Iterator[str]:
    if not one.synced or one.both != one.counts:
        return
    gone = [done for done in one.done if one.went_with_it(done) or met_a_write(one, done)]
    for field in TOLD:
        shown = [shown_by(item)[field] for item in one.items]
        for value in standing(one, field, but=gone):
            if value not in shown and value not in _told(one, field, history):
                yield f"{one.token}: {field} {value!r} was overwritten and is told nowhere"


def _told(one: Ending, field: str, history: list[dict[str, Any]]) -> Iterator[Any]:
    """Values of a field in the rows that are about any item of the meeting."""
    items = {done.item_id for done in one.done} | {write.item_id for write in one.writes}
    for row in history:
        if {str(row["activity_ids"]), row["event_ids"]} & items:
            for values in (json.loads(row[when] or "{}") for when in ("befores", "afters")):
                if field in values:
                    yield _as_shown(field, values[field])


def _as_shown(field: str, value: Any) -> Any:
    if field == "schedule" and value is not None:
        return shown_schedule(_SCHEDULE.validate_python(value))
    return value
