"""Events with guests: the copies on their calendars, their answers, and the mails."""

import pytest
from tests.contract.google.clients import at, refused

OUTSIDER = "guest@elsewhere.example"


def _answers(event):
    return {one["email"]: one["responseStatus"] for one in event["attendees"]}


def _mails(world):
    return [(mail.kind, mail.to) for mail in world.mails.all()]


def _meeting(anna, boris, **more):
    guests = [{"email": boris.email}, {"email": OUTSIDER, "displayName": "Guest"}]
    return anna.insert("Meeting", attendees=guests, **more)


def _with_answer(event, email, answer):
    return [
        {**one, "responseStatus": answer} if one["email"] == email else one
        for one in event["attendees"]
    ]


def test_a_guest_has_a_copy_of_his_own(anna, boris):
    made = _meeting(
        anna,
        boris,
        description="Agenda",
        reminders={"useDefault": False},
        extendedProperties={"private": {"a": "1"}, "shared": {"b": "2"}},
    )
    copy = boris.get(made["id"])
    assert (copy["summary"], copy["description"]) == ("Meeting", "Agenda")
    assert copy["iCalUID"] == made["iCalUID"]
    assert copy["organizer"] == {"email": anna.email}
    assert copy["extendedProperties"] == {"shared": {"b": "2"}}
    assert copy["reminders"] == {"useDefault": True}
    assert copy["etag"] != made["etag"]
    assert [one["email"] for one in copy["attendees"] if one.get("self")] == [boris.email]
    assert [one["id"] for one in boris.listed()[0]] == [made["id"]]


def test_the_organizer_as_a_guest_is_marked(anna, boris):
    made = anna.insert(attendees=[{"email": anna.email}, {"email": boris.email}])
    own, other = made["attendees"]
    assert (own["organizer"], own["self"]) == (True, True)
    assert not {"organizer", "self"} & other.keys()
    copy = boris.get(made["id"])
    assert copy["attendees"][0]["organizer"]
    assert "self" not in copy["attendees"][0]


def test_the_organizers_changes_reach_the_copies(anna, boris):
    made = _meeting(anna, boris)
    _, token = boris.listed()
    span = at("2027-06-09T10:00:00Z", "2027-06-09T11:00:00Z")
    anna.patch(made["id"], summary="Moved", **span)
    (copy,) = boris.listed(syncToken=token)[0]
    assert (copy["summary"], copy["sequence"]) == ("Moved", 1)
    assert copy["start"]["dateTime"] == "2027-06-09T06:00:00-04:00"


def test_what_is_private_to_a_copy_stays_there(anna, boris):
    made = _meeting(anna, boris)
    _, token = anna.listed()
    own = {
        "extendedProperties": {"private": {"mine": "1"}},
        "reminders": {"useDefault": False},
        "colorId": "4",
        "transparency": "transparent",
        "visibility": "private",
    }
    changed = boris.patch(made["id"], **own)
    assert {name: changed[name] for name in own} == own
    assert anna.listed(syncToken=token)[0] == []
    anna.patch(made["id"], summary="Still the same to him")
    kept = boris.get(made["id"])
    assert {name: kept[name] for name in own} == own


def test_a_guest_can_write_back_what_he_read(anna, boris):
    made = _meeting(anna, boris)
    body = {**boris.get(made["id"]), "colorId": "5"}
    changed = boris.events.update(calendarId="primary", eventId=made["id"], body=body).execute()
    assert changed["colorId"] == "5"
    assert anna.get(made["id"]) == made


