"""Nothing is ever written to an occurrence of a series: that would make an exception of it."""

from tests.simulation.endings import endings_of
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Occurrences that were written to."""
    return [
        f"{one.token}: {write.verb} of {write.item_id} at {write.at:%H:%M:%S}"
        for one in endings_of(simulation)
        if one.is_occurrence
        for write in one.writes
        if write.side == "calendar" and write.item_id in {done.item_id for done in one.done}
    ]
