"""Who may do what: sessions with their CSRF token, API tokens, others' connections, admins."""

from uuid import uuid4

import pytest
from tests.integration.settings_api.browser import CSRF, Browser, refused
from tests.integration.settings_api.house import House

WRITES = [
    ("POST", "/api/v1/connections", {"email": "anna@gmail.com"}),
    ("POST", "/api/v1/tokens", {"name": "x"}),
    ("DELETE", f"/api/v1/tokens/{uuid4()}", None),
    ("PATCH", "{connection}", {"paused": True}),
    ("POST", "{connection}/start", None),
    ("POST", "{connection}/pause", None),
    ("POST", "{connection}/resume", None),
    ("POST", "{connection}/resync", None),
    ("DELETE", "{connection}", None),
]
READS = [
    "/api/v1/me",
    "/api/v1/activity-types",
    "/api/v1/tokens",
    "/api/v1/connections",
    "{connection}",
    "{connection}/calendars",
    "{connection}/history",
    "/api/v1/explain?activity_id=1",
    "/api/v1/admin/connections",
]


async def test_every_write_of_a_browser_needs_its_token(
    house: House, anna: Browser, connection: str
):
    for csrf in ("", "wrong"):
        anna.headers[CSRF] = csrf
        for method, path, body in WRITES:
            answer = await anna.request(method, path.format(connection=connection), json=body)
            refused(answer, 403, "X-CSRF-Token")
    assert len(await house.published()) == 1


async def test_the_token_of_another_session_does_not_count(
    house: House, anna: Browser, connection: str
):
    other = await house.signed_in(admin=True)
    anna.headers[CSRF] = other.headers[CSRF]
    refused(await anna.post(f"{connection}/start"), 403)


async def test_nobody_reads_or_writes_without_a_session_or_a_token(house: House, connection: str):
    nobody = house.browser()
    for path in READS:
        refused(await nobody.get(path.format(connection=connection)), 401)
    for method, path, body in WRITES:
        refused(await nobody.request(method, path.format(connection=connection), json=body), 401)


async def test_a_program_writes_with_its_api_token_alone(
    house: House, anna: Browser, connection: str
):
    made = await anna.post("/api/v1/tokens", json={"name": " backup script "})
    assert made.status_code == 201
    program = house.browser()
    headers = {"authorization": f"Bearer {made.json()['token']}"}
    me = (await program.get("/api/v1/me", headers=headers)).json()
    assert (me["user_id"], me["csrf_token"]) == (42, None)
    started = await program.post(f"{connection}/start", headers=headers)
    assert started.json()["status"] == "active"


async def test_an_api_token_is_shown_once_and_kept_as_a_hash(house: House, anna: Browser):
    made = (await anna.post("/api/v1/tokens", json={"name": "script"})).json()
    listed = await anna.get("/api/v1/tokens")
    (item,) = listed.json()["items"]
    assert (item["id"], item["name"], item["used_at"]) == (made["id"], "script", None)
    assert made["token"] not in listed.text
    (row,) = await house.query("SELECT * FROM settings.api_tokens")
    assert made["token"] not in str(dict(row))
    headers = {"authorization": f"Bearer {made['token']}"}
    await house.browser().get("/api/v1/me", headers=headers)
    assert (await anna.get("/api/v1/tokens")).json()["items"][0]["used_at"] is not None


