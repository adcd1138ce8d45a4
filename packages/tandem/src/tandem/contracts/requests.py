"""Requests for reading a whole side of a connection again."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from tandem.contracts.message import UserMessage


class Scope(StrEnum):
    """Which sides are to be read again."""

    BOTH = "both"
    CRM = "crm"
    CALENDAR = "calendar"


class BackfillRequested(UserMessage):
    """A connection is new (or has another calendar): read everything, mail nobody."""

    kind: Literal["backfill_requested"] = "backfill_requested"
    connection_id: UUID
    scope: Scope = Scope.BOTH


class ResyncRequested(UserMessage):
    """Read both sides of a connection again, because something may have been missed."""

    kind: Literal["resync_requested"] = "resync_requested"
    connection_id: UUID
    scope: Scope = Scope.BOTH


RequestMessage = Annotated[BackfillRequested | ResyncRequested, Field(discriminator="kind")]
REQUEST_MESSAGES: TypeAdapter[RequestMessage] = TypeAdapter(RequestMessage)
