"""Activities: strict types, defaults, participants, one of deal, lead and project, soft delete."""

from datetime import timedelta
from typing import Any

import pytest
from tests.contract.pipedrive_calls.company import Person

from tandem_sandbox.world import World

GUEST = {"email": "guest@example.com", "name": "Guest"}


async def test_a_bare_activity_is_a_call_of_its_creator(admin: Person):
    made = await admin.ask("POST", "/api/v2/activities", json={})
    assert (made["subject"], made["type"]) == ("Call", "call")
    assert made["owner_id"] == made["creator_user_id"] == admin.user.id
    assert (made["done"], made["busy"], made["is_deleted"]) == (False, None, False)
    assert made["due_date"] is made["due_time"] is made["duration"] is made["location"] is None


async def test_what_is_written_is_read(admin: Person, boris: Person):
    written: dict[str, Any] = {
        "subject": "Lunch",
        "type": "lunch",
        "owner_id": boris.user.id,
        "due_date": "2027-02-03",
        "due_time": "09:30:00",
        "duration": "01:15:00",
        "busy": True,
        "public_description": "Bring a pen",
        "note": "<p>secret</p>",
        "priority": 1,
        "org_id": 1,
    }
    made = await admin.add(**written, location={"value": "Main Street 1"})
    read = await boris.get(made["id"])
    assert {name: read[name] for name in written} == written
    assert read["location"]["value"] == "Main Street 1"
    assert read["location"]["country"] is None


async def test_times_are_spelt_in_one_way_and_empty_ones_are_none(admin: Person):
    made = await admin.add(due_date="2027-02-03", due_time="9:05", duration="1:00")
    assert (made["due_time"], made["duration"]) == ("09:05:00", "01:00:00")
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
        {"deal_id": True},
        {"deal_id": "1"},
        {"subject": 5},
        {"subject": "x" * 256},
        {"type": "juggling"},
        {"type": None},
        {"owner_id": 999},
        {"deal_id": 999},
        {"org_id": 999},
        {"due_date": "03.02.2027"},
        {"due_date": "2027-02-30"},
        {"due_time": "24:00"},
        {"due_time": "soon"},
        {"duration": "one hour"},
        {"location": "Main Street 1"},
        {"location": {"planet": "Earth"}},
        {"participants": [{"person_id": 999}]},
        {"participants": [{"person_id": "1"}]},
        {"participants": {"person_id": 1}},
        {"attendees": ["guest@example.com"]},
        {"attendees": [{"name": "no address"}]},
        {"user_id": 1},
        {"private": True},
        {"rec_rule": "RRULE:FREQ=DAILY"},
        {"marked_as_done_time": "2027-02-03T00:00:00Z"},
    ],
)
async def test_wrong_types_and_unknown_fields_change_nothing(admin: Person, wrong):
    made = await admin.add()
    message = await admin.refused(400, "PATCH", f"/api/v2/activities/{made['id']}", json=wrong)
    assert next(iter(wrong)) in message
    assert await admin.get(made["id"]) == {
        name: value for name, value in made.items() if name != "attendees"
    }
    if wrong != {"type": None}:
        await admin.refused(400, "POST", "/api/v2/activities", json=wrong)
    assert len((await admin.pages())[0]) == 1


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b'"text"', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(admin: Person, content):
    await admin.refused(400, "POST", "/api/v2/activities", content=content)


async def test_a_subject_is_never_null(admin: Person):
    made = await admin.add()
    answer = await admin.raw("PATCH", f"/api/v2/activities/{made['id']}", json={"subject": None})
    assert answer.status_code in {200, 400}
    assert isinstance((await admin.get(made["id"]))["subject"], str)


async def test_attendees_come_only_when_asked_for(admin: Person):
    made = await admin.add(attendees=[GUEST])
    plain = await admin.get(made["id"])
    full = await admin.get(made["id"], include_fields="attendees")
    assert "attendees" not in plain
    assert full["attendees"][0]["email"] == GUEST["email"]
    assert full["attendees"][0]["status"] == "noreply"
    ((listed,),) = await admin.pages()
    assert "attendees" not in listed
    ((listed,),) = await admin.pages(include_fields="attendees")
    assert listed["attendees"] == full["attendees"]
    await admin.refused(400, "GET", "/api/v2/activities?include_fields=everything")


