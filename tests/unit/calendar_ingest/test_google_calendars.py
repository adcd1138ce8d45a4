"""What Google answers to a write or a list decides what we take for true."""

from uuid import UUID

import httpx
import pytest
from tests.unit.calendar_ingest.google_script import (
    CALENDAR,
    Script,
    StillClock,
    access,
    error,
    item,
)

from calendar_ingest.adapters.google.cursors import Cursor
from calendar_ingest.calendars import (
    CalendarGoneError,
    CursorExpiredError,
    EventEdit,
    MissingError,
    NewEvent,
    NotOrganizerError,
    RefusedError,
    StaleError,
    Tombstone,
)
from tandem.contracts.meetings import Meeting, MeetingField, Timed
from tandem.runtime.failures import Retryable

LINK = UUID(int=7)
MARK = {"private": {"tandemLink": str(LINK)}}


@pytest.fixture
def calendars(script: Script):
    return access(script, StillClock()).calendars


def _ok(**changes) -> httpx.Response:
    return httpx.Response(200, json=item(**changes))


def _meeting(**changes) -> Meeting:
    moment = StillClock().moment
    return Meeting(**{"title": "Lunch", "schedule": Timed(start=moment, end=moment), **changes})


def _new(**changes) -> NewEvent:
    return NewEvent(
        **{
            "link_id": LINK,
            "generation": 0,
            "meeting": _meeting(),
            "time_zone": "UTC",
            **changes,
        }
    )


def _edit(*fields: MeetingField, **changes) -> EventEdit:
    return EventEdit(
        **{
            "event_id": "abc",
            "version": '"1"',
            "fields": frozenset(fields or {MeetingField.TITLE}),
            "meeting": _meeting(),
            "time_zone": "UTC",
            **changes,
        }
    )


async def test_the_first_list_looks_a_month_back_and_its_token_leads_on(calendars, script):
    script.answers = [
        httpx.Response(200, json={"items": [item()], "nextPageToken": "page-2"}),
        httpx.Response(200, json={"items": [], "nextPageToken": "page-3"}),
        httpx.Response(200, json={"items": [item(id="def")], "nextSyncToken": "sync-1"}),
        httpx.Response(200, json={"items": [], "nextPageToken": "page-b"}),
        httpx.Response(200, json={"nextSyncToken": "sync-2"}),
    ]
    cursor, asked = None, []
    for _ in script.answers.copy():
        changes = await calendars.changes(CALENDAR, cursor)
        cursor = changes.cursor
        asked.append(dict(script.requests[-1].url.params))
        assert changes.more == (len(asked) not in {3, 5})
    same = {"maxResults": "250", "showDeleted": "true", "singleEvents": "false", "alt": "json"}
    since = "2031-02-01T12:00:00Z"
    assert asked == [
        {**same, "timeMin": since},
        {**same, "timeMin": since, "pageToken": "page-2"},
        {**same, "timeMin": since, "pageToken": "page-3"},
        {**same, "syncToken": "sync-1"},
        {**same, "syncToken": "sync-1", "pageToken": "page-b"},
    ]
    assert Cursor.parse(cursor) == Cursor(sync="sync-2")  # type: ignore[arg-type]


async def test_tombstones_are_told_and_series_are_named(calendars, script):
    script.answers = [
        httpx.Response(
            200,
            json={
                "items": [
                    item(id="ordinary"),
                    {"id": "gone", "status": "cancelled"},
                    item(id="master", recurrence=["RRULE:FREQ=DAILY"]),
                    {"id": "master_x", "status": "cancelled", "recurringEventId": "master"},
                ],
                "nextSyncToken": "sync",
            },
        )
    ]
    changes = await calendars.changes(CALENDAR, None)
    assert [event.event_id for event in changes.observed] == ["ordinary"]
    assert changes.gone == (Tombstone("gone"), Tombstone("master_x"))
    assert changes.series == ("master",)


