"""The way from consent to tokens and back."""

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tandem_sandbox.faults import FaultKind, FaultOrder

EMAIL = "sales1@north.example"
VERIFIER = "v" * 64
REDIRECT = "http://127.0.0.1:8080/oauth/google/callback?keep=1"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
CONSENT = {
    "client_id": "sandbox-client",
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": "openid email https://www.googleapis.com/auth/calendar",
    "state": "state-1",
    "access_type": "offline",
    "prompt": "consent",
    "login_hint": EMAIL,
    "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}


@pytest.fixture
def web(base_url: str) -> Iterator[httpx.Client]:
    """A browser."""
    with httpx.Client(base_url=f"{base_url}/google") as client:
        yield client


def _decide(web, decision="allow", account=EMAIL, **changed):
    query = {name: value for name, value in {**CONSENT, **changed}.items() if value is not None}
    data = {"account": account, "decision": decision}
    return web.post("/o/oauth2/v2/auth", params=query, data=data)


def _code(web, **changed):
    answer = _decide(web, **changed)
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def _exchange(web, code, **changed):
    data = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **CLIENT,
        **changed,
    }
    return web.post("/token", data=data)


def _refresh(web, token):
    return web.post(
        "/token", data={"grant_type": "refresh_token", "refresh_token": token, **CLIENT}
    )


def _calendars(web, token):
    path = "/calendar/v3/users/me/calendarList"
    return web.get(path, headers={"authorization": f"Bearer {token}"}).status_code


def test_the_page_lists_accounts_and_chooses_the_hinted_one(web, world):
    page = web.get("/o/oauth2/v2/auth", params=CONSENT)
    assert page.status_code == 200
    for email in world.google.mailboxes:
        chosen = " checked" if email == EMAIL else ""
        assert f'value="{email}" required{chosen}>' in page.text


def test_consent_goes_back_with_code_and_state(web):
    location = _decide(web).headers["location"]
    assert location.startswith(f"{REDIRECT}&")
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["state-1"]
    assert query["scope"] == [CONSENT["scope"]]
    assert "error" not in query


def test_refusal_goes_back_with_an_error(web):
    query = parse_qs(urlsplit(_decide(web, "deny").headers["location"]).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["state-1"])
    assert "code" not in query


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": "token"},
        {"scope": None},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_wrong_request_is_never_sent_back(web, wrong):
    assert _decide(web, **wrong).status_code == 400
    query = {name: value for name, value in {**CONSENT, **wrong}.items() if value is not None}
    assert web.get("/o/oauth2/v2/auth", params=query).status_code == 400


def test_an_unknown_account_gets_no_code(web):
    assert _decide(web, account="nobody@north.example").status_code == 400


def test_a_code_gives_tokens_that_the_api_takes(web):
    tokens = _exchange(web, _code(web)).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3599
    assert tokens["scope"] == CONSENT["scope"]
    assert _calendars(web, tokens["access_token"]) == 200
    claims = tokens["id_token"].split(".")[1]
    known = json.loads(urlsafe_b64decode(claims + "=="))
    assert (known["email"], known["email_verified"]) == (EMAIL, True)
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    for path in ("/oauth2/v3/userinfo", "/openidconnect/v1/userinfo"):
        info = web.get(path, headers=headers).json()
        assert (info["email"], info["sub"]) == (EMAIL, known["sub"])


def test_a_grant_without_the_calendar_does_not_open_it(web):
    tokens = _exchange(web, _code(web, scope="openid email")).json()
    assert _calendars(web, tokens["access_token"]) == 403


def test_a_code_works_once(web):
    code = _code(web)
    assert _exchange(web, code).status_code == 200
    again = _exchange(web, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "w" * 64}, {"code_verifier": ""}, {"redirect_uri": "http://other"}],
)
def test_a_code_needs_its_verifier_and_its_redirect_uri(web, wrong):
    code = _code(web)
    assert _exchange(web, code, **wrong).json()["error"] == "invalid_grant"
    assert _exchange(web, code).json()["error"] == "invalid_grant"


