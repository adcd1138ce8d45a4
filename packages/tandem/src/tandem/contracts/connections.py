"""What settings-api tells the others about connections, and what they report back."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter

from tandem.contracts.message import Contract, Message, SyncUser


class Provider(StrEnum):
    """Kinds of calendar account."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    EXCHANGE = "exchange"


class Direction(StrEnum):
    """Which way changes flow."""

    TWO_WAY = "two_way"
    ONE_WAY = "one_way"


class PrivateEvents(StrEnum):
    """What becomes of an event marked private."""

    REDACT = "redact"
    SKIP = "skip"
    FULL = "full"


class ConflictWinner(StrEnum):
    """Who wins when both sides changed the same field."""

    LATEST = "latest"
    CRM = "crm"
    CALENDAR = "calendar"


class ConnectionStatus(StrEnum):
    """Life of a connection."""

    SETTING_UP = "setting_up"
    ACTIVE = "active"
    PAUSED = "paused"
    RECONNECT_NEEDED = "reconnect_needed"
    NEEDS_CONFIRMATION = "needs_confirmation"
    CALENDAR_GONE = "calendar_gone"


class ConnectionSettings(Contract):
    """The user's choices for one connection; `synced_types` None means all active types."""

    calendar_id: str
    direction: Direction = Direction.TWO_WAY
    synced_types: frozenset[str] | None = None
    save_events_as: str = "meeting"
    include_deal_contact_info: bool = False
    private_events: PrivateEvents = PrivateEvents.REDACT
    default_duration_minutes: Annotated[int, Field(ge=5, le=1439)] = 30
    invite_guests: bool = False
    conflict_winner: ConflictWinner = ConflictWinner.LATEST
    horizon_days: Annotated[int, Field(ge=1, le=366)] = 90
    paused: bool = False


class ConnectionChanged(Message):
    """The whole present state of a connection; the last one per connection is kept.

    `revision` grows with every change, so an older one that arrives late is dropped.
    `crm_credential_id` and `calendar_credential_id` name rows of the credential store.
    `remove_events`: when the present calendar was chosen, the events that we had made in the former
    one were to be removed.
    """

    kind: Literal["connection_changed"] = "connection_changed"
    connection_id: UUID
    revision: Annotated[int, Field(ge=1)]
    user: SyncUser
    crm_credential_id: UUID
    crm_api_url: str
    calendar_credential_id: UUID
    provider: Provider
    email: str
    owner_email: str
    owner_time_zone: str
    status: ConnectionStatus
    settings: ConnectionSettings
    remove_events: bool = False

    @property
    def key(self) -> str:
        """Kafka key, the connection."""
        return str(self.connection_id)


class ConnectionRemoved(Message):
    """The user disconnected; `remove_events` asks to remove the events that we made first."""

    kind: Literal["connection_removed"] = "connection_removed"
    connection_id: UUID
    revision: Annotated[int, Field(ge=1)]
    user: SyncUser
    remove_events: bool = False

    @property
    def key(self) -> str:
        """Kafka key, the connection."""
        return str(self.connection_id)


ConnectionMessage = Annotated[ConnectionChanged | ConnectionRemoved, Field(discriminator="kind")]
CONNECTION_MESSAGES: TypeAdapter[ConnectionMessage] = TypeAdapter(ConnectionMessage)


class HealthSignal(StrEnum):
    """What a service noticed about a connection; `RELEASED`: nothing needs its account any more."""

    GRANT_LOST = "grant_lost"
    GRANT_RESTORED = "grant_restored"
    CALENDAR_GONE = "calendar_gone"
    PUSH_UP = "push_up"
    PUSH_DOWN = "push_down"
    SYNCED = "synced"
    RELEASED = "released"
    DELETIONS_HELD = "deletions_held"
    DELETIONS_SETTLED = "deletions_settled"


class ConnectionHealthReported(Message):
    """A service tells what it noticed about a connection; settings-api shows it to the user."""

    kind: Literal["connection_health_reported"] = "connection_health_reported"
    connection_id: UUID
    service: str
    signal: HealthSignal
    observed_at: AwareDatetime
    detail: str = ""

    @property
    def key(self) -> str:
        """Kafka key, the connection."""
        return str(self.connection_id)
