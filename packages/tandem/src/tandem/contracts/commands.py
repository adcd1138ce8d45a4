"""Writes that the reconciler asks for. A command says what to reach, never how.

`link_id` with `generation` names the item for good: repeating a create makes no second one.
`revision` is the link's; the outcome repeats it, and a writer that has carried out a newer one
drops the older.
"""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.meetings import Meeting, MeetingField
from tandem.contracts.message import Contract, UserMessage


class ActivityDraft(Contract):
    """Values for an activity, in Pipedrive's terms: UTC times, minutes. See `ActivitySnapshot`.

    In an update only the fields named by the command's `fields` count.
    """

    subject: str = ""
    due_date: date | None = None
    due_time: time | None = None
    duration_minutes: int | None = None
    public_description: str = ""
    location: str = ""
    busy: bool | None = None
    guests: frozenset[str] = frozenset()


class LinkCommand(UserMessage):
    """What all commands share. `backfill` writes wait behind the others and never mail anybody."""

    connection_id: UUID
    link_id: UUID
    revision: Annotated[int, Field(ge=1)]
    backfill: bool = False


class CreateActivity(LinkCommand):
    """Make an activity of type `type`, owned by the sync user."""

    kind: Literal["create_activity"] = "create_activity"
    generation: Annotated[int, Field(ge=0)]
    type: str
    draft: ActivityDraft


class UpdateActivity(LinkCommand):
    """Change `fields` of an activity, unless it was modified after `seen_at`.

    `seen_at` is the `updated_at` that the decision was based on.
    """

    kind: Literal["update_activity"] = "update_activity"
    activity_id: int
    seen_at: AwareDatetime
    fields: frozenset[MeetingField]
    draft: ActivityDraft


class DeleteActivity(LinkCommand):
    """Delete an activity, unless it was modified after `seen_at`."""

    kind: Literal["delete_activity"] = "delete_activity"
    activity_id: int
    seen_at: AwareDatetime


class CalendarCommand(LinkCommand):
    """What all calendar commands share; their key is the connection (one mailbox, one writer)."""

    calendar_id: str

    @property
    def key(self) -> str:
        """Kafka key, the connection."""
        return str(self.connection_id)


class CreateEvent(CalendarCommand):
    """Make an event, marked with `link_id`, shown in `time_zone` (IANA name)."""

    kind: Literal["create_event"] = "create_event"
    generation: Annotated[int, Field(ge=0)]
    meeting: Meeting
    time_zone: str
    invite_guests: bool = False


class UpdateEvent(CalendarCommand):
    """Change `fields` of an event, only if it still has `version`."""

    kind: Literal["update_event"] = "update_event"
    event_id: str
    version: str
    fields: frozenset[MeetingField]
    meeting: Meeting
    time_zone: str
    invite_guests: bool = False


class DeleteEvent(CalendarCommand):
    """Delete an event, only if it still has `version` (empty: whatever it has)."""

    kind: Literal["delete_event"] = "delete_event"
    event_id: str
    version: str
    invite_guests: bool = False


ActivityCommand = Annotated[
    CreateActivity | UpdateActivity | DeleteActivity, Field(discriminator="kind")
]
ACTIVITY_COMMANDS: TypeAdapter[ActivityCommand] = TypeAdapter(ActivityCommand)
EventCommand = Annotated[CreateEvent | UpdateEvent | DeleteEvent, Field(discriminator="kind")]
EVENT_COMMANDS: TypeAdapter[EventCommand] = TypeAdapter(EventCommand)