def test_a_code_expires(web, world):
    code = _code(web)
    world.clock.advance(timedelta(minutes=11))
    assert _exchange(web, code).json()["error"] == "invalid_grant"


def test_a_refresh_token_comes_with_offline_access_only(web):
    assert "refresh_token" not in _exchange(web, _code(web, access_type=None)).json()


def test_a_second_refresh_token_needs_a_new_consent(web):
    assert "refresh_token" in _exchange(web, _code(web, prompt=None)).json()
    assert "refresh_token" not in _exchange(web, _code(web, prompt=None)).json()
    assert "refresh_token" in _exchange(web, _code(web)).json()


def test_an_access_token_lives_an_hour_and_is_renewed(web, world):
    tokens = _exchange(web, _code(web)).json()
    world.clock.advance(timedelta(minutes=61))
    assert _calendars(web, tokens["access_token"]) == 401
    renewed = _refresh(web, tokens["refresh_token"]).json()
    assert "refresh_token" not in renewed
    assert _calendars(web, renewed["access_token"]) == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revocation_ends_the_grant(web, which):
    tokens = _exchange(web, _code(web)).json()
    assert web.post("/revoke", data={"token": tokens[which]}).status_code == 200
    assert _calendars(web, tokens["access_token"]) == 401
    refused = _refresh(web, tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert web.post("/revoke", data={"token": tokens[which]}).status_code == 400


def test_a_grant_revoked_by_its_owner_is_ended(web, world):
    tokens = _exchange(web, _code(web)).json()
    assert world.google.revoke(EMAIL) == 2
    assert _calendars(web, tokens["access_token"]) == 401
    assert _refresh(web, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert _exchange(web, _code(web)).status_code == 200


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "other"}])
def test_the_client_must_know_its_secret(web, wrong):
    code = _code(web)
    refused = _exchange(web, code, **wrong)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert _exchange(web, code).status_code == 200


def test_the_client_may_name_itself_in_the_header(web):
    basic = b64encode(b"sandbox-client:sandbox-secret").decode()
    data = {
        "grant_type": "authorization_code",
        "code": _code(web),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    answer = web.post("/token", data=data, headers={"authorization": f"Basic {basic}"})
    assert answer.status_code == 200


def test_other_kinds_of_grants_are_refused(web):
    refused = web.post("/token", data={"grant_type": "password", **CLIENT})
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_the_token_address_has_troubles_too(web, world):
    tokens = _exchange(web, _code(web)).json()
    order = FaultOrder(
        provider="google", operation="oauth.token", account=EMAIL, kind=FaultKind.STATUS
    )
    world.faults.arm(order)
    assert _refresh(web, tokens["refresh_token"]).status_code == 503
    assert _refresh(web, tokens["refresh_token"]).status_code == 200
    world.faults.arm(order.model_copy(update={"kind": FaultKind.TIMEOUT_AFTER_WRITE}))
    with pytest.raises(httpx.TransportError):
        _refresh(web, tokens["refresh_token"])


def test_tokens_never_reach_the_log_of_calls(web, world):
    tokens = _exchange(web, _code(web)).json()
    web.post("/revoke", params={"token": tokens["access_token"]})
    logged = [one.as_json() for one in world.calls.matching()]
    assert [one["operation"] for one in logged] == [
        "oauth.decide",
        "oauth.token",
        "oauth.revoke",
    ]
    assert {one["account"] for one in logged} == {EMAIL}
    assert tokens["access_token"] not in json.dumps(logged)


def test_a_revocation_that_a_fault_stops_ends_nothing(web, world):
    tokens = _exchange(web, _code(web)).json()
    order = FaultOrder(provider="google", operation="oauth.revoke", kind=FaultKind.STATUS)
    world.faults.arm(order)
    assert web.post("/revoke", data={"token": tokens["refresh_token"]}).status_code == 503
    assert _calendars(web, tokens["access_token"]) == 200
