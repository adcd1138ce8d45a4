"""What is read of an activity, and what is not."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from crm_ingest.adapters.pipedrive.readings import reading_of
from crm_ingest.observations import Observations
from tandem.contracts.message import SyncUser

ACTIVITY = {
    "id": 5,
    "owner_id": 42,
    "creator_user_id": 42,
    "type": "meeting",
    "subject": "Talk",
    "note": "<p>They will not renew</p>",
    "public_description": "Agenda",
    "priority": 7,
    "deal_id": 3,
    "update_time": "2031-03-04T09:00:00Z",
    "add_time": "2031-03-04T08:00:00Z",
}


@pytest.mark.rule("5.10")
@pytest.mark.rule("5.10")
def test_the_note_of_an_activity_is_in_nothing_that_is_told():
    reading = reading_of(ACTIVITY)
    assert "renew" not in repr(reading)
    told = Observations(uuid4).observed(
        SyncUser(company_id=7, user_id=42),
        reading,
        datetime(2031, 3, 4, 9, tzinfo=UTC),
        contact=None,
        trace=None,
    )
    assert b"Agenda" in told.value
    assert b"renew" not in told.value