async def test_a_whole_series_is_no_event_to_be_read(calendars, script):
    script.answers = [_ok(recurrence=["RRULE:FREQ=DAILY"])]
    assert await calendars.get(CALENDAR, "abc") is None


async def test_an_event_that_nobody_understands_holds_up_no_other(calendars, script):
    odd = [item(start={"dateTime": "noon"}), item(start=None), item(attendees=[7])]
    answer = {"items": [*odd, item(id="good")], "nextSyncToken": "sync"}
    script.answers = [httpx.Response(200, json=answer)]
    changes = await calendars.changes(CALENDAR, None)
    assert [event.event_id for event in changes.observed] == ["good"]
    assert changes.gone == ()


@pytest.mark.parametrize("status", [410, 400])
async def test_a_cursor_that_is_not_taken_is_expired(calendars, script, status):
    script.answers = [error(status, "fullSyncRequired")]
    with pytest.raises(CursorExpiredError):
        await calendars.changes(CALENDAR, str(Cursor(sync="old")))


async def test_a_first_list_that_is_refused_is_no_expired_cursor(calendars, script):
    script.answers = [error(400, "badRequest")]
    with pytest.raises(RefusedError):
        await calendars.changes(CALENDAR, None)


async def test_a_list_that_is_not_found_is_a_calendar_gone_only_if_it_is(calendars, script):
    script.answers = [error(404, "notFound"), error(404, "notFound")]
    with pytest.raises(CalendarGoneError):
        await calendars.changes(CALENDAR, None)
    script.answers = [error(404, "notFound"), httpx.Response(200, json={"id": "x"})]
    with pytest.raises(RefusedError):
        await calendars.changes(CALENDAR, None)


async def test_a_create_that_exists_is_read_back(calendars, script):
    script.answers = [error(409, "duplicate"), _ok(extendedProperties=MARK, summary="Now")]
    created = await calendars.create(CALENDAR, _new())
    assert (created.event.title, created.deleted) == ("Now", False)


async def test_a_create_that_was_deleted_is_told_even_from_a_bare_tombstone(calendars, script):
    bare = {"id": "abc", "status": "cancelled", "etag": '"9"'}
    script.answers = [error(409, "duplicate"), httpx.Response(200, json=bare)]
    created = await calendars.create(CALENDAR, _new())
    assert created.deleted
    assert created.event.schedule == _meeting().schedule
    assert created.event.version == '"9"'


async def test_an_id_taken_by_a_stranger_is_refused(calendars, script):
    strange = {"private": {"tandemLink": str(UUID(int=8))}}
    script.answers = [error(409, "duplicate"), _ok(extendedProperties=strange)]
    with pytest.raises(RefusedError):
        await calendars.create(CALENDAR, _new())


async def test_a_create_whose_event_can_not_be_found_yet_is_tried_again(calendars, script):
    script.answers = [error(409, "duplicate"), error(404, "notFound")]
    with pytest.raises(Retryable):
        await calendars.create(CALENDAR, _new())


@pytest.mark.parametrize(("notify", "expected"), [(True, "all"), (False, "none")])
async def test_only_a_write_that_is_to_notify_sends_updates(calendars, script, notify, expected):
    script.answers = [_ok(), _ok(), httpx.Response(204)]
    await calendars.create(CALENDAR, _new(notify=notify))
    await calendars.update(CALENDAR, _edit(notify=notify))
    await calendars.delete(CALENDAR, "abc", version="", notify=notify)
    assert [r.url.params["sendUpdates"] for r in script.requests] == [expected] * 3


async def test_an_update_is_one_conditional_patch_of_the_named_fields(calendars, script):
    script.answers = [_ok(etag='"2"')]
    event = await calendars.update(CALENDAR, _edit(MeetingField.TITLE, MeetingField.BUSY))
    [request] = script.requests
    assert (request.method, request.headers["if-match"]) == ("PATCH", '"1"')
    assert script.body() == {"summary": "Lunch", "transparency": "opaque"}
    assert event.version == '"2"'


