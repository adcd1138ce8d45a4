"""Connections and reports for the unit tests of settings-api."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from settings_api.connection import Connection
from tandem.contracts.connections import (
    ConnectionHealthReported,
    ConnectionSettings,
    HealthSignal,
    Provider,
)
from tandem.contracts.message import SyncUser

NOW = datetime(2027, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ID = UUID(int=7)


def connection(**changes: Any) -> Connection:
    """A connection that has been started."""
    fields: dict[str, Any] = {
        "connection_id": ID,
        "user": SyncUser(company_id=7, user_id=42),
        "provider": Provider.GOOGLE,
        "email": "anna@gmail.com",
        "owner_email": "anna@example.com",
        "owner_time_zone": "Europe/Oslo",
        "crm_credential_id": UUID(int=1),
        "crm_api_url": "https://north.pipedrive.com",
        "calendar_credential_id": UUID(int=2),
        "settings": ConnectionSettings(calendar_id="main"),
        "started": True,
    }
    return Connection(**{**fields, **changes})


def report(
    signal: HealthSignal,
    *,
    service: str = "calendar-ingest",
    at: datetime = NOW,
    detail: str = "",
) -> ConnectionHealthReported:
    """What a service noticed."""
    return ConnectionHealthReported(
        message_id=UUID(int=9),
        occurred_at=at,
        connection_id=ID,
        service=service,
        signal=signal,
        observed_at=at,
        detail=detail,
    )
