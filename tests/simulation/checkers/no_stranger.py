"""Whatever is there in the end is of a meeting that people made, and never was of another one."""

from collections.abc import Iterator

from tests.simulation.people import CALENDAR, Item, id_of, token_of
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Items of no meeting, and items that were made for another one."""
    made_for = _made_for(simulation)
    meetings = {done.edit.token for done in simulation.people.done}
    return [
        f"{id_of(item)} is called {title!r}, and was made for {made_for.get(id_of(item))}"
        for item, title in _living(simulation)
        if token_of(title) not in meetings or token_of(title) != made_for.get(id_of(item))
    ]


def _living(simulation: Simulation) -> Iterator[tuple[Item, str]]:
    for kept in simulation.outside.crm.living():
        yield kept.activity, kept.activity.subject
    for event in simulation.outside.calendar.everything_in(CALENDAR):
        yield event, event.title


def _made_for(simulation: Simulation) -> dict[str, str]:
    """By the ids of items, the meetings that they were made for; ours by what they were called."""
    people = simulation.people.done
    writes = simulation.outside.writes
    ours = {write.item_id: token_of(write.title) for write in reversed(writes)}
    return ours | {done.item_id: done.edit.token for done in reversed(people)}