async def test_a_deleted_api_token_is_refused(house: House, anna: Browser):
    made = (await anna.post("/api/v1/tokens", json={"name": "script"})).json()
    headers = {"authorization": f"Bearer {made['token']}"}
    boris = await house.signed_in(43)
    refused(await boris.delete(f"/api/v1/tokens/{made['id']}"), 404)
    assert (await house.browser().get("/api/v1/me", headers=headers)).status_code == 200
    assert (await anna.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
    refused(await house.browser().get("/api/v1/me", headers=headers), 401, "API token")


async def test_a_wrong_api_token_is_refused_even_beside_a_good_session(anna: Browser):
    answer = await anna.get("/api/v1/me", headers={"authorization": "Bearer tnd_wrong"})
    refused(answer, 401, "API token")


async def test_api_tokens_are_limited(anna: Browser):
    answers = [await anna.post("/api/v1/tokens", json={"name": f"n{n}"}) for n in range(21)]
    assert [one.status_code for one in answers] == [201] * 20 + [409]


async def test_a_nameless_api_token_is_refused(anna: Browser, subtests: pytest.Subtests):
    for name in ("", "  ", "x" * 101, "a\u0000b", None, 7):
        with subtests.test(name=name):
            refused(await anna.post("/api/v1/tokens", json={"name": name}), 422, "name")


@pytest.mark.rule("8.5")
@pytest.mark.parametrize(("elsewhere", "user_id"), [(0, 43), (1, 42)])
async def test_connections_of_others_are_not_there(
    house: House, connection: str, elsewhere: int, user_id: int
):
    company = house.company + elsewhere
    boris = await house.signed_in(user_id, company=company, admin=True)
    for path in READS:
        if "{connection}" in path:
            refused(await boris.get(path.format(connection=connection)), 404)
    for method, path, body in WRITES:
        if "{connection}" in path:
            answer = await boris.request(method, path.format(connection=connection), json=body)
            refused(answer, 404)
    assert (await boris.get("/api/v1/connections")).json()["items"] == []
    assert len(await house.published()) == 1
    assert house.town.calls("reconciler.test") == []


@pytest.mark.rule("8.5")
async def test_an_admin_sees_the_state_of_his_company_s_connections_alone(
    house: House, anna: Browser, connection: str
):
    boris = await house.signed_in(43)
    await boris.connected("boris@gmail.com")
    abroad = await house.signed_in(1, company=house.company + 1, admin=True)
    await abroad.connected("abroad@gmail.com")
    answer = await anna.get("/api/v1/admin/connections")
    items = answer.json()["items"]
    assert [(one["user_id"], one["email"], one["status"]) for one in items] == [
        (42, "anna@gmail.com", "setting_up"),
        (43, "boris@gmail.com", "setting_up"),
    ]
    assert all("settings" not in one for one in items)
    refused(await boris.get("/api/v1/admin/connections"), 403, "admin")


async def test_connections_of_a_company_come_in_pages(house: House, anna: Browser, connection: str):
    boris = await house.signed_in(43)
    await boris.connected("boris@gmail.com")
    path = "/api/v1/admin/connections"
    first = (await anna.get(path, params={"limit": "1"})).json()
    assert [one["user_id"] for one in first["items"]] == [42]
    rest = {"limit": "1", "cursor": first["next_cursor"]}
    second = (await anna.get(path, params=rest)).json()
    assert [one["user_id"] for one in second["items"]] == [43]
    assert second["next_cursor"] is None
    page = await anna.get("/admin", params={"cursor": first["next_cursor"]})
    assert "boris@gmail.com" in page.text
    assert "anna@gmail.com" not in page.text
    for wrong in ("x", "1", "1.2", f"{'9' * 20}.{connection.rpartition('/')[2]}"):
        refused(await anna.get(path, params={"cursor": wrong}), 422, "cursor")


async def test_activity_types_come_from_the_user_s_company(house: House, anna: Browser):
    items = (await anna.get("/api/v1/activity-types")).json()["items"]
    assert [one["key"] for one in items] == ["call", "meeting", "lunch"]
    (asked,) = house.town.calls("crm-ingest.test")
    assert (asked.url.params["company_id"], asked.url.params["user_id"]) == (
        str(house.company),
        "42",
    )
    house.town.down.add("crm-ingest.test")
    boris = await house.signed_in(1, company=house.company + 1)
    refused(await boris.get("/api/v1/activity-types"), 503)
