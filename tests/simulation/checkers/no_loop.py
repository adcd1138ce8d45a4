"""One edit leads to at most one write; a write whose answer was lost may be done once more.

Beside that each meeting may take `MORE` writes: where an edit comes between a decision and its
write, one write may have to be put right.
"""

from typing import Final

from tests.simulation.endings import endings_of
from tests.simulation.simulation import Simulation

MORE: Final = 1


def check(simulation: Simulation) -> list[str]:
    """Meetings that were written too often."""
    lost = simulation.outside.lost_answers
    return [
        f"{one.token}: {len(one.writes)} writes after {len(one.done)} edits"
        for one in endings_of(simulation)
        if len(one.writes) > len(one.done) + lost + MORE
    ]
