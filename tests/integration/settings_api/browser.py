"""A person's browser, or a program, as it meets settings-api."""

import json
from typing import Any

import httpx
from tests.integration.settings_api.town import Town

CSRF = "x-csrf-token"


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows nothing by itself; writes carry the CSRF token after a sign-in."""

    def __init__(self, app: Any, town: Town, base_url: str) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=base_url
        )
        self._town = town

    async def sign_in(self, email: str, **returned: str) -> httpx.Response:
        """Sign in with Pipedrive; `returned` changes what comes back from there."""
        start = await self.get("/oauth/pipedrive/start")
        back = self._town.consent(start.headers["location"], email)
        answer = await self.get("/oauth/pipedrive/callback", params=back | returned)
        if answer.status_code == 303:
            self.headers[CSRF] = (await self.get("/api/v1/me")).json()["csrf_token"]
        return answer

    async def authorize_url(self, email: str) -> str:
        """Where Google asks for consent."""
        answer = await self.post("/api/v1/connections", json={"email": email})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["authorize_url"])

    async def connect(self, email: str, *, chosen: str | None = None) -> httpx.Response:
        """Connect a Google calendar; the account `chosen` there may be another one."""
        back = self._town.consent(await self.authorize_url(email), chosen or email)
        return await self.get("/oauth/google/callback", params=back)

    async def connected(self, email: str) -> str:
        """Connect a Google calendar; returns the connection's path."""
        answer = await self.connect(email)
        assert answer.status_code == 303, answer.text
        items = (await self.get("/api/v1/connections")).json()["items"]
        connection_id = next(one["id"] for one in items if one["email"] == email)
        return f"/api/v1/connections/{connection_id}"

    async def started(self, email: str) -> str:
        """Connect a Google calendar and start it; returns the connection's path."""
        path = await self.connected(email)
        assert (await self.post(f"{path}/start")).status_code == 200
        return path

    async def api_token(self, **order: Any) -> str:
        """Make an API token."""
        answer = await self.post("/api/v1/tokens", json={"name": "script", **order})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and title of a problem document."""
    document = refused(answer, answer.status_code)
    return document["status"], document["title"]


def refused(answer: httpx.Response, status: int, words: str = "") -> dict[str, Any]:
    """The problem document of an answer, once it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = json.loads(answer.text)
    assert document["status"] == status
    assert words in document["title"]
    return document
