"""Nobody is mailed, since no connection of a run asks for it."""

from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """Mails that were sent."""
    mails = simulation.outside.calendar.mails
    return [f"{mails} invitations were mailed"] if mails else []
