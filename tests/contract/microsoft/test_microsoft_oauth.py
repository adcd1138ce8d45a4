"""OAuth: consent, the proof of PKCE, and refresh tokens that are replaced."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.contract.microsoft.conftest import ANNA

BACK = "http://127.0.0.1:9/oauth/microsoft/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-everybody"
SCOPE = "offline_access openid email User.Read Calendars.ReadWrite MailboxSettings.Read"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


@pytest.fixture
def asked() -> dict[str, str]:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return {
        "client_id": "sandbox-client",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": "state-1",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }


def _consent(base_url: str, asked: dict[str, str], decision: str = "allow") -> dict[str, str]:
    answer = httpx.post(
        f"{base_url}/microsoft/common/oauth2/v2.0/authorize",
        params=asked,
        data={"account": ANNA, "decision": decision},
    )
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def _token(base_url: str, **form: str) -> httpx.Response:
    return httpx.post(f"{base_url}/microsoft/common/oauth2/v2.0/token", data={**CLIENT, **form})


def _exchange(base_url: str, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    return _token(base_url, **(form | changes))


def _me(base_url: str, token: str) -> Any:
    return httpx.get(
        f"{base_url}/microsoft/v1.0/me", headers={"authorization": f"Bearer {token}"}
    ).json()


def test_a_code_gives_tokens_and_they_tell_whose_they_are(base_url: str, asked: dict[str, str]):
    back = _consent(base_url, asked)
    assert back["state"] == "state-1"
    tokens = _exchange(base_url, back["code"]).json()
    assert tokens["refresh_token"]
    assert _me(base_url, tokens["access_token"])["userPrincipalName"] == ANNA
    assert _exchange(base_url, back["code"]).json()["error"] == "invalid_grant"


def test_a_wrong_verifier_or_secret_gives_nothing(base_url: str, asked: dict[str, str]):
    code = _consent(base_url, asked)["code"]
    refusal = _exchange(base_url, code, code_verifier="another-verifier-of-somebody-else-here")
    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_grant")
    code = _consent(base_url, asked)["code"]
    refusal = _exchange(base_url, code, client_secret="wrong")
    assert (refusal.status_code, refusal.json()["error"]) == (401, "invalid_client")


def test_without_offline_access_there_is_no_refresh_token(base_url: str, asked: dict[str, str]):
    code = _consent(base_url, asked | {"scope": SCOPE.replace("offline_access ", "")})["code"]
    assert "refresh_token" not in _exchange(base_url, code).json()


def test_each_refresh_gives_a_new_refresh_token(base_url: str, asked: dict[str, str]):
    first = _exchange(base_url, _consent(base_url, asked)["code"]).json()["refresh_token"]
    answer = _token(base_url, grant_type="refresh_token", refresh_token=first).json()
    assert answer["refresh_token"] != first
    again = _token(base_url, grant_type="refresh_token", refresh_token=answer["refresh_token"])
    assert _me(base_url, again.json()["access_token"])["mail"] == ANNA


def test_a_refusal_and_a_revoked_grant_are_told(base_url: str, asked: dict[str, str], world):
    assert _consent(base_url, asked, "deny")["error"] == "access_denied"
    tokens = _exchange(base_url, _consent(base_url, asked)["code"]).json()
    world.microsoft.revoke(ANNA)
    answer = _token(base_url, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert _me(base_url, tokens["access_token"])["error"]["code"] == "InvalidAuthenticationToken"
