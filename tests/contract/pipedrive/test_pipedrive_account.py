"""Users and activity types of API v1, and addresses that do not exist."""

from datetime import UTC, datetime

import pytest
from tests.contract.pipedrive import descriptions

TYPES = "/api/v1/activityTypes"


def test_answers_are_held_against_the_vendors_description():
    if not descriptions.are_here():
        pytest.skip(f"no OpenAPI files of the vendor in {descriptions.SPECS}")
    with pytest.raises(Exception, match="is not of type"):
        descriptions.check_answer(
            "GET", "/api/v2/activities/1", 200, {"success": True, "data": {"id": "1"}}
        )
    with pytest.raises(AssertionError, match="missing"):
        descriptions.check_answer(
            "GET", "/api/v2/activities/1", 200, {"success": True, "data": {"id": 1}}
        )


@pytest.mark.parametrize(
    ("month", "offset"), [(1, "-05:00"), (7, "-04:00")], ids=["winter", "summer"]
)
async def test_a_user_is_told_his_zone_as_it_is_now(boris, world, month, offset):
    world.clock.set(datetime(2027, month, 1, tzinfo=UTC))
    me = await boris.call("GET", "/api/v1/users/me")
    assert (me["id"], me["email"]) == (boris.user_id, boris.email)
    assert (me["timezone_name"], me["timezone_offset"]) == ("America/New_York", offset)
    assert (me["company_id"], me["company_domain"]) == (1001, "north")


async def test_users_are_listed_read_and_found(boris, chandra):
    users = await boris.call("GET", "/api/v1/users")
    assert [one["email"] for one in users] == [
        f"sales{number}@north.example" for number in (1, 2, 3)
    ]
    assert [one["is_you"] for one in users] == [False, True, False]
    one = await boris.call("GET", f"/api/v1/users/{chandra.user_id}")
    assert one == users[2]
    query = {"term": chandra.email, "search_by_email": 1}
    assert await boris.call("GET", "/api/v1/users/find", **query) == [one]
    assert await boris.call("GET", "/api/v1/users/find", term="sales 3") == [one]
    await boris.refused(404, "GET", "/api/v1/users/42")


async def test_an_activity_types_key_comes_from_its_name_and_stays(admin):
    made = await admin.call("POST", TYPES, body={"name": "Site visit!", "icon_key": "car"})
    assert (made["key_string"], made["is_custom_flag"]) == ("site_visit", True)
    assert (await admin.make(type="site_visit"))["type"] == "site_visit"
    changed = await admin.call("PUT", f"{TYPES}/{made['id']}", body={"name": "Tour"})
    assert (changed["name"], changed["key_string"]) == ("Tour", "site_visit")
    gone = await admin.call("DELETE", f"{TYPES}/{made['id']}")
    assert gone["active_flag"] is False
    listed = {one["id"]: one["active_flag"] for one in await admin.call("GET", TYPES)}
    assert listed[made["id"]] is False
    assert sum(listed.values()) == len(listed) - 1


async def test_only_an_admin_changes_activity_types(boris):
    await boris.refused(403, "POST", TYPES, body={"name": "Mine", "icon_key": "car"})
    await boris.refused(403, "PUT", f"{TYPES}/1", body={"name": "Mine"})
    await boris.refused(403, "DELETE", f"{TYPES}/1")
    assert (await boris.call("GET", TYPES))[0]["name"] == "Call"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": "", "icon_key": "car"}, {"name": 7, "icon_key": "car"}, {"x": 1}],
)
async def test_a_wrong_activity_type_is_refused(admin, body):
    await admin.refused(400, "POST", TYPES, body=body)


async def test_an_activity_type_that_is_not_there_cannot_be_changed(admin):
    await admin.refused(404, "PUT", f"{TYPES}/99", body={"name": "x"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/activities", 404),
        ("GET", "/v2/activities", 404),
        ("GET", "/api/v2/activities/x", 404),
        ("PUT", "/api/v2/activities/1", 405),
        ("DELETE", "/api/v2/activities", 405),
    ],
)
async def test_an_unknown_address_is_refused_in_json(admin, method, path, status):
    answer = await admin.http.request(method, "/pipedrive" + path, headers=admin.headers)
    assert answer.status_code == status
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-token": "wrong"}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer"}],
)
async def test_a_wrong_token_is_refused(admin, world, headers):
    admin.headers = headers
    assert await admin.refused(401, "GET", "/api/v1/webhooks") == "unauthorized access"
    await admin.refused(401, "POST", "/api/v2/activities", body={})
    assert world.pipedrive.companies[1001].activities == {}


async def test_the_users_own_token_is_taken_in_every_place(admin, world):
    token = admin.headers["x-api-token"]
    admin.headers = {"authorization": f"Bearer {token}"}
    assert (await admin.call("GET", "/api/v1/users/me"))["id"] == admin.user_id
    admin.headers = {}
    assert (await admin.call("GET", "/api/v1/users/me", api_token=token))["id"] == admin.user_id
    assert await admin.call("GET", "/api/v2/activities", api_token=token) == []
    assert all(token not in call.path for call in world.calls.matching())
