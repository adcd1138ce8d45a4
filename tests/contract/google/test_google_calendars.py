"""Calendars, the list of them, what one may do with them, and busy times."""

import pytest
from tests.contract.google.clients import at, refused

from tandem_sandbox.accounts import CalendarSeed, MailboxSeed

HOLIDAYS = "sales1.holidays@north.example"
PROJECTS = "sales1.projects@north.example"
SHARED = "team@north.example"


@pytest.fixture
def reader(world, person):
    """Somebody who may read Anna's calendar, and only the busy times of her projects."""
    world.google.seed(
        [
            MailboxSeed(
                email="reader@north.example",
                name="Reader",
                token="reader-token",
                calendars=(
                    CalendarSeed(id="reader@north.example", summary="Own", primary=True),
                    CalendarSeed(id="sales1@north.example", summary="Anna", access_role="reader"),
                    CalendarSeed(id=PROJECTS, summary="Projects", access_role="freeBusyReader"),
                ),
            )
        ]
    )
    return person("reader@north.example")


def _list(person, **parameters):
    return person.service.calendarList().list(**parameters).execute()


def test_the_list_has_primary_own_and_read_only_calendars(anna):
    items = _list(anna)["items"]
    assert [(one["id"], one.get("primary", False), one["accessRole"]) for one in items] == [
        (anna.email, True, "owner"),
        (PROJECTS, False, "owner"),
        (HOLIDAYS, False, "reader"),
    ]
    assert {one["timeZone"] for one in items} == {"Europe/Stockholm"}
    writable = _list(anna, minAccessRole="writer")["items"]
    assert [one["id"] for one in writable] == [anna.email, PROJECTS]


def test_the_list_has_pages_and_a_sync_token(anna):
    page = _list(anna, maxResults=2)
    assert len(page["items"]) == 2
    rest = _list(anna, maxResults=2, pageToken=page["nextPageToken"])
    assert [one["id"] for one in rest["items"]] == [HOLIDAYS]
    token = rest["nextSyncToken"]
    assert _list(anna, syncToken=token)["items"] == []
    made = anna.service.calendars().insert(body={"summary": "New"}).execute()
    anna.service.calendars().delete(calendarId=PROJECTS).execute()
    changed = {one["id"]: one for one in _list(anna, syncToken=token)["items"]}
    assert changed.keys() == {made["id"], PROJECTS}
    assert changed[PROJECTS]["deleted"]
    with refused(400, "invalid"):
        _list(anna, syncToken="nonsense")


def test_the_sync_token_of_the_list_can_expire(anna, world):
    token = _list(anna)["nextSyncToken"]
    world.google.expire_sync_tokens(anna.email)
    with refused(410, "fullSyncRequired"):
        _list(anna, syncToken=token)
    with refused(400, "syncTokenWithRequestRestrictions"):
        _list(anna, syncToken=token, minAccessRole="owner")


def test_one_calendar_can_be_read_by_its_id_or_as_primary(anna):
    entries = anna.service.calendarList()
    assert entries.get(calendarId="primary").execute()["id"] == anna.email
    assert entries.get(calendarId=PROJECTS).execute()["summary"] == "Projects"
    assert anna.service.calendars().get(calendarId="primary").execute()["id"] == anna.email


@pytest.mark.parametrize("calendar", ["sales2@north.example", "nobody@north.example"])
def test_calendars_of_others_are_not_found(anna, calendar):
    for call in (
        lambda: anna.service.calendarList().get(calendarId=calendar),
        lambda: anna.service.calendars().get(calendarId=calendar),
        lambda: anna.events.list(calendarId=calendar),
        lambda: anna.events.insert(calendarId=calendar, body=at("2027-01-01", "2027-01-02")),
    ):
        with refused(404, "notFound"):
            call().execute()


