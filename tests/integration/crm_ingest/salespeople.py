"""The port's implementations, each with the hands of a salesperson to test it with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount

from crm_ingest.adapters.memory import MemoryCrm
from crm_ingest.adapters.pipedrive.access import pipedrive
from crm_ingest.crm import Account, Crm
from crm_ingest.settings import PipedriveSettings
from tandem.contracts.message import SyncUser
from tandem.runtime.clock import SystemClock
from tandem.runtime.credential_store import Credential, CredentialKind
from tandem_sandbox.accounts import static_token
from tandem_sandbox.pipedrive.app import pipedrive_routes
from tandem_sandbox.settings import SandboxSettings
from tandem_sandbox.world import World

EMAIL = "sales1@north.example"
USER = SyncUser(company_id=1001, user_id=1001001)
COLLEAGUE_EMAIL = "sales2@north.example"
COLLEAGUE = SyncUser(company_id=1001, user_id=1001002)


class Salesperson(Protocol):
    """What a user of a company does there."""

    crm: Crm
    account: Account

    async def put(self, subject: str) -> int:
        """Make an activity; returns its id."""
        ...

    async def retitle(self, activity_id: int, subject: str) -> None:
        """Change an activity."""
        ...

    async def take_away(self, activity_id: int) -> None:
        """Delete an activity."""
        ...

    async def hand_over(self, activity_id: int) -> None:
        """Give an activity to the colleague."""
        ...


class MemorySalesperson:
    """A user of the company in memory."""

    def __init__(self) -> None:
        self.company = MemoryCrm(SystemClock(), page_size=3)
        self.crm = self.company.crm
        self.account = Account(USER, uuid4(), "http://sandbox/pipedrive", EMAIL)

    async def put(self, subject: str) -> int:
        return self.company.put(USER.user_id, subject=subject).activity.activity_id

    async def retitle(self, activity_id: int, subject: str) -> None:
        self.company.put(USER.user_id, activity_id=activity_id, subject=subject)

    async def take_away(self, activity_id: int) -> None:
        self.company.take_away(activity_id)

    async def hand_over(self, activity_id: int) -> None:
        self.company.put(COLLEAGUE.user_id, activity_id=activity_id)


class SandboxTokens:
    """The tokens that the sandbox always takes; `stale` ones were refused."""

    def __init__(self) -> None:
        self.values = {
            USER: static_token("pipedrive", EMAIL),
            COLLEAGUE: static_token("pipedrive", COLLEAGUE_EMAIL),
        }
        self.refused: list[str] = []

    async def token(self, account: Account, *, stale: str = "") -> Credential:
        if stale:
            self.refused.append(stale)
        return Credential(
            credential_id=account.credential_id,
            kind=CredentialKind.PIPEDRIVE,
            account=str(account.user.user_id),
            access_token=SecretStr(self.values[account.user]),
        )


class SandboxSalesperson:
    """A user of the sandbox's Pipedrive, and its answers to us."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.tokens = SandboxTokens()
        self._http = http
        self.account = Account(USER, uuid4(), "http://sandbox/pipedrive", EMAIL)
        self.colleague = Account(COLLEAGUE, uuid4(), "http://sandbox/pipedrive", COLLEAGUE_EMAIL)
        self.crm = pipedrive(http, sandbox_settings(), tokens=self.tokens, clock=SystemClock())

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call Pipedrive's API as the user's own client would."""
        answer = await self._http.request(
            method,
            "/pipedrive" + path,
            json=body,
            headers={"x-api-token": static_token("pipedrive", EMAIL)},
        )
        answer.raise_for_status()
        return answer.json()["data"]

    async def make(self, **fields: Any) -> int:
        """Make an activity with any fields."""
        made = await self.call("POST", "/api/v2/activities", {"type": "call", **fields})
        return int(made["id"])

    async def raw(self, activity_id: int) -> Any:
        """An activity as Pipedrive shows it."""
        return await self.call("GET", f"/api/v2/activities/{activity_id}?include_fields=attendees")

    async def put(self, subject: str) -> int:
        return await self.make(subject=subject)

    async def retitle(self, activity_id: int, subject: str) -> None:
        await self.call("PATCH", f"/api/v2/activities/{activity_id}", {"subject": subject})

    async def take_away(self, activity_id: int) -> None:
        await self.call("DELETE", f"/api/v2/activities/{activity_id}")

    async def hand_over(self, activity_id: int) -> None:
        body = {"owner_id": COLLEAGUE.user_id}
        await self.call("PATCH", f"/api/v2/activities/{activity_id}", body)

    def calls(self, operation: str) -> int:
        """How often an operation was called."""
        found = self.world.calls.matching(provider="pipedrive", operation=operation)
        return sum(1 for _ in found)


def sandbox_settings(**changes: Any) -> PipedriveSettings:
    """How this installation is known at the sandbox."""
    return PipedriveSettings.model_validate(
        {
            "pipedrive_token_url": "http://sandbox/pipedrive/oauth/token",
            "pipedrive_client_id": "sandbox-client",
            "pipedrive_client_secret": "sandbox-secret",
            "pipedrive_webhook_url": "http://127.0.0.1:9/webhooks/pipedrive",
            "pipedrive_webhook_user": "tandem",
            "pipedrive_webhook_password": "password-of-the-webhooks",
            "allow_plain_http": True,
            **changes,
        }
    )


@asynccontextmanager
async def sandbox_salesperson() -> AsyncIterator[SandboxSalesperson]:
    """A user in a sandbox of his own."""
    world = World(SandboxSettings(public_url="http://sandbox"))
    app = Starlette(routes=[Mount("/pipedrive", routes=pipedrive_routes(world))])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=True),
        base_url="http://sandbox",
    ) as http:
        yield SandboxSalesperson(world, http)
    await world.aclose()
