"""Recurring events: their occurrences, what differs from the rule, and the clocks that change."""

import pytest
from tests.contract.google.clients import at, refused

DAILY = ["RRULE:FREQ=DAILY;COUNT=4"]
STANDUP = at("2027-06-01T09:00:00", "2027-06-01T09:15:00", "Europe/Stockholm")


def _series(person, rule=DAILY, span=STANDUP, **more):
    return person.insert("Stand-up", **span, recurrence=rule, **more)


def _instances(person, event_id, **parameters):
    return person.events.instances(calendarId="primary", eventId=event_id, **parameters).execute()[
        "items"
    ]


def _starts(items):
    return [one["start"].get("dateTime") or one["start"]["date"] for one in items]


def _single(person, **parameters):
    return person.listed(singleEvents=True, **parameters)


def test_a_series_is_one_event_or_its_occurrences(anna):
    made = _series(anna)
    assert [one["id"] for one in anna.listed()[0]] == [made["id"]]
    items, _ = _single(anna)
    assert [one["id"] for one in items] == [
        f"{made['id']}_2027060{day}T070000Z" for day in (1, 2, 3, 4)
    ]
    assert all(one["recurringEventId"] == made["id"] for one in items)
    assert all(one["originalStartTime"] == one["start"] for one in items)
    assert all("recurrence" not in one for one in items)
    assert {one["iCalUID"] for one in items} == {made["iCalUID"]}
    assert items == _instances(anna, made["id"])


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        (
            "Europe/Stockholm",
            "2027-03-27",
            ["2027-03-27T08:00:00Z", "2027-03-28T07:00:00Z", "2027-03-29T07:00:00Z"],
        ),
        (
            "Europe/Stockholm",
            "2027-10-30",
            ["2027-10-30T07:00:00Z", "2027-10-31T08:00:00Z", "2027-11-01T08:00:00Z"],
        ),
        (
            "America/New_York",
            "2027-03-13",
            ["2027-03-13T14:00:00Z", "2027-03-14T13:00:00Z", "2027-03-15T13:00:00Z"],
        ),
        (
            "America/New_York",
            "2027-11-06",
            ["2027-11-06T13:00:00Z", "2027-11-07T14:00:00Z", "2027-11-08T14:00:00Z"],
        ),
    ],
)
def test_an_occurrence_keeps_its_hour_when_the_clocks_change(anna, zone, first, hours):
    span = at(f"{first}T09:00:00", f"{first}T10:00:00", zone)
    made = _series(anna, ["RRULE:FREQ=DAILY;COUNT=3"], span)
    items = _instances(anna, made["id"], timeZone="UTC")
    assert _starts(items) == hours
    assert [one["id"].rpartition("_")[2] for one in items] == [
        hour.replace("-", "").replace(":", "") for hour in hours
    ]


def test_an_hour_that_the_clock_skips_is_the_next_one(anna):
    span = at("2027-03-27T02:30:00", "2027-03-27T03:00:00", "Europe/Stockholm")
    made = _series(anna, ["RRULE:FREQ=DAILY;COUNT=3"], span)
    assert _starts(_instances(anna, made["id"])) == [
        "2027-03-27T02:30:00+01:00",
        "2027-03-28T03:30:00+02:00",
        "2027-03-29T02:30:00+02:00",
    ]


def test_all_day_occurrences_have_dates_in_their_ids(anna):
    made = _series(anna, ["RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=SU"], at("2027-03-21", "2027-03-23"))
    items = _instances(anna, made["id"])
    assert [(one["id"], one["start"], one["end"]) for one in items] == [
        (f"{made['id']}_20270321", {"date": "2027-03-21"}, {"date": "2027-03-23"}),
        (f"{made['id']}_20270328", {"date": "2027-03-28"}, {"date": "2027-03-30"}),
    ]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=DAILY;UNTIL=20270603T070000Z"], [1, 2, 3]),
        (["RRULE:FREQ=DAILY;UNTIL=20270603T065959Z"], [1, 2]),
        (["RRULE:FREQ=DAILY;UNTIL=20270603"], [1, 2, 3]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Europe/Stockholm:20270602T090000"], [1, 3]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20270602T070000Z,20270603T070000Z"], [1]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE;TZID=Europe/Stockholm:20270609T090000"], [1, 2, 9]),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3"], [1, 3, 8]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"], [2, 4]),
    ],
)
def test_every_line_of_a_recurrence_counts(anna, lines, days):
    made = _series(anna, lines)
    assert _starts(_instances(anna, made["id"])) == [
        f"2027-06-{day:02}T09:00:00+02:00" for day in days
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["FREQ=DAILY"],
        ["RRULE:FREQ=SOMETIMES"],
        ["RRULE:FREQ=SECONDLY"],
        ["RRULE:COUNT=3"],
        ["RRULE:FREQ=DAILY;COUNT=x"],
        ["RRULE:FREQ=DAILY;COUNT=0"],
        ["RRULE:FREQ=DAILY;INTERVAL=0"],
        ["DTSTART:20270601T000000Z"],
        ["EXDATE:soon"],
        ["EXDATE;TZID=Mars/Olympus:20270601T090000"],
    ],
)
def test_recurrences_that_cannot_be_read_are_refused(anna, lines):
    with refused(400, "invalid"):
        _series(anna, lines)


