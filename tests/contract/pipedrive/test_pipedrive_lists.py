"""Lists: filters, order, pages that stay put while records come and go."""

import base64
import json
from datetime import timedelta

import pytest

ACTIVITIES = "/api/v2/activities"


async def _some(person, world, count):
    made = []
    for number in range(count):
        due_date = f"2027-01-0{number % 3 + 1}" if number else None
        made.append(await person.make(subject=str(number), due_date=due_date))
        world.clock.advance(timedelta(seconds=number % 2))
    return made


@pytest.mark.parametrize("field", ["id", "update_time", "add_time", "due_date"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_pages_hold_every_record_once_in_every_order(admin, world, field, direction):
    await _some(admin, world, 11)
    query = {"sort_by": field, "sort_direction": direction}
    (whole,) = await admin.pages(ACTIVITIES, **query)
    pages = await admin.pages(ACTIVITIES, limit=3, **query)
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    assert [one for page in pages for one in page] == whole
    keys = [(one[field] or "", one["id"]) for one in whole]
    assert keys == sorted(keys, reverse=direction == "desc")
    assert len(set(keys)) == 11


async def test_a_last_page_that_is_just_full_has_no_cursor(admin, world):
    await _some(admin, world, 3)
    assert [len(page) for page in await admin.pages(ACTIVITIES, limit=3)] == [3]


async def test_pages_stay_put_while_records_come_and_go(admin, world):
    ids = [one["id"] for one in await _some(admin, world, 6)]
    first = (await admin.ask("GET", ACTIVITIES, limit=3)).json()
    await admin.delete(ids[0])
    await admin.delete(ids[2])
    later = (await admin.make())["id"]
    rest = await admin.listed(limit=3, cursor=first["additional_data"]["next_cursor"])
    assert [one["id"] for one in first["data"]] == ids[:3]
    assert rest == [*ids[3:], later]


async def test_the_cursor_is_the_vendors(admin, world):
    await _some(admin, world, 2)
    answer = await admin.ask("GET", ACTIVITIES, limit=1)
    cursor = answer.json()["additional_data"]["next_cursor"]
    told = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert told == {"field": "id", "fieldValue": 1, "sortDirection": "asc", "id": 1}


@pytest.mark.parametrize(
    "told",
    [
        {"field": "id", "fieldValue": "1", "sortDirection": "asc", "id": 1},
        {"field": "id", "fieldValue": 1, "sortDirection": "asc", "id": "x"},
        {"field": "due_date", "fieldValue": "2027-01-01", "sortDirection": "asc", "id": 1},
        {"field": "id", "fieldValue": 1, "sortDirection": "desc", "id": 1},
        {"field": "id"},
        [],
        7,
    ],
    ids=str,
)
async def test_a_cursor_of_another_list_is_refused(admin, world, told):
    await _some(admin, world, 2)
    cursor = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
    assert "cursor" in await admin.refused(400, "GET", ACTIVITIES, cursor=cursor)


async def test_filters_hold_together(admin, boris, world):
    mine = await admin.make(deal_id=1, org_id=1, participants=[{"person_id": 1}])
    his = await boris.make(deal_id=1, done=True)
    lead = await admin.make(deal_id=None, lead_id="3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    for query, wanted in (
        ({"owner_id": admin.user_id, "deal_id": 1}, [mine]),
        ({"deal_id": 1}, [mine, his]),
        ({"org_id": 1}, [mine]),
        ({"person_id": 1}, [mine]),
        ({"lead_id": lead["lead_id"]}, [lead]),
        ({"done": "true"}, [his]),
        ({"done": "false"}, [mine, lead]),
        ({"ids": f"{his['id']},{mine['id']},999"}, [mine, his]),
        ({"ids": f"{his['id']},{mine['id']}", "owner_id": boris.user_id}, [his]),
        ({"owner_id": 42}, []),
    ):
        assert await admin.listed(**query) == [one["id"] for one in wanted], query


async def test_a_new_owner_has_the_activity_in_his_list(admin, boris):
    made = await admin.make()
    await admin.change(made["id"], owner_id=boris.user_id)
    assert await admin.listed(owner_id=admin.user_id) == []
    assert await admin.listed(owner_id=boris.user_id) == [made["id"]]


async def test_a_span_holds_its_begin_and_not_its_end(admin, world):
    made = []
    for _ in range(3):
        made.append(await admin.make())
        world.clock.advance(timedelta(minutes=1))
    ids, stamps = [one["id"] for one in made], [one["update_time"] for one in made]
    assert await admin.listed(updated_since=stamps[1]) == ids[1:]
    assert await admin.listed(updated_until=stamps[2]) == ids[:2]
    assert await admin.listed(updated_since=stamps[1], updated_until=stamps[2]) == [ids[1]]


@pytest.mark.parametrize("path", [ACTIVITIES, "/api/v2/deals", "/api/v2/persons"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("updated_since", "2027-01-01T10:00:00.123Z"),
        ("updated_since", "2027-01-01"),
        ("updated_until", "yesterday"),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "many"),
        ("cursor", "nonsense"),
        ("cursor", "é"),
        ("ids", "1,x"),
        ("ids", ",".join(str(number) for number in range(1, 102))),
        ("owner_id", "me"),
        ("sort_by", "subject"),
        ("sort_direction", "up"),
        ("filter_id", "1"),
        ("type", "call"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(admin, path, name, value):
    assert name in await admin.refused(400, "GET", path, **{name: value})


@pytest.mark.parametrize("value", ["1", "yes", "True"])
async def test_a_boolean_is_a_word(admin, value):
    assert "done" in await admin.refused(400, "GET", ACTIVITIES, done=value)
