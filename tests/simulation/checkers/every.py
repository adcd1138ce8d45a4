"""All checkers, by their names."""

from collections.abc import Callable
from typing import Final

from tests.simulation.checkers import (
    convergence,
    everything_explained,
    no_alarm,
    no_duplicate,
    no_exception,
    no_loop,
    no_loss,
    no_lost_edit,
    no_mail,
    no_mass_deletion,
    no_resurrection,
    no_silent_loss,
    no_stranger,
    no_trespass,
    not_by_absence,
)
from tests.simulation.simulation import Simulation

CHECKERS: Final[dict[str, Callable[[Simulation], list[str]]]] = {
    "no duplicate": no_duplicate.check,
    "no exception": no_exception.check,
    "no stranger": no_stranger.check,
    "no loss": no_loss.check,
    "no lost edit": no_lost_edit.check,
    "no silent loss": no_silent_loss.check,
    "no resurrection": no_resurrection.check,
    "not by absence": not_by_absence.check,
    "no trespass": no_trespass.check,
    "no loop": no_loop.check,
    "no mail": no_mail.check,
    "no mass deletion": no_mass_deletion.check,
    "everything explained": everything_explained.check,
    "convergence": convergence.check,
    "no alarm": no_alarm.check,
}


def problems_of(simulation: Simulation) -> list[str]:
    """Everything that is wrong with a run."""
    return [
        f"{name}: {problem}" for name, check in CHECKERS.items() for problem in check(simulation)
    ]
