"""Events: made once, shown as asked, changed only where nobody else did, deleted."""

import pytest
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.models.single_value_legacy_extended_property import (
    SingleValueLegacyExtendedProperty,
)
from tests.contract.microsoft.clients import Person, asked, at, known, refused, text

MARK = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name TandemLink"
STOCKHOLM = "W. Europe Standard Time"


async def test_an_event_is_shown_as_it_was_made(anna: Person):
    made = await anna.make(
        "Lunch",
        body=text("Bring the <contract> & a pen"),
        **at("2027-06-01T10:00:00", "2027-06-01T11:00:00", STOCKHOLM),
    )
    shown = await anna.get(made.id, 'outlook.timezone="UTC", outlook.body-content-type="text"')
    assert (shown.subject, shown.type) == ("Lunch", EventType.SingleInstance)
    assert shown.body.content == "Bring the <contract> & a pen"
    assert (shown.start.date_time, shown.start.time_zone) == ("2027-06-01T08:00:00.0000000", "UTC")
    assert shown.original_start_time_zone == STOCKHOLM
    assert shown.is_organizer
    local = await anna.get(made.id, f'outlook.timezone="{STOCKHOLM}"')
    assert local.start.date_time == "2027-06-01T10:00:00.0000000"
    assert "&lt;contract&gt;" in local.body.content


async def test_an_all_day_event_goes_from_midnight_to_midnight(anna: Person):
    span = at("2027-06-01T00:00:00", "2027-06-03T00:00:00", STOCKHOLM)
    made = await anna.make(is_all_day=True, **span)
    shown = await anna.get(made.id, 'outlook.timezone="UTC"')
    assert shown.is_all_day
    assert shown.end.date_time.startswith("2027-06-03T00:00")
    with refused(400, "ErrorPropertyValidationFailure"):
        await anna.make(is_all_day=True, **at("2027-06-01T10:00:00", "2027-06-02T10:00:00"))


async def test_a_repeated_create_of_a_transaction_makes_no_second_event(anna: Person):
    first = await anna.make("Once", transaction_id="t-1")
    assert (await anna.make("Once", transaction_id="t-1")).id == first.id
    with refused(409, "ErrorDuplicateTransactionId"):
        await anna.make("Something else", transaction_id="t-1")
    await anna.me.events.by_event_id(first.id).delete()
    with refused(409, "ErrorDuplicateTransactionId"):
        await anna.make("Once", transaction_id="t-1")
    assert (await anna.me.events.get()).value == []


async def test_a_mark_is_read_back_and_found(anna: Person):
    mark = SingleValueLegacyExtendedProperty(id=MARK, value="link-1")
    made = await anna.make(single_value_extended_properties=[mark])
    await anna.make("Unmarked")
    expand = [f"singleValueExtendedProperties($filter=id eq '{MARK}')"]
    shown = await anna.get(made.id, expand=expand)
    assert [one.value for one in shown.single_value_extended_properties] == ["link-1"]
    query = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq 'link-1')"
    wanted = asked(
        anna.me.events, "EventsRequestBuilderGetQueryParameters", filter=query, expand=expand
    )
    found = await anna.me.events.get(request_configuration=wanted)
    assert [one.id for one in found.value] == [made.id]


async def test_a_change_needs_the_version_that_is_there(anna: Person):
    made = await anna.make()
    etag = made.additional_data["@odata.etag"]
    changed = await anna.change(made.id, if_match=etag, subject="Mine")
    assert changed.change_key != made.change_key
    with refused(412, "ErrorIrresolvableConflict"):
        await anna.change(made.id, if_match=etag, subject="Late")
    assert (await anna.get(made.id)).subject == "Mine"


async def test_a_deleted_event_is_not_found_and_an_odd_id_is_malformed(anna: Person):
    made = await anna.make()
    await anna.me.events.by_event_id(made.id).delete()
    with refused(404, "ErrorItemNotFound"):
        await anna.get(made.id)
    with refused(400, "ErrorInvalidIdMalformed"):
        await anna.get("0123456789abcdef")


async def test_ids_are_immutable_where_that_is_asked_for(anna: Person):
    made = await anna.make()
    shown = await anna.get(made.id, 'IdType="ImmutableId"')
    assert shown.id != made.id
    assert (await anna.get(shown.id)).id == made.id


