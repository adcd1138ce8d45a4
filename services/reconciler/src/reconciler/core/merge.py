"""Merges both sides field by field over the state on which they last agreed."""

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.changes import (
    activity_edits,
    carried_event_changes,
    closed_to_activity,
    has_other_default,
)
from reconciler.core.model import NO_FIELDS, Base, Fields, Link, Policy
from reconciler.core.normalize import as_activity_shows, is_redacted
from reconciler.core.policy import starts_in_past
from reconciler.core.reasons import Reason
from reconciler.core.text import single_line
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import ConflictWinner
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides as they are, in the vendors' shape and in canonical form, over their base."""

    link: Link
    base: Base
    activity: ActivitySnapshot
    event: EventSnapshot
    shown_a: Meeting
    shown_e: Meeting

    @property
    def based_link(self) -> Link:
        """The link with the base that both sides are compared over."""
        return self.link if self.link.base is not None else replace(self.link, base=self.base)


@dataclass(frozen=True, slots=True)
class Merge:
    """Where each changed field goes. `agreed` fields need no write: both sides say the same.

    `put_back` are those of `to_activity` that were edited where they may not be.
    """

    to_event: Fields
    to_activity: Fields
    agreed: Fields
    conflicts: Fields
    held_back: Reason | None
    put_back: Fields = NO_FIELDS


def merge(pair: Pair, policy: Policy, now: datetime) -> Merge:
    """Decide about each field that was changed on either side."""
    from_a = activity_edits(pair.base, pair.activity, pair.shown_a)
    from_e, held_back = carried_event_changes(
        pair.based_link, pair.event, pair.shown_e, policy, now
    )
    if MeetingField.SCHEDULE not in from_e and _wants_new_length(pair, policy, now):
        from_a |= {MeetingField.SCHEDULE}
    if not from_a and not from_e:
        return Merge(NO_FIELDS, NO_FIELDS, NO_FIELDS, NO_FIELDS, held_back)
    closed, why_closed = closed_to_activity(pair.event, policy)
    crm_wins = _winner(pair, policy) is Side.CRM
    shown = as_activity_shows(pair.shown_e)
    to_event: set[MeetingField] = set()
    to_activity: set[MeetingField] = set()
    agreed: set[MeetingField] = set()
    conflicts: set[MeetingField] = set()
    for field in from_a | from_e:
        if says_the_same(pair, shown, field, policy) or (
            field is MeetingField.GUESTS and _agree_on_guests(pair, from_a, from_e)
        ):
            agreed.add(field)
        elif field not in from_a:
            to_activity.add(field)
        elif field not in from_e:
            if field in closed:
                held_back = held_back or why_closed
            else:
                to_event.add(field)
        else:
            conflicts.add(field)
            (to_event if crm_wins and field not in closed else to_activity).add(field)
    return Merge(
        to_event=frozenset(to_event),
        to_activity=frozenset(to_activity),
        agreed=frozenset(agreed),
        conflicts=frozenset(conflicts),
        held_back=held_back,
    )


def says_the_same(pair: Pair, shown: Meeting, field: MeetingField, policy: Policy) -> bool:
    """Whether a write would tell the event nothing; `shown` is what an activity can show of it."""
    wanted = getattr(pair.shown_a, field)
    if wanted == getattr(shown, field):
        return True
    # A conference link stands in for a location that the event does not have.
    own_location = single_line(pair.event.location)
    return (
        field is MeetingField.LOCATION
        and wanted == own_location
        and pair.base.event.location == pair.shown_e.location
        and not is_redacted(pair.event, policy)
    )


def guests_after_edit(pair: Pair, side: Side) -> frozenset[str]:
    """Guests of a side after what was done to the other one's list; who is only here stays.

    The lists may differ for good: a provider that would mail its guests is not told of them.
    """
    was, now, there = (
        (pair.base.event, pair.shown_e, pair.shown_a)
        if side is Side.CRM
        else (pair.base.activity, pair.shown_a, pair.shown_e)
    )
    left, came = was.guests - now.guests, now.guests - was.guests
    return (there.guests - left) | came


def _agree_on_guests(pair: Pair, from_a: Fields, from_e: Fields) -> bool:
    """Whether each side has what was done to the guests of the other one, if that is carried."""
    return all(
        MeetingField.GUESTS not in edits or guests_after_edit(pair, side) == shown.guests
        for side, edits, shown in (
            (Side.CALENDAR, from_a, pair.shown_e),
            (Side.CRM, from_e, pair.shown_a),
        )
    )


def _wants_new_length(pair: Pair, policy: Policy, now: datetime) -> bool:
    """Whether another default duration is to be shown: only ahead, and only where the old one is.

    That is no edit of anybody's, so it yields to one of the event's time.
    """
    return (
        has_other_default(pair.base, pair.activity, pair.shown_a)
        and pair.base.event.schedule == pair.base.activity.schedule
        and not starts_in_past(pair.shown_a.schedule, policy, now)
    )


def _winner(pair: Pair, policy: Policy) -> Side:
    """Who wins a true conflict; on a tie, or where the calendar tells no time, Pipedrive."""
    match policy.settings.conflict_winner:
        case ConflictWinner.CRM:
            return Side.CRM
        case ConflictWinner.CALENDAR:
            return Side.CALENDAR
        case ConflictWinner.LATEST:
            return later_edited(pair.activity, pair.event)


def later_edited(activity: ActivitySnapshot, event: EventSnapshot) -> Side:
    """The side that was modified last. Pipedrive's stamps have whole seconds only."""
    stamp = event.updated_at
    later = stamp is not None and stamp.replace(microsecond=0) > (
        activity.updated_at.replace(microsecond=0)
    )
    return Side.CALENDAR if later else Side.CRM
