"""Deals, persons, organisations, users, activity types: shapes, strict types, who sees what."""

import pytest
from tests.contract.pipedrive_calls.company import Person, flat

KINDS = {"deals": "title", "persons": "name", "organizations": "name"}


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
async def test_a_record_lives_from_its_making_to_its_deletion(admin: Person, kind, name):
    path = f"/api/v2/{kind}"
    made = await admin.ask("POST", path, json={name: "First"})
    assert (made[name], made["owner_id"]) == ("First", admin.user.id)
    one = f"{path}/{made['id']}"
    assert (await admin.ask("PATCH", one, json={name: "Second"}))[name] == "Second"
    assert (await admin.ask("GET", one))[name] == "Second"
    assert made["id"] in list(flat(await admin.pages(path, limit=2)))
    assert await admin.ask("DELETE", one) == {"id": made["id"]}
    assert made["id"] not in list(flat(await admin.pages(path)))
    await admin.refused(404, "DELETE", one)


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
@pytest.mark.parametrize("body", [{}, {"colour": "red"}, {"owner_id": "1"}, None])
async def test_wrong_records_are_refused(admin: Person, kind, name, body):
    wrong = {name: 5} if body is None else body
    await admin.refused(400, "POST", f"/api/v2/{kind}", json=wrong)
    if body != {}:
        await admin.refused(400, "PATCH", f"/api/v2/{kind}/1", json=wrong)


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
async def test_a_name_is_never_null(admin: Person, kind, name):
    await admin.refused(400, "PATCH", f"/api/v2/{kind}/1", json={name: None})
    assert (await admin.ask("GET", f"/api/v2/{kind}/1"))[name]


async def test_a_private_deal_is_seen_by_its_owner_and_admins_alone(
    admin: Person, boris: Person, client, world
):
    third = Person(client, world, "sales3@north.example")
    assert await third.refused(403, "GET", "/api/v2/deals/3")
    assert list(flat(await third.pages("/api/v2/deals"))) == [1, 2]
    for person in (admin, boris):
        assert (await person.ask("GET", "/api/v2/deals/3"))["visible_to"] == 1


async def test_pages_of_persons_hold_everybody_once(admin: Person):
    pages = await admin.pages("/api/v2/persons", limit=3)
    assert list(flat(pages)) == [1, 2, 3, 4]
    assert list(flat(await admin.pages("/api/v2/persons", ids="2,4"))) == [2, 4]


async def test_a_person_is_found_by_the_exact_address(admin: Person):
    address = "buyer.two@north-customer.example"
    query = {"term": address.upper(), "fields": "email", "exact_match": "true"}
    found = await admin.ask("GET", "/api/v2/persons/search", params=query)
    assert [one["item"]["emails"] for one in found["items"]] == [[address]]
    query["term"] = "buyer"
    assert (await admin.ask("GET", "/api/v2/persons/search", params=query))["items"] == []
    query["exact_match"] = "false"
    assert len((await admin.ask("GET", "/api/v2/persons/search", params=query))["items"]) == 4
    await admin.refused(400, "GET", "/api/v2/persons/search")


async def test_users_tell_of_their_company_and_zone(admin: Person, boris: Person):
    me = await boris.ask("GET", "/api/v1/users/me")
    assert (me["id"], me["company_id"], me["is_you"]) == (boris.user.id, 1001, True)
    assert me["timezone_name"] == "America/New_York"
    assert me["access"][0]["admin"] is False
    assert (await admin.ask("GET", "/api/v1/users/me"))["access"][0]["admin"] is True
    assert len(await admin.ask("GET", "/api/v1/users")) == 3
    other = await admin.ask("GET", f"/api/v1/users/{boris.user.id}")
    assert (other["email"], other["is_you"]) == (boris.user.email, False)
    await admin.refused(404, "GET", "/api/v1/users/5")
    query = {"term": boris.user.email, "search_by_email": 1}
    (found,) = await admin.ask("GET", "/api/v1/users/find", params=query)
    assert found["id"] == boris.user.id


async def test_activity_types_are_made_changed_and_switched_off_by_admins(
    admin: Person, boris: Person
):
    path = "/api/v1/activityTypes"
    assert [one["key_string"] for one in await boris.ask("GET", path)][:3] == [
        "call",
        "meeting",
        "task",
    ]
    order = {"name": "Site visit", "icon_key": "car"}
    await boris.refused(403, "POST", path, json=order)
    made = await admin.ask("POST", path, json=order)
    assert (made["key_string"], made["is_custom_flag"]) == ("site_visit", True)
    activity = await boris.add(type="site_visit")
    renamed = await admin.ask("PUT", f"{path}/{made['id']}", json={"name": "On site"})
    assert (renamed["name"], renamed["key_string"]) == ("On site", "site_visit")
    assert (await admin.ask("DELETE", f"{path}/{made['id']}"))["active_flag"] is False
    await boris.refused(400, "POST", "/api/v2/activities", json={"type": "site_visit"})
    assert (await boris.get(activity["id"]))["type"] == "site_visit"
