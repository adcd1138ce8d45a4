"""Carries commands out in memory the way the real writers do: once per revision, creates once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.contracts.commands import (
    CreateActivity,
    CreateEvent,
    DeleteActivity,
    DeleteEvent,
    UpdateActivity,
)
from tandem.contracts.events import Attendee, EventSnapshot
from tandem.contracts.meetings import MeetingField, Side
from tandem.contracts.outcomes import ActivityWritten, EventWritten, Rejection, WriteRejected

_ACTIVITY_FIELDS = {
    MeetingField.TITLE: ("subject",),
    MeetingField.SCHEDULE: ("due_date", "due_time", "duration_minutes"),
    MeetingField.DESCRIPTION: ("public_description",),
    MeetingField.LOCATION: ("location",),
    MeetingField.BUSY: ("busy",),
    MeetingField.GUESTS: ("guests",),
}


class Writers:
    """What both providers hold, and what the writers remember of their commands.

    `set_activity` and `set_event` change an item and give it the stamp of the moment.
    """

    def __init__(
        self,
        *,
        now: Callable[[], Any],
        set_activity: Callable[..., ActivitySnapshot],
        set_event: Callable[..., EventSnapshot],
    ) -> None:
        self.activities: dict[int, ActivitySnapshot] = {}
        self.events: dict[tuple[UUID, str], EventSnapshot] = {}
        self.writes = 0
        self._now = now
        self._set_activity = set_activity
        self._set_event = set_event
        self._outcomes: dict[tuple[UUID, Side], Any] = {}
        self._made: dict[tuple[UUID, int], int] = {}

    def carry_out(self, command: Any) -> Any:
        """The outcome of a command; None where a newer one of its link was carried out before."""
        side = side_of(command)
        before = self._outcomes.get((command.link_id, side))
        if before is not None and before.revision > command.revision:
            return None
        if before is not None and before.revision == command.revision:
            return before.model_copy(update={"message_id": uuid4()})
        made = self._to_crm(command) if side is Side.CRM else self._to_calendar(command)
        self._outcomes[command.link_id, side] = made
        self.writes += not isinstance(made, WriteRejected)
        return made

    def lose_answers(self) -> None:
        """What was carried out stays, but no writer knows of it."""
        self._outcomes.clear()

    def rejected(self, command: Any, rejection: Rejection, **more: Any) -> WriteRejected:
        """The outcome of a command that was not carried out."""
        return WriteRejected(
            **self._common(command), side=side_of(command), rejection=rejection, **more
        )

    def _common(self, command: Any) -> dict[str, Any]:
        moment = self._now()
        return {
            "message_id": uuid4(),
            "occurred_at": moment,
            "user": command.user,
            "connection_id": command.connection_id,
            "link_id": command.link_id,
            "revision": command.revision,
            "observed_at": moment,
        }

    def _to_crm(self, command: Any) -> Any:
        if isinstance(command, CreateActivity):
            return self._create_activity(command)
        known = self.activities.get(command.activity_id)
        if known is not None and command.is_outdated_by(known):
            return self.rejected(command, Rejection.STALE, activity=known)
        common = self._common(command) | {"activity_id": command.activity_id}
        if isinstance(command, DeleteActivity):
            self.activities.pop(command.activity_id, None)
            return ActivityWritten(**common, activity=None)
        if known is None:
            return self.rejected(command, Rejection.GONE)
        values = _activity_values(command.draft)
        wanted = {name for field in command.fields for name in _ACTIVITY_FIELDS[field]}
        changed = self._set_activity(
            command.activity_id, **{name: values[name] for name in sorted(wanted)}
        )
        return ActivityWritten(**common, activity=changed)

    def _create_activity(self, command: CreateActivity) -> Any:
        made = (command.link_id, command.generation)
        found = made in self._made
        if not found:
            self._made[made] = 1000 + len(self._made)
            self._set_activity(
                self._made[made],
                type=command.type,
                owner_id=command.user.user_id,
                **_activity_values(command.draft),
            )
        activity = self.activities.get(self._made[made])
        if activity is None:
            return self.rejected(command, Rejection.GONE)
        common = self._common(command)
        return ActivityWritten(
            **common, activity_id=self._made[made], activity=activity, found=found
        )

    def _to_calendar(self, command: Any) -> Any:
        place = command.connection_id
        if isinstance(command, CreateEvent):
            event_id = f"{command.link_id.hex[:8]}g{command.generation}"
            before = self.events.get((place, event_id))
            event = before or self._set_event(
                place,
                event_id,
                link_mark=str(command.link_id),
                **_event_values(command.meeting, frozenset(MeetingField)),
            )
            common = self._common(command) | {"found": before is not None}
            return EventWritten(**common, event_id=event_id, event=event)
        known = self.events.get((place, command.event_id))
        if known is not None and command.version not in {"", known.version}:
            return self.rejected(command, Rejection.STALE, event=known)
        common = self._common(command) | {"event_id": command.event_id}
        if isinstance(command, DeleteEvent):
            self.events.pop((place, command.event_id), None)
            return EventWritten(**common, event=None)
        if known is None:
            return self.rejected(command, Rejection.GONE)
        values = _event_values(command.meeting, command.fields)
        return EventWritten(**common, event=self._set_event(place, command.event_id, **values))


def side_of(command: Any) -> Side:
    is_crm = isinstance(command, CreateActivity | UpdateActivity | DeleteActivity)
    return Side.CRM if is_crm else Side.CALENDAR


def _activity_values(draft: Any) -> dict[str, Any]:
    return {
        "subject": draft.subject,
        "due_date": draft.due_date,
        "due_time": draft.due_time,
        "duration_minutes": draft.duration_minutes,
        "public_description": draft.public_description,
        "location": draft.location,
        "busy": draft.busy,
        "guests": tuple(Guest(email=email) for email in sorted(draft.guests)),
    }


def _event_values(meeting: Any, fields: frozenset[MeetingField]) -> dict[str, Any]:
    values: dict[str, Any] = {field.value: getattr(meeting, field) for field in fields}
    if "guests" in values:
        guests = values.pop("guests")
        values["attendees"] = tuple(Attendee(email=email) for email in sorted(guests))
    return values
