"""How occurrences are asked of Google, and what is made of its answers."""

from datetime import UTC, date, datetime, timedelta

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

from calendar_ingest.calendars import Recurring, Window
from tandem.contracts.events import Series
from tandem.runtime.failures import Permanent, Retryable

NOW = StillClock().moment
WINDOW = Window(NOW, NOW + timedelta(days=90))
BOUNDS = {
    "timeMin": "2031-03-04T12:00:00Z",
    "timeMax": "2031-06-02T12:00:00Z",
    "maxResults": "1000",
    "alt": "json",
}


@pytest.fixture
def recurring(script: Script) -> Recurring:
    reads = access(script, StillClock()).recurring
    assert reads is not None
    return reads


def _occurrence(**changes):
    return item(
        **{
            "id": "s_20310305T090000Z",
            "recurringEventId": "s",
            "originalStartTime": {
                "dateTime": "2031-03-05T10:00:00+01:00",
                "timeZone": "Europe/Berlin",
            },
            **changes,
        }
    )


def _answer(*items, **more) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), **more})


async def test_one_call_reads_the_occurrences_of_a_series(recurring, script):
    script.answers = [_answer(_occurrence(), nextPageToken="p2"), _answer()]
    first = await recurring.occurrences(CALENDAR, WINDOW, series_id="s")
    [event] = first.observed
    original = datetime(2031, 3, 5, 9, tzinfo=UTC)
    assert event.series == Series(series_id="s", original_start=original)
    assert first.page == "p2"
    last = await recurring.occurrences(CALENDAR, WINDOW, series_id="s", page="p2")
    assert (last.observed, last.page) == ((), None)
    assert [request.url.path.rpartition("/events/")[2] for request in script.requests] == [
        "s/instances"
    ] * 2
    assert [dict(request.url.params) for request in script.requests] == [
        BOUNDS,
        {**BOUNDS, "pageToken": "p2"},
    ]


async def test_one_call_reads_the_occurrences_of_all_series_and_no_single_event(recurring, script):
    cancelled = {"id": "s_x", "status": "cancelled", "recurringEventId": "s"}
    script.answers = [_answer(item(id="single"), _occurrence(), cancelled)]
    found = await recurring.occurrences(CALENDAR, WINDOW)
    assert [event.event_id for event in found.observed] == ["s_20310305T090000Z"]
    assert dict(script.requests[0].url.params) == {**BOUNDS, "singleEvents": "true"}


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_what_is_no_series_has_no_occurrences(recurring, script, status):
    script.answers = [error(status, "whatever")]
    found = await recurring.occurrences(CALENDAR, WINDOW, series_id="s")
    assert (found.observed, found.page) == ((), None)


@pytest.mark.parametrize(("status", "expected"), [(403, Permanent), (500, Retryable)])
async def test_trouble_is_no_word_that_there_are_none(recurring, script, status, expected):
    script.answers = [error(status, "whatever")]
    with pytest.raises(expected):
        await recurring.occurrences(CALENDAR, WINDOW, series_id="s")


async def test_a_calendar_that_is_not_found_has_not_simply_no_occurrences(recurring, script):
    script.answers = [error(404, "notFound")]
    with pytest.raises(Permanent):
        await recurring.occurrences(CALENDAR, WINDOW)


async def test_an_occurrence_bears_no_mark_of_ours(recurring, script):
    mark = {"private": {"tandemLink": "00000000-0000-0000-0000-000000000007"}}
    script.answers = [_answer(_occurrence(extendedProperties=mark))]
    [event] = (await recurring.occurrences(CALENDAR, WINDOW)).observed
    assert event.link_mark is None


async def test_an_all_day_occurrence_has_a_date_for_its_original_start(recurring, script):
    day = {"date": "2031-03-05"}
    script.answers = [
        _answer(_occurrence(start=day, end={"date": "2031-03-06"}, originalStartTime=day))
    ]
    [event] = (await recurring.occurrences(CALENDAR, WINDOW)).observed
    assert event.series is not None
    assert event.series.original_start == date(2031, 3, 5)


async def test_an_occurrence_that_nobody_understands_holds_up_no_other(recurring, script):
    odd = _occurrence(originalStartTime=None)
    script.answers = [_answer(odd, _occurrence(id="good"))]
    found = await recurring.occurrences(CALENDAR, WINDOW)
    assert [event.event_id for event in found.observed] == ["good"]
