"""Lists: filters, order, pages that stay put while records come and go."""

import base64
import json
from datetime import timedelta

import pytest
from tests.contract.pipedrive_calls.company import Person, flat

from tandem_sandbox.world import World


async def _some(person: Person, world: World, count: int) -> list[int]:
    ids = []
    for number in range(count):
        ids.append((await person.add(f"A{number}", due_date=f"2027-01-{number % 5 + 1:02d}"))["id"])
        world.clock.advance(timedelta(seconds=1))
    return ids


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", ["id", "update_time", "add_time", "due_date"])
async def test_pages_hold_every_record_once_in_order(admin: Person, world: World, field, direction):
    ids = await _some(admin, world, 11)
    pages = await admin.pages(sort_by=field, sort_direction=direction, limit=3)
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    assert sorted(flat(pages)) == ids
    values = [(one[field], one["id"]) for page in pages for one in page]
    assert values == sorted(values, reverse=direction == "desc")


async def test_pages_stay_put_while_records_come_and_go(admin: Person, world: World):
    ids = await _some(admin, world, 6)
    first = await admin.body("GET", "/api/v2/activities", params={"limit": 3})
    await admin.delete(ids[0])
    await admin.delete(ids[2])
    later = (await admin.add())["id"]
    cursor = first["additional_data"]["next_cursor"]
    rest = await admin.pages(limit=3, cursor=cursor)
    assert [one["id"] for one in first["data"]] == ids[:3]
    assert list(flat(rest)) == [*ids[3:], later]


async def test_a_last_page_that_is_just_full_has_no_cursor(admin: Person, world: World):
    await _some(admin, world, 3)
    body = await admin.body("GET", "/api/v2/activities", params={"limit": 3})
    assert body["additional_data"]["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "nonsense"},
        {"cursor": "e30"},
        {"cursor": "W10"},
        {"cursor": "é"},
        {"limit": 0},
        {"limit": 501},
        {"limit": "many"},
        {"sort_by": "subject"},
        {"sort_direction": "up"},
        {"owner_id": "me"},
        {"done": "perhaps"},
        {"ids": "1,x"},
        {"ids": ",".join(["1"] * 101)},
        {"type": "call"},
        {"updated_since": "2027-01-01T00:00:00.000Z"},
        {"updated_since": "2027-01-01"},
        {"updated_until": "yesterday"},
    ],
)
async def test_wrong_parameters_are_refused(admin: Person, query):
    await admin.refused(400, "GET", "/api/v2/activities", params=query)


async def test_a_cursor_of_another_order_is_refused(admin: Person, world: World):
    await _some(admin, world, 3)
    body = await admin.body("GET", "/api/v2/activities", params={"limit": 1})
    query = {"cursor": body["additional_data"]["next_cursor"], "sort_by": "due_date"}
    await admin.refused(400, "GET", "/api/v2/activities", params=query)


async def test_a_forged_cursor_is_refused(admin: Person, world: World):
    await _some(admin, world, 2)
    place = {"field": "id", "fieldValue": "x", "sortDirection": "asc", "id": 1}
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    await admin.refused(400, "GET", "/api/v2/activities", params={"cursor": cursor})


async def test_updated_since_takes_in_its_own_second_and_until_does_not(
    admin: Person, world: World
):
    ids = await _some(admin, world, 4)
    stamps = [(await admin.get(one))["update_time"] for one in ids]
    since = await admin.pages(updated_since=stamps[1])
    until = await admin.pages(updated_since=stamps[1], updated_until=stamps[3])
    assert list(flat(since)) == ids[1:]
    assert list(flat(until)) == ids[1:3]


async def test_updated_since_with_milliseconds_is_refused_for_deals_too(admin: Person):
    query = {"updated_since": "2027-01-01T00:00:00.000Z"}
    await admin.refused(400, "GET", "/api/v2/deals", params=query)


async def test_filters_narrow_a_list(admin: Person, boris: Person):
    mine = await admin.add(deal_id=1, org_id=1, participants=[{"person_id": 1}])
    his = await admin.add(owner_id=boris.user.id, done=True)
    for query, wanted in (
        ({"owner_id": boris.user.id}, [his["id"]]),
        ({"deal_id": 1}, [mine["id"]]),
        ({"org_id": 1}, [mine["id"]]),
        ({"person_id": 1}, [mine["id"]]),
        ({"done": "true"}, [his["id"]]),
        ({"done": "false"}, [mine["id"]]),
        ({"ids": f"{his['id']},999"}, [his["id"]]),
    ):
        assert list(flat(await admin.pages(**query))) == wanted, query
