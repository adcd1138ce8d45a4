"""What Exchange's documented errors come to for the item of a command, and for reading."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.providers import ExchangeOwner, exchange_owner
from tests.integration.calendar_ingest.refusals import (
    MEETING,
    to_calendar_of,
    writes_of,
)

from calendar_ingest.calendars import CursorExpiredError, RefusedError, UnwatchableError
from tandem.contracts.commands import DeleteEvent, UpdateEvent
from tandem.contracts.meetings import MeetingField
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable
from tandem_sandbox.faults import FaultKind, FaultOrder

REJECTED = {
    "ErrorItemNotFound": Rejection.GONE,
    "ErrorCalendarIsNotOrganizer": Rejection.NOT_ORGANIZER,
    "ErrorIrresolvableConflict": Rejection.STALE,
    "ErrorInvalidChangeKey": Rejection.STALE,
    "ErrorAccessDenied": Rejection.REFUSED,
    "ErrorInvalidPropertyForOperation": Rejection.REFUSED,
    "ErrorFolderNotFound": Rejection.CALENDAR_GONE,
    "ErrorPasswordExpired": Rejection.AUTH_LOST,
}
WEATHER: list[dict[str, Any]] = [
    {"reason": "ErrorServerBusy", "retry_after": 7},
    {"reason": "ErrorExceededConnectionCount"},
    {"reason": "ErrorMailboxStoreUnavailable"},
    {"reason": "ErrorInternalServerTransientError"},
    {"reason": "ErrorTimeoutExpired"},
    {"status": 500},
    {"status": 503},
]


@pytest.fixture
async def owner() -> AsyncIterator[ExchangeOwner]:
    async with exchange_owner() as exchange:
        yield exchange


async def _update(owner: ExchangeOwner, event_id: str) -> UpdateEvent:
    present = await owner.access.calendars.get(owner.calendar, event_id)
    assert present is not None
    return UpdateEvent(
        version=present.version,
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING,
        time_zone="UTC",
        event_id=event_id,
        **to_calendar_of(owner),
    )


def _arm(owner: ExchangeOwner, operation: str, **fault: object) -> None:
    order = {"provider": "exchange", "operation": operation, "kind": FaultKind.STATUS, **fault}
    owner.world.faults.arm(FaultOrder.model_validate(order))


async def test_a_refused_change_is_told_with_exchanges_code(owner: ExchangeOwner):
    event_id = await owner.put("Before")
    for code, rejection in REJECTED.items():
        command = await _update(owner, event_id)
        _arm(owner, "UpdateItem", reason=code)
        outcome = (await writes_of(owner).carry_out(command)).outcome
        assert isinstance(outcome, WriteRejected), code
        assert outcome.rejection is rejection, code
        assert (outcome.event is not None) == (rejection is Rejection.STALE), code
        if rejection is Rejection.REFUSED:
            assert outcome.detail == f"exchange: {code}"
    present = await owner.access.calendars.get(owner.calendar, event_id)
    assert present is not None
    assert present.title == "Before"


async def test_bad_weather_rejects_nothing(owner: ExchangeOwner):
    event_id = await owner.put("Before")
    for weather in WEATHER:
        command = await _update(owner, event_id)
        _arm(owner, "UpdateItem", **weather)
        with pytest.raises(Retryable) as delayed:
            await writes_of(owner).carry_out(command)
        if "retry_after" in weather:
            assert delayed.value.retry_after_s == weather["retry_after"]
    assert isinstance(
        (await writes_of(owner).carry_out(await _update(owner, event_id))).outcome, EventWritten
    )


async def test_deleting_what_is_deleted_is_done(owner: ExchangeOwner):
    event_id = await owner.put("Before")
    _arm(owner, "DeleteItem", reason="ErrorItemNotFound")
    command = DeleteEvent(version="", event_id=event_id, **to_calendar_of(owner))
    assert isinstance((await writes_of(owner).carry_out(command)).outcome, EventWritten)


async def test_what_stops_reading_and_what_only_delays_it(owner: ExchangeOwner):
    calendars = owner.access.calendars
    cursor = (await calendars.changes(owner.calendar, None)).cursor
    stops = {
        "ErrorInvalidSyncStateData": CursorExpiredError,
        "ErrorServerBusy": Retryable,
        "ErrorAccountDisabled": GrantLostError,
        "ErrorAccessDenied": RefusedError,
    }
    for code, kind in stops.items():
        _arm(owner, "SyncFolderItems", reason=code)
        with pytest.raises(kind):
            await calendars.changes(owner.calendar, cursor)
    assert (await calendars.changes(owner.calendar, cursor)).observed == ()


async def test_a_subscription_too_many_leaves_the_calendar_to_sweeps(owner: ExchangeOwner):
    _arm(owner, "Subscribe", reason="ErrorExceededSubscriptionCount")
    with pytest.raises(UnwatchableError, match="ErrorExceededSubscriptionCount"):
        await owner.access.push.subscribe(owner.calendar, channel_id=str(uuid4()), secret="s")
