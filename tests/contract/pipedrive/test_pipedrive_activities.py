"""Activities one by one: what may be written, and what comes back."""

from datetime import timedelta

import pytest

ACTIVITIES = "/api/v2/activities"
GUEST = {"email": "guest@example.com", "name": "Guest"}
LEAD = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


async def test_a_bare_activity_is_a_call_of_its_creator(admin):
    made = await admin.make()
    assert (made["subject"], made["type"]) == ("Call", "call")
    assert made["owner_id"] == made["creator_user_id"] == admin.user_id
    assert (made["done"], made["busy"], made["is_deleted"]) == (False, None, False)
    assert made["due_date"] is made["due_time"] is made["duration"] is made["location"] is None


async def test_what_is_written_comes_back(admin, boris):
    written = {
        "subject": "Visit 🚢",
        "type": "lunch",
        "owner_id": boris.user_id,
        "due_date": "2027-02-03",
        "due_time": "09:30:00",
        "duration": "01:15:00",
        "busy": True,
        "public_description": "For all",
        "note": "<p>For us</p>",
        "priority": 1,
        "org_id": 1,
        "deal_id": 1,
        "participants": [{"person_id": 1, "primary": True}],
    }
    made = await admin.make(**written, location={"value": "Quay 4"})
    read = await boris.get(made["id"])
    assert read == {name: value for name, value in made.items() if name != "attendees"}
    assert {name: read[name] for name in written} == written
    assert (read["location"]["value"], read["location"]["country"]) == ("Quay 4", None)
    assert read["person_id"] == 1


@pytest.mark.parametrize(
    ("given", "answered"),
    [("9:05", "09:05:00"), ("09:05", "09:05:00"), ("09:05:30", "09:05:30"), ("", None)],
)
async def test_times_of_day_are_answered_in_one_form(admin, given, answered):
    made = await admin.make(due_date="2027-02-03", due_time=given, duration=given)
    assert (made["due_time"], made["duration"]) == (answered, answered)
    cleared = await admin.change(made["id"], due_time="", duration=None)
    assert cleared["due_time"] is cleared["duration"] is None
    assert cleared["due_date"] == "2027-02-03"


@pytest.mark.parametrize(
    "wrong",
    [
        {"done": 1},
        {"done": "true"},
        {"busy": 0},
        {"owner_id": "1"},
        {"owner_id": 999},
        {"deal_id": True},
        {"deal_id": "1"},
        {"deal_id": 999},
        {"org_id": 1.5},
        {"org_id": 999},
        {"subject": 5},
        {"subject": "x" * 256},
        {"type": "juggling"},
        {"due_date": "03.02.2027"},
        {"due_date": "2027-02-30"},
        {"due_time": "24:00"},
        {"due_time": "soon"},
        {"duration": "one hour"},
        {"location": "Quay 4"},
        {"location": {"planet": "Earth"}},
        {"participants": [{"person_id": 999}]},
        {"participants": [{"person_id": "1"}]},
        {"participants": {"person_id": 1}},
        {"attendees": ["guest@example.com"]},
        {"attendees": [{"name": "no address"}]},
        {"user_id": 1},
        {"private": True},
        {"is_deleted": True},
        {"rec_rule": "RRULE:FREQ=DAILY"},
        {"marked_as_done_time": "2027-02-03T00:00:00Z"},
    ],
    ids=str,
)
async def test_a_wrong_or_unknown_field_is_named_and_changes_nothing(admin, wrong):
    made = await admin.make()
    path = f"{ACTIVITIES}/{made['id']}"
    (name,) = wrong
    assert name in await admin.refused(400, "PATCH", path, body={"note": "new", **wrong})
    assert name in await admin.refused(400, "POST", ACTIVITIES, body=wrong)
    assert await admin.get(made["id"], include_fields="attendees") == made
    assert await admin.listed() == [made["id"]]


@pytest.mark.parametrize("field", ["subject", "type", "owner_id"])
async def test_what_an_activity_needs_cannot_be_taken_away(admin, field):
    made = await admin.make()
    path = f"{ACTIVITIES}/{made['id']}"
    assert field in await admin.refused(400, "PATCH", path, body={field: None})
    assert (await admin.make(**{field: None}))[field] == made[field]


async def test_a_wrong_time_of_day_is_refused_in_the_vendors_words(admin):
    told = await admin.refused(400, "POST", ACTIVITIES, body={"due_time": "9am"})
    assert told == "Validation failed: due_time: This value is not a valid datetime."


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"null", b'"text"', b"\xff", b'{"subject":"\\ud800"}', b"[" * 100_000]
)
async def test_a_body_that_is_no_object_is_refused(admin, content):
    answer = await admin.http.post(
        "/pipedrive" + ACTIVITIES, content=content, headers=admin.headers
    )
    assert (answer.status_code, answer.json()["success"]) == (400, False)


async def test_attendees_come_only_when_asked_for(admin):
    made = await admin.make(attendees=[GUEST])
    assert "attendees" not in await admin.get(made["id"])
    full = await admin.get(made["id"], include_fields="attendees")
    assert [(one["email"], one["status"]) for one in full["attendees"]] == [
        (GUEST["email"], "noreply")
    ]
    ((listed,),) = await admin.pages(ACTIVITIES)
    assert "attendees" not in listed
    ((listed,),) = await admin.pages(ACTIVITIES, include_fields="attendees")
    assert listed["attendees"] == full["attendees"]
    await admin.refused(400, "GET", ACTIVITIES, include_fields="everything")


