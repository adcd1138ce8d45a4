"""One event: what it may be, what it becomes, and what is refused."""

import pytest
from tests.contract.google.clients import at, refused

ID = "tandem0123456789abcdefv"
EMOJI = "Möte 🎉 \u2013 你好 👩‍👩‍👧‍👦 \u202eend"


def test_a_new_event_is_read_back_as_it_was_written(anna):
    made = anna.insert(
        EMOJI,
        **at("2027-06-01T10:00:00+02:00", "2027-06-01T11:30:00+02:00", "Europe/Stockholm"),
        description="<b>Agenda</b>\n1. one",
        location="Hamngatan 7",
        extendedProperties={"private": {"tandem": "link-1"}},
        transparency="transparent",
    )
    assert made == anna.get(made["id"])
    assert made["summary"] == EMOJI
    assert made["description"] == "<b>Agenda</b>\n1. one"
    assert made["start"] == {
        "dateTime": "2027-06-01T10:00:00+02:00",
        "timeZone": "Europe/Stockholm",
    }
    assert made["organizer"] == made["creator"] == {"email": anna.email, "self": True}
    assert made["iCalUID"] == f"{made['id']}@google.com"
    assert made["transparency"] == "transparent"
    assert made["status"] == "confirmed"
    assert made["eventType"] == "default"


def test_defaults_are_left_out(anna):
    made = anna.insert(visibility="default", transparency="opaque", description="", location="")
    assert not {"visibility", "transparency", "description", "location"} & made.keys()


def test_moments_are_shown_in_the_zone_of_the_calendar_or_the_one_asked_for(anna):
    made = anna.insert(**at("2027-01-05T10:00:00Z", "2027-01-05T11:00:00Z"))
    assert made["start"] == {
        "dateTime": "2027-01-05T11:00:00+01:00",
        "timeZone": "Europe/Stockholm",
    }
    asked = anna.events.get(calendarId="primary", eventId=made["id"], timeZone="UTC").execute()
    assert asked["start"]["dateTime"] == "2027-01-05T10:00:00Z"


def test_a_wall_clock_time_without_offset_is_that_of_its_zone(anna):
    made = anna.insert(**at("2027-07-05T10:00:00", "2027-07-05T11:00:00", "America/New_York"))
    assert made["start"] == {
        "dateTime": "2027-07-05T16:00:00+02:00",
        "timeZone": "America/New_York",
    }


def test_fractions_of_a_second_are_dropped(anna):
    made = anna.insert(**at("2027-07-05T10:00:00.999Z", "2027-07-05T11:00:00.5Z"))
    assert made["end"]["dateTime"] == "2027-07-05T13:00:00+02:00"


def test_all_day_events_keep_their_dates_in_every_zone(anna, boris):
    made = anna.insert(**at("2027-03-28", "2027-03-30"), attendees=[{"email": boris.email}])
    assert (made["start"], made["end"]) == ({"date": "2027-03-28"}, {"date": "2027-03-30"})
    assert boris.get(made["id"])["start"] == {"date": "2027-03-28"}


@pytest.mark.parametrize("text", ["x" * 100_000, EMOJI * 2000, "\n".join(["line"] * 5000)])
def test_long_texts_are_stored_as_given(anna, text):
    assert anna.get(anna.insert(description=text)["id"])["description"] == text


def test_two_hundred_guests_are_kept_in_order(anna):
    emails = [f"guest{number:03}@elsewhere.example" for number in range(200)]
    made = anna.insert(attendees=[{"email": email.title()} for email in emails])
    assert [one["email"] for one in made["attendees"]] == emails
    assert {one["responseStatus"] for one in made["attendees"]} == {"needsAction"}
    few = anna.events.get(calendarId="primary", eventId=made["id"], maxAttendees=5).execute()
    assert few["attendeesOmitted"]
    assert few["attendees"] == []


