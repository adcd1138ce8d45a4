"""History and explanations of one's own connections, and errors as problem documents."""

from uuid import uuid4

import pytest
from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.history import ROW, SYNCED
from tests.integration.settings_api.house import House

SKIPPED = {**SYNCED, "synced": False, "reason": "past", "sentence": "It is over."}


async def test_history_is_asked_of_the_reconciler(house: House, anna: Browser, connection: str):
    house.town.history = {"items": [ROW], "next_cursor": "8"}
    query = {"cursor": "10", "reason": "created", "q": "Lunch", "limit": "20"}
    page = (await anna.get(f"{connection}/history", params=query)).json()
    assert page["next_cursor"] == "8"
    assert page["items"][0]["title"] == "Lunch"
    (asked,) = house.town.calls("reconciler.test")
    assert asked.url.path == f"/internal/connections/{connection.rpartition('/')[2]}/history"
    assert {name: asked.url.params[name] for name in query} == query


async def test_a_wrong_question_about_history_is_not_passed_on(
    house: House, anna: Browser, connection: str, subtests: pytest.Subtests
):
    for name, value in (
        ("cursor", "x"),
        ("reason", "No!"),
        ("limit", "0"),
        ("limit", "201"),
        ("q", ""),
    ):
        with subtests.test(name=name, value=value):
            refused(await anna.get(f"{connection}/history", params={name: value}), 422, name)
    assert house.town.calls("reconciler.test") == []


async def test_an_activity_is_explained_by_the_connection_that_syncs_it(
    house: House, anna: Browser, connection: str
):
    path = await anna.connected("second@gmail.com")
    first, other = connection.rpartition("/")[2], path.rpartition("/")[2]
    house.town.explanations = {first: SKIPPED, other: SYNCED}
    told = (await anna.get("/api/v1/explain", params={"activity_id": 5})).json()
    assert (told["synced"], told["connection_id"]) == (True, other)
    query = {"connection_id": first, "event_id": "event-1"}
    told = (await anna.get("/api/v1/explain", params=query)).json()
    assert (told["reason"], told["connection_id"]) == ("past", first)


async def test_what_was_never_seen_cannot_be_explained(anna: Browser, connection: str):
    refused(await anna.get("/api/v1/explain", params={"activity_id": 5}), 404, "never seen")


async def test_items_of_others_are_not_explained(house: House, connection: str):
    first = connection.rpartition("/")[2]
    house.town.explanations = {first: SYNCED}
    boris = await house.signed_in(43)
    refused(await boris.get("/api/v1/explain", params={"activity_id": 5}), 404)
    query = {"connection_id": first, "event_id": "event-1"}
    refused(await boris.get("/api/v1/explain", params=query), 404)
    assert house.town.calls("reconciler.test") == []


async def test_a_question_for_an_explanation_names_one_item(
    anna: Browser, connection: str, subtests: pytest.Subtests
):
    for query in ("", "activity_id=1&event_id=x", "event_id=x", "activity_id=x"):
        with subtests.test(query=query):
            refused(await anna.get(f"/api/v1/explain?{query}"), 422)


async def test_a_neighbour_s_refusal_is_a_problem_document(
    house: House, anna: Browser, connection: str, subtests: pytest.Subtests
):
    for host, path in (("reconciler.test", "history"), ("calendar-ingest.test", "calendars")):
        for status, told in ((409, 409), (404, 404), (401, 503), (500, 503)):
            with subtests.test(host=host, status=status):
                house.town.refusals[host] = status
                refused(await anna.get(f"{connection}/{path}"), told)


async def test_addresses_and_methods_that_are_not_there(anna: Browser, connection: str):
    refused(await anna.get("/api/v1/nowhere"), 404)
    refused(await anna.get(f"/api/v1/connections/{uuid4()}"), 404)
    answer = await anna.put(connection, json={})
    refused(answer, 405)
    assert answer.headers["allow"]
    refused(await anna.get("/api/v1/connections/not-an-id"), 422, "connection_id")


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_that_is_too_large_is_refused(anna: Browser, connection: str, told):
    async def pieces():
        yield b'{"calendar_id": "'
        for _ in range(70):
            yield b"x" * 1024
        yield b'"}'

    content = b"".join([piece async for piece in pieces()]) if told else pieces()
    headers = {"content-type": "application/json"}
    refused(await anna.patch(connection, content=content, headers=headers), 413)


async def test_answers_forbid_frames_sniffing_and_keeping(anna: Browser):
    for path in ("/api/v1/me", "/api/v1/nowhere", "/"):
        headers = (await anna.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


async def test_the_api_describes_itself_and_its_health(house: House, anna: Browser):
    described = (await anna.get("/api/openapi.json")).json()
    assert "/api/v1/connections/{connection_id}" in described["paths"]
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await house.browser().get(path)).status_code == 200