async def test_guests_are_merged_into_what_is_there_and_written_on_that_condition(
    calendars, script
):
    present = [{"email": "stays@x.y", "responseStatus": "accepted"}, {"email": "goes@x.y"}]
    script.answers = [_ok(attendees=present), _ok()]
    guests = frozenset({"stays@x.y", "new@x.y"})
    await calendars.update(
        CALENDAR, _edit(MeetingField.GUESTS, version="", meeting=_meeting(guests=guests))
    )
    assert script.body() == {"attendees": [present[0], {"email": "new@x.y"}]}
    assert script.requests[1].headers["if-match"] == '"1"'


async def test_a_changed_event_makes_a_write_stale(calendars, script):
    script.answers = [error(412, "conditionNotMet"), _ok(etag='"5"', summary="Owner's")]
    with pytest.raises(StaleError) as stale:
        await calendars.update(CALENDAR, _edit())
    assert (stale.value.event.version, stale.value.event.title) == ('"5"', "Owner's")
    script.answers = [_ok(etag='"5"')]
    with pytest.raises(StaleError):
        await calendars.update(CALENDAR, _edit(MeetingField.GUESTS))
    script.answers = [error(412, "conditionNotMet"), _ok(etag='"5"')]
    with pytest.raises(StaleError):
        await calendars.delete(CALENDAR, "abc", version='"1"')


@pytest.mark.parametrize(
    "answers",
    [
        [error(412, "conditionNotMet"), _ok(status="cancelled")],
        [error(410, "deleted"), httpx.Response(200, json={"id": "x"})],
        [error(404, "notFound"), httpx.Response(200, json={"id": "x"})],
        [error(403, "eventCancelled")],
        [_ok(status="cancelled")],
    ],
)
async def test_an_update_of_a_deleted_event_says_so(calendars, script, answers):
    script.answers = list(answers)
    with pytest.raises(MissingError):
        await calendars.update(CALENDAR, _edit())


async def test_an_update_in_a_calendar_that_is_gone_says_that(calendars, script):
    script.answers = [error(404, "notFound"), error(404, "notFound")]
    with pytest.raises(CalendarGoneError):
        await calendars.update(CALENDAR, _edit())


async def test_an_update_for_organisers_only_says_so(calendars, script):
    script.answers = [error(403, "forbiddenForNonOrganizer")]
    with pytest.raises(NotOrganizerError):
        await calendars.update(CALENDAR, _edit())
    script.answers = [error(403, "requiredAccessLevel")]
    with pytest.raises(RefusedError) as refused:
        await calendars.update(CALENDAR, _edit())
    assert not isinstance(refused.value, NotOrganizerError)


@pytest.mark.parametrize(
    "answers",
    [
        [error(404, "notFound")],
        [error(410, "deleted")],
        [error(403, "eventCancelled")],
        [error(412, "conditionNotMet"), _ok(status="cancelled")],
    ],
)
async def test_deleting_what_is_gone_is_as_good(calendars, script, answers):
    script.answers = list(answers)
    await calendars.delete(CALENDAR, "abc", version='"1"')
    assert script.answers == []


async def test_calendars_are_listed_over_all_pages(calendars, script):
    script.answers = [
        httpx.Response(
            200,
            json={
                "items": [
                    {
                        "id": "a",
                        "summary": "Own",
                        "primary": True,
                        "accessRole": "owner",
                        "timeZone": "Europe/Berlin",
                    }
                ],
                "nextPageToken": "2",
            },
        ),
        httpx.Response(
            200,
            json={
                "items": [
                    {"id": "b", "summary": "x", "summaryOverride": "Team", "accessRole": "writer"},
                    {"id": "c", "summary": "Holidays", "accessRole": "reader"},
                ]
            },
        ),
    ]
    listed = await calendars.list(CALENDAR.account)
    assert [(c.calendar_id, c.name, c.primary, c.writable, c.time_zone) for c in listed] == [
        ("a", "Own", True, True, "Europe/Berlin"),
        ("b", "Team", False, True, ""),
        ("c", "Holidays", False, False, ""),
    ]