def test_unknown_and_server_set_fields_are_ignored(anna):
    made = anna.insert(
        nonsense=1, htmlLink="x", created="never", kind=5, hangoutLink="https://evil.example"
    )
    assert "nonsense" not in made
    assert "hangoutLink" not in made
    assert made["htmlLink"] != "x"


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": 5},
        {"attendees": {}},
        {"attendees": [{"email": 1}]},
        {"recurrence": "RRULE:FREQ=DAILY"},
        {"start": "2027-01-01"},
        {"guestsCanModify": "yes"},
        {"status": "maybe"},
        {"transparency": "glass"},
        {"eventType": "party"},
        {"extendedProperties": {"private": {"a": 1}}},
        {"attendees": [{"email": "nobody"}]},
        {"attendees": [{"email": "a@b.example", "responseStatus": "perhaps"}]},
        {"reminders": {"overrides": [{"method": "pigeon", "minutes": 5}]}},
        {"reminders": {"overrides": [{"method": "popup"}]}},
        at("2027-06-01T25:00:00Z", "2027-06-02T01:00:00Z"),
        at("2027-02-30", "2027-03-01"),
        at("2027-06-01T10:00:00", "2027-06-01T11:00:00", "Mars/Olympus"),
        {"start": {"date": "2027-06-01"}},
        {"start": {"date": "2027-06-01", "dateTime": "2027-06-01T10:00:00Z"}},
    ],
)
def test_wrong_values_are_refused(anna, wrong):
    with refused(400, "invalid"):
        anna.insert(**wrong)
    assert anna.listed()[0] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": {}},
        {"start": None},
        at("2027-06-01T10:00:00", "2027-06-01T11:00:00"),
        {"attendees": [{"displayName": "Nobody"}]},
    ],
)
def test_missing_values_are_refused(anna, wrong):
    with refused(400, "required"):
        anna.insert(**wrong)


@pytest.mark.parametrize(
    "span",
    [
        at("2027-06-01T10:00:00Z", "2027-06-01T09:59:59Z"),
        at("2027-06-02", "2027-06-01"),
        at("2027-06-02", "2027-06-02"),
    ],
)
def test_an_end_before_the_start_is_refused(anna, span):
    with refused(400, "timeRangeEmpty") as details:
        anna.insert(**span)
    assert details[0]["domain"] == "calendar"


def test_an_event_of_no_length_is_fine(anna):
    anna.insert(**at("2027-06-01T10:00:00Z", "2027-06-01T10:00:00Z"))


@pytest.mark.parametrize("wrong", ["four", "ABCDE", "wxyz0", "a-b-c", "a" * 1025, "abcdeé"])
def test_client_ids_are_checked(anna, wrong):
    with refused(400, "invalid"):
        anna.insert(id=wrong)


@pytest.mark.parametrize("right", ["abcde", ID, "v" * 1024])
def test_client_ids_are_taken(anna, right):
    assert anna.insert(id=right)["id"] == right


def test_an_id_is_never_free_again(anna):
    anna.insert(id=ID)
    with refused(409, "duplicate"):
        anna.insert(id=ID)
    anna.delete(ID)
    with refused(409, "duplicate"):
        anna.insert(id=ID)


def test_the_same_id_may_be_on_two_calendars(anna):
    anna.insert(id=ID)
    other = anna.insert(id=ID, calendar="sales1.projects@north.example")
    assert other["organizer"] == {
        "email": "sales1.projects@north.example",
        "displayName": "Projects",
        "self": True,
    }
    assert other["creator"] == {"email": anna.email}


def test_a_deleted_event_is_shown_as_cancelled_and_can_be_restored(anna):
    anna.insert("Kept", id=ID)
    anna.delete(ID)
    gone = anna.get(ID)
    assert (gone["status"], gone["summary"]) == ("cancelled", "Kept")
    with refused(410, "deleted"):
        anna.delete(ID)
    with refused(403, "eventCancelled"):
        anna.patch(ID, summary="Changed")
    back = anna.patch(ID, status="confirmed")
    assert (back["status"], back["summary"]) == ("confirmed", "Kept")
    assert [one["id"] for one in anna.listed()[0]] == [ID]


def test_an_event_that_never_was_is_not_found(anna):
    for call in (anna.get, anna.delete, anna.patch):
        with refused(404, "notFound"):
            call(ID)


