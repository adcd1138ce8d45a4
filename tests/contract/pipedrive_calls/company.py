"""A company in the sandbox as its users and the receivers of its webhooks see it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.contract.pipedrive_calls.described import check_answer

from tandem_sandbox.world import World

HOOK_URL = "http://receiver.test/hook"


@dataclass
class Receiver:
    """Takes webhooks and answers with the statuses it was told, then with 200; 0: no answer."""

    statuses: list[int] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Take one."""
        self.requests.append(request)
        self.bodies.append(json.loads(request.content))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise httpx.ReadTimeout("too slow", request=request)
        return httpx.Response(status)

    def told(self, *names: str) -> list[tuple[Any, ...]]:
        """Some fields of `meta` of every webhook, in the order of arrival."""
        return [tuple(body["meta"][name] for name in names) for body in self.bodies]


class Person:
    """A user who drives the API; good answers are held against the description."""

    def __init__(self, client: httpx.AsyncClient, world: World, email: str) -> None:
        found = world.pipedrive.user_of(email)
        assert found is not None
        self.company, self.user = found
        self.client = client
        self.headers = {"x-api-token": self.user.token}

    async def raw(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Any request; whatever is answered."""
        headers = {**self.headers, **request.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **request)

    async def ask(self, method: str, path: str, **request: Any) -> Any:
        """A request that must be answered well; gives its data."""
        return (await self.body(method, path, **request))["data"]

    async def body(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """A request that must be answered well; gives the whole body."""
        answer = await self.raw(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        body: dict[str, Any] = answer.json()
        pattern = re.sub(r"/\d+", "/{id}", path.partition("?")[0])
        check_answer(method.lower(), pattern, answer.status_code, body)
        return body

    async def refused(self, status: int, method: str, path: str, **request: Any) -> str:
        """A request that must be refused in Pipedrive's manner; gives the message."""
        answer = await self.raw(method, path, **request)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body["success"] is False
        assert body["data"] is None
        assert body["error_info"]
        return str(body["error"])

    async def add(self, subject: str = "Visit", **fields: Any) -> Any:
        """A new activity."""
        return await self.ask("POST", "/api/v2/activities", json={"subject": subject, **fields})

    async def change(self, activity_id: int, **fields: Any) -> Any:
        """Change an activity."""
        return await self.ask("PATCH", f"/api/v2/activities/{activity_id}", json=fields)

    async def get(self, activity_id: int, **params: Any) -> Any:
        """An activity."""
        return await self.ask("GET", f"/api/v2/activities/{activity_id}", params=params)

    async def delete(self, activity_id: int) -> Any:
        """Delete an activity."""
        return await self.ask("DELETE", f"/api/v2/activities/{activity_id}")

    async def pages(self, path: str = "/api/v2/activities", **params: Any) -> list[list[Any]]:
        """All pages of a list."""
        pages = []
        while True:
            body = await self.body("GET", path, params=params)
            pages.append(body["data"])
            cursor = body["additional_data"]["next_cursor"]
            if cursor is None:
                return pages
            params["cursor"] = cursor

    async def subscribe(self, action: str = "*", **fields: Any) -> Any:
        """Subscribe the receiver to activities."""
        body = {
            "subscription_url": HOOK_URL,
            "event_action": action,
            "event_object": "activity",
            "name": "tests",
            **fields,
        }
        return await self.ask("POST", "/api/v1/webhooks", json=body)


def flat(pages: list[list[Any]]) -> Iterator[int]:
    """Ids of all pages in their order."""
    return (one["id"] for page in pages for one in page)
