"""A user of the emulated Pipedrive, each answer held against the vendor's description."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from tests.contract.pipedrive.descriptions import check_answer


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Return once ``holds()`` is true.

    Raises:
        TimeoutError: it did not become true in time.
    """
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


class Caller:
    """Calls the API with one token."""

    def __init__(self, http: httpx.AsyncClient, user_id: int, email: str, token: str) -> None:
        self.http = http
        self.user_id = user_id
        self.email = email
        self.headers = {"x-api-token": token}

    async def ask(
        self, method: str, path: str, /, *, body: Any = None, **query: Any
    ) -> httpx.Response:
        """The answer as it is; a good one is checked."""
        answer = await self.http.request(
            method, "/pipedrive" + path, json=body, params=query, headers=self.headers
        )
        if answer.headers["content-type"] == "application/json":
            check_answer(method, path, answer.status_code, answer.json())
        return answer

    async def call(self, method: str, path: str, /, *, body: Any = None, **query: Any) -> Any:
        """The data of a good answer."""
        answer = await self.ask(method, path, body=body, **query)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def refused(
        self, status: int, method: str, path: str, /, *, body: Any = None, **query: Any
    ) -> str:
        """The message of an answer that must have this status."""
        answer = await self.ask(method, path, body=body, **query)
        assert answer.status_code == status, answer.text
        told = answer.json()
        return str(told.get("error") or told.get("errors"))

    async def make(self, **fields: Any) -> Any:
        """A new activity."""
        return await self.call("POST", "/api/v2/activities", body=fields)

    async def change(self, activity_id: int, **fields: Any) -> Any:
        """Change an activity."""
        return await self.call("PATCH", f"/api/v2/activities/{activity_id}", body=fields)

    async def get(self, activity_id: int, **query: Any) -> Any:
        """An activity."""
        return await self.call("GET", f"/api/v2/activities/{activity_id}", **query)

    async def delete(self, activity_id: int) -> Any:
        """Delete an activity."""
        return await self.call("DELETE", f"/api/v2/activities/{activity_id}")

    async def pages(self, path: str, /, **query: Any) -> list[list[Any]]:
        """All pages of a list."""
        pages: list[list[Any]] = []
        while True:
            answer = await self.ask("GET", path, **query)
            assert answer.is_success, answer.text
            pages.append(answer.json()["data"])
            cursor = answer.json()["additional_data"]["next_cursor"]
            if cursor is None:
                return pages
            query = {**query, "cursor": cursor}

    async def listed(self, **query: Any) -> list[int]:
        """The ids of the listed activities."""
        pages = await self.pages("/api/v2/activities", **query)
        return [one["id"] for page in pages for one in page]

    async def subscribe(self, url: str, **fields: Any) -> Any:
        """A webhook for everything that happens to activities."""
        body = {
            "subscription_url": url,
            "event_action": "*",
            "event_object": "activity",
            "name": "Test",
            **fields,
        }
        return await self.call("POST", "/api/v1/webhooks", body=body)
