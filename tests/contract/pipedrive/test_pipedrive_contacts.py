"""Deals, persons, organisations, stages: what is seen by whom, and the search."""

from datetime import timedelta

import pytest


@pytest.mark.parametrize("kind", ["deals", "persons", "organizations"])
async def test_records_can_be_made_changed_listed_and_deleted(admin, world, kind):
    name = "title" if kind == "deals" else "name"
    made = await admin.call("POST", f"/api/v2/{kind}", body={name: "First"})
    world.clock.advance(timedelta(minutes=1))
    changed = await admin.call("PATCH", f"/api/v2/{kind}/{made['id']}", body={name: "Second"})
    assert changed["update_time"] > made["update_time"]
    assert (await admin.call("GET", f"/api/v2/{kind}/{made['id']}"))[name] == "Second"
    since = {"updated_since": changed["update_time"]}
    assert [one[name] for one in await admin.call("GET", f"/api/v2/{kind}", **since)] == ["Second"]
    listed = await admin.call("GET", f"/api/v2/{kind}", ids=f"{made['id']}")
    assert [one[name] for one in listed] == ["Second"]
    assert await admin.call("DELETE", f"/api/v2/{kind}/{made['id']}") == {"id": made["id"]}
    await admin.refused(404, "GET", f"/api/v2/{kind}/{made['id']}")
    assert await admin.call("GET", f"/api/v2/{kind}", ids=f"{made['id']}") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/deals", {}),
        ("/api/v2/deals", {"title": "x", "value": "12"}),
        ("/api/v2/deals", {"title": "x", "owner_id": 42}),
        ("/api/v2/deals", {"title": "x", "visible_to": 2}),
        ("/api/v2/deals", {"title": "x", "name": "y"}),
        ("/api/v2/persons", {"name": "x", "emails": ["a@example.com"]}),
        ("/api/v2/organizations", {"name": "x", "address": "Quay 4"}),
    ],
)
async def test_a_wrong_record_is_refused(admin, path, body):
    await admin.refused(400, "POST", path, body=body)


@pytest.mark.parametrize("body", [{"title": None}, {"value": None}, {"visible_to": None}])
async def test_what_a_deal_needs_cannot_be_taken_away(admin, body):
    assert next(iter(body)) in await admin.refused(400, "PATCH", "/api/v2/deals/1", body=body)


async def test_a_record_of_its_owner_alone_is_hidden_from_others(admin, boris, chandra, company):
    hidden = next(deal for deal in company.deals.values() if deal.visible_to == 1)
    path = f"/api/v2/deals/{hidden.id}"
    await chandra.refused(403, "GET", path)
    await chandra.refused(403, "PATCH", path, body={"title": "x"})
    assert hidden.id not in {one["id"] for one in await chandra.call("GET", "/api/v2/deals")}
    for caller in (admin, boris):
        assert (await caller.call("GET", path))["title"] == hidden.title
        assert hidden.id in {one["id"] for one in await caller.call("GET", "/api/v2/deals")}


async def test_deals_are_filtered(admin):
    won = await admin.call(
        "POST", "/api/v2/deals", body={"title": "Won", "status": "won", "stage_id": 4}
    )
    for query in ({"status": "won"}, {"stage_id": 4, "owner_id": admin.user_id}):
        found = await admin.call("GET", "/api/v2/deals", **query)
        assert [one["id"] for one in found] == [won["id"]]
    assert "status" in await admin.refused(400, "GET", "/api/v2/deals", status="lukewarm")


async def test_a_search_by_mail_finds_exactly_that_person(admin, company):
    person = next(iter(company.persons.values()))
    email = person.emails[0].value
    query = {"fields": "email", "exact_match": "true"}
    found = await admin.call("GET", "/api/v2/persons/search", term=email.upper(), **query)
    assert [one["item"]["id"] for one in found["items"]] == [person.id]
    found = await admin.call("GET", "/api/v2/persons/search", term=email[1:], **query)
    assert found["items"] == []
    found = await admin.call("GET", "/api/v2/persons/search", term=email[1:])
    assert [one["item"]["id"] for one in found["items"]] == [person.id]


async def test_a_search_finds_names_and_phones_within_an_organisation(admin, company):
    person = next(iter(company.persons.values()))
    for term in (person.name, person.phones[0].value):
        found = await admin.call("GET", "/api/v2/persons/search", term=term)
        assert [one["item"]["id"] for one in found["items"]] == [person.id]
        found = await admin.call(
            "GET", "/api/v2/persons/search", term=term, organization_id=person.org_id + 1
        )
        assert found["items"] == []
    await admin.refused(400, "GET", "/api/v2/persons/search")
    await admin.refused(400, "GET", "/api/v2/persons/search", term="x", exact_match="1")


async def test_a_search_shows_only_who_may_be_seen(boris, chandra):
    body = {
        "name": "Secret",
        "visible_to": 1,
        "emails": [{"value": "secret@example.com", "primary": True, "label": "work"}],
    }
    made = await boris.call("POST", "/api/v2/persons", body=body)
    query = {"term": "secret@example.com", "fields": "email", "exact_match": "true"}
    found = await boris.call("GET", "/api/v2/persons/search", **query)
    assert [one["item"]["id"] for one in found["items"]] == [made["id"]]
    assert (await chandra.call("GET", "/api/v2/persons/search", **query))["items"] == []


async def test_every_deal_has_a_stage_that_can_be_named(admin):
    names = {one["id"]: one["name"] for one in await admin.call("GET", "/api/v2/stages")}
    deals = await admin.call("GET", "/api/v2/deals")
    assert all(names[deal["stage_id"]] for deal in deals)
