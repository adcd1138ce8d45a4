"""What changed on each side since both last agreed, and which of it may be carried over."""

from datetime import datetime
from typing import NamedTuple

from reconciler.core.model import NO_FIELDS, Fields, Link, Policy
from reconciler.core.normalize import meeting_of_event
from reconciler.core.policy import starts_in_past
from reconciler.core.reasons import Reason
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side


class Changes(NamedTuple):
    """Fields that may be carried over; `held_back` says why others may not."""

    fields: Fields
    held_back: Reason | None = None


def carried_event_changes(
    link: Link, event: EventSnapshot, policy: Policy, now: datetime
) -> Changes:
    """Edits of a linked event, as far as the direction and the time let them reach Pipedrive."""
    if link.base is None:
        return Changes(NO_FIELDS)
    shown = meeting_of_event(event, policy)
    fields = link.base.event.changed_fields(shown)
    if not fields:
        return Changes(NO_FIELDS)
    if not policy.two_way and link.origin is Side.CALENDAR:
        return Changes(NO_FIELDS, Reason.ONE_WAY)
    if starts_in_past(shown.schedule, policy, now) and starts_in_past(
        link.base.event.schedule, policy, now
    ):
        return Changes(NO_FIELDS, Reason.PAST)
    return Changes(fields)
