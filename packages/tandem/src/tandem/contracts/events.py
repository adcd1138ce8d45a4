"""What is known of a calendar event: hints that a calendar moved, observations of its events."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.meetings import Line, Name, Schedule, Text
from tandem.contracts.message import Contract, Message, UserMessage


class EventKind(StrEnum):
    """Ordinary events are synced; the others are the provider's own inventions."""

    ORDINARY = "ordinary"
    BIRTHDAY = "birthday"
    FOCUS_TIME = "focus_time"
    OUT_OF_OFFICE = "out_of_office"
    WORKING_LOCATION = "working_location"
    OTHER = "other"


class Response(StrEnum):
    """The calendar owner's own answer to an invitation."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class TextFormat(StrEnum):
    """How a description is written."""

    TEXT = "text"
    HTML = "html"


class Attendee(Contract):
    """One invited party; the e-mail is in lower case. `is_self` is the calendar's owner."""

    email: str
    name: Name = ""
    is_self: bool = False
    is_room: bool = False


class Series(Contract):
    """Where an occurrence belongs: the master's id, and the start it had by the rule."""

    series_id: str
    original_start: AwareDatetime | date


class EventSnapshot(Contract):
    """One event, or one occurrence of a series, as its provider shows it.

    `version` is what a conditional write needs (etag or change key). `updated_at` None means the
    provider did not tell. `link_mark` is the link id that we wrote into the event, if any.
    """

    event_id: str
    version: str = ""
    updated_at: AwareDatetime | None = None
    title: Line = ""
    schedule: Schedule
    time_zone: str | None = None
    description: Text = ""
    description_format: TextFormat = TextFormat.TEXT
    location: Line = ""
    conference_url: Line = ""
    busy: bool = True
    private: bool = False
    kind: EventKind = EventKind.ORDINARY
    response: Response = Response.NONE
    is_organizer: bool = True
    attendees: tuple[Attendee, ...] = ()
    link_mark: str | None = None
    series: Series | None = None
    url: str = ""


class HintCause(StrEnum):
    """Why a calendar is to be read."""

    PUSH = "push"
    SWEEP = "sweep"
    BACKFILL = "backfill"
    RESYNC = "resync"


class CalendarHinted(Message):
    """Something happened in the calendar of a connection; its changes have yet to be read."""

    kind: Literal["calendar_hinted"] = "calendar_hinted"
    connection_id: UUID
    cause: HintCause

    @property
    def key(self) -> str:
        """Kafka key, the connection."""
        return str(self.connection_id)


class EventObserved(UserMessage):
    """The state of an event was read; see `ActivityObserved.observed_at`.

    `formerly` is the id of an occurrence of the same series that has become this one, since it was
    moved to another time. Of that one is told as gone afterwards.
    """

    kind: Literal["event_observed"] = "event_observed"
    connection_id: UUID
    calendar_id: str
    event: EventSnapshot
    observed_at: AwareDatetime
    formerly: str | None = None


class EventGone(UserMessage):
    """An event was deleted or cancelled: an explicit tombstone of the provider."""

    kind: Literal["event_gone"] = "event_gone"
    connection_id: UUID
    calendar_id: str
    event_id: str
    updated_at: AwareDatetime | None = None
    observed_at: AwareDatetime


class CalendarResynced(UserMessage):
    """All events of the calendar were observed, in messages before this one."""

    kind: Literal["calendar_resynced"] = "calendar_resynced"
    connection_id: UUID
    calendar_id: str
    observed_at: AwareDatetime


EventMessage = Annotated[EventObserved | EventGone | CalendarResynced, Field(discriminator="kind")]
EVENT_MESSAGES: TypeAdapter[EventMessage] = TypeAdapter(EventMessage)