async def test_the_primary_participant_is_the_person(admin: Person):
    made = await admin.add(participants=[{"person_id": 2}, {"person_id": 3}])
    assert made["person_id"] == 2
    assert [one["primary"] for one in made["participants"]] == [True, False]
    changed = await admin.change(
        made["id"], participants=[{"person_id": 2}, {"person_id": 3, "primary": True}]
    )
    assert changed["person_id"] == 3
    assert (await admin.change(made["id"], person_id=1))["person_id"] == 3
    assert (await admin.change(made["id"], participants=[]))["person_id"] is None


async def test_a_deal_counts_more_than_a_lead_and_a_lead_more_than_a_project(admin: Person):
    lead = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    made = await admin.add(deal_id=1, lead_id=lead, project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (1, None, None)
    made = await admin.add(lead_id=lead, project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (None, lead, None)
    made = await admin.add(project_id=4)
    assert (made["deal_id"], made["lead_id"], made["project_id"]) == (None, None, 4)
    made = await admin.change(made["id"], deal_id=1)
    assert (made["deal_id"], made["project_id"]) == (1, None)


async def test_done_has_its_moment(admin: Person):
    made = await admin.add()
    done = await admin.change(made["id"], done=True)
    assert done["marked_as_done_time"].endswith("Z")
    assert (await admin.change(made["id"], done=False))["marked_as_done_time"] is None


async def test_update_time_moves_with_changes_only(admin: Person, world: World):
    made = await admin.add()
    world.clock.advance(timedelta(seconds=5))
    assert (await admin.change(made["id"], subject="Visit"))["update_time"] == made["update_time"]
    changed = await admin.change(made["id"], subject="Visit 2")
    assert changed["update_time"] > made["update_time"]
    world.clock.advance(timedelta(hours=-1))
    assert (await admin.change(made["id"], subject="Visit 3"))["update_time"] > changed[
        "update_time"
    ]


async def test_a_deleted_activity_is_kept_for_thirty_days(admin: Person, world: World):
    made = await admin.add()
    world.clock.advance(timedelta(seconds=5))
    assert await admin.delete(made["id"]) == {"id": made["id"]}
    read = await admin.get(made["id"])
    assert read["is_deleted"] is True
    assert read["update_time"] > made["update_time"]
    assert await admin.pages() == [[]]
    path = f"/api/v2/activities/{made['id']}"
    await admin.refused(404, "PATCH", path, json={"subject": "x"})
    await admin.refused(404, "DELETE", path)
    world.clock.advance(timedelta(days=31))
    await admin.pages()
    await admin.refused(404, "GET", path)
    assert (await admin.add())["id"] > made["id"]


async def test_a_deleted_activity_can_be_gone_at_once(admin: Person, world: World):
    world.pipedrive.deleted_reads = "gone"
    made = await admin.add()
    await admin.delete(made["id"])
    await admin.refused(404, "GET", f"/api/v2/activities/{made['id']}")


async def test_another_company_sees_nothing(admin: Person, stranger: Person):
    made = await admin.add()
    await stranger.refused(404, "GET", f"/api/v2/activities/{made['id']}")
    assert await stranger.pages() == [[]]


async def test_api_v1_has_no_activities(admin: Person):
    for path in ("/api/v1/activities", "/v1/activities", "/v2/activities"):
        assert (await admin.raw("GET", path)).status_code == 404


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-token": "wrong"}, {"authorization": "Bearer wrong"}]
)
async def test_without_a_good_token_nothing_is_answered(admin: Person, headers):
    admin.headers = headers
    assert "unauthorized" in await admin.refused(401, "GET", "/api/v2/activities")


async def test_a_token_is_taken_in_each_of_its_places(admin: Person):
    token = admin.user.token
    admin.headers = {}
    for request in (
        {"headers": {"authorization": f"Bearer {token}"}},
        {"headers": {"x-api-token": token}},
        {"params": {"api_token": token}},
    ):
        assert (await admin.raw("GET", "/api/v2/activities", **request)).status_code == 200
