"""The envelope that every Kafka message carries, and who it is about."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Contract(BaseModel):
    """A frozen value; unknown fields are ignored, so a newer producer breaks no older consumer.

    An error names fields, never what was in them: that may be personal.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class SyncUser(Contract):
    """One Pipedrive user of one company, the unit of ordering and of locking."""

    company_id: Annotated[int, Field(gt=0)]
    user_id: Annotated[int, Field(gt=0)]

    @property
    def key(self) -> str:
        """Kafka key, `company:user`; ids only, never personal data."""
        return f"{self.company_id}:{self.user_id}"


class Message(Contract):
    """Identity and time of a message; the id makes a repeated delivery harmless."""

    message_id: UUID
    occurred_at: AwareDatetime

    @property
    def key(self) -> str:
        """Kafka key of this message."""
        raise NotImplementedError


class UserMessage(Message):
    """A message about one sync user."""

    user: SyncUser

    @property
    def key(self) -> str:
        """Kafka key, `company:user`."""
        return self.user.key


Stamp = datetime
"""Moment of the last modification as the provider tells it; compared only with its own kind."""