def test_a_patch_changes_what_it_names_and_nothing_else(anna):
    made = anna.insert(
        "Before",
        description="text",
        extendedProperties={"private": {"a": "1", "b": "2"}, "shared": {"c": "3"}},
    )
    changed = anna.patch(
        made["id"], summary="After", extendedProperties={"private": {"a": None, "d": "4"}}
    )
    assert changed["summary"] == "After"
    assert changed["description"] == "text"
    assert changed["extendedProperties"] == {"private": {"b": "2", "d": "4"}, "shared": {"c": "3"}}
    assert "description" not in anna.patch(made["id"], description=None)


def test_a_patch_from_timed_to_all_day_must_take_the_time_away(anna):
    made = anna.insert()
    with refused(400, "invalid"):
        anna.patch(made["id"], start={"date": "2027-06-01"}, end={"date": "2027-06-02"})
    changed = anna.patch(
        made["id"],
        start={"date": "2027-06-01", "dateTime": None},
        end={"date": "2027-06-02", "dateTime": None},
    )
    assert changed["start"] == {"date": "2027-06-01"}


def test_an_update_replaces_the_whole_event(anna):
    made = anna.insert("Before", description="text", location="here")
    body = {**at("2027-06-02T10:00:00Z", "2027-06-02T11:00:00Z"), "summary": "After"}
    changed = anna.events.update(calendarId="primary", eventId=made["id"], body=body).execute()
    assert not {"description", "location"} & changed.keys()
    assert changed["sequence"] == made["sequence"] + 1


def test_what_was_read_can_be_written_back_unchanged(anna):
    made = anna.insert("Same", attendees=[{"email": "guest@elsewhere.example"}], colorId="3")
    again = anna.events.update(calendarId="primary", eventId=made["id"], body=made).execute()
    volatile = {"etag", "updated"}
    assert {k: v for k, v in again.items() if k not in volatile} == {
        k: v for k, v in made.items() if k not in volatile
    }


def test_every_change_has_its_own_etag(anna):
    made = anna.insert()
    seen = {made["etag"]}
    for body in ({"summary": "1"}, {"summary": "1"}, {"reminders": {"useDefault": False}}):
        seen.add(anna.patch(made["id"], **body)["etag"])
    assert len(seen) == 4
    assert all(one.startswith('"') and one.endswith('"') for one in seen)


def test_reminders_do_not_move_updated(anna):
    made = anna.insert()
    reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}
    changed = anna.patch(made["id"], reminders=reminders)
    assert changed["reminders"] == reminders
    assert changed["updated"] == made["updated"]
    assert anna.patch(made["id"], summary="New")["updated"] > made["updated"]


def test_a_stale_etag_stops_every_write(anna):
    made = anna.insert()
    anna.patch(made["id"], summary="Newer")
    body = {**at("2027-06-02", "2027-06-03")}
    for request in (
        anna.events.patch(calendarId="primary", eventId=made["id"], body={"summary": "Mine"}),
        anna.events.update(calendarId="primary", eventId=made["id"], body=body),
        anna.events.delete(calendarId="primary", eventId=made["id"]),
    ):
        request.headers["If-Match"] = made["etag"]
        with refused(412, "conditionNotMet") as details:
            request.execute()
        assert details[0]["location"] == "If-Match"
    assert anna.get(made["id"])["summary"] == "Newer"


def test_the_present_etag_lets_a_write_through(anna):
    made = anna.insert()
    request = anna.events.patch(calendarId="primary", eventId=made["id"], body={"summary": "Mine"})
    request.headers["If-Match"] = made["etag"]
    assert request.execute()["summary"] == "Mine"


def test_what_the_client_has_already_is_not_sent_again(anna):
    made = anna.insert()
    request = anna.events.get(calendarId="primary", eventId=made["id"])
    response, content = anna.http.request(
        request.uri, headers={"if-none-match": made["etag"], "cache-control": "no-cache"}
    )
    assert (response.status, content) == (304, b"")


