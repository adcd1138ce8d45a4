"""Lists, their pages, and what changed since the last one."""

from datetime import timedelta

import pytest
from tests.contract.google.clients import at, refused

PROJECTS = "sales1.projects@north.example"


def _ids(items):
    return [one["id"] for one in items]


def _day(number):
    return at(f"2027-06-{number:02}T10:00:00Z", f"2027-06-{number:02}T11:00:00Z")


def test_a_token_comes_on_the_last_page_only(anna):
    made = [anna.insert(str(number))["id"] for number in range(7)]
    pages = list(anna.pages(maxResults=3))
    assert [len(page["items"]) for page in pages] == [3, 3, 1]
    assert [("nextPageToken" in p, "nextSyncToken" in p) for p in pages] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert [one for page in pages for one in _ids(page["items"])] == made


def test_a_full_last_page_is_the_last_page(anna):
    for number in range(4):
        anna.insert(str(number))
    assert [len(page["items"]) for page in anna.pages(maxResults=2)] == [2, 2]


def test_pages_are_stable_while_others_write(anna):
    made = [anna.insert(str(number))["id"] for number in range(9)]
    pages = anna.pages(maxResults=3)
    seen = _ids(next(pages)["items"])
    anna.delete(made[0])
    anna.patch(made[1], summary="changed")
    late = anna.insert("late")["id"]
    anna.patch(made[8], summary="changed")
    rest = list(pages)
    seen += [one for page in rest for one in _ids(page["items"])]
    assert seen == made
    changed, _ = anna.listed(syncToken=rest[-1]["nextSyncToken"])
    assert _ids(changed) == [made[0], made[1], late, made[8]]


def test_a_delta_has_each_change_once_and_deletions_as_ids_only(anna):
    kept, changed, deleted = (anna.insert(str(number))["id"] for number in range(3))
    _, token = anna.listed()
    anna.patch(changed, summary="a")
    anna.patch(changed, summary="b")
    anna.delete(deleted)
    new = anna.insert("new")["id"]
    items, following = anna.listed(syncToken=token)
    assert _ids(items) == [changed, deleted, new]
    assert items[0]["summary"] == "b"
    assert items[1].keys() == {"kind", "etag", "id", "status"}
    assert items[1]["status"] == "cancelled"
    assert anna.listed(syncToken=following)[0] == []
    assert _ids(anna.listed(syncToken=token)[0]) == [changed, deleted, new]
    assert kept in _ids(anna.listed()[0])


def test_a_delta_has_pages_too_and_they_keep_to_their_moment(anna):
    _, token = anna.listed()
    made = [anna.insert(str(number))["id"] for number in range(5)]
    pages = anna.pages(syncToken=token, maxResults=2)
    seen = _ids(next(pages)["items"])
    anna.patch(made[0], summary="again")
    anna.patch(made[4], summary="again")
    rest = list(pages)
    seen += [one for page in rest for one in _ids(page["items"])]
    assert seen == made[:4]
    again, _ = anna.listed(syncToken=rest[-1]["nextSyncToken"])
    assert _ids(again) == [made[0], made[4]]


def test_a_delta_after_a_bounded_list_has_all_changes_of_the_calendar(anna):
    old = anna.insert("old", **at("2020-01-01", "2020-01-02"))["id"]
    new = anna.insert("new")["id"]
    items, token = anna.listed(timeMin="2027-01-01T00:00:00Z")
    assert _ids(items) == [new]
    anna.patch(old, summary="still old")
    anna.delete(new)
    assert _ids(anna.listed(syncToken=token)[0]) == [old, new]


def test_a_calendar_without_changes_gives_no_items(anna):
    _, token = anna.listed()
    anna.insert("elsewhere", calendar=PROJECTS)
    assert anna.listed(syncToken=token)[0] == []


