"""`Idempotency-Key`: a repeated POST does its work once and gets the first answer again."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.integration.settings_api.browser import Browser, refused
from tests.integration.settings_api.house import House

from settings_api import repeats


async def _post(browser: Browser, path: str, key: str, **request: Any) -> httpx.Response:
    return await browser.post(path, headers={"idempotency-key": key}, **request)


def _same(first: httpx.Response, again: httpx.Response) -> bool:
    kept = ("content-type", "etag", "set-cookie")
    return (
        (first.status_code, first.content) == (again.status_code, again.content)
        and all(first.headers.get(name) == again.headers.get(name) for name in kept)
        and again.headers.get("idempotency-replayed") == "true"
    )


async def test_a_repeated_write_is_done_once_and_answered_as_at_first(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    first = await _post(anna, f"{connection}/resync", "a")
    assert first.status_code == 202
    assert "idempotency-replayed" not in first.headers
    await anna.patch(connection, json={"horizon_days": 5})
    for _ in range(2):
        assert _same(first, await _post(anna, f"{connection}/resync", "a"))
    assert (await house.requests()).count("resync_requested") == 1
    assert not _same(first, await _post(anna, f"{connection}/resync", "b"))
    await anna.post(f"{connection}/resync")
    assert (await house.requests()).count("resync_requested") == 3


async def test_a_repeated_departure_can_still_be_ended_in_its_browser(house: House, anna: Browser):
    order = {"email": "anna@gmail.com"}
    anna.cookies.delete("tandem_browser")
    first = await _post(anna, "/api/v1/connections", "a", json=order)
    anna.cookies.delete("tandem_browser")
    again = await _post(anna, "/api/v1/connections", "a", json=order)
    assert _same(first, again)
    back = house.town.consent(again.json()["authorize_url"], "anna@gmail.com")
    assert (await anna.get("/oauth/google/callback", params=back)).status_code == 303
    (row,) = await house.query("SELECT answer FROM settings.repeats")
    assert b"authorize" not in bytes(row["answer"])


async def test_a_key_stands_for_one_request(anna: Browser, connection: str):
    body = {"settings": {"horizon_days": 9}}
    assert (await _post(anna, f"{connection}/preview", "a", json=body)).status_code == 200
    other = {"settings": {"horizon_days": 10}}
    for path, sent in (("preview", other), ("preview?x=1", body), ("pause", None)):
        answer = await _post(anna, f"{connection}/{path}", "a", json=sent)
        refused(answer, 422, "another request")
    assert (await anna.get(connection)).json()["settings"]["paused"] is False


async def test_keys_are_each_user_s_own(house: House, anna: Browser, connection: str):
    boris = await house.signed_in(43)
    assert (await _post(anna, f"{connection}/pause", "a")).status_code == 200
    refused(await _post(boris, f"{connection}/pause", "a"), 404)
    theirs = await boris.connected("boris@gmail.com")
    assert (await _post(boris, f"{theirs}/pause", "a")).json()["email"] == "boris@gmail.com"
    refused(await _post(house.browser(), f"{connection}/pause", "a"), 401)


async def test_a_refused_write_leaves_its_key_free(house: House, anna: Browser, connection: str):
    refused(await _post(anna, f"{connection}/resync", "a"), 409)
    await anna.post(f"{connection}/start")
    assert (await _post(anna, f"{connection}/resync", "a")).status_code == 202
    house.town.down.add("reconciler.test")
    refused(await _post(anna, f"{connection}/resume", "b"), 503)
    house.town.down.clear()
    assert (await _post(anna, f"{connection}/resume", "b")).status_code == 200
    refused(await _post(anna, "/api/v1/tokens", "c", json={"name": ""}), 422)
    assert (await _post(anna, "/api/v1/tokens", "c", json={"name": "x"})).status_code == 201


async def test_the_same_write_twice_at_once_is_done_once(
    house: House, anna: Browser, connection: str
):
    await anna.post(f"{connection}/start")
    answers = await asyncio.gather(
        *(_post(anna, f"{connection}/resync", "a") for _ in range(8)),
    )
    statuses = [one.status_code for one in answers]
    assert set(statuses) <= {202, 409}
    assert 202 in statuses
    for one in answers:
        if one.status_code == 409:
            refused(one, 409, "under way")
            assert one.headers["retry-after"] == "1"
    assert (await house.requests()).count("resync_requested") == 1


async def test_a_key_whose_process_was_killed_is_free_after_a_while(
    house: House, anna: Browser, connection: str
):
    assert (await _post(anna, f"{connection}/pause", "a")).status_code == 200
    await house.query("UPDATE settings.repeats SET status = NULL, answer = NULL")
    refused(await _post(anna, f"{connection}/pause", "a"), 409, "under way")
    house.clock.ahead += repeats.CLAIM_LIFE + timedelta(seconds=1)
    assert (await _post(anna, f"{connection}/pause", "a")).status_code == 200


async def test_a_token_is_shown_once_even_to_who_repeats(house: House, anna: Browser):
    made = await _post(anna, "/api/v1/tokens", "a", json={"name": "script"})
    assert made.status_code == 201
    refused(await _post(anna, "/api/v1/tokens", "a", json={"name": "script"}), 409, "shown once")
    assert len((await anna.get("/api/v1/tokens")).json()["items"]) == 1
    (row,) = await house.query("SELECT status, answer FROM settings.repeats")
    assert (row["status"], row["answer"]) == (201, None)


async def test_keys_end_after_a_day_and_are_bounded_for_each_user(
    house: House, anna: Browser, connection: str, monkeypatch: pytest.MonkeyPatch
):
    assert house.app is not None
    monkeypatch.setattr(repeats, "KEYS_MAX", 3)
    for number in range(5):
        await _post(anna, f"{connection}/pause", f"key-{number}")
    rows = await house.query("SELECT key FROM settings.repeats ORDER BY claimed_at")
    assert [row["key"] for row in rows] == ["key-2", "key-3", "key-4"]
    house.clock.ahead += timedelta(hours=11)
    await anna.get("/api/v1/me")
    house.clock.ahead += timedelta(hours=11)
    await anna.get("/api/v1/me")
    house.clock.ahead += timedelta(hours=3)
    again = await _post(anna, f"{connection}/preview", "key-4", json={})
    assert again.status_code == 200
    house.clock.ahead += timedelta(hours=25)
    await house.app.state.parts.tokens.forget_expired()
    assert await house.count("settings.repeats") == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(anna: Browser, connection: str, key: str):
    answer = await anna.post(
        f"{connection}/pause", headers={b"idempotency-key": key.encode("latin-1")}
    )
    document = refused(answer, 422, "Idempotency-Key")
    assert document["errors"][0]["field"] == "Idempotency-Key"