def test_a_series_needs_a_zone(anna):
    with refused(400, "required"):
        _series(anna, DAILY, at("2027-06-01T09:00:00Z", "2027-06-01T10:00:00Z"))
    _series(anna, DAILY, at("2027-06-01", "2027-06-02"))


def test_an_endless_series_is_listed_within_bounds(anna):
    made = _series(anna, ["RRULE:FREQ=DAILY"])
    items, _ = _single(anna, timeMin="2030-01-01T00:00:00Z", timeMax="2030-01-04T00:00:00Z")
    assert _starts(items) == [f"2030-01-0{day}T09:00:00+01:00" for day in (1, 2, 3)]
    assert 365 <= len(_single(anna)[0]) <= 1000
    assert len(anna.listed(timeMin="2030-01-01T00:00:00Z")[0]) == 1
    assert anna.get(f"{made['id']}_20300101T080000Z")["start"] == items[0]["start"]


def test_an_occurrence_that_the_rule_has_not_is_not_found(anna):
    made = _series(anna)
    for suffix in ("20270605T070000Z", "20270601T070001Z", "20270601", "x", ""):
        with refused(404, "notFound"):
            anna.get(f"{made['id']}_{suffix}")


def test_a_changed_occurrence_keeps_its_id_and_its_original_start(anna):
    made = _series(anna)
    instance = f"{made['id']}_20270602T070000Z"
    changed = anna.patch(
        instance,
        **at("2027-06-02T15:00:00", "2027-06-02T16:00:00", "Europe/Stockholm"),
        summary="Later",
    )
    assert changed["id"] == instance
    assert changed["originalStartTime"]["dateTime"] == "2027-06-02T09:00:00+02:00"
    items, _ = _single(anna, orderBy="startTime")
    assert [(one["summary"], one["start"]["dateTime"][8:13]) for one in items] == [
        ("Stand-up", "01T09"),
        ("Later", "02T15"),
        ("Stand-up", "03T09"),
        ("Stand-up", "04T09"),
    ]
    assert [one["id"] for one in anna.listed()[0]] == [made["id"], instance]


def test_a_cancelled_occurrence_is_told_of_as_long_as_its_series_lives(anna):
    made = _series(anna)
    instance = f"{made['id']}_20270602T070000Z"
    anna.delete(instance)
    with refused(410, "deleted"):
        anna.delete(instance)
    assert len(_single(anna)[0]) == 3
    assert len(_single(anna, showDeleted=True)[0]) == 4
    gone = anna.listed()[0][1]
    assert gone.keys() == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert (gone["id"], gone["status"]) == (instance, "cancelled")
    anna.delete(made["id"])
    assert anna.listed()[0] == []
    assert anna.get(instance)["status"] == "cancelled"


def test_a_change_of_the_series_reaches_what_the_occurrence_did_not_change(anna):
    made = _series(anna, location="Room 1")
    instance = f"{made['id']}_20270602T070000Z"
    anna.patch(instance, summary="Special")
    anna.patch(made["id"], summary="Daily", location="Room 2")
    items, _ = _single(anna)
    by_id = {one["id"]: (one["summary"], one["location"]) for one in items}
    assert by_id.pop(instance) == ("Special", "Room 2")
    assert set(by_id.values()) == {("Daily", "Room 2")}


def test_a_delta_of_occurrences_has_all_of_a_changed_series(anna):
    made = _series(anna)
    _, token = _single(anna)
    anna.patch(made["id"], summary="Daily")
    items, token = _single(anna, syncToken=token)
    assert len(items) == 4
    assert {one["summary"] for one in items} == {"Daily"}
    anna.patch(f"{made['id']}_20270602T070000Z", summary="Special")
    items, _ = _single(anna, syncToken=token)
    assert [one["summary"] for one in items] == ["Special"]


