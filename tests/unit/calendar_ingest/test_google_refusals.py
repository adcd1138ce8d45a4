"""Every error that Google documents, and what it comes to for the item of a command.

What the user is shown of an outcome is the reconciler's: the reason of a rejection with its
detail; a `Retryable` delays the item and shows nothing.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from tests.unit.calendar_ingest.google_script import (
    ACCOUNT,
    CALENDAR,
    Script,
    StillClock,
    access,
    error,
    item,
)

from calendar_ingest.writes import Writes
from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.message import SyncUser
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.runtime.failures import Retryable

START = datetime(2031, 3, 4, 12, tzinfo=UTC)
MEETING = Meeting(title="Lunch", schedule=Timed(start=START, end=START))
THERE = httpx.Response(200, json=item())
CALENDAR_THERE = httpx.Response(200, json={"id": CALENDAR.calendar_id})


@pytest.fixture
def writes(script: Script) -> Writes:
    clock = StillClock()
    return Writes(
        calendars=access(script, clock).calendars,
        credential_id=ACCOUNT.credential_id,
        new_id=uuid4,
        now=clock.now,
    )


def _common() -> dict[str, object]:
    return {
        "message_id": uuid4(),
        "occurred_at": START,
        "user": SyncUser(company_id=7, user_id=42),
        "connection_id": uuid4(),
        "link_id": UUID(int=7),
        "revision": 1,
        "calendar_id": CALENDAR.calendar_id,
    }


def _update() -> UpdateEvent:
    return UpdateEvent(
        event_id="abc",
        version='"1"',
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING,
        time_zone="UTC",
        **_common(),
    )


def _create() -> CreateEvent:
    return CreateEvent(generation=0, meeting=MEETING, time_zone="UTC", **_common())


def _delete() -> DeleteEvent:
    return DeleteEvent(event_id="abc", version='"1"', **_common())


@pytest.mark.parametrize(
    ("answers", "rejection"),
    [
        ([error(400, "timeRangeEmpty")], Rejection.REFUSED),
        ([error(400, "required")], Rejection.REFUSED),
        ([error(401, "authError")] * 2, Rejection.AUTH_LOST),
        ([error(403, "forbidden")], Rejection.REFUSED),
        ([error(403, "forbiddenForNonOrganizer")], Rejection.NOT_ORGANIZER),
        ([error(403, "eventCancelled")], Rejection.GONE),
        ([error(404, "notFound"), CALENDAR_THERE], Rejection.GONE),
        ([error(404, "notFound"), error(404, "notFound")], Rejection.CALENDAR_GONE),
        ([error(410, "deleted"), CALENDAR_THERE], Rejection.GONE),
        ([error(412, "conditionNotMet"), THERE], Rejection.STALE),
    ],
    ids=lambda value: value.value if isinstance(value, Rejection) else None,
)
async def test_a_refused_change_is_told_with_googles_reason(writes, script, answers, rejection):
    script.answers = [*answers]
    outcome = (await writes.carry_out(_update())).outcome
    assert isinstance(outcome, WriteRejected)
    assert outcome.rejection is rejection
    assert outcome.detail
    assert (outcome.event is not None) == (rejection is Rejection.STALE)
    if rejection is Rejection.REFUSED:
        # Status and reason in Google's words, which the history shows.
        assert outcome.detail.startswith(("400 ", "403 "))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, "rateLimitExceeded"),
        (403, "userRateLimitExceeded"),
        (403, "quotaExceeded"),
        (409, "conflict"),
        (429, "rateLimitExceeded"),
        (500, "backendError"),
        (503, "backendError"),
    ],
)
@pytest.mark.parametrize("command", [_create, _update, _delete])
async def test_bad_weather_rejects_nothing(writes, script, status, reason, command):
    script.answers = [error(status, reason), error(404, "notFound")]
    with pytest.raises(Retryable):
        await writes.carry_out(command())


async def test_a_create_whose_id_is_there_reads_it_back(writes, script):
    script.answers = [error(409, "duplicate"), THERE]
    outcome = (await writes.carry_out(_create())).outcome
    assert isinstance(outcome, EventWritten)
    assert outcome.event_id == "abc"


async def test_deleting_what_is_deleted_is_done(writes, script):
    script.answers = [error(410, "deleted")]
    assert isinstance((await writes.carry_out(_delete())).outcome, EventWritten)
