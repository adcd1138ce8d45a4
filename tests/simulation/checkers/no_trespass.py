"""An event that came from Pipedrive goes with its activity's owner, type or date."""

from tests.simulation.endings import Ending, endings_of, is_eligible
from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Events of activities that are not to be synced any more."""
    return [
        f"{one.token} has an event, though its activity is not eligible"
        for one in endings_of(simulation)
        if one.steady and one.origin == "crm" and one.events and _is_ineligible(one)
    ]


def _is_ineligible(one: Ending) -> bool:
    return bool(one.activities) and not any(map(is_eligible, one.activities))