def test_an_answer_reaches_everybody(anna, boris, chandra):
    made = anna.insert(attendees=[{"email": boris.email}, {"email": chandra.email}])
    _, token = anna.listed()
    copy = boris.get(made["id"])
    boris.patch(made["id"], attendees=_with_answer(copy, boris.email, "accepted"))
    expected = {boris.email: "accepted", chandra.email: "needsAction"}
    assert _answers(anna.listed(syncToken=token)[0][0]) == expected
    assert _answers(chandra.get(made["id"])) == expected
    chandra.patch(
        made["id"],
        attendeesOmitted=True,
        attendees=[{"email": chandra.email, "responseStatus": "declined", "comment": "Sorry"}],
    )
    assert _answers(boris.get(made["id"])) == {
        boris.email: "accepted",
        chandra.email: "declined",
    }
    assert anna.get(made["id"])["attendees"][1]["comment"] == "Sorry"


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "Mine"},
        {"location": "Here"},
        {"guestsCanModify": True},
        {"extendedProperties": {"shared": {"a": "1"}}},
        at("2027-06-09T10:00:00Z", "2027-06-09T11:00:00Z"),
        {"attendees": []},
        {"attendees": [{"email": OUTSIDER, "responseStatus": "accepted"}]},
    ],
)
def test_a_guest_cannot_change_what_is_shared(anna, boris, change):
    made = _meeting(anna, boris)
    with refused(403, "forbiddenForNonOrganizer"):
        boris.patch(made["id"], **change)
    assert boris.get(made["id"])["summary"] == "Meeting"
    assert anna.get(made["id"])["etag"] == made["etag"]


def test_a_guest_who_may_modify_modifies_for_all(anna, boris):
    made = _meeting(anna, boris, guestsCanModify=True, extendedProperties={"private": {"a": "1"}})
    boris.patch(made["id"], summary="Ours", location="There")
    truth = anna.get(made["id"])
    assert (truth["summary"], truth["location"]) == ("Ours", "There")
    assert truth["extendedProperties"] == {"private": {"a": "1"}}


def test_guests_may_invite_unless_told_otherwise(anna, boris, chandra):
    made = _meeting(anna, boris)
    copy = boris.get(made["id"])
    boris.patch(made["id"], attendees=[*copy["attendees"], {"email": chandra.email}])
    assert chandra.email in _answers(anna.get(made["id"]))
    assert chandra.get(made["id"])["summary"] == "Meeting"
    closed = _meeting(anna, boris, guestsCanInviteOthers=False)
    copy = boris.get(closed["id"])
    with refused(403, "forbiddenForNonOrganizer"):
        boris.patch(closed["id"], attendees=[*copy["attendees"], {"email": chandra.email}])


def test_a_guest_who_deletes_his_copy_declines(anna, boris):
    made = _meeting(anna, boris)
    boris.delete(made["id"])
    assert _answers(anna.get(made["id"]))[boris.email] == "declined"
    assert boris.get(made["id"])["status"] == "cancelled"
    anna.patch(made["id"], summary="Without him")
    assert boris.listed()[0] == []
    assert _answers(boris.patch(made["id"], status="confirmed"))[boris.email] == "declined"


def test_an_event_that_its_organizer_deletes_is_gone_for_all(anna, boris):
    made = _meeting(anna, boris)
    _, token = boris.listed()
    anna.delete(made["id"])
    (gone,) = boris.listed(syncToken=token)[0]
    assert (gone["id"], gone["status"]) == (made["id"], "cancelled")


def test_who_is_no_longer_invited_loses_his_copy(anna, boris):
    made = _meeting(anna, boris)
    anna.patch(made["id"], attendees=[{"email": OUTSIDER}])
    assert boris.get(made["id"])["status"] == "cancelled"
    anna.patch(made["id"], attendees=[{"email": boris.email}])
    assert boris.get(made["id"])["status"] == "confirmed"


def test_series_and_their_exceptions_reach_guests(anna, boris):
    span = at("2027-06-01T09:00:00", "2027-06-01T10:00:00", "Europe/Stockholm")
    made = _meeting(anna, boris, recurrence=["RRULE:FREQ=DAILY;COUNT=3"], **span)
    anna.patch(f"{made['id']}_20270602T070000Z", summary="Special")
    anna.delete(f"{made['id']}_20270603T070000Z")
    items, _ = boris.listed(singleEvents=True, orderBy="startTime")
    assert [one["summary"] for one in items] == ["Meeting", "Special"]
    assert items[1]["start"]["dateTime"] == "2027-06-02T03:00:00-04:00"