@pytest.mark.parametrize(
    "parameter",
    [
        {"timeMin": "2027-01-01T00:00:00Z"},
        {"timeMax": "2027-01-01T00:00:00Z"},
        {"updatedMin": "2027-01-01T00:00:00Z"},
        {"q": "word"},
        {"orderBy": "updated"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": False},
    ],
)
def test_a_sync_token_goes_with_no_restriction(anna, parameter):
    _, token = anna.listed()
    with refused(400, "syncTokenWithRequestRestrictions"):
        anna.listed(syncToken=token, **parameter)


@pytest.mark.parametrize("parameter", [{"singleEvents": True}, {"eventTypes": ["default"]}])
def test_a_sync_token_goes_with_the_parameters_of_its_list_only(anna, parameter):
    _, token = anna.listed()
    with refused(400, "invalid"):
        anna.listed(syncToken=token, **parameter)
    _, token = anna.listed(**parameter)
    assert anna.listed(syncToken=token, **parameter)[0] == []


@pytest.mark.parametrize("token", ["", "nonsense", "e30", "W10", "é"])
def test_tokens_that_nobody_gave_are_refused(anna, token):
    for name in ("syncToken", "pageToken"):
        with refused(400, "invalid"):
            anna.listed(**{name: token})


def test_a_token_of_another_calendar_is_refused(anna):
    _, token = anna.listed(calendar=PROJECTS)
    with refused(400, "invalid"):
        anna.listed(syncToken=token)


def test_a_page_token_is_no_sync_token_and_the_other_way_round(anna):
    for number in range(2):
        anna.insert(str(number))
    page = next(anna.pages(maxResults=1))["nextPageToken"]
    _, sync = anna.listed()
    with refused(400, "invalid"):
        anna.listed(syncToken=page)
    with refused(400, "invalid"):
        anna.listed(pageToken=sync)


def test_a_sync_token_expires_with_its_week(anna, world):
    _, token = anna.listed()
    world.clock.advance(timedelta(days=6, hours=23))
    anna.listed(syncToken=token)
    world.clock.advance(timedelta(hours=2))
    with refused(410, "fullSyncRequired") as details:
        anna.listed(syncToken=token)
    assert details[0]["location"] == "syncToken"
    anna.listed()


def test_sync_tokens_can_be_made_to_expire(anna, boris, world):
    _, token = anna.listed()
    _, other = boris.listed()
    world.google.expire_sync_tokens(anna.email)
    with refused(410, "fullSyncRequired"):
        anna.listed(syncToken=token)
    boris.listed(syncToken=other)
    _, fresh = anna.listed()
    anna.listed(syncToken=fresh)


def test_bounds_of_time_look_at_the_end_and_the_start(anna):
    first, second, third = (anna.insert(**_day(number))["id"] for number in (1, 2, 3))
    assert _ids(anna.listed(timeMin="2027-06-01T11:00:00Z")[0]) == [second, third]
    assert _ids(anna.listed(timeMin="2027-06-01T10:59:59Z")[0]) == [first, second, third]
    assert _ids(anna.listed(timeMax="2027-06-03T10:00:00Z")[0]) == [first, second]
    with refused(400, "timeRangeEmpty"):
        anna.listed(timeMin="2027-06-01T00:00:00Z", timeMax="2027-06-01T00:00:00Z")
    with refused(400, "badRequest"):
        anna.listed(timeMin="2027-06-01T00:00:00")


def test_an_order_by_start_needs_single_events(anna):
    late, early = (anna.insert(**_day(number))["id"] for number in (9, 3))
    with refused(400, "invalid"):
        anna.listed(orderBy="startTime")
    items, token = anna.listed(orderBy="startTime", singleEvents=True)
    assert (_ids(items), token) == ([early, late], None)


def test_an_order_by_change_has_the_latest_last(anna):
    first, second = (anna.insert(str(number))["id"] for number in range(2))
    anna.patch(first, summary="later")
    assert _ids(anna.listed(orderBy="updated")[0]) == [second, first]


def test_deleted_events_are_listed_when_asked_for(anna):
    made = anna.insert("Gone")["id"]
    anna.delete(made)
    assert anna.listed()[0] == []
    (item,) = anna.listed(showDeleted=True)[0]
    assert (item["status"], item["summary"]) == ("cancelled", "Gone")


def test_changes_since_a_moment_include_deletions(anna, world):
    anna.insert("before")
    world.clock.advance(timedelta(hours=1))
    moment = world.clock.now()
    gone = anna.insert("gone")["id"]
    anna.delete(gone)
    new = anna.insert("new")["id"]
    items, _ = anna.listed(updatedMin=moment.isoformat())
    assert _ids(items) == [gone, new]
    with refused(410, "updatedMinTooLongAgo"):
        anna.listed(updatedMin="2020-01-01T00:00:00Z")


def test_events_are_found_by_property_word_and_ical_uid(anna):
    marked = anna.insert(
        "Alpha beta", extendedProperties={"private": {"link": "1", "x": "y"}, "shared": {"s": "t"}}
    )
    anna.insert("Alpha", extendedProperties={"private": {"link": "2"}})
    for parameters in (
        {"privateExtendedProperty": "link=1"},
        {"privateExtendedProperty": ["link=1", "x=y"]},
        {"sharedExtendedProperty": "s=t"},
        {"q": "BETA alpha"},
        {"iCalUID": marked["iCalUID"]},
    ):
        items, token = anna.listed(**parameters)
        assert (_ids(items), token) == ([marked["id"]], None)
    assert anna.listed(privateExtendedProperty=["link=1", "x=z"])[0] == []
    with refused(400, "invalid"):
        anna.listed(privateExtendedProperty="link")


@pytest.mark.parametrize(
    "wrong", [{"maxResults": 0}, {"maxAttendees": 0}, {"timeZone": "Mars/Olympus"}]
)
def test_wrong_parameters_are_refused(anna, wrong):
    with refused(400, "invalid"):
        anna.listed(**wrong)


def test_a_delta_of_a_large_calendar_costs_what_changed(anna, world):
    calendar = world.google.calendars[anna.email]
    template = calendar.events[anna.insert()["id"]]
    for number in range(5000):
        calendar.put(template.model_copy(update={"id": f"copy{number}"}), world.clock.now())
    pages = list(anna.pages(maxResults=2500))
    assert [len(page["items"]) for page in pages] == [2500, 2500, 1]
    anna.patch("copy7", summary="changed")
    looked_at = calendar.changed_since(5001)
    assert [one.id for one in looked_at] == ["copy7"]
    assert _ids(anna.listed(syncToken=pages[-1]["nextSyncToken"])[0]) == ["copy7"]
