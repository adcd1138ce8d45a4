"""A meeting has at most one activity and one event."""

from tests.simulation.endings import endings_of
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Meetings that are there twice."""
    return [
        f"{one.token} has {one.counts[0]} activities and {one.counts[1]} events"
        for one in endings_of(simulation)
        if max(one.counts) > 1 and not one.unrecognisable and not one.disputed
    ]
