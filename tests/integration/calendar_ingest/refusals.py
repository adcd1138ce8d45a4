"""Commands to an owner's mailbox, carried out as the writer does, whatever the provider answers."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.integration.calendar_ingest.providers import ExchangeOwner, MicrosoftOwner

from calendar_ingest.writes import Writes
from tandem.contracts.meetings import Meeting, Timed
from tandem.contracts.message import SyncUser

START = datetime(2031, 3, 4, 9, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START.replace(hour=10)))

Owner = ExchangeOwner | MicrosoftOwner


def writes_of(owner: Owner) -> Writes:
    """Writes to the owner's account."""
    return Writes(
        calendars=owner.access.calendars,
        credential_id=owner.calendar.account.credential_id,
        new_id=uuid4,
        now=lambda: datetime.now(UTC),
    )


def to_calendar_of(owner: Owner) -> dict[str, Any]:
    """What every command to the owner's calendar tells."""
    return {
        "message_id": uuid4(),
        "occurred_at": START,
        "user": SyncUser(company_id=7, user_id=42),
        "connection_id": uuid4(),
        "link_id": uuid4(),
        "revision": 1,
        "calendar_id": owner.calendar.calendar_id,
    }
