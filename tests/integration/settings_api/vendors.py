"""Pipedrive, Google and the other services, in memory, as settings-api sees them over HTTP."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

INTERNAL_TOKEN = "internal-token-of-the-tests"
CLIENT_SECRET = "client-secret-of-the-tests"
API_URL = "https://north.pipedrive.com"
CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar"
MICROSOFT_SCOPES = "openid email https://graph.microsoft.com/Calendars.ReadWrite User.Read"


@dataclass
class Code:
    """An authorization code that has not been exchanged yet."""

    account: str
    redirect_uri: str
    challenge: str | None


def user(user_id: int, email: str, **changes: Any) -> dict[str, Any]:
    """A Pipedrive user as `users/me` shows him."""
    return {
        "id": user_id,
        "name": email.partition("@")[0].title(),
        "email": email,
        "locale": "de_DE",
        "timezone_name": "Europe/Berlin",
        "company_id": 7,
        "company_name": "North",
        "company_domain": "north",
        "access": [{"app": "sales", "admin": False, "permission_set_id": "1"}],
        **changes,
    }


@dataclass
class Vendors:
    """What each vendor knows and was asked; `answers` of a path make it misbehave."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    codes_given: int = 0
    scopes: str = f"openid email {CALENDAR_SCOPE}"
    microsoft_scopes: str = MICROSOFT_SCOPES
    microsoft_account: dict[str, Any] | None = None
    api_domain: str = API_URL
    refresh_token: bool = True
    calendars: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=lambda: ["call", "meeting", "lunch"])
    revoked: list[str] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    answers: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)

    def transport(self) -> httpx.MockTransport:
        """What the service's HTTP client is connected to."""
        return httpx.MockTransport(self._answer)

    def consent(self, authorize_url: str, account: str) -> dict[str, str]:
        """Press "allow" on a consent page; returns the query of the way back."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        self.codes_given += 1
        code = f"code-{self.codes_given}"
        self.codes[code] = Code(account, query["redirect_uri"], query.get("code_challenge"))
        return {"code": code, "state": query["state"]}

    def paths(self, path: str) -> list[httpx.Request]:
        """The requests to a path so far."""
        return [request for request in self.asked if request.url.path == path]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if path in self.answers:
            return self.answers[path]()
        known: dict[str, Callable[[httpx.Request], httpx.Response]] = {
            "/pipedrive/token": self._token,
            "/google/token": self._token,
            "/google/userinfo": _userinfo,
            "/google/revoke": self._revoke,
            "/microsoft/token": self._token,
            "/microsoft/me": self._microsoft_me,
            "/api/v1/users/me": self._me,
            "/internal/activity-types": self._activity_types,
            "/internal/calendars": self._calendars,
        }
        return known[path](request)

    def _revoke(self, request: httpx.Request) -> httpx.Response:
        self.revoked.append(_form(request)["token"])
        return httpx.Response(200)

    def _activity_types(self, request: httpx.Request) -> httpx.Response:
        assert _is_internal(request)
        items = [
            {"key": key, "name": key.title(), "icon": key, "color": None} for key in self.types
        ]
        return httpx.Response(200, json={"items": items})

    def _calendars(self, request: httpx.Request) -> httpx.Response:
        assert _is_internal(request)
        return httpx.Response(200, json={"items": self.calendars})

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = _form(request)
        code = self.codes.pop(form["code"], None)
        secret = form.get("client_secret") or _basic(request)
        if secret != CLIENT_SECRET:
            return httpx.Response(401, json={"error": "invalid_client"})
        if code is None or code.redirect_uri != form["redirect_uri"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        if code.challenge is not None and code.challenge != _s256(form.get("code_verifier", "")):
            return httpx.Response(400, json={"error": "invalid_grant"})
        body: dict[str, Any] = {"access_token": f"access-{code.account}", "expires_in": 3599}
        if self.refresh_token:
            body["refresh_token"] = f"refresh-{code.account}-{form['code']}"
        if request.url.path.startswith("/google"):
            return httpx.Response(200, json=body | {"scope": self.scopes})
        if request.url.path.startswith("/microsoft"):
            return httpx.Response(200, json=body | {"scope": self.microsoft_scopes})
        return httpx.Response(200, json=body | {"api_domain": self.api_domain})

    def _microsoft_me(self, request: httpx.Request) -> httpx.Response:
        usual = {"mail": _account_of(request), "userPrincipalName": _account_of(request)}
        told = usual if self.microsoft_account is None else self.microsoft_account
        return httpx.Response(200, json={"id": "1", **told})

    def _me(self, request: httpx.Request) -> httpx.Response:
        known = self.users.get(_account_of(request))
        if known is None:
            return httpx.Response(401, json={"success": False})
        return httpx.Response(200, json={"success": True, "data": known})


def calendar(calendar_id: str, **changes: Any) -> dict[str, Any]:
    """A calendar as calendar-ingest lists it."""
    return {
        "id": calendar_id,
        "name": calendar_id,
        "primary": False,
        "writable": True,
        "time_zone": "Europe/Berlin",
        **changes,
    }


def _is_internal(request: httpx.Request) -> bool:
    return request.headers["authorization"] == f"Bearer {INTERNAL_TOKEN}"


def _userinfo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"email": _account_of(request)})


def _account_of(request: httpx.Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer access-")


def _form(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def _basic(request: httpx.Request) -> str:
    encoded = request.headers.get("authorization", "").removeprefix("Basic ")
    return base64.b64decode(encoded).decode().partition(":")[2]


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and title of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = json.loads(answer.text)
    assert body["status"] == answer.status_code
    return answer.status_code, body["title"]
