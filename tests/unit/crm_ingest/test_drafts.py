"""An activity is compared with a draft as both are meant, not as they are spelt."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from crm_ingest.drafts import differing_fields
from tandem.contracts.activities import ActivitySnapshot, Guest
from tandem.contracts.commands import ActivityDraft
from tandem.contracts.meetings import MeetingField

ALL = frozenset(MeetingField)
NOW = datetime(2030, 1, 7, tzinfo=UTC)
ACTIVITY = ActivitySnapshot(
    activity_id=1,
    owner_id=2,
    type="meeting",
    subject="Lunch",
    due_date=date(2031, 3, 4),
    due_time=time(9, 30),
    duration_minutes=45,
    busy=True,
    location="Pier 2",
    public_description="Text",
    guests=(Guest(email="guest@example.com"),),
    added_at=NOW,
    updated_at=NOW,
)
DRAFT = ActivityDraft(
    subject="Lunch",
    due_date=date(2031, 3, 4),
    due_time=time(9, 30),
    duration_minutes=45,
    busy=True,
    location="Pier 2",
    public_description="Text",
    guests=frozenset({"guest@example.com"}),
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": "Lunch "},
        {"due_time": time(9, 30, 15)},
        {"public_description": "Text\n"},
        {"busy": None},
    ],
)
def test_what_means_the_same_differs_in_nothing(changes: dict[str, Any]):
    assert differing_fields(ACTIVITY, DRAFT.model_copy(update=changes), ALL) == frozenset()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "Dinner"}, MeetingField.TITLE),
        ({"due_date": date(2031, 3, 5)}, MeetingField.SCHEDULE),
        ({"due_time": None}, MeetingField.SCHEDULE),
        ({"duration_minutes": None}, MeetingField.SCHEDULE),
        ({"public_description": ""}, MeetingField.DESCRIPTION),
        ({"location": ""}, MeetingField.LOCATION),
        ({"busy": False}, MeetingField.BUSY),
        ({"guests": frozenset()}, MeetingField.GUESTS),
    ],
)
def test_a_difference_is_found_where_it_is_looked_for(changes: dict[str, Any], field: MeetingField):
    draft = DRAFT.model_copy(update=changes)
    assert differing_fields(ACTIVITY, draft, ALL) == {field}
    assert differing_fields(ACTIVITY, draft, ALL - {field}) == frozenset()
