"""How old an outcome is: an item as old as the call's begin, its end as new as the answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.unit.calendar_ingest.google_script import StillClock

from calendar_ingest.calendars import Created, MissingError
from calendar_ingest.writes import Writes
from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.events import EventSnapshot
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.contracts.message import SyncUser

_START = datetime(2031, 3, 4, 9, tzinfo=UTC)
_MEETING = Meeting(title="Lunch", schedule=Timed(start=_START, end=_START + timedelta(hours=1)))
_EVENT = EventSnapshot(event_id="e1", title=_MEETING.title, schedule=_MEETING.schedule)
_CALL_S = 3


class SlowCalendars:
    """Each call takes its time."""

    def __init__(self, clock: StillClock, *, missing: bool = False) -> None:
        self._clock = clock
        self._missing = missing

    async def create(self, *_: Any) -> Created:
        await self._clock.sleep(_CALL_S)
        return Created(_EVENT)

    async def update(self, *_: Any) -> EventSnapshot:
        await self._clock.sleep(_CALL_S)
        if self._missing:
            raise MissingError("no such event")
        return _EVENT

    async def delete(self, *_: Any, **__: Any) -> None:
        await self._clock.sleep(_CALL_S)


def _writes(clock: StillClock, *, missing: bool = False) -> Writes:
    calendars: Any = SlowCalendars(clock, missing=missing)
    return Writes(calendars, UUID(int=1), uuid4, clock.now)


def _common() -> dict[str, Any]:
    return {
        "message_id": uuid4(),
        "occurred_at": _START,
        "user": SyncUser(company_id=7, user_id=70),
        "connection_id": uuid4(),
        "link_id": uuid4(),
        "revision": 1,
        "calendar_id": "main",
    }


def _create() -> CreateEvent:
    return CreateEvent(**_common(), generation=0, meeting=_MEETING, time_zone="Europe/Berlin")


def _update() -> UpdateEvent:
    return UpdateEvent(
        **_common(),
        event_id="e1",
        version="1",
        fields=frozenset({MeetingField.TITLE}),
        meeting=_MEETING,
        time_zone="Europe/Berlin",
    )


def _delete() -> DeleteEvent:
    return DeleteEvent(**_common(), event_id="e1", version="1")


async def test_a_deletion_is_as_new_as_the_answer(clock: StillClock):
    result = await _writes(clock).carry_out(_delete())
    assert result.outcome.observed_at == clock.now()


async def test_an_event_found_missing_is_gone_as_of_the_answer(clock: StillClock):
    result = await _writes(clock, missing=True).carry_out(_update())
    assert result.outcome.observed_at == clock.now()


@pytest.mark.parametrize("command", [_create(), _update()], ids=lambda one: one.kind)
async def test_what_was_written_is_as_old_as_the_call(
    clock: StillClock, command: CreateEvent | UpdateEvent
):
    begun = clock.now()
    result = await _writes(clock).carry_out(command)
    assert result.outcome.observed_at == begun
    assert clock.now() > begun
