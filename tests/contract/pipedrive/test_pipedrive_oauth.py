"""OAuth: a code of five minutes for one use, an hour's access, a refresh token that stays."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tandem_sandbox.faults import FaultKind, FaultOrder

BACK = "http://app.test/callback?from=pipedrive"
CLIENT = ("sandbox-client", "sandbox-secret")
CONSENT = {"client_id": CLIENT[0], "redirect_uri": BACK, "state": "s t&te"}


class App:
    """The one app that the sandbox knows."""

    def __init__(self, http) -> None:
        self.http = http

    async def consent(self, email, decision="allow"):
        """What the user's browser brings back."""
        answer = await self.http.post(
            "/pipedrive/oauth/authorize",
            params=CONSENT,
            data={"account": email, "decision": decision},
        )
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(BACK + "&")
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    async def token(self, auth=CLIENT, **form):
        return await self.http.post("/pipedrive/oauth/token", data=form, auth=auth)

    async def exchange(self, code, **more):
        form = {"grant_type": "authorization_code", "redirect_uri": BACK, **more}
        return await self.token(code=code, **form)

    async def granted(self, email):
        return (await self.exchange((await self.consent(email))["code"])).json()

    async def refresh(self, granted):
        return await self.token(grant_type="refresh_token", refresh_token=granted["refresh_token"])

    async def status(self, token):
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.get("/pipedrive/api/v1/users/me", headers=headers)
        return answer.status_code


@pytest.fixture
def app_client(http):
    return App(http)


async def test_a_consent_gives_a_code_that_gives_a_grant(app_client, boris, world):
    returned = await app_client.consent(boris.email)
    assert (returned["state"], returned["from"]) == ("s t&te", "pipedrive")
    granted = (await app_client.exchange(returned["code"])).json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 3599)
    assert granted["api_domain"] == world.public_url + "/pipedrive"
    assert {"activities:full", "admin", "base"} <= set(granted["scope"].split(","))
    boris.headers = {"authorization": f"Bearer {granted['access_token']}"}
    assert (await boris.call("GET", "/api/v1/users/me"))["id"] == boris.user_id
    assert (await boris.make())["owner_id"] == boris.user_id


async def test_the_consent_page_is_for_the_known_app_alone(app_client, http):
    for query in ({}, {**CONSENT, "client_id": "other"}, {"client_id": CLIENT[0]}):
        answer = await http.get("/pipedrive/oauth/authorize", params=query)
        assert answer.status_code == 400
    page = await http.get("/pipedrive/oauth/authorize", params=CONSENT)
    assert page.status_code == 200
    assert "sales1@north.example" in page.text
    assert 'name="account"' in page.text
    assert 'name="decision" value="deny"' in page.text


async def test_a_refusal_comes_back_as_an_error(app_client, boris):
    returned = await app_client.consent(boris.email, "deny")
    assert (returned["error"], returned["state"]) == ("user_denied", "s t&te")
    assert "code" not in returned


async def test_nobody_can_consent_for_a_stranger(http):
    answer = await http.post(
        "/pipedrive/oauth/authorize",
        params=CONSENT,
        data={"account": "nobody@example.com", "decision": "allow"},
    )
    assert answer.status_code == 400


async def test_a_code_is_good_once(app_client, boris):
    code = (await app_client.consent(boris.email))["code"]
    assert (await app_client.exchange(code)).status_code == 200
    again = await app_client.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (300, 400)])
async def test_a_code_is_good_for_five_minutes(app_client, boris, world, seconds, status):
    code = (await app_client.consent(boris.email))["code"]
    world.clock.advance(timedelta(seconds=seconds))
    assert (await app_client.exchange(code)).status_code == status


async def test_a_code_belongs_to_its_address_and_its_client(app_client, boris):
    code = (await app_client.consent(boris.email))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    for auth in (("sandbox-client", "wrong"), ("other", "sandbox-secret"), None):
        wrong = await app_client.token(auth=auth, **form)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await app_client.exchange(code, redirect_uri="http://evil.test")).status_code == 400


async def test_the_client_may_be_named_in_the_form(app_client, boris):
    code = (await app_client.consent(boris.email))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    form |= {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
    assert (await app_client.token(auth=None, **form)).status_code == 200


async def test_an_access_token_holds_an_hour_and_a_refresh_keeps_its_token(
    app_client, boris, world
):
    granted = await app_client.granted(boris.email)
    world.clock.advance(timedelta(minutes=59))
    assert await app_client.status(granted["access_token"]) == 200
    world.clock.advance(timedelta(minutes=2))
    assert await app_client.status(granted["access_token"]) == 401
    fresh = (await app_client.refresh(granted)).json()
    assert fresh["refresh_token"] == granted["refresh_token"]
    assert fresh["access_token"] != granted["access_token"]
    assert await app_client.status(fresh["access_token"]) == 200


async def test_each_refresh_gives_sixty_more_days(app_client, boris, world):
    granted = await app_client.granted(boris.email)
    for _ in range(3):
        world.clock.advance(timedelta(days=59))
        assert (await app_client.refresh(granted)).status_code == 200
    world.clock.advance(timedelta(days=60))
    refused = await app_client.refresh(granted)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


async def test_a_revoked_grant_takes_its_access_tokens_with_it(app_client, http, boris):
    granted = await app_client.granted(boris.email)
    form = {"token": granted["refresh_token"]}
    assert (await http.post("/pipedrive/oauth/revoke", data=form)).status_code == 401
    assert await app_client.status(granted["access_token"]) == 200
    answer = await http.post("/pipedrive/oauth/revoke", data=form, auth=CLIENT)
    assert answer.status_code == 200
    assert await app_client.status(granted["access_token"]) == 401
    assert (await app_client.refresh(granted)).json()["error"] == "invalid_grant"


async def test_a_revoked_user_loses_all_access_until_his_token_is_restored(
    app_client, boris, world
):
    granted = await app_client.granted(boris.email)
    assert world.pipedrive.revoke(boris.email) == 2
    own = boris.headers["x-api-token"]
    assert await app_client.status(granted["access_token"]) == 401
    assert await app_client.status(own) == 401
    assert world.pipedrive.restore(boris.email)
    assert await app_client.status(own) == 200
    assert await app_client.status(granted["access_token"]) == 401
    again = await app_client.granted(boris.email)
    assert await app_client.status(again["access_token"]) == 200


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": "refresh_token"}])
async def test_other_ways_to_a_token_are_refused(app_client, form):
    assert (await app_client.token(**form)).status_code == 400


async def test_every_step_is_counted_under_its_user(app_client, boris, world):
    await app_client.refresh(await app_client.granted(boris.email))
    counted = {(one["operation"], one["account"]): one["calls"] for one in world.calls.counters()}
    assert counted == {("oauth.authorize", boris.email): 1, ("oauth.token", boris.email): 2}


async def test_a_fault_stops_a_refresh_of_its_user_alone(app_client, boris, chandra, world):
    his, hers = await app_client.granted(boris.email), await app_client.granted(chandra.email)
    world.faults.arm(
        FaultOrder(
            provider="pipedrive",
            operation="oauth.token",
            account=boris.email,
            kind=FaultKind.STATUS,
            status=503,
        )
    )
    assert (await app_client.refresh(hers)).status_code == 200
    assert (await app_client.refresh(his)).status_code == 503
    assert (await app_client.refresh(his)).status_code == 200
