"""Values that the reconciler's unit tests start from."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from reconciler.connection import Connection
from reconciler.core.model import Base, Link, Pending, Verb
from reconciler.core.reasons import Reason
from reconciler.repository.links import KeptLink
from tandem.contracts.activities import ActivitySnapshot
from tandem.contracts.connections import (
    ConnectionChanged,
    ConnectionSettings,
    ConnectionStatus,
    Provider,
)
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Side, Timed
from tandem.contracts.message import SyncUser

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
USER = SyncUser(company_id=7, user_id=70)
PLACE = UUID(int=1)
MEETING = Meeting(title="Visit", schedule=Timed(start=NOW, end=NOW + timedelta(hours=1)))
ACTIVITY = ActivitySnapshot(
    activity_id=5,
    owner_id=70,
    type="call",
    due_date=date(2026, 3, 4),
    due_time=time(9, 0),
    added_at=NOW,
    updated_at=NOW,
)
EVENT = EventSnapshot(event_id="e", version="etag", schedule=MEETING.schedule)


def told(**changes):
    """A connection's state; `settings` are merged into the usual ones."""
    settings = {"calendar_id": "main"} | changes.pop("settings", {})
    return ConnectionChanged.model_validate(
        {
            "message_id": UUID(int=9),
            "occurred_at": NOW,
            "connection_id": PLACE,
            "revision": 1,
            "user": USER,
            "crm_credential_id": UUID(int=2),
            "crm_api_url": "https://example.com",
            "calendar_credential_id": UUID(int=3),
            "provider": Provider.GOOGLE,
            "email": "Mailbox@example.com",
            "owner_email": "owner@example.com",
            "owner_time_zone": "Europe/Berlin",
            "status": ConnectionStatus.ACTIVE,
            "settings": ConnectionSettings.model_validate(settings),
            **changes,
        }
    )


def connection(**changes):
    """A started connection."""
    values: dict[str, Any] = {"told": told(), "both_read": True, "started": True} | changes
    return Connection(PLACE, USER, revision=1, **values)


def pending(verb=Verb.CREATE, **changes):
    """A write under way."""
    values: dict[str, Any] = {"agreed": MEETING, "after": MEETING} | changes
    return Pending(verb, frozenset(MeetingField), Reason.CREATED, 1, **values)


def link(number=1, **changes):
    """A living link of an activity and an event."""
    values: dict[str, Any] = {
        "origin": Side.CRM,
        "activity_id": 5,
        "event_id": "e",
        "revision": 4,
        "base": Base(activity=MEETING, event=MEETING),
    } | changes
    return Link(UUID(int=100 + number), **values)


def kept(number=1, **changes):
    """The same, as it is kept."""
    return KeptLink(PLACE, link(number, **changes))
