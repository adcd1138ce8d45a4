"""HTTP as a process of settings-api has it: to the other services, and to where consent is given.

A service that has died does not answer.
"""

import asyncio
import json as texts
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from tests.simulation.people import ME, MY_EMAIL
from tests.simulation.process import Process
from tests.simulation.service import PIPEDRIVE_URL, RunningService

from settings_api.app import HTTP_TIMEOUT_S

COMPANY: Final = 7
_GRANT: Final = {"access_token": "access", "refresh_token": "refresh", "expires_in": 3600}
_SIDES: Final = {"pipedrive.example": "crm", "google.example": "calendar"}
_ANSWERS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("crm", "/token"): _GRANT | {"api_domain": PIPEDRIVE_URL},
    ("crm", "/api/v1/users/me"): {
        "data": {
            "id": ME,
            "company_id": COMPANY,
            "email": MY_EMAIL,
            "timezone_name": "Europe/Berlin",
        }
    },
    ("calendar", "/token"): _GRANT,
    ("calendar", "/userinfo"): {"email": MY_EMAIL},
}


class Wire:
    """The surface of `httpx.AsyncClient`; `allow` is called with the side that gives a grant."""

    def __init__(
        self,
        process: Process,
        running: Mapping[str, RunningService],
        allow: Callable[[str], None],
    ) -> None:
        self._process = process
        self._running = running
        self._allow = allow

    async def aclose(self) -> None:
        """There is nothing to close."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        **_form: Any,
    ) -> httpx.Response:
        """Send a request and wait for its answer."""
        await self._process.io("request")
        address = urlsplit(url)
        host, path = address.hostname or "", address.path
        if host in self._running:
            body = b"" if json is None else texts.dumps(json).encode()
            query = urlencode(params or {})
            asked = self._running[host].ask(method, path, headers or {}, query=query, body=body)
            answer = await self._answered(self._running[host], asked)
        else:
            answer = self._of_provider(_SIDES[host], path)
        await self._process.io("answer")
        return answer

    async def _answered(self, service: RunningService, asked: Any) -> httpx.Response:
        answering = service.begin(asked)
        done, _ = await asyncio.wait({answering}, timeout=HTTP_TIMEOUT_S)
        if not done:
            raise httpx.ReadTimeout("no answer")
        status, content = answering.result()
        return httpx.Response(status, content=content)

    def _of_provider(self, side: str, path: str) -> httpx.Response:
        if path == "/token":
            self._allow(side)
        return httpx.Response(200, json=_ANSWERS[side, path])
