"""How a connection looks in the REST API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from settings_api.connection import CALENDAR_SERVICE, CRM_SERVICE, Connection
from tandem.contracts.connections import (
    ConflictWinner,
    ConnectionStatus,
    Direction,
    HealthSignal,
    PrivateEvents,
    Provider,
)

PushOf = Literal["pipedrive", "calendar"]


class ShownSettings(BaseModel):
    """The settings; `synced_types` null: all active types. `save_events_as` is null in one-way."""

    calendar_id: str
    direction: Direction
    synced_types: list[str] | None
    save_events_as: str | None
    include_deal_contact_info: bool
    private_events: PrivateEvents
    default_duration_minutes: int
    invite_guests: bool
    conflict_winner: ConflictWinner
    horizon_days: int
    paused: bool


class ShownPush(BaseModel):
    """Whether a provider's push works; `unknown` before it was tried."""

    state: Literal["up", "down", "unknown"]
    detail: str = ""


class ShownConnection(BaseModel):
    """A connection; `reconnect` names the accounts that must be connected again."""

    id: UUID
    provider: Provider
    email: str
    status: ConnectionStatus
    reconnect: list[str]
    settings: ShownSettings
    push: dict[PushOf, ShownPush]
    last_synced: datetime | None
    revision: int


class ConnectionList(BaseModel):
    """The user's connections."""

    items: list[ShownConnection]


def shown(connection: Connection) -> ShownConnection:
    """A connection as the API answers it."""
    settings = connection.settings
    two_way = settings.direction is Direction.TWO_WAY
    return ShownConnection(
        id=connection.connection_id,
        provider=connection.provider,
        email=connection.email,
        status=connection.status,
        reconnect=connection.lost_accounts,
        settings=ShownSettings(
            **settings.model_dump(exclude={"synced_types", "save_events_as"}),
            synced_types=sorted(settings.synced_types)
            if settings.synced_types is not None
            else None,
            save_events_as=settings.save_events_as if two_way else None,
        ),
        push=shown_push(connection),
        last_synced=connection.last_synced,
        revision=connection.revision,
    )


def shown_push(connection: Connection) -> dict[PushOf, ShownPush]:
    """How push of both sides is."""
    return {
        "pipedrive": _push(connection, CRM_SERVICE),
        "calendar": _push(connection, CALENDAR_SERVICE),
    }


def _push(connection: Connection, service: str) -> ShownPush:
    report = connection.push_of(service)
    if report is None:
        return ShownPush(state="unknown")
    up = report.signal is HealthSignal.PUSH_UP
    return ShownPush(state="up" if up else "down", detail=report.detail)
