"""Counts decisions; they count once the transaction that made them has committed."""

from collections import Counter
from typing import Final

from reconciler.core.model import LinkState, Verb
from reconciler.core.reasons import Reason
from tandem.contracts.meetings import Side
from tandem.runtime import metrics

REFUSED: Final = "refused"
NOTHING: Final = "none"
ALARMING: Final = (
    (LinkState.RESTING, Reason.HELD_MASS_DELETE),
    (LinkState.RESTING, Reason.LOOP_SUSPECTED),
    (REFUSED, Reason.PROVIDER_REFUSED),
    (f"{Verb.UPDATE}_{Side.CRM}", Reason.CONFLICT),
    (f"{Verb.UPDATE}_{Side.CALENDAR}", Reason.CONFLICT),
)
"""What alerts and dashboards look out for, each by its action and reason."""


class Decisions:
    """What one transaction has decided so far."""

    def __init__(self) -> None:
        self._noted: Counter[tuple[str, Reason]] = Counter()

    def note(self, action: str, reason: Reason) -> None:
        """Take down one decision."""
        self._noted[action, reason] += 1

    def count(self) -> None:
        """Add all of them to the metric."""
        for (action, reason), number in self._noted.items():
            metrics.DECISIONS.labels(action, reason).inc(number)


def count_from_zero() -> None:
    """Have the metric tell of what is rare before it happens: the first time counts too."""
    for action, reason in ALARMING:
        metrics.DECISIONS.labels(action, reason)
