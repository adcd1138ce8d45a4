"""OAuth: a code of five minutes for one use, an hour's access, a refresh token that stays."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.contract.pipedrive_calls.company import Person

from tandem_sandbox.world import World

BACK = "http://app.test/callback"
CLIENT = ("sandbox-client", "sandbox-secret")


async def _consent(
    client: httpx.AsyncClient, email: str, decision: str = "allow"
) -> dict[str, str]:
    answer = await client.post(
        "/oauth/authorize",
        params={"client_id": CLIENT[0], "redirect_uri": BACK, "state": "s t&te"},
        data={"account": email, "decision": decision},
    )
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def _token(client: httpx.AsyncClient, auth: Any = CLIENT, **form: str) -> httpx.Response:
    return await client.post("/oauth/token", data=form, auth=auth)


async def _exchange(client: httpx.AsyncClient, code: str, **more: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **more}
    return await _token(client, **form)


async def _granted(client: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    code = (await _consent(client, person.user.email))["code"]
    granted: dict[str, Any] = (await _exchange(client, code)).json()
    return granted


async def _status(client: httpx.AsyncClient, token: str) -> int:
    answer = await client.get("/api/v1/users/me", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_consent_gives_a_code_that_gives_a_grant(
    client: httpx.AsyncClient, boris: Person, world: World
):
    returned = await _consent(client, boris.user.email)
    assert returned["state"] == "s t&te"
    answer = await _exchange(client, returned["code"])
    granted = answer.json()
    assert granted["token_type"].lower() == "bearer"
    assert granted["expires_in"] == 3599
    assert granted["api_domain"] == world.public_url + "/pipedrive"
    assert "activities:full" in granted["scope"]
    me = await client.get(
        "/api/v1/users/me", headers={"authorization": f"Bearer {granted['access_token']}"}
    )
    assert me.json()["data"]["id"] == boris.user.id


async def test_the_consent_page_is_for_the_known_app_alone(client: httpx.AsyncClient):
    for query in ({}, {"client_id": "other", "redirect_uri": BACK}, {"client_id": CLIENT[0]}):
        assert (await client.get("/oauth/authorize", params=query)).status_code == 400
    query = {"client_id": CLIENT[0], "redirect_uri": BACK}
    page = await client.get("/oauth/authorize", params=query)
    assert "sales1@north.example" in page.text


async def test_a_refusal_comes_back_as_an_error(client: httpx.AsyncClient, boris: Person):
    returned = await _consent(client, boris.user.email, "deny")
    assert (returned["error"], returned["state"]) == ("user_denied", "s t&te")
    assert "code" not in returned


async def test_a_code_is_good_once(client: httpx.AsyncClient, boris: Person):
    code = (await _consent(client, boris.user.email))["code"]
    assert (await _exchange(client, code)).status_code == 200
    again = await _exchange(client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_is_good_for_five_minutes(
    client: httpx.AsyncClient, boris: Person, world: World
):
    code = (await _consent(client, boris.user.email))["code"]
    world.clock.advance(timedelta(minutes=4, seconds=50))
    late = (await _consent(client, boris.user.email))["code"]
    assert (await _exchange(client, code)).status_code == 200
    world.clock.advance(timedelta(minutes=5, seconds=1))
    assert (await _exchange(client, late)).status_code == 400


async def test_a_code_belongs_to_its_address_and_its_client(
    client: httpx.AsyncClient, boris: Person
):
    code = (await _consent(client, boris.user.email))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    wrong = await _token(client, auth=(CLIENT[0], "wrong"), **form)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await _exchange(client, code, redirect_uri="http://evil.test")).status_code == 400


async def test_the_client_may_be_named_in_the_form(client: httpx.AsyncClient, boris: Person):
    code = (await _consent(client, boris.user.email))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    form |= {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
    assert (await _token(client, auth=None, **form)).status_code == 200


async def test_an_access_token_holds_an_hour_and_a_refresh_keeps_its_token(
    client: httpx.AsyncClient, boris: Person, world: World
):
    granted = await _granted(client, boris)
    world.clock.advance(timedelta(minutes=59))
    assert await _status(client, granted["access_token"]) == 200
    world.clock.advance(timedelta(minutes=2))
    assert await _status(client, granted["access_token"]) == 401
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    fresh = (await _token(client, **form)).json()
    assert fresh["refresh_token"] == granted["refresh_token"]
    assert fresh["access_token"] != granted["access_token"]
    assert await _status(client, fresh["access_token"]) == 200


async def test_each_refresh_gives_sixty_more_days(
    client: httpx.AsyncClient, boris: Person, world: World
):
    granted = await _granted(client, boris)
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    for _ in range(3):
        world.clock.advance(timedelta(days=59))
        assert (await _token(client, **form)).status_code == 200
    world.clock.advance(timedelta(days=61))
    refused = await _token(client, **form)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_a_revoked_grant_takes_its_access_tokens_with_it(
    client: httpx.AsyncClient, boris: Person
):
    granted = await _granted(client, boris)
    answer = await client.post(
        "/oauth/revoke", data={"token": granted["refresh_token"]}, auth=CLIENT
    )
    assert answer.status_code == 200
    assert await _status(client, granted["access_token"]) == 401
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    assert (await _token(client, **form)).json()["error"] == "invalid_grant"


async def test_a_revoked_user_loses_his_token_until_it_is_restored(
    client: httpx.AsyncClient, boris: Person, world: World
):
    granted = await _granted(client, boris)
    assert world.pipedrive.revoke(boris.user.email) == 2
    assert await _status(client, granted["access_token"]) == 401
    assert await _status(client, boris.user.token) == 401
    assert world.pipedrive.restore(boris.user.email)
    assert await _status(client, boris.user.token) == 200
    assert await _status(client, granted["access_token"]) == 401


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": "refresh_token"}])
async def test_other_ways_to_a_token_are_refused(client: httpx.AsyncClient, form):
    assert (await _token(client, **form)).status_code == 400