def test_a_delta_of_occurrences_tells_which_ones_the_series_lost(anna):
    made = _series(anna)
    _, token = _single(anna)
    anna.patch(made["id"], recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    items, token = _single(anna, syncToken=token)
    assert {(one["id"][-16:], one["status"]) for one in items} == {
        ("20270601T070000Z", "confirmed"),
        ("20270602T070000Z", "confirmed"),
        ("20270603T070000Z", "cancelled"),
        ("20270604T070000Z", "cancelled"),
    }
    anna.patch(made["id"], recurrence=None)
    items, _ = _single(anna, syncToken=token)
    assert {(one["id"], one["status"]) for one in items} == {
        (made["id"], "confirmed"),
        (f"{made['id']}_20270601T070000Z", "cancelled"),
        (f"{made['id']}_20270602T070000Z", "cancelled"),
    }


def test_a_single_event_that_becomes_a_series_vanishes_from_the_occurrences(anna):
    made = anna.insert("Once", **STANDUP)
    _, token = _single(anna)
    anna.patch(made["id"], recurrence=DAILY)
    items, _ = _single(anna, syncToken=token)
    assert [one["id"] for one in items if one["status"] == "cancelled"] == [made["id"]]
    assert len(items) == 5


def test_a_delta_of_occurrences_has_all_of_a_deleted_series(anna):
    made = _series(anna)
    anna.patch(f"{made['id']}_20270602T070000Z", summary="Special")
    _, token = _single(anna)
    anna.delete(made["id"])
    items, _ = _single(anna, syncToken=token)
    assert len({one["id"] for one in items}) == 4
    assert {one["status"] for one in items} == {"cancelled"}
    assert _single(anna)[0] == []


def test_a_series_put_off_by_an_hour_drops_the_occurrences_that_differed(anna):
    made = _series(anna)
    instance = f"{made['id']}_20270602T070000Z"
    anna.patch(instance, summary="Special")
    anna.patch(made["id"], **at("2027-06-01T10:00:00", "2027-06-01T10:15:00", "Europe/Stockholm"))
    assert anna.get(instance)["status"] == "cancelled"
    assert {one["start"]["dateTime"][10:] for one in _single(anna)[0]} == {"T10:00:00+02:00"}


def test_pages_of_occurrences_have_each_one_once(anna):
    made = _series(anna, ["RRULE:FREQ=DAILY;COUNT=25"])
    anna.patch(f"{made['id']}_20270610T070000Z", summary="Special")
    for order in ({}, {"orderBy": "startTime"}, {"orderBy": "updated"}):
        pages = list(anna.pages(singleEvents=True, maxResults=10, **order))
        seen = [one["id"] for page in pages for one in page["items"]]
        assert [len(page["items"]) for page in pages] == [10, 10, 5]
        assert len(set(seen)) == 25


def test_instances_can_be_asked_for_by_their_original_start(anna):
    made = _series(anna)
    instance = f"{made['id']}_20270602T070000Z"
    anna.patch(instance, **at("2027-06-02T15:00:00Z", "2027-06-02T16:00:00Z"))
    (found,) = _instances(anna, made["id"], originalStart="2027-06-02T09:00:00+02:00")
    assert found["id"] == instance
    with refused(400, "invalid"):
        _instances(anna, anna.insert()["id"])


def test_an_occurrence_cannot_be_moved_and_has_no_rule_of_its_own(anna):
    made = _series(anna)
    instance = f"{made['id']}_20270602T070000Z"
    with refused(400, "cannotMoveInstance"):
        anna.events.move(
            calendarId="primary", eventId=instance, destination="sales1.projects@north.example"
        ).execute()
    assert "recurrence" not in anna.patch(instance, recurrence=DAILY)


def test_a_restored_series_has_its_occurrences_as_they_were(anna):
    made = _series(anna)
    anna.patch(f"{made['id']}_20270602T070000Z", summary="Special")
    anna.delete(f"{made['id']}_20270603T070000Z")
    anna.delete(made["id"])
    anna.patch(made["id"], status="confirmed")
    assert [one["summary"] for one in _single(anna, orderBy="startTime")[0]] == [
        "Stand-up",
        "Special",
        "Stand-up",
    ]
