"""Pipedrive, Google and the other services, in memory, as settings-api meets them over HTTP."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

CLIENT: Final = {
    "pipedrive": ("client", "pd-secret-value"),
    "google": ("client", "g-secret-value"),
    "microsoft": ("client", "ms-secret-value"),
}
INTERNAL_TOKEN: Final = "internal-token-of-the-tests"
API_URL: Final = "https://north.pipedrive.com"
CALENDAR_SCOPE: Final = "https://www.googleapis.com/auth/calendar"
MICROSOFT_SCOPES: Final = "openid email https://graph.microsoft.com/Calendars.ReadWrite User.Read"
ADDRESSES: Final = {
    "pipedrive_authorize_url": "https://oauth.pipedrive.test/pipedrive/authorize",
    "pipedrive_token_url": "https://oauth.pipedrive.test/pipedrive/token",
    "google_authorize_url": "https://accounts.google.test/google/authorize",
    "google_token_url": "https://oauth.google.test/google/token",
    "google_revoke_url": "https://revoke.google.test/google/revoke",
    "google_userinfo_url": "https://users.google.test/google/userinfo",
    "microsoft_authorize_url": "https://oauth.microsoft.test/microsoft/authorize",
    "microsoft_token_url": "https://oauth.microsoft.test/microsoft/token",
    "microsoft_me_url": "https://users.microsoft.test/microsoft/me",
    "crm_ingest_url": "http://crm-ingest.test",
    "calendar_ingest_url": "http://calendar-ingest.test",
    "reconciler_url": "http://reconciler.test",
}
TYPES: Final = ("call", "meeting", "lunch")


@dataclass
class Code:
    """An authorization code that has not been exchanged yet."""

    account: str
    redirect_uri: str
    challenge: str | None


def calendar(calendar_id: str, **changes: Any) -> dict[str, Any]:
    """A calendar as calendar-ingest lists it."""
    return {
        "id": calendar_id,
        "name": calendar_id.title(),
        "primary": False,
        "writable": True,
        "time_zone": "Europe/Berlin",
        **changes,
    }


def _calendars() -> list[dict[str, Any]]:
    return [
        calendar("holidays", writable=False),
        calendar("work", primary=True),
        calendar("team"),
    ]


@dataclass
class Town:
    """What each of them knows and was asked.

    `answers` of a path make it misbehave, `refusals` of a host are its statuses, and a host that
    is `down` does not answer.
    """

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    codes_given: list[str] = field(default_factory=list)
    scopes: str = f"openid email {CALENDAR_SCOPE}"
    microsoft_scopes: str = MICROSOFT_SCOPES
    microsoft_account: dict[str, Any] | None = None
    api_domain: str = API_URL
    refresh_token: bool = True
    calendars: list[dict[str, Any]] = field(default_factory=_calendars)
    types: list[str] = field(default_factory=lambda: list(TYPES))
    history: dict[str, Any] = field(default_factory=lambda: {"items": [], "next_cursor": None})
    preview: dict[str, Any] = field(
        default_factory=lambda: {"counts": {}, "items": [], "truncated": False}
    )
    unticked: dict[str, Any] = field(
        default_factory=lambda: {"counts": {"delete_event": 0}, "items": [], "truncated": False}
    )
    explanations: dict[str, dict[str, Any]] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    answers: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    refusals: dict[str, int] = field(default_factory=dict)

    def reset(self) -> None:
        """Know nobody, behave, and forget what was asked."""
        fresh = Town()
        for one in fields(self):
            setattr(self, one.name, getattr(fresh, one.name))

    def transport(self) -> httpx.MockTransport:
        """What the service's HTTP client is connected to."""
        return httpx.MockTransport(self._answer)

    def consent(self, authorize_url: str, account: str) -> dict[str, str]:
        """Press "allow" on a consent page; returns the query of the way back."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        code = f"code-{len(self.codes_given) + 1}-of-{account}"
        self.codes_given.append(code)
        self.codes[code] = Code(account, query["redirect_uri"], query.get("code_challenge"))
        return {"code": code, "state": query["state"]}

    def paths(self, path: str) -> list[httpx.Request]:
        """The requests to a path so far."""
        return [request for request in self.asked if request.url.path == path]

    def calls(self, host: str) -> list[httpx.Request]:
        """What a host was asked so far."""
        return [request for request in self.asked if request.url.host == host]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        host, path = request.url.host, request.url.path
        if host in self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        if host in self.refusals:
            return httpx.Response(self.refusals[host], json={"title": "refused"})
        if path in self.answers:
            return self.answers[path]()
        if path.startswith("/internal/"):
            return self._internal(request)
        known: dict[str, Callable[[httpx.Request], httpx.Response]] = {
            "/pipedrive/token": self._token,
            "/google/token": self._token,
            "/google/userinfo": _userinfo,
            "/google/revoke": self._revoke,
            "/microsoft/token": self._token,
            "/microsoft/me": self._microsoft_me,
            "/api/v1/users/me": self._me,
        }
        return known[path](request)

    def _revoke(self, request: httpx.Request) -> httpx.Response:
        self.revoked.append(_form(request)["token"])
        return httpx.Response(200)

    def _internal(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {INTERNAL_TOKEN}":
            return httpx.Response(401, json={"title": "wrong token"})
        subject = request.url.path.rpartition("/")[2]
        if subject == "explain":
            told = self.explanations.get(request.url.params["connection_id"])
            return httpx.Response(200, json=told) if told else httpx.Response(404, json={})
        answers: dict[str, Any] = {
            "activity-types": {"items": [_type(key) for key in self.types]},
            "calendars": {"items": self.calendars},
            "exchange-accounts": {"server": "https://mail.example.com/EWS"},
            "preview": self.preview,
            "history": self.history,
            "held": {"items": []},
            "unticked": self.unticked,
        }
        return httpx.Response(200, json=answers.get(subject, {"reason": "reverted"}))

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = _form(request)
        provider = request.url.path.split("/")[1]
        code = self.codes.pop(form["code"], None)
        pair = _basic(request) or (form.get("client_id"), form.get("client_secret"))
        if pair != CLIENT[provider]:
            return httpx.Response(401, json={"error": "invalid_client"})
        if code is None or code.redirect_uri != form["redirect_uri"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        if code.challenge is not None and code.challenge != _s256(form.get("code_verifier", "")):
            return httpx.Response(400, json={"error": "invalid_grant"})
        body: dict[str, Any] = {"access_token": f"access-{code.account}", "expires_in": 3599}
        if self.refresh_token:
            body["refresh_token"] = f"refresh-{form['code']}"
        told = {
            "google": {"scope": self.scopes},
            "microsoft": {"scope": self.microsoft_scopes},
            "pipedrive": {"api_domain": self.api_domain},
        }
        return httpx.Response(200, json=body | told[provider])

    def _microsoft_me(self, request: httpx.Request) -> httpx.Response:
        usual = {"mail": _account_of(request), "userPrincipalName": _account_of(request)}
        told = usual if self.microsoft_account is None else self.microsoft_account
        return httpx.Response(200, json={"id": "1", **told})

    def _me(self, request: httpx.Request) -> httpx.Response:
        known = self.users.get(_account_of(request))
        if known is None:
            return httpx.Response(401, json={"success": False})
        return httpx.Response(200, json={"success": True, "data": known})


def _type(key: str) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "icon": key, "color": None}


def _userinfo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"email": _account_of(request)})


def _account_of(request: httpx.Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer access-")


def _form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))


def _basic(request: httpx.Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    name, _, secret = base64.b64decode(encoded).decode().partition(":")
    return name, secret


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