def test_a_guest_can_answer_one_occurrence(anna, boris):
    span = at("2027-06-01T09:00:00", "2027-06-01T10:00:00", "Europe/Stockholm")
    made = _meeting(anna, boris, recurrence=["RRULE:FREQ=DAILY;COUNT=2"], **span)
    instance = f"{made['id']}_20270602T070000Z"
    copy = boris.get(instance)
    boris.patch(instance, attendees=_with_answer(copy, boris.email, "declined"))
    assert _answers(anna.get(instance))[boris.email] == "declined"
    assert _answers(anna.get(made["id"]))[boris.email] == "needsAction"


def test_a_guest_of_one_occurrence_has_only_that_one(anna, boris, chandra):
    span = at("2027-06-01T09:00:00", "2027-06-01T10:00:00", "Europe/Stockholm")
    made = _meeting(anna, boris, recurrence=["RRULE:FREQ=DAILY;COUNT=2"], **span)
    instance = f"{made['id']}_20270602T070000Z"
    anna.patch(instance, attendees=[{"email": chandra.email}])
    assert [one["id"] for one in chandra.listed(singleEvents=True)[0]] == [instance]
    assert [one["id"] for one in boris.listed(singleEvents=True)[0]] == [
        f"{made['id']}_20270601T070000Z"
    ]


def test_nobody_is_mailed_unless_it_is_asked_for(anna, boris, world):
    made = _meeting(anna, boris)
    anna.patch(made["id"], summary="New", sendUpdates="none")
    anna.delete(made["id"])
    assert world.mails.total == 0


def test_nobody_is_mailed_about_his_own_event(anna, boris, world):
    guests = [{"email": anna.email}, {"email": boris.email}]
    made = anna.insert(attendees=guests, sendUpdates="all")
    anna.patch(made["id"], colorId="4", sendUpdates="all")
    assert _mails(world) == [("invitation", boris.email)]


def test_all_guests_are_mailed_when_asked_for(anna, boris, chandra, world):
    made = _meeting(anna, boris, sendUpdates="all")
    assert _mails(world) == [("invitation", boris.email), ("invitation", OUTSIDER)]
    world.mails.reset()
    anna.patch(
        made["id"], attendees=[{"email": boris.email}, {"email": chandra.email}], sendUpdates="all"
    )
    assert sorted(_mails(world)) == [
        ("cancellation", OUTSIDER),
        ("invitation", chandra.email),
        ("update", boris.email),
    ]
    world.mails.reset()
    anna.delete(made["id"], sendUpdates="all")
    assert _mails(world) == [("cancellation", boris.email), ("cancellation", chandra.email)]


def test_only_outsiders_are_mailed_when_asked_for(anna, boris, world):
    made = _meeting(anna, boris, sendUpdates="externalOnly")
    anna.events.delete(calendarId="primary", eventId=made["id"], sendNotifications=True).execute()
    assert _mails(world) == [
        ("invitation", OUTSIDER),
        ("cancellation", boris.email),
        ("cancellation", OUTSIDER),
    ]


def test_an_imported_event_keeps_its_organizer_and_nobody_hears_of_it(anna, boris, world):
    body = {
        **at("2027-06-01T10:00:00Z", "2027-06-01T11:00:00Z"),
        "iCalUID": "abc@elsewhere.example",
        "summary": "Imported",
        "organizer": {"email": OUTSIDER},
        "attendees": [{"email": anna.email}, {"email": boris.email}],
    }
    made = anna.events.import_(calendarId="primary", body=body).execute()
    assert made["organizer"] == {"email": OUTSIDER}
    assert made["iCalUID"] == "abc@elsewhere.example"
    with refused(403, "forbiddenForNonOrganizer"):
        anna.patch(made["id"], summary="Mine")
    declined = _with_answer(made, anna.email, "declined")
    assert _answers(anna.patch(made["id"], attendees=declined))[anna.email] == "declined"
    assert boris.listed()[0] == []
    assert world.mails.total == 0
