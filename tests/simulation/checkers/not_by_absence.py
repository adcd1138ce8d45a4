"""We delete only what somebody has deleted, declined or taken out of the sync before."""

from typing import Final

from tests.simulation.endings import endings_of
from tests.simulation.simulation import Simulation

REASONS: Final = frozenset({"delete", "decline", "retype", "give_away", "undate"})


def check(simulation: Simulation) -> list[str]:
    """Deletions without a reason."""
    return [
        f"{one.token}: {write.side} {write.item_id} was deleted at {write.at:%H:%M:%S} for nothing"
        for one in endings_of(simulation)
        for write in one.writes
        if write.verb == "delete"
        and not any(done.edit.verb in REASONS and done.at <= write.at for done in one.done)
        and not one.was_cleared(write)
    ]