def test_a_new_calendar_is_the_makers(anna, boris):
    made = (
        anna.service.calendars()
        .insert(body={"summary": "Trips", "timeZone": "Asia/Tokyo", "description": "Far"})
        .execute()
    )
    assert (made["timeZone"], made["dataOwner"]) == ("Asia/Tokyo", anna.email)
    anna.insert(calendar=made["id"])
    calendars = anna.service.calendars()
    changed = calendars.patch(calendarId=made["id"], body={"summary": "Travel"}).execute()
    assert (changed["summary"], changed["description"]) == ("Travel", "Far")
    changed = calendars.update(calendarId=made["id"], body={"summary": "Trip"}).execute()
    assert "description" not in changed
    with refused(404, "notFound"):
        boris.service.calendars().get(calendarId=made["id"]).execute()
    calendars.delete(calendarId=made["id"]).execute()
    with refused(404, "notFound"):
        anna.listed(made["id"])
    assert made["id"] not in [one["id"] for one in _list(anna)["items"]]


def test_calendars_that_cannot_be_are_refused(anna):
    calendars = anna.service.calendars()
    for wrong, reason in (
        ({}, "required"),
        ({"summary": 5}, "invalid"),
        ({"summary": "x" * 255}, "invalid"),
        ({"summary": "x", "timeZone": "Mars/Olympus"}, "invalid"),
    ):
        with refused(400, reason):
            calendars.insert(body=wrong).execute()
    with refused(400, "cannotDeletePrimaryCalendar"):
        calendars.delete(calendarId="primary").execute()
    with refused(403, "forbidden"):
        calendars.delete(calendarId=HOLIDAYS).execute()


def test_a_reader_cannot_write(anna):
    assert anna.listed(HOLIDAYS)[0] == []
    body = at("2027-01-01", "2027-01-02")
    for request in (
        anna.events.insert(calendarId=HOLIDAYS, body=body),
        anna.events.patch(calendarId=HOLIDAYS, eventId="abcde", body=body),
        anna.events.update(calendarId=HOLIDAYS, eventId="abcde", body=body),
        anna.events.delete(calendarId=HOLIDAYS, eventId="abcde"),
    ):
        with refused(403, "requiredAccessLevel"):
            request.execute()
    made = anna.insert()
    with refused(403, "requiredAccessLevel"):
        anna.events.move(calendarId="primary", eventId=made["id"], destination=HOLIDAYS).execute()


def test_a_reader_sees_no_details_of_private_events(anna, reader):
    private = anna.insert("Secret", visibility="private", description="x", location="y")
    public = anna.insert("Open")
    seen = {one["id"]: one for one in reader.listed(anna.email)[0]}
    assert seen[public["id"]]["summary"] == "Open"
    assert not {"summary", "description", "location", "attendees"} & seen[private["id"]].keys()
    assert seen[private["id"]]["start"] == private["start"]


def test_a_reader_of_busy_times_sees_no_details_at_all(anna, reader):
    anna.insert("Project", calendar=PROJECTS)
    (seen,) = reader.listed(PROJECTS)[0]
    assert "summary" not in seen
    assert seen["visibility"] == "private"


def test_busy_times_are_joined_and_free_ones_left_out(anna, boris, reader):
    anna.insert(**at("2027-06-01T10:00:00Z", "2027-06-01T11:00:00Z"))
    anna.insert(**at("2027-06-01T10:30:00Z", "2027-06-01T12:00:00Z"))
    anna.insert(**at("2027-06-01T14:00:00Z", "2027-06-01T15:00:00Z"), transparency="transparent")
    anna.delete(anna.insert(**at("2027-06-01T16:00:00Z", "2027-06-01T17:00:00Z"))["id"])
    body = {
        "timeMin": "2027-06-01T00:00:00Z",
        "timeMax": "2027-06-02T00:00:00Z",
        "items": [{"id": anna.email}, {"id": boris.email}],
    }
    answer = reader.service.freebusy().query(body=body).execute()
    assert answer["calendars"] == {
        anna.email: {"busy": [{"start": "2027-06-01T10:00:00Z", "end": "2027-06-01T12:00:00Z"}]},
        boris.email: {"busy": [], "errors": [{"domain": "global", "reason": "notFound"}]},
    }


def test_settings_tell_the_time_zone(boris):
    settings = boris.service.settings()
    zone = settings.get(setting="timezone").execute()
    assert (zone["id"], zone["value"]) == ("timezone", "America/New_York")
    assert zone in settings.list().execute()["items"]
    with refused(404, "notFound"):
        settings.get(setting="nonsense").execute()
