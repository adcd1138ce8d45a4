"""What Graph's documented errors come to for the item of a command, and for reading."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from tests.integration.calendar_ingest.providers import MicrosoftOwner, microsoft_owner
from tests.integration.calendar_ingest.refusals import (
    MEETING,
    to_calendar_of,
    writes_of,
)

from calendar_ingest.calendars import (
    CalendarGoneError,
    CursorExpiredError,
    OnPremisesMailboxError,
    RefusedError,
    UnwatchableError,
)
from tandem.contracts.commands import CreateEvent, DeleteEvent, UpdateEvent
from tandem.contracts.meetings import MeetingField
from tandem.contracts.outcomes import EventWritten, Rejection, WriteRejected
from tandem.runtime.credential_store import GrantLostError
from tandem.runtime.failures import Retryable
from tandem_sandbox.faults import FaultKind, FaultOrder

REJECTED: list[tuple[int, str, Rejection]] = [
    (400, "ErrorInvalidRequest", Rejection.REFUSED),
    (403, "ErrorAccessDenied", Rejection.REFUSED),
    (404, "ErrorItemNotFound", Rejection.GONE),
    (400, "ErrorInvalidIdMalformed", Rejection.GONE),
    (412, "ErrorIrresolvableConflict", Rejection.STALE),
    (404, "MailboxNotEnabledForRESTAPI", Rejection.REFUSED),
]
THROTTLED: list[dict[str, Any]] = [
    {"status": 429, "reason": "ApplicationThrottled", "retry_after": 1},
    {"status": 429, "reason": "TooManyRequests"},
    {"status": 400, "reason": "ErrorExceededMessageLimit"},
]
WEATHER: list[dict[str, Any]] = [
    {"status": 500, "reason": "ErrorInternalServerError"},
    {"status": 400, "reason": "ErrorInternalServerTransientError"},
    {"status": 503, "retry_after": 7},
    {"status": 503, "reason": "ErrorServerBusy"},
]
EXPIRED: list[tuple[int, str]] = [
    (410, "syncStateNotFound"),
    (410, "resyncRequired"),
    (400, "SyncStateNotFound"),
    (400, "resyncRequired"),
]


@pytest.fixture
async def owner() -> AsyncIterator[MicrosoftOwner]:
    async with microsoft_owner() as microsoft:
        yield microsoft


async def _update(owner: MicrosoftOwner, event_id: str) -> UpdateEvent:
    present = await owner.access.calendars.get(owner.calendar, event_id)
    assert present is not None
    return UpdateEvent(
        event_id=event_id,
        version=present.version,
        fields=frozenset({MeetingField.TITLE}),
        meeting=MEETING,
        time_zone="UTC",
        **to_calendar_of(owner),
    )


def _create(owner: MicrosoftOwner) -> CreateEvent:
    return CreateEvent(generation=0, meeting=MEETING, time_zone="UTC", **to_calendar_of(owner))


def _arm(owner: MicrosoftOwner, operation: str, **fault: Any) -> None:
    order = {"provider": "microsoft", "operation": operation, "kind": FaultKind.STATUS, **fault}
    owner.world.faults.arm(FaultOrder.model_validate(order))


async def test_a_refused_change_is_told_with_graphs_code(owner: MicrosoftOwner):
    event_id = await owner.put("Before")
    for status, code, rejection in REJECTED:
        command = await _update(owner, event_id)
        _arm(owner, "events.update", status=status, reason=code)
        outcome = (await writes_of(owner).carry_out(command)).outcome
        assert isinstance(outcome, WriteRejected), code
        assert outcome.rejection is rejection, code
        assert (outcome.event is not None) == (rejection is Rejection.STALE), code
        assert outcome.detail, code
    present = await owner.access.calendars.get(owner.calendar, event_id)
    assert present is not None
    assert present.title == "Before"


async def test_only_the_organizer_may_change_a_meeting(owner: MicrosoftOwner):
    event_id = await owner.put("Theirs")
    command = await _update(owner, event_id)
    for calendar in owner.world.microsoft.calendars.values():
        for event in calendar.events.values():
            event.organizer = "somebody@elsewhere.example"
    _arm(owner, "events.update", status=403, reason="ErrorAccessDenied")
    outcome = (await writes_of(owner).carry_out(command)).outcome
    assert isinstance(outcome, WriteRejected)
    assert outcome.rejection is Rejection.NOT_ORGANIZER


async def test_bad_weather_rejects_nothing(owner: MicrosoftOwner):
    for weather in WEATHER:
        update = await _update(owner, await owner.put("Before"))
        delete = DeleteEvent(event_id=update.event_id, version="", **to_calendar_of(owner))
        for operation, command in (
            ("events.create", _create(owner)),
            ("events.update", update),
            ("events.delete", delete),
        ):
            _arm(owner, operation, **weather)
            with pytest.raises(Retryable) as delayed:
                await writes_of(owner).carry_out(command)
            if "retry_after" in weather:
                assert delayed.value.retry_after_s == weather["retry_after"]
            assert isinstance((await writes_of(owner).carry_out(command)).outcome, EventWritten)


async def test_throttling_delays_as_long_as_graph_says(owner: MicrosoftOwner):
    command = await _update(owner, await owner.put("Before"))
    for throttled in THROTTLED:
        _arm(owner, "events.update", **throttled)
        with pytest.raises(Retryable) as delayed:
            await writes_of(owner).carry_out(command)
        assert delayed.value.retry_after_s == 1
        assert isinstance((await writes_of(owner).carry_out(command)).outcome, EventWritten)
        command = await _update(owner, command.event_id)


async def test_a_gateways_page_delays_and_refuses_nothing(owner: MicrosoftOwner):
    _arm(owner, "events.create", kind=FaultKind.HTML_403)
    with pytest.raises(Retryable):
        await writes_of(owner).carry_out(_create(owner))


async def test_deleting_what_is_deleted_is_done(owner: MicrosoftOwner):
    event_id = await owner.put("Before")
    _arm(owner, "events.delete", status=404)
    command = DeleteEvent(event_id=event_id, version="", **to_calendar_of(owner))
    assert isinstance((await writes_of(owner).carry_out(command)).outcome, EventWritten)


async def test_a_missing_calendar_is_told_apart_from_a_missing_event(owner: MicrosoftOwner):
    command = await _update(owner, await owner.put("Before"))
    for operation in ("events.update", "calendars.get"):
        _arm(owner, operation, status=404)
    outcome = (await writes_of(owner).carry_out(command)).outcome
    assert isinstance(outcome, WriteRejected)
    assert outcome.rejection is Rejection.CALENDAR_GONE


async def test_a_cursor_that_is_not_taken_is_expired(owner: MicrosoftOwner):
    calendars = owner.access.calendars
    cursor = (await calendars.changes(owner.calendar, None)).cursor
    for status, code in EXPIRED:
        _arm(owner, "events.delta", status=status, reason=code)
        with pytest.raises(CursorExpiredError):
            await calendars.changes(owner.calendar, cursor)


async def test_what_stops_reading_and_what_only_delays_it(owner: MicrosoftOwner):
    calendars = owner.access.calendars
    cursor = (await calendars.changes(owner.calendar, None)).cursor
    stops: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"status": 503}, Retryable),
        ({"status": 429, "retry_after": 1}, Retryable),
        ({"status": 403}, RefusedError),
        ({"status": 404, "reason": "MailboxNotEnabledForRESTAPI"}, OnPremisesMailboxError),
    ]
    for fault, kind in stops:
        _arm(owner, "events.delta", **fault)
        with pytest.raises(kind):
            await calendars.changes(owner.calendar, cursor)
    for operation in ("events.delta", "calendars.get"):
        _arm(owner, operation, status=404)
    with pytest.raises(CalendarGoneError):
        await calendars.changes(owner.calendar, cursor)
    assert (await calendars.changes(owner.calendar, cursor)).observed == ()


async def test_what_graph_says_is_removed_is_gone_only_where_it_is_not_found(
    owner: MicrosoftOwner,
):
    moved, deleted = await owner.put("Moved"), await owner.put("Deleted")
    first = await owner.access.calendars.changes(owner.calendar, None)
    point = {"dateTime": "2026-01-05T10:00:00", "timeZone": "UTC"}
    later = {"dateTime": "2026-01-05T11:00:00", "timeZone": "UTC"}
    await owner.call("PATCH", f"/{moved}", {"start": point, "end": later})
    await owner.take_away(deleted)
    told = await owner.access.calendars.changes(owner.calendar, first.cursor)
    assert [one.event_id for one in told.gone] == [deleted]
    assert [one.event_id for one in told.observed] == [moved]


async def test_a_refused_token_is_refreshed_once(owner: MicrosoftOwner):
    owner.tokens.refusals_expected = True
    _arm(owner, "events.create", status=401)
    made = await writes_of(owner).carry_out(_create(owner))
    assert isinstance(made.outcome, EventWritten)
    assert owner.tokens.refused == 1
    command = await _update(owner, made.outcome.event_id)
    _arm(owner, "events.update", status=401, times=2)
    outcome = (await writes_of(owner).carry_out(command)).outcome
    assert isinstance(outcome, WriteRejected)
    assert outcome.rejection is Rejection.AUTH_LOST
    _arm(owner, "events.delta", status=401, times=2)
    with pytest.raises(GrantLostError):
        await owner.access.calendars.changes(owner.calendar, None)


async def test_what_can_not_be_watched_is_left_to_sweeps(owner: MicrosoftOwner):
    _arm(owner, "subscriptions.create", status=400, reason="InvalidRequest")
    with pytest.raises(UnwatchableError):
        await owner.access.push.subscribe(owner.calendar, channel_id=str(uuid4()), secret="s")
