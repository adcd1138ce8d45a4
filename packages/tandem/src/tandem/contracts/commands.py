"""Writes that the reconciler asks for. A command says what to reach, never how.

`link_id` with `generation` names the item for good: repeating a create makes no second one.
`revision` is the link's; the outcome repeats it, and a writer that has carried out a newer one
drops the older.
"""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.activities import ActivitySnapshot
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


class SeenActivityCommand(LinkCommand):
    """What changes an activity only if it still is what the decision was based on.

    `seen_at` and `seen_fingerprint` are that snapshot's; stamps have whole seconds, so the
    fingerprint tells what was modified within one (empty: only the stamp counts).
    """

    activity_id: int
    seen_at: AwareDatetime
    seen_fingerprint: str = ""

    def is_outdated_by(self, present: ActivitySnapshot) -> bool:
        """Whether the activity was modified since; an older reading of it says nothing."""
        if present.updated_at != self.seen_at:
            return present.updated_at > self.seen_at
        return self.seen_fingerprint not in {"", present.fingerprint}


class UpdateActivity(SeenActivityCommand):
    """Change `fields` of an activity."""

    kind: Literal["update_activity"] = "update_activity"
    fields: frozenset[MeetingField]
    draft: ActivityDraft


class DeleteActivity(SeenActivityCommand):
    """Delete an activity."""

    kind: Literal["delete_activity"] = "delete_activity"


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
