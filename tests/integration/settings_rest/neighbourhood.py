"""Pipedrive, Google and the other services as settings-api meets them, played over httpx."""

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

CLIENT = {"pipedrive": ("pd-client", "pd-secret-value"), "google": ("g-client", "g-secret-value")}
INTERNAL_TOKEN = "internal-token-of-the-tests"
API_URL = "https://north.pipedrive.com"
CALENDARS = [
    {"id": "holidays", "name": "Holidays", "primary": False, "writable": False, "time_zone": None},
    {"id": "main", "name": "Main", "primary": True, "writable": True, "time_zone": "Europe/Oslo"},
    {"id": "second", "name": "Second", "primary": False, "writable": True, "time_zone": None},
]
TYPES = [
    {"key": "call", "name": "Call", "icon": "call", "color": None},
    {"key": "meeting", "name": "Meeting", "icon": "meeting", "color": "FF0000"},
    {"key": "lunch", "name": "Lunch", "icon": "lunch", "color": None},
]


def person(company_id: int, user_id: int, *, admin: bool = False, **more: Any) -> dict[str, Any]:
    """Somebody as `users/me` tells of him."""
    return {
        "id": user_id,
        "company_id": company_id,
        "company_name": f"Company {company_id}",
        "email": f"User{user_id}@example.com",
        "name": f"User {user_id}",
        "timezone_name": "Europe/Oslo",
        "locale": "nb_NO",
        "access": [{"app": "sales", "admin": admin}],
        **more,
    }


@dataclass
class Neighbourhood:
    """Everybody whom settings-api talks to; `asked` are the requests, `down` who is silent."""

    api_domain: str = API_URL
    refresh_token: str = "google-refresh"
    calendars: list[dict[str, Any]] = field(default_factory=lambda: list(CALENDARS))
    history: dict[str, Any] = field(default_factory=lambda: {"items": [], "next_cursor": None})
    explanations: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    refusals: dict[str, int] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    _codes: Counter[str] = field(default_factory=Counter)

    def consent(self, authorize_url: str, *, account: Any) -> dict[str, str]:
        """What a browser brings back from a consent page; `account` is who said yes."""
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()
        }
        provider = "google" if "google" in authorize_url else "pipedrive"
        self._codes[provider] += 1
        code = f"{provider}-code-{self._codes[provider]}"
        if provider == "google":
            self.accounts[code] = account
            self.challenges[code] = query["code_challenge"]
        else:
            self.people[code] = account
        return {"state": query["state"], "code": code}

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as whoever the address belongs to."""
        self.asked.append(request)
        host = request.url.host
        if host in self.down:
            raise httpx.ConnectError("nobody listens", request=request)
        if host in self.refusals:
            return httpx.Response(self.refusals[host], json={"title": "refused"})
        match host:
            case "oauth.pipedrive.test" | "oauth.google.test":
                return self._token(request)
            case "users.google.test":
                return self._userinfo(request)
            case "revoke.google.test":
                self.revoked.append(dict(parse_qsl(request.content.decode()))["token"])
                return httpx.Response(200)
            case "crm-ingest.test" | "calendar-ingest.test" | "reconciler.test":
                return self._internal(request)
            case _:
                return self._me(request)

    def calls(self, host: str) -> list[httpx.Request]:
        """What a host was asked."""
        return [one for one in self.asked if one.url.host == host]

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        code = form.get("code", "")
        if request.url.host == "oauth.pipedrive.test":
            pair = ":".join(CLIENT["pipedrive"]).encode()
            expected = "Basic " + base64.b64encode(pair).decode()
            known = request.headers.get("authorization") == expected and code in self.people
            tokens = {"refresh_token": f"refresh-{code}", "api_domain": self.api_domain}
        else:
            verifier = form.get("code_verifier", "")
            digest = hashlib.sha256(verifier.encode()).digest()
            proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            client = (form.get("client_id"), form.get("client_secret"))
            known = client == CLIENT["google"] and self.challenges.get(code) == proof
            tokens = {"refresh_token": self.refresh_token} if self.refresh_token else {}
        if not known or not form.get("redirect_uri", "").startswith("http://settings.test/oauth/"):
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(
            200, json={"access_token": f"access-{code}", "expires_in": 3599, **tokens}
        )

    def _userinfo(self, request: httpx.Request) -> httpx.Response:
        code = request.headers["authorization"].removeprefix("Bearer access-")
        return httpx.Response(200, json={"email": self.accounts[code]})

    def _me(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/users/me"
        code = request.headers["authorization"].removeprefix("Bearer access-")
        return httpx.Response(200, json={"success": True, "data": self.people[code]})

    def _internal(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {INTERNAL_TOKEN}":
            return httpx.Response(401, json={"title": "wrong token"})
        path = request.url.path
        if path == "/internal/activity-types":
            return httpx.Response(200, json={"items": TYPES})
        if path == "/internal/calendars":
            return httpx.Response(200, json={"items": self.calendars})
        if path == "/internal/explain":
            told = self.explanations.get(request.url.params["connection_id"])
            return httpx.Response(200, json=told) if told else httpx.Response(404, json={})
        return httpx.Response(200, json=self.history)
