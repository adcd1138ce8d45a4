"""What two sides at rest may differ in, and for which reasons; whatever else differs was lost.

A reason excuses nothing by being told: its condition must hold, and it excuses only the fields
that it is about.
"""

from dataclasses import dataclass

from tests.property.world import World

from reconciler.core.changes import has_other_default, shown_event
from reconciler.core.model import ALL_FIELDS, NO_FIELDS, Base, Fields, Link, Policy
from reconciler.core.normalize import as_activity_shows, meeting_of_activity
from reconciler.core.policy import starts_in_past, type_is_synced
from reconciler.core.reasons import Reason
from reconciler.core.text import single_line
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import PrivateEvents
from tandem.contracts.events import EventSnapshot, Response
from tandem.contracts.meetings import Meeting, MeetingField, Schedule, Side

_SCHEDULE: Fields = frozenset({MeetingField.SCHEDULE})
_BUSY: Fields = frozenset({MeetingField.BUSY})
_GUESTS: Fields = frozenset({MeetingField.GUESTS})
_LOCATION: Fields = frozenset({MeetingField.LOCATION})


def assert_both_agree(world: World) -> None:
    """Both sides show the same, but for what a reason whose condition holds keeps apart."""
    rest, reason = _rest_of(world), world.plan().reason
    excused = rest.excused()
    assert reason is Reason.NO_CHANGE or reason in excused, (reason, excused)
    wanted = rest.wanted
    if wanted is None:
        return
    allowed = _always_apart(rest, wanted)
    if reason is not Reason.NO_CHANGE:
        allowed = allowed.union(*excused.values())
    apart = as_activity_shows(rest.shown).changed_fields(wanted)
    assert apart <= allowed, (reason, apart - allowed)


@dataclass(frozen=True)
class _Rest:
    """Both sides of a link that is at rest."""

    link: Link
    base: Base
    activity: ActivitySnapshot
    event: EventSnapshot
    shown: Meeting
    wanted: Meeting | None
    world: World

    def excused(self) -> dict[Reason, Fields]:
        """Each reason whose condition holds, with the fields that it may keep apart."""
        return {
            reason: fields
            for reason, holds, fields in (
                (Reason.OWNER_CHANGED, self.activity.owner_id != self._policy.user_id, ALL_FIELDS),
                (Reason.NO_DUE_DATE, self.activity.due_date is None, ALL_FIELDS),
                (Reason.TYPE_NOT_SYNCED, self._unticked, ALL_FIELDS),
                (Reason.DECLINED, self._declined, ALL_FIELDS),
                (Reason.ONE_WAY, not self._policy.two_way and self._from_calendar, self._edits_e),
                (Reason.PAST, self._was_and_is_past, self._edits_e),
                (Reason.PRIVATE, self._secret, self._secrets),
                (Reason.NOT_ORGANIZER, not self.event.is_organizer, self._edits_a & _GUESTS),
            )
            if holds
        }

    @property
    def _policy(self) -> Policy:
        return self.world.rules

    @property
    def _from_calendar(self) -> bool:
        return self.link.origin is Side.CALENDAR

    @property
    def _unticked(self) -> bool:
        return not type_is_synced(self.activity.type, self._policy)

    @property
    def _declined(self) -> bool:
        return self.event.response is Response.DECLINED and self._from_calendar

    @property
    def _was_and_is_past(self) -> bool:
        return self._is_past(self.shown.schedule) and self._is_past(self.base.event.schedule)

    def _is_past(self, schedule: Schedule) -> bool:
        return starts_in_past(schedule, self._policy, self.world.now)

    @property
    def _secret(self) -> bool:
        hidden = self._policy.settings.private_events is not PrivateEvents.FULL
        return self.event.private and hidden

    @property
    def _secrets(self) -> Fields:
        """Of a private event of ours, what is written into it; of another, what is not told."""
        if self.event.link_mark is not None:
            return self._edits_e - _SCHEDULE - _BUSY
        return self._edits_a - _SCHEDULE

    @property
    def _edits_a(self) -> Fields:
        return self.base.activity.changed_fields(self.wanted) if self.wanted else NO_FIELDS

    @property
    def _edits_e(self) -> Fields:
        return self.base.event.changed_fields(self.shown)


def _rest_of(world: World) -> _Rest:
    link, activity, event = world.link, world.activity, world.event
    assert link is not None
    assert link.base is not None
    assert isinstance(activity, ActivitySnapshot)
    assert isinstance(event, EventSnapshot)
    shown = shown_event(link, event, world.rules, activity_type=activity.type)
    wanted = meeting_of_activity(activity, world.rules)
    return _Rest(link, link.base, activity, event, shown, wanted, world)


def _always_apart(rest: _Rest, wanted: Meeting) -> Fields:
    """What differs although both sides agree.

    A new default duration is shown only ahead, and only where the old one is. A conference link
    stands in for a location in the activity, unless the user took it out there. Who is a guest on
    one side only stays there through an edit of the other side's guests.
    """
    apart: set[MeetingField] = set()
    if has_other_default(rest.base, rest.activity, wanted):
        over = starts_in_past(wanted.schedule, rest.world.rules, rest.world.now)
        if over or rest.base.event.schedule != rest.base.activity.schedule:
            apart |= _SCHEDULE
    if rest.event.conference_url and single_line(rest.event.location) == wanted.location:
        apart |= _LOCATION
    if rest.base.activity.guests != rest.base.event.guests:
        apart |= _GUESTS
    return frozenset(apart)
