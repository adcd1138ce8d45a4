"""Recurring series: masters, and the occurrences that differ from their rule.

They are not passed on: an occurrence needs the expansion of its series to be one event.
"""

from typing import Any


def belongs_to_series(item: dict[str, Any]) -> bool:
    """Whether an event is the master of a series or one of its occurrences."""
    return bool(item.get("recurrence") or item.get("recurringEventId"))