def test_the_sequence_grows_with_the_time_and_never_shrinks(anna):
    made = anna.insert()
    assert anna.patch(made["id"], summary="x")["sequence"] == 0
    span = at("2027-06-03T10:00:00Z", "2027-06-03T11:00:00Z")
    assert anna.patch(made["id"], **span)["sequence"] == 1
    with refused(400, "invalid"):
        anna.patch(made["id"], sequence=0)


def test_a_conference_is_made_only_for_clients_that_know_of_it(anna):
    wish = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    assert "conferenceData" not in anna.insert(conferenceData=wish)
    body = {**at("2027-06-01", "2027-06-02"), "conferenceData": wish}
    made = anna.events.insert(calendarId="primary", body=body, conferenceDataVersion=1).execute()
    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "success"}
    assert made["hangoutLink"] == made["conferenceData"]["entryPoints"][0]["uri"]
    kept = anna.patch(made["id"], summary="x", conferenceData=None)
    assert kept["hangoutLink"] == made["hangoutLink"]
    without = anna.events.patch(
        calendarId="primary",
        eventId=made["id"],
        body={"conferenceData": None},
        conferenceDataVersion=1,
    ).execute()
    assert not {"conferenceData", "hangoutLink"} & without.keys()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("focusTime", {"focusTimeProperties": {"autoDeclineMode": "declineNone"}}),
        ("outOfOffice", {"outOfOfficeProperties": {"declineMessage": "away"}}),
        (
            "workingLocation",
            {"workingLocationProperties": {"type": "homeOffice", "homeOffice": {}}},
        ),
        ("birthday", {**at("2027-06-01", "2027-06-02"), "recurrence": ["RRULE:FREQ=YEARLY"]}),
    ],
)
def test_other_kinds_of_events_keep_their_kind(anna, kind, more):
    made = anna.insert(eventType=kind, **more)
    assert made["eventType"] == kind
    with refused(400, "eventTypeRestriction"):
        anna.patch(made["id"], eventType="default")
    assert [one["id"] for one in anna.listed(eventTypes=[kind])[0]] == [made["id"]]
    assert anna.listed(eventTypes=["default"])[0] == []


def test_kinds_have_rules_of_their_own(anna):
    for wrong in (
        {"eventType": "fromGmail"},
        {"eventType": "focusTime", **at("2027-06-01", "2027-06-02")},
        {"eventType": "birthday"},
        {"eventType": "outOfOffice", "calendar": "sales1.projects@north.example"},
    ):
        with refused(400, "eventTypeRestriction"):
            anna.insert(**wrong)


def test_extended_properties_are_cut_to_their_limits(anna):
    made = anna.insert(extendedProperties={"private": {"k" * 44: "v" * 2000, "k" * 45: "dropped"}})
    assert made["extendedProperties"] == {"private": {"k" * 44: "v" * 1024}}


def test_a_moved_event_leaves_nothing_but_its_id(anna):
    made = anna.insert("Moving")
    projects = "sales1.projects@north.example"
    moved = anna.events.move(
        calendarId="primary", eventId=made["id"], destination=projects
    ).execute()
    assert moved["organizer"]["email"] == projects
    assert anna.get(made["id"], projects)["summary"] == "Moving"
    left = anna.get(made["id"])
    assert left.keys() == {"kind", "etag", "id", "status"}
    assert left["status"] == "cancelled"


def test_an_event_can_come_back_to_where_it_was(anna, boris):
    made = anna.insert("There and back", attendees=[{"email": boris.email}])
    projects = "sales1.projects@north.example"
    for origin, destination in (("primary", projects), (projects, anna.email)):
        anna.events.move(calendarId=origin, eventId=made["id"], destination=destination).execute()
        assert boris.get(made["id"])["organizer"]["email"] in destination
    assert [one["id"] for one in anna.listed()[0]] == [made["id"]]
    assert anna.listed(projects)[0] == []


def test_half_a_character_is_no_json(anna):
    uri = anna.events.insert(calendarId="primary", body={}).uri
    response, content = anna.http.request(
        uri, "POST", body=b'{"summary": "\\ud83d"}', headers={"content-type": "application/json"}
    )
    assert response.status == 400
    assert b"parseError" in content