async def test_a_long_list_comes_in_pages(anna: Person):
    for number in range(5):
        await anna.make(f"Event {number}")
    wanted = asked(anna.me.events, "EventsRequestBuilderGetQueryParameters", top=2)
    page = await anna.me.events.get(request_configuration=wanted)
    sizes, names = [len(page.value)], [one.subject for one in page.value]
    while page.odata_next_link:
        page = await anna.me.events.with_url(page.odata_next_link).get()
        sizes.append(len(page.value))
        names += [one.subject for one in page.value]
    assert (sizes, names) == ([2, 2, 1], [f"Event {number}" for number in range(5)])


async def test_guests_are_mailed_whatever_is_done(anna: Person, world):
    answer = await anna.raw(
        "POST",
        "/me/events",
        json={
            "subject": "Meeting",
            "start": {"dateTime": "2027-06-01T10:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2027-06-01T11:00:00", "timeZone": "UTC"},
            "attendees": [{"emailAddress": {"address": "guest@example.com"}, "type": "required"}],
        },
    )
    event_id = answer.json()["id"]
    assert world.mails.total == 1
    await anna.change(event_id, subject="Renamed")
    await anna.me.events.by_event_id(event_id).delete()
    assert world.mails.total == 3


def weekly(count: int) -> PatternedRecurrence:
    """Every Tuesday."""
    return PatternedRecurrence(
        pattern=RecurrencePattern(
            type=RecurrencePatternType.Weekly, interval=1, days_of_week=[DayOfWeek.Tuesday]
        ),
        range=RecurrenceRange(type=RecurrenceRangeType.Numbered, number_of_occurrences=count),
    )


async def _view(anna: Person, start: str, end: str):
    wanted = asked(
        anna.me.calendar_view,
        "CalendarViewRequestBuilderGetQueryParameters",
        'outlook.timezone="UTC"',
        start_date_time=start,
        end_date_time=end,
        top=50,
    )
    found = await anna.me.calendar_view.get(request_configuration=wanted)
    return [known(one) for one in found.value]


async def test_a_view_shows_a_series_as_its_occurrences_which_keep_their_hour(anna: Person):
    made = await anna.make(
        recurrence=weekly(4), **at("2027-10-19T10:00:00", "2027-10-19T11:00:00", STOCKHOLM)
    )
    assert made.type is EventType.SeriesMaster
    found = await _view(anna, "2027-10-01T00:00:00Z", "2027-12-01T00:00:00Z")
    assert [one.start.date_time[:13] for one in found] == [
        "2027-10-19T08",
        "2027-10-26T08",
        "2027-11-02T09",
        "2027-11-09T09",
    ]
    assert {one.type for one in found} == {EventType.Occurrence}
    assert {one.series_master_id for one in found} == {made.id}
    assert await _view(anna, "2027-10-20T00:00:00Z", "2027-10-26T00:00:00Z") == []


async def test_a_rule_that_makes_no_sense_is_refused(anna: Person):
    odd = weekly(3)
    odd.pattern.days_of_week = []
    with refused(400, "ErrorInvalidRequest"):
        await anna.make(recurrence=odd)


async def test_an_occurrence_is_changed_and_deleted_by_itself(anna: Person):
    made = await anna.make(recurrence=weekly(3), **at("2027-06-01T10:00:00", "2027-06-01T11:00:00"))
    span = ("2027-06-01T00:00:00Z", "2027-07-01T00:00:00Z")
    _, second, third = await _view(anna, *span)
    await anna.change(second.id, **at("2027-06-09T12:00:00", "2027-06-09T13:00:00"))
    await anna.me.events.by_event_id(third.id).delete()
    first, moved = await _view(anna, *span)
    assert (first.type, moved.type) == (EventType.Occurrence, EventType.Exception)
    assert (moved.id, moved.start.date_time[:13]) == (second.id, "2027-06-09T12")
    assert moved.original_start.isoformat() == "2027-06-08T10:00:00+00:00"
    with refused(404, "ErrorItemNotFound"):
        await anna.get(third.id)
    answer = await anna.raw("GET", f"/me/events/{made.id}?$select=cancelledOccurrences")
    assert [one[-10:] for one in answer.json()["cancelledOccurrences"]] == ["2027-06-15"]


@pytest.mark.parametrize(
    ("start", "end"),
    [("2027-01-01T00:00:00Z", "2032-01-02T00:00:00Z"), ("2027-01-01T00:00:00Z", "")],
)
async def test_a_view_needs_a_window_of_five_years_at_most(anna: Person, start: str, end: str):
    query = {"startDateTime": start, **({"endDateTime": end} if end else {})}
    answer = await anna.raw("GET", "/me/calendarView", params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ErrorInvalidRequest")
