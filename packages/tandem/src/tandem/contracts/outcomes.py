"""What became of a command. `revision` repeats the command's."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Side
from tandem.contracts.message import UserMessage


class Rejection(StrEnum):
    """Why a command was not carried out.

    `STALE`: the item has changed since the decision; `activity`/`event` of the outcome holds what
    it is now. `GONE`: the item does not exist any more. The others rest until something changes.
    """

    STALE = "stale"
    GONE = "gone"
    REFUSED = "refused"
    NOT_ORGANIZER = "not_organizer"
    AUTH_LOST = "auth_lost"
    CALENDAR_GONE = "calendar_gone"


class LinkOutcome(UserMessage):
    """What all outcomes share."""

    connection_id: UUID
    link_id: UUID
    revision: int
    observed_at: AwareDatetime


class ActivityWritten(LinkOutcome):
    """The activity was created or updated (`activity` is what came back) or deleted (None).

    `found`: an earlier try of the create has made it, so its owner may have edited it since.
    `likely`: so it seems, since nothing else is like what was to be made; where it is known to be
    somebody else's, another one is to be made.
    """

    kind: Literal["activity_written"] = "activity_written"
    activity_id: int
    activity: ActivitySnapshot | None
    found: bool = False
    likely: bool = False


class EventWritten(LinkOutcome):
    """The event was created or updated (`event` is what came back) or deleted (None).

    `found`: an earlier try of the create has made it, so its owner may have edited it since.
    """

    kind: Literal["event_written"] = "event_written"
    event_id: str
    event: EventSnapshot | None
    found: bool = False


class WriteRejected(LinkOutcome):
    """The command was not carried out, for good. `detail` is the provider's own short reason."""

    kind: Literal["write_rejected"] = "write_rejected"
    side: Side
    rejection: Rejection
    detail: str = ""
    activity: ActivitySnapshot | None = None
    event: EventSnapshot | None = None


OutcomeMessage = Annotated[
    ActivityWritten | EventWritten | WriteRejected, Field(discriminator="kind")
]
OUTCOME_MESSAGES: TypeAdapter[OutcomeMessage] = TypeAdapter(OutcomeMessage)