async def test_the_primary_participant_is_the_person(admin):
    made = await admin.make(person_id=3, participants=[{"person_id": 1}, {"person_id": 2}])
    assert made["person_id"] == 1
    assert [one["primary"] for one in made["participants"]] == [True, False]
    both = [{"person_id": 1, "primary": True}, {"person_id": 2, "primary": True}]
    made = await admin.change(made["id"], participants=both)
    assert [one["primary"] for one in made["participants"]] == [True, False]
    second = [{"person_id": 1}, {"person_id": 2, "primary": True}]
    assert (await admin.change(made["id"], participants=second))["person_id"] == 2
    assert (await admin.change(made["id"], person_id=1))["person_id"] == 2
    assert (await admin.change(made["id"], participants=[]))["person_id"] is None


async def test_a_deal_counts_more_than_a_lead_and_a_lead_more_than_a_project(admin):
    made = await admin.make(deal_id=1, lead_id=LEAD, project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (1, None, None)
    made = await admin.make(lead_id=LEAD, project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (None, LEAD, None)
    made = await admin.make(project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (None, None, 4)
    made = await admin.change(made["id"], deal_id=1)
    assert (made["deal_id"], made["project_id"]) == (1, None)


async def test_done_has_a_time_as_long_as_it_is_done(admin, world):
    made = await admin.make()
    assert made["marked_as_done_time"] is None
    done = await admin.change(made["id"], done=True)
    assert done["marked_as_done_time"] == done["update_time"]
    world.clock.advance(timedelta(minutes=5))
    again = await admin.change(made["id"], done=True, subject="x")
    assert again["marked_as_done_time"] == done["marked_as_done_time"]
    assert (await admin.change(made["id"], done=False))["marked_as_done_time"] is None


async def test_the_update_time_moves_with_changes_only_and_never_back(admin, world):
    made = await admin.make(subject="Same")
    world.clock.advance(timedelta(minutes=5))
    assert (await admin.change(made["id"], subject="Same"))["update_time"] == made["update_time"]
    moved = await admin.change(made["id"], subject="Other")
    assert moved["update_time"] > made["update_time"]
    assert moved["add_time"] == made["add_time"]
    assert "." not in moved["update_time"]
    world.clock.advance(timedelta(hours=-1))
    assert (await admin.change(made["id"], subject="x"))["update_time"] > moved["update_time"]


async def test_a_deleted_activity_is_marked_and_leaves_the_lists(admin, world):
    made = await admin.make()
    world.clock.advance(timedelta(minutes=5))
    assert await admin.delete(made["id"]) == {"id": made["id"]}
    read = await admin.get(made["id"])
    assert read["is_deleted"] is True
    assert read["update_time"] > made["update_time"]
    assert await admin.listed() == []
    assert await admin.listed(ids=str(made["id"])) == []
    path = f"{ACTIVITIES}/{made['id']}"
    await admin.refused(404, "PATCH", path, body={"subject": "x"})
    await admin.refused(404, "DELETE", path)
    world.pipedrive.deleted_reads = "gone"
    await admin.refused(404, "GET", path)


async def test_a_deleted_activity_is_purged_after_thirty_days(admin, world, company):
    kept, gone = await admin.make(), await admin.make()
    await admin.delete(gone["id"])
    world.clock.advance(timedelta(days=29, hours=23))
    assert (await admin.get(gone["id"]))["is_deleted"]
    world.clock.advance(timedelta(hours=1))
    await admin.refused(404, "GET", f"{ACTIVITIES}/{gone['id']}")
    assert await admin.listed() == [kept["id"]]
    assert list(company.activities) == [kept["id"]]
    assert (await admin.make())["id"] > gone["id"]


async def test_an_activity_keeps_a_type_that_is_no_longer_active(admin, company):
    video = next(one for one in company.activity_types.values() if one.key_string == "video_call")
    made = await admin.make(type="video_call")
    await admin.call("DELETE", f"/api/v1/activityTypes/{video.id}")
    assert (await admin.change(made["id"], subject="Still"))["type"] == "video_call"
    assert "type" in await admin.refused(400, "POST", ACTIVITIES, body={"type": "video_call"})


async def test_an_activity_about_a_hidden_deal_is_hidden_too(admin, boris, chandra, company):
    hidden = next(deal for deal in company.deals.values() if deal.visible_to == 1)
    made = await boris.make(deal_id=hidden.id)
    await chandra.refused(404, "GET", f"{ACTIVITIES}/{made['id']}")
    assert await chandra.listed() == []
    assert await admin.listed() == await boris.listed() == [made["id"]]
    await boris.change(made["id"], owner_id=chandra.user_id)
    assert await chandra.listed(owner_id=chandra.user_id) == [made["id"]]


async def test_another_company_sees_nothing_of_it(admin, caller):
    made = await admin.make()
    stranger = caller("sales1@south.example")
    await stranger.refused(404, "GET", f"{ACTIVITIES}/{made['id']}")
    assert await stranger.listed() == []
