"""Asks the other services over internal HTTP: activity types, calendars, decisions."""

from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import httpx

from settings_api.problem import ProblemError, field_problem
from settings_api.settings import Settings
from settings_api.user import User
from tandem.contracts.connections import Provider
from tandem.runtime.clock import Clock
from tandem.runtime.internal import bearer

TYPES_KEPT_S: Final = 60.0
COMPANIES_KEPT_MAX: Final = 1000
AT_REST: Final = "nothing is written for this connection now; resume or reconnect it first"
UNREAD: Final = "both sides have yet to be read; try again in a moment"
_SILENT: Final = "another part of Tandem does not answer; try again"


@dataclass(frozen=True)
class ActivityType:
    """An active activity type of a company."""

    key: str
    name: str
    icon: str
    color: str | None


@dataclass(frozen=True)
class Calendar:
    """A calendar of an account."""

    id: str
    name: str
    primary: bool
    writable: bool
    time_zone: str | None


class Neighbours:
    """The other services; ProblemError 503 where one does not answer."""

    def __init__(self, http: httpx.AsyncClient, settings: Settings, clock: Clock) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self._types: dict[int, tuple[float, list[ActivityType]]] = {}

    async def activity_types(self, user: User) -> list[ActivityType]:
        """The active types of a user's company, at most a minute old."""
        company_id = user.key.company_id
        now = self._clock.now().timestamp()
        kept_at, kept = self._types.get(company_id, (0.0, []))
        if now - kept_at < TYPES_KEPT_S:
            return kept
        body = await self._get(
            self._settings.crm_ingest_url,
            "/internal/activity-types",
            {
                "credential_id": str(user.crm_credential_id),
                "api_url": user.crm_api_url,
                "company_id": str(company_id),
                "user_id": str(user.key.user_id),
            },
        )
        types = [
            ActivityType(one["key"], one["name"], one["icon"], one["color"])
            for one in body["items"]
        ]
        if len(self._types) >= COMPANIES_KEPT_MAX:
            self._types.clear()
        self._types[company_id] = (now, types)
        return types

    async def calendars(self, credential_id: UUID, provider: Provider) -> list[Calendar]:
        """The calendars of an account."""
        body = await self._get(
            self._settings.calendar_ingest_url,
            "/internal/calendars",
            {"credential_id": str(credential_id), "provider": provider.value},
        )
        return [
            Calendar(one["id"], one["name"], one["primary"], one["writable"], one.get("time_zone"))
            for one in body["items"]
        ]

    async def exchange_server(self, credential_id: UUID) -> str:
        """The server of an Exchange account whose password is good there.

        ProblemError 422 where it is not, or where no server is found.
        """
        url = self._settings.calendar_ingest_url.rstrip("/") + "/internal/exchange-accounts"
        try:
            told = await self._told("POST", url, json={"credential_id": str(credential_id)})
        except ProblemError as problem:
            if problem.status == httpx.codes.CONFLICT:
                raise field_problem("password", "the server does not accept it") from problem
            if problem.status == httpx.codes.UNPROCESSABLE_ENTITY:
                raise field_problem(
                    "server",
                    f"{problem.title}; send the address of your Exchange server as "
                    '"server", or connect an Exchange Online mailbox without a password',
                ) from problem
            raise
        return str(told["server"])

    async def history(self, connection_id: UUID, asked: dict[str, str]) -> dict[str, Any]:
        """A page of a connection's history."""
        path = f"/internal/connections/{connection_id}/history"
        return await self._get(self._settings.reconciler_url, path, asked)

    async def explain(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """Why an item is or is not synced; None where it was never seen."""
        try:
            return await self._get(self._settings.reconciler_url, "/internal/explain", asked)
        except ProblemError as problem:
            if problem.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def preview(self, connection_id: UUID, asked: dict[str, Any]) -> dict[str, Any]:
        """What a connection would write, with other settings where `asked` has them.

        ProblemError 409 before both sides have been read.
        """
        path = f"/internal/connections/{connection_id}/preview"
        return await self._order(path, asked, refused=UNREAD)

    async def undo(self, connection_id: UUID, row: int) -> dict[str, Any]:
        """Take a row of the history back; ProblemError 409 where that cannot be."""
        path = f"/internal/connections/{connection_id}/history/{row}/undo"
        return await self._order(path, {}, refused="row: it cannot be taken back (any more)")

    async def held(self, connection_id: UUID) -> dict[str, Any]:
        """Deletions that wait for the user's word."""
        path = f"/internal/connections/{connection_id}/held"
        return await self._get(self._settings.reconciler_url, path, {})

    async def settle_held(
        self, connection_id: UUID, word: Literal["confirm", "reject"]
    ) -> dict[str, Any]:
        """Carry out the held deletions, or restore what was deleted; 409 while at rest."""
        path = f"/internal/connections/{connection_id}/held/{word}"
        return await self._order(path, {}, refused=AT_REST)

    async def unticked(self, connection_id: UUID) -> dict[str, Any]:
        """The events that we made of types that are not ticked any more, as they would go."""
        path = f"/internal/connections/{connection_id}/unticked"
        return await self._get(self._settings.reconciler_url, path, {})

    async def remove_unticked(self, connection_id: UUID) -> dict[str, Any]:
        """Remove those; ProblemError 409 while at rest."""
        path = f"/internal/connections/{connection_id}/unticked/remove"
        return await self._order(path, {}, refused=AT_REST)

    async def wake(self, connection_id: UUID) -> None:
        """Let items go on that rested because they were written again and again."""
        await self._order(f"/internal/connections/{connection_id}/wake", {}, refused=AT_REST)

    async def _order(self, path: str, asked: dict[str, Any], *, refused: str) -> dict[str, Any]:
        """Ask the reconciler for something; `refused` is what its 409 means there."""
        url = self._settings.reconciler_url.rstrip("/") + path
        try:
            return await self._told("POST", url, json=asked)
        except ProblemError as problem:
            if problem.status == httpx.codes.CONFLICT:
                raise ProblemError(409, refused) from problem
            raise

    async def _get(self, base: str, path: str, params: dict[str, str]) -> dict[str, Any]:
        return await self._told("GET", base.rstrip("/") + path, params=params)

    async def _told(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(
                method, url, headers=bearer(self._settings.internal_token), **request
            )
        except httpx.HTTPError as error:
            raise ProblemError(503, _SILENT) from error
        try:
            body = answer.json()
        except ValueError as error:
            raise ProblemError(503, _SILENT) from error
        if not answer.is_success:
            raise _problem_of(answer.status_code, body)
        told: dict[str, Any] = body
        return told


def _problem_of(status: int, body: Any) -> ProblemError:
    if status == httpx.codes.CONFLICT:
        return ProblemError(409, "the account's permission has ended; reconnect it")
    if status in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}:
        return ProblemError(status, str(body.get("title") or _SILENT))
    return ProblemError(503, _SILENT)
