"""What changed on each side since both last agreed, and which of it may be carried over."""

from datetime import datetime
from typing import NamedTuple

from reconciler.core.model import ALL_FIELDS, NO_FIELDS, Base, Fields, Link, Policy
from reconciler.core.normalize import is_redacted, meeting_of_event, type_name
from reconciler.core.policy import starts_in_past
from reconciler.core.reasons import Reason
from reconciler.core.text import single_line
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import PrivateEvents
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side, Timed

_ONLY_THE_TIME: Fields = frozenset({MeetingField.SCHEDULE})
_WHEN_AND_BUSY: Fields = frozenset({MeetingField.SCHEDULE, MeetingField.BUSY})


class Changes(NamedTuple):
    """Fields that may be carried over; `held_back` says why others may not."""

    fields: Fields
    held_back: Reason | None = None


def shown_event(
    link: Link, event: EventSnapshot, policy: Policy, *, activity_type: str | None = None
) -> Meeting:
    """Canonical form of a linked event; one without a title keeps the name that it was given."""
    shown = meeting_of_event(event, policy, block=link.block)
    if single_line(event.title) or is_redacted(event, policy) or link.base is None:
        return shown
    present = activity_type or link.activity_type or policy.settings.save_events_as
    given = {present, link.activity_type or present, policy.settings.save_events_as}
    was = link.base.event.title
    title = was if was in {type_name(key) for key in given} else type_name(present)
    return shown.model_copy(update={"title": title})


def activity_edits(base: Base, activity: ActivitySnapshot, shown: Meeting) -> Fields:
    """Fields of an activity that somebody has changed."""
    fields = base.activity.changed_fields(shown)
    return fields - _ONLY_THE_TIME if has_other_default(base, activity, shown) else fields


def has_other_default(base: Base, activity: ActivitySnapshot, shown: Meeting) -> bool:
    """Whether an activity without a duration is of another length than it was, and no more."""
    before, now = base.activity.schedule, shown.schedule
    return (
        not activity.duration_minutes
        and isinstance(before, Timed)
        and isinstance(now, Timed)
        and before.start == now.start
        and before.end != now.end
    )


def closed_to_activity(event: EventSnapshot, policy: Policy) -> Changes:
    """Fields of an event that an edit of its activity can not reach, and why."""
    if is_redacted(event, policy):
        return Changes(ALL_FIELDS - _ONLY_THE_TIME, Reason.PRIVATE)
    if not event.is_organizer:
        return Changes(frozenset({MeetingField.GUESTS}), Reason.NOT_ORGANIZER)
    return Changes(NO_FIELDS)


def carried_event_changes(
    link: Link, event: EventSnapshot, shown: Meeting, policy: Policy, now: datetime
) -> Changes:
    """Edits of a linked event, as far as direction, time and privacy let them reach Pipedrive."""
    if link.base is None:
        return Changes(NO_FIELDS)
    fields = link.base.event.changed_fields(shown)
    if not fields:
        return Changes(NO_FIELDS)
    if not policy.two_way and link.origin is Side.CALENDAR:
        return Changes(NO_FIELDS, Reason.ONE_WAY)
    if starts_in_past(shown.schedule, policy, now) and starts_in_past(
        link.base.event.schedule, policy, now
    ):
        return Changes(NO_FIELDS, Reason.PAST)
    secret = event.private and policy.settings.private_events is not PrivateEvents.FULL
    if secret and not is_redacted(event, policy) and not fields <= _WHEN_AND_BUSY:
        return Changes(fields & _WHEN_AND_BUSY, Reason.PRIVATE)
    return Changes(fields)
